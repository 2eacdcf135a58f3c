"""Settings of an account on the own disk."""

from __future__ import annotations

from daemon.core.ports import Option

OPTIONS = (
    Option("maildir", "path", help="A Maildir, Maildir++ or folder of Maildirs, as mbsync, Dovecot or mutt keep it"),
    Option("calendars", "path", help="Folder of .ics files or of folders of them (vdirsyncer, khal), or one .ics file"),
    Option("contacts", "path", help="Folder of .vcf files or of folders of them (vdirsyncer, khard), or one .vcf file"),
    Option("drafts_folder", help="The folder for drafts, where it is not found by its name"),
    Option("sent_folder", help="The folder of sent mail, where it is not found by its name"),
    Option("trash_folder", help="The trash, where it is not found by its name"),
    Option("junk_folder", help="The spam folder, where it is not found by its name"),
    Option("reminders_calendar", default="kith", help="The folder inside calendars that takes reminders"),
    Option("time_zone", default="UTC", help="The zone of times in the calendars that name none"),
)
