"""Items that could not be read, each with its reason; none of them holds up the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, delete, select

from daemon.store.dialect import insert
from daemon.store.tables import quarantine as table


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One item; ``id`` is what the user calls it by, ``at`` (UTC) when it was first met."""

    id: int
    account: str
    kind: str
    stream: str
    item_id: str
    reason: str
    at: datetime


def put(conn: Connection, account: str, kind: str, stream: str, item_id: str, reason: str, now: datetime) -> None:
    """List the item. One already listed keeps its date and takes the new reason."""
    statement = insert(conn, table).values(
        account=account, kind=kind, stream=stream, item_id=item_id, reason=reason, at=now
    )
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=["account", "kind", "stream", "item_id"],
            set_={"reason": statement.excluded.reason},
        )
    )


def rows(conn: Connection, account: str | None = None) -> Sequence[Quarantined]:
    """Everything in quarantine, of one account or of all, the oldest first."""
    query = select(table).order_by(table.c.id)
    if account is not None:
        query = query.where(table.c.account == account)
    return [Quarantined(r.id, r.account, r.kind, r.stream, r.item_id, r.reason, r.at) for r in conn.execute(query)]


def remove(conn: Connection, account: str, kind: str, stream: str, item_ids: Sequence[str]) -> None:
    """These could be read at last, or are gone."""
    if item_ids:
        where = and_(table.c.account == account, table.c.kind == kind, table.c.stream == stream)
        conn.execute(
            delete(table).where(where, table.c.item_id == bindparam("which")), [{"which": i} for i in item_ids]
        )
