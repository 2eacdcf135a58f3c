"""What is to be done: what should exist now (`wanted`) against what does (the ledger)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from daemon.core.errors import KithError
from daemon.core.model import Window
from daemon.core.one_letter import one_letter
from daemon.core.plan import Plan, Row, make_plan
from daemon.core.quarterly import Shares, share_out
from daemon.core.states import OPEN, UNKNOWN
from daemon.core.wants import Person, Want, World
from daemon.service.deps import Deps
from daemon.service.news import News
from daemon.service.wanted import LOOKS_AHEAD, wanted
from daemon.store.tables import ledger, outbox


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything a plan was made from, and the plan. ``news`` is the quarter's letter, if there is one."""

    plan: Plan
    people: Mapping[int, Person]
    wants: Mapping[str, Want]
    world: World
    news: News | None
    faults: tuple[str, ...] = ()  # what is wrong with the quarter's file, or with the settings
    shares: Shares = field(default_factory=Shares)  # of the quarter's letters that are not begun yet


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
    now_wanted = wanted(deps, conn, now, since=since, beyond=beyond)
    persons, world, wants = now_wanted.people, now_wanted.world, dict(now_wanted.wants)
    rows, held = ledger_rows(conn, deps.accounts), {p.contact_id for p in persons.values() if p.held}
    choice = one_letter(list(wants.values()), rows, held=held, world=world, now=now)
    ready = [w for w in wants.values() if w.key not in choice.aside]
    shares = share_out(ready, rows, persons, held=held, world=world, now=now)
    not_today = {w.key for w in (*shares.later, *shares.left)}
    plan = make_plan(
        [w for w in ready if w.key not in not_today],
        rows,
        held=held,
        world=world,
        hours=deps.settings.hours,
        busy=busy,
        now=now,
    )
    for create in (each.create for each in now_wanted.lists if each.create is not None):
        wants[create.want.key] = create.want
        plan = replace(plan, creates=(*plan.creates, create))
    plan = replace(plan, superseded=choice.closed, withdrawals=plan.withdrawals + choice.withdrawn)
    return Situation(plan, persons, wants, world, now_wanted.news, now_wanted.faults, shares)


def ledger_rows(conn: Connection, accounts: Collection[str]) -> list[Row]:
    """The ledger. What stands in an account no longer configured is out of our hands: its fate is unknown."""
    queued = set(conn.execute(select(outbox.c.key).distinct()).scalars())
    return [
        Row(
            r.key,
            r.kind,
            r.purpose,
            r.contact_id,
            r.period,
            UNKNOWN if r.state in OPEN and r.account not in accounts else r.state,
            r.starts_at,
            r.ends_at,
            r.moves,
            r.key in queued,
            r.created_at,
            r.occasion,
        )
        for r in conn.execute(select(ledger).order_by(ledger.c.created_at, ledger.c.key))
    ]


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
        found = situation(deps, conn, now, since=since)
    faults = list(found.faults)
    if not found.plan.moves and not any(c.slot for c in found.plan.creates):
        return found, faults
    busy, errors = busy_times(deps, now)
    errors += faults
    if busy:
        with deps.store.read() as conn:
            found = situation(deps, conn, now, busy=busy, since=since)
    return found, errors
