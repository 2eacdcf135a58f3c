"""The end of a key: its ledger row, and what that means for the next period."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from daemon.core.making import counted, stamp
from daemon.core.states import DONE
from daemon.core.wants import KEEP_IN_TOUCH, PROMISE, REMINDER, Person
from daemon.store.tables import dismissal, hand_log, ledger


def close(conn: Connection, key: str, state: str, person: Person | None, now: datetime) -> None:
    """End a key for good, and remember it as dealt with: the next period waits one whole cadence.

    Where contact was made meanwhile the period has changed by itself and nothing needs to wait.
    """
    row = conn.execute(select(ledger).where(ledger.c.key == key)).one()
    conn.execute(update(ledger).where(ledger.c.key == key).values(state=state, changed_at=now))
    if row.kind != REMINDER:
        return
    if (period := counted(row.period)) is None:
        return
    base, n = period
    waits = None
    if person is not None and row.purpose == KEEP_IN_TOUCH and stamp(person.turn.base) == base:
        waits = now + person.policy.cadence
    conn.execute(
        insert(dismissal).values(
            contact_id=row.contact_id, purpose=row.purpose, base=base, n=n, why=state, not_before=waits, at=now
        )
    )
    if row.purpose == PROMISE and state == DONE:
        conn.execute(update(hand_log).where(hand_log.c.identity == base).values(next_done_at=now))
