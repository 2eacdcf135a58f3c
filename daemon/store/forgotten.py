"""People the user asked to be forgotten, known only by HMACs, so that a re-sync does not bring them back.

A mark is `mark_of` an address or of a source and its record: with the key secret the same text gives the same mark,
without it nobody can tell whose it is.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection, select

from daemon.store.dialect import insert
from daemon.store.tables import forgotten as table


def mark_of(secret: bytes, *what: str) -> str:
    """The mark of an address, or of a source and a record id."""
    return hmac.new(secret, "\n".join(("forgotten", *what)).encode(), sha256).hexdigest()


def mark(conn: Connection, marks: Collection[str], now: datetime) -> None:
    """Keep these marks; those kept already keep their date."""
    if marks:
        conn.execute(insert(conn, table).on_conflict_do_nothing(), [{"mark": m, "at": now} for m in sorted(set(marks))])


def all_marks(conn: Connection) -> frozenset[str]:
    """Every mark, for whoever checks a whole address book."""
    return frozenset(conn.execute(select(table.c.mark)).scalars())


def unmark(conn: Connection, mark: str) -> None:
    """The user added this one again by hand."""
    conn.execute(table.delete().where(table.c.mark == mark))
