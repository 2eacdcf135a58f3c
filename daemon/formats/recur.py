"""Recurrence rules (RFC 5545 3.3.10) expanded under a budget.

The usual library walks a rule that never matches ("30 February, every second") to the year 9999 before it can be
stopped, and begins at the first instance however far back. Here whole periods are skipped up to the span asked for,
and every step is counted: a rule too dense for the budget is refused with a sentence instead of holding the daemon up.

All times are wall-clock times of the series' own zone, without tzinfo: that is what a rule speaks of (3.3.10,
"local time with UTC offset ignored").
"""

from __future__ import annotations

from calendar import isleap, monthrange
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from daemon.core.errors import BrokenItem
from daemon.formats.rrule import PERIODS, UNITS, Rule, parse

__all__ = ["MAX_COUNT", "MAX_STEPS", "PERIODS", "Rule", "occurrences", "parse"]

MAX_STEPS = 200_000
"""Days or moments looked at for one rule; about a third of a second."""

MAX_COUNT = 10_000
"""Instances of one series inside one span: more is no meeting of people."""


class _Budget:
    """Counts steps and says stop."""

    def __init__(self) -> None:
        self.left = MAX_STEPS

    def spend(self, steps: int = 1) -> None:
        self.left -= steps
        if self.left < 0:
            raise BrokenItem("it recurs too densely, or began too long ago, to be expanded")


def occurrences(rule: Rule, start: datetime, first: datetime, last: datetime) -> Iterator[datetime]:
    """The starts the rule gives, ascending, from ``first`` up to and including ``last``; ``start`` is DTSTART.

    ``last`` must already respect UNTIL. ``start`` itself is only among them where the rule gives it (the series adds
    it in any case, RFC 5545 3.8.5.3).

    Raises:
        BrokenItem: too many steps or instances.
    """
    if last < start or (rule.count is not None and rule.count == 0):
        return
    # with COUNT everything must be counted from the beginning
    begin = start if rule.count is not None else max(start, first)
    budget = _Budget()
    given = shown = 0
    source = _moments if rule.freq in UNITS else _periods
    for moment in source(rule, start, begin, last, budget):
        if moment < start or (rule.count is None and moment < first):
            continue
        if moment > last:
            return
        given += 1
        if moment >= first:
            shown += 1
            if shown > MAX_COUNT:
                raise BrokenItem(f"it recurs more than {MAX_COUNT} times in the span looked at")
            yield moment
        if rule.count is not None and given >= rule.count:
            return


# -- years, months, weeks and days ------------------------------------------------------------------


def _periods(rule: Rule, start: datetime, begin: datetime, last: datetime, budget: _Budget) -> Iterator[datetime]:
    rule = _with_defaults(rule, start)
    accepts = _day_test(rule)
    times = _times(rule, start)
    for days in _spans(rule, start.date(), begin.date(), last.date()):
        budget.spend(len(days) or 1)
        found = [day for day in days if accepts(day)]
        if not rule.positions:
            for day in found:
                budget.spend(len(times))
                for at in times:
                    yield datetime.combine(day, at)
            continue
        size = len(found) * len(times)
        picked = {p - 1 if p > 0 else size + p for p in rule.positions}
        for position in sorted(p for p in picked if 0 <= p < size):
            budget.spend()
            yield datetime.combine(found[position // len(times)], times[position % len(times)])


def _spans(rule: Rule, start: date, begin: date, last: date) -> Iterator[list[date]]:
    """The days of each period of the rule, from the one ``begin`` is in to the one ``last`` is in."""
    step = rule.interval
    if rule.freq in ("YEARLY", "MONTHLY"):
        size = 12 if rule.freq == "YEARLY" else 1

        def index(day: date) -> int:
            return (day.year * 12 + day.month - 1) // size

        # weeks of a year (BYWEEKNO) reach over its edges: one period more on each side
        low = index(start) + max(0, (index(begin) - index(start) - 1) // step) * step
        for number in range(low, index(last) + 2, step):
            year, month = divmod(number * size, 12)
            if not 1 <= year <= 9998:
                return
            if size == 1:
                yield _month_days(year, month + 1)
            elif rule.weeks:
                yield _week_year(year, rule.week_start)
            else:
                yield [day for m in rule.months or range(1, 13) for day in _month_days(year, m)]
        return
    width = 7 if rule.freq == "WEEKLY" else 1
    origin = start.toordinal()
    if width == 7:
        origin -= (start.weekday() - rule.week_start) % 7
    stride = width * step
    low = origin + max(0, (begin.toordinal() - origin) // stride) * stride
    for first in range(low, min(last.toordinal(), date.max.toordinal() - 7) + 1, stride):
        yield [date.fromordinal(first + i) for i in range(width) if first + i > 0]


def _month_days(year: int, month: int) -> list[date]:
    first = date(year, month, 1).toordinal()
    return [date.fromordinal(first + i) for i in range(monthrange(year, month)[1])]


def _week_year(year: int, week_start: int) -> list[date]:
    """The days of the weeks numbered in a year: some are of the years beside it, some of its own days are theirs."""

    def first(of: int) -> int:
        fourth = date(of, 1, 4)  # always in week one
        return fourth.toordinal() - (fourth.weekday() - week_start) % 7

    return [date.fromordinal(d) for d in range(max(1, first(year)), first(year + 1))]


def _with_defaults(rule: Rule, start: datetime) -> Rule:
    """The rule with the day DTSTART implies where no part names one (RFC 5545 3.3.10, last paragraphs)."""
    if rule.days or rule.month_days or rule.year_days:
        return rule
    if rule.freq == "WEEKLY" or (rule.freq == "YEARLY" and rule.weeks):
        return replace(rule, days=((0, start.weekday()),))
    if rule.freq == "MONTHLY":
        return replace(rule, month_days=(start.day,))
    if rule.freq == "YEARLY":
        return replace(rule, month_days=(start.day,), months=rule.months or (start.month,))
    return rule


def _day_test(rule: Rule) -> Callable[[date], bool]:
    """Whether a day fits all of the rule's parts that speak of days."""
    plain = frozenset(day for ordinal, day in rule.days if not ordinal)
    ordinals = frozenset(pair for pair in rule.days if pair[0])
    in_month = rule.freq == "MONTHLY" or (rule.freq == "YEARLY" and bool(rule.months))
    from_end = any(day < 0 for day in rule.month_days)
    if ordinals and rule.freq not in ("MONTHLY", "YEARLY"):
        # not allowed there (3.3.10); read as the plain weekday, as every calendar does
        plain, ordinals = plain | {day for _, day in ordinals}, frozenset()

    def weekday_fits(day: date) -> bool:
        weekday = day.weekday()
        if weekday in plain:
            return True
        if not ordinals:
            return False
        if in_month:
            place, length = day.day, monthrange(day.year, day.month)[1]
        else:
            place, length = day.timetuple().tm_yday, 365 + isleap(day.year)
        return ((place - 1) // 7 + 1, weekday) in ordinals or (-((length - place) // 7 + 1), weekday) in ordinals

    def accepts(day: date) -> bool:
        if rule.months and day.month not in rule.months:
            return False
        if rule.month_days and day.day not in rule.month_days:
            back = day.day - monthrange(day.year, day.month)[1] - 1 if from_end else 0
            if back not in rule.month_days:
                return False
        if rule.year_days:
            place = day.timetuple().tm_yday
            if place not in rule.year_days and place - 366 - isleap(day.year) not in rule.year_days:
                return False
        if rule.days and not weekday_fits(day):
            return False
        return not rule.weeks or _week_fits(day, rule)

    return accepts


def _week_fits(day: date, rule: Rule) -> bool:
    """BYWEEKNO: week one is the first with four days in its year (ISO 8601, counted from WKST)."""
    middle = day - timedelta(days=(day.weekday() - rule.week_start) % 7) + timedelta(days=3)
    year = middle.year
    number = (middle - date(year, 1, 1)).days // 7 + 1
    final = date(year, 12, 31)
    final_middle = final - timedelta(days=(final.weekday() - rule.week_start) % 7) + timedelta(days=3)
    if final_middle.year > year:
        final_middle -= timedelta(days=7)
    total = (final_middle - date(year, 1, 1)).days // 7 + 1
    return number in rule.weeks or number - total - 1 in rule.weeks


def _times(rule: Rule, start: datetime) -> list[time]:
    hours = rule.hours or (start.hour,)
    minutes = rule.minutes or (start.minute,)
    seconds = rule.seconds or (start.second,)
    return [time(h, m, s) for h in hours for m in minutes for s in sorted(set(seconds))]


# -- hours, minutes and seconds ---------------------------------------------------------------------


def _moments(rule: Rule, start: datetime, begin: datetime, last: datetime, budget: _Budget) -> Iterator[datetime]:
    unit = UNITS[rule.freq]
    stride = unit * rule.interval
    accepts = _day_test(rule)
    skipped = max(0, (begin - start) // stride)
    base = start + skipped * stride
    judged: tuple[date, bool] | None = None
    while base <= last:
        budget.spend()
        day = base.date()
        if judged is None or judged[0] != day:
            judged = (day, accepts(day))
        if not judged[1]:
            # to the first step of the next day, whole strides at a time
            midnight = datetime.combine(day, time.min) + timedelta(days=1)
            base += max(1, -((base - midnight) // stride)) * stride
            continue
        yield from _within(rule, base, budget)
        base += stride


def _within(rule: Rule, base: datetime, budget: _Budget) -> Iterator[datetime]:
    """The moments one hour, minute or second of the rule gives: finer parts multiply, coarser ones limit."""
    if rule.hours and base.hour not in rule.hours:
        return
    minutes: tuple[int, ...] = (base.minute,)
    seconds: tuple[int, ...] = (base.second,)
    if rule.minutes:
        if rule.freq == "HOURLY":
            minutes = rule.minutes
        elif base.minute not in rule.minutes:
            return
    if rule.seconds:
        if rule.freq != "SECONDLY":
            seconds = tuple(sorted(set(rule.seconds)))
        elif base.second not in rule.seconds:
            return
    found = [base.replace(minute=m, second=s) for m in minutes for s in seconds]
    if rule.positions:
        size = len(found)
        picked = {p - 1 if p > 0 else size + p for p in rule.positions}
        found = [found[p] for p in sorted(picked) if 0 <= p < size]
    budget.spend(len(found))
    yield from found
