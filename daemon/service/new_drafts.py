"""The morning event: one a day that lists the drafts that are new, where the user wants it and there are any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from daemon.core.model import Window
from daemon.core.plan import Create
from daemon.core.policy import JOB_HUNTING
from daemon.core.states import EDITED, PENDING, WRITTEN
from daemon.core.wants import DRAFT, NEW_DRAFTS, NEWS, Person, Want, World, tells_of_hunting
from daemon.service.deps import Deps
from daemon.service.lists import LENGTH, Listing, in_time, list_want, not_past, of_today, standing_events
from daemon.store.tables import contact, contact_circle, ledger, outbox

LOOKS_BACK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class NewDraft:
    """One line of the event."""

    contact_id: int
    name: str
    subject: str
    job_hunting: bool


def morning(deps: Deps, conn: Connection, persons: Mapping[int, Person], world: World, now: datetime) -> Listing:
    """What should stand now: an event stays until its day is over, wherever the user moved it."""
    at = deps.settings.morning_event
    if at is None or world.enabled_since is None:
        return Listing()
    standing = tuple(
        _want(world, r.contact_id, date.fromisoformat(r.period), r.starts_at)
        for r in standing_events(conn, NEW_DRAFTS)
        if of_today(r, world, now) and (r.state != PENDING or listed(deps, conn, r.account, r.created_at))
    )
    today = world.day(now)
    start = datetime.combine(today, at, ZoneInfo(world.zone))
    want = _want(world, 0, today, start)
    known = conn.execute(select(ledger.c.key).where(ledger.c.key == want.key)).one_or_none()
    if known is not None or not in_time(start, now) or world.quiet_on(today) is not None:
        return Listing(standing)
    new = [d for d in _since_last(conn, min(now, start)) if d.contact_id in persons]
    if not new:
        return Listing(standing)
    # What it is bound to says which accounts may take it: an employer's must not, if only these are listed.
    first = min(new, key=lambda d: d.job_hunting)
    made = _want(world, first.contact_id, today, not_past(start, now))
    made = replace(made, about_hunting=first.job_hunting)
    return Listing(standing, Create(made, Window(made.due, made.due + LENGTH)))


def listed(deps: Deps, conn: Connection, account: str, until: datetime) -> Sequence[NewDraft]:
    """The drafts an event in this account lists: those made since the event before it, that still lie there.

    An employer's account hears nothing of recruiters and the like, nor of work the user looks for or moves to.
    """
    settings = deps.accounts.get(account)
    silent = settings is None or settings.account.employer
    return [d for d in _since_last(conn, until) if not (silent and d.job_hunting)]


def _since_last(conn: Connection, until: datetime) -> list[NewDraft]:
    last = conn.execute(
        select(func.max(ledger.c.created_at)).where(ledger.c.purpose == NEW_DRAFTS, ledger.c.created_at < until)
    ).scalar_one()
    since = max(last or until - LOOKS_BACK, until - LOOKS_BACK)
    leaving = select(outbox.c.key).where(outbox.c.verb == "withdraw")
    hunting = select(contact_circle.c.contact_id).where(contact_circle.c.circle.in_(sorted(JOB_HUNTING)))
    return [
        NewDraft(
            r.contact_id, r.name, r.title, r.hunting or r.purpose == NEWS or tells_of_hunting(r.purpose, r.occasion)
        )
        for r in conn.execute(
            select(ledger, contact.c.name, contact.c.id.in_(hunting).label("hunting"))
            .join(contact, contact.c.id == ledger.c.contact_id)
            .where(
                ledger.c.kind == DRAFT,
                ledger.c.state.in_((WRITTEN, EDITED)),
                ledger.c.key.not_in(leaving),
                # one that waited for its mailbox was written long after it was meant to be
                (ledger.c.created_at > since) | ((ledger.c.state == WRITTEN) & (ledger.c.changed_at > since)),
                ledger.c.created_at <= until,
            )
            .order_by(contact.c.name, ledger.c.key)
        )
    ]


def _want(world: World, contact_id: int, day: date, start: datetime) -> Want:
    return list_want(world, NEW_DRAFTS, day.isoformat(), contact_id, start, "new drafts", "kith drafts")
