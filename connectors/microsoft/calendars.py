"""Calendars read through calendarView delta queries: instances, each an item of its own.

A delta link is for one fixed window. As the service's window moves on, so seldom a new round begins that something a
year ahead is told in time; what it does not list is asked about. "Removed" may mean deleted, or moved out of the
window: so the event itself is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, timedelta

from connectors.microsoft import events
from connectors.microsoft.cursor import REFRESH, Place
from connectors.microsoft.errors import Status
from connectors.microsoft.http import Client, Json, query, seg, values
from connectors.microsoft.places import Places
from daemon.core.errors import BrokenItem, Refused
from daemon.core.model import Broken, EventItem, EventPage, Interest, Position, Stream, Window

MOVED = timedelta(days=28)
"""How far the service's window goes on before a new round is made for it."""


class _Changes:
    """What one page of a delta comes down to."""

    def __init__(self) -> None:
        self.events: list[Json] = []
        self.gone: list[str] = []
        self.broken: list[Broken] = []


class Calendars:
    """`daemon.core.ports.CalendarSource`. An item's id is the instance's immutable id."""

    def __init__(self, client: Client, places: Places) -> None:
        self._client = client
        self._places = places

    def streams(self) -> Sequence[Stream]:
        return [calendar.stream for calendar in self._places.wanted_calendars()]

    def pages(self, stream: Stream, since: Position, interest: Interest, window: Window) -> Iterator[EventPage]:
        # Raises CursorExpired also in the middle of a pass, where the next link has expired: one full pass.
        done, way = Place.read(since.cursor), Place.read(since.progress)
        if way is None and done is not None and (done.span is None or window.end - done.span.end >= MOVED):
            place = None
        else:
            place = way or done
        full = place is None or (place.full and way is not None)
        span = place.span if place is not None and place.span is not None else window
        base = f"/me/calendars/{seg(stream.name)}"
        link = place.link if place is not None else f"{base}/calendarView/delta?{_within(span)}"
        reading = _Reading(self._client, base, full, span)
        while True:
            answer = self._client.get(link, text=True)
            link, final = self._client.follow(answer, link)
            now = self._client.now()
            if link:
                position = Position(since.cursor, Place(link, now, full, span).text())
            else:
                position = Position(Place(final, now, span=span).text())
            told = values(answer)
            if not (told or link or full or since.progress) and done is not None and now - done.at < REFRESH:
                return
            yield self._page(reading.changes(told), position, full, interest, window)
            if not link:
                return

    def gone(self, stream: Stream, item_ids: Sequence[str]) -> frozenset[str]:
        base = f"/me/calendars/{seg(stream.name)}/events"
        parts = self._client.batch([query(f"{base}/{seg(item_id)}", select="id") for item_id in item_ids])
        return frozenset(i for i, part in zip(item_ids, parts, strict=True) if part.status == 404)

    def busy(self, window: Window) -> Sequence[Window]:
        fields = "id,start,end,isAllDay,isCancelled,responseStatus,showAs,transactionId,originalStartTimeZone"
        spans: list[Window] = []
        zone = self._client.settings.time_zone
        for calendar in filter(lambda c: c.mine, self._places.calendars()):
            link = f"{calendar.path}/calendarView?{_within(window)}&$select={fields}"
            try:
                held = self._client.every(link)
            except Status as error:
                if error.missing:
                    continue  # a calendar deleted since it was listed holds nothing
                raise
            for event in held:
                try:
                    start, end = events.span(event, zone)
                except BrokenItem:
                    continue  # what is broken is said where calendars are read
                start, end = max(start, window.start), min(end, window.end)
                if events.busy(event) and start < end:
                    spans.append(Window(start, end))
        return _merged(spans)

    def _page(self, changes: _Changes, position: Position, full: bool, interest: Interest, window: Window) -> EventPage:
        items: list[EventItem] = []
        broken = list(changes.broken)
        for event in changes.events:
            try:
                items.append(events.read(event, interest, window, self._client.settings.time_zone))
            except BrokenItem as error:
                broken.append(Broken(str(event.get("id", "")), str(error)))
        listed = (*(str(event["id"]) for event in changes.events), *(one.item_id for one in changes.broken))
        return EventPage(tuple(items), position, tuple(changes.gone), listed, tuple(broken), full)


class _Reading:
    """Makes whole events of what a delta tells; remembers the series met in its pass."""

    def __init__(self, client: Client, base: str, full: bool, span: Window) -> None:
        self._client = client
        self._base = base
        self._full = full
        self._span = span
        self._masters: dict[str, Json] = {}

    def changes(self, told: Sequence[Json]) -> _Changes:
        found = _Changes()
        single: list[Json] = []
        ask: list[str] = []
        for one in told:
            if "@removed" in one or (_missing(one) and one.get("type") not in ("occurrence", "seriesMaster")):
                ask.append(str(one.get("id", "")))
            else:
                single.append(one)
        for item_id, event in self._asked(ask, found):
            if event is None:
                found.gone.append(item_id)
            else:
                single.append(event)
        series = [one for one in single if one.get("type") == "seriesMaster"]
        self._masters.update({str(one["id"]): _heritage(one) for one in series if "attendees" in one})
        if not self._full:
            # who is invited to a series is told of its master alone: its instances are read anew
            for master in series:
                single += self._instances(str(master["id"]))
        occurrences = [one for one in single if one.get("type") in ("occurrence", "exception")]
        self._fetch({str(one.get("seriesMasterId")) for one in occurrences if _missing(one)}, found)
        held: dict[str, Json] = {}
        for one in single:
            if one.get("type") == "seriesMaster":
                continue
            held[str(one["id"])] = events.inherit(one, self._masters.get(str(one.get("seriesMasterId")), {}))
        found.events = list(held.values())
        return found

    def _asked(self, ids: Sequence[str], found: _Changes) -> Iterator[tuple[str, Json | None]]:
        """Each event as it is now, None where it positively is not in this calendar."""
        paths = [f"{self._base}/events/{seg(item_id)}" for item_id in ids]
        for item_id, part in zip(ids, self._client.batch(paths, text=True), strict=True):
            if part.status == 404:
                yield item_id, None
            elif part.status == 200:
                yield item_id, part.body
            else:
                found.broken.append(Broken(item_id, "Microsoft refuses to hand it out."))

    def _instances(self, master_id: str) -> list[Json]:
        try:
            return self._client.every(f"{self._base}/events/{seg(master_id)}/instances?{_within(self._span)}")
        except Refused:
            return []  # deleted since it was told: its instances are told as removed

    def _fetch(self, ids: set[str], found: _Changes) -> None:
        missing = sorted(ids - self._masters.keys())
        for item_id, held in self._asked(missing, found):
            if held is not None:
                self._masters[item_id] = _heritage(held)


def _heritage(master: Json) -> Json:
    """What instances have from it, and no more: a pass may meet thousands, and their bodies with them."""
    return {name: master[name] for name in events.INHERITED if name in master}


def _missing(event: Json) -> bool:
    return any(name not in event for name in events.NEEDED)


def _within(span: Window) -> str:
    start, end = (f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" for moment in (span.start, span.end))
    return f"startDateTime={start}&endDateTime={end}"


def _merged(spans: Sequence[Window]) -> list[Window]:
    merged: list[Window] = []
    for one in sorted(spans, key=lambda w: w.start):
        if merged and one.start <= merged[-1].end:
            merged[-1] = Window(merged[-1].start, max(merged[-1].end, one.end))
        else:
            merged.append(one)
    return merged
