"""Address books read through CardDAV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from urllib.parse import quote, unquote

from connectors.caldav import dav
from connectors.caldav.changes import Reader
from connectors.caldav.discovery import Finder, NothingThere
from connectors.caldav.http import Client
from connectors.caldav.objects import Objects
from daemon.core.model import Broken, Card, CardPage, Position, Stream
from daemon.formats.vcard import read_cards


class DavBooks:
    """`daemon.core.ports.ContactSource`.

    A card's record is named by the last part of its path: most servers make that of the card's UID, and it is all
    they tell of a card that was deleted.
    """

    def __init__(self, client: Client, finder: Finder, objects: Objects) -> None:
        self._finder = finder
        self._objects = objects
        self._reader = Reader(client, finder, lambda paths: objects.gone(paths))

    def streams(self) -> Sequence[Stream]:
        try:
            return [collection.stream for collection in self._finder.wanted()]
        except NothingThere:
            return []  # a server of calendars alone

    def pages(self, stream: Stream, since: Position) -> Iterator[CardPage]:
        collection = self._finder.collection(stream.name)
        for chunk in self._reader.chunks(collection, since):
            found = self._objects.fetch(collection.path, chunk.paths)
            cards: list[Card] = []
            broken: list[Broken] = []
            for path in chunk.paths:
                if path in found:
                    read, bad = read_cards(found[path].data)
                    cards += [replace(card, record_id=_record(path)) for card in read[:1]]
                    broken += [Broken(_record(path), one.reason) for one in bad[:1] if not read]
            yield CardPage(
                cards=tuple(cards),
                position=chunk.position,
                gone=tuple(map(_record, chunk.gone)),
                listed=tuple(map(_record, chunk.listed)),
                broken=tuple(broken),
                full=chunk.full,
            )

    def gone(self, stream: Stream, item_ids: Sequence[str]) -> frozenset[str]:
        base = stream.name.rstrip("/")
        paths = {dav.path_of(f"{base}/{quote(one, safe='')}"): one for one in item_ids}
        return frozenset(paths[path] for path in self._objects.gone(paths))


def _record(path: str) -> str:
    return unquote(path.rpartition("/")[2])
