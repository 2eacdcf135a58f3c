"""`kith plan --weeks N`: the coming weeks as a calendar."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import click

from daemon.cli.context import Ctx
from daemon.cli.output import counted, emit_json, one_row
from daemon.cli.words import purpose

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
    for _, week in itertools.groupby(days, key=lambda each: each["day"].isocalendar()[:2]):
        _show_week(list(week))
    if found.left:
        click.echo(f"{counted(len(found.left), 'more', 'more')} due by then without a place yet: `kith digest`.\n")
    if found.asked_a_week > found.fit_a_week:
        click.echo(
            f"Your policies ask for about {found.asked_a_week:.0f} reminders a week, and {found.fit_a_week} find a "
            "place. Everybody comes less often than asked, the nearest ties least: raise a_week and a_day, or lengthen "
            "the cadences.\n"
        )
    click.echo("Times stand for what is settled; the other days hold if you are in touch on each day as planned.")


def _show_week(days: list[dict[str, Any]]) -> None:
    """A line for the week, and one for each reminder; days that are free need none."""
    first, last = days[0]["day"], days[-1]["day"]
    number = sum(len(each["reminders"]) for each in days)
    content = counted(number, "reminder") if number else "nothing"
    click.echo(f"Week {first.isocalendar().week}, {_from_to(first, last)}: {content}")
    for closed, some in itertools.groupby(days, key=lambda each: "" if each["reminders"] else each["closed"]):
        these = list(some)
        if closed:
            ends = these[-1]["day"]
            until = "" if len(these) == 1 else f" to {ends:%a} {ends.day}"
            click.echo(f"  {_label(these[0]['day'])}{until}  {CLOSED[closed]}")
        for each in () if closed else these:
            for n, reminder in enumerate(each["reminders"]):
                click.echo(f"  {_label(each['day']) if n == 0 else ' ' * 6}  {_entry(reminder)}")
    click.echo()


CLOSED = {"quiet": "quiet time", "holiday": "public holiday"}


def _label(day: date) -> str:
    return f"{day:%a} {day.day:>2}"


def _from_to(first: date, last: date) -> str:
    """ "23 to 29 November"."""
    begins = f"{first.day} {first:%B}" if first.month != last.month else str(first.day)
    return f"{begins} to {last.day} {last:%B}" if first != last else f"{last.day} {last:%B}"


def _entry(reminder: dict[str, Any]) -> str:
    at = f"{reminder['start']:%H:%M}" if reminder["start"] else " " * 5
    what = "" if reminder["purpose"] == "keep-in-touch" else f" ({purpose(reminder['purpose'])})"
    return f"{at}  {one_row(reminder['contact'])}{what}"
