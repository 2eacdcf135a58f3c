"""Reminders over many days: what stands stays, no day or week is overfull, nobody is forgotten."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.core.cadence import LastContact
from daemon.core.desired import desired
from daemon.core.making import stamp
from daemon.core.model import Window
from daemon.core.plan import Plan, Row, make_plan
from daemon.core.states import DONE, LAPSED, MOVED, OPEN, SKIPPED, WITHDRAWN, WRITTEN
from daemon.core.wants import KEEP_IN_TOUCH, REPLY_OWED, Dismissal, Person
from tests.unit.test_plan import HOURS, NOW, POLICY, RULES, WORLD, person

DAY = timedelta(days=1)
ZONE = ZoneInfo(HOURS.zone)
TIERS = {"key": 30, "regular": 91, "": 91, "supporting": 365}


@dataclass
class Life:
    """A user with people, days going by, and the reminders written so far; the service's part in little."""

    chance: random.Random
    people: dict[int, Person]
    rows: dict[str, Row] = field(default_factory=dict)
    reminded: dict[int, list[datetime]] = field(default_factory=dict)
    busy: list[Window] = field(default_factory=list)

    def plan(self, now: datetime) -> Plan:
        wants = desired(self.people.values(), WORLD, now)
        busy = [w for w in self.busy if w.end > now]
        return make_plan(wants, list(self.rows.values()), held=(), world=WORLD, hours=HOURS, busy=busy, now=now)

    def carry_out(self, found: Plan, now: datetime) -> None:
        for create in found.creates:
            assert create.want.key not in self.rows, "no key is used twice"
            if create.slot is None:
                continue
            row = Row(
                key=create.want.key,
                kind=create.want.kind,
                purpose=create.want.purpose,
                contact_id=create.want.contact_id,
                period=create.want.period,
                state=WRITTEN,
                starts_at=create.slot.start,
                ends_at=create.slot.end,
            )
            self.rows[row.key] = row
            self.reminded.setdefault(row.contact_id, []).append(now)
        for move in found.moves:
            self.rows[move.row.key] = replace(
                move.row,
                state=WRITTEN,
                starts_at=move.slot.start,
                ends_at=move.slot.end,
                moves=move.row.moves + move.ours,
            )
        for withdraw in found.withdrawals:
            self.close(withdraw.row.key, WITHDRAWN, now)
        for lapse in found.lapses:
            self.close(lapse.row.key, LAPSED, now)

    def close(self, key: str, state: str, now: datetime) -> None:
        row = self.rows[key]
        self.rows[key] = replace(row, state=state, changed_at=now)
        who = self.people[row.contact_id]
        base, _, n = row.period.rpartition("/")
        waits = now + who.policy.cadence if row.purpose == KEEP_IN_TOUCH and stamp(who.reset_at) == base else None
        self.people[who.contact_id] = replace(
            who, dismissals=(*who.dismissals, Dismissal(row.purpose, base, int(n), waits, now))
        )

    def act(self, now: datetime) -> None:
        """What the user does with what stands in front of them that day."""
        for key, row in list(self.rows.items()):
            if row.state not in OPEN or row.starts_at is None or row.ends_at is None or row.starts_at > now + DAY:
                continue
            what = self.chance.random()
            if what < 0.35:
                self.talk(row.contact_id, now)
            elif what < 0.45:
                self.close(key, SKIPPED, now)
            elif what < 0.50:
                later = timedelta(days=self.chance.randrange(1, 30))
                self.rows[key] = replace(row, state=MOVED, starts_at=row.starts_at + later, ends_at=row.ends_at + later)
            elif what < 0.55:
                self.talk(row.contact_id, now)
                self.close(key, DONE, now)
        for who in self.chance.sample(sorted(self.people), max(1, len(self.people) // 40)):
            if self.chance.random() < 0.3:
                self.talk(who, now)
            elif self.chance.random() < 0.3:
                self.people[who] = replace(self.people[who], owed=(*self.people[who].owed, now)[-3:])

    def talk(self, who: int, now: datetime) -> None:
        self.people[who] = replace(self.people[who], reset_at=now, owed=(), last=LastContact(logged=now))

    def check_caps(self, created: Plan) -> None:
        """No placement of ours made a day or a week fuller than allowed."""
        standing = [r for r in self.rows.values() if r.takes_a_place()]
        days: Counter[date] = Counter()
        weeks: Counter[tuple[int, int]] = Counter()
        for row in standing:
            assert row.starts_at is not None
            local = row.starts_at.astimezone(ZONE)
            days[local.date()] += 1
            weeks[local.isocalendar()[:2]] += 1
        slots = [c.slot for c in created.creates if c.slot] + [m.slot for m in created.moves]
        for slot in slots:
            local = slot.start.astimezone(ZONE)
            assert days[local.date()] <= RULES.a_day, local
            assert weeks[local.isocalendar()[:2]] <= RULES.a_week, local


def live(seed: int, count: int, days: int, cycles: int) -> Life:
    chance = random.Random(seed)  # noqa: S311
    people = {}
    for n in range(count):
        tier = chance.choice(sorted(TIERS))
        policy = replace(POLICY, cadence=timedelta(days=TIERS[tier]))
        people[n] = person(n, tier=tier, policy=policy, reset_at=NOW - timedelta(days=chance.randrange(500)))
    life = Life(chance, people)
    for day in range(days):
        midnight = NOW.replace(hour=0) + day * DAY
        if chance.random() < 0.5:
            begin = midnight + timedelta(days=2, hours=chance.randrange(8, 17))
            life.busy.append(Window(begin, begin + timedelta(hours=chance.randrange(1, 5))))
        for n in range(cycles):
            now = midnight + timedelta(hours=7 + 9 * n / cycles)
            stood = {key: row for key, row in life.rows.items() if row.state in OPEN}
            found = life.plan(now)
            moved = {m.row.key for m in found.moves}
            assert all((stood[key].ends_at or now) < now for key in moved), "only what has passed is moved"
            life.carry_out(found, now)
            life.check_caps(found)
            again = life.plan(now)
            if found.withdrawals or found.lapses:  # what follows upon them comes with the next round
                life.carry_out(again, now)
                life.check_caps(again)
                again = life.plan(now)
            assert again.empty, "settled"
            for key, row in stood.items():
                if key not in moved and life.rows[key].state in OPEN:
                    assert life.rows[key] == row, "a slot once placed stays"
            open_rows = [r for r in life.rows.values() if r.state in OPEN]
            assert max(Counter((r.contact_id, r.purpose) for r in open_rows).values(), default=0) <= 1
            both = Counter(r.contact_id for r in open_rows if r.purpose in (KEEP_IN_TOUCH, REPLY_OWED))
            assert max(both.values(), default=0) <= 1, "an answer owed and keep in touch never stand together"
        life.act(midnight + timedelta(hours=18))
    return life


@given(seed=st.integers(0, 10_000), count=st.integers(1, 90), cycles=st.integers(1, 3))
@settings(max_examples=15, deadline=None)
def test_from_day_to_day_what_stands_stays_and_caps_are_kept(seed: int, count: int, cycles: int) -> None:
    live(seed, count, 40, cycles)


def test_nobody_waits_for_ever() -> None:
    """A hundred and fifty people at ten a week, some due again each month: before a year each had their turn."""
    life = live(1, 150, 330, 1)
    talked = {n for n, p in life.people.items() if p.reset_at is not None and p.reset_at > NOW}
    never = set(life.people) - set(life.reminded) - talked
    assert not never, {(n, life.people[n].tier) for n in never}


def test_the_nearest_ties_come_first() -> None:
    people = {
        n: person(n, tier=tier, policy=replace(POLICY, cadence=30 * DAY), reset_at=NOW - 60 * DAY)
        for n, tier in enumerate(["supporting"] * 20 + ["regular"] * 20 + ["key"] * 5)
    }
    life = Life(random.Random(1), people)  # noqa: S311
    first = [c.want.contact_id for c in life.plan(NOW).creates]
    assert set(first[:5]) == {40, 41, 42, 43, 44}
    assert not {n for n in first if n < 20}, "while nearer ones wait"
