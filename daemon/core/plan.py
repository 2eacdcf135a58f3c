"""Wants against the ledger: what has to be done remotely. Pure; actions are values and can be printed.

The ledger decides what a key means: a closed row is final for its key, whatever is wanted.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from daemon.core.model import Window
from daemon.core.policy import WorkingHours
from daemon.core.slots import Agenda, Ask, place_all
from daemon.core.states import EDITED, FAILED, OPEN, PENDING, WITHDRAWN, WRITTEN
from daemon.core.wants import ASKED, DRAFT, GIVEN, KEEP_IN_TOUCH, LISTS, PROMISE, REMINDER, Want, World

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Row:
    """One ledger row, as planning reads it. Times UTC."""

    key: str
    kind: str
    purpose: str
    contact_id: int
    period: str
    state: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    moves: int = 0
    queued: bool = False  # a remote write for it is already intended
    created_at: datetime | None = None
    occasion: str = ""
    changed_at: datetime | None = None  # when it came into its state
    words: str = ""  # of a reminder: a digest of what we wrote last; "" where nobody knows

    def takes_a_place(self, leaving: datetime | None = None) -> bool:
        """Whether a reminder counts where it stands, or stood; ``leaving``: it is taken back at that moment.

        One that was answered in its hour is taken back, too: the user had it all the same, and no other comes for it.
        """
        if self.starts_at is None or self.state == FAILED:
            return False
        if self.state == WITHDRAWN:
            return self.changed_at is not None and self.starts_at <= self.changed_at
        return leaving is None or self.starts_at <= leaving


@dataclass(frozen=True, slots=True)
class Create:
    """Write what does not exist yet; ``slot`` for reminders."""

    want: Want
    slot: Window | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """Put a reminder of ours elsewhere. ``ours``: because it passed unanswered, which happens once."""

    row: Row
    slot: Window
    ours: bool


@dataclass(frozen=True, slots=True)
class Refresh:
    """Write a reminder's words anew where it stands; ``words`` is the digest of what it is to say."""

    row: Row
    words: str


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Take back what nobody has touched: its reason has passed, or a stronger one has come (``state``: superseded)."""

    row: Row
    state: str = WITHDRAWN


@dataclass(frozen=True, slots=True)
class Lapse:
    """Passed unanswered a second time, or passed as the user rewrote it: into the digest, no remote write."""

    row: Row


@dataclass(frozen=True, slots=True)
class Release:
    """A reminder the user rewrote and whose reason has passed: it is theirs now, no remote write."""

    row: Row


@dataclass(frozen=True, slots=True)
class Supersede:
    """A letter that is not written, because another one to the same person on the same day has the better reason."""

    want: Want
    by: str  # the key of that other


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do now, and who waits for a free place (the digest)."""

    creates: tuple[Create, ...] = ()
    moves: tuple[Move, ...] = ()
    withdrawals: tuple[Withdraw, ...] = ()
    lapses: tuple[Lapse, ...] = ()
    releases: tuple[Release, ...] = ()
    waiting: tuple[Want, ...] = ()
    superseded: tuple[Supersede, ...] = ()
    refreshes: tuple[Refresh, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do (somebody may still be waiting)."""
        in_store = self.lapses or self.releases or self.superseded
        return not (self.creates or self.moves or self.refreshes or self.withdrawals or in_store)


def make_plan(
    wants: Sequence[Want],
    rows: Sequence[Row],
    *,
    held: Collection[int],
    world: World,
    hours: WorkingHours,
    busy: Sequence[Window],
    now: datetime,
) -> Plan:
    """Compare what should exist with what does.

    ``held`` are contacts about whom nothing is guessed now (an account that matters is unread): for them nothing
    is begun and nothing withdrawn.
    """
    by_key = {row.key: row for row in rows}
    wanted = {want.key: want for want in wants}
    zone = ZoneInfo(world.zone)
    today = now.astimezone(zone).date()

    unwanted = [r for r in rows if r.state in OPEN and r.key not in wanted and r.contact_id not in held]
    withdrawals = tuple(Withdraw(row) for row in unwanted if row.state != EDITED)
    releases = tuple(Release(row) for row in unwanted if row.state == EDITED and row.kind == REMINDER)
    leaving = {w.row.key for w in withdrawals}

    passed, postponed, lapses, standing = [], [], [], []
    for row in rows:
        if row.kind != REMINDER or row.starts_at is None or row.ends_at is None:
            continue
        if row.purpose in LISTS or not row.takes_a_place(now if row.key in leaving else None):
            continue  # (lists have a time of their own and take nobody's place)
        want = wanted.get(row.key)
        is_open = row.state in OPEN and want is not None and row.contact_id not in held
        if is_open and row.state != PENDING and not row.queued and _last_day(row.ends_at, zone) < today:
            if row.moves or row.state == EDITED:  # a move of ours would write over what the user wrote
                lapses.append(Lapse(row))
            else:
                passed.append(row)
                continue  # it leaves its old place: that day is over anyway
        elif (
            want is not None
            and (is_open and row.state == WRITTEN and not row.queued)
            and (later := slot_from(want, world)) > row.ends_at
        ):
            postponed.append((row, later))  # snoozed by hand, or its policy changed
            continue
        standing.append(Window(row.starts_at, row.ends_at))

    asks = [_ask((row, True), now, wanted[row.key]) for row in sorted(passed, key=lambda r: r.key)]
    asks += [_ask((row, False), at, wanted[row.key]) for row, at in sorted(postponed, key=lambda p: p[0].key)]
    stuck: list[Row] = []
    while True:
        agenda = Agenda(hours, world.rules, standing, busy, now, world.closed)
        moved, stay = place_all(agenda, asks)
        if not stay:
            break
        # Where they stand they still take a place, which none of the others may be given: placed anew without them.
        stuck += [row for row, _ in stay]
        standing += [Window(r.starts_at, r.ends_at) for r, _ in stay if r.starts_at and r.ends_at]
        asks = [ask for ask in asks if ask.what not in stay]
    moves = tuple(Move(row, slot, ours) for (row, ours), slot in moved)

    occupied = {(row.contact_id, row.purpose) for row in rows if row.state in OPEN}
    fresh = [
        want
        for want in wants
        if want.key not in by_key
        and want.contact_id not in held
        and ((want.contact_id, want.purpose) not in occupied or _stands_alone(want))
        and (want.create_until is None or now <= want.create_until)
    ]
    reminders = sorted(
        (w for w in fresh if w.kind == REMINDER and world.day(w.due) <= today + world.rules.ahead),
        key=lambda w: order(w, world),
    )
    placed, waiting = place_all(agenda, [_ask(w, slot_from(w, world), w) for w in reminders])
    creates = [Create(want, slot) for want, slot in placed]
    quiet = world.quiet_on(today) is not None  # but what the user asked for by a flag is what they want today
    creates += [
        Create(w)
        for w in sorted(fresh, key=lambda w: w.key)
        if w.kind == DRAFT and w.due <= now and not (quiet and not _stands_alone(w))
    ]
    return Plan(
        creates=tuple(creates),
        moves=moves,
        withdrawals=withdrawals,
        lapses=tuple(lapses),
        releases=releases,
        waiting=tuple(waiting) + tuple(wanted[row.key] for row in stuck),
    )


def order(want: Want, world: World) -> tuple[float, date, int, str]:
    """Who gets a place first: by days, never by hours, so that a forecast holds whatever hour its day brings."""
    return -want.urgency, world.day(want.due), want.contact_id, want.key


def slot_from(want: Want, world: World) -> datetime:
    """From when on a reminder may stand: to keep in touch, from the beginning of its day."""
    return world.midnight(want.due) if want.purpose == KEEP_IN_TOUCH else want.due


def _ask(what: T, due: datetime, want: Want) -> Ask[T]:
    return Ask(what, due, want.days, want.hours)


def _stands_alone(want: Want) -> bool:
    """What the user asked for or promised themselves: one does not wait until another is dealt with."""
    return want.purpose in (PROMISE, *GIVEN) or want.period.startswith(ASKED)


def _last_day(ends_at: datetime, zone: ZoneInfo) -> date:
    """The last day something touches: what ends at midnight, as whole days do, is not of the day after."""
    return (ends_at - timedelta(microseconds=1)).astimezone(zone).date()
