"""The coming weeks, if everything goes as planned: who is reminded of on which day. Pure.

The same rules place a reminder here as in `core.plan`, one morning after the other. What stands already and what is
about to be written is taken as it is; everybody is assumed to be in touch on the day they are reminded of, in the form
that is due. As long as that comes true the forecast of one day is the forecast of the day before.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from daemon.core.cadence import interval
from daemon.core.desired import keep_in_touch, promised, reply_owed
from daemon.core.due import due
from daemon.core.model import Window
from daemon.core.plan import Plan, Row, order, slot_from
from daemon.core.policy import ReminderRules, WorkingHours
from daemon.core.slots import Agenda, Ask
from daemon.core.states import OPEN
from daemon.core.urgency import urgency, weight
from daemon.core.wants import KEEP_IN_TOUCH, LISTS, PROMISE, REMINDER, REPLY_OWED, Person, Want, World

DAY = timedelta(days=1)

Order = tuple[float, date, int, str]


@dataclass(frozen=True, slots=True)
class Expected:
    """One reminder of the coming weeks. ``slot`` where its place is settled; else only the day is."""

    day: date
    contact_id: int
    purpose: str
    slot: Window | None = None


def forecast(
    people: Iterable[Person],
    plan: Plan,
    rows: Sequence[Row],
    *,
    world: World,
    hours: WorkingHours,
    busy: Sequence[Window],
    now: datetime,
    until: date,
) -> tuple[Expected, ...]:
    """Reminders from today to ``until``, by day. ``plan`` is that of now, ``rows`` the ledger it was made from."""
    weeks = _Weeks({p.contact_id: p for p in people if p.active}, plan, rows, world, hours, busy, now)
    day = world.day(now) + DAY
    while day <= until:
        weeks.live(day)
        day += DAY
    return tuple(sorted((e for e in weeks.expected if e.day <= until), key=_in_order))


def _in_order(e: Expected) -> tuple[date, bool, float, int, str]:
    return e.day, e.slot is None, e.slot.start.timestamp() if e.slot else 0.0, e.contact_id, e.purpose


class _Weeks:
    """The days as they pass."""

    def __init__(
        self,
        people: dict[int, Person],
        plan: Plan,
        rows: Sequence[Row],
        world: World,
        hours: WorkingHours,
        busy: Sequence[Window],
        now: datetime,
    ) -> None:
        self.people = people
        self.world = world
        self.expected: list[Expected] = []
        self.open: dict[tuple[int, str, str], Window] = {}
        self.due: dict[int, date] = {}
        gone = {w.row.key for w in plan.withdrawals}
        moved = {m.row.key: m.slot for m in plan.moves}
        today = world.day(now)
        standing: list[Window] = []
        for row in rows:
            stood = Window(row.starts_at, row.ends_at) if row.starts_at and row.ends_at else None
            slot = moved.get(row.key, stood)
            if slot is None or row.kind != REMINDER or row.purpose in LISTS:
                continue
            if not row.takes_a_place(now if row.key in gone else None):
                continue
            if slot.end > now - 8 * DAY:  # the caps count what stood this week, too
                standing.append(slot)
            if row.state in OPEN and row.key not in gone and world.day(slot.start) >= today:
                self._stands(row.contact_id, row.purpose, row.period, slot)
        for want, place in ((c.want, c.slot) for c in plan.creates):
            if place is not None and want.purpose not in LISTS:
                standing.append(place)
                self._stands(want.contact_id, want.purpose, want.period, place)
        self.agenda = Agenda(hours, world.rules, standing, busy, now, world.closed)
        for who in people:
            self._count(who)

    def live(self, day: date) -> None:
        """One day: who was reminded of has been in touch, and its morning's planning."""
        morning = datetime.combine(day, datetime.min.time(), self.agenda.zone)
        for entry, slot in list(self.open.items()):
            if slot.start < morning and entry in self.open:
                del self.open[entry]
                self._in_touch(entry, slot.start, morning)
        self._hold_meetings(morning)
        self.agenda.now = morning
        full: set[frozenset[int] | None] = set()
        for _, who, given in sorted(self._candidates(day, morning), key=lambda c: c[0]):
            days = self.people[who].policy.days
            if days in full:
                continue
            if not self.agenda.has_room(days):
                full.add(days)
                continue
            for want in [given] if given else keep_in_touch(self.people[who], self.world, morning):
                if want.kind == REMINDER:
                    self._place(want)

    def _place(self, want: Want) -> None:
        slot = self.agenda.place(Ask(want, slot_from(want, self.world), want.days, want.hours))
        if slot is not None:
            self._stands(want.contact_id, want.purpose, want.period, slot, settled=False)

    def _stands(self, who: int, purpose: str, period: str, slot: Window, *, settled: bool = True) -> None:
        self.open[who, purpose, period] = slot
        self.expected.append(Expected(self.world.day(slot.start), who, purpose, slot if settled else None))

    def _candidates(self, day: date, morning: datetime) -> Iterable[tuple[Order, int, Want | None]]:
        """Who wants a place this morning, and how urgently; keep in touch is looked at where there is room."""
        horizon = day + self.world.rules.ahead
        reminded = {(who, purpose) for who, purpose, _ in self.open}
        promises = {(who, period) for who, purpose, period in self.open if purpose == PROMISE}
        for who, at in self.due.items():
            if at <= horizon and (who, KEEP_IN_TOUCH) not in reminded:
                yield (-urgency(self.people[who], (day - at).days), at, who, ""), who, None
        for who, p in self.people.items():
            wants = list(reply_owed(p, self.world, morning)) if p.owed and (who, REPLY_OWED) not in reminded else []
            if p.promises:
                wants += [w for w in promised(p, self.world, morning) if (who, w.period) not in promises]
            for want in wants:
                if self.world.day(want.due) <= horizon:
                    yield order(want, self.world), who, want

    def _in_touch(self, entry: tuple[int, str, str], at: datetime, morning: datetime) -> None:
        who, purpose, period = entry
        person = self.people.get(who)
        if person is None:
            return
        form = person.turn.form
        told = {"talk": {"logged": at, "call": at}, "meeting": {"meeting": at}}.get(form, {"outbound": at})
        if purpose == PROMISE:
            person = replace(person, promises=tuple(p for p in person.promises if not period.startswith(p.token)))
        for entry in [e for e in self.open if e[0] == who and e[1] in (KEEP_IN_TOUCH, REPLY_OWED)]:
            self._withdraw(entry, morning)
        settled = tuple(d for d in person.dismissals if d.purpose == PROMISE)  # which no later contact revives
        self.people[who] = replace(
            person, last=replace(person.last, **told), reset_at=at, unanswered=0, owed=(), dismissals=settled
        )
        self._count(who)

    def _withdraw(self, entry: tuple[int, str, str], morning: datetime) -> None:
        """Its reason has passed before its day came. One whose hour has come was there all the same."""
        slot = self.open.pop(entry)
        if slot.start < morning:
            return
        self.agenda.release(slot)
        gone = (self.world.day(slot.start), *entry[:2])
        self.expected = [e for e in self.expected if (e.day, e.contact_id, e.purpose) != gone]

    def _hold_meetings(self, morning: datetime) -> None:
        for who, person in self.people.items():
            at = person.next_meeting
            if at is not None and at < morning:
                met = replace(person.last, meeting=at)
                self.people[who] = replace(person, last=met, reset_at=at, unanswered=0, next_meeting=None)
                for entry in [e for e in self.open if e[:2] == (who, KEEP_IN_TOUCH)]:
                    self._withdraw(entry, morning)
                self._count(who)

    def _count(self, who: int) -> None:
        at = due(self.people[who])
        if at is not None:
            self.due[who] = self.world.day(at)


# -- how much is asked for, and how long one may have to wait ------------------------------------------


def fits_a_week(hours: WorkingHours, rules: ReminderRules) -> int:
    """How many reminders a whole week takes."""
    return min(rules.a_week, rules.a_day * len(hours.days))


def asked_a_week(people: Iterable[Person]) -> float:
    """How many reminders a week the policies ask for, if everybody is answered in time."""
    return sum(7 * DAY / interval(p.turn.cadence, p.unanswered) for p in people if p.active)


def longest_wait(person: Person, everyone: Collection[Person], a_week: int, rules: ReminderRules) -> timedelta:
    """No longer than this does somebody due wait for their reminder's day, if ``a_week`` find a place.

    While one waits, so many days late, only those more urgent are served before them: each of the others once, and
    then again only after a cadence and the lateness that makes them as urgent. With w the weight and c the cadence,
    that is at most ``1 + sqrt(w_j / w_i) * c_i / c_j * ln(1 + T / c_i)`` times in T days. The wait is over before all
    these fill the places there are; the days reminders are placed ahead, and a week's unevenness, come on top. Days on
    which nothing may be placed do not count.
    """
    mine, many = person.turn.cadence / DAY, [p for p in everyone if p.active]
    if not a_week:
        return timedelta.max
    again = sum(math.sqrt(weight(p) / weight(person)) * mine / (p.turn.cadence / DAY) for p in many)
    wait = 0.0
    for _ in range(200):  # climbs to the crossing; each step is smaller than the one before
        wait = (len(many) + again * math.log1p(wait / mine)) * 7 / a_week
    return timedelta(days=math.ceil(wait) + 7) + rules.ahead
