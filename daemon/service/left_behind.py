"""What stands under an account that the configuration names no more: renamed there, or taken out.

It is out of our hands and keeps the place of what would come next, until the name is back or the user says that the
account is gone for good (`kith confirm`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from daemon.core.states import OPEN, PENDING, UNKNOWN, WITHDRAWN
from daemon.core.wants import REMINDER
from daemon.service.closing import close
from daemon.store import enablement, questions
from daemon.store.tables import ledger, outbox

ACCOUNT_GONE = "account-gone"
"""The question's kind; its items are keys of the ledger."""


def standing(conn: Connection, configured: Collection[str]) -> Mapping[str, Sequence[str]]:
    """Account that is not ``configured`` -> keys of what stands there, or is about to."""
    rows = conn.execute(
        select(ledger.c.account, ledger.c.key)
        .where(ledger.c.state.in_(sorted(OPEN)), ledger.c.account.not_in(sorted(configured)))
        .order_by(ledger.c.account, ledger.c.key)
    )
    found: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        found[row.account].append(row.key)
    return found


def to_ask(conn: Connection, configured: Collection[str]) -> tuple[Mapping[str, Sequence[str]], Sequence[int]]:
    """What there is to ask about and was not asked, and the questions that have settled themselves: an account that is
    back may leave again.
    """
    there = standing(conn, configured)
    answered = questions.answered(conn, ACCOUNT_GONE)
    asked = [q for q in questions.open_rows(conn) if q.kind == ACCOUNT_GONE]
    new = {
        account: keys
        for account, keys in there.items()
        if not any(q.account == account for q in answered)
        and not any(q.account == account and set(keys) == set(q.items) for q in asked)
    }
    back = [q.id for q in answered if q.account in configured]
    return new, back + [q.id for q in asked if q.account not in there]


def give_up(conn: Connection, account: str, now: datetime) -> None:
    """The account is gone: its reminders, and what was never written, come anew elsewhere; what became of its drafts
    nobody will know.
    """
    rows = conn.execute(select(ledger).where(ledger.c.account == account, ledger.c.state.in_(sorted(OPEN)))).all()
    for row in rows:
        conn.execute(delete(outbox).where(outbox.c.key == row.key))
        if row.kind == REMINDER or row.state == PENDING:
            close(conn, row.key, WITHDRAWN, None, now)
        else:
            conn.execute(update(ledger).where(ledger.c.key == row.key).values(state=UNKNOWN, changed_at=now))
    enablement.disable(conn, account)
