"""The lease of the cycle (ingest, plan, deliver): of all processes on one store, one works.

The lease is a row with its holder, its end and a number, the fence. Whoever takes a lease that ran out raises the
fence; who held it before finds the newer number and stops. Given back, the row is as it was before: a cycle that
found nothing new leaves no trace. Times are the caller's clock, UTC.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, select, update

from daemon.core.errors import LeaseLost
from daemon.store.dialect import may_write
from daemon.store.engine import Store
from daemon.store.tables import lease as table

CYCLE = "cycle"

TTL = timedelta(minutes=10)
"""Longer than any single network call may take, so that a lease renewed between calls does not run out under way."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease as its holder knows it. ``ttl`` is what each renewal gives anew."""

    name: str
    holder: str
    fence: int
    expires_at: datetime
    ttl: timedelta


@dataclass(frozen=True, slots=True)
class Holder:
    """Who works at present, for `kith status`; ``expires_at`` may have passed if that process died."""

    holder: str
    expires_at: datetime


def acquire(
    store: Store,
    holder: str,
    now: datetime,
    ttl: timedelta = TTL,
    name: str = CYCLE,
    *,
    dead: Callable[[str], bool] = lambda holder: False,
) -> Lease | None:
    """Take the lease, or None where another process has it.

    ``holder`` names one process and no other (host, pid, something random). A lease that would last longer than any
    could has been left behind by a clock that went back since: it is taken too. So is one whose holder is certainly
    ``dead``.
    """
    with store.write() as conn:
        row = conn.execute(select(table).where(table.c.name == name)).one_or_none()
        expires_at = now + ttl
        if row is None:
            fence = 1
            conn.execute(table.insert().values(name=name, holder=holder, expires_at=expires_at, fence=fence))
        else:
            running = row.expires_at is not None and now < row.expires_at <= now + max(ttl, TTL)
            if row.holder and running and not dead(row.holder):
                return None
            fence = row.fence + 1 if row.holder else row.fence
            conn.execute(
                update(table).where(table.c.name == name).values(holder=holder, expires_at=expires_at, fence=fence)
            )
    return Lease(name, holder, fence, expires_at, ttl)


def check(conn: Connection, lease: Lease, now: datetime) -> None:
    """See to it that the lease is still ours: in each transaction of the cycle, and before each remote write.

    Inside `Store.write` nobody can take it before the commit, so one that ran out untaken is still good. Inside
    `Store.read` it must not have run out by ``now``, for it may be taken the next moment; `renew_if_old` keeps it
    from that.

    Raises:
        LeaseLost: another process has it, or may.
    """
    row = conn.execute(
        select(table.c.holder, table.c.fence, table.c.expires_at).where(table.c.name == lease.name)
    ).one_or_none()
    if row is None or row.fence != lease.fence or row.holder != lease.holder:
        raise LeaseLost("Another process has taken over the cycle; this one stops.")
    if not may_write(conn) and (row.expires_at is None or row.expires_at <= now):
        raise LeaseLost("This process was held up for longer than its turn; it stops.")


def renew(store: Store, lease: Lease, now: datetime, ttl: timedelta | None = None) -> Lease:
    """Give the lease new time, in a transaction of its own.

    Raises:
        LeaseLost: another process has it.
    """
    with store.write() as conn:
        return _extend(conn, replace(lease, ttl=ttl or lease.ttl), now)


def renew_if_old(conn: Connection, lease: Lease, now: datetime) -> Lease:
    """`check`, and new time where less than half is left: the lease to go on with. For `Store.write`.

    Raises:
        LeaseLost: another process has it.
    """
    left = lease.expires_at - now
    if lease.ttl / 2 <= left <= lease.ttl:
        check(conn, lease, now)
        return lease
    return _extend(conn, lease, now)


def release(store: Store, lease: Lease) -> None:
    """Give the lease back; one already lost is no error."""
    with store.write() as conn:
        conn.execute(update(table).where(_ours(lease)).values(holder="", expires_at=None))


def current(conn: Connection, name: str = CYCLE) -> Holder | None:
    """Who holds the lease, or None."""
    row = conn.execute(select(table).where(table.c.name == name, table.c.holder != "")).one_or_none()
    return None if row is None else Holder(row.holder, row.expires_at)


def _extend(conn: Connection, lease: Lease, now: datetime) -> Lease:
    done = conn.execute(update(table).where(_ours(lease)).values(expires_at=now + lease.ttl))
    if done.rowcount != 1:
        raise LeaseLost("Another process has taken over the cycle; this one stops.")
    return replace(lease, expires_at=now + lease.ttl)


def _ours(lease: Lease) -> ColumnElement[bool]:
    return and_(table.c.name == lease.name, table.c.fence == lease.fence, table.c.holder == lease.holder)
