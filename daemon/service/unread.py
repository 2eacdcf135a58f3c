"""What cannot be known: accounts that could not be read, and the people they matter for."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from daemon.store.tables import health, interaction

UNREAD_FOR = timedelta(days=1)
"""An account not read for so long holds back guesses about the people it matters for."""

NEVER_READ_TRIES = 10
"""An account whose first reading is broken off by the network holds back everybody for so many tries: about a day, as
the back-off goes. After that, or where it waits for the user, it counts as not configured."""


def unread_accounts(conn: Connection, accounts: set[str], now: datetime) -> set[str]:
    """Those of these accounts, the configured ones, some part of which has failed and not been read for a day."""
    return {
        row.account
        for row in conn.execute(select(health).where(health.c.failed_at.is_not(None)))
        if row.account in accounts
        and row.part in ("mail", "calendar")
        and row.failures
        and (row.ok_at is None or row.ok_at < now - UNREAD_FOR)
    }


def in_first_reading(conn: Connection, accounts: set[str]) -> bool:
    """Whether the first reading of an account was broken off: it may matter for anybody."""
    return any(
        row.account in accounts and row.part in ("mail", "calendar") and not row.needs_user
        for row in conn.execute(
            select(health).where(health.c.ok_at.is_(None), health.c.failures.between(1, NEVER_READ_TRIES))
        )
    )


def held_people(conn: Connection, within: Any, unread: set[str]) -> set[int]:
    """People with contact seen in an unread account. ``within`` narrows a column of contact ids."""
    return set(
        conn.execute(
            select(interaction.c.contact_id)
            .where(within(interaction.c.contact_id), interaction.c.account.in_(unread))
            .distinct()
        ).scalars()
    )
