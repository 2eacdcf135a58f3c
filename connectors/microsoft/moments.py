"""Times as Graph writes them, and time zones both ways.

Everything is asked for in UTC (``Prefer: outlook.timezone``), yet an answer may name another zone: a Windows name, an
IANA name, or ``tzone://Microsoft/Utc``. ``tzone://Microsoft/Custom`` says only that the zone has no name at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from daemon.core.errors import BrokenItem
from daemon.formats.cards import partial_date
from daemon.formats.zones import UTC_ZONE, Zone, from_tables, iana, user_zone

_VENDOR = "tzone://microsoft/"


def moment(value: object) -> datetime | None:
    """A DateTimeOffset in UTC; None where it is missing, unreadable, or Graph's way to say never (year 1)."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    if found.year <= 1:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def instant(value: object) -> datetime:
    """A dateTimeTimeZone as the moment it means.

    Raises:
        BrokenItem: it is no time, or in a zone nobody knows.
    """
    wall, name = _wall(value)
    return zone_named(name).to_utc(wall)


def day(value: object, zone: str, original: object = None) -> datetime:
    """The start of a whole day, as midnight in the user's zone (IANA name).

    A whole day has a date and no zone. Graph shifts those of events made elsewhere into the zone asked for: then
    ``original``, the zone the event was made in, shifts them back.

    Raises:
        BrokenItem: as `instant`.
    """
    wall, name = _wall(value)
    if (wall.hour, wall.minute) != (0, 0) and isinstance(original, str) and _custom(original) is False:
        found = _find(original)
        wall = found.to_wall(zone_named(name).to_utc(wall)) if found else wall
    if (wall.hour, wall.minute) != (0, 0):
        wall += timedelta(hours=12)  # its zone has no name: the day that most of it falls on
    return user_zone(zone).to_utc(datetime.combine(wall.date(), datetime.min.time()))


def zone_named(name: str) -> Zone:
    """The zone of this name, never silently UTC.

    Raises:
        BrokenItem: nobody knows it.
    """
    found = _find(name)
    if found is None:
        raise BrokenItem(f"it is in the time zone {name[:60]!r}, of which nothing is known")
    return found


def date_time(at: datetime, zone: str) -> dict[str, str]:
    """A moment as a dateTimeTimeZone in the user's zone, by its Windows name; in UTC where there is none for it.

    Graph takes IANA names too, but not all of them.
    """
    name = _windows().get(zone, "UTC")
    wall = (iana(zone) or UTC_ZONE).to_wall(at) if name != "UTC" else UTC_ZONE.to_wall(at)
    return {"dateTime": wall.isoformat(timespec="seconds"), "timeZone": name}


def birthday(value: object) -> str:
    """A contact's birthday as ``YYYY-MM-DD``, or ``--MM-DD`` where no year was given; "" where there is none.

    Outlook keeps it as a moment near the middle of the day in UTC, and writes 1604 where the year is left out.
    """
    if not isinstance(value, str):
        return ""
    at = moment(value)
    if at is None:
        return ""
    if len(value) > 10 and at.hour >= 21:
        # saved as midnight in a zone east of Greenwich, by a program that took it for a moment
        value = (at + timedelta(days=1)).date().isoformat()
    return partial_date(value[:10])


def _wall(value: object) -> tuple[datetime, str]:
    told: Mapping[str, Any] = value if isinstance(value, dict) else {}
    try:
        wall = datetime.fromisoformat(str(told["dateTime"]))
    except (KeyError, ValueError):
        raise BrokenItem("its time cannot be read") from None
    if wall.tzinfo is not None:
        return wall.astimezone(UTC).replace(tzinfo=None), "UTC"
    return wall, str(told.get("timeZone") or "UTC")


def _custom(name: str) -> bool:
    return name.casefold() == f"{_VENDOR}custom"


def _find(name: str) -> Zone | None:
    if name.casefold() == f"{_VENDOR}utc":
        return UTC_ZONE
    return iana(name) or from_tables(name)


@lru_cache(maxsize=1)
def _windows() -> dict[str, str]:
    """IANA name -> Windows name (Unicode CLDR, turned round)."""
    from babel.core import get_global

    return {str(v): str(k) for k, v in get_global("windows_zone_mapping").items() if str(k) != "UTC"}
