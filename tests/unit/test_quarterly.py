"""The quarter's news shared out: caps win, the nearest ties come first, the same today as tomorrow."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from daemon.core.plan import Row
from daemon.core.policy import Policies, Quiet, ReminderRules
from daemon.core.quarterly import Shares, share_out
from daemon.core.resolve import Resolver
from daemon.core.urgency import weight
from daemon.core.wants import DRAFT, UPDATE, Person, UpdateNews, Want, World

NOW = datetime(2026, 12, 21, tzinfo=UTC)  # a Monday
POLICY = Resolver(Policies(), date(2026, 12, 21)).of(set(), (), "")
TIERS = st.sampled_from(["key", "regular", "", "supporting"])


def person(n: int, tier: str) -> Person:
    return Person(n, f"u{n}", f"P{n}", ("partner",), tier, "", POLICY)


def want(n: int) -> Want:
    return Want(f"k{n}", DRAFT, UPDATE, n, "2026-Q4", NOW, "news")


def world(a_day: int, a_week: int, days: int) -> World:
    news = UpdateNews("2026-Q4", frozenset(), NOW, NOW + timedelta(days=days), NOW, ())
    return World(zone="UTC", rules=ReminderRules(), news={"": news}, updates_a_day=a_day, updates_a_week=a_week)


def over_the_window(people: list[Person], there: World, days: int) -> tuple[list[Row], Shares]:
    rows: list[Row] = []
    by_id = {p.contact_id: p for p in people}
    shares = Shares()
    for n in range(days):
        at = NOW + timedelta(days=n)
        for hour in (0, 3):  # twice a day: the second round begins nothing more
            shares = share_out(
                [want(p.contact_id) for p in people], rows, by_id, held=(), world=there, now=at + timedelta(hours=hour)
            )
            rows += [
                Row(w.key, DRAFT, UPDATE, w.contact_id, w.period, "written", created_at=at + timedelta(hours=hour))
                for w in shares.now
            ]
    return rows, shares


@given(st.lists(TIERS, min_size=1, max_size=40), st.integers(0, 4), st.integers(0, 9), st.integers(1, 20))
def test_caps_win_and_whoever_is_left_out_is_no_nearer_than_whoever_is_told(
    tiers: list[str], a_day: int, a_week: int, days: int
) -> None:
    people = [person(n, tier) for n, tier in enumerate(tiers)]
    there = world(a_day, a_week, days)
    by_id = {p.contact_id: p for p in people}
    first = share_out([want(p.contact_id) for p in people], [], by_id, held=(), world=there, now=NOW)
    rows, _ = over_the_window(people, there, days)
    assert max(Counter(world_day(r) for r in rows).values(), default=0) <= a_day
    assert max(Counter(world_day(r).isocalendar()[:2] for r in rows).values(), default=0) <= a_week
    # what was said on the first day came true: those left out, and nobody else, were not told
    assert {r.contact_id for r in rows} == {w.contact_id for w in (*first.now, *first.later)}
    told = [weight(by_id[w.contact_id]) for w in (*first.now, *first.later)]
    left = [weight(by_id[w.contact_id]) for w in first.left]
    assert not left or not told or min(told) >= max(left)


def world_day(row: Row) -> datetime:
    assert row.created_at is not None
    return datetime.combine(row.created_at.date(), datetime.min.time())


def test_who_is_left_out_is_named_supporting_ties_first_and_quiet_days_take_nobody() -> None:
    people = {n: person(n, tier) for n, tier in enumerate(("key", "", "supporting"))}
    found = [want(n) for n in people]
    shares = share_out(found, [], people, held=(), world=world(1, 1, 1), now=NOW)
    assert ([w.contact_id for w in shares.now], [w.contact_id for w in shares.left]) == ([0], [2, 1])
    quiet = replace(world(1, 5, 2), quiet=(Quiet(NOW.date(), NOW.date()),))
    shares = share_out(found, [], people, held=(), world=quiet, now=NOW)
    assert (len(shares.now), [w.contact_id for w in shares.later]) == (0, [0])


def test_a_letter_that_was_never_written_takes_nobodys_turn() -> None:
    people = {0: person(0, ""), 1: person(1, "")}
    never = Row("k1", DRAFT, UPDATE, 1, "2026-Q4", "superseded", created_at=NOW)
    shares = share_out([want(0)], [never], people, held=(), world=world(1, 1, 1), now=NOW)
    assert [w.contact_id for w in shares.now] == [0]


def test_a_letter_that_stands_takes_no_second_place_and_the_held_wait() -> None:
    people = {n: person(n, "") for n in range(3)}
    rows = [Row("k0", DRAFT, UPDATE, 0, "2026-Q4", "written", created_at=NOW - timedelta(days=8))]
    shares = share_out([want(n) for n in people], rows, people, held={1}, world=world(1, 5, 9), now=NOW)
    assert [w.contact_id for w in (*shares.now, *shares.later, *shares.left)] == [2]
    assert replace(world(1, 5, 9), news={}).news == {}
    assert share_out([want(2)], [], people, held=(), world=replace(world(1, 5, 9), news={}), now=NOW) == Shares()
