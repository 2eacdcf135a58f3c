"""Mail in Maildirs, calendars as .ics files, address books as .vcf files: what mbsync, vdirsyncer and their like keep.

Needs no server. Another program may write in the same folders at any time: everything is made whole under another
name first, and nothing is taken for gone because a disk is not mounted.
"""

from __future__ import annotations

from pathlib import Path

from connectors.chosen import chosen
from connectors.local.options import OPTIONS
from daemon.core.errors import UserMistake
from daemon.core.model import Account, Card, EventItem, FolderRole
from daemon.core.ports import Connection, Surroundings

NAMED = 8
"""So many folders are named by `kith check`."""


def connect(account: Account, around: Surroundings) -> Connection:
    """The account as far as its options go: each of maildir, calendars and contacts may be left out.

    Raises:
        UserMistake: none of them is given.
    """
    # here and not above: `kith status` asks for the options alone
    from connectors.local.calendar import LocalCalendar
    from connectors.local.contacts import LocalContacts
    from connectors.local.drafts import LocalDrafts
    from connectors.local.files import Files
    from connectors.local.folders import find_folders
    from connectors.local.landmarks import Landmarks
    from connectors.local.mail import LocalMail
    from connectors.local.reminders import LocalReminders

    said = chosen(account, OPTIONS)
    maildir, calendars, contacts = (
        Path(said[name]).expanduser() if said[name] else None for name in ("maildir", "calendars", "contacts")
    )
    if not (maildir or calendars or contacts):
        raise UserMistake(f"The account {account.name} needs at least one of maildir, calendars and contacts.")
    roles = (FolderRole.DRAFTS, FolderRole.SENT, FolderRole.TRASH, FolderRole.JUNK)
    named = {role: said[f"{role}_folder"] for role in roles}
    landmarks = Landmarks(around.state)
    events = Files[EventItem](calendars, ".ics", landmarks) if calendars else None
    cards = Files[Card](contacts, ".vcf", landmarks) if contacts else None
    own, zone = said["reminders_calendar"], said["time_zone"]

    def check() -> list[str]:
        lines = []
        if maildir:
            folders = find_folders(maildir, named)
            more = f" and {len(folders) - NAMED} more" if len(folders) > NAMED else ""
            lines.append(f"{maildir}, mail folders: {', '.join(f.label for f in folders[:NAMED]) or 'none'}{more}")
        for files, what in ((events, "calendars"), (cards, "address books")):
            if files:
                count = sum(len(files.listing(shelf)) for shelf in files.shelves())
                lines.append(f"{files.root}, {what}: {len(files.shelves())} (files: {count})")
        return lines

    mail = LocalMail(maildir, named, around.before_write) if maildir else None
    return Connection(
        account=account,
        mail=mail,
        texts=mail,
        calendar=LocalCalendar(events, zone) if events else None,
        contacts=LocalContacts(cards) if cards else None,
        drafts=LocalDrafts(maildir, named, around.before_write) if maildir else None,
        reminders=LocalReminders(events, own, zone, around.before_write)
        if events and not events.root.is_file()
        else None,
        check=check,
    )
