"""Paging through a calendar or address book of a `MemoryServer`: changes and tombstones, in their order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from connectors.memory.server import Collection, Item, MemoryServer
from daemon.core.model import Position

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Changes(Generic[T]):
    """One page: objects as they stand, what was deleted, ids listed before in the same pass, and how to go on."""

    items: tuple[Item[T], ...]
    gone: tuple[str, ...]
    earlier: tuple[str, ...]
    full: bool
    position: Position


def changes(
    server: MemoryServer, name: str, get: Callable[[], Collection[T]], since: Position, size: int
) -> Iterator[Changes[T]]:
    """The pages of one pass. ``progress`` is ``full`` or ``more`` until the pass is done.

    Raises:
        CursorExpired: before the first page.
    """
    full = not since.cursor or since.progress == "full"
    cursor = since.cursor
    first = True
    while True:
        with server.call(name):
            found = get()
            after = found.after(cursor)
            # A full pass on a new cursor has no use for tombstones: it lists what there is.
            dead = [] if full else [(number, key) for key, number in found.deleted.items() if number > after]
            new: list[tuple[int, Item[T] | str]] = [(item.number, item) for item in found.listing(after)]
            new = sorted([*new, *dead], key=lambda pair: pair[0])
            page, rest = new[:size], new[size:]
            cursor = found.cursor(page[-1][0] if page else after)
            # A pass that was stopped lists again what it had listed, so that absence can still be told.
            earlier = tuple(i.item_id for i in found.items.values() if i.number <= after) if full and first else ()
            hidden = found.hidden
        if not page and since.cursor and not since.progress:
            return
        yield Changes(
            items=tuple(one for _, one in page if isinstance(one, Item)),
            gone=tuple(one for _, one in page if isinstance(one, str)),
            earlier=tuple(key for key in earlier if key not in hidden),
            full=full,
            position=Position(cursor, ("full" if full else "more") if rest else ""),
        )
        if not rest:
            return
        first = False
