"""Events as Graph tells them, as `Meeting`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from connectors.microsoft.moments import day, instant, moment
from daemon.core.model import EventItem, Interest, Meeting, Window
from daemon.core.plain import one_line
from daemon.formats.ics_people import People, people_of

STATUSES = {
    "accepted": "ACCEPTED",
    "organizer": "ACCEPTED",
    "declined": "DECLINED",
    "tentativelyaccepted": "TENTATIVE",
}
"""Graph's answers as iCalendar has them (RFC 5545 3.2.12); all others are none."""

INHERITED = (
    "subject organizer attendees responseStatus isAllDay isCancelled showAs categories iCalUId transactionId "
    "originalStartTimeZone"
).split()
"""What an occurrence has from its series where a delta does not repeat it."""

NEEDED = ("start", "end", "attendees", "organizer")
"""What has to be told of an event before anything can be said of it."""

_KEY = re.compile(r"[0-9a-v]{32}\Z")
_GLOBAL_ID = re.compile(r"(040000008200E00074C5B7101A82E008)[0-9A-F]{8}([0-9A-F]+)\Z", re.IGNORECASE)


def is_ours(event: Mapping[str, Any]) -> bool:
    """Whether kithd wrote it: a transaction id is told only of events made with one, and ours is the key."""
    return bool(_KEY.match(str(event.get("transactionId") or "")))


def inherit(occurrence: Mapping[str, Any], master: Mapping[str, Any]) -> dict[str, Any]:
    """An occurrence with all that a delta left to its series: merged, nothing overwritten."""
    return {**{name: master[name] for name in INHERITED if name in master}, **occurrence}


def uid_of(event: Mapping[str, Any]) -> str:
    """The UID the event has in every calendar (RFC 5545), the same for all instances of a series.

    Outlook's own UIDs hold the day of the instance in four bytes of their own, zero in the series' (MS-OXOCAL
    2.2.1.27).
    """
    return _GLOBAL_ID.sub(r"\g<1>00000000\g<2>", str(event.get("iCalUId") or event.get("id") or ""))


def read(event: Mapping[str, Any], interest: Interest, window: Window, zone: str) -> EventItem:
    """One instance; without meetings where nobody known takes part or it lies outside the window.

    Raises:
        BrokenItem: its time cannot be read.
    """
    item_id, uid = str(event.get("id", "")), uid_of(event)
    if is_ours(event):
        return EventItem(item_id, uid, ours=True)
    people = _people(event, interest)
    if not people.anybody:
        return EventItem(item_id, uid)
    start, end = span(event, zone)
    if not window.overlaps(start, end):
        return EventItem(item_id, uid)
    recurring = event.get("type") in ("occurrence", "exception")
    original = moment(event.get("originalStart")) if recurring else None
    meeting = Meeting(
        uid=uid,
        original=original or start,
        start=start,
        end=end,
        subject=one_line(str(event.get("subject") or "")),
        all_day=event.get("isAllDay") is True,
        cancelled=event.get("isCancelled") is True,
        recurring=recurring,
        organiser=people.organiser,
        attendees=people.attendees,
        people=people.others + 1,
        answer=people.answer,
    )
    return EventItem(item_id, uid, (meeting,))


def span(event: Mapping[str, Any], zone: str) -> tuple[datetime, datetime]:
    """When an event begins and ends; whole days from midnight to midnight in the user's zone.

    Raises:
        BrokenItem: its time cannot be read.
    """
    if event.get("isAllDay") is True:
        start = day(event.get("start"), zone, event.get("originalStartTimeZone"))
        end = day(event.get("end"), zone, event.get("originalEndTimeZone") or event.get("originalStartTimeZone"))
        return start, max(end, start + timedelta(hours=1))
    start = instant(event.get("start"))
    return start, max(instant(event.get("end")), start)


def busy(event: Mapping[str, Any]) -> bool:
    """Whether the user is taken by it.

    Not by what is shown as free, cancelled, declined or ours; whole days only where they say so, and that they do by
    themselves: Outlook shows a new whole day as free.
    """
    if event.get("isCancelled") is True or _response(event.get("responseStatus")) == "declined" or is_ours(event):
        return False
    shown = str(event.get("showAs") or "busy")
    return shown in (("busy", "oof") if event.get("isAllDay") is True else ("busy", "oof", "tentative", "unknown"))


def _people(event: Mapping[str, Any], interest: Interest) -> People:
    """Who takes part, by the same rules as of any calendar: told to them as iCalendar would."""
    lines: list[str] = []
    attendees = event.get("attendees")
    for one in attendees if isinstance(attendees, list) else []:
        if isinstance(one, dict):
            kind = ";CUTYPE=RESOURCE" if one.get("type") == "resource" else ""
            lines.append(f"ATTENDEE{kind}{_status(one.get('status'))}:{_address(one)}")
    if organiser := _address(event.get("organizer")):
        lines.append(f"ORGANIZER:{organiser}")
    # of the user's own answer this is the word; the list of attendees may be another's copy
    if (mine := _status(event.get("responseStatus"))) and interest.me:
        lines.append(f"ATTENDEE{mine}:mailto:{min(interest.me)}")
    return people_of(tuple(lines), interest)


def _status(value: object) -> str:
    said = STATUSES.get(_response(value), "")
    return f";PARTSTAT={said}" if said else ""


def _address(value: object) -> str:
    who = value.get("emailAddress") if isinstance(value, dict) else None
    if not isinstance(who, dict):
        return ""
    return f"mailto:{one_line(str(who['address']))}" if who.get("address") else one_line(str(who.get("name") or ""))


def _response(value: object) -> str:
    return str(value.get("response") or "").lower() if isinstance(value, dict) else ""
