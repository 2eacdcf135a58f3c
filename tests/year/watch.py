"""What must hold each morning of the simulated year, whatever the user did: told apart from the rules behind it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from daemon.core.due import due
from daemon.core.forecast import fits_a_week, longest_wait
from daemon.core.policy import MONTH, QUARTER
from daemon.core.states import (
    EDITED,
    FAILED,
    OPEN,
    PENDING,
    SENT,
    SKIPPED,
    SUPERSEDED,
    WITHDRAWN,
    WRITTEN,
)  # fmt: skip
from daemon.core.wants import ASKED, DRAFT, LISTS, PROMISE, REMINDER
from daemon.service import planning
from daemon.service.daysoff import days_off
from daemon.service.people import people
from daemon.store import suggestions
from tests.contract.rig import ME, SeenEvent
from tests.contract.samples import message_id
from tests.year.homes import WORK
from tests.year.letters import address_in, base, header, named, still_right, wording
from tests.year.people import DAY, day_of
from tests.year.town import START, Town

ALONE = frozenset({"share", "introduce", "outcome"})
"""What the user asks for one by one: each letter for itself."""

Letters = Mapping[str, Sequence[bytes]]
Events = Mapping[str, Sequence[SeenEvent]]

NEVER = (WITHDRAWN, FAILED, SUPERSEDED)
Words = dict[tuple[int, str], list[tuple[str, frozenset[str]]]]


@dataclass
class Watch:
    """Looks after each round. ``waits`` holds, by tier, the longest anybody was due without a reminder, and how long
    they might have waited at most; ``made`` counts what was written, ``broken`` says which promises were not kept.
    """

    town: Town
    before: dict[str, Any] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    waits: dict[str, tuple[timedelta, timedelta]] = field(default_factory=dict)
    made: Counter[str] = field(default_factory=Counter)
    left: set[str] = field(default_factory=set)  # UIDs of passed reminders of those who were forgotten
    said: Words = field(default_factory=dict)  # to somebody in letters of a sort: the letter's key, and its words
    checked: set[str] = field(default_factory=set)  # letters looked at when they were new

    def look(self) -> None:
        """Everything that must hold now."""
        rows = self.town.house.ledger()
        drafts = {name: side.mail.drafts() for name, side in self.town.sides.items()}
        events = {name: side.calendar.reminders() for name, side in self.town.sides.items()}
        new = [r for r in rows if r.key not in self.before]
        checks: list[Callable[[], None]] = [
            partial(self._caps, rows),
            partial(self._once, rows, drafts, events),
            partial(self._one_letter_a_day, new),
            partial(self._not_too_early, new),
            partial(self._reasons, rows),
            partial(self._recipients_and_words, rows, drafts),
            partial(self._final, rows),
            partial(self._untouched, drafts, events),
            partial(self._employer, rows, drafts, events),
            self._declined,
            partial(self._forgotten, rows),
            self._nothing_left_to_do,
            partial(self._nobody_starves, rows),
            self._nothing_sent,
        ]
        for check in checks:
            try:
                check()
            except AssertionError as e:
                if not any(str(e)[:200] in each for each in self.broken):  # else it is broken still
                    self.broken.append(f"{self.town.today}: {str(e)[:2000]}")
        self.made.update(f"{r.kind} {r.purpose}" for r in new if r.state not in NEVER)
        self.before = {r.key: r for r in rows}

    # -- when and how many -------------------------------------------------------------------------

    def _caps(self, rows: list[Any]) -> None:
        """No day and no week was made fuller than allowed, and no closed day used, by anything placed this morning."""
        settings = self.town.house.settings
        placed = [r for r in rows if r.kind == REMINDER and r.starts_at and r.purpose not in LISTS]
        standing = [  # what was answered in its hour is taken back, and was there all the same
            r for r in placed if r.state != FAILED and (r.state != WITHDRAWN or r.starts_at <= r.changed_at)
        ]
        days = Counter(day_of(r.starts_at) for r in standing)
        weeks = Counter(day_of(r.starts_at).isocalendar()[:2] for r in standing)
        for row in standing:
            old = self.before.get(row.key)
            if row.state != WRITTEN or (old is not None and old.starts_at == row.starts_at):
                continue
            if self.town.dragged.get(row.uid) == row.starts_at:
                continue  # the user may put into a day what they like
            day = day_of(row.starts_at)
            assert days[day] <= settings.reminders.a_day, (day, row)
            assert weeks[day.isocalendar()[:2]] <= settings.reminders.a_week, (day, row)
            assert not any(day in q for q in settings.quiet), f"{day} is quiet"
            off, _ = days_off(settings.hours, day, day)
            assert day not in off, f"{day} is a holiday"
        news = [day_of(r.created_at) for r in rows if r.purpose == "update" and r.state not in (FAILED, SUPERSEDED)]
        assert max(Counter(news).values(), default=0) <= settings.updates_a_day
        assert max(Counter(d.isocalendar()[:2] for d in news).values(), default=0) <= settings.updates_a_week

    def _not_too_early(self, new: list[Any]) -> None:
        """Nobody is reminded of before their time has come, nor before the day the user put it off to."""
        now = self.town.now
        for row in new:
            one = self.town.neighbours.get(row.contact_id)
            if row.kind != REMINDER or row.purpose not in ("keep-in-touch", "reply-owed") or one is None:
                continue
            assert one.active(now), f"{one.name} is not to be reminded of"
            if row.purpose == "reply-owed":
                answered = max(
                    [*one.wrote, *one.logged, *(m.start for m in one.meetings(now))], default=START - 999 * DAY
                )
                assert any(h > answered and h + 5 * DAY <= row.starts_at and now - h <= 45 * DAY for h in one.heard), (
                    row
                )
                continue
            last = one.resets(now)
            if last is not None:
                by = last + one.cadence
                if one.in_turn():
                    by = min(
                        last + MONTH,
                        max([*one.calls, *(m.start for m in one.meetings(now)), START - 60 * DAY]) + QUARTER,
                    )
                assert day_of(row.starts_at) >= day_of(by), (one, row)
            assert all(day_of(row.starts_at) >= day_of(until) for until in one.waits), (one, row)

    def _nobody_starves(self, rows: list[Any]) -> None:
        """Nobody due has waited longer than the stated bound; other reminders and second ones take half the places."""
        settings, now = self.town.house.settings, self.town.now
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
            tier = p.tier or "regular"
            if wait > self.waits.get(tier, (timedelta(0),))[0]:
                self.waits[tier] = (wait, bounds[kind])
            assert wait <= bounds[kind], (p.name, kind, wait, bounds[kind])

    def _closed(self, since: datetime, now: datetime) -> int:
        """Days off and of quiet in between: they do not count as waiting."""
        first, last = day_of(since), day_of(now)
        off, _ = days_off(self.town.house.settings.hours, first, last)
        quiet = {q.first + n * DAY for q in self.town.house.settings.quiet for n in range((q.last - q.first).days + 1)}
        return len([day for day in off | quiet if first <= day <= last])

    # -- exactly one -------------------------------------------------------------------------------

    def _once(self, rows: list[Any], drafts: Letters, events: Events) -> None:
        """One row and at most one item for each purpose and period; one open for each contact and purpose."""
        names = Counter((r.contact_id, r.kind, r.purpose, r.period) for r in rows)
        assert not [name for name, n in names.items() if n > 1]
        alone = [r for r in rows if r.state in OPEN and r.purpose not in (PROMISE, *LISTS, *ALONE)]
        alone = [r for r in alone if not r.period.startswith(ASKED)]
        twice = [name for name, n in Counter((r.contact_id, r.kind, r.purpose) for r in alone).items() if n > 1]
        assert not twice
        news = [r for r in rows if r.purpose == "update" and r.state not in NEVER]
        quarter = Counter((r.contact_id, base(r.period)) for r in news)
        assert max(quarter.values(), default=0) <= 1, "a quarter's news twice"
        # What stands, stands in the books as standing; what the user deleted does not come back.
        standing = {r.message_id for r in rows if r.kind == DRAFT and r.state in OPEN} | set(self.town.edited)
        reminders = {r.uid for r in rows if r.kind == REMINDER} | set(self.town.rewritten)
        for name in self.town.sides:
            letters = Counter(message_id(raw) for raw in drafts[name])
            uids = Counter(e.uid for e in events[name])
            assert max([*letters.values(), *uids.values()], default=0) <= 1, name
            assert set(letters) <= standing, ("a draft nobody knows of", set(letters) - standing)
            assert set(uids) <= reminders | self._left_behind(), "an event nobody knows of"

    def _left_behind(self) -> set[str]:
        """Reminders that had passed when their person was forgotten."""
        gone = {one.contact_id for one in self.town.forgotten}
        self.left |= {r.uid for r in self.before.values() if r.contact_id in gone}
        return self.left

    def _one_letter_a_day(self, new: list[Any]) -> None:
        """Two reasons to write to one person on one day make one letter, unless the user asked for each."""
        mine = [r for r in new if r.kind == DRAFT and r.purpose not in ALONE and not r.period.startswith(ASKED)]
        begun = Counter(r.contact_id for r in mine if r.state in (PENDING, WRITTEN, EDITED))
        assert max(begun.values(), default=0) <= 1, begun
        for row in mine:  # what made room made room for something
            assert row.state != SUPERSEDED or begun[row.contact_id], row

    def _final(self, rows: list[Any]) -> None:
        """What the user skipped, sent or deleted never stands again; nor another letter for the same reason."""
        for row in rows:
            old = self.before.get(row.key)
            if old is not None and old.state in (SENT, SKIPPED, SUPERSEDED, WITHDRAWN, FAILED):
                assert row.state == old.state or (old.state == SKIPPED and row.state == SENT), (old, row)
            if row.message_id in self.town.refused:
                assert row.state not in OPEN, row  # (a letter like it may have been sent by hand)
        refused = {
            (r.contact_id, r.purpose, base(r.period))
            for r in rows
            if r.message_id in self.town.refused and r.purpose != "check-in"
        }
        again = [r for r in rows if r.state in OPEN and (r.contact_id, r.purpose, base(r.period)) in refused]
        assert not again, again

    # -- letters -----------------------------------------------------------------------------------

    def _reasons(self, rows: list[Any]) -> None:
        """No untouched letter outlasts its reason, and none is there without one."""
        for row in rows:
            one = self.town.neighbours.get(row.contact_id)
            if row.kind != DRAFT or row.state != WRITTEN or one is None:
                continue
            if row.period.startswith(ASKED):
                assert one.active(self.town.now), row
            else:
                assert still_right(self.town, row, one), (self.town.now, row, one)

    def _recipients_and_words(self, rows: list[Any], drafts: Letters) -> None:
        """Each new letter goes to one person, at an address of theirs that works, in other words than the last."""
        by_number = {r.message_id: r for r in rows if r.kind == DRAFT}
        state = {r.key: r.state for r in rows}
        for raws in drafts.values():
            for raw in raws:
                number = message_id(raw)
                row = by_number.get(number)
                if row is None or number in self.checked:
                    continue
                self.checked.add(number)
                one, to = self.town.neighbours[row.contact_id], address_in(raw)
                assert to == one.address or (to in one.former and row.period.startswith(ASKED)), (to, row)
                assert to not in (ME, one.no_reply)
                assert header(raw, "From").endswith(f"<{ME}>")
                assert "@lists." not in raw.decode().partition("\r\n\r\n")[0]
                occasion = row.occasion.partition(":")[0] if row.purpose not in ALONE else row.purpose
                words, sort = wording(raw), f"{row.purpose} {occasion} {row.lang}"
                told = self.said.setdefault((one.contact_id, sort), [])
                got = [w for key, w in told if state.get(key) not in NEVER]  # what was taken back they never read
                assert not words or not got or got[-1] != words, (words, row)
                told.append((row.key, words))

    def _untouched(self, drafts: Letters, events: Events) -> None:
        """What the user has edited is as they left it, byte by byte."""
        for number, (side, mine) in self.town.edited.items():
            assert mine in drafts[side], number
        for uid, (side, raw) in self.town.rewritten.items():
            assert raw in [e.raw for e in events[side]], uid

    # -- whom it must not concern ------------------------------------------------------------------

    def _employer(self, rows: list[Any], drafts: Letters, events: Events) -> None:
        """Nothing about job hunting stands in the employer's account, nor has any been put there."""
        hunted = {n.contact_id: n for n in self.town.neighbours.values() if n.hunting}
        theirs = {name for name in self.town.house.rigs if name.startswith(WORK)}
        about = [r for r in rows if r.account in theirs and r.contact_id in hunted]
        assert not [r for r in about if r.state in OPEN and r.state != EDITED and _untouched(r, self.town)], about
        assert not [r for r in about if r.key not in self.before]
        names = [one.name for one in hunted.values()]
        for raw in drafts[WORK]:
            if message_id(raw) not in self.town.edited:
                assert not named(raw, names), raw.decode()
        standing = {
            r.uid for r in rows if r.kind == REMINDER and r.state in (WRITTEN, PENDING) and r.starts_at > self.town.now
        }
        said = "\n".join(_shown(e) for e in events[WORK] if e.uid in standing)
        assert not [name for name in names if f"{name}\n" in said]

    def _declined(self) -> None:
        """What was declined once is not asked again."""
        with self.town.house.store.read() as conn:
            waiting = {each.guess.mark for each in suggestions.rows(conn)}
        assert not waiting & self.town.declined

    def _nothing_sent(self) -> None:
        sent = sum(side.sent() for side in self.town.sides.values())
        assert sent == self.town.sent, "nothing is ever sent but by the user"

    def _forgotten(self, rows: list[Any]) -> None:
        """Of those forgotten there is nothing."""
        gone = {one.contact_id for one in self.town.forgotten}
        assert not [r for r in rows if r.contact_id in gone]

    def _nothing_left_to_do(self) -> None:
        """A second round at the same moment finds nothing."""
        found, errors = planning.make(self.town.house.deps(), self.town.house.clock)
        assert not errors
        assert found.plan.empty, replace(found.plan, waiting=())


def _untouched(row: Any, town: Town) -> bool:
    """Whether it is not the user's by now."""
    return row.message_id not in town.edited and row.uid not in town.rewritten


def _shown(event: SeenEvent) -> str:
    """All an event shows; after a name comes a line's end, whatever stands there."""
    return re.sub(r"[^\w ]|\\\\n", "\n", event.raw.decode().replace("\r\n ", ""))
