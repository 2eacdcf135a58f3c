"""Reminders of ours: written as iCalendar, recognised, and read back for what the user did to them."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from daemon.core.errors import BrokenItem
from daemon.core.model import OutgoingEvent, RemoteEvent, Whereabouts
from daemon.core.plain import clean, one_line
from daemon.formats.content_lines import escape, fold
from daemon.formats.ics_scan import Scanned, blocks, name_of, scan, unescape, unfold, value_of
from daemon.formats.ics_series import build

if TYPE_CHECKING:
    from icalendar import Timezone

CATEGORY = "kith"
KEY_PROPERTY = "X-KITH-KEY"
_KEY = re.compile(r"[0-9a-v]{32}\Z")


def write_event(event: OutgoingEvent, now: datetime | None = None) -> bytes:
    """The reminder as one VCALENDAR: private, shown as free, with a popup, inviting nobody.

    Times are written in the event's zone along with its VTIMEZONE, in UTC where the zone is UTC. DTEND is always there
    (iCloud refuses an event without). ``now`` (UTC) is the DTSTAMP (RFC 5545 3.8.7.2); the start where not given, so
    that the same event is the same bytes. Text cannot add a property: it is cleaned and escaped.
    """
    from icalendar import Alarm, Calendar, Event, vText

    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//kithd//kith//EN")
    made = Event()
    made.add("uid", one_line(event.uid))
    made.add("dtstamp", (now or event.start).astimezone(UTC))
    zone = UTC if event.zone in ("", "UTC", "Etc/UTC") else ZoneInfo(event.zone)
    made.add("dtstart", event.start.astimezone(zone))
    made.add("dtend", event.end.astimezone(zone))
    made.add("summary", one_line(event.summary, 500))
    if event.description:
        made.add("description", clean(event.description))
    made.add("class", "PRIVATE")
    made.add("transp", "TRANSPARENT")
    made.add("categories", [CATEGORY])
    made.add(KEY_PROPERTY, vText(one_line(event.key)))
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("trigger", -abs(event.alarm))
    alarm.add("description", one_line(event.summary, 500))
    made.add_component(alarm)
    if zone is not UTC:
        calendar.add_component(_vtimezone(event.zone, event.start))
    calendar.add_component(made)
    return bytes(calendar.to_ical())


def reword(data: bytes, event: OutgoingEvent) -> bytes:
    """The same object under the event's summary and with its description: times, alarms and all else as they are.

    An alarm that shows the old summary shows the new one. The HTML some programs keep beside a description is left out:
    it would be the old one's.
    """
    old = next((value_of(line) for line in _own_lines(data) if name_of(line) == "SUMMARY"), "")
    summary = f"SUMMARY:{escape(one_line(event.summary, 500))}"
    description = f"DESCRIPTION:{escape(clean(event.description))}"
    inside: list[str] = []
    out: list[str] = []
    for line in unfold(data):
        name = name_of(line)
        if name == "END" and inside:
            inside.pop()
        own = inside[-1:] == ["VEVENT"]
        if own and name in ("SUMMARY", "DESCRIPTION", "X-ALT-DESC"):
            continue
        if inside[-1:] == ["VALARM"] and name == "DESCRIPTION" and value_of(line) == old:
            line = f"DESCRIPTION:{escape(one_line(event.summary, 500))}"
        out.append(line)
        if name == "BEGIN":
            inside.append(value_of(line).strip().upper())
            if inside[-1] == "VEVENT":
                out += [summary, description] if event.description else [summary]
    return "".join(map(fold, out)).encode()


def _own_lines(data: bytes) -> list[str]:
    """The lines of its events, without those of their alarms."""
    return [line for kind, lines in blocks(unfold(data)) if kind == "VEVENT" for line in lines]


def is_ours(scanned: Scanned) -> bool:
    """Whether kithd wrote this reminder: its UID is built on the key it carries.

    A copy the user made of it has another UID and is their own event. Where a server dropped the X- property, our
    category and the shape of the UID decide.
    """
    local = scanned.uid.partition("@")[0]
    for line in (line for event in scanned.events for line in event):
        name = name_of(line)
        if name == KEY_PROPERTY and value_of(line).strip() == local:
            return True
        if name == "CATEGORIES" and _KEY.match(local) and CATEGORY in unescape(value_of(line)).lower().split(","):
            return True
    return False


def event_state(item_id: str, version: str, data: bytes, zone: str = "UTC") -> RemoteEvent:
    """A reminder as the server holds it now. ``zone`` is the user's, for times without one.

    ``digest`` covers what a user would change about it: times, title, text, place, repetition, people, busy or free,
    cancelled or not. It leaves out what servers and clients rewrite on their own: DTSTAMP, SEQUENCE, the order and
    folding of lines, how the zone is spelled, and alarms (Thunderbird and Apple note in them that they were shown).

    Raises:
        BrokenItem: it holds no readable event.
    """
    found = scan(data)
    if not found:
        raise BrokenItem("it holds no event")
    scanned = found[0]
    series = build(scanned, zone)
    part = series.master or next(iter(series.singles.values()))
    start = (part.start.zone or series.user).to_utc(part.start.wall)
    days, rest = series.length(part)
    end = start + timedelta(days=days) + rest
    summary = description = ""
    told: set[str] = set()
    for line in _own_lines(data):
        name, value = name_of(line), unescape(value_of(line)).strip()
        if name == "SUMMARY":
            summary = one_line(value, 500)
        if name == "DESCRIPTION":
            description = value
        if name in _USERS:
            told.add(f"{name}:{value}")
    when = [start.isoformat(), end.isoformat(), str(part.start.all_day)]
    words = [str(part.cancelled), *sorted(told)]
    return RemoteEvent(
        where=Whereabouts.PRESENT,
        remote_id=item_id,
        version=version,
        digest=f"{_hash(when)}-{_hash(words)}",
        uid=scanned.uid,
        start=start,
        end=end,
        summary=summary,
        cancelled=part.cancelled,
        description=description,
    )


def _hash(facts: list[str]) -> str:
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:32]


_USERS = frozenset({"SUMMARY", "DESCRIPTION", "LOCATION", "RRULE", "RDATE", "EXDATE", "ATTENDEE", "TRANSP"})
"""What a user may have written, of the properties."""


def _vtimezone(name: str, at: datetime) -> Timezone:
    """The zone's rules around the event: a few years, not its whole history."""
    from icalendar import Timezone

    return Timezone.from_tzid(
        name, first_date=(at - timedelta(days=400)).date(), last_date=(at + timedelta(days=800)).date()
    )


def is_reminder(data: bytes) -> bool:
    """Whether the object is a reminder kithd wrote: nothing else is ever changed or deleted."""
    found = scan(data)
    return len(found) == 1 and is_ours(found[0])
