"""What Google says of an event, as iCalendar text: so that one code reads, reduces and expands every provider's.

Google's list method tells a series once (its recurring event) and each instance that differs from it: the parts of one
iCalendar object in all but name. Expanded lists are not asked for: a sync token tells of changes, never of an instance
that only came within reach as time went on. What differs from RFC 5545: an instance taken out of a series is a part
of its own (``status: cancelled``, with little more than ids), and ``self`` marks the calendar's owner.
https://developers.google.com/workspace/calendar/api/v3/reference/events
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.google.times import as_moment, day_or_moment, time_line, zone_of
from daemon.core.address import match, normalise
from daemon.core.errors import BrokenItem
from daemon.core.model import Interest
from daemon.core.plain import one_line
from daemon.formats.content_lines import escape, fold

Event = Mapping[str, Any]
"""An event resource as the API returns it."""

KEY, UID = "kith", "kith-uid"
"""Private extended properties of a reminder of ours: its key, which is its event id, and the UID the ledger knows."""

TOO_MANY = 1000
"""The people of an event whose guest list Google cut short: more than any meeting that counts."""

ORDINARY = frozenset({"", "default", "fromGmail"})
"""Event types that are meetings; focus time, out of office, working locations and birthdays are not."""

_PARTSTAT = {"accepted": "ACCEPTED", "declined": "DECLINED", "tentative": "TENTATIVE"}
_THINGS = ("@group.calendar.google.com", "@resource.calendar.google.com", "@group.v.calendar.google.com")
_RECURRENCE = re.compile(r"(?:RRULE|EXRULE|RDATE|EXDATE)[;:][^\x00-\x1f]*\Z", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_LATER_WORDS = re.compile(r"(?<!^)([A-Z])")


@dataclass(frozen=True, slots=True)
class Calendar:
    """One entry of the user's calendar list.

    ``mine``: the user is its owner. In the ``primary`` one an event's ``self`` is the user; in a shared one it is
    whoever the calendar belongs to. ``zone`` (IANA) is the calendar's own. ``ours``: it is there for our reminders.
    """

    id: str
    name: str
    zone: str = "UTC"
    primary: bool = False
    mine: bool = True
    readable: bool = True
    writable: bool = True
    ours: bool = False


def is_ours(event: Event) -> bool:
    """Whether kithd wrote this event. A copy the user made of it carries the key too, under an id of its own."""
    return bool(event.get("id")) and _private(event).get(KEY) == event["id"]


def uid_of(event: Event) -> str:
    """The iCalendar UID; of a reminder of ours the one it was written under. "" where Google tells none."""
    if is_ours(event):
        return _private(event).get(UID, "") or str(event.get("iCalUID", ""))
    return str(event.get("iCalUID", ""))


def is_cancelled(event: Event) -> bool:
    """Deleted, or an instance taken out of its series: the API has one word for both."""
    return bool(event.get("status") == "cancelled")


def series_of(event: Event) -> str:
    """The id of the recurring event this is an instance of; "" for any other event."""
    return str(event.get("recurringEventId", ""))


def concerns(event: Event, interest: Interest) -> bool:
    """Whether anybody known is named in the event. May say yes too often, never no wrongly."""
    people = [*_maps(event.get("attendees")), _map(event.get("organizer")), _map(event.get("creator"))]
    return any(match(normalise(str(one.get("email", ""))), interest.known) for one in people)


def as_ics(parts: Sequence[Event], calendar: Calendar, me: str) -> bytes:
    """The parts of one event (a single event; a recurring one first, then its exceptions) as one VCALENDAR.

    ``me`` is written for the user wherever Google says ``self`` and knows them by an alias we may not.

    Raises:
        BrokenItem: a part has no readable times.
    """
    master = parts[0] if parts and not series_of(parts[0]) else {}
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//kithd//EN"]
    with _legible():
        for part in parts:
            lines += ["BEGIN:VEVENT", *_lines(part, master, calendar, me), "END:VEVENT"]
    return "".join(fold(line) for line in [*lines, "END:VCALENDAR"]).encode("utf-8", "replace")


def differs(instance: Event, master: Event, calendar: Calendar, me: str) -> bool:
    """Whether an instance is not just what its recurring event says: moved, cancelled, or told apart otherwise.

    Raises:
        BrokenItem: one of them has no readable times.
    """
    if is_cancelled(instance) or instance.get("start") is None:
        return True
    start, end = span(instance, calendar)
    original = as_moment(day_or_moment(_map(instance.get("originalStartTime")), calendar.zone), calendar.zone)
    first, last = span(master, calendar)
    if start != original or end - start != last - first:
        return True
    with _legible():
        return list(_told(instance, calendar, me)) != list(_told(master, calendar, me))


def span(event: Event, calendar: Calendar) -> tuple[datetime, datetime]:
    """Start and end in UTC; whole days begin at midnight of the calendar's zone.

    Raises:
        BrokenItem: the event has none that can be read.
    """
    start = day_or_moment(_map(event.get("start")), calendar.zone)
    end = day_or_moment(_map(event["end"]), calendar.zone) if event.get("end") else start
    return as_moment(start, calendar.zone), max(as_moment(end, calendar.zone), as_moment(start, calendar.zone))


def is_all_day(event: Event) -> bool:
    """Whether it is told in whole days."""
    return "date" in _map(event.get("start"))


# -- one VEVENT -----------------------------------------------------------------------------------------


def _lines(part: Event, master: Event, calendar: Calendar, me: str) -> Iterator[str]:
    uid = str(part.get("iCalUID") or master.get("iCalUID") or series_of(part) or part["id"])
    yield f"UID:{_CONTROL.sub('', uid)}"
    yield f"SEQUENCE:{int(part.get('sequence') or 0)}"
    if series_of(part):
        if is_cancelled(part):  # told by its ids alone: the rest is as in its series
            part = {**master, **part}
            part = {**part, "start": part["originalStartTime"], "end": None}
        original = part.get("originalStartTime") or part.get("start") or {}
        yield time_line("RECURRENCE-ID", day_or_moment(original, calendar.zone))
    recurrence = [] if series_of(part) else [str(line).strip() for line in part.get("recurrence", ())]
    start = day_or_moment(part.get("start") or {}, calendar.zone)
    zone = zone_of((part.get("start") or {}).get("timeZone"), calendar.zone) if recurrence else None
    yield time_line("DTSTART", start, zone)
    if part.get("end"):
        yield time_line("DTEND", day_or_moment(part["end"], calendar.zone), zone)
    elif master.get("end") and series_of(part):
        first, last = span(master, calendar)
        yield f"DURATION:PT{int((last - first).total_seconds())}S"
    for line in recurrence:
        if not _RECURRENCE.match(line):
            raise BrokenItem("its recurrence cannot be read")
        yield line
    if is_cancelled(part):
        yield "STATUS:CANCELLED"
    yield from _told(part, calendar, me)


def _told(event: Event, calendar: Calendar, me: str) -> Iterator[str]:
    """What an event says besides its times: title, kind and people."""
    yield f"SUMMARY:{escape(one_line(str(event.get('summary', ''))))}"
    kind = str(event.get("eventType", ""))
    if kind not in ORDINARY:
        words = _LATER_WORDS.sub(r"-\1", kind).lower()
        yield f"X-KITH-SPECIAL:{one_line(words)}"
    yield from _people(event, calendar, me)


def _people(event: Event, calendar: Calendar, me: str) -> Iterator[str]:
    attendees = [one for one in _maps(event.get("attendees")) if not _thing(one)]
    organiser = _map(event.get("organizer"))
    if _thing(organiser):  # made in a calendar that is nobody's own: who made it leads it
        organiser = _map(event.get("creator"))
    others: set[str] = set()
    guests = 0
    if leader := _address(organiser, calendar, me):
        yield f"ORGANIZER:{_value(leader)}"
        others.add(leader)
    for number, one in enumerate(attendees):
        address = _address(one, calendar, me)
        others.add(address or f"guest {number}")
        guests += max(int(one.get("additionalGuests") or 0), 0)
        if address:
            answer = _PARTSTAT.get(str(one.get("responseStatus", "")))
            yield f"ATTENDEE{f';PARTSTAT={answer}' if answer else ''}:{_value(address)}"
    others.discard(me)
    if event.get("attendeesOmitted"):
        yield f"X-KITH-PEOPLE:{max(TOO_MANY, len(others) + guests)}"
    elif guests:
        yield f"X-KITH-PEOPLE:{len(others) + guests}"


def _thing(who: Mapping[str, Any]) -> bool:
    """A room, a resource, or a calendar that stands for nobody."""
    return bool(who.get("resource")) or str(who.get("email", "")).lower().endswith(_THINGS)


def _address(who: Mapping[str, Any], calendar: Calendar, me: str) -> str:
    if who.get("self") is True and calendar.primary and me:
        return me
    return normalise(str(who.get("email", "")))


def _value(address: str) -> str:
    return f"mailto:{one_line(address.replace('%', '%25'))}"


def _private(event: Event) -> Mapping[str, str]:
    return _map(_map(event.get("extendedProperties")).get("private"))


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _maps(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


@contextmanager
def _legible() -> Iterator[None]:
    """What is not of the form the API documents breaks this one event.

    Raises:
        BrokenItem: instead of whatever came of it.
    """
    try:
        yield
    except (AttributeError, KeyError, IndexError, OverflowError, TypeError, ValueError) as error:
        raise BrokenItem(f"it cannot be read ({type(error).__name__})") from error
