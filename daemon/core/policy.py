"""What the user asked for, as the decisions read it. `daemon.config` makes these from the config file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta

CIRCLES = (
    "recruiter",
    "hr",
    "mentor",
    "protege",
    "colleague",
    "expert",
    "partner",
    "employer",
    "candidate",
    "friend",
)
TIERS = ("key", "regular", "supporting")

JOB_HUNTING = frozenset({"recruiter", "hr", "employer", "candidate"})
"""Circles an employer's account must never hear of."""

MONTH, QUARTER, YEAR = timedelta(days=30), timedelta(days=91), timedelta(days=365)


FORMS = ("mail", "talk", "meeting")
"""Forms of contact a policy may ask for in turn, the lightest first. A heavier one does for the lighter ones, too."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What one circle, tier or contact asks for; None means: not said here.

    ``forms`` are said along with ``cadence`` and by nobody without it: each form asked for with its own interval, the
    lightest first; ``cadence`` is then the shortest of them. A policy with ``until`` holds to the end of that day;
    after it the policy of the circle ``then`` holds in its place, or none.
    """

    cadence: timedelta | None = None
    forms: tuple[tuple[str, timedelta], ...] = ()
    drafts: frozenset[str] | None = None  # purposes wanted
    resets: frozenset[str] | None = None  # outbound, inbound, meeting, logged
    max_people: int | None = None  # at a meeting, the user included
    max_recipients: int | None = None
    count_cc: bool | None = None
    language: str | None = None  # of letters, where the contact's own is not known
    form: str | None = None  # of address: formal or familiar, where the contact's own is not known
    days: frozenset[int] | None = None  # ISO weekdays on which reminders may stand
    hours: tuple[time, time] | None = None  # between which they may stand
    until: date | None = None
    then: str | None = None

    @property
    def rhythm(self) -> tuple[timedelta, tuple[tuple[str, timedelta], ...]] | None:
        """Cadence and forms: they come from one policy together."""
        return None if self.cadence is None else (self.cadence, self.forms)

    def ended(self, today: date) -> bool:
        """Whether its last day is over."""
        return self.until is not None and today > self.until


DEFAULT_POLICY = Policy(
    cadence=QUARTER,
    drafts=frozenset({"thanks", "congratulations", "update"}),
    resets=frozenset({"outbound", "meeting", "logged"}),
    max_people=12,
    max_recipients=10,
    count_cc=False,
    form="formal",
)

SHIPPED_CIRCLES: Mapping[str, Policy] = {
    "recruiter": Policy(cadence=QUARTER),
    "hr": Policy(cadence=QUARTER),
    "mentor": Policy(cadence=MONTH),
}
SHIPPED_TIERS: Mapping[str, Policy] = {
    "key": Policy(cadence=MONTH),
    "supporting": Policy(cadence=YEAR),
}


@dataclass(frozen=True, slots=True)
class Policies:
    """All policies in force: the user's over the shipped ones."""

    default: Policy = DEFAULT_POLICY
    circles: Mapping[str, Policy] = field(default_factory=lambda: dict(SHIPPED_CIRCLES))
    tiers: Mapping[str, Policy] = field(default_factory=lambda: dict(SHIPPED_TIERS))
    contacts: Mapping[str, Policy] = field(default_factory=dict)  # by name or address, as the config writes it


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """When reminders may stand, in the user's own zone. ``days`` are ISO weekdays (Monday is 1).

    ``country`` and ``subdivision`` (ISO 3166) say whose public holidays are free of reminders; "" means: nobody's.
    """

    zone: str = "UTC"
    days: frozenset[int] = frozenset({1, 2, 3, 4, 5})
    start: time = time(10)
    end: time = time(18)
    country: str = ""
    subdivision: str = ""


@dataclass(frozen=True, slots=True)
class Quiet:
    """Days of the user's, the last one included, on which nothing is placed or drafted."""

    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


def joined(periods: Iterable[Quiet]) -> tuple[Quiet, ...]:
    """The same days as periods that neither overlap nor touch, the earliest first: what ends is over then."""
    found: list[Quiet] = []
    for each in sorted(periods, key=lambda q: (q.first, q.last)):
        if found and each.first <= found[-1].last + timedelta(days=1):
            found[-1] = Quiet(found[-1].first, max(found[-1].last, each.last))
        else:
            found.append(each)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class ReminderRules:
    """How reminders look and how many there may be."""

    a_day: int = 3
    a_week: int = 10
    minutes: int = 15
    ahead: timedelta = timedelta(days=7)  # how far ahead of today reminders are placed
    detail: str = "full"  # full | name | none
    reply_after: timedelta = timedelta(days=5)  # inbound mail without an answer
    weekly_digest: tuple[int, time] | None = None  # ISO weekday and hour of an event that says who waits; None: never


@dataclass(frozen=True, slots=True)
class Me:
    """The user. ``organisation`` holds the domains of their own employer or company."""

    name: str
    addresses: tuple[str, ...]
    language: str = "en"
    signature: str = ""
    organisation: frozenset[str] = frozenset()
