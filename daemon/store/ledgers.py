"""The ledger as plans read it."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, select

from daemon.core.plan import Row
from daemon.core.states import OPEN, UNKNOWN
from daemon.core.wants import REMINDER
from daemon.store.tables import ledger, outbox


def rows(conn: Connection, accounts: Collection[str], contact_id: int | None = None) -> list[Row]:
    """The whole ledger, or one person's part of it, the first begun first.

    What stands in an account that is not among these, the configured ones, is out of our hands: its fate is unknown.
    """
    queued = set(conn.execute(select(outbox.c.key).distinct()).scalars())
    query = select(ledger).order_by(ledger.c.created_at, ledger.c.key)
    if contact_id is not None:
        query = query.where(ledger.c.contact_id == contact_id)
    return [
        Row(
            r.key,
            r.kind,
            r.purpose,
            r.contact_id,
            r.period,
            UNKNOWN if r.state in OPEN and r.account not in accounts else r.state,
            r.starts_at,
            r.ends_at,
            r.moves,
            r.key in queued,
            r.created_at,
            r.occasion,
            r.changed_at,
            r.words if r.kind == REMINDER else "",
        )
        for r in conn.execute(query)
    ]
