"""The coming weeks: what is forecast comes true, caps are kept, key ties come first, nobody starves."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from daemon.core.cadence import LastContact
from daemon.core.desired import desired
from daemon.core.due import due
from daemon.core.forecast import Expected, asked_a_week, fits_a_week, forecast, longest_wait
from daemon.core.plan import Plan, make_plan
from daemon.core.policy import MONTH, QUARTER, YEAR, Quiet
from daemon.core.states import DONE, OPEN, SKIPPED
from daemon.core.urgency import urgency
from daemon.core.wants import KEEP_IN_TOUCH, PROMISE, Dismissal, Person, Promise, World
from tests.unit.test_levelling import Life
from tests.unit.test_plan import HOURS, NOW, POLICY, RULES, WORLD, person

DAY = timedelta(days=1)
ZONE = ZoneInfo(HOURS.zone)
TODAY = NOW.astimezone(ZONE).date()
CADENCES = {"key": MONTH, "": QUARTER, "supporting": YEAR}


class Weeks(Life):
    """A life in which the user does what the reminder says on its very day; days pass one by one."""

    world = WORLD

    def plan(self, now: datetime) -> Plan:
        wants = desired(self.people.values(), self.world, now)
        return make_plan(
            wants, list(self.rows.values()), held=(), world=self.world, hours=HOURS, busy=self.busy, now=now
        )

    def morning(self, day: date, hour: int = 7) -> datetime:
        return datetime(day.year, day.month, day.day, hour, tzinfo=ZONE)

    def forecast(self, found: Plan, now: datetime, until: date) -> tuple[Expected, ...]:
        people, rows = self.people.values(), list(self.rows.values())
        return forecast(people, found, rows, world=self.world, hours=HOURS, busy=self.busy, now=now, until=until)

    def answer(self, day: date, *, ticked: bool = True) -> None:
        """In the evening: everybody reminded of today was written to, at their reminder's time.

        Their reminders were ticked off; or they were not, and with the next plan kith takes them back by itself.
        """
        for key, row in list(self.rows.items()):
            if row.state in OPEN and row.starts_at and row.starts_at.astimezone(ZONE).date() == day:
                who = self.people[row.contact_id]
                kept = tuple(p for p in who.promises if not row.period.startswith(p.token))
                last = replace(who.last, outbound=row.starts_at)
                self.people[row.contact_id] = replace(who, reset_at=row.starts_at, last=last, owed=(), promises=kept)
                if ticked:
                    self.rows[key] = replace(row, state=DONE)


def newly_kept(count: int, seed: int = 0) -> dict[int, Person]:
    """People without history, kept today."""
    chance = random.Random(seed)  # noqa: S311
    people = {}
    for n in range(count):
        tier = chance.choice(["key", "", "", "supporting"])
        policy = replace(POLICY, cadence=CADENCES[tier])
        people[n] = person(n, tier=tier, policy=policy, reset_at=None, last=LastContact(), kept_since=NOW)
    return people


def mixed(count: int, seed: int) -> dict[int, Person]:
    """People of all sorts: late, new, owed an answer, promised something, about to meet."""
    chance = random.Random(seed)  # noqa: S311
    people = newly_kept(count, seed)
    for n, who in people.items():
        sort = chance.random()
        if sort < 0.5:
            at = NOW - chance.randrange(400) * DAY
            people[n] = replace(who, reset_at=at, last=LastContact(outbound=at))
        if sort < 0.1:
            by = TODAY + chance.randrange(40) * DAY
            people[n] = replace(people[n], promises=(Promise(f"p{n}", by, "it"),))
        elif sort > 0.95:
            people[n] = replace(who, next_meeting=NOW + chance.randrange(1, 20) * DAY)
    return people


@given(
    seed=st.integers(0, 10_000),
    count=st.integers(1, 80),
    quiet=st.tuples(st.integers(1, 20), st.integers(0, 10)),
    off=st.sets(st.integers(0, 40), max_size=5),
    ticked=st.booleans(),
)
@example(seed=3330, count=51, quiet=(1, 7), off=set(), ticked=False)  # two reminders about one person on one day
@settings(max_examples=10, deadline=None)
def test_what_is_forecast_comes_true_day_by_day(
    seed: int, count: int, quiet: tuple[int, int], off: set[int], ticked: bool
) -> None:
    """As long as nothing happens but what is planned, tomorrow's forecast is today's: no name moves to another day."""
    life = Weeks(random.Random(seed), mixed(count, seed))  # noqa: S311
    silence = Quiet(TODAY + quiet[0] * DAY, TODAY + (quiet[0] + quiet[1]) * DAY)
    life.world = replace(WORLD, quiet=(silence,), off=frozenset(TODAY + n * DAY for n in off))
    until = TODAY + 42 * DAY
    told: set[tuple[date, int, str]] | None = None
    for n in range(42):
        day = TODAY + n * DAY
        now = life.morning(day)
        found = life.plan(now)
        expected = {(e.day, e.contact_id, e.purpose) for e in life.forecast(found, now, until)}
        if told is not None:
            assert {e for e in told if e[0] >= day} == {e for e in expected if e[0] >= day}
        told = expected
        check(expected, life.world)
        life.carry_out(found, now)
        life.check_caps(found)
        for who, each in list(life.people.items()):
            if each.next_meeting is not None and each.next_meeting < life.morning(day + DAY, 0):
                met = replace(each.last, meeting=each.next_meeting)
                life.people[who] = replace(each, last=met, reset_at=each.next_meeting, next_meeting=None)
        life.answer(day, ticked=ticked)


def test_who_answers_a_reminder_in_its_hour_gets_no_other_in_its_place() -> None:
    """It is taken back, and had all the same: else whoever writes at once would be sent on all day."""
    late = {n: person(n, tier="key", reset_at=NOW - 90 * DAY) for n in range(100)}
    life = Weeks(random.Random(1), late)  # noqa: S311
    had: set[str] = set()
    for n in range(5):
        for hour in range(7, 20):
            now = life.morning(TODAY + n * DAY, hour)
            for key, row in life.rows.items():
                if row.state in OPEN and row.starts_at and row.starts_at <= now:
                    who = life.people[row.contact_id]
                    life.people[row.contact_id] = replace(who, reset_at=now, last=replace(who.last, outbound=now))
                    had.add(key)
            life.carry_out(life.plan(now), now)
    days = Counter(r.starts_at.astimezone(ZONE).date() for k, r in life.rows.items() if k in had and r.starts_at)
    assert max(days.values()) == RULES.a_day
    assert sum(days.values()) == 3 * RULES.a_day  # Wednesday to Friday


def check(expected: set[tuple[date, int, str]], world: World) -> None:
    days = Counter(day for day, _, _ in expected)
    weeks = Counter(day.isocalendar()[:2] for day, _, _ in expected)
    assert max(days.values(), default=0) <= RULES.a_day
    assert max(weeks.values(), default=0) <= RULES.a_week
    assert not any(world.closed(day) or day.isoweekday() not in HOURS.days for day in days)


def test_five_hundred_kept_at_once_make_no_flood_and_key_ties_come_first() -> None:
    life = Weeks(random.Random(1), newly_kept(500))  # noqa: S311
    found = life.plan(NOW)
    assert len(found.creates) <= 2 * RULES.a_week  # of two calendar weeks
    expected = life.forecast(found, NOW, TODAY + 55 * DAY)
    check({(e.day, e.contact_id, e.purpose) for e in expected}, WORLD)
    first = [life.people[e.contact_id].tier for e in expected if e.day < TODAY + 28 * DAY]
    assert first.count("key") > 0.9 * len(first)
    assert len(expected) >= 7 * RULES.a_week  # no place is left empty while anybody waits


def test_what_is_unforeseen_moves_only_those_it_concerns() -> None:
    """A skip frees nobody's settled place: what stands stays, and only days still open are filled anew."""
    life = Weeks(random.Random(3), newly_kept(60, 3))  # noqa: S311
    for n in range(21):
        now = life.morning(TODAY + n * DAY)
        found = life.plan(now)
        life.carry_out(found, now)
        stood = {e.contact_id: e for e in life.forecast(Plan(), now, TODAY + 60 * DAY) if e.slot}
        for key in [k for k, r in life.rows.items() if r.state in OPEN][:1]:
            life.close(key, SKIPPED, now)
        after = {e.contact_id: e for e in life.forecast(life.plan(now), now, TODAY + 60 * DAY) if e.slot}
        skipped = {r.contact_id for r in life.rows.values() if r.state == SKIPPED}
        assert all(after[who] == e for who, e in stood.items() if who not in skipped)
        life.answer(TODAY + n * DAY)


def test_nobody_due_waits_longer_than_the_stated_bound() -> None:
    """Three places a week where seven key ties alone ask for more: the others have their turn all the same."""
    people = {}
    for n, tier in enumerate(["key"] * 20 + [""] * 3 + ["supporting"] * 2):
        policy = replace(POLICY, cadence=MONTH if tier == "key" else QUARTER)
        people[n] = person(n, tier=tier, policy=policy, reset_at=None, last=LastContact(), kept_since=NOW)
    life = Weeks(random.Random(1), people)  # noqa: S311
    rules = replace(RULES, a_week=3, a_day=1)
    life.world = replace(WORLD, rules=rules)
    assert asked_a_week(people.values()) > fits_a_week(HOURS, rules)
    bound = {n: longest_wait(p, people.values(), fits_a_week(HOURS, rules), rules) for n, p in people.items()}
    served: set[int] = set()
    for n in range(max(bound.values()).days + QUARTER.days + 14):
        now = life.morning(TODAY + n * DAY)
        for who, each in life.people.items():
            at = due(each)
            assert at is not None
            assert now - at <= bound[who], (each.tier, now - at, bound[who])
        life.carry_out(life.plan(now), now)
        life.answer(TODAY + n * DAY)
        served |= {r.contact_id for r in life.rows.values()}
    assert served == set(people)


def test_lateness_counts_squared_so_that_a_regular_tie_overtakes_key_ties_before_its_second_cadence() -> None:
    """A key tie due today weighs as much as a regular one three quarters of a cadence late (√3 - 1), not two."""
    regular, key = person(1, policy=replace(POLICY, cadence=100 * DAY)), person(2, tier="key")
    assert urgency(regular, 73) < urgency(key, 0) < urgency(regular, 74)


def test_where_all_fits_nobody_waits_much_longer_than_they_were_meant_to() -> None:
    people = newly_kept(20, 1)
    assert asked_a_week(people.values()) < fits_a_week(HOURS, RULES)
    key = next(p for p in people.values() if p.tier == "key")
    assert longest_wait(key, people.values(), 10, RULES) < timedelta(days=45)


def test_a_promise_and_an_answer_owed_stand_in_the_forecast_on_their_days() -> None:
    promising = person(1, reset_at=NOW, promises=(Promise("p", TODAY + 20 * DAY, "the draft"),))
    owing = person(2, reset_at=NOW - DAY, owed=(NOW - DAY,))
    life = Weeks(random.Random(1), {1: promising, 2: owing})  # noqa: S311
    found = {(e.contact_id, e.purpose): e.day for e in life.forecast(life.plan(NOW), NOW, TODAY + 27 * DAY)}
    assert found[1, "promise"] == date(2026, 12, 8)
    assert found[2, "reply-owed"] == date(2026, 11, 23)  # five days after the letter, on the next working day
    assert (2, KEEP_IN_TOUCH) not in found or found[2, KEEP_IN_TOUCH] > found[2, "reply-owed"]


def test_a_promise_that_was_dismissed_does_not_come_back_with_the_next_contact() -> None:
    promise = Promise("p1", TODAY - 5 * DAY, "the slides")
    dealt = Dismissal(PROMISE, "p1", 0, None, NOW - DAY)
    life = Weeks(random.Random(1), {1: person(1, promises=(promise,), dismissals=(dealt,), reset_at=NOW - 85 * DAY)})  # noqa: S311
    found = life.plan(NOW)
    assert {e.purpose for e in life.forecast(found, NOW, TODAY + 200 * DAY)} == {KEEP_IN_TOUCH}
