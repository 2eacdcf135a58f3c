"""What is to be done: what should exist now (`wanted`) against what does (the ledger)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from daemon.core.errors import KithError
from daemon.core.mailboxes import told_already
from daemon.core.model import Window
from daemon.core.one_letter import Choice, one_letter
from daemon.core.plan import Plan, Row, make_plan
from daemon.core.quarterly import Shares, share_out
from daemon.core.refreshing import refreshable
from daemon.core.wants import REMINDER, UPDATE, Person, Want, World
from daemon.service.deps import Deps
from daemon.service.news import News
from daemon.service.reminding import words_now
from daemon.service.routing import Router
from daemon.service.wanted import LOOKS_AHEAD, Wanted, wanted


@dataclass(frozen=True, slots=True)
class Situation:
    """A plan and what it was made from, ``at`` a moment. ``news`` is the quarter's letter, if there is one."""

    at: datetime
    plan: Plan
    people: Mapping[int, Person]
    wants: Mapping[str, Want]
    world: World
    news: News | None
    faults: tuple[str, ...] = ()  # what is wrong with the quarter's file, or with the settings
    shares: Shares = field(default_factory=Shares)  # of the quarter's letters that are not begun yet
    told_already: Mapping[str, Person] = field(default_factory=dict)  # letters not begun -> who has it in their mailbox


def situation(
    deps: Deps,
    conn: Connection,
    now: datetime,
    *,
    busy: Sequence[Window] = (),
    since: datetime | None = None,
    beyond: timedelta = LOOKS_AHEAD,
) -> Situation:
    """The plan as of ``now``, from the store alone. ``since`` plans as if writing were enabled from then on.

    Holidays are known as far as ``beyond`` the days reminders are placed in.
    """
    return _planned(deps, _read(deps, conn, now, since, beyond), busy, now)


@dataclass(frozen=True, slots=True)
class _Ground:
    """What plans are made from, as it was read. ``ready`` are the wants whose turn it is, that no stronger letter sets
    aside, and, of reminders, that an account may take.
    """

    found: Wanted
    choice: Choice
    ready: Sequence[Want]
    held: frozenset[int]
    shares: Shares
    told_already: Mapping[str, Person]


def _read(deps: Deps, conn: Connection, now: datetime, since: datetime | None, beyond: timedelta) -> _Ground:
    found = wanted(deps, conn, now, since=since, beyond=beyond)
    held = frozenset(p.contact_id for p in found.people.values() if p.held)
    limited = [w for w in found.wants.values() if w.kind == REMINDER or w.purpose == UPDATE]  # others take no place
    homeless = _homeless(deps, conn, limited, found.people, {row.key for row in found.rows})
    wants = [w for w in found.wants.values() if w.kind != REMINDER or w.key not in homeless]
    told = told_already([w for w in wants if w.key not in homeless], found.rows, found.people)
    wants = [w for w in wants if w.key not in told]
    choice = one_letter(wants, found.rows, held=held, world=found.world, now=now)
    in_turn = [w for w in wants if w.key not in choice.aside or w.key in choice.next]
    shares = share_out(in_turn, found.rows, found.people, held=held, world=found.world, now=now, homeless=homeless)
    not_today = {w.key for w in (*shares.later, *shares.left, *shares.stuck)}
    if not_today:  # what is not begun today must not keep anything else from being written
        wants = [w for w in wants if w.key not in not_today]
        choice = one_letter(wants, found.rows, held=held, world=found.world, now=now)
    ready = [w for w in wants if w.key not in choice.aside]
    behind = tuple(w for w in wants if w.purpose == UPDATE and w.key in choice.aside - choice.next)
    return _Ground(found, choice, ready, held, replace(shares, behind=behind), told)


def _planned(deps: Deps, ground: _Ground, busy: Sequence[Window], now: datetime) -> Situation:
    """The plan. It asks nothing of the store: planned anew around busy times it rests on the same facts."""
    found, choice, ready, held = ground.found, ground.choice, ground.ready, ground.held
    persons, world, rows, wants = found.people, found.world, found.rows, dict(found.wants)
    plan = make_plan(
        ready,
        rows,
        held=held,
        world=world,
        hours=deps.settings.hours,
        busy=busy,
        now=now,
    )
    for create in (each.create for each in found.lists if each.create is not None):
        wants[create.want.key] = create.want
        plan = replace(plan, creates=(*plan.creates, create))
    taken_back = plan.withdrawals
    if found.news_fault:  # while the quarter's file is being mended nothing is concluded from it
        taken_back = tuple(w for w in taken_back if not (w.row.purpose == UPDATE and _may_stand(persons, w.row)))
    plan = replace(plan, superseded=choice.closed, withdrawals=taken_back + choice.withdrawn)
    return Situation(now, plan, persons, wants, world, found.news, found.faults, ground.shares, ground.told_already)


def _may_stand(persons: Mapping[int, Person], row: Row) -> bool:
    return row.contact_id in persons and persons[row.contact_id].active


def _homeless(
    deps: Deps, conn: Connection, wants: Sequence[Want], persons: Mapping[int, Person], known: Collection[str]
) -> frozenset[str]:
    """Keys of those not begun yet that no account may take; none where it is not known what accounts take."""
    router = Router(deps, conn)
    if not deps.connections or not router.enabled:
        return frozenset()
    fresh = [w for w in wants if w.key not in known]
    return frozenset(w.key for w in fresh if not router.account_for(conn, persons[w.contact_id], w))


def busy_times(deps: Deps, now: datetime, beyond: timedelta = LOOKS_AHEAD) -> tuple[list[Window], list[str]]:
    """When the user is taken in the coming weeks, over all calendars; and the sentences of those that failed."""
    span = Window(now, now + deps.settings.reminders.ahead + beyond)
    taken: list[Window] = []
    errors: list[str] = []
    for name, connection in deps.connections.items():
        if connection.calendar is None:
            continue
        try:
            taken.extend(connection.calendar.busy(span))
        except KithError as e:
            errors.append(f"{name}: {e}")
    return taken, errors


def make(deps: Deps, now: datetime, *, since: datetime | None = None) -> tuple[Situation, list[str]]:
    """The plan as of ``now``; calendars are asked for free time only if something is to be placed."""
    with deps.store.read() as conn:
        ground = _read(deps, conn, now, since, LOOKS_AHEAD)
    found = _planned(deps, ground, (), now)
    faults = list(found.faults)
    if found.plan.moves or any(c.slot for c in found.plan.creates):
        busy, errors = busy_times(deps, now)
        found = _planned(deps, ground, busy, now) if busy else found
        faults = errors + faults
    return _kept_up(deps, ground, found, now), faults


def _kept_up(deps: Deps, ground: _Ground, found: Situation, now: datetime) -> Situation:
    """The same, with the reminders that stand and would say something else by now."""
    rows = refreshable(ground.found.rows, found.wants, found.plan, held=ground.held, now=now)
    if not rows:
        return found
    with deps.store.read() as conn:
        refreshes = words_now(deps, conn, ground.found, rows)
    return replace(found, plan=replace(found.plan, refreshes=refreshes)) if refreshes else found
