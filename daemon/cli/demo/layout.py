"""The sample person's files on disk, as mbsync, vdirsyncer, mutt and khal keep them. Laid out once."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from daemon.cli.demo import letters, meetings, people
from daemon.service.updates import quarter_of

CONFIG = """\
# The sample person of `make demo`. Every option is explained in config.example.toml.

[me]
name = "{name}"
addresses = [{addresses}]
organisation = ["{organisation}"]
language = "en"
time_zone = "{zone}"
signature = \"\"\"
Irina Primerova / Ирина Примерова
irina@example.org\"\"\"

[store]
state = "state"

[drafts]
updates = "updates"

[account.home]
kind = "local"
address = "{address}"
maildir = "mail"
calendars = "calendars"
contacts = "contacts"

# protégés get a letter along with the reminder
[policy.circle.protege]
drafts = ["thanks", "congratulations", "check-in"]
"""

KHAL = """\
[calendars]
[[demo]]
path = {folder}/calendars/*
type = discover

[sqlite]
path = {folder}/khal.db
"""

NEWS = {
    "": """\
+++
subject = "Коротко о моих новостях"
circles = ["mentor", "partner", "recruiter"]
written = {written}
+++
Пишу коротко о том, что у меня нового.

- Мы выпустили **новую версию** нашего календаря: [о ней](https://example.org/calendar).
- Весной собираюсь выступить на конференции с докладом о напоминаниях.
- Учу немецкий, пока с переменным успехом.
""",
    ".en": """\
+++
subject = "A few lines of news"
circles = ["mentor", "partner", "recruiter"]
written = {written}
+++
Here is, in a few lines, what is new with me.

- We have released a **new version** of our calendar: [more about it](https://example.org/calendar).
- In spring I am going to give a talk about reminders at a conference.
- I am learning German, with mixed success so far.
""",
}


def local(now: datetime) -> datetime:
    """This moment in the sample person's zone."""
    return now.astimezone(ZoneInfo(people.ZONE))


def midnight(now: datetime) -> datetime:
    """The beginning of today in the sample person's zone."""
    return local(now).replace(hour=0, minute=0, second=0, microsecond=0)


def lay_out(folder: Path, now: datetime) -> bool:
    """Write everything below ``folder``; False where it was laid out before (then nothing is touched)."""
    config = folder / "config.toml"
    if config.exists():
        return False
    start = midnight(now)
    _mail(folder / "mail", start)
    _calendar(folder / "calendars" / "personal", local(now))
    _cards(folder / "contacts" / "people", start.date())
    _news(folder / "updates", start.date())
    text = CONFIG.format(
        name=people.ME,
        addresses=", ".join(f'"{a}"' for a in people.MY_ADDRESSES),
        organisation=people.MY_ORGANISATION,
        zone=people.ZONE,
        address=people.MY_ADDRESSES[0],
    )
    (folder / "khal.conf").write_text(KHAL.format(folder=folder.resolve()), encoding="utf-8")
    config.write_text(text, encoding="utf-8")  # last: what was broken off is laid out again
    return True


def _mail(root: Path, start: datetime) -> None:
    folders = ("", ".Sent", ".Drafts", ".Junk", ".Trash", ".Archive", ".Lists")
    for folder, part in ((f, p) for f in folders for p in ("cur", "new", "tmp")):
        (root / folder / part).mkdir(parents=True, exist_ok=True)
    for number, letter in enumerate(letters.LETTERS, 1):
        at = letters.moment(letter, start)
        content = letters.written(letter, start)
        for copy, folder in enumerate((letter.folder, *letter.copies)):
            flags = "DS" if folder == letters.DRAFTS else "S"
            path = root / folder / "cur" / f"{int(at.timestamp())}.M{number}P{copy}.sample:2,{flags}"
            path.write_bytes(content)
            os.utime(path, (at.timestamp(), at.timestamp()))


def _calendar(root: Path, now: datetime) -> None:
    root.mkdir(parents=True, exist_ok=True)
    for meeting in meetings.meetings(now):
        (root / f"demo-{meeting.uid}.ics").write_bytes(meetings.written(meeting, now.date()))


def _cards(root: Path, today: date) -> None:
    root.mkdir(parents=True, exist_ok=True)
    for person in people.PEOPLE:
        (root / f"{person.uid}.vcf").write_text(people.card(person, today), encoding="utf-8", newline="")


def _news(root: Path, today: date) -> None:
    """Written ten days ago, or on the quarter's first day where that is later."""
    root.mkdir(parents=True, exist_ok=True)
    first = date(today.year, (today.month - 1) // 3 * 3 + 1, 1)
    written = max(first, today - timedelta(days=10))
    at = datetime(written.year, written.month, written.day, tzinfo=UTC) - timedelta(hours=12)
    for language, text in NEWS.items():
        path = root / f"{quarter_of(today)}{language}.md"
        path.write_text(text.format(written=f"{at:%Y-%m-%dT%H:%M:%SZ}"), encoding="utf-8")
