"""Address books of a `MemoryServer`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from connectors.memory.changes import changes
from connectors.memory.server import Collection, Item, MemoryServer
from daemon.core.errors import Refused
from daemon.core.model import Broken, Card, CardPage, Position, Stream
from daemon.formats.vcard import read_cards


class MemoryContacts:
    """`daemon.core.ports.ContactSource`. The server's ids are the record ids."""

    def __init__(self, server: MemoryServer, size: int) -> None:
        self._server = server
        self._size = size

    def streams(self) -> Sequence[Stream]:
        with self._server.call("contacts.streams"):
            return [Stream(name, name) for name in self._server.books]

    def pages(self, stream: Stream, since: Position) -> Iterator[CardPage]:
        for page in changes(self._server, "contacts.pages", lambda: self._book(stream), since, self._size):
            read = [_read(item) for item in page.items]
            yield CardPage(
                cards=tuple(card for cards, _ in read for card in cards),
                position=page.position,
                gone=page.gone,
                listed=page.earlier + tuple(item.item_id for item in page.items),
                broken=tuple(broken for _, found in read for broken in found),
                full=page.full,
            )

    def gone(self, stream: Stream, item_ids: Sequence[str]) -> frozenset[str]:
        missing = set()
        for item_id in item_ids:
            with self._server.call("contacts.get"):
                if item_id not in self._book(stream).items:
                    missing.add(item_id)
        return frozenset(missing)

    def _book(self, stream: Stream) -> Collection[bytes | Card]:
        if stream.name not in self._server.books:
            raise Refused(f"there is no address book {stream.label}")
        return self._server.books[stream.name]


def _read(item: Item[bytes | Card]) -> tuple[list[Card], list[Broken]]:
    if isinstance(item.content, Card):
        return [replace(item.content, record_id=item.item_id)], []
    cards, broken = read_cards(item.content)
    return (
        [replace(card, record_id=item.item_id) for card in cards],
        [Broken(item.item_id, one.reason) for one in broken],
    )
