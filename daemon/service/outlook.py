"""The plan of the coming weeks (`kith plan --weeks`), worked out from the present one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from daemon.core.due import due, meets_soon
from daemon.core.forecast import Expected, asked_a_week, fits_a_week, forecast, longest_wait
from daemon.core.wants import Person
from daemon.service.deps import Deps
from daemon.service.planning import Situation, busy_times, situation
from daemon.service.wanted import LOOKS_AHEAD
from daemon.store import ledgers


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
        rows = ledgers.rows(conn, deps.accounts)
    hours, rules = deps.settings.hours, deps.settings.reminders
    kept = [p for p in found.people.values() if p.active]
    expected = forecast(kept, found.plan, rows, world=found.world, hours=hours, busy=busy, now=now, until=until)
    fit = fits_a_week(hours, rules)
    one_each = {p.tier or "regular": p for p in sorted(kept, key=lambda p: p.turn.cadence)}
    wait = {tier: longest_wait(p, kept, fit, rules) for tier, p in one_each.items()} if fit else {}
    placed = {e.contact_id for e in expected}
    left = [p for p in kept if p.contact_id not in placed and not meets_soon(p, now) and _due_by(p, until, zone)]
    found_at = Outlook(found, until, expected, asked_a_week(kept), fit, wait, tuple(left))
    return found_at, [*errors, *found.faults]


def _due_by(person: Person, until: date, zone: ZoneInfo) -> bool:
    at = due(person)
    return at is not None and at.astimezone(zone).date() <= until
