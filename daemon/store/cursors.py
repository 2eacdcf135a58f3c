"""How far each stream has been read. Written in the transaction that stores the facts, never on its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, select, update

from daemon.core.model import FolderRole, Position, Stream
from daemon.store.dialect import insert
from daemon.store.tables import cursor


@dataclass(frozen=True, slots=True)
class Row:
    """One stream's place. ``kind`` is mail, calendar or contacts.

    ``read_at`` is when the last pass that ended well began (UTC), None before the first.
    """

    account: str
    kind: str
    stream: Stream
    position: Position
    read_at: datetime | None


def get(conn: Connection, account: str, kind: str, stream: str) -> Position:
    """Where the stream has been read to; the empty position where it never was."""
    row = conn.execute(select(cursor.c.cursor, cursor.c.progress).where(_is(account, kind, stream))).one_or_none()
    return Position() if row is None else Position(row.cursor, row.progress)


def put(conn: Connection, account: str, kind: str, stream: Stream, position: Position) -> None:
    """Move the stream's place, and note what the stream is called now."""
    statement = insert(conn, cursor).values(
        account=account,
        kind=kind,
        stream=stream.name,
        cursor=position.cursor,
        progress=position.progress,
        label=stream.label,
        role=stream.role.value,
    )
    new = statement.excluded
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=["account", "kind", "stream"],
            set_={"cursor": new.cursor, "progress": new.progress, "label": new.label, "role": new.role},
        )
    )


def rows(conn: Connection, account: str | None = None) -> Sequence[Row]:
    """All places, of one account or of all, in a stable order."""
    statement = select(cursor).order_by(cursor.c.account, cursor.c.kind, cursor.c.stream)
    if account is not None:
        statement = statement.where(cursor.c.account == account)
    return [
        Row(
            r.account,
            r.kind,
            Stream(r.stream, r.label, FolderRole(r.role) if r.role else FolderRole.OTHER),
            Position(r.cursor, r.progress),
            r.read_at,
        )
        for r in conn.execute(statement)
    ]


def labels(conn: Connection) -> Mapping[tuple[str, str, str], str]:
    """What people call each stream, by account, kind and name."""
    return {(r.account, r.kind, r.stream.name): r.stream.label for r in rows(conn)}


def read_at(conn: Connection, account: str, kind: str, stream: str) -> datetime | None:
    """When the last pass that ended well began (UTC); None before the first."""
    return conn.execute(select(cursor.c.read_at).where(_is(account, kind, stream))).scalar_one_or_none()


def set_read_at(conn: Connection, account: str, kind: str, stream: str, at: datetime) -> None:
    """Note that a pass which began at ``at`` has ended well, also where it found nothing to put a cursor for."""
    statement = insert(conn, cursor).values(account=account, kind=kind, stream=stream, read_at=at)
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=["account", "kind", "stream"], set_={"read_at": statement.excluded.read_at}
        )
    )


def window_end(conn: Connection, account: str, stream: str) -> str:
    """How far a calendar's instances are expanded, as `set_window_end` was told; "" before the first time."""
    found = conn.execute(select(cursor.c.window_end).where(_is(account, "calendar", stream))).scalar_one_or_none()
    return found or ""


def set_window_end(conn: Connection, account: str, stream: str, end: str) -> None:
    """Note how far a calendar's instances are expanded; the calendar has been read before."""
    conn.execute(update(cursor).where(_is(account, "calendar", stream)).values(window_end=end))


def forget(conn: Connection, account: str, kind: str, stream: str) -> None:
    """Drop the place of a stream that is no more."""
    conn.execute(delete(cursor).where(_is(account, kind, stream)))


def _is(account: str, kind: str, stream: str) -> ColumnElement[bool]:
    return and_(cursor.c.account == account, cursor.c.kind == kind, cursor.c.stream == stream)
