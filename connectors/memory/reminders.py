"""Reminders in a calendar of a `MemoryServer`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from connectors.memory.server import Collection, Item, MemoryServer
from daemon.core.errors import BrokenItem, Conflict, Refused
from daemon.core.model import EventItem, OutgoingEvent, RemoteEvent, Whereabouts
from daemon.formats import ics

INVITES = re.compile(rb"^(ATTENDEE|ORGANIZER)[;:]", re.IGNORECASE | re.MULTILINE)
Calendar = Collection[bytes | EventItem]


class MemoryReminders:
    """`daemon.core.ports.ReminderTarget`. Refuses anything that would invite somebody."""

    def __init__(self, server: MemoryServer, calendar: str) -> None:
        self._server = server
        self._calendar = calendar

    def find(self, key: str, uid: str) -> RemoteEvent:
        with self._server.call("reminders.find"):
            return self._by_uid(uid, self._server.lagging)

    def create(self, event: OutgoingEvent) -> RemoteEvent:
        raw = _strictly(event)
        with self._server.call("reminders.create", write=True):
            if self._by_uid(event.uid, frozenset()).where is Whereabouts.PRESENT:
                raise Conflict("an event of this UID exists already")
            calendar = self._server.calendars.setdefault(self._calendar, Collection(self._calendar))
            return _remote(calendar, calendar.add(self._server.stores(raw)))

    def update(self, remote_id: str, version: str, event: OutgoingEvent) -> RemoteEvent:
        raw = _strictly(event)
        with self._server.call("reminders.update", write=True):
            calendar, item = self._by_id(remote_id)
            if item is None or item.version != version:
                raise Conflict("the event is not what we last saw")
            if _uid(item) != event.uid:
                raise Refused("an event keeps its UID")
            if event.words_only and isinstance(item.content, bytes):
                raw = ics.reword(item.content, event)
            return _remote(calendar, calendar.change(item.item_id, self._server.stores(raw)))

    def look(self, events: Sequence[tuple[str, str]]) -> Sequence[RemoteEvent]:
        with self._server.call("reminders.look"):
            found = []
            for remote_id, uid in events:
                calendar, item = self._by_id(remote_id)
                found.append(_remote(calendar, item) if item else self._by_uid(uid, frozenset()))
            return found

    def withdraw(self, remote_id: str, version: str) -> RemoteEvent:
        with self._server.call("reminders.withdraw", write=True):
            calendar, item = self._by_id(remote_id)
            if item is None:
                return RemoteEvent(Whereabouts.GONE, remote_id)
            if item.version != version:
                raise Conflict("the event is not what we last saw")
            calendar.delete(item.item_id)
            return RemoteEvent(Whereabouts.GONE, remote_id)

    def _by_id(self, remote_id: str) -> tuple[Calendar, Item[bytes | EventItem] | None]:
        for name, calendar in self._server.calendars.items():
            if remote_id in calendar.items:
                return calendar, calendar.items[remote_id]
            if remote_id.startswith(f"{name}-"):
                return calendar, None
        raise Refused(f"{remote_id!r} was never the id of an event")

    def _by_uid(self, uid: str, unseen: frozenset[str] | set[str]) -> RemoteEvent:
        for calendar, item in self._all():
            if item.item_id not in unseen and _uid(item) == uid:
                return _remote(calendar, item)
        return RemoteEvent(Whereabouts.GONE, uid=uid)

    def _all(self) -> Iterator[tuple[Calendar, Item[bytes | EventItem]]]:
        for calendar in self._server.calendars.values():
            for item in list(calendar.items.values()):
                yield calendar, item


def _uid(item: Item[bytes | EventItem]) -> str:
    if isinstance(item.content, EventItem):
        return item.content.uid
    try:
        return ics.event_state(item.item_id, item.version, item.content).uid
    except BrokenItem:
        return ""


def _remote(calendar: Calendar, item: Item[bytes | EventItem]) -> RemoteEvent:
    if isinstance(item.content, EventItem):
        return RemoteEvent(Whereabouts.PRESENT, item.item_id, item.version, uid=item.content.uid)
    return ics.event_state(item.item_id, item.version, item.content)


def _strictly(event: OutgoingEvent) -> bytes:
    raw = ics.write_event(event)
    if INVITES.search(raw.replace(b"\r\n ", b"").replace(b"\n ", b"")):
        raise Refused("a reminder invites nobody")
    if event.end <= event.start:
        raise Refused("a reminder ends after it starts")
    return raw
