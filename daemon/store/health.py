"""What works and what does not, by account and part, with a back-off that survives a restart.

Nobody sleeps: a part that failed is left out until its time has come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, select, update

from daemon.core.errors import KithError, NeedsUser, Paced, TryLater
from daemon.store.dialect import insert
from daemon.store.tables import health

FIRST, LONGEST = timedelta(minutes=1), timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Health:
    """One part of one account: mail, calendar, contacts, drafts or reminders. Times are UTC.

    ``error`` is "" while it works; ``failures`` counts those since it last did. ``retry_at`` without an error is when
    a part goes on that has used up its budget.
    """

    account: str
    part: str
    ok_at: datetime | None
    failed_at: datetime | None
    failures: int
    retry_at: datetime | None
    error: str
    needs_user: bool


def backoff(failures: int) -> timedelta:
    """How long to leave a part alone after so many failures in a row: 1, 2, 4 ... minutes, at most 6 hours."""
    doublings = min(max(failures - 1, 0), 16)
    return min(FIRST * (1 << doublings), LONGEST)


def due(conn: Connection, account: str, part: str, now: datetime) -> bool:
    """Whether the part may be tried: it works, its time has come, or the clock went back since it failed."""
    row = conn.execute(select(health.c.retry_at, health.c.failed_at).where(_is(account, part))).one_or_none()
    return row is None or row.retry_at is None or row.retry_at <= now or row.failed_at > now


def waits_for_user(conn: Connection, account: str, part: str, now: datetime) -> bool:
    """Whether the part is left alone till the user has acted, or its time has come."""
    row = conn.execute(select(health.c.needs_user).where(_is(account, part))).one_or_none()
    return row is not None and row.needs_user and not due(conn, account, part, now)


def ok(conn: Connection, account: str, part: str, now: datetime) -> None:
    """The part worked."""
    statement = insert(conn, health).values(account=account, part=part, ok_at=now)
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=["account", "part"],
            set_={"ok_at": now, "failures": 0, "retry_at": None, "error": "", "needs_user": False},
        )
    )


def ok_at(conn: Connection, account: str, part: str) -> datetime | None:
    """When the part last worked, as far as that was noted."""
    return conn.execute(select(health.c.ok_at).where(_is(account, part))).scalar_one_or_none()


def looked(conn: Connection, account: str, part: str, now: datetime) -> None:
    """The part answered a question. What else was said of it stands."""
    statement = insert(conn, health).values(account=account, part=part, ok_at=now)
    conn.execute(statement.on_conflict_do_update(index_elements=["account", "part"], set_={"ok_at": now}))


def failed(
    conn: Connection,
    account: str,
    part: str,
    now: datetime,
    error: str,
    *,
    after: timedelta | None = None,
    needs_user: bool = False,
) -> datetime:
    """The part failed with this sentence; returns when it may be tried again.

    ``after`` is what the server asked for (Retry-After): never less is waited, however long it is. A part that
    needs the user is tried again too, at the longest distance: what they mend elsewhere is noticed by itself, and a
    wrong password tried often would lock the account.
    """
    failures = conn.execute(select(health.c.failures).where(_is(account, part))).scalar_one_or_none() or 0
    wait = LONGEST if needs_user else max(backoff(failures + 1), after or timedelta(0))
    values = {
        "failed_at": now,
        "failures": failures + 1,
        "retry_at": now + wait,
        "error": error,
        "needs_user": needs_user,
    }
    statement = insert(conn, health).values(account=account, part=part, **values)
    conn.execute(statement.on_conflict_do_update(index_elements=["account", "part"], set_=values))
    return now + wait


def paced(conn: Connection, account: str, part: str, now: datetime, after: timedelta) -> None:
    """The part has used up its budget (`Paced`): no failure, and it goes on when its time has come."""
    values = {"failures": 0, "retry_at": now + after, "error": "", "needs_user": False}
    statement = insert(conn, health).values(account=account, part=part, failed_at=now, **values)
    conn.execute(statement.on_conflict_do_update(index_elements=["account", "part"], set_={**values, "failed_at": now}))


def note(conn: Connection, account: str, part: str, now: datetime, error: KithError) -> None:
    """Write down what went wrong, by what is to be done about it."""
    if isinstance(error, Paced):
        paced(conn, account, part, now, error.after or FIRST)
        return
    after = error.after if isinstance(error, TryLater) else None
    failed(conn, account, part, now, str(error), after=after, needs_user=isinstance(error, NeedsUser))


def retry_now(conn: Connection, account: str | None = None) -> None:
    """Forget the waiting: the user asked, or changed the configuration."""
    statement = update(health).values(retry_at=None).where(health.c.retry_at.is_not(None))
    if account is not None:
        statement = statement.where(health.c.account == account)
    conn.execute(statement)


def rows(conn: Connection) -> Sequence[Health]:
    """Every part that was ever tried, in a stable order."""
    statement = select(health).order_by(health.c.account, health.c.part)
    return [
        Health(r.account, r.part, r.ok_at, r.failed_at, r.failures, r.retry_at, r.error, r.needs_user)
        for r in conn.execute(statement)
    ]


def _is(account: str, part: str) -> ColumnElement[bool]:
    return and_(health.c.account == account, health.c.part == part)
