"""Which accounts may be written to. None may until the user says so: observe first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, select

from daemon.store.dialect import insert
from daemon.store.tables import enablement


def enable(conn: Connection, account: str, since: datetime, now: datetime) -> None:
    """Allow writing; occasions before ``since`` (UTC) never make a draft. Said again, it moves ``since``."""
    values = {"since": since, "enabled_at": now}
    statement = insert(conn, enablement).values(account=account, **values)
    conn.execute(statement.on_conflict_do_update(index_elements=["account"], set_=values))


def disable(conn: Connection, account: str) -> bool:
    """Go back to observing; whether it was enabled."""
    return conn.execute(delete(enablement).where(enablement.c.account == account)).rowcount > 0


def since(conn: Connection, account: str) -> datetime | None:
    """From when on occasions count (UTC); None: the account is only observed."""
    return conn.execute(select(enablement.c.since).where(enablement.c.account == account)).scalar_one_or_none()


def all_since(conn: Connection) -> Mapping[str, datetime]:
    """Every account that may be written to, with its ``since``."""
    return {r.account: r.since for r in conn.execute(select(enablement).order_by(enablement.c.account))}
