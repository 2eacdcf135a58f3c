"""A calendar item's element as iCalendar text, so that what is read of it is read as from every other calendar.

Masters come with their rule and their exceptions: instances are laid out here, anew as the window moves, and need not
be asked for by CalendarView for four years around the clock. Bodies are asked for of our own reminders only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from connectors.exchange import elements, recurrence
from connectors.exchange.zones import stamp, zone, zone_of
from daemon.core.address import normalise
from daemon.core.errors import BrokenItem
from daemon.core.plain import one_line
from daemon.formats.content_lines import fold
from daemon.formats.zones import Zone, user_zone

FIELDS = (
    "uid subject sensitivity categories start end original_start is_all_day legacy_free_busy_status is_cancelled "
    "appointment_state is_meeting type my_response_type organizer required_attendees optional_attendees resources "
    "recurrence modified_occurrences deleted_occurrences _start_timezone location reminder_is_set kith_key"
)
"""What is fetched of each calendar item."""

PARTSTAT = {
    "Accept": "ACCEPTED",
    "Organizer": "ACCEPTED",
    "Decline": "DECLINED",
    "Tentative": "TENTATIVE",
}
FREE = ("Free", "WorkingElsewhere")
CANCELLED = 4
"""The bit of AppointmentState for a meeting called off (MS-OXOCAL 2.2.1.10)."""


def calendar(element: Any, exceptions: Mapping[str, Any], me: str, user: str) -> bytes:
    """The object: the item, and of a series its exceptions (elements by item id).

    Args:
        me: the account's own address, for the user's own answer.
        user: the user's zone, where whole days begin if the item does not say.

    Raises:
        BrokenItem: it says no time, or recurs in a way or zone nobody knows.
    """
    uid = elements.text(element, "t:UID") or elements.item_id(element)[0]
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//kithd//EN"]
    rule = element.find("t:Recurrence", elements.NS)
    all_day = elements.flag(element, "t:IsAllDayEvent")
    name = shipped = ""
    if rule is not None or (all_day and element.find("t:StartTimeZone", elements.NS) is not None):
        name, shipped = zone_of(element, "t:StartTimeZone")
    local = zone(name, shipped, user) if name else user_zone(user)
    times: list[str] = []
    if rule is not None:
        if shipped:
            lines += ["BEGIN:VTIMEZONE", *shipped.split("\n"), "END:VTIMEZONE"]
        times = [f"RRULE:{recurrence.rrule(rule, local, all_day=all_day)}"]
        for deleted in element.findall("t:DeletedOccurrences/t:DeletedOccurrence", elements.NS):
            times.append(_time("EXDATE", _moment(deleted, "t:Start"), local, all_day=all_day))
    lines += _event(element, uid, me, local, name if rule is not None else "", times)
    for occurrence in element.findall("t:ModifiedOccurrences/t:Occurrence", elements.NS):
        original = _moment(occurrence, "t:OriginalStart")
        which = _time("RECURRENCE-ID", original, local, all_day=all_day)
        found = exceptions.get(elements.item_id(occurrence)[0])
        if found is not None:
            lines += _event(found, uid, me, local, "", [which])
        elif (at := elements.moment(occurrence, "t:Start")) and (until := elements.moment(occurrence, "t:End")):
            # one that was not asked for, or cannot be given: when it is now, the series says too
            lines += _event(element, uid, me, local, "", [which], (at, until))
    return "".join(fold(line) for line in [*lines, "END:VCALENDAR"]).encode()


def exceptions_of(element: Any, since: datetime) -> list[str]:
    """Ids of a series' instances that differ from it, and are or were after a moment.

    However far ahead: the window comes to them without the series being read anew.
    """
    found = []
    for occurrence in element.findall("t:ModifiedOccurrences/t:Occurrence", elements.NS):
        moments = [m for m in (elements.moment(occurrence, p) for p in ("t:Start", "t:OriginalStart")) if m is not None]
        if any(since - timedelta(days=2) <= m for m in moments):
            found.append(elements.item_id(occurrence)[0])
    return found


def _event(
    element: Any,
    uid: str,
    me: str,
    local: Zone,
    name: str,
    times: Iterable[str],
    at: tuple[datetime, datetime] | None = None,
) -> list[str]:
    """A VEVENT's lines. ``name`` is the zone its times are in, "" for UTC; ``at`` is when, where it does not say."""
    all_day = elements.flag(element, "t:IsAllDayEvent")
    start, end = at or (_moment(element, "t:Start"), _moment(element, "t:End"))
    lines = [
        "BEGIN:VEVENT",
        f"UID:{uid}",
        _time("DTSTART", start, local, all_day=all_day, name=name),
        _time("DTEND", end, local, all_day=all_day, name=name),
        *times,
        f"SUMMARY:{_escaped(one_line(elements.text(element, 't:Subject'), 500))}",
        f"TRANSP:{'TRANSPARENT' if elements.text(element, 't:LegacyFreeBusyStatus') in FREE else 'OPAQUE'}",
    ]
    if is_cancelled(element):
        lines.append("STATUS:CANCELLED")
    if elements.text(element, "t:Sensitivity") == "Private":
        lines.append("CLASS:PRIVATE")
    if key := elements.extended(element, elements.Key):
        lines.append(f"X-KITH-KEY:{one_line(key)}")
        for prop, path in (("DESCRIPTION", "t:Body"), ("LOCATION", "t:Location")):
            if said := elements.text(element, path).strip():
                lines.append(f"{prop}:{_escaped(said)}")
    if elements.flag(element, "t:ReminderIsSet"):
        lines += ["BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:PT0S", "END:VALARM"]
    return [*lines, *_people(element, me), "END:VEVENT"]


def _people(element: Any, me: str) -> list[str]:
    lines = []
    if elements.flag(element, "t:IsMeeting"):
        organiser = _address(element.find("t:Organizer/t:Mailbox", elements.NS))
        if organiser:
            lines.append(f"ORGANIZER:mailto:{organiser}")
    answer = PARTSTAT.get(elements.text(element, "t:MyResponseType"))
    if answer and me:
        lines.append(f"ATTENDEE;PARTSTAT={answer}:mailto:{me}")
    for path, more in (
        ("t:RequiredAttendees", ""),
        ("t:OptionalAttendees", ""),
        ("t:Resources", ";CUTYPE=RESOURCE"),
    ):
        for attendee in element.findall(f"{path}/t:Attendee", elements.NS):
            address = _address(attendee.find("t:Mailbox", elements.NS))
            status = PARTSTAT.get(elements.text(attendee, "t:ResponseType"), "NEEDS-ACTION")
            if address:
                lines.append(f"ATTENDEE{more};PARTSTAT={status}:mailto:{address}")
    return lines


def is_cancelled(element: Any) -> bool:
    """Whether the meeting was called off."""
    state = elements.text(element, "t:AppointmentState")
    return elements.flag(element, "t:IsCancelled") or bool(state.isdigit() and int(state) & CANCELLED)


def _address(mailbox: Any) -> str:
    if mailbox is None:
        return ""
    address = normalise(elements.text(mailbox, "t:EmailAddress"))
    if address:
        return address
    # somebody without an address of the internet's kind: a person all the same, told apart by name
    name = "".join(c for c in elements.text(mailbox, "t:Name").casefold() if c.isalnum())
    return f"{name}@unknown.invalid" if name else ""


def _moment(element: Any, path: str) -> datetime:
    found = elements.moment(element, path)
    if found is None:
        raise BrokenItem("it does not say when it is")
    return found


def _time(prop: str, moment: datetime, local: Zone, *, all_day: bool, name: str = "") -> str:
    if all_day:
        # midnight there; half a day more, so that a zone told wrongly by an hour makes no other day of it
        return f"{prop};VALUE=DATE:{local.to_wall(moment + timedelta(hours=6)):%Y%m%d}"
    if name:
        return f'{prop};TZID="{name}":{local.to_wall(moment):%Y%m%dT%H%M%S}'
    return f"{prop}:{stamp(moment)}"


def _escaped(said: str) -> str:
    text = said.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return text.replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "\\n")
