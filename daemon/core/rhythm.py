"""How often two people really are in touch, out of the days on which they were. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date, timedelta
from itertools import pairwise
from statistics import mean, median

STEPS = tuple(timedelta(days=n) for n in (7, 14, 21, 30, 42, 61, 91, 122, 182, 365))
"""Intervals people think in: weeks up to three, a month, six weeks, two months, a quarter ... a year."""

ONE_TALK = timedelta(days=4)
"""Contact so soon after the last belongs to the same conversation: answers, a meeting and the thanks for it."""

AT_LEAST = 5
"""Fewer conversations than this make no rhythm."""

DIFFERENT = 1.4
"""A cadence is proposed where it differs from the present one by more than this factor."""


def rhythm(days: Iterable[date]) -> timedelta | None:
    """The usual time between conversations, in human steps; None where there were too few.

    The median of the gaps, so that one long silence changes nothing; but no less than what they come to on average
    (the longest left out): a few busy weeks in years are no weekly rhythm.
    """
    begun: list[date] = []
    last: date | None = None
    for day in sorted(set(days)):
        if last is None or day - last >= ONE_TALK:
            begun.append(day)
        last = day
    if len(begun) < AT_LEAST:
        return None
    gaps = sorted((b - a).days for a, b in pairwise(begun))
    usual = max(median(gaps), mean(gaps[:-1]))
    return min(STEPS, key=lambda step: abs(math.log(step.days / usual)))


def proposed(days: Iterable[date], present: timedelta) -> timedelta | None:
    """The cadence to propose instead of the ``present`` one; None where that fits, or nobody can say."""
    real = rhythm(days)
    if real is None or max(real / present, present / real) <= DIFFERENT:
        return None
    return real
