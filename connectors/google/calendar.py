"""Calendars read through the Calendar API: what changed by sync token, series told whole and expanded by us.

A pass lists recurring events and their exceptions as they are (``singleEvents`` off). Google would expand them, but a
sync token then tells only of instances that changed: the one that comes within reach next month was never news. So a
series becomes one item with a reduced master, which the service expands anew as its window moves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, timedelta
from typing import Any

from connectors.google import events as said
from connectors.google.calendar_api import CalendarApi
from connectors.google.events import Calendar, Event
from daemon.core.errors import BrokenItem, CursorExpired, TryLater
from daemon.core.model import Broken, EventItem, EventPage, Interest, Position, Stream, Window
from daemon.formats import ics

BEYOND = timedelta(days=2 * 366)
"""How far past the window the exceptions of a series are asked for: they are not told again when it gets there."""

FEW = 20
"""Up to so many items are asked about one by one; for more the calendar is listed first."""

BUSY_SPAN = timedelta(days=60)
BUSY_CALENDARS = 50
"""What one free/busy query may ask for."""


class GoogleCalendars:
    """`daemon.core.ports.CalendarSource`. An item is a single event, or a series under its recurring event's id.

    ``zone`` (IANA) is the user's own: whole days begin at its midnight.
    """

    def __init__(self, api: CalendarApi, zone: str) -> None:
        self._api = api
        self._zone = zone

    def streams(self) -> Sequence[Stream]:
        return [Stream(one.id, one.name) for one in self._api.wanted()]

    def pages(self, stream: Stream, since: Position, interest: Interest, window: Window) -> Iterator[EventPage]:
        calendar = self._api.calendar(stream.name)
        place = _Place.at(since, window)
        while True:
            answer = self._api.changes(calendar.id, place.question())
            page = _Page(self._api, calendar, self._zone, interest, window, place)
            for event in answer.get("items", ()):
                page.take(event)
            page.tell_series()
            place = replace(place, page=str(answer.get("nextPageToken", "")), done=tuple(sorted(page.done)))
            if not place.page and not answer.get("nextSyncToken"):
                raise TryLater("Google Calendar ended a listing without saying where to go on from.")
            position = (
                Position(since.cursor, place.text()) if place.page else Position(str(answer.get("nextSyncToken", "")))
            )
            if place.token and not answer.get("items") and position == since:
                return
            yield EventPage(
                items=tuple(page.items),
                position=position,
                gone=tuple(page.gone),
                listed=tuple(dict.fromkeys(page.listed)),
                broken=tuple(page.broken),
                full=not place.token,
            )
            if not place.page:
                return

    def gone(self, stream: Stream, item_ids: Sequence[str]) -> frozenset[str]:
        calendar = self._api.calendar(stream.name)
        there = self._api.ids(calendar.id) if len(item_ids) > FEW else frozenset()
        missing = set()
        for item_id in item_ids:
            if item_id not in there:
                event = self._api.event(calendar.id, item_id)
                if event is None or said.is_cancelled(event):
                    missing.add(item_id)
        return frozenset(missing)

    def busy(self, window: Window) -> Sequence[Window]:
        calendars = [one.id for one in self._api.all() if one.mine and not one.ours]
        spans: list[Window] = []
        for first in range(0, len(calendars), BUSY_CALENDARS):
            start = window.start
            while start < window.end:
                end = min(start + BUSY_SPAN, window.end)
                spans += self._api.busy(calendars[first : first + BUSY_CALENDARS], Window(start, end))
                start = end
        return merged(spans)


def merged(spans: Sequence[Window]) -> list[Window]:
    """The same time, ascending, no two spans touching."""
    found: list[Window] = []
    for span in sorted(spans, key=lambda one: one.start):
        if found and span.start <= found[-1].end:
            found[-1] = Window(found[-1].start, max(found[-1].end, span.end))
        elif span.start < span.end:
            found.append(span)
    return found


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a pass stands. ``begin`` limits a full pass to what may still matter, the same on all its pages.

    ``done`` are series told whole because of an exception, before their recurring event came along: not to be taken
    for a stranger's by the page that lists it.
    """

    token: str = ""
    page: str = ""
    begin: str = ""
    done: tuple[str, ...] = ()

    @classmethod
    def at(cls, since: Position, window: Window) -> _Place:
        begin = window.start.astimezone(UTC).isoformat()
        if not since.progress:
            return cls(since.cursor, begin=begin)
        try:
            told = json.loads(since.progress)
            return cls(since.cursor, str(told["page"]), str(told["begin"]), tuple(map(str, told["done"])))
        except (ValueError, KeyError, TypeError):
            raise CursorExpired("The position in this calendar cannot be read.") from None

    def text(self) -> str:
        return json.dumps({"page": self.page, "begin": self.begin, "done": self.done}, separators=(",", ":"))

    def question(self) -> Mapping[str, Any]:
        """The parameters that decide what is listed. A token goes with no filter at all."""
        asked: dict[str, Any] = {"syncToken": self.token} if self.token else {"timeMin": self.begin}
        return asked | ({"pageToken": self.page} if self.page else {})


@dataclass
class _Page:
    """One page's events made items."""

    api: CalendarApi
    calendar: Calendar
    zone: str
    interest: Interest
    window: Window
    place: _Place
    items: list[EventItem] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    listed: list[str] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.full = not self.place.token
        self.done = set(self.place.done)
        self._masters: dict[str, Event] = {}
        self._parts: dict[str, list[Event]] = {}  # series -> those of its exceptions that are on this page

    def take(self, event: Event) -> None:
        """Sort one event of the listing; single ones are read at once."""
        name, series = str(event["id"]), said.series_of(event)
        if said.is_cancelled(event):
            if series and not self.full:
                self._parts.setdefault(series, []).append(event)
            elif not series:
                self.gone.append(name)
            return
        self.listed.append(name)
        if series:
            self.listed.append(series)
            if not self.full or said.concerns(event, self.interest):
                self._parts.setdefault(series, []).append(event)
        elif event.get("recurrence"):
            self._masters[name] = event
        elif said.is_ours(event):
            self.items.append(EventItem(name, said.uid_of(event), ours=True))
        else:
            self._read(name, [event])

    def tell_series(self) -> None:
        """Each series the page touches, once, with all its exceptions.

        In a full pass a series that names nobody known is none of ours; told of a change, it is always looked at: the
        person may have been taken off it, or be in one of its exceptions.
        """
        for name in dict.fromkeys([*self._masters, *self._parts]):
            if name in self.done:
                continue
            master, parts = self._masters.get(name), self._parts.get(name, [])
            if self.full and not parts and master is not None and not said.concerns(master, self.interest):
                self._read(name, [master])
                continue
            self._tell(name, master, parts)

    def _tell(self, name: str, master: Event | None, parts: Sequence[Event]) -> None:
        listed = master is not None
        if master is None:
            master = self.api.event(self.calendar.id, name)
        if master is None or said.is_cancelled(master):
            # not (or no more) the user's as a whole: asked to single instances, they have only these
            self.gone += [] if self.full else [name]
            for part in parts:
                if said.is_cancelled(part):
                    self.gone.append(str(part["id"]))
                else:
                    self._read(str(part["id"]), [part])
            return
        if not listed:
            self.done.add(name)
        span = Window(self.window.start, self.window.end + BEYOND)
        instances = self.api.instances(self.calendar.id, name, span)
        me = self._me()
        try:
            told_apart = [one for one in instances if said.differs(one, master, self.calendar, me)]
        except BrokenItem as error:
            self.broken.append(Broken(name, str(error)))
            return
        self._read(name, [master, *told_apart])

    def _read(self, name: str, parts: Sequence[Event]) -> None:
        try:
            text = said.as_ics(parts, self.calendar, self._me())
            self.items.append(ics.read(name, text, self.interest, self.window, self.zone))
        except BrokenItem as error:
            self.broken.append(Broken(name, str(error)))

    def _me(self) -> str:
        return min(self.interest.me, default="")
