"""What the user asked for, as the decisions read it. `daemon.config` makes these from the config file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta

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


@dataclass(frozen=True, slots=True)
class Policy:
    """What one circle, tier or contact asks for; None means: not said here."""

    cadence: timedelta | None = None
    drafts: frozenset[str] | None = None  # purposes wanted
    resets: frozenset[str] | None = None  # outbound, inbound, meeting, logged
    max_people: int | None = None  # at a meeting, the user included
    max_recipients: int | None = None
    count_cc: bool | None = None


DEFAULT_POLICY = Policy(
    cadence=QUARTER,
    drafts=frozenset({"thanks", "congratulations", "update"}),
    resets=frozenset({"outbound", "meeting", "logged"}),
    max_people=12,
    max_recipients=10,
    count_cc=False,
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
    """When reminders may stand, in the user's own zone. ``days`` are ISO weekdays (Monday is 1)."""

    zone: str = "UTC"
    days: frozenset[int] = frozenset({1, 2, 3, 4, 5})
    start: time = time(10)
    end: time = time(18)


@dataclass(frozen=True, slots=True)
class ReminderRules:
    """How reminders look and how many there may be."""

    a_day: int = 3
    a_week: int = 10
    minutes: int = 15
    ahead: timedelta = timedelta(days=7)  # how far ahead of today reminders are placed
    detail: str = "full"  # full | name | none
    reply_after: timedelta = timedelta(days=5)  # inbound mail without an answer


@dataclass(frozen=True, slots=True)
class Me:
    """The user. ``organisation`` holds the domains of their own employer or company."""

    name: str
    addresses: tuple[str, ...]
    language: str = "en"
    signature: str = ""
    organisation: frozenset[str] = frozenset()
