"""Recurrence rules read from their text (RFC 5545 3.3.10, RFC 7529)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from daemon.core.errors import BrokenItem

DAYS = {"MO": 0, "TU": 1, "WE": 2, "TH": 3, "FR": 4, "SA": 5, "SU": 6}
UNITS = {"HOURLY": timedelta(hours=1), "MINUTELY": timedelta(minutes=1), "SECONDLY": timedelta(seconds=1)}
PERIODS = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY")
_DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)\Z")
_LIMITS = {
    "BYSECOND": (0, 60, False),
    "BYMINUTE": (0, 59, False),
    "BYHOUR": (0, 23, False),
    "BYMONTHDAY": (1, 31, True),
    "BYYEARDAY": (1, 366, True),
    "BYWEEKNO": (1, 53, True),
    "BYMONTH": (1, 12, False),
    "BYSETPOS": (1, 366, True),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One RRULE. ``until`` is its text (date, local or UTC): the series knows in which zone to read it."""

    freq: str
    interval: int = 1
    count: int | None = None
    until: str = ""
    week_start: int = 0
    days: tuple[tuple[int, int], ...] = ()  # (ordinal or 0, weekday)
    seconds: tuple[int, ...] = ()
    minutes: tuple[int, ...] = ()
    hours: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    year_days: tuple[int, ...] = ()
    weeks: tuple[int, ...] = ()
    months: tuple[int, ...] = ()
    positions: tuple[int, ...] = ()


def parse(text: str) -> Rule:
    """The rule in an RRULE's value.

    Raises:
        BrokenItem: a part is unknown, out of range or of another calendar (RFC 7529).
    """
    parts: dict[str, str] = {}
    for piece in text.strip().strip(";").split(";"):
        name, equals, value = piece.partition("=")
        name = name.strip().upper()
        if not equals or name in parts:
            raise BrokenItem("its recurrence rule cannot be read")
        parts[name] = value.strip().upper()
    if parts.pop("RSCALE", "GREGORIAN") != "GREGORIAN" or parts.pop("SKIP", "OMIT") != "OMIT":
        raise BrokenItem("it recurs by a calendar other than the Gregorian")
    freq = parts.pop("FREQ", "")
    if freq not in PERIODS and freq not in UNITS:
        raise BrokenItem("its recurrence rule has no known frequency")
    interval = _number(parts.pop("INTERVAL", "1"), 1, 1_000_000)
    # Outlook and old Palm exports write COUNT=-1 for "no end"
    count_text = parts.pop("COUNT", "")
    count = None if count_text in ("", "-1") else _number(count_text, 0, 10**9)
    until = parts.pop("UNTIL", "")
    start = parts.pop("WKST", "MO")
    if start not in DAYS:
        raise BrokenItem("its recurrence rule begins the week on no known day")
    days = tuple(_weekday(d) for d in parts.pop("BYDAY", "").split(",") if d)
    lists = {name: _numbers(name, parts.pop(name, "")) for name in _LIMITS}
    unknown = [name for name in parts if not name.startswith("X-")]
    if unknown:
        raise BrokenItem("its recurrence rule has a part nobody knows")
    return Rule(
        freq,
        interval,
        count,
        until,
        DAYS[start],
        days,
        seconds=tuple(min(s, 59) for s in lists["BYSECOND"]),
        minutes=lists["BYMINUTE"],
        hours=lists["BYHOUR"],
        month_days=lists["BYMONTHDAY"],
        year_days=lists["BYYEARDAY"],
        weeks=lists["BYWEEKNO"],
        months=lists["BYMONTH"],
        positions=lists["BYSETPOS"],
    )


def _number(text: str, low: int, high: int) -> int:
    try:
        number = int(text)
    except ValueError:
        number = low - 1
    if not low <= number <= high:
        raise BrokenItem("its recurrence rule has a number out of range")
    return number


def _numbers(name: str, text: str) -> tuple[int, ...]:
    low, high, signed = _LIMITS[name]
    found = {_number(part, -high if signed else low, high) for part in text.split(",") if part}
    if signed and 0 in found:
        raise BrokenItem("its recurrence rule has a number out of range")
    return tuple(sorted(found))


def _weekday(text: str) -> tuple[int, int]:
    match = _DAY.match(text.strip())
    if not match:
        raise BrokenItem("its recurrence rule names no known day")
    return int(match[1] or 0), DAYS[match[2]]
