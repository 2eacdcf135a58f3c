"""The people of the simulated year as they are, and a diary of all that passed between them and the user.

The diary is kept by whoever acts, never read out of the product: what must hold is judged by it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from daemon.core.policy import JOB_HUNTING, MONTH, QUARTER, SHIPPED_CIRCLES, YEAR, Policy
from tests.year.homes import HOME, WORK

DAY = timedelta(days=1)
ZONE = ZoneInfo("Europe/Berlin")
MOST = (
    "recruiter", "hr", "mentor", "colleague", "colleague", "expert", "partner", "partner", "candidate", "friend", "",
)  # fmt: skip
TIERS = ("key", "", "", "regular", *("supporting",) * 6)
CITIES = ("Kazan", "Lyon", "Oslo", "Porto", "", "", "")
ZONES = ("", "", "", "Asia/Tokyo", "America/New_York")

CIRCLES = {
    **SHIPPED_CIRCLES,
    "friend": Policy(cadence=MONTH, days=frozenset({6}), hours=(time(10), time(14))),
    "expert": Policy(cadence=2 * MONTH, drafts=frozenset({"check-in", "thanks", "congratulations", "update"})),
    "mentor": Policy(
        cadence=MONTH,
        forms=(("mail", MONTH), ("talk", 3 * MONTH)),
        drafts=frozenset({"check-in", "thanks", "congratulations"}),
        max_people=3,
    ),
}
CADENCES = {"recruiter": QUARTER, "hr": QUARTER, "mentor": MONTH, "expert": 2 * MONTH, "friend": MONTH}
TIER_CADENCES = {"key": MONTH, "supporting": YEAR}


def at(day: date, hour: int = 0, minute: int = 0) -> datetime:
    """A moment of the user's day, UTC."""
    return datetime.combine(day, time(hour, minute), ZONE).astimezone(UTC)


def day_of(moment: datetime) -> date:
    """The user's day of a moment."""
    return moment.astimezone(ZONE).date()


@dataclass(frozen=True)
class Held:
    """A meeting in the calendar. ``people`` counts everybody, the user too."""

    uid: str
    start: datetime
    end: datetime
    people: int
    routine: bool


@dataclass(frozen=True)
class Reason:
    """Something to thank for or to congratulate on, from ``begins`` on."""

    kind: str
    begins: datetime


@dataclass
class Neighbour:
    """One contact, and what passed between them and the user; moments are UTC."""

    number: int
    contact_id: int
    name: str
    address: str
    side: str
    answers: float  # how likely they answer
    circle: str = ""
    tier: str = ""
    language: str = ""
    birthday: str = ""  # MM-DD
    zone: str = ""
    city: str = ""
    no_reply: str = ""  # an address of theirs that nobody reads
    former: set[str] = field(default_factory=set)

    wrote: list[datetime] = field(default_factory=list)  # the user to them
    heard: list[datetime] = field(default_factory=list)  # they to the user, and it counts
    logged: list[datetime] = field(default_factory=list)  # calls and the like, by hand or ticked off
    calls: list[datetime] = field(default_factory=list)  # of these, what is a talk
    met: list[Held] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)
    days: dict[str, str] = field(default_factory=dict)  # other days kept every year, MM-DD
    shared: list[datetime] = field(default_factory=list)
    introduced: list[tuple[datetime, Neighbour]] = field(default_factory=list)
    outcomes: list[datetime] = field(default_factory=list)
    flagged: list[tuple[datetime, str]] = field(default_factory=list)  # when, and the address it came from
    waits: list[datetime] = field(default_factory=list)  # not before these, for the user said so
    paused: list[tuple[datetime, datetime]] = field(default_factory=list)
    closed: bool = False  # not to be written to any more
    accepted: timedelta | None = None  # a cadence proposed and accepted

    @property
    def hunting(self) -> bool:
        """Whether an employer must not hear of them."""
        return self.circle in JOB_HUNTING

    @property
    def cadence(self) -> timedelta:
        """How long one may go without contact (docs/policies.md)."""
        own = self.accepted or TIER_CADENCES.get(self.tier)
        return own or CADENCES.get(self.circle, QUARTER)

    def in_turn(self) -> bool:
        """Whether letters and talks are asked for in turn."""
        return self.circle == "mentor" and self.accepted is None and self.tier not in TIER_CADENCES

    def active(self, now: datetime) -> bool:
        """Whether anything may be written to them."""
        return not self.closed and not any(since <= now < until for since, until in self.paused)

    def counts(self, held: Held) -> bool:
        """Whether a meeting is personal contact with them (docs/what-counts.md)."""
        return held.people <= (3 if self.circle == "mentor" else 12)

    def meetings(self, now: datetime) -> list[Held]:
        """Those that are over and count."""
        return [m for m in self.met if m.end <= now and self.counts(m)]

    def talked(self, now: datetime) -> datetime | None:
        """When they last met or talked."""
        return max([*self.logged, *(m.start for m in self.meetings(now))], default=None)

    def resets(self, now: datetime) -> datetime | None:
        """The last contact that starts their interval anew."""
        return max([*self.wrote, *self.logged, *(m.start for m in self.meetings(now))], default=None)

    def any_contact(self, now: datetime) -> datetime | None:
        """The last contact of any sort."""
        return max([*self.wrote, *self.heard, *self.logged, *(m.start for m in self.meetings(now))], default=None)


def drawn(number: int, chance: random.Random) -> Neighbour:
    """Somebody of any circle and tier; nobody here exists."""
    circle, tier = chance.choice(MOST), chance.choice(TIERS)
    if not circle and not tier:
        tier = "regular"
    return Neighbour(
        number,
        0,
        f"Person N{number}",
        f"person{number}@example{number % 7}.net",
        WORK if chance.random() < 0.4 else HOME,
        chance.choice([0.0, 0.5, 0.9]),
        circle,
        tier,
        chance.choice(["en", "ru", ""]),
        f"{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}" if chance.random() < 0.5 else "",
        chance.choice(ZONES),
        chance.choice(CITIES),
        f"no-reply@person{number}.example.net" if chance.random() < 0.1 else "",
    )
