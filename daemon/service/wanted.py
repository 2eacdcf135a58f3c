"""What should exist now: facts from the store, decisions from core, and what may be written of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from daemon.core.again import again, base_period
from daemon.core.desired import desired
from daemon.core.instead import after_reminders
from daemon.core.keys import make_key
from daemon.core.making import FACTS, LACKING, TEMPLATE
from daemon.core.plan import Row
from daemon.core.states import OPEN, SENT, SKIPPED, SUPERSEDED, UNKNOWN
from daemon.core.wants import ASKED, DRAFT, KEEP_IN_TOUCH, REMINDER, TOLD, UPDATE, Person, Want, World
from daemon.service import compose
from daemon.service.daysoff import days_off
from daemon.service.deps import Deps
from daemon.service.lists import Listing
from daemon.service.new_drafts import morning
from daemon.service.news import News, told_news
from daemon.service.news_due import write_news
from daemon.service.papers import Papers
from daemon.service.people import people, with_languages
from daemon.service.routing import may_hold, reaches
from daemon.service.week_digest import weekly
from daemon.store import enablement, ledgers, reasons
from daemon.store.tables import ledger

LOOKS_AHEAD = timedelta(days=21)
"""How far beyond the days reminders are placed in a plan may look: a snooze, and the fortnight after it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What should exist as of a moment, by key, and what that was decided from. ``lists`` are about nobody alone."""

    people: Mapping[int, Person]
    world: World
    news: News | None
    wants: Mapping[str, Want]
    lists: tuple[Listing, ...]
    rows: Sequence[Row]  # the ledger, as far as it is about these people
    news_fault: str  # what is wrong with the quarter's file; "" where nothing is
    fault: str  # what is wrong with the settings

    @property
    def faults(self) -> tuple[str, ...]:
        """What is wrong, in sentences."""
        return tuple(f for f in (self.news_fault, self.fault) if f)


def wanted(
    deps: Deps,
    conn: Connection,
    now: datetime,
    *,
    only: int | None = None,
    since: datetime | None = None,
    beyond: timedelta = LOOKS_AHEAD,
) -> Wanted:
    """What should exist for everybody kept or asked for (or for one contact), as of ``now``.

    ``since`` decides as if writing were enabled from then on. Holidays are known as far as ``beyond`` the days
    reminders are placed in.
    """
    news, fault = told_news(deps.settings.updates, now, deps.settings.hours.zone)
    world, unknown = _make_world(deps, conn, news, now, since, beyond)
    if only is None:
        found = people(conn, deps.settings, now, kept_only=True, with_asked=True)
    else:
        found = people(conn, deps.settings, now, only=[only])
    found = with_languages(conn, found, deps.renderer.languages(), news=_to_tell(world))
    persons = {p.contact_id: p for p in found}
    lists = (
        morning(deps, conn, persons, world, now),
        weekly(deps, conn, persons, world, now),
        write_news(deps, conn, persons, world, now),
    )
    rows = ledgers.rows(conn, deps.accounts, only)
    wished = after_reminders(again(desired(found, world, now), rows, persons, world), rows)
    wants = {w.key: w for w in _writable(deps, conn, wished, persons, rows, world, news, now)}
    misplaced = _misplaced(deps, conn, {})
    wants |= {w.key: w for each in lists for w in each.standing if w.key not in misplaced}
    return Wanted(persons, world, news, wants, lists, rows, fault, unknown)


def still_wanted(deps: Deps, conn: Connection, contact_id: int, key: str, now: datetime) -> bool:
    """Whether one want stands as of this moment: asked again just before its remote write."""
    return key in wanted(deps, conn, now, only=contact_id).wants


def _make_world(
    deps: Deps, conn: Connection, news: News | None, now: datetime, since: datetime | None, beyond: timedelta
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
        news=news.to_plan(deps.renderer.languages(), _begun_at(conn, news.quarter)) if news else {},
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


def _begun_at(conn: Connection, quarter: str) -> datetime | None:
    """When the first letter with a quarter's news was begun."""
    first = select(func.min(ledger.c.created_at)).where(
        ledger.c.purpose == UPDATE, ledger.c.kind == DRAFT, ledger.c.period.startswith(quarter)
    )
    found: datetime | None = conn.execute(first).scalar_one()
    return found


def _to_tell(world: World) -> bool:
    """Whether there is something that may be told to anybody: then everybody's language matters."""
    return bool(world.news or world.own_news or world.trips)


def _writable(
    deps: Deps,
    conn: Connection,
    wants: Sequence[Want],
    persons: Mapping[int, Person],
    rows: Sequence[Row],
    world: World,
    news: News | None,
    now: datetime,
) -> list[Want]:
    """The same wants, where a letter for which too little is known has become a reminder (news: nothing).

    What the user has sent or thrown away is not looked at: nothing follows from it any more. What stands where it may
    not is not among them: it is taken back.
    """
    out = []
    settled = {a.key for p in persons.values() for a in p.asked if a.key}
    settled |= {row.key for row in rows if row.kind == DRAFT and row.state in (SENT, SKIPPED, UNKNOWN, SUPERSEDED)}
    papers = Papers(conn, {w.contact_id for w in wants if w.kind == DRAFT and w.key not in settled})
    for want in wants:
        if want.kind == DRAFT and want.key not in settled:
            person = persons[want.contact_id]
            facts = compose.draft_facts(deps, conn, person, want, news, now, papers)
            if deps.renderer.missing(facts, person.speaks):
                if want.purpose in TOLD or (
                    not want.period.startswith(ASKED)
                    and any(
                        w.purpose == KEEP_IN_TOUCH and w.contact_id == want.contact_id and w.due <= now for w in wants
                    )
                ):
                    continue  # there is a reminder for them already, or none would help
                period = base_period(want.period)
                key = world.key(person.uid, REMINDER, want.purpose, period)
                there = deps.renderer.find(person.speaks, want.purpose, facts.occasion, facts.circle)
                why = (LACKING, FACTS if there else TEMPLATE)
                want = replace(want, kind=REMINDER, key=key, period=period, details=(*want.details, why))
                (want,) = again([want], rows, persons, world)
        out.append(want)
    misplaced = _misplaced(deps, conn, persons, {w.key for w in out if w.about_hunting})
    return [w for w in out if w.key not in misplaced]


def _misplaced(deps: Deps, conn: Connection, persons: Mapping[int, Person], hunting: Collection[str] = ()) -> set[str]:
    """Keys of what stands where it may not (any more); ``hunting``: keys an employer must not hear of.

    In an employer's account about a recruiter, or in one that is to take no reminders or no drafts: somebody became
    the one, or the account the other. Where it cannot be taken back from, it stays.
    """
    strict = {
        name: each
        for name, each in deps.accounts.items()
        if each.account.employer or not (each.reminders and each.drafts)
    }
    if not strict:
        return set()
    rows = conn.execute(
        select(ledger.c.key, ledger.c.kind, ledger.c.contact_id, ledger.c.account).where(
            ledger.c.account.in_(sorted(strict)), ledger.c.state.in_(OPEN)
        )
    )
    return {
        r.key
        for r in rows
        if reaches(deps, r.account, r.kind)
        and not may_hold(
            strict[r.account],
            r.kind,
            r.key in hunting or (r.contact_id in persons and persons[r.contact_id].job_hunting),
        )
    }
