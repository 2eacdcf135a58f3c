"""What must hold each morning of the simulated year, whatever the user did: told apart from the rules behind it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from daemon.core.due import due
from daemon.core.forecast import fits_a_week, longest_wait
from daemon.core.policy import JOB_HUNTING
from daemon.core.states import FAILED, OPEN, WITHDRAWN, WRITTEN
from daemon.core.wants import ASKED, DRAFT, LISTS, PROMISE, REMINDER
from daemon.service import planning
from daemon.service.daysoff import days_off
from daemon.service.people import people
from tests.contract.rig import SeenEvent
from tests.contract.samples import message_id
from tests.year.town import DAY, START, WORK, ZONE, Town

PASSES = {"thanks": 7 * DAY, "congratulations": 3 * DAY}
"""How long the reason for a letter lasts, by its purpose; a day for the round to come, quiet time comes on top."""

CATCHING_UP = 5 * DAY


@dataclass
class Watch:
    """Looks after each round. ``wait`` is the longest anybody was due without a reminder, ``made`` what was written."""

    town: Town
    before: dict[str, Any] = field(default_factory=dict)
    wait: timedelta = timedelta(0)
    made: Counter[str] = field(default_factory=Counter)

    def look(self) -> None:
        """Everything that must hold now."""
        rows = self.town.house.ledger()
        self._caps(rows)
        self._once(rows)
        self._passed(rows)
        self._untouched()
        self._employer(rows)
        self._nothing_left_to_do()
        self._nobody_starves(rows)
        sent = sum(len(rig.server.folders["Sent"].items) for rig in self.town.rigs.values())
        assert sent == self.town.sent, "nothing is ever sent but by the user"
        self.made.update(f"{r.kind} {r.purpose}" for r in rows if r.key not in self.before)
        self.before = {r.key: r for r in rows}

    def _caps(self, rows: list[Any]) -> None:
        """No day and no week was made fuller than allowed, and no closed day used, by anything placed this morning."""
        settings = self.town.house.settings
        placed = [r for r in rows if r.kind == REMINDER and r.starts_at and r.purpose not in LISTS]
        standing = [r for r in placed if r.state not in (WITHDRAWN, FAILED)]
        days = Counter(_day(r.starts_at) for r in standing)
        weeks = Counter(_day(r.starts_at).isocalendar()[:2] for r in standing)
        for row in standing:
            old = self.before.get(row.key)
            if row.state != WRITTEN or (old is not None and old.starts_at == row.starts_at):
                continue
            day = _day(row.starts_at)
            assert days[day] <= settings.reminders.a_day, day
            assert weeks[day.isocalendar()[:2]] <= settings.reminders.a_week, day
            assert not any(day in q for q in settings.quiet), f"{day} is quiet"
            off, _ = days_off(settings.hours, day, day)
            assert day not in off, f"{day} is a holiday"

    def _once(self, rows: list[Any]) -> None:
        """One row and at most one item for each purpose and period; one open for each contact and purpose."""
        names = Counter((r.contact_id, r.kind, r.purpose, r.period) for r in rows)
        assert not [name for name, n in names.items() if n > 1]
        alone = [
            r for r in rows if r.state in OPEN and r.purpose not in (PROMISE, *LISTS) and not r.period.startswith(ASKED)
        ]
        twice = [name for name, n in Counter((r.contact_id, r.kind, r.purpose) for r in alone).items() if n > 1]
        assert not twice
        for name, rig in self.town.house.rigs.items():
            letters = Counter(message_id(raw) for raw in rig.drafts())
            events = Counter(e.uid for e in rig.reminders())
            assert max([*letters.values(), *events.values()], default=0) <= 1, name
            known = {r.message_id for r in rows if r.kind == DRAFT} | set(self.town.edited)
            assert set(letters) <= known, "a draft nobody knows of"
            assert set(events) <= {r.uid for r in rows if r.kind == REMINDER}, "an event nobody knows of"

    def _passed(self, rows: list[Any]) -> None:
        """No untouched letter outlasts its reason."""
        now, quiet = self.town.house.clock, self.town.house.settings.quiet
        for row in rows:
            lasts = PASSES.get(row.purpose)
            if row.kind != DRAFT or row.state != WRITTEN or lasts is None or row.period.startswith(ASKED):
                continue
            late = any(timedelta(0) < _day(row.created_at) - q.last <= CATCHING_UP for q in quiet)
            assert now - row.created_at <= max(lasts, CATCHING_UP if late else lasts) + DAY, (row.purpose, row.period)

    def _untouched(self) -> None:
        """What the user has edited is as they left it, byte by byte."""
        for number, (account, mine) in self.town.edited.items():
            assert mine in self.town.house.rigs[account].drafts(), number

    def _employer(self, rows: list[Any]) -> None:
        """Nothing about job hunting has ever come into the employer's account."""
        with self.town.house.store.read() as conn:
            found = {p.contact_id: p for p in people(conn, self.town.house.settings, self.town.house.clock)}
        hunted = {i for i, p in found.items() if JOB_HUNTING & set(p.circles)}
        assert not [r for r in rows if r.account == WORK and r.contact_id in hunted]
        addresses = {self.town.neighbours[i].address.encode() for i in hunted}
        rig = self.town.house.rigs[WORK]
        for raw in (*rig.drafts(), *rig.trashed()):
            assert not [a for a in addresses if b"To:" in raw and a in raw.partition(b"\r\n\r\n")[0]]
        names = {self.town.neighbours[i].name for i in hunted}
        assert not [e for e in rig.reminders() if any(f"{n}\n" in _shown(e) for n in names)]

    def _nothing_left_to_do(self) -> None:
        """A second round at the same moment finds nothing."""
        found, errors = planning.make(self.town.house.deps(), self.town.house.clock)
        assert not errors
        assert found.plan.empty, found.plan

    def _nobody_starves(self, rows: list[Any]) -> None:
        """Nobody due has waited longer than the stated bound; other reminders and second ones take half the places."""
        settings, now = self.town.house.settings, self.town.house.clock
        with self.town.house.store.read() as conn:
            kept = [p for p in people(conn, settings, now, kept_only=True) if p.active]
        reminded = {r.contact_id for r in rows if r.kind == REMINDER and r.state in OPEN and r.purpose not in LISTS}
        fit = fits_a_week(settings.hours, settings.reminders) // 2
        bounds: dict[tuple[str, timedelta], timedelta] = {}
        for p in kept:
            at = due(p)
            if at is None or at >= now or p.contact_id in reminded or p.next_meeting is not None:
                continue
            kind = (p.tier, p.turn.cadence)
            if kind not in bounds:
                bounds[kind] = longest_wait(p, kept, fit, settings.reminders)
            at = max(at, START)  # nobody was kept before
            wait = (now - at) - self._closed(at, now) * DAY
            self.wait = max(self.wait, wait)
            assert wait <= bounds[kind], (p.name, kind, wait, bounds[kind])

    def _closed(self, since: datetime, now: datetime) -> int:
        """Days off and of quiet in between: they do not count as waiting."""
        first, last = _day(since), _day(now)
        off, _ = days_off(self.town.house.settings.hours, first, last)
        quiet = {q.first + n * DAY for q in self.town.house.settings.quiet for n in range((q.last - q.first).days + 1)}
        return len([day for day in off | quiet if first <= day <= last])


def _shown(event: SeenEvent) -> str:
    """All an event shows; after a name comes a line's end, whatever stands there."""
    return re.sub(r"[^\w ]|\\\\n", "\n", event.raw.decode().replace("\r\n ", ""))


def _day(at: datetime) -> date:
    return at.astimezone(ZONE).date()
