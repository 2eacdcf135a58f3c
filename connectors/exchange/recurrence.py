"""An Exchange recurrence as an RRULE (MS-OXOCAL 2.2.1.44, RFC 5545 3.3.10).

Where the two part: Exchange puts "the 31st" on the last day of a shorter month and 29 February on the 28th, RRULE
leaves such a month or year out; Exchange counts occurrences since deleted, as RRULE does; its end date is a day in the
series' own zone.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from connectors.exchange import elements
from connectors.exchange.zones import DAYS as WEEKDAYS
from connectors.exchange.zones import stamp
from daemon.core.errors import BrokenItem
from daemon.formats.zones import Zone

DAYS = {
    **WEEKDAYS,
    "Day": "MO,TU,WE,TH,FR,SA,SU",
    "Weekday": "MO,TU,WE,TH,FR",
    "WeekendDay": "SA,SU",
}
NTH = {"First": 1, "Second": 2, "Third": 3, "Fourth": 4, "Last": -1}
MONTHS = "January February March April May June July August September October November December".split()


def rrule(recurrence: Any, zone: Zone, *, all_day: bool) -> str:
    """The rule of a t:Recurrence. ``zone`` is where its days begin.

    Raises:
        BrokenItem: it has a pattern nobody knows.
    """
    pattern = end = None
    for part in recurrence:
        name = str(part.tag).rpartition("}")[2]
        if name.endswith("Recurrence") and name not in ("NoEndRecurrence", "EndDateRecurrence", "NumberedRecurrence"):
            pattern = (name, part)
        else:
            end = (name, part)
    if pattern is None:
        raise BrokenItem("it recurs, and does not say how")
    return ";".join(_pattern(*pattern) + (_range(*end, zone, all_day=all_day) if end else []))


def _pattern(name: str, part: Any) -> list[str]:
    every = _interval(part)
    if name == "DailyRecurrence":
        return ["FREQ=DAILY", *every]
    if name == "WeeklyRecurrence":
        days = _days(elements.text(part, "t:DaysOfWeek").split())
        first = _days([elements.text(part, "t:FirstDayOfWeek") or "Sunday"])
        return ["FREQ=WEEKLY", *every, f"BYDAY={days}", f"WKST={first}"]
    if name == "AbsoluteMonthlyRecurrence":
        return ["FREQ=MONTHLY", *every, *_day(part)]
    if name == "AbsoluteYearlyRecurrence":
        return ["FREQ=YEARLY", *every, f"BYMONTH={_month(part)}", *_day(part)]
    if name == "RelativeMonthlyRecurrence":
        return ["FREQ=MONTHLY", *every, *_nth(part)]
    if name == "RelativeYearlyRecurrence":
        return ["FREQ=YEARLY", *every, f"BYMONTH={_month(part)}", *_nth(part)]
    raise BrokenItem(f"it recurs in a way that is not known ({name[:40]})")


def _interval(part: Any) -> list[str]:
    said = elements.text(part, "t:Interval")
    return [f"INTERVAL={int(said)}"] if said.isdigit() and int(said) > 1 else []


def _day(part: Any) -> list[str]:
    said = elements.text(part, "t:DayOfMonth")
    if not said.isdigit() or not 1 <= int(said) <= 31:
        raise BrokenItem("it recurs on a day that is none")
    day = int(said)
    if day <= 28:
        return [f"BYMONTHDAY={day}"]
    return [f"BYMONTHDAY={','.join(str(n) for n in range(28, day + 1))}", "BYSETPOS=-1"]


def _nth(part: Any) -> list[str]:
    nth = NTH.get(elements.text(part, "t:DayOfWeekIndex"))
    if nth is None:
        raise BrokenItem("it recurs on a day that is none")
    return [f"BYDAY={_days(elements.text(part, 't:DaysOfWeek').split())}", f"BYSETPOS={nth}"]


def _days(names: list[str]) -> str:
    try:
        return ",".join(dict.fromkeys(DAYS[name] for name in names)) or "MO"
    except KeyError:
        raise BrokenItem("it recurs on a weekday that is none") from None


def _month(part: Any) -> int:
    try:
        return MONTHS.index(elements.text(part, "t:Month")) + 1
    except ValueError:
        raise BrokenItem("it recurs in a month that is none") from None


def _range(name: str, part: Any, zone: Zone, *, all_day: bool) -> list[str]:
    if name == "NumberedRecurrence":
        return [f"COUNT={int(elements.text(part, 't:NumberOfOccurrences') or 1)}"]
    if name == "EndDateRecurrence":
        last = as_date(elements.text(part, "t:EndDate"))
        if all_day:
            return [f"UNTIL={last:%Y%m%d}"]
        end = datetime(last.year, last.month, last.day) + timedelta(days=1, seconds=-1)  # noqa: DTZ001 - a wall time
        return [f"UNTIL={stamp(zone.to_utc(end))}"]
    return []


def as_date(said: str) -> date:
    """A day as EWS writes it: with Z, with an offset, or bare.

    Raises:
        BrokenItem: it is none.
    """
    try:
        return date.fromisoformat(said.strip()[:10])
    except ValueError:
        raise BrokenItem("it names a day that is none") from None
