"""`kith plan --weeks N`: the coming weeks as a calendar."""

from __future__ import annotations

import textwrap
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import click

from daemon.cli.context import Ctx
from daemon.cli.output import counted, emit_json

if TYPE_CHECKING:
    from daemon.service.outlook import Outlook


def show_weeks(kith: Ctx, weeks: int, as_json: bool) -> int:
    """The calendar, and whether the policies ask for more than finds a place."""
    from daemon.service.outlook import outlook
    from daemon.wiring import opened

    with opened(kith.settings, kith.now, store=kith.store) as deps:
        found, errors = outlook(deps, kith.now(), weeks)
    days = [_day(kith, found, day) for day in _days(kith.now().astimezone(kith.zone).date(), found.until)]
    if as_json:
        emit_json(_json(found, days))
    else:
        _show(found, days)
    for error in errors:
        click.echo(f"kith: {error}", err=True)
    return 1 if errors else 0


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _day(kith: Ctx, found: Outlook, day: date) -> dict[str, Any]:
    world, people = found.found.world, found.found.people
    closed = "quiet" if world.quiet_on(day) else "holiday" if day in world.off else ""
    reminders = [
        {
            "contact": people[e.contact_id].name,
            "purpose": e.purpose,
            "start": e.slot.start.astimezone(kith.zone) if e.slot else None,
        }
        for e in found.expected
        if e.day == day and e.contact_id in people
    ]
    return {"day": day, "closed": closed, "reminders": reminders}


def _json(found: Outlook, days: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "observing": found.found.world.enabled_since is None,
        "until": found.until,
        "days": [
            day | {"reminders": [r | {"start": r["start"] and _utc(r["start"])} for r in day["reminders"]]}
            for day in days
        ],
        "asked_a_week": round(found.asked_a_week, 1),
        "fit_a_week": found.fit_a_week,
        "longest_wait_days": {tier: wait.days for tier, wait in found.wait.items()},
        "left": [p.name for p in found.left],
    }


def _utc(at: Any) -> Any:
    from datetime import UTC

    return at.astimezone(UTC)


def _show(found: Outlook, days: list[dict[str, Any]]) -> None:
    for n, each in enumerate(days):
        day = each["day"]
        if n == 0 or day.weekday() == 0:
            click.echo(("" if n == 0 else "\n") + f"Week {day.isocalendar().week}")
        if each["reminders"] or each["closed"] or day.weekday() < 5:
            names = ", ".join(_entry(r) for r in each["reminders"]) or each["closed"]
            lines = textwrap.wrap(names, 84) or [""]
            click.echo(f"  {day:%a} {day.day:>2} {day:%b}  {lines[0]}".rstrip())
            for line in lines[1:]:
                click.echo(" " * 14 + line)
    if found.left:
        click.echo(f"\n{counted(len(found.left), 'more', 'more')} due by then without a place yet: `kith digest`.")
    if found.asked_a_week > found.fit_a_week:
        click.echo(
            f"\nYour policies ask for about {found.asked_a_week:.0f} reminders a week, and {found.fit_a_week} find a "
            "place. Everybody comes less often than asked, the nearest ties least: raise a_week and a_day, or lengthen "
            "the cadences."
        )
    click.echo("\nTimes stand for what is settled; the other days hold if you are in touch on each day as planned.")


def _entry(reminder: dict[str, Any]) -> str:
    at = f"{reminder['start']:%H:%M} " if reminder["start"] else ""
    what = "" if reminder["purpose"] == "keep-in-touch" else f" ({reminder['purpose']})"
    return f"{at}{reminder['contact']}{what}"
