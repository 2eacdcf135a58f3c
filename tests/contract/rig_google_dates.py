"""The half of Google's rig that is about calendars, address books and reminders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from daemon.core.model import Position
from tests.contract.rig import SeenEvent
from tests.contract.samples import seen_event
from tests.doubles.google.calendar import Event, Shelf
from tests.doubles.google.server import Account as Person
from tests.doubles.google.translate import events_of, person_of, shown


class Dates:
    """What the user of ``person`` does in Calendar and Contacts. Handles are event ids and resource names."""

    person: Person

    # -- calendars

    def add_event(self, raw: bytes) -> str:
        master, *exceptions = events_of(raw)
        handle = self.person.calendar.add(master)
        self._except(handle, exceptions)
        return handle

    def _except(self, handle: str, exceptions: Sequence[dict[str, Any]]) -> None:
        for one in exceptions:
            original = datetime.fromisoformat(one.pop("originalStartTime")["dateTime"])
            if one["status"] == "cancelled":
                self.person.calendar.cancel_instance(handle, original)
            else:
                self.person.calendar.except_instance(handle, original, **one)

    def add_broken_event(self) -> str:
        return self.person.calendar.add({"summary": "broken", "start": {}, "end": {}})

    def change_event(self, handle: str, raw: bytes) -> None:
        master, *exceptions = events_of(raw)
        if master["status"] == "cancelled":  # Google has one word for both
            self.person.calendar.delete(handle)
            return
        self.person.calendar.change(handle, **{"attendees": None, **master})
        self._except(handle, exceptions)

    def delete_event(self, handle: str) -> None:
        self.person.calendar.delete(handle)

    def expire_calendar_cursor(self, stream: str, position: Position) -> Position:
        self.person.calendar.expire(stream)
        return position

    # -- address books

    def add_card(self, raw: bytes) -> str:
        return self.person.people.add(person_of(raw))

    def add_broken_card(self) -> str:
        return self.person.people.add({"phoneNumbers": [{"value": "+49 30 0000000"}]})

    def change_card(self, handle: str, raw: bytes) -> None:
        self.person.people.change(handle, person_of(raw))

    def delete_card(self, handle: str) -> None:
        self.person.people.delete(handle)

    def expire_contacts_cursor(self, stream: str, position: Position) -> Position:
        self.person.people.expire()
        return position

    def belongings(self) -> object:
        own = [s for s in self.person.calendar.shelves.values() if not s.by_app]
        return [sorted(s.events.items()) for s in own], sorted(self.person.people.people.items())

    # -- reminders

    def _ours(self) -> list[tuple[Shelf, Event]]:
        calendar = self.person.calendar
        return [(s, e) for s in calendar.shelves.values() if s.by_app for e in calendar.live(s)]

    def reminders(self) -> Sequence[SeenEvent]:
        return [seen_event(shown(event)) for _, event in self._ours()]

    def _reminder(self, uid: str) -> Event:
        return next(e for _, e in self._ours() if e["extendedProperties"]["private"]["kith-uid"] == uid)

    def user_drags_event(self, uid: str, start: datetime) -> None:
        event = self._reminder(uid)
        length = _at(event["end"]) - _at(event["start"])
        self.person.calendar.change(event["id"], start=_time(event, start), end=_time(event, start + length))

    def user_retitles_event(self, uid: str, title: str) -> None:
        self.person.calendar.change(self._reminder(uid)["id"], summary=title)

    def user_rewrites_event(self, uid: str, text: str) -> None:
        self.person.calendar.change(self._reminder(uid)["id"], description=text)

    def user_deletes_event(self, uid: str) -> None:
        self.person.calendar.delete(self._reminder(uid)["id"])


def _at(told: dict[str, str]) -> datetime:
    return datetime.fromisoformat(told["dateTime"])


def _time(event: Event, moment: datetime) -> dict[str, str]:
    return {"dateTime": moment.isoformat(), "timeZone": event["start"]["timeZone"]}
