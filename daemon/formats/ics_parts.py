"""The VEVENTs of one event read: times, rules and what says which version holds (RFC 5545 3.6.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from daemon.core.errors import BrokenItem
from daemon.formats import recur
from daemon.formats.ics_scan import Scanned, name_of, params_of, value_of
from daemon.formats.zones import UTC_ZONE, Zone, Zones

_STAMP = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)?(Z)?)?\Z")
_DURATION = re.compile(r"([+-])?P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?\Z")
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time as the object gives it. ``zone`` is None for a floating one."""

    wall: datetime  # naive
    zone: Zone | None
    all_day: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One VEVENT: the event itself, or an exception to it (``original`` is its RECURRENCE-ID)."""

    lines: tuple[str, ...]
    start: Stamp
    end: Stamp | None
    duration: tuple[int, timedelta] | None  # whole days by the clock on the wall, and the rest by the stopwatch
    original: Stamp | None
    future: bool
    cancelled: bool
    rank: tuple[int, str]  # SEQUENCE and DTSTAMP: of two versions the higher one holds
    rules: tuple[recur.Rule, ...]
    no_rules: tuple[recur.Rule, ...]
    extra: tuple[tuple[Stamp, timedelta | None], ...]
    skipped: tuple[Stamp, ...]


Property = tuple[dict[str, str], str]


def properties(lines: tuple[str, ...]) -> dict[str, list[Property]]:
    """(parameters by upper-case name, raw value) of each line, by upper-case property name."""
    found: dict[str, list[Property]] = {}
    for line in lines:
        found.setdefault(name_of(line), []).append((params_of(line), value_of(line)))
    return found


def parts_of(scanned: Scanned, zones: Zones) -> list[Part]:
    """The VEVENTs of one UID, read.

    Raises:
        BrokenItem: a time, rule or time zone cannot be made out.
    """
    return [_part(lines, zones, scanned.cancelled) for lines in scanned.events]


def _part(lines: tuple[str, ...], zones: Zones, off: bool) -> Part:
    found = properties(lines)

    def one(name: str) -> Property | None:
        return found[name][0] if name in found else None

    def stamps(name: str) -> list[Stamp]:
        return [s for params, value in found.get(name, ()) for s in _stamps(params, value, zones)]

    def rules(name: str) -> tuple[recur.Rule, ...]:
        return tuple(recur.parse(value) for _, value in found.get(name, ()) if value.strip())

    start = one("DTSTART")
    if start is None:
        raise BrokenItem("it has no start")
    end, length, original = one("DTEND"), one("DURATION"), one("RECURRENCE-ID")
    status = one("STATUS")
    sequence = one("SEQUENCE")
    stamp = one("DTSTAMP")
    return Part(
        lines=lines,
        start=stamp_of(*start, zones),
        end=stamp_of(*end, zones) if end else None,
        duration=_duration(length[1]) if length and not end else None,
        original=stamp_of(*original, zones) if original else None,
        future=original is not None and original[0].get("RANGE", "").upper() == "THISANDFUTURE",
        cancelled=off or bool(status and status[1].strip().upper() == "CANCELLED"),
        rank=(int(sequence[1]) if sequence and sequence[1].strip().isdigit() else 0, stamp[1] if stamp else ""),
        rules=rules("RRULE"),
        no_rules=rules("EXRULE"),
        extra=tuple(e for params, value in found.get("RDATE", ()) for e in _extra(params, value, zones)),
        skipped=tuple(stamps("EXDATE")),
    )


def stamp_of(params: dict[str, str], value: str, zones: Zones) -> Stamp:
    """A DATE or DATE-TIME value (RFC 5545 3.3.4, 3.3.5).

    Raises:
        BrokenItem: it is none, does not exist, or is in a zone nobody knows.
    """
    match = _STAMP.match(value.strip())
    if not match:
        raise BrokenItem("one of its times is no date and no time")
    try:
        day = date(int(match[1]), int(match[2]), int(match[3]))
        if match[4] is None:
            return Stamp(datetime.combine(day, time.min), None, all_day=True)
        clock = time(int(match[4]), int(match[5]), min(int(match[6] or 0), 59))  # 60 is a leap second
    except ValueError:
        raise BrokenItem("one of its times does not exist") from None
    wall = datetime.combine(day, clock)
    if match[7]:
        return Stamp(wall, UTC_ZONE)
    name = params.get("TZID", "")
    return Stamp(wall, zones.find(name) if name else None)


def _stamps(params: dict[str, str], value: str, zones: Zones) -> list[Stamp]:
    return [stamp_of(params, text, zones) for text in value.split(",") if text.strip()]


def _extra(params: dict[str, str], value: str, zones: Zones) -> Iterator[tuple[Stamp, timedelta | None]]:
    """RDATE: times, or periods that bring their own length (RFC 5545 3.8.5.2)."""
    for text in value.split(","):
        first, slash, second = text.strip().partition("/")
        if not first:
            continue
        start = stamp_of(params, first, zones)
        if not slash:
            yield start, None
        elif second.lstrip("+-").startswith("P"):
            days, rest = _duration(second)
            yield start, days * DAY + rest
        else:
            yield start, max(stamp_of(params, second, zones).wall - start.wall, timedelta(0))


def _duration(text: str) -> tuple[int, timedelta]:
    match = _DURATION.match(text.strip().upper())
    if not match or not any(match.groups()[1:]):
        raise BrokenItem("its duration cannot be read")
    weeks, days, hours, minutes, seconds = (int(g or 0) for g in match.groups()[1:])
    if match[1] == "-" or weeks + days > 100_000:
        return 0, timedelta(0)
    return weeks * 7 + days, timedelta(hours=hours, minutes=minutes, seconds=seconds)
