"""What should exist now against what does: facts from the store, decisions from core, intents back into the store.

Intents and their ledger rows commit together, before any remote write.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, select, update

from daemon.core.address import domain_of
from daemon.core.desired import desired
from daemon.core.due import due
from daemon.core.errors import KithError, UserMistake
from daemon.core.forecast import Expected, asked_a_week, fits_a_week, forecast, longest_wait
from daemon.core.keys import draft_message_id, event_uid, make_key
from daemon.core.model import Window
from daemon.core.one_letter import one_letter
from daemon.core.plan import Create, Lapse, Move, Plan, Release, Row, Supersede, Withdraw, make_plan
from daemon.core.quarterly import Shares, share_out
from daemon.core.states import DONE, LAPSED, OPEN, PENDING, SUPERSEDED, UNKNOWN
from daemon.core.wants import (
    ASKED,
    DRAFT,
    KEEP_IN_TOUCH,
    PROMISE,
    REMINDER,
    TOLD,
    Person,
    UpdateNews,
    Want,
    World,
    stamp,
)
from daemon.service import compose
from daemon.service.daysoff import days_off
from daemon.service.deps import Deps
from daemon.service.new_drafts import Morning, morning
from daemon.service.news import News, told_news
from daemon.service.news_due import write_news
from daemon.service.people import people, with_languages
from daemon.service.routing import Router
from daemon.service.week_digest import weekly
from daemon.store import enablement, health, lease, reasons
from daemon.store.tables import dismissal, hand_log, ledger, outbox

LOOKS_AHEAD = timedelta(days=21)
"""How far beyond the days reminders are placed in a plan may look: a snooze, and the fortnight after it."""


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
    news, fault = told_news(deps.settings.updates, now, deps.settings.hours.zone)
    world, unknown = make_world(deps, conn, news, now, since, beyond)
    kept = people(conn, deps.settings, now, kept_only=True, with_asked=True)
    kept = with_languages(conn, kept, deps.renderer.languages(), news=_to_tell(world))
    persons = {p.contact_id: p for p in kept}
    wants = {w.key: w for w in writable(deps, conn, desired(kept, world, now), persons, world, news, now)}
    lists = _lists(deps, conn, persons, world, now)
    wants |= {w.key: w for each in lists for w in each.standing}
    rows, held = _rows(conn, deps.accounts), {p.contact_id for p in kept if p.held}
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
    for create in (each.create for each in lists if each.create is not None):
        wants[create.want.key] = create.want
        plan = replace(plan, creates=(*plan.creates, create))
    plan = replace(plan, superseded=choice.closed, withdrawals=plan.withdrawals + choice.withdrawn)
    return Situation(plan, persons, wants, world, news, tuple(f for f in (fault, unknown) if f), shares)


def _lists(
    deps: Deps, conn: Connection, persons: Mapping[int, Person], world: World, now: datetime
) -> tuple[Morning, ...]:
    """The events about nobody alone."""
    return (
        morning(deps, conn, persons, world, now),
        weekly(deps, conn, persons, world, now),
        write_news(deps, conn, persons, world, now),
    )


def make_world(
    deps: Deps,
    conn: Connection,
    news: News | None,
    now: datetime,
    since: datetime | None = None,
    beyond: timedelta = LOOKS_AHEAD,
) -> tuple[World, str]:
    """What planning reads besides people; and what is wrong with the settings, in a sentence."""
    enabled = enablement.all_since(conn)
    settings = deps.settings
    today = now.astimezone(ZoneInfo(settings.hours.zone)).date()
    off, fault = days_off(settings.hours, today, today + settings.reminders.ahead + beyond)
    world = World(
        zone=settings.hours.zone,
        rules=settings.reminders,
        enabled_since=since or min(enabled.values(), default=None),
        news=UpdateNews(news.quarter, news.circles, news.written_at, news.closes_at) if news else None,
        quiet=settings.quiet,
        off=off,
        trips=tuple(t for _, t in reasons.trips(conn)),
        own_news=tuple(n for _, n in reasons.all_own_news(conn)),
        holidays=deps.settings.holidays,
        updates_a_day=settings.updates_a_day,
        updates_a_week=settings.updates_a_week,
        outcome_after=settings.outcome_after,
        key=partial(make_key, deps.key_secret),
    )
    return world, fault


def _to_tell(world: World) -> bool:
    """Whether there is something that may be told to anybody: then everybody's language matters."""
    return bool(world.news or world.own_news or world.trips)


def still_wanted(deps: Deps, conn: Connection, contact_id: int, key: str, now: datetime) -> bool:
    """Whether one want stands as of this moment: asked again just before its remote write."""
    news, _ = told_news(deps.settings.updates, now, deps.settings.hours.zone)
    world, _ = make_world(deps, conn, news, now)
    found = people(conn, deps.settings, now, only=[contact_id])
    found = with_languages(conn, found, deps.renderer.languages(), news=_to_tell(world))
    persons = {p.contact_id: p for p in found}
    wants = writable(deps, conn, desired(found, world, now), persons, world, news, now)
    lists = _lists(deps, conn, persons, world, now)
    return any(w.key == key for w in (*wants, *(w for each in lists for w in each.standing)))


def writable(
    deps: Deps,
    conn: Connection,
    wants: Sequence[Want],
    persons: Mapping[int, Person],
    world: World,
    news: News | None,
    now: datetime,
) -> list[Want]:
    """The same wants, where a letter for which too little is known has become a reminder (news: nothing).

    What stands in an account that must not hear of its person is not among them: it is taken back.
    """
    out = []
    misplaced = _misplaced(deps, conn, persons, {w.key for w in wants if w.about_hunting})
    asked = {a.key for p in persons.values() for a in p.asked if a.key}
    for want in wants:
        if want.key in misplaced:
            continue
        if want.kind == DRAFT and want.key not in asked:
            person = persons[want.contact_id]
            facts = compose.draft_facts(deps, conn, person, want, news, now)
            if deps.renderer.missing(facts, person.speaks):
                if want.purpose in TOLD or (
                    not want.period.startswith(ASKED)
                    and any(
                        w.purpose == KEEP_IN_TOUCH and w.contact_id == want.contact_id and w.due <= now for w in wants
                    )
                ):
                    continue  # there is a reminder for them already, or none would help
                key = world.key(person.uid, REMINDER, want.purpose, want.period)
                want = replace(want, kind=REMINDER, key=key)
        out.append(want)
    return out


def _misplaced(deps: Deps, conn: Connection, persons: Mapping[int, Person], hunting: Collection[str] = ()) -> set[str]:
    """Keys of what stands in an employer's account about somebody it must not hear of; ``hunting``: keys that are.

    They became a recruiter since, or the account the employer's.
    """
    theirs = sorted(name for name, a in deps.accounts.items() if a.account.employer)
    if not theirs:
        return set()
    rows = conn.execute(
        select(ledger.c.key, ledger.c.contact_id).where(ledger.c.account.in_(theirs), ledger.c.state.in_(OPEN))
    )
    return {r.key for r in rows if r.key in hunting or (r.contact_id in persons and persons[r.contact_id].job_hunting)}


def _rows(conn: Connection, accounts: Collection[str]) -> list[Row]:
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


@dataclass(frozen=True, slots=True)
class Outlook:
    """The coming weeks: what is expected on which day, and the situation it was worked out from.

    ``wait`` is the longest anybody of a tier may wait once due; ``left`` are due by then and find no place.
    """

    found: Situation
    until: date
    expected: tuple[Expected, ...]
    asked_a_week: float
    fit_a_week: int
    wait: Mapping[str, timedelta]
    left: tuple[Person, ...]


def outlook(deps: Deps, now: datetime, weeks: int) -> tuple[Outlook, list[str]]:
    """The plan of the coming weeks, the present one included, as if everybody is in touch on the day."""
    zone = ZoneInfo(deps.settings.hours.zone)
    today = now.astimezone(zone).date()
    until = today - timedelta(days=today.weekday()) + timedelta(days=7 * weeks - 1)
    beyond = max(LOOKS_AHEAD, until - today)
    busy, errors = busy_times(deps, now, beyond)
    with deps.store.read() as conn:
        found = situation(deps, conn, now, busy=busy, beyond=beyond)
        rows = _rows(conn, deps.accounts)
    hours, rules = deps.settings.hours, deps.settings.reminders
    kept = [p for p in found.people.values() if p.active]
    expected = forecast(kept, found.plan, rows, world=found.world, hours=hours, busy=busy, now=now, until=until)
    fit = fits_a_week(hours, rules)
    one_each = {p.tier or "regular": p for p in sorted(kept, key=lambda p: p.turn.cadence)}
    wait = {tier: longest_wait(p, kept, fit, rules) for tier, p in one_each.items()} if fit else {}
    placed = {e.contact_id for e in expected}
    left = [p for p in kept if p.contact_id not in placed and not p.next_meeting and _due_by(p, until, zone)]
    found_at = Outlook(found, until, expected, asked_a_week(kept), fit, wait, tuple(left))
    return found_at, [*errors, *found.faults]


def _due_by(person: Person, until: date, zone: ZoneInfo) -> bool:
    at = due(person)
    return at is not None and at.astimezone(zone).date() <= until


def store_intents(deps: Deps, found: Situation, fence: lease.Lease, now: datetime) -> None:
    """Write down what is about to be done, in one transaction. Accounts not enabled get nothing."""
    plan = found.plan
    if plan.empty:
        return
    with deps.store.read() as conn:
        router = Router(deps, conn)
        routes = {c.want.key: router.account_for(conn, found.people[c.want.contact_id], c.want) for c in plan.creates}
    hints = _hints(deps, {routes[c.want.key] for c in plan.creates if c.want.kind == DRAFT} - {""})
    with deps.store.write() as conn:
        lease.check(conn, fence, now)
        for create in sorted(plan.creates, key=lambda c: c.want.kind):  # drafts first: reminders name them
            account = routes[create.want.key]
            if account and (create.want.kind != DRAFT or account in hints):
                _intend_create(deps, conn, create, account, hints.get(account, ""), found, now)
        for each in plan.superseded:
            _close_superseded(deps, conn, each, routes.get(each.by, ""), found, now)
        observed = _only_observed(conn)
        for move in plan.moves:
            if move.row.key not in observed:
                _intend_move(conn, move, now)
        for withdraw in plan.withdrawals:
            person = found.people.get(withdraw.row.contact_id)
            # After `kith disable` what was written stays; but the user's word on a person still goes everywhere.
            if withdraw.row.key not in observed or person is None or not person.active:
                _intend_withdraw(conn, withdraw, now)
        for lapse in plan.lapses:
            close(conn, lapse.row.key, LAPSED, found.people.get(lapse.row.contact_id), now)
        for release in plan.releases:
            _set_state(conn, release, DONE, now)


def _only_observed(conn: Connection) -> frozenset[str]:
    """Keys of what stands in accounts that may not be written to (any more)."""
    enabled = enablement.all_since(conn)
    rows = conn.execute(select(ledger.c.key, ledger.c.account).where(ledger.c.state.in_(sorted(OPEN))))
    return frozenset(r.key for r in rows if r.account not in enabled)


def _hints(deps: Deps, accounts: set[str]) -> dict[str, str]:
    """What makes a lost answer findable, asked of each server before the intent is stored."""
    hints: dict[str, str] = {}
    for name in sorted(accounts):
        target = deps.connections[name].drafts
        with deps.store.read() as conn:
            waits = health.waits_for_user(conn, name, "drafts", deps.now())
        if target is None or waits:
            continue
        try:
            hints[name] = target.hint()
        except KithError:
            continue  # out of reach: its drafts are planned again next time
    return hints


def _intend_create(
    deps: Deps, conn: Connection, create: Create, account: str, hint: str, found: Situation, now: datetime
) -> None:
    want, slot = create.want, create.slot
    domain = own_domain(deps, account)
    row = {
        "key": want.key,
        "kind": want.kind,
        "purpose": want.purpose,
        "contact_id": want.contact_id,
        "period": want.period,
        "state": PENDING,
        "account": account,
        "message_id": draft_message_id(want.key, domain) if want.kind == DRAFT else "",
        "uid": event_uid(want.key, domain) if want.kind == REMINDER else "",
        "starts_at": slot.start if slot else None,
        "ends_at": slot.end if slot else None,
        "reason": want.reason,
        "occasion": want.occasion,
        "source": want.source,
        "lang": found.people[want.contact_id].speaks,
        "created_at": now,
        "changed_at": now,
    }
    statement = deps.store.insert(ledger).values(row).on_conflict_do_nothing(index_elements=["key"])
    if conn.execute(statement.returning(ledger.c.key)).one_or_none() is not None:
        args = {
            "occasion_date": want.occasion_date.isoformat() if want.occasion_date else "",
            "details": dict(want.details),
        }
        conn.execute(insert(outbox).values(key=want.key, verb="create", args=args, hint=hint, created_at=now))


def _close_superseded(
    deps: Deps, conn: Connection, each: Supersede, route: str, found: Situation, now: datetime
) -> None:
    """Its key is dealt with; not if the letter that goes before it has no way to be written (yet)."""
    want = each.want
    stands = conn.execute(select(ledger.c.account).where(ledger.c.key == each.by)).scalar_one_or_none()
    account = route or stands
    if not account:
        return
    row = {
        "key": want.key,
        "kind": want.kind,
        "purpose": want.purpose,
        "contact_id": want.contact_id,
        "period": want.period,
        "state": SUPERSEDED,
        "account": account,
        "reason": want.reason,
        "occasion": want.occasion,
        "source": want.source,
        "lang": found.people[want.contact_id].speaks,
        "created_at": now,
        "changed_at": now,
    }
    conn.execute(deps.store.insert(ledger).values(row).on_conflict_do_nothing(index_elements=["key"]))


def own_domain(deps: Deps, account: str) -> str:
    """The domain our Message-IDs and UIDs are under: that of the account's own address, else the user's first."""
    own = deps.accounts[account].account.address
    return domain_of(own or deps.settings.me.addresses[0])


def _intend_move(conn: Connection, move: Move, now: datetime) -> None:
    args = {"start": move.slot.start.isoformat(), "end": move.slot.end.isoformat(), "ours": move.ours}
    conn.execute(insert(outbox).values(key=move.row.key, verb="update", args=args, created_at=now))


def _intend_withdraw(conn: Connection, withdraw: Withdraw, now: datetime) -> None:
    waiting = conn.execute(
        select(outbox.c.id).where(outbox.c.key == withdraw.row.key, outbox.c.verb == "withdraw")
    ).first()
    if waiting is None:
        args = {"state": withdraw.state}
        conn.execute(insert(outbox).values(key=withdraw.row.key, verb="withdraw", args=args, created_at=now))


def _set_state(conn: Connection, action: Release | Lapse, state: str, now: datetime) -> None:
    conn.execute(update(ledger).where(ledger.c.key == action.row.key).values(state=state, changed_at=now))


def close(conn: Connection, key: str, state: str, person: Person | None, now: datetime) -> None:
    """End a key for good, and remember it as dealt with: the next period waits one whole cadence.

    Where contact was made meanwhile the period has changed by itself and nothing needs to wait.
    """
    row = conn.execute(select(ledger).where(ledger.c.key == key)).one()
    conn.execute(update(ledger).where(ledger.c.key == key).values(state=state, changed_at=now))
    if row.kind != REMINDER:
        return
    base, _, n = row.period.rpartition("/")
    if not n.isdigit():
        return
    waits = None
    if person is not None and row.purpose == KEEP_IN_TOUCH and stamp(person.turn.base) == base:
        waits = now + person.policy.cadence
    conn.execute(
        insert(dismissal).values(
            contact_id=row.contact_id, purpose=row.purpose, base=base, n=int(n), why=state, not_before=waits, at=now
        )
    )
    if row.purpose == PROMISE and state == DONE:
        conn.execute(update(hand_log).where(hand_log.c.identity == base).values(next_done_at=now))


def person_of(deps: Deps, conn: Connection, contact_id: int, now: datetime) -> Person:
    """One contact as planning sees them.

    Raises:
        UserMistake: the contact is gone.
    """
    found = people(conn, deps.settings, now, only=[contact_id])
    if not found:
        raise UserMistake("This contact is no longer there.")
    return found[0]
