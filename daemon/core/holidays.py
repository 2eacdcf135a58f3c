"""Professional holidays: on which day of a year they are, and for whom. Pure.

The shipped table is `daemon/config/professional_holidays.toml`; the user's own rows look the same. Nothing is assumed
of anybody: without a known profession (or a circle that says it) and a known country there is no holiday.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

ANYWHERE = "*"

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
_FIXED = re.compile(r"(\d{1,2}) (\w+)\Z")
_NTH_DAY = re.compile(r"day (\d{1,3})\Z")
_WEEKDAY = re.compile(r"(\w+) (\w+) of (\w+)\Z")
_BESIDE = re.compile(r"(\d{1,2}) days? (after|before) (.+)\Z")
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Holiday:
    """One row of the table.

    ``rule`` is "21 November", "day 256", "last friday of july", or so many days beside one of these ("2 days after
    first sunday of may": the Tuesday of the first whole week, which the first Tuesday often is not). ``names`` are by
    language, in the nominative. ``professions`` are words and phrases as people write them, in any language;
    ``circles`` those that say as much. ``countries`` are ISO 3166 codes, or ``*``. ``since`` is the first year it was
    kept. ``source`` says who set it.
    """

    id: str
    rule: str
    names: Mapping[str, str]
    professions: tuple[str, ...]
    countries: tuple[str, ...] = (ANYWHERE,)
    circles: frozenset[str] = frozenset()
    since: int = 0
    source: str = ""
    _folded: tuple[tuple[str, ...], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_folded", tuple(_words(p) for p in self.professions))

    def day(self, year: int) -> date | None:
        """Its day in that year; None before it was first kept."""
        return None if year < self.since else day_of(self.rule, year)

    def concerns(self, profession: str, circles: Collection[str], country: str) -> bool:
        """Whether it is somebody's: of this profession (or in such a circle), in this country (an ISO code)."""
        if not country or (ANYWHERE not in self.countries and country not in self.countries):
            return False
        if self.circles & set(circles):
            return True
        said = _words(profession)
        return bool(said) and any(_contains(said, phrase) for phrase in self._folded)


def is_rule(rule: str) -> bool:
    """Whether `day_of` understands it."""
    try:
        return day_of(rule, 2024) is not None
    except ValueError:
        return False


def day_of(rule: str, year: int) -> date | None:
    """The day a rule names in a year. 29 February is kept on the 28th in common years.

    Raises:
        ValueError: no such rule.
    """
    rule = rule.strip().casefold()
    if match := _BESIDE.match(rule):
        beside = timedelta(days=int(match[1]) if match[2] == "after" else -int(match[1]))
        found = day_of(match[3], year)
        return found + beside if found is not None and (found + beside).year == year else None
    if match := _NTH_DAY.match(rule):
        day = date(year, 1, 1) + timedelta(days=int(match[1]) - 1)
        if not 1 <= int(match[1]) <= 366:
            raise ValueError(rule)
        return day if day.year == year else None
    if match := _FIXED.match(rule):
        number, month = int(match[1]), _index(_MONTHS, match[2])
        if (number, month) == (29, 2):
            return date(year, 3, 1) - timedelta(days=1)
        return date(year, month, number)
    if match := _WEEKDAY.match(rule):
        if match[1] not in _ORDINALS:
            raise ValueError(rule)
        return _nth_weekday(year, _index(_MONTHS, match[3]), _index(_WEEKDAYS, match[2]) - 1, _ORDINALS[match[1]])
    raise ValueError(rule)


def _nth_weekday(year: int, month: int, weekday: int, n: int) -> date:
    if n < 0:
        end = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
        return end - timedelta(days=(end.weekday() - weekday) % 7)
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))


def _index(names: tuple[str, ...], name: str) -> int:
    if name not in names:
        raise ValueError(name)
    return names.index(name) + 1


def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(text.casefold().replace("ё", "е")))


def _contains(said: tuple[str, ...], phrase: tuple[str, ...]) -> bool:
    n = len(phrase)
    return any(said[i : i + n] == phrase for i in range(len(said) - n + 1)) if n else False
