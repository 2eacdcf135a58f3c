"""Address books as folders of .vcf files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from connectors.local import disk
from connectors.local.files import Files, Parsed
from daemon.core.errors import BrokenItem
from daemon.core.model import Broken, Card, CardPage, Position, Stream


class LocalContacts:
    """`daemon.core.ports.ContactSource`. A card without a UID is named after its content."""

    def __init__(self, files: Files[Card]) -> None:
        self._files = files

    def streams(self) -> Sequence[Stream]:
        return [Stream(shelf.name, shelf.label) for shelf in self._files.shelves()]

    def pages(self, stream: Stream, since: Position) -> Iterator[CardPage]:
        for page in self._files.changes(self._files.shelf(stream), since, _parse):
            yield CardPage(page.items, page.position, page.gone, page.listed, page.broken, page.full)

    def gone(self, stream: Stream, item_ids: Sequence[str]) -> frozenset[str]:
        if not item_ids:
            return frozenset()
        shelf = self._files.shelf(stream)
        there: set[str] = set()
        for name in self._files.listing(shelf):
            try:
                parsed = _parse(name, disk.read_whole(self._files.path_of(shelf, name)))
            except (OSError, BrokenItem):
                return frozenset()  # whoever is asked about may be in what cannot be read
            if parsed.broken:
                return frozenset()
            there.update(parsed.ids)
        return frozenset(item_ids) - there


def _parse(name: str, data: bytes) -> Parsed[Card]:
    from daemon.formats.vcard import read_cards

    cards, broken = read_cards(data)
    file = disk.text(os.fsencode(name))
    return Parsed(
        ids=tuple(card.record_id for card in cards),
        items=tuple(cards),
        broken=tuple(Broken(f"{file}#{one.item_id}", one.reason) for one in broken),
    )
