"""Days that come back every year: which year it is that is kept now, and how many years it makes. Pure."""

from __future__ import annotations

import re
from datetime import date, timedelta

PARTIAL_DATE = re.compile(r"(?:(\d{4})|-)-(\d\d)-(\d\d)\Z")


def next_occurrence(when: str, today: date) -> date | None:
    """The first day on or after ``today`` on which a yearly date falls; None for text that is no date.

    29 February is kept on 28 February in common years.
    """
    match = PARTIAL_DATE.match(when)
    if not match:
        return None
    month, day = int(match[2]), int(match[3])
    for year in (today.year, today.year + 1):
        try:
            found = date(year, month, day)
        except ValueError:
            if (month, day) != (2, 29):
                return None
            found = date(year, 2, 28)
        if found >= today:
            return found
    return None


def kept_now(when: str, today: date, lasts: timedelta) -> date | None:
    """The day on which the yearly date ``when`` was kept last, if that is today or no longer ago than ``lasts``.

    29 February is kept on 28 February in common years. None for text that is no date.
    """
    day = next_occurrence(when, today - lasts)
    return day if day is not None and day <= today else None


def years(when: str, day: date) -> int | None:
    """How many years have passed on ``day``, one of the days ``when`` is kept on; None where its year is not known."""
    match = PARTIAL_DATE.match(when)
    return day.year - int(match[1]) if match and match[1] else None
