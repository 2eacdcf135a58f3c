"""One event with its exceptions, laid out as instances inside a span of time (RFC 5545 3.8.4.4, 3.8.5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from daemon.core.errors import BrokenItem
from daemon.core.model import Window
from daemon.formats import recur
from daemon.formats.ics_parts import DAY, Part, Stamp, parts_of, stamp_of
from daemon.formats.ics_scan import Scanned, tzid_of
from daemon.formats.zones import UTC_ZONE, Zone, Zones, in_database

EPOCH, DOOM = datetime(1000, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
MAX_MOVES = 500
"""THISANDFUTURE exceptions of one series: more is no series."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One time the event takes place; ``part`` says who takes part. All in UTC."""

    original: datetime
    start: datetime
    end: datetime
    all_day: bool
    part: Part


class Series:
    """The parts of one UID, ready to be laid out. ``user`` is the zone floating times and whole days are in."""

    def __init__(self, parts: list[Part], user: Zone) -> None:
        self.user = user
        plain = [p for p in parts if p.original is None]
        self.master = max(plain, key=lambda p: p.rank) if plain else None
        self.recurring = len(parts) > len(plain) or bool(self.master and (self.master.rules or self.master.extra))
        self.zone = (self.master.start.zone if self.master else None) or user
        self.singles: dict[datetime, Part] = {}
        for part in sorted((p for p in parts if p.original is not None), key=lambda p: p.rank):
            self.singles[self._original(part)] = part
        self.futures = sorted((o, p) for o, p in self.singles.items() if p.future) if self.singles else []
        if len(self.futures) > MAX_MOVES:
            raise BrokenItem("it has too many exceptions")
        skipped = self.master.skipped if self.master else ()
        self.skipped = {self._in_series(s) for s in skipped}
        self.skipped_days = {s.wall.date() for s in skipped if s.all_day}

    def instances(self, window: Window) -> Iterator[Instance]:
        """Those that share a moment with the window, in no order, cancelled ones included.

        Raises:
            BrokenItem: there are too many.
        """
        for original, wall, length in self._originals(window):
            if original in self.singles or original in self.skipped or wall.date() in self.skipped_days:
                continue
            part = self._part_for(original)
            start = original if part is self.master else self.zone.to_utc(self._moved(wall, part))
            instance = self._lay(part, start, original, length)
            if window.overlaps(instance.start, instance.end):
                yield instance
        for original, part in self.singles.items():
            if original in self.skipped or self._local(original).date() in self.skipped_days:
                continue
            own = (part.start.zone or self.zone).to_utc(part.start.wall)
            instance = self._lay(part, own, original, None)
            if window.overlaps(instance.start, instance.end):
                yield instance

    # -- originals -------------------------------------------------------------------------------

    def _originals(self, window: Window) -> Iterator[tuple[datetime, datetime, timedelta | None]]:
        """(original start in UTC, wall time in the series' zone, own length) of what the master gives."""
        master = self.master
        if master is None:
            return
        start = self._wall(master.start)
        longest, early, late = self._reach()
        first = self._local(window.start) - longest - late - DAY
        last = self._local(window.end) + early + DAY
        walls: dict[datetime, timedelta | None] = {start: None}
        for rule in master.rules:
            for wall in recur.occurrences(rule, start, first, min(last, self._until(rule))):
                walls.setdefault(wall, None)
        for rule in master.no_rules:
            for wall in recur.occurrences(rule, start, first, min(last, self._until(rule))):
                walls.pop(wall, None)
        for stamp, length in master.extra:
            walls[self._local(self._in_series(stamp))] = length
        for wall, length in walls.items():
            yield self.zone.to_utc(wall), wall, length

    def _reach(self) -> tuple[timedelta, timedelta, timedelta]:
        """The longest instance; how far THISANDFUTURE moves instances to earlier and to later times."""
        longest = early = late = timedelta(0)
        for part in [p for p in (self.master, *(p for _, p in self.futures)) if p]:
            days, rest = self.length(part)
            longest = max(longest, days * DAY + rest)
        for original, part in self.futures:
            shift = self._wall(part.start) - self._local(original)
            early, late = max(early, -shift), max(late, shift)
        return longest, early, late

    def _until(self, rule: recur.Rule) -> datetime:
        """UNTIL on the series' own clock; a mere date means all of that day, as every calendar reads it."""
        if not rule.until:
            return datetime(9999, 12, 30)  # noqa: DTZ001 - wall time
        stamp = stamp_of({}, rule.until, Zones("UTC", {}))
        if stamp.all_day or (self.master and self.master.start.all_day):
            return datetime.combine(stamp.wall.date(), time.max)
        return self._local(UTC_ZONE.to_utc(stamp.wall)) if stamp.zone else stamp.wall

    def _part_for(self, original: datetime) -> Part:
        """Who describes the instance: the last THISANDFUTURE exception at or before it, else the event."""
        found = self.master
        for begin, part in self.futures:
            if begin > original:
                break
            found = part
        assert found is not None  # noqa: S101 - originals exist only where there is a master
        return found

    def _moved(self, wall: datetime, part: Part) -> datetime:
        return wall + (self._wall(part.start) - self._local(self._original(part)))

    # -- times -----------------------------------------------------------------------------------

    def _local(self, moment: datetime) -> datetime:
        return self.zone.to_wall(moment)

    def _in_series(self, stamp: Stamp) -> datetime:
        """The moment an EXDATE, RDATE or RECURRENCE-ID means: without a zone of its own it is in the series'."""
        if stamp.all_day and self.master and not self.master.start.all_day:
            return self.zone.to_utc(datetime.combine(stamp.wall.date(), self.master.start.wall.time()))
        if self.master and self.master.start.all_day and not stamp.all_day:
            return self.zone.to_utc(datetime.combine(stamp.wall.date(), time.min))
        return (stamp.zone or self.zone).to_utc(stamp.wall)

    def _original(self, part: Part) -> datetime:
        return self._in_series(part.original or part.start)

    def _wall(self, stamp: Stamp) -> datetime:
        """A start on the series' clock."""
        if stamp.zone is None or stamp.zone is self.zone:
            return stamp.wall
        return self._local(stamp.zone.to_utc(stamp.wall))

    def length(self, part: Part) -> tuple[int, timedelta]:
        """How long an instance is: (days by the clock on the wall, the rest by the stopwatch)."""
        if part.end is not None:
            if part.start.all_day or part.end.all_day:
                return max((part.end.wall.date() - part.start.wall.date()).days, 1 if part.start.all_day else 0), (
                    timedelta(0)
                )
            begin = (part.start.zone or self.user).to_utc(part.start.wall)
            # an end without a zone is in that of the start, whatever the RFC says: Outlook's old exports
            end = (part.end.zone or part.start.zone or self.user).to_utc(part.end.wall)
            return 0, max(end - begin, timedelta(0))
        if part.duration is not None:
            return part.duration
        return (1 if part.start.all_day else 0), timedelta(0)

    def _lay(self, part: Part, start: datetime, original: datetime, length: timedelta | None) -> Instance:
        if length is not None:
            end = start + length
        else:
            days, rest = self.length(part)
            end = (self.zone.to_utc(self._local(start) + days * DAY) if days else start) + rest
        return Instance(original, start, max(end, start), part.start.all_day, part)


def build(scanned: Scanned, user_zone: str) -> Series:
    """The series of one scanned object.

    Raises:
        BrokenItem: it cannot be read; the reason names no person and quotes no text.
    """
    zones = Zones(user_zone, {_tzid(text): text for text in scanned.zones})
    try:
        return Series(parts_of(scanned, zones), zones.user)
    except (ValueError, OverflowError, IndexError, KeyError, TypeError) as error:
        raise BrokenItem(f"it cannot be read ({type(error).__name__})") from error


def lay_out(series: Series, window: Window) -> list[Instance]:
    """Its instances in the window by start, each identity once.

    Raises:
        BrokenItem: there are too many, or its times leave the calendar.
    """
    # room for the arithmetic around it
    window = Window(max(window.start, EPOCH), min(window.end, DOOM))
    try:
        found = {i.original: i for i in series.instances(window)}
    except (ValueError, OverflowError) as error:
        raise BrokenItem(f"it cannot be expanded ({type(error).__name__})") from error
    return sorted(found.values(), key=lambda i: (i.start, i.original))


def shipped_for(scanned: Scanned) -> list[str]:
    """The VTIMEZONEs the object cannot do without: named by its times, and unknown to the tz database."""
    return [text for text in scanned.zones if _tzid(text) in scanned.tzids and not in_database(_tzid(text))]


def _tzid(text: str) -> str:
    return tzid_of(text.split("\n"))
