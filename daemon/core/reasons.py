"""What the user told kith about people, companies and themselves that is a reason to write. Records only; pure.

The rules over them are in `core.occasions` (one person's days) and `core.own_news` (the user's own).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

INTERVIEW = "interview"
RECOMMENDATION = "recommendation"
INTRODUCTION = "introduction"
EVENT = "event"
JOB = "job"
ACHIEVEMENT = "achievement"

THANKED_FOR = (RECOMMENDATION, INTRODUCTION, EVENT)
CONGRATULATED_ON = (JOB, ACHIEVEMENT)

WORK = "work"
COMPANY = "company"


@dataclass(frozen=True, slots=True)
class Noted:
    """Something about one person that the user noted, or accepted when it was suggested.

    ``token`` names it for ever (kind, day and a word on the rest), ``day`` is its day in the user's zone, ``noted_at``
    the moment the user said so. ``title`` is the user's own words, which a letter may quote; "" where there are none.
    ``source`` says where it is from, for people to read.
    """

    kind: str
    token: str
    day: date
    noted_at: datetime
    title: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Yearly:
    """A day that comes back every year: ``kind`` is work or company; ``when`` is YYYY-MM-DD or --MM-DD.

    ``title`` is the company's name where the user keeps a record of it.
    """

    kind: str
    when: str
    source: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Trip:
    """A visit the user plans. ``cities`` are all the names of the one city; both days belong to it."""

    token: str
    cities: tuple[str, ...]
    begins: date
    ends: date
    noted_at: datetime


@dataclass(frozen=True, slots=True)
class OwnNews:
    """The user's own change of role or company, in their words, by language.

    ``old`` and ``new`` are organisations and mail domains (folded), by which former and new colleagues are known.
    ``circles`` empty means all the kept. ``reach`` says, by language too, what changes in how to reach the user.
    """

    token: str
    texts: Mapping[str, str]
    noted_at: datetime
    circles: frozenset[str] = frozenset()
    old: frozenset[str] = frozenset()
    new: frozenset[str] = frozenset()
    reach: Mapping[str, str] = field(default_factory=dict)
