"""Calendars read through CalDAV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connectors.caldav import dav
from connectors.caldav.changes import Reader
from connectors.caldav.discovery import Finder, NothingThere
from connectors.caldav.http import Client
from connectors.caldav.objects import Objects
from daemon.core.address import normalise
from daemon.core.errors import BrokenItem
from daemon.core.model import Broken, EventItem, EventPage, Interest, Position, Stream, Window
from daemon.formats import ics


class DavCalendars:
    """`daemon.core.ports.CalendarSource`. An item's id is its path on the server."""

    def __init__(self, client: Client, finder: Finder, objects: Objects) -> None:
        self._client = client
        self._finder = finder
        self._objects = objects
        self._reader = Reader(client, finder, lambda paths: objects.gone(paths))

    def streams(self) -> Sequence[Stream]:
        try:
            return [collection.stream for collection in self._finder.wanted()]
        except NothingThere:
            return []  # a server of address books alone

    def pages(self, stream: Stream, since: Position, interest: Interest, window: Window) -> Iterator[EventPage]:
        collection = self._finder.collection(stream.name)
        for chunk in self._reader.chunks(collection, since):
            found = self._objects.fetch(collection.path, chunk.paths)
            items: list[EventItem] = []
            broken: list[Broken] = []
            for path in chunk.paths:
                if path not in found:
                    continue  # deleted since it was listed: the next pass is told
                try:
                    items.append(ics.read(path, found[path].data, interest, window, self._client.settings.time_zone))
                except BrokenItem as error:
                    broken.append(Broken(path, str(error)))
            yield EventPage(
                items=tuple(items),
                position=chunk.position,
                gone=chunk.gone,
                listed=chunk.listed,
                broken=tuple(broken),
                full=chunk.full,
            )

    def gone(self, stream: Stream, item_ids: Sequence[str]) -> frozenset[str]:
        return self._objects.gone(item_ids)

    def busy(self, window: Window) -> Sequence[Window]:
        held: list[bytes] = []
        for collection in self._finder.all():
            url = self._finder.url(collection.path)
            answers = self._client.multistatus("REPORT", url, dav.events_within(window), depth="1").answers
            held += [one.data for one in self._objects.of(answers)]
        settings = self._client.settings
        mine = frozenset(filter(None, (normalise(settings.address), normalise(settings.user))))
        return ics.busy(held, window, settings.time_zone, mine)
