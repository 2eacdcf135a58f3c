"""Items that could not be read, each with its reason; none of them holds up the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, delete, select, update

from daemon.store.dialect import insert
from daemon.store.tables import quarantine as table


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One item; ``id`` is what the user calls it by, ``at`` (UTC) when it was first met, ``retry`` asks for a
    new try.
    """

    id: int
    account: str
    kind: str
    stream: str
    item_id: str
    reason: str
    at: datetime
    retry: bool


def put(conn: Connection, account: str, kind: str, stream: str, item_id: str, reason: str, now: datetime) -> None:
    """List the item. One already listed keeps its date and takes the new reason; its retry, if any, has failed."""
    statement = insert(conn, table).values(
        account=account, kind=kind, stream=stream, item_id=item_id, reason=reason, at=now
    )
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=["account", "kind", "stream", "item_id"],
            set_={"reason": statement.excluded.reason, "retry": False},
        )
    )


def rows(conn: Connection, account: str | None = None) -> Sequence[Quarantined]:
    """Everything in quarantine, of one account or of all, the oldest first."""
    return _select(conn, account=account)


def to_retry(conn: Connection, account: str, kind: str, stream: str) -> Sequence[Quarantined]:
    """The items of one stream the user wants tried again."""
    return _select(conn, account=account, kind=kind, stream=stream, retry=True)


def mark_retry(conn: Connection, ids: Sequence[int] | None = None) -> int:
    """Ask for a new try of these, or of all; returns how many."""
    statement = update(table).values(retry=True)
    if ids is not None:
        statement = statement.where(table.c.id.in_(ids))
    return conn.execute(statement).rowcount


def remove(conn: Connection, account: str, kind: str, stream: str, item_ids: Sequence[str]) -> None:
    """These could be read at last, or are gone."""
    if item_ids:
        where = and_(table.c.account == account, table.c.kind == kind, table.c.stream == stream)
        conn.execute(
            delete(table).where(where, table.c.item_id == bindparam("which")), [{"which": i} for i in item_ids]
        )


def _select(conn: Connection, **where: str | bool | None) -> Sequence[Quarantined]:
    statement = select(table).order_by(table.c.id)
    for name, value in where.items():
        if value is not None:
            statement = statement.where(table.c[name] == value)
    return [
        Quarantined(r.id, r.account, r.kind, r.stream, r.item_id, r.reason, r.at, r.retry)
        for r in conn.execute(statement)
    ]
