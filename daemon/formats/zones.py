"""The time zones an iCalendar object names, made sure of. Never silently UTC.

A name of the form ``Area/City`` is looked up in the tz database, whatever VTIMEZONE comes with it: those are often
cut down to the current rule, or stale (RFC 7809 2 takes the same view). For any other name the VTIMEZONE shipped with
the event decides; failing that, Unicode CLDR's table of Windows names; failing that, an IANA name at the end of a
vendor's (``/freeassociation.sourceforge.net/Europe/Berlin``) or a bare offset (``UTC+3``). What is left is
`BrokenItem`: a guess would move the meeting by hours and nobody would notice, while a quarantined item is listed with
its reason and tried again.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

from daemon.core.errors import BrokenItem
from daemon.formats import recur

EARLIEST, HORIZON = datetime(1968, 1, 1), datetime(2100, 1, 1)  # noqa: DTZ001 - wall times
"""Between these the onsets of a VTIMEZONE are worked out."""

_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)(?::?(\d\d))?\Z")
_NAMED_OFFSET = re.compile(r"\(?(?:UTC|GMT)\s*([+-])(\d{1,2})(?::?(\d\d))?\)?\Z", re.IGNORECASE)
_NAME = re.compile(r"(?!right/|posix|localtime|Factory)[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,2}\Z")


class Zone(Protocol):
    """What wall clocks show somewhere."""

    def to_utc(self, wall: datetime) -> datetime:
        """The moment a naive wall time means (RFC 5545 3.3.5).

        Of two, the first; in a gap, by the offset before it.
        """

    def to_wall(self, moment: datetime) -> datetime:
        """What the clock shows, naive, at an aware moment."""


@dataclass(frozen=True, slots=True)
class Known:
    """A zone of the tz database, or a fixed offset."""

    info: tzinfo

    def to_utc(self, wall: datetime) -> datetime:
        return wall.replace(tzinfo=self.info).astimezone(UTC)

    def to_wall(self, moment: datetime) -> datetime:
        return moment.astimezone(self.info).replace(tzinfo=None)


class Shipped:
    """A zone as its VTIMEZONE tells it: from each onset on, another offset (RFC 5545 3.6.5)."""

    def __init__(self, before: timedelta, onsets: Sequence[tuple[datetime, timedelta]]) -> None:
        """``before``: the offset ahead of the first onset; ``onsets``: (naive UTC, offset), ascending."""
        self._offsets = [before, *(offset for _, offset in onsets)]
        self._moments = [moment for moment, _ in onsets]
        # the wall time from which the new offset is read: in a gap and in a doubled hour the one before it holds
        self._walls = [moment + max(self._offsets[i], self._offsets[i + 1]) for i, moment in enumerate(self._moments)]

    def to_utc(self, wall: datetime) -> datetime:
        return (wall - self._offsets[bisect_right(self._walls, wall)]).replace(tzinfo=UTC)

    def to_wall(self, moment: datetime) -> datetime:
        naive = moment.astimezone(UTC).replace(tzinfo=None)
        return naive + self._offsets[bisect_right(self._moments, naive)]


UTC_ZONE = Known(UTC)


class Zones:
    """The zones of one calendar object. ``shipped`` are its VTIMEZONEs as unfolded text, by TZID."""

    def __init__(self, user: str, shipped: Mapping[str, str]) -> None:
        self.user: Zone = iana(user) or UTC_ZONE
        self._shipped = shipped
        self._found: dict[str, Zone] = {}

    def find(self, name: str) -> Zone:
        """The zone a TZID names.

        Raises:
            BrokenItem: neither the object nor any table says what it is.
        """
        if name not in self._found:
            self._found[name] = self._find(name)
        return self._found[name]

    def _find(self, name: str) -> Zone:
        clean = name.strip().strip('"').strip()
        if in_database(clean):
            return iana(clean) or UTC_ZONE
        # "EST" with a VTIMEZONE means what that says, and it often has a summer time the tz database's EST has not
        text = self._shipped.get(name)
        if text is not None and (own := from_vtimezone(text)):
            return own
        zone = iana(clean) or from_tables(clean)
        if zone is None:
            raise BrokenItem(f"it names the time zone {clean[:60]!r} and does not say what that is")
        return zone


def user_zone(name: str) -> Zone:
    """The user's own zone; UTC where the name is none."""
    return iana(name) or UTC_ZONE


def in_database(name: str) -> bool:
    """Whether the tz database is asked before a VTIMEZONE of this name."""
    return "/" in name and iana(name) is not None


@lru_cache(maxsize=512)
def iana(name: str) -> Zone | None:
    """The zone of this name in the tz database."""
    if name.upper() in ("UTC", "Z", "GMT", "ETC/UTC"):
        return UTC_ZONE
    if not _NAME.match(name):
        return None
    try:
        return Known(ZoneInfo(name))
    except (KeyError, ValueError, OSError):  # no such zone; a folder; what the file system says of odd names
        return None


@lru_cache(maxsize=512)
def from_tables(name: str) -> Zone | None:
    """The zone of a Windows name, of a vendor's path ending in an IANA name, or of an offset."""
    from babel.core import get_global

    windows = {str(k).casefold(): str(v) for k, v in get_global("windows_zone_mapping").items()}
    if found := windows.get(name.casefold()):
        return iana(found)
    parts = name.strip("/").split("/")
    for i in range(len(parts)):
        if zone := iana("/".join(parts[i:])):
            return zone
    match = _NAMED_OFFSET.match(name)
    if match:
        sign = -1 if match[1] == "-" else 1
        offset = timedelta(hours=int(match[2]), minutes=int(match[3] or 0)) * sign
        return Known(timezone(offset)) if abs(offset) < timedelta(hours=24) else None
    return None


# -- VTIMEZONE ----------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def from_vtimezone(text: str) -> Zone | None:
    """The zone a VTIMEZONE tells; None where it tells nothing that can be read."""
    onsets: dict[datetime, tuple[timedelta, timedelta]] = {}
    try:
        for lines in _observances(text):
            for moment, before, after in _onsets(lines):
                onsets[moment] = (before, after)
    except (BrokenItem, ValueError, OverflowError):
        return None
    if not onsets:
        return None
    ordered = sorted(onsets.items())
    return Shipped(ordered[0][1][0], [(moment, after) for moment, (_, after) in ordered])


def _observances(text: str) -> Iterable[list[str]]:
    inside: list[str] | None = None
    for line in text.split("\n"):
        upper = line.strip().upper()
        if upper in ("BEGIN:STANDARD", "BEGIN:DAYLIGHT"):
            inside = []
        elif upper in ("END:STANDARD", "END:DAYLIGHT"):
            if inside is not None:
                yield inside
            inside = None
        elif inside is not None:
            inside.append(line)


def _onsets(lines: Sequence[str]) -> Iterable[tuple[datetime, timedelta, timedelta]]:
    """(onset in naive UTC, offset before, offset after) of one STANDARD or DAYLIGHT."""
    start: datetime | None = None
    before = after = None
    rules: list[recur.Rule] = []
    extra: list[datetime] = []
    for line in lines:
        head, _, value = line.partition(":")
        name = head.partition(";")[0].strip().upper()
        if name == "DTSTART":
            start = _moment(value)
        elif name == "TZOFFSETFROM":
            before = _offset(value)
        elif name == "TZOFFSETTO":
            after = _offset(value)
        elif name == "RRULE":
            rules.append(recur.parse(value))
        elif name == "RDATE":
            extra += [_moment(v.partition("/")[0]) for v in value.split(",") if v]
    if start is None or after is None:
        return
    if before is None:
        before = after
    walls = {start, *extra}
    for rule in rules:
        last = HORIZON
        if rule.until:
            until = _moment(rule.until)
            last = min(last, until + before if rule.until.endswith("Z") else until)
        walls.update(recur.occurrences(rule, start, EARLIEST, last))
    for wall in walls:
        yield wall - before, before, after


def _moment(text: str) -> datetime:
    text = text.strip().rstrip("Z")
    return datetime.strptime(text, "%Y%m%dT%H%M%S" if "T" in text else "%Y%m%d")  # noqa: DTZ007 - wall time


def _offset(text: str) -> timedelta:
    match = _OFFSET.match(text.strip())
    if not match:
        raise ValueError("no offset")
    offset = timedelta(hours=int(match[2]), minutes=int(match[3]), seconds=int(match[4] or 0))
    return -offset if match[1] == "-" else offset
