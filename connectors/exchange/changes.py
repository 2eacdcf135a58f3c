"""What changed in a calendar or an address book, page by page (SyncFolderItems, [MS-OXWSSYNC] 3.1.4.2)."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.exchange import cursor, ews
from connectors.exchange.session import Session
from daemon.core.model import Position, Stream


def changes(
    session: Session, stream: Stream, since: Position, at_most: int
) -> Iterator[tuple[ews.Changes, Position, bool]]:
    """Pages of at most so many items: what changed, where the page ends, and whether the pass is a full one.

    With nothing new there is none. A pass that was broken off goes on, and stays a full one if it was.

    Raises:
        CursorExpired: the position is not one of this server's.
    """
    state = cursor.read(since.cursor)
    full = not state or since.progress == "full"
    going_on = bool(since.progress)
    while True:
        found = session.read(lambda account, at=state: ews.sync(account, stream.name, at, (), at_most))  # type: ignore[misc]
        if state and not going_on and found.last and not found.changed and not found.gone:
            return
        state, going_on = found.state, True
        progress = "" if found.last else ("full" if full else "more")
        yield found, Position(cursor.written(state), progress), full
        if found.last:
            return
