"""History still to be fetched: addresses added after a mail stream was first read.

A row is one address on one stream. Several new addresses are searched for together and share their progress.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, delete, select, update

from daemon.store.dialect import insert
from daemon.store.tables import backfill as table
from daemon.store.tables import cursor


@dataclass(frozen=True, slots=True)
class Backfill:
    """One address still to be looked for in one mail stream. ``progress`` is the connector's own."""

    account: str
    stream: str
    address: str
    progress: str


def add(conn: Connection, addresses: Collection[str]) -> None:
    """Note these new addresses for every mail stream that has a cursor: what is read later finds them by itself.

    One that waits already is left as it is.
    """
    streams = conn.execute(
        select(cursor.c.account, cursor.c.stream).where(
            cursor.c.kind == "mail", (cursor.c.cursor != "") | (cursor.c.progress != "")
        )
    ).all()
    rows = [
        {"account": s.account, "stream": s.stream, "address": a, "progress": ""}
        for s in streams
        for a in sorted(set(addresses))
    ]
    if rows:
        conn.execute(insert(conn, table).on_conflict_do_nothing(), rows)


def waiting(conn: Connection, account: str, stream: str) -> Sequence[Backfill]:
    """The addresses to look for together in one stream, all of the same progress, in a stable order.

    A search under way goes first and alone: a place inside it means nothing to addresses it did not ask for.
    """
    found = [_row(r) for r in conn.execute(select(table).where(_is(account, stream)).order_by(table.c.address))]
    under_way = next((b.progress for b in found if b.progress), "")
    return [b for b in found if b.progress == under_way]


def rows(conn: Connection) -> Sequence[Backfill]:
    """Everything still to be looked for, in a stable order."""
    return [_row(r) for r in conn.execute(select(table).order_by(table.c.account, table.c.stream, table.c.address))]


def progress(conn: Connection, account: str, stream: str, addresses: Collection[str], text: str) -> None:
    """Note how far a search for these addresses has come."""
    if addresses:
        conn.execute(
            update(table).where(_is(account, stream), table.c.address == bindparam("which")).values(progress=text),
            [{"which": a} for a in addresses],
        )


def done(conn: Connection, account: str, stream: str, addresses: Collection[str]) -> None:
    """The search for these addresses has come to its end.

    One by one by the unique index: before its statistics are made, PostgreSQL reads all for each list of addresses.
    """
    if addresses:
        conn.execute(
            delete(table).where(_is(account, stream), table.c.address == bindparam("which")),
            [{"which": a} for a in addresses],
        )


def forget(conn: Connection, address: str) -> None:
    """Look for this address no longer."""
    conn.execute(delete(table).where(table.c.address == address))


def _is(account: str, stream: str) -> ColumnElement[bool]:
    return and_(table.c.account == account, table.c.stream == stream)


def _row(r: Row[Any]) -> Backfill:
    return Backfill(r.account, r.stream, r.address, r.progress)
