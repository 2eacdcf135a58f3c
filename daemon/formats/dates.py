"""The Date header (RFC 5322 3.3 and what programs write instead of it) as an aware UTC moment."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_tz

_NAMES = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_MONTHS = {name: f"{number:02}" for number, name in enumerate(_NAMES, 1)}
_PLAIN = re.compile(
    r"\s*(?:[A-Z][a-z]{2}, *)?(\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d\d:\d\d)(:\d\d)?"
    r" ([+-]\d\d)([0-5]\d)(?: \([A-Za-z ]*\))?\s*",
    re.ASCII,
)
FIRST_YEAR, LAST_YEAR = 1970, 2200
"""Outside these a date is a mistake whoever reads it; closer limits are the caller's business."""


def parse_date(text: str) -> datetime | None:
    """The moment in UTC; None where the text is no date or its year is beyond reason. Never raises."""
    plain = _PLAIN.fullmatch(text)
    if plain is None:
        return _slow(text)
    day, month, year, time, seconds, hours, minutes = plain.groups()
    if not FIRST_YEAR <= int(year) <= LAST_YEAR:
        return None
    try:
        return moment(year, month, day, f"{time}{seconds or ':00'}", f"{hours}:{minutes}")
    except (ValueError, KeyError, OverflowError):  # a leap second among them
        return _slow(text)


def moment(year: str, month: str, day: str, time: str, zone: str) -> datetime:
    """In UTC, of the parts as mail writes them: month by its English name, time with seconds, zone as ``+hh:mm``.

    Raises:
        ValueError, KeyError, OverflowError: there is no such moment.
    """
    # the quickest reader of dates there is
    return datetime.fromisoformat(f"{year}-{_MONTHS[month]}-{day:0>2}T{time}{zone}").astimezone(UTC)


def _slow(text: str) -> datetime | None:
    try:
        parts = parsedate_tz(text)
    except (ValueError, IndexError, TypeError, AttributeError, OverflowError):
        return None  # seen out of the standard parser on real mail
    if parts is None:
        return None
    year, month, day, hour, minute, second = parts[:6]
    offset = parts[9] or 0
    if not FIRST_YEAR <= year <= LAST_YEAR or abs(offset) >= 86400:
        return None
    try:
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC) - timedelta(seconds=offset)
    except (ValueError, OverflowError):
        return None
