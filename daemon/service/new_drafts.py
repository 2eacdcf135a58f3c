"""The morning event: one a day that lists the drafts that are new, where the user wants it and there are any.

It goes through the same door as every reminder. Its ledger row is bound to one of the people it lists, its key to the
day alone: there is never a second one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, func, select

from daemon.core.model import Window
from daemon.core.plan import Create
from daemon.core.policy import JOB_HUNTING
from daemon.core.states import EDITED, OPEN, PENDING, WRITTEN
from daemon.core.wants import DRAFT, NEW_DRAFTS, REMINDER, Person, Want, World
from daemon.service.deps import Deps
from daemon.store.contacts import FORGETTING
from daemon.store.tables import contact, contact_circle, ledger

BEFORE = timedelta(hours=2)
"""So long before its time the event is made: what comes later is listed the next morning."""

LENGTH = timedelta(minutes=15)
LOOKS_BACK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class NewDraft:
    """One line of the event."""

    contact_id: int
    name: str
    subject: str
    job_hunting: bool


@dataclass(frozen=True, slots=True)
class Morning:
    """``standing`` are wants of events that stand already; ``create`` is today's, if it is to be made now."""

    standing: tuple[Want, ...] = ()
    create: Create | None = None


def morning(deps: Deps, conn: Connection, persons: Mapping[int, Person], world: World, now: datetime) -> Morning:
    """What should stand now: an event stays until its time is over, wherever the user moved it."""
    at = deps.settings.morning_event
    if at is None or world.enabled_since is None:
        return Morning()
    standing = tuple(
        _want(world, r.contact_id, date.fromisoformat(r.period), r.starts_at)
        for r in standing_events(conn, NEW_DRAFTS, now)
        if r.state != PENDING or listed(deps, conn, r.account, r.created_at)
    )
    today = world.day(now)
    start = datetime.combine(today, at, ZoneInfo(world.zone))
    want = _want(world, 0, today, start)
    known = conn.execute(select(ledger.c.key).where(ledger.c.key == want.key)).one_or_none()
    if known is not None or not start - BEFORE <= now < start or world.quiet_on(today) is not None:
        return Morning(standing)
    new = [d for d in _since_last(conn, now) if d.contact_id in persons]
    if not new:
        return Morning(standing)
    # Whom it is bound to says which accounts may take it: an employer's must not, if only these are listed.
    first = min(new, key=lambda d: d.job_hunting)
    made = _want(world, first.contact_id, today, start)
    return Morning(standing, Create(made, Window(made.due, made.due + LENGTH)))


def standing_events(conn: Connection, purpose: str, now: datetime) -> Sequence[Row[Any]]:
    """The ledger rows of events about nobody alone that stand and are not over.

    One bound to somebody who is being forgotten goes with them; it is made anew, bound to another.
    """
    query = select(ledger).join(contact, contact.c.id == ledger.c.contact_id)
    here = (ledger.c.purpose == purpose) & ledger.c.state.in_(sorted(OPEN)) & (contact.c.state != FORGETTING)
    return [r for r in conn.execute(query.where(here)) if r.ends_at >= now]


def listed(deps: Deps, conn: Connection, account: str, until: datetime) -> Sequence[NewDraft]:
    """The drafts an event in this account lists: those made since the event before it, that still lie there.

    An employer's account hears nothing of recruiters and the like.
    """
    settings = deps.accounts.get(account)
    silent = settings is None or settings.account.employer
    return [d for d in _since_last(conn, until) if not (silent and d.job_hunting)]


def _since_last(conn: Connection, until: datetime) -> list[NewDraft]:
    last = conn.execute(
        select(func.max(ledger.c.created_at)).where(ledger.c.purpose == NEW_DRAFTS, ledger.c.created_at < until)
    ).scalar_one()
    since = max(last or until - LOOKS_BACK, until - LOOKS_BACK)
    hunting = select(contact_circle.c.contact_id).where(contact_circle.c.circle.in_(sorted(JOB_HUNTING)))
    return [
        NewDraft(r.contact_id, r.name, r.title, r.hunting)
        for r in conn.execute(
            select(ledger.c.contact_id, ledger.c.title, contact.c.name, contact.c.id.in_(hunting).label("hunting"))
            .join(contact, contact.c.id == ledger.c.contact_id)
            .where(
                ledger.c.kind == DRAFT,
                ledger.c.state.in_((WRITTEN, EDITED)),
                # one that waited for its mailbox was written long after it was meant to be
                (ledger.c.created_at > since) | ((ledger.c.state == WRITTEN) & (ledger.c.changed_at > since)),
                ledger.c.created_at <= until,
            )
            .order_by(contact.c.name, ledger.c.key)
        )
    ]


def _want(world: World, contact_id: int, day: date, start: datetime) -> Want:
    period = day.isoformat()
    return Want(
        key=world.key("", REMINDER, NEW_DRAFTS, period),
        kind=REMINDER,
        purpose=NEW_DRAFTS,
        contact_id=contact_id,
        period=period,
        due=start,
        reason="new drafts",
        source="kith drafts",
    )
