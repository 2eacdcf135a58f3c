"""What a value in the configuration may be. Each reader returns the value as the program uses it or says what is
allowed; none repeats what it was given (`daemon.config.reading` does, where it is no secret).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from daemon.core import address
from daemon.core.policy import FORMS, MONTH, QUARTER, YEAR

T = TypeVar("T")
Reader = Callable[[object], T]


class NotAllowed(ValueError):
    """The value is not allowed; the text says what is."""


_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
    "month": MONTH,
    "quarter": QUARTER,
    "y": YEAR,
}
_SPELT = {
    "s": ("s", "sec", "second", "seconds"),
    "m": ("m", "min", "minute", "minutes"),
    "h": ("h", "hour", "hours"),
    "d": ("d", "day", "days"),
    "w": ("w", "week", "weeks"),
    "month": ("month", "months"),
    "quarter": ("quarter", "quarters"),
    "y": ("y", "year", "years"),
}
_UNIT_OF = {word: unit for unit, words in _SPELT.items() for word in words}
_NAMED = {
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
    "monthly": MONTH,
    "quarterly": QUARTER,
    "half-yearly": timedelta(days=182),
    "yearly": YEAR,
}
_DURATION = re.compile(r"(\d{1,5})\s*([a-z]+)\Z")
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\Z")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z")
_DOMAIN = re.compile(r"(?=.{1,253}\Z)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z")


def text(value: object) -> str:
    """A line of text that is not empty."""
    if not isinstance(value, str) or not value.strip() or any(c in value for c in "\r\n\0"):
        raise NotAllowed("one line of text in quotes")
    return value.strip()


def lines(value: object) -> str:
    """Text of any number of lines (TOML's triple quotes)."""
    if not isinstance(value, str):
        raise NotAllowed("text in quotes, or in triple quotes for several lines")
    return value.strip("\r\n")


def flag(value: object) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        raise NotAllowed("true or false")
    return value


def number(low: int, high: int) -> Reader[int]:
    """A whole number in a range, both ends allowed."""

    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise NotAllowed(f"a whole number from {low} to {high}")
        return value

    return read


def duration(low: timedelta, high: timedelta) -> Reader[timedelta]:
    """A length of time in a range: "15m", "30 days", "1 month" (30 days), "quarterly" (91), "yearly" (365)."""
    allowed = f'a length of time like "15m", "30d", "1 month" or "quarterly", from {spoken(low)} to {spoken(high)}'

    def read(value: object) -> timedelta:
        found = parse_duration(value) if isinstance(value, str) else None
        if found is None or not low <= found <= high:
            raise NotAllowed(allowed)
        return found

    return read


def parse_duration(value: str) -> timedelta | None:
    """The length of time a text says, None where it says none."""
    said = value.strip().lower()
    if said in _NAMED:
        return _NAMED[said]
    match = _DURATION.match(said)
    if not match or match[2] not in _UNIT_OF:
        return None
    return int(match[1]) * _UNITS[_UNIT_OF[match[2]]]


def spoken(length: timedelta) -> str:
    """A length of time as `duration` reads it."""
    seconds = int(length.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def clock(value: object) -> time:
    """A time of day: "9:00" to "23:59" in quotes, or TOML's own 09:00:00."""
    if isinstance(value, time) and value.tzinfo is None:
        return value.replace(microsecond=0)
    match = _TIME.match(value) if isinstance(value, str) else None
    if not match:
        raise NotAllowed('a time of day from "0:00" to "23:59"')
    return time(int(match[1]), int(match[2]))


def hours(value: object) -> tuple[time, time]:
    """A part of the day: "18:00-21:00", the end after the start."""
    start, dash, end = value.partition("-") if isinstance(value, str) else ("", "", "")
    try:
        found = clock(start.strip()), clock(end.strip())
    except NotAllowed:
        found = (time(), time())
    if not dash or found[0] >= found[1]:
        raise NotAllowed('a part of the day like "18:00-21:00"')
    return found


def day(value: object) -> date:
    """A day: TOML's own 2026-12-24, or the same in quotes."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise NotAllowed("a day like 2026-12-24") from None


def rhythm(low: timedelta, high: timedelta) -> Reader[tuple[timedelta, tuple[tuple[str, timedelta], ...]]]:
    """How often: a length of time, or forms in turn, each with its own. The shortest, and the forms, lightest first."""
    length = duration(low, high)

    def read(value: object) -> tuple[timedelta, tuple[tuple[str, timedelta], ...]]:
        try:
            if not isinstance(value, dict):
                return length(value), ()
            forms = tuple((form, length(value[form])) for form in FORMS if form in value)
        except NotAllowed as e:
            raise NotAllowed(f"{e}, or forms in turn: {{ {', '.join(f'{f} = …' for f in FORMS)} }}") from None
        unknown = sorted(set(value) - set(FORMS))
        if not forms or unknown:
            which = f"; {unknown[0]} is none of them" if unknown else ""
            raise NotAllowed(f"a table of {', '.join(FORMS)}, each with a length of time{which}")
        return min(every for _, every in forms), forms

    return read


def zone(value: object) -> str:
    """An IANA time zone."""
    try:
        return ZoneInfo(text(value)).key
    except (KeyError, ValueError, OSError):  # a folder's name ("Europe") is an OSError
        raise NotAllowed('a time zone by its IANA name, like "Europe/Berlin" or "Asia/Yekaterinburg"') from None


def weekday(value: object) -> int:
    """A weekday by its English name or the first three letters of it; Monday is 1."""
    said = value.strip().lower() if isinstance(value, str) else ""
    for number_, name in enumerate(_WEEKDAYS, 1):
        if said in (name, name[:3]):
            return number_
    raise NotAllowed('weekdays like "mon" or "Friday"')


def weekly(value: object) -> tuple[int, time]:
    """A weekday and a time of day: "mon 9:00"."""
    day_, _, at = value.strip().partition(" ") if isinstance(value, str) else ("", "", "")
    try:
        return weekday(day_), clock(at.strip())
    except NotAllowed:
        raise NotAllowed('a weekday and a time, like "mon 9:00"') from None


def email(value: object) -> str:
    """One address, normalised."""
    found = address.normalise(value) if isinstance(value, str) else ""
    if not found or not _DOMAIN.match(address.domain_of(found)) or any(c in found for c in ",;<>\"'()"):
        raise NotAllowed('an address like "anna@example.org", without the name')
    return found


def domain(value: object) -> str:
    """A mail domain, in its ASCII form."""
    said = value.strip().lstrip("@") if isinstance(value, str) else ""
    found = address.domain_of(address.normalise(f"x@{said}")) if said and "@" not in said else ""
    if not found or "." not in found or not _DOMAIN.match(found):
        raise NotAllowed('a domain like "example.org"')
    return found


def territory(value: object) -> str:
    """A country by its two letters (ISO 3166-1)."""
    said = value.strip().upper() if isinstance(value, str) else ""
    if not re.fullmatch(r"[A-Z]{2}", said):
        raise NotAllowed('a country by its two letters, like "DE"')
    return said


def subdivision(value: object) -> str:
    """A part of a country by what ISO 3166-2 has after the hyphen: "BE" for Berlin, which is DE-BE."""
    said = text(value).upper().rpartition("-")[2]
    if not re.fullmatch(r"[A-Z0-9]{1,3}", said):
        raise NotAllowed('a part of the country by the letters of ISO 3166-2, like "BE"')
    return said


def language(value: object) -> str:
    """A BCP 47 tag, the primary part in lower case."""
    said = value.strip() if isinstance(value, str) else ""
    if not _LANGUAGE.match(said):
        raise NotAllowed('a language tag like "en" or "ru"')
    return said


def one_of(choices: Sequence[str]) -> Reader[str]:
    """One of a few words."""

    def read(value: object) -> str:
        if value not in choices:
            raise NotAllowed("one of " + ", ".join(choices))
        return str(value)

    return read


def list_of(item: Reader[T], *, least: int = 0) -> Reader[tuple[T, ...]]:
    """A list, each entry read by ``item``; repetitions dropped."""

    def read(value: object) -> tuple[T, ...]:
        entries = value if isinstance(value, list) else None
        try:
            found = tuple(dict.fromkeys(item(entry) for entry in entries)) if entries is not None else None
        except NotAllowed as e:
            raise NotAllowed(f"a list in [ ], each entry {e}") from None
        if found is None or len(found) < least:
            raise NotAllowed(f"a list in [ ] of {f'at least {least}: ' if least else ''}{_of(item)}")
        return found

    return read


def _of(item: Reader[T]) -> str:
    try:
        item(object())
    except NotAllowed as e:
        return str(e)
    return "entries"


def path(base: Path) -> Reader[Path]:
    """A file or folder; ``~`` is the home folder, a relative one starts from the configuration's own folder."""

    def read(value: object) -> Path:
        said = text(value)
        try:
            return Path(base, Path(said).expanduser())
        except RuntimeError:  # ~nobody-of-that-name
            raise NotAllowed("a path; the user after ~ is not known here") from None

    return read


def words(allowed: Collection[str]) -> Reader[frozenset[str]]:
    """A list of words out of a few; it may be empty."""
    read = list_of(one_of(tuple(allowed)))
    return lambda value: frozenset(read(value))
