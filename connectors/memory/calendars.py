"""Calendars of a `MemoryServer`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from connectors.memory.changes import changes
from connectors.memory.server import Collection, Item, MemoryServer
from daemon.core.errors import BrokenItem, Refused
from daemon.core.model import Broken, EventItem, EventPage, Interest, Position, Stream, Window
from daemon.formats import ics


class MemoryCalendars:
    """`daemon.core.ports.CalendarSource`. Floating times are taken for UTC."""

    def __init__(self, server: MemoryServer, size: int) -> None:
        self._server = server
        self._size = size

    def streams(self) -> Sequence[Stream]:
        with self._server.call("calendar.streams"):
            return [Stream(name, name) for name in self._server.calendars]

    def pages(self, stream: Stream, since: Position, interest: Interest, window: Window) -> Iterator[EventPage]:
        for page in changes(self._server, "calendar.pages", lambda: self._calendar(stream), since, self._size):
            items, broken = [], []
            for item in page.items:
                try:
                    items.append(_read(item, interest, window))
                except BrokenItem as error:
                    broken.append(Broken(item.item_id, str(error)))
            yield EventPage(
                items=tuple(items),
                position=page.position,
                gone=page.gone,
                listed=page.earlier + tuple(item.item_id for item in page.items),
                broken=tuple(broken),
                full=page.full,
            )

    def gone(self, stream: Stream, item_ids: Sequence[str]) -> frozenset[str]:
        missing = set()
        for item_id in item_ids:
            with self._server.call("calendar.get"):
                if item_id not in self._calendar(stream).items:
                    missing.add(item_id)
        return frozenset(missing)

    def busy(self, window: Window) -> Sequence[Window]:
        with self._server.call("calendar.busy"):
            held = [item.content for calendar in self._server.calendars.values() for item in calendar.items.values()]
        return ics.busy([one for one in held if isinstance(one, bytes)], window, "UTC")

    def _calendar(self, stream: Stream) -> Collection[bytes | EventItem]:
        if stream.name not in self._server.calendars:
            raise Refused(f"there is no calendar {stream.label}")
        return self._server.calendars[stream.name]


def _read(item: Item[bytes | EventItem], interest: Interest, window: Window) -> EventItem:
    if isinstance(item.content, EventItem):
        kept = tuple(m for m in item.content.meetings if window.overlaps(m.start, m.end))
        return replace(item.content, item_id=item.item_id, meetings=kept)
    return ics.read(item.item_id, item.content, interest, window, "UTC")
