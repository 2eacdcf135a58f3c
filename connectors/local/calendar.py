"""Calendars as folders of .ics files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from datetime import timedelta

from connectors.local import disk
from connectors.local.files import Files, Parsed
from connectors.local.shelves import Shelf
from daemon.core.errors import BrokenItem
from daemon.core.model import EventItem, EventPage, Interest, Position, Stream, Window

_LASTS = re.compile(rb"RRULE|RDATE|DURATION|\n[ \t]*:", re.IGNORECASE)  # repeats, or says otherwise how long it is
_DAY = re.compile(rb"^DT(?:START|END)[^:\r\n]*:(\d{8})", re.IGNORECASE | re.MULTILINE)


class LocalCalendar:
    """`daemon.core.ports.CalendarSource`. Items are named ``file#uid``, for a file may hold several events.

    ``zone`` is the IANA name of the zone of times that name none.
    """

    def __init__(self, files: Files[EventItem], zone: str) -> None:
        self._files = files
        self._zone = zone

    def streams(self) -> Sequence[Stream]:
        return [Stream(shelf.name, shelf.label) for shelf in self._files.shelves()]

    def pages(self, stream: Stream, since: Position, interest: Interest, window: Window) -> Iterator[EventPage]:
        from daemon.formats import ics

        def parse(name: str, data: bytes) -> Parsed[EventItem]:
            file = disk.text(os.fsencode(name))
            items, broken = ics.read_all(file, data, interest, window, self._zone)
            ids = tuple(item.item_id for item in items) + tuple(one.item_id for one in broken)
            return Parsed(ids, tuple(items), tuple(broken))

        for page in self._files.changes(self._files.shelf(stream), since, parse):
            yield EventPage(page.items, page.position, page.gone, page.listed, page.broken, page.full)

    def gone(self, stream: Stream, item_ids: Sequence[str]) -> frozenset[str]:
        if not item_ids:
            return frozenset()
        shelf = self._files.shelf(stream)
        files = {disk.text(os.fsencode(name)): name for name in self._files.listing(shelf)}
        missing: set[str] = set()
        for file, asked in _by_file(item_ids).items():
            if file not in files:
                missing.update(asked)
            elif (there := self._uids(shelf, files[file])) is not None:
                missing.update(item_id for item_id in asked if item_id.partition("#")[2] not in there)
        return frozenset(missing)

    def _uids(self, shelf: Shelf, name: str) -> set[str] | None:
        from daemon.formats import ics

        try:
            return set(ics.uids(disk.read_whole(self._files.path_of(shelf, name))))
        except (OSError, BrokenItem):
            return None  # cannot be said

    def busy(self, window: Window) -> Sequence[Window]:
        from daemon.formats import ics

        held = (data for _, _, data in self._files.contents() if _may_touch(data, window))
        return ics.busy(held, window, self._zone)


def _may_touch(data: bytes, window: Window) -> bool:
    """Whether a file may hold an event inside the window: years of past meetings need no parsing."""
    if _LASTS.search(data):
        return True
    days = [found[1] for found in _DAY.finditer(data)]
    first = (window.start - timedelta(days=2)).strftime("%Y%m%d").encode()  # zones, whole days
    last = (window.end + timedelta(days=2)).strftime("%Y%m%d").encode()
    return not days or (max(days) >= first and min(days) <= last)


def _by_file(ids: Sequence[str]) -> dict[str, list[str]]:
    """Item ids ``file#uid`` by file."""
    found: dict[str, list[str]] = {}
    for item_id in ids:
        found.setdefault(item_id.partition("#")[0], []).append(item_id)
    return found
