"""What a pass under way was told is gone: kept with its cursor, judged together at the pass's end."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, and_, delete, select

from daemon.store.dialect import insert
from daemon.store.tables import vanished as table


def note(
    conn: Connection, account: str, kind: str, stream: str, item_ids: Collection[str], *, back: Collection[str] = ()
) -> None:
    """These are gone; those in ``back`` are there (again)."""
    here = _is(account, kind, stream)
    if back and conn.execute(select(table.c.item_id).where(here).limit(1)).first() is not None:
        listed = set(back)
        stale = [i for i in conn.execute(select(table.c.item_id).where(here)).scalars() if i in listed]
        for item_id in stale:
            conn.execute(delete(table).where(here, table.c.item_id == item_id))
    rows = [{"account": account, "kind": kind, "stream": stream, "item_id": i} for i in sorted(set(item_ids))]
    if rows:
        conn.execute(insert(conn, table).on_conflict_do_nothing(), rows)


def rows(conn: Connection, account: str, kind: str, stream: str) -> frozenset[str]:
    """The items noted as gone in this stream."""
    return frozenset(conn.execute(select(table.c.item_id).where(_is(account, kind, stream))).scalars())


def suspect(conn: Connection, account: str, kind: str, stream: str, item_ids: Collection[str]) -> None:
    """A full pass that ends here did not list these: whether they are gone is still to be asked.

    Kept with the cursor: whoever is killed, or gets no answer, before it was asked leaves the question to the next.
    """
    clear(conn, account, _missing(kind), stream)
    note(conn, account, _missing(kind), stream, item_ids)


def suspects(conn: Connection, account: str, kind: str, stream: str) -> frozenset[str]:
    """The items a full pass missed and nobody has asked about yet."""
    return rows(conn, account, _missing(kind), stream)


def clear(conn: Connection, account: str, kind: str, stream: str) -> None:
    """They have been judged, and the suspects among them asked about."""
    conn.execute(delete(table).where(_is(account, kind, stream) | _is(account, _missing(kind), stream)))


def _missing(kind: str) -> str:
    return f"{kind}-missing"


def _is(account: str, kind: str, stream: str) -> ColumnElement[bool]:
    return and_(table.c.account == account, table.c.kind == kind, table.c.stream == stream)
