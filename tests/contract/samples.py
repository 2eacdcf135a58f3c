"""Made-up messages, events and cards for the contract suite, and small helpers for rigs. Nobody here exists."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from functools import lru_cache
from typing import Any

from daemon.core.keys import draft_message_id, event_uid
from daemon.core.model import Interest, OutgoingDraft, OutgoingEvent, Window
from tests.contract.rig import ME, SeenEvent

PAGE = 3
"""How many items a rig's connection puts on a page, roughly."""

NOW = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)  # a Wednesday
WINDOW = Window(NOW - timedelta(days=60), NOW + timedelta(days=60))

ANNA, BORIS, VERA = "anna@example.com", "boris.titov@example.net", "vera@xn--e1aybc.test"
STRANGER = "nobody@example.test"
KNOWN = Interest(known=frozenset({ANNA, BORIS, VERA}), me=frozenset({ME}), revision=1)


def mail(number: int | str, sender: str = ANNA, to: str = ME, **headers: str) -> bytes:
    """A message with the Message-ID ``<number@example.com>``. Header names: ``_`` stands for ``-``."""
    fields = {
        "From": sender,
        "To": to,
        "Subject": f"Message {number}",
        "Date": format_datetime(NOW - timedelta(days=3)),
        "Message-ID": f"<{number}@example.com>",
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return head.encode() + b"\r\nHello,\r\n\r\nthis is the body.\r\n"


def stamp(moment: datetime) -> str:
    """A moment as iCalendar writes it in UTC."""
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def event(
    uid: str,
    start: datetime = NOW - timedelta(days=2),
    *extra: str,
    attendee: str = ANNA,
    hours: int = 1,
    more: str = "",
) -> bytes:
    """A meeting of the user with ``attendee``. ``extra`` are further property lines, ``more`` further components."""
    people = [f"ORGANIZER:mailto:{ME}", f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:{ME}"] if attendee else []
    if attendee:
        people.append(f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:{attendee}")
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//example.org//contract suite//EN",
        "BEGIN:VEVENT",
        f"UID:{uid}",
        f"DTSTAMP:{stamp(NOW - timedelta(days=30))}",
        f"DTSTART:{stamp(start)}",
        f"DTEND:{stamp(start + timedelta(hours=hours))}",
        *(() if any(line.startswith("SUMMARY") for line in extra) else ("SUMMARY:Coffee",)),
        *people,
        *extra,
        "END:VEVENT",
    ]
    return ("\r\n".join(lines) + "\r\n" + more + "END:VCALENDAR\r\n").encode()


def exception(uid: str, original: datetime, start: datetime, *extra: str, attendee: str = ANNA) -> str:
    """One instance of a series told apart from it, for ``event(more=...)``."""
    whole = event(uid, start, f"RECURRENCE-ID:{stamp(original)}", *extra, attendee=attendee).decode()
    return whole[whole.index("BEGIN:VEVENT") : whole.index("END:VCALENDAR")]


def card(uid: str, name: str, address: str, *extra: str) -> bytes:
    """A vCard 3.0."""
    given, _, family = name.partition(" ")
    lines = ["BEGIN:VCARD", "VERSION:3.0", f"UID:{uid}", f"FN:{name}", f"N:{family};{given};;;", f"EMAIL:{address}"]
    return "\r\n".join([*lines, *extra, "END:VCARD", ""]).encode()


def key(number: int) -> str:
    """A key as `daemon.core.keys.make_key` makes them."""
    return f"{number:032d}"


def draft(number: int = 1, text: str = "Спасибо за встречу!\n\nПетра") -> OutgoingDraft:
    """A letter kithd might leave."""
    return OutgoingDraft(
        key=key(number),
        message_id=draft_message_id(key(number), "example.org"),
        sender=("Petra Iljina", ME),
        recipient=("Анна Образцова", ANNA),
        subject=f"Спасибо № {number}",
        text=text,
        html="<p>" + "</p><p>".join(text.split("\n\n")) + "</p>",
        date=NOW,
        language="ru",
    )


def reminder(
    number: int = 1, start: datetime = NOW + timedelta(days=2), summary: str = "Анна Образцова"
) -> OutgoingEvent:
    """A reminder kithd might write."""
    return OutgoingEvent(
        key=key(number),
        uid=event_uid(key(number), "example.org"),
        start=start,
        end=start + timedelta(minutes=15),
        zone="Europe/Berlin",
        summary=summary,
        description="Последний контакт: 2 сентября, письмо.",
        alarm=timedelta(minutes=10),
    )


# -- for rigs -----------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def seen_event(raw: bytes) -> SeenEvent:
    """The one event in an iCalendar object."""
    import icalendar

    found = icalendar.Calendar.from_ical(raw.decode()).walk("VEVENT")[0]
    start, end = _span(found)
    return SeenEvent(str(found["UID"]), start.astimezone(UTC), end.astimezone(UTC), str(found["SUMMARY"]), raw)


def _span(found: Any) -> tuple[datetime, datetime]:
    return found["DTSTART"].dt, found["DTEND"].dt


def dragged(raw: bytes, start: datetime) -> bytes:
    """The object with its event moved, as a calendar application writes it back."""
    import icalendar

    calendar = icalendar.Calendar.from_ical(raw.decode())
    found = calendar.walk("VEVENT")[0]
    was, until = _span(found)
    for name, value in (("DTSTART", start), ("DTEND", start + (until - was))):
        del found[name]
        found.add(name, value)
    return bytes(calendar.to_ical())


def description_of(raw: bytes) -> str:
    """The text of the one event in an iCalendar object."""
    import icalendar

    return str(icalendar.Calendar.from_ical(raw.decode()).walk("VEVENT")[0].get("DESCRIPTION", ""))


def reworded(raw: bytes, text: str) -> bytes:
    """The object with another text."""
    import icalendar

    calendar = icalendar.Calendar.from_ical(raw.decode())
    calendar.walk("VEVENT")[0]["DESCRIPTION"] = icalendar.vText(text)
    return bytes(calendar.to_ical())


def retitled(raw: bytes, title: str) -> bytes:
    """The object with another title."""
    import icalendar

    calendar = icalendar.Calendar.from_ical(raw.decode())
    calendar.walk("VEVENT")[0]["SUMMARY"] = title
    return bytes(calendar.to_ical())


def rewritten(raw: bytes, text: str) -> bytes:
    """A draft with another text, as a mail client saves it: same Message-ID, its own structure."""
    from email import message_from_bytes, policy

    old = message_from_bytes(raw, policy=policy.default)
    new = EmailMessage()
    for name in ("From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References"):
        if old[name]:
            new[name] = str(old[name])
    new["User-Agent"] = "Some Client 1.0"
    new.set_content(text)
    return new.as_bytes(policy=policy.SMTP)


def message_id(raw: bytes) -> str:
    """The Message-ID of a message, angle brackets included."""
    found = re.search(rb"^message-id:\s*(<[^>]*>)", raw, re.IGNORECASE | re.MULTILINE)
    return found[1].decode() if found else ""
