"""One person's calendars in the double, and what their user does with them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr  # type: ignore[import-untyped]

from tests.doubles.google.call import utc_now

Event = dict[str, Any]


@dataclass
class Shelf:
    """One calendar. ``generation`` is what tokens stand on. ``by_app``: made through the API."""

    id: str
    summary: str
    zone: str = "Europe/Berlin"
    role: str = "owner"
    primary: bool = False
    by_app: bool = False
    description: str = ""
    number: int = 0
    generation: int = 1
    events: dict[str, Event] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    pages: dict[str, tuple[dict[str, Any], list[str], int]] = field(default_factory=dict)

    def entry(self) -> dict[str, Any]:
        """As the calendar list tells it."""
        return {
            "kind": "calendar#calendarListEntry",
            "id": self.id,
            "summary": self.summary,
            "description": self.description,
            "timeZone": self.zone,
            "accessRole": self.role,
            **({"primary": True} if self.primary else {}),
        }

    def store(self, event: Event) -> Event:
        """Keep an event under the next number, with a new entity tag."""
        self.number += 1
        self.changed[event["id"]] = self.number
        self.events[event["id"]] = {**event, "etag": f'"{self.generation}{self.number:08d}"', "kind": "calendar#event"}
        return self.events[event["id"]]


@dataclass
class Calendars:
    """One person's calendars. The methods are what the user does; the API's are the handlers below."""

    email: str
    clock: Callable[[], datetime] = utc_now
    shelves: dict[str, Shelf] = field(default_factory=dict)
    empty_first_page: bool = False
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.shelves[self.email] = Shelf(self.email, self.email, primary=True)

    @property
    def primary(self) -> Shelf:
        """The user's own calendar."""
        return self.shelves[self.email]

    def add_calendar(self, summary: str, role: str = "owner", *, by_app: bool = False) -> Shelf:
        """One more calendar in the user's list."""
        name = f"c{next(self.numbers)}@group.calendar.google.com"
        self.shelves[name] = Shelf(name, summary, role=role, by_app=by_app)
        return self.shelves[name]

    def remove_calendar(self, name: str) -> None:
        """The user deletes a calendar, with all that is in it."""
        del self.shelves[name]

    def add(self, event: Mapping[str, Any], shelf: Shelf | None = None, **more: Any) -> str:
        """An event appears; returns its id. What Google fills in is filled in."""
        home = shelf or self.primary
        made: Event = {"status": "confirmed", "eventType": "default", **deepcopy(dict(event)), **more}
        made.setdefault("id", f"e{next(self.numbers):06d}")
        made.setdefault("iCalUID", f"{made['id']}@google.com")
        made.setdefault("organizer", {"email": home.id})
        for one in [*made.get("attendees", ()), made["organizer"]]:
            if one.get("email") == home.id:
                one["self"] = True
        home.store(made)
        return str(made["id"])

    def change(self, event_id: str, **fields: Any) -> Event:
        """The user, or an organiser, changes fields of an event; None takes one away."""
        home = self.home(event_id)
        now = {name: value for name, value in {**home.events[event_id], **fields}.items() if value is not None}
        return home.store(now)

    def except_instance(self, event_id: str, original: datetime, **fields: Any) -> str:
        """One instance of a series told apart from it."""
        home = self.home(event_id)
        master = home.events[event_id]
        made = {name: deepcopy(value) for name, value in master.items() if name != "recurrence"}
        span = moment(master["end"], home.zone) - moment(master["start"], home.zone)
        made |= {
            "id": _instance_id(event_id, original),
            "recurringEventId": event_id,
            "originalStartTime": _time(original),
            "start": _time(original),
            "end": _time(original + span),
            **fields,
        }
        home.store(made)
        return str(made["id"])

    def cancel_instance(self, event_id: str, original: datetime) -> str:
        """One instance taken out of its series: a part of it with little more than ids."""
        instance = _instance_id(event_id, original)
        self.home(event_id).store(_tombstone({"id": instance}, event_id, original))
        return instance

    def delete(self, event_id: str) -> None:
        """An event is deleted, its exceptions with it."""
        home = self.home(event_id)
        for other in [e["id"] for e in home.events.values() if e.get("recurringEventId") == event_id]:
            home.store({"id": other, "status": "cancelled", **_lineage(home.events[other])})
        home.store({**home.events[event_id], "status": "cancelled"})

    def move(self, event_id: str, target: Shelf) -> None:
        """The user puts the event into another calendar: there it has its id, here a tombstone stays."""
        event = dict(self.home(event_id).events[event_id])
        self.delete(event_id)
        target.store(event)

    def purge(self, event_id: str) -> None:
        """What was deleted long ago is forgotten: asked for, it is not found."""
        for shelf in self.shelves.values():
            if shelf.events.get(event_id, {}).get("status") == "cancelled":
                del shelf.events[event_id], shelf.changed[event_id]
                shelf.used.add(event_id)

    def home(self, event_id: str) -> Shelf:
        """The calendar an event lives in."""
        return next(
            s for s in self.shelves.values() if s.events.get(event_id, {}).get("status", "cancelled") != "cancelled"
        )

    def expire(self, name: str = "") -> None:
        """Every token given out so far is worthless."""
        shelf = self.shelves[name or self.email]
        shelf.generation += 1
        shelf.pages.clear()

    def live(self, shelf: Shelf) -> list[Event]:
        """Its events, none cancelled."""
        return [e for e in shelf.events.values() if e.get("status") != "cancelled"]


# -- times ----------------------------------------------------------------------------------------------


def _time(moment: datetime) -> dict[str, str]:
    return {"dateTime": moment.astimezone(UTC).isoformat(), "timeZone": "UTC"}


def moment(told: Mapping[str, str], zone: str) -> datetime:
    """A start or end; a whole day begins at midnight of the calendar's zone."""
    if "date" in told:
        day = date.fromisoformat(told["date"])
        return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    found = datetime.fromisoformat(told["dateTime"])
    return found if found.tzinfo else found.replace(tzinfo=ZoneInfo(told["timeZone"]))


def _instance_id(event_id: str, original: datetime) -> str:
    return f"{event_id}_{original.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _tombstone(base: Event, event_id: str, original: datetime) -> Event:
    return {**base, "status": "cancelled", "recurringEventId": event_id, "originalStartTime": _time(original)}


def _lineage(event: Event) -> Event:
    return {name: event[name] for name in ("recurringEventId", "originalStartTime") if name in event}


def expanded(shelf: Shelf, event: Event, low: datetime, high: datetime) -> list[Event]:
    """The instances of an event that touch a span, exceptions in their places; of a single event itself."""
    if not event.get("start"):
        return [event]  # what nobody can read is there all the same
    start, end = moment(event["start"], shelf.zone), moment(event["end"], shelf.zone)
    if "recurrence" not in event:
        return [event] if start < high and end > low else []
    zone = ZoneInfo(event["start"].get("timeZone", shelf.zone))
    wall = start.astimezone(zone).replace(tzinfo=None)
    rules = []
    for line in event["recurrence"]:  # dateutil wants the clock of DTSTART throughout
        name, _, value = line.partition(":")
        if name.startswith(("EXDATE", "RDATE")):
            values = [_wall(v, zone) for v in value.split(",")]
            line = f"{name.partition(';')[0]}:{','.join(values)}"
        elif "UNTIL=" in value:
            line = f"{name}:{re.sub(r'UNTIL=([0-9TZ]+)', lambda m: 'UNTIL=' + _wall(m[1], zone), value)}"
        rules.append(line)
    found = []
    rule = rrulestr("\n".join(rules), dtstart=wall, forceset=True)
    for at in rule.between(_naive(low, zone) - (end - start), _naive(high, zone), inc=True):
        original = at.replace(tzinfo=zone)
        name = _instance_id(event["id"], original)
        plain = {k: v for k, v in event.items() if k != "recurrence"} | {
            "id": name,
            "recurringEventId": event["id"],
            "originalStartTime": _time(original),
            "start": _time(original),
            "end": _time(original + (end - start)),
        }
        found.append(shelf.events.get(name, plain))
    inside = {e["id"] for e in found}
    for other in shelf.events.values():
        if other.get("recurringEventId") != event["id"] or other["id"] in inside or "start" not in other:
            continue
        if moment(other["start"], shelf.zone) < high and moment(other["end"], shelf.zone) > low:
            found.append(other)
    return found


def _wall(text: str, zone: ZoneInfo) -> str:
    if text.endswith("Z"):
        at = datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        return f"{at.astimezone(zone):%Y%m%dT%H%M%S}"
    return text


def _naive(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)
