"""The weekly event: who waits, what was drafted and what lapsed, where the user wants it and there is anything to say.

Its key is the week's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from daemon.core.model import Window
from daemon.core.plan import Create
from daemon.core.wants import DIGEST, Person, Want, World
from daemon.service.deps import Deps
from daemon.service.digest import Digest, Happened, Waiting, digest
from daemon.service.lists import LENGTH, Listing, in_time, list_want, not_past, of_today, standing_events
from daemon.store.tables import ledger


def weekly(deps: Deps, conn: Connection, persons: Mapping[int, Person], world: World, now: datetime) -> Listing:
    """What should stand now: an event stays until its day is over, wherever the user moved it."""
    said = deps.settings.reminders.weekly_digest
    if said is None or world.enabled_since is None:
        return Listing()
    standing = tuple(
        _want(world, r.contact_id, r.period, r.starts_at)
        for r in standing_events(conn, DIGEST)
        if of_today(r, world, now)
    )
    weekday, at = said
    today = world.day(now)
    start = datetime.combine(today, at, ZoneInfo(world.zone))
    if today.isoweekday() != weekday or not in_time(start, now) or world.quiet_on(today) is not None:
        return Listing(standing)
    year, week, _ = today.isocalendar()
    want = _want(world, 0, f"{year}-W{week:02}", start)
    if conn.execute(select(ledger.c.key).where(ledger.c.key == want.key)).first() is not None:
        return Listing(standing)
    found = digest(conn, deps.settings, now)
    everybody: list[Waiting | Happened] = [*found.waiting, *found.drafted, *found.lapsed]
    named: list[Waiting | Happened] = [x for x in everybody if x.contact_id in persons]
    if not named:
        return Listing(standing)
    # Whom it is bound to says which accounts may take it: an employer's must not, if only these are named.
    first = min(named, key=lambda x: x.job_hunting)
    made = _want(world, first.contact_id, want.period, not_past(start, now))
    return Listing(standing, Create(made, Window(made.due, made.due + LENGTH)))


def named_in(deps: Deps, conn: Connection, account: str, now: datetime) -> Digest:
    """What an event in this account may say: an employer's hears nothing of recruiters and the like."""
    settings = deps.accounts.get(account)
    found = digest(conn, deps.settings, now)
    if settings is not None and not settings.account.employer:
        return found
    return Digest(
        tuple(x for x in found.waiting if not x.job_hunting),
        tuple(x for x in found.drafted if not x.job_hunting),
        tuple(x for x in found.lapsed if not x.job_hunting),
    )


def _want(world: World, contact_id: int, period: str, start: datetime) -> Want:
    return list_want(world, DIGEST, period, contact_id, start, "the week", "kith digest")
