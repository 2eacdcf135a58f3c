"""What the user wants to talk about with somebody next time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from daemon.store.tables import agenda


def add(conn: Connection, contact_id: int, text: str, now: datetime, *, confidential: bool = False) -> int:
    """Put something on the agenda; its number."""
    row = insert(agenda).values(contact_id=contact_id, text=text, confidential=confidential, added_at=now)
    key = conn.execute(row).inserted_primary_key
    return int(key[0]) if key is not None else 0


def of_contact(conn: Connection, contact_id: int, *, done: bool = False) -> list[Row[Any]]:
    """What is still to be talked about (with ``done``: and what was), the oldest first."""
    query = select(agenda).where(agenda.c.contact_id == contact_id).order_by(agenda.c.id)
    return list(conn.execute(query if done else query.where(agenda.c.done_at.is_(None))))


def settle(conn: Connection, contact_id: int, number: int, now: datetime) -> bool:
    """Note that it was talked about; False where nothing open of theirs has this number."""
    done = conn.execute(
        update(agenda)
        .where(agenda.c.id == number, agenda.c.contact_id == contact_id, agenda.c.done_at.is_(None))
        .values(done_at=now)
    )
    return bool(done.rowcount)
