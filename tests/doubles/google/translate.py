"""iCalendar and vCard samples as Google would hold them, and its events as a calendar application would show them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import icalendar
import vobject

_ANSWERS = {"ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "tentative"}


def events_of(raw: bytes) -> list[dict[str, Any]]:
    """The parts of one iCalendar object: the event or recurring event first, then its exceptions.

    Exceptions carry ``originalStartTime`` and no ids yet.
    """
    found = [_event(one) for one in icalendar.Calendar.from_ical(raw.decode()).walk("VEVENT")]
    return sorted(found, key=lambda one: "originalStartTime" in one)


def _event(one: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "iCalUID": str(one["UID"]),
        "summary": str(one.get("SUMMARY", "")),
        "start": _time(one["DTSTART"].dt),
        "end": _time(one["DTEND"].dt),
        "status": "cancelled" if str(one.get("STATUS", "")).upper() == "CANCELLED" else "confirmed",
        "sequence": int(one.get("SEQUENCE", 0)),
    }
    if str(one.get("TRANSP", "")).upper() == "TRANSPARENT":
        made["transparency"] = "transparent"
    if "RECURRENCE-ID" in one:
        made["originalStartTime"] = _time(one["RECURRENCE-ID"].dt)
    recurrence = [
        f"{name}:{value.to_ical().decode()}" for name in ("RRULE", "EXDATE", "RDATE") for value in _all(one.get(name))
    ]
    if recurrence:
        made["recurrence"] = recurrence
    if "ORGANIZER" in one:
        made["organizer"] = {"email": _address(one["ORGANIZER"])}
    people = [
        {
            "email": _address(who),
            "responseStatus": _ANSWERS.get(str(who.params.get("PARTSTAT", "")).upper(), "needsAction"),
        }
        for who in _all(one.get("ATTENDEE"))
    ]
    if people:
        made["attendees"] = people
    return made


def _all(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _address(who: Any) -> str:
    return str(who)[len("mailto:") :]


def _time(at: date | datetime) -> dict[str, str]:
    if isinstance(at, datetime):
        return {"dateTime": at.isoformat(), "timeZone": str(getattr(at.tzinfo, "key", "UTC"))}
    return {"date": at.isoformat()}


def shown(event: Mapping[str, Any]) -> bytes:
    """A reminder as a calendar application would write it down: one VCALENDAR."""
    calendar, made = icalendar.Calendar(), icalendar.Event()
    made.add("uid", event["extendedProperties"]["private"]["kith-uid"])
    for name, field in (("dtstart", "start"), ("dtend", "end")):
        made.add(name, datetime.fromisoformat(event[field]["dateTime"]).astimezone(UTC))
    made.add("summary", event["summary"])
    made.add("description", event.get("description", ""))
    made.add("transp", event.get("transparency", "opaque").upper())
    made.add("class", event.get("visibility", "public").upper())
    for one in event.get("attendees", ()):
        made.add("attendee", f"mailto:{one['email']}")
    for one in event.get("reminders", {}).get("overrides", ()):
        alarm = icalendar.Alarm()
        alarm.add("action", "DISPLAY" if one["method"] == "popup" else "EMAIL")
        made.add_component(alarm)
    calendar.add_component(made)
    return bytes(calendar.to_ical())


def person_of(raw: bytes) -> dict[str, Any]:
    """A vCard as an entry of Google Contacts."""
    card = vobject.readOne(raw.decode())
    made: dict[str, Any] = {
        "names": [
            {
                "displayName": card.fn.value,
                "givenName": card.n.value.given,
                "familyName": card.n.value.family,
                "metadata": {"primary": True},
            }
        ],
        "emailAddresses": [{"value": one.value} for one in card.contents.get("email", ())],
    }
    if "org" in card.contents:
        made["organizations"] = [{"name": card.org.value[0], "current": True}]
    if "bday" in card.contents:
        year, month, day = map(int, card.bday.value.split("-"))
        made["birthdays"] = [{"date": {"year": year, "month": month, "day": day}}]
    return made
