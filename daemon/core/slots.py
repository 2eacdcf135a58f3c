"""Where reminders stand: free slots of the working hours, so many a day and so many a week.

A slot once placed stays: what stands counts first, only what is new is placed around it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from daemon.core.model import Window
from daemon.core.policy import ReminderRules, WorkingHours

T = TypeVar("T")

GRID = timedelta(minutes=15)

LEAD = timedelta(minutes=30)
"""A reminder stands at least so far ahead: calendar clients fetch it, and its popup fires, in time."""


@dataclass(frozen=True, slots=True)
class Ask(Generic[T]):
    """Something that wants a slot on or after ``due`` (UTC), on other ``days`` or ``hours`` than usual if said."""

    what: T
    due: datetime
    days: frozenset[int] | None = None
    hours: tuple[time, time] | None = None


def never(day: date) -> bool:
    """No day is closed."""
    return False


class Agenda:
    """The user's days with what stands in them already (all times UTC, days in the user's zone).

    ``closed`` says on which days nothing may be placed at all.
    """

    def __init__(
        self,
        hours: WorkingHours,
        rules: ReminderRules,
        standing: Iterable[Window],
        busy: Iterable[Window],
        now: datetime,
        closed: Callable[[date], bool] = never,
    ) -> None:
        self.closed = closed
        self.hours = hours
        self.rules = rules
        self.zone = ZoneInfo(hours.zone)
        self.now = now
        self.taken: dict[date, list[Window]] = {}
        self.a_day: Counter[date] = Counter()
        self.a_week: Counter[tuple[int, int]] = Counter()
        for span in busy:
            self._take(span)
        for span in standing:
            self.stand(span)

    def place(self, ask: Ask[T]) -> Window | None:
        """A free slot on the first day from its due day (or today) that has room; None within the days ahead."""
        hours = self._hours(ask)
        today = self.now.astimezone(self.zone).date()
        last = today + self.rules.ahead
        day = max(today, ask.due.astimezone(self.zone).date())
        # A snooze may ask for a day beyond the horizon: then the first fitting day after it.
        last = max(last, day + timedelta(days=14)) if day > last else last
        while day <= last:
            if day.isoweekday() in hours.days and self._room(day):
                for span in self._grid(day, hours):
                    if span.start >= self.now + LEAD and span.start >= ask.due and self._free(day, span):
                        self.stand(span)
                        return span
                # Due late in the working day: what does not fit any more goes to the next one.
            day += timedelta(days=1)
        return None

    def has_room(self, days: frozenset[int] | None = None) -> bool:
        """Whether any of the days ahead (of these weekdays, else the usual ones) has room by the caps."""
        today = self.now.astimezone(self.zone).date()
        wanted = days or self.hours.days
        ahead = (today + timedelta(days=n) for n in range(self.rules.ahead.days + 1))
        return any(day.isoweekday() in wanted and self._room(day) for day in ahead)

    def _hours(self, ask: Ask[T]) -> WorkingHours:
        if ask.days is None and ask.hours is None:
            return self.hours
        start, end = ask.hours or (self.hours.start, self.hours.end)
        return replace(self.hours, days=ask.days or self.hours.days, start=start, end=end)

    def _room(self, day: date) -> bool:
        return (
            self.a_day[day] < self.rules.a_day
            and self.a_week[day.isocalendar()[:2]] < self.rules.a_week
            and not self.closed(day)
        )

    def _grid(self, day: date, hours: WorkingHours) -> Iterator[Window]:
        length = timedelta(minutes=self.rules.minutes)
        at = datetime.combine(day, hours.start, self.zone)
        end = datetime.combine(day, hours.end, self.zone)
        start, stop = at.astimezone(UTC), end.astimezone(UTC)
        while start + length <= stop:
            yield Window(start, start + length)
            start += GRID

    def _free(self, day: date, span: Window) -> bool:
        return not any(t.start < span.end and span.start < t.end for t in self.taken.get(day, ()))

    def stand(self, span: Window) -> None:
        """Something stands here: its place is taken."""
        day = span.start.astimezone(self.zone).date()
        self.a_day[day] += 1
        self.a_week[day.isocalendar()[:2]] += 1
        self._take(span)

    def release(self, span: Window) -> None:
        """Take back what stands: its place is free again."""
        day = span.start.astimezone(self.zone).date()
        self.a_day[day] -= 1
        self.a_week[day.isocalendar()[:2]] -= 1
        self.taken[day].remove(span)

    def _take(self, span: Window) -> None:
        day = span.start.astimezone(self.zone).date()
        last = span.end.astimezone(self.zone).date()
        while day <= last:
            self.taken.setdefault(day, []).append(span)
            day += timedelta(days=1)


def place_all(agenda: Agenda, asks: Sequence[Ask[T]]) -> tuple[list[tuple[T, Window]], list[T]]:
    """Place what fits, in the order given; returns (placed, waiting)."""
    placed: list[tuple[T, Window]] = []
    waiting: list[T] = []
    for ask in asks:
        span = agenda.place(ask)
        if span is None:
            waiting.append(ask.what)
        else:
            placed.append((ask.what, span))
    return placed, waiting
