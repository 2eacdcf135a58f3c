"""The event that asks for the quarter's news: before the quarter ends, where nothing is written yet.

It is bound to one of the people who would be told; its key is the quarter's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from daemon.core.errors import UserMistake
from daemon.core.model import Window
from daemon.core.plan import Create
from daemon.core.wants import UPDATE, WRITE_NEWS, Person, Want, World
from daemon.service.deps import Deps
from daemon.service.lists import Listing, list_want, standing_events
from daemon.service.updates import quarter_ends, quarter_of, read_editions
from daemon.store.tables import ledger


def write_news(deps: Deps, conn: Connection, persons: Mapping[int, Person], world: World, now: datetime) -> Listing:
    """What should stand now: one event, gone as soon as the news are written or the quarter is over."""
    before, folder = deps.settings.news_reminder, deps.settings.updates
    if not before or folder is None or world.enabled_since is None:
        return Listing()
    today = world.day(now)
    quarter = quarter_of(today)
    if _written(deps, quarter):
        return Listing()
    rows = [r for r in standing_events(conn, WRITE_NEWS) if r.period == quarter]
    if rows:
        return Listing(tuple(_want(world, r.contact_id, quarter, r.starts_at) for r in rows))
    ends = quarter_ends(quarter)
    day = _open_day(deps, world, max(today, ends - timedelta(days=before)))
    start = datetime.combine(day, deps.settings.hours.start, ZoneInfo(world.zone))
    if start <= now:
        day = _open_day(deps, world, day + timedelta(days=1))
        start = datetime.combine(day, deps.settings.hours.start, ZoneInfo(world.zone))
    readers = sorted(
        (p for p in persons.values() if p.active and not p.held and UPDATE in p.policy.drafts),
        key=lambda p: (p.job_hunting, p.contact_id),  # an employer's account must not be the only one left
    )
    if day - today > world.rules.ahead or day >= ends or not readers or world.quiet_on(today) is not None:
        return Listing()
    want = _want(world, readers[0].contact_id, quarter, start)
    if conn.execute(select(ledger.c.key).where(ledger.c.key == want.key)).first() is not None:
        return Listing()  # dealt with: it asks once a quarter
    length = timedelta(minutes=deps.settings.reminders.minutes)
    return Listing((), Create(want, Window(want.due, want.due + length)))


def _written(deps: Deps, quarter: str) -> bool:
    folder = deps.settings.updates
    try:
        return folder is not None and folder.is_dir() and bool(read_editions(folder, quarter))
    except UserMistake:
        return True  # something is there; what is wrong with it is said elsewhere


def _open_day(deps: Deps, world: World, day: date) -> date:
    """The first of the user's working days from ``day`` on."""
    for n in range(30):
        there = day + timedelta(days=n)
        if there.isoweekday() in deps.settings.hours.days and not world.closed(there):
            return there
    return day


def _want(world: World, contact_id: int, quarter: str, start: datetime) -> Want:
    reason = f"no news of {quarter} are written yet"
    return list_want(world, WRITE_NEWS, quarter, contact_id, start, reason, "kith update")
