"""Times as the Calendar API tells them: days, moments with an offset, moments beside the name of a zone.

https://developers.google.com/workspace/calendar/api/v3/reference/events#start
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from daemon.core.errors import BrokenItem

_OFFSET = re.compile(r"(?:GMT|UTC)([+-]\d{1,2})(?::?00)?\Z")


def day_or_moment(told: Mapping[str, Any], fallback: str) -> date | datetime:
    """A day, or an aware moment. A time without an offset is in the zone beside it.

    Raises:
        BrokenItem: there is neither.
    """
    try:
        if "dateTime" in told:
            found = datetime.fromisoformat(str(told["dateTime"]))
            if found.tzinfo is None:
                named = told.get("timeZone")
                zone = _zone(named) if named else zone_of("", fallback)
                if zone is None:
                    raise BrokenItem("it names a time zone nobody knows")
                found = found.replace(tzinfo=zone)
            return found.astimezone(UTC)
        return date.fromisoformat(str(told["date"]))
    except (KeyError, ValueError, OverflowError, TypeError) as error:
        raise BrokenItem("it has no times that can be read") from error


def as_moment(stamp: date | datetime, zone: str) -> datetime:
    """In UTC; a whole day begins at midnight of the zone (IANA)."""
    if isinstance(stamp, datetime):
        return stamp
    return datetime(stamp.year, stamp.month, stamp.day, tzinfo=zone_of(zone, "UTC")).astimezone(UTC)


def zone_of(name: object, fallback: str) -> ZoneInfo:
    """The zone of this IANA name, else of the other one, else UTC."""
    return _zone(name) or _zone(fallback) or ZoneInfo("UTC")


def _zone(name: object) -> ZoneInfo | None:
    text = str(name or "")
    if hours := _OFFSET.match(text):  # seen where a calendar was imported; POSIX counts the other way round
        text = f"Etc/GMT{-int(hours[1]):+d}"
    try:
        return ZoneInfo(text)
    except (ValueError, OSError, LookupError):  # ZoneInfoNotFoundError is a KeyError
        return None


def time_line(name: str, stamp: date | datetime, zone: ZoneInfo | None = None) -> str:
    """The property; a series keeps the clock of its zone, so that it goes through DST as its organiser meant."""
    if not isinstance(stamp, datetime):
        return f"{name};VALUE=DATE:{stamp.isoformat().replace('-', '')}"
    if zone is not None and zone.key != "UTC":
        return f"{name};TZID={zone.key}:{_basic(stamp.astimezone(zone))}"
    return f"{name}:{_basic(stamp.astimezone(UTC))}Z"


def _basic(moment: datetime) -> str:
    return moment.replace(tzinfo=None, microsecond=0).isoformat().replace("-", "").replace(":", "")
