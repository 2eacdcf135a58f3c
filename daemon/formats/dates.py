"""The Date header (RFC 5322 3.3 and what programs write instead of it) as an aware UTC moment."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_tz

_MONTHS = {name: number for number, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}
_PLAIN = re.compile(
    r"\s*(?:[A-Z][a-z]{2}, *)?(\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d)(?::(\d\d))?"
    r" ([+-])(\d\d)([0-5]\d)(?: \([A-Za-z ]*\))?\s*",
    re.ASCII,
)
FIRST_YEAR, LAST_YEAR = 1970, 2200
"""Outside these a date is a mistake whoever reads it; closer limits are the caller's business."""


def parse_date(text: str) -> datetime | None:
    """The moment in UTC; None where the text is no date or its year is beyond reason. Never raises."""
    plain = _PLAIN.fullmatch(text)
    if plain is None:
        return _slow(text)
    day, month, year, hour, minute, second, sign, zone_hours, zone_minutes = plain.groups()
    if month not in _MONTHS:
        return _slow(text)
    offset = int(zone_hours) * 60 + int(zone_minutes)
    return _moment(
        (int(year), _MONTHS[month], int(day), int(hour), int(minute), int(second or 0)),
        (-offset if sign == "-" else offset) * 60,
    )


def _slow(text: str) -> datetime | None:
    try:
        parts = parsedate_tz(text)
    except (ValueError, IndexError, TypeError, AttributeError, OverflowError):
        return None  # seen out of the standard parser on real mail
    if parts is None:
        return None
    return _moment(parts[:6], parts[9] or 0)


def _moment(parts: tuple[int, ...], offset: int) -> datetime | None:
    year, month, day, hour, minute, second = parts
    if not FIRST_YEAR <= year <= LAST_YEAR or abs(offset) >= 86400:
        return None
    try:
        local = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
        return local - timedelta(seconds=offset) if offset else local
    except (ValueError, OverflowError):
        return None
