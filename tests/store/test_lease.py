"""Of all processes on one store, one works; whoever was held up for too long finds out and stops."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from daemon.core.errors import LeaseLost
from daemon.store import lease, metas
from daemon.store.engine import Store
from daemon.store.tables import lease as table

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TTL = timedelta(minutes=10)
LATE = NOW + TTL


def take(store: Store, holder: str, now: datetime = NOW) -> lease.Lease:
    found = lease.acquire(store, holder, now, TTL)
    assert found is not None
    return found


def row(store: Store) -> dict[str, object]:
    with store.read() as conn:
        return dict(conn.execute(select(table)).mappings().one())


def test_one_works_and_the_other_is_told(store: Store) -> None:
    take(store, "a")
    assert lease.acquire(store, "b", NOW + TTL - timedelta(microseconds=1), TTL) is None
    assert lease.acquire(store, "a", NOW, TTL) is None  # not even the same process twice
    with store.read() as conn:
        assert lease.current(conn) == lease.Holder("a", LATE)


def test_of_many_that_start_at_once_one_wins(store: Store) -> None:
    start = threading.Barrier(8)

    def go(n: int) -> lease.Lease | None:
        start.wait()
        return lease.acquire(store, f"p{n}", NOW, TTL)

    with ThreadPoolExecutor(8) as pool:
        assert len([won for won in pool.map(go, range(8)) if won]) == 1


def test_given_back_it_is_free_and_leaves_no_trace(store: Store) -> None:
    lease.release(store, take(store, "a"))
    before = row(store)
    lease.release(store, take(store, "b"))
    assert row(store) == before
    with store.read() as conn:
        assert lease.current(conn) is None


def test_a_dead_holders_lease_runs_out_and_its_fence_grows(store: Store) -> None:
    dead = take(store, "a")
    heir = take(store, "b", LATE)
    assert heir.fence > dead.fence


def test_who_was_held_up_finds_the_newer_number_and_writes_nothing(store: Store) -> None:
    stopped = take(store, "a")
    heir = take(store, "b", LATE)
    with pytest.raises(LeaseLost), store.write() as conn:
        metas.put(conn, "intent", "of a")
        lease.check(conn, stopped, LATE)
    with pytest.raises(LeaseLost), store.read() as conn:
        lease.check(conn, stopped, LATE)
    with pytest.raises(LeaseLost), store.write() as conn:
        lease.renew_if_old(conn, stopped, LATE)
    with pytest.raises(LeaseLost):
        lease.renew(store, stopped, LATE)
    lease.release(store, stopped)  # gives nothing away that is another's
    with store.write() as conn:
        lease.check(conn, heir, LATE)
        assert metas.get(conn, "intent") is None


def test_a_lease_taken_over_and_given_back_is_lost_all_the_same(store: Store) -> None:
    stopped = take(store, "a")
    lease.release(store, take(store, "b", LATE))
    again = take(store, "a", LATE)  # even by the name of the one that was stopped
    with pytest.raises(LeaseLost), store.write() as conn:
        lease.check(conn, stopped, LATE)
    assert again.fence > stopped.fence


def test_run_out_but_not_taken_it_holds_for_a_writer_and_not_for_a_remote_write(store: Store) -> None:
    mine = take(store, "a")
    with store.write() as conn:
        lease.check(conn, mine, LATE)
    with pytest.raises(LeaseLost, match="held up"), store.read() as conn:
        lease.check(conn, mine, LATE)
    renewed = lease.renew(store, mine, LATE)
    with store.read() as conn:
        lease.check(conn, renewed, LATE)
    assert lease.acquire(store, "b", LATE, TTL) is None


def test_it_is_renewed_only_when_half_is_gone(store: Store) -> None:
    mine = take(store, "a")
    for minutes, expected in ((0, 10), (5, 10), (5.1, 15.1)):
        with store.write() as conn:
            mine = lease.renew_if_old(conn, mine, NOW + timedelta(minutes=minutes))
        assert mine.expires_at == NOW + timedelta(minutes=expected)
        assert row(store)["expires_at"] == mine.expires_at


def test_a_clock_that_went_back_leaves_no_lease_for_a_day(store: Store) -> None:
    old = take(store, "a", NOW + timedelta(days=1))
    heir = take(store, "b")
    assert heir.fence > old.fence


def test_a_holder_whose_clock_went_back_keeps_its_lease(store: Store) -> None:
    mine = take(store, "a", NOW + timedelta(days=1))
    with store.write() as conn:
        mine = lease.renew_if_old(conn, mine, NOW)
    assert mine.expires_at == NOW + TTL
    assert lease.acquire(store, "b", NOW, TTL) is None
