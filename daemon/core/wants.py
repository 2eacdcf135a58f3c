"""What a want is, and what planning reads to decide on it: people with their facts, and the world. Pure.

The rules are in `core.desired` (reminders) and `core.occasions` (reasons to write).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from daemon.core.cadence import LastContact, Turn, next_turn
from daemon.core.favours import Errand, Favour, one_sided
from daemon.core.holidays import Holiday
from daemon.core.policy import JOB_HUNTING, Quiet, ReminderRules
from daemon.core.reasons import INTERVIEW, RECOMMENDATION, Noted, OwnNews, Trip, Yearly
from daemon.core.resolve import Resolved

KEEP_IN_TOUCH = "keep-in-touch"
REPLY_OWED = "reply-owed"
PROMISE = "promise"
THANKS = "thanks"
CONGRATULATIONS = "congratulations"
UPDATE = "update"
CHECK_IN = "check-in"
REPLY = "reply"
NEWS = "news"
VISIT = "visit"
SHARE = "share"
INTRODUCE = "introduce"
OUTCOME = "outcome"
NEW_DRAFTS = "new-drafts"
DIGEST = "digest"
WRITE_NEWS = "write-news"
LISTS = frozenset({NEW_DRAFTS, DIGEST, WRITE_NEWS})
"""Events about nobody alone, at an hour of their own: they take nobody's place, a tick says nothing."""

HAVE_TIME = frozenset({VISIT, NEWS, UPDATE})
"""Letters that have weeks: while another stands they wait for the next day and are not lost."""

GIVEN = frozenset({SHARE, INTRODUCE, OUTCOME})
"""What the user asked for one by one: each stands alone, whatever else there is."""

TOLD = frozenset({UPDATE, NEWS}) | GIVEN
"""Purposes that only a letter serves: no reminder stands in for it."""

ASKED = "ask:"
"""Periods of drafts the user asked for by a flag on a message begin so; its identity follows."""

REMINDER = "reminder"
DRAFT = "draft"


def tells_of_hunting(purpose: str, occasion: str) -> bool:
    """Whether a letter or reminder says that the user looks for work: an interview, a recommendation, its outcome."""
    return purpose == OUTCOME or (purpose == THANKS and occasion.partition(":")[0] in (INTERVIEW, RECOMMENDATION))


def whom(purpose: str, name: str) -> str:
    """Whom something is about, for people to read: the ledger binds a list to one of those it names, of no account."""
    return "" if purpose in LISTS else name


@dataclass(frozen=True, slots=True)
class Met:
    """A meeting with the contact that counted. ``people`` counts everyone invited, the user included.

    ``interview`` is the user's word, ``first`` that there was no talk before it, ``source`` the account it was seen
    in ("" where it was logged by hand).
    """

    identity: str
    ended_at: datetime
    people: int
    recurring: bool
    inside: bool  # with somebody of the user's own organisation
    interview: bool = False
    first: bool = False
    source: str = ""


@dataclass(frozen=True, slots=True)
class Promise:
    """A next step the user wrote down, due on a day of the user's own zone."""

    token: str
    by: date
    text: str


@dataclass(frozen=True, slots=True)
class Dismissal:
    """A period the user (or time) has dealt with. ``not_before`` holds for the purpose, whatever the period.

    ``withdrawn``: by us alone (a pause, another account), so that what is wanted again may come again.
    """

    purpose: str
    base: str
    n: int
    not_before: datetime | None
    at: datetime | None = None  # when it was dealt with
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A draft the user asked for by a flag on a message, written at ``at``. ``key``: of what was made for it."""

    purpose: str
    identity: str
    at: datetime
    key: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """One contact with the facts planning reads. Datetimes are UTC."""

    contact_id: int
    uid: str
    name: str
    circles: tuple[str, ...]
    tier: str
    state: str  # "" | paused | do-not-contact | deceased | forgetting
    policy: Resolved
    last: LastContact = field(default_factory=LastContact)
    reset_at: datetime | None = None
    unanswered: int = 0  # letters in a row without an answer
    owed: tuple[datetime, ...] = ()  # their letters of late that nobody answered, the earliest first
    next_meeting: datetime | None = None
    met: tuple[Met, ...] = ()
    birthday: str = ""
    zone: str = ""
    promises: tuple[Promise, ...] = ()
    asked: tuple[Asked, ...] = ()
    dismissals: tuple[Dismissal, ...] = ()
    thanked: tuple[tuple[str, datetime], ...] = ()  # periods of thanks ever made, and when
    kept_since: datetime | None = None
    reachable: bool = True  # has an address that is not frozen
    mailboxes: frozenset[str] = frozenset()  # where a letter would go, if somebody else reads that address, too
    speaks: str = ""  # the language a letter would be written in; "" where nobody knows, or no template speaks it
    foreign: str = ""  # their language, where no template speaks it
    held: bool = False  # an account that matters for them has not been read for a day
    birthday_source: str = ""
    yearly: tuple[Yearly, ...] = ()
    noted: tuple[Noted, ...] = ()
    profession: str = ""
    country: str = ""  # ISO code; "" where it is not known
    city: str = ""
    belongs: frozenset[str] = frozenset()  # their organisation (folded) and the domains of their addresses
    favours: tuple[Favour, ...] = ()
    errands: tuple[Errand, ...] = ()
    given: int = 0  # links and introductions of the user's that were sent to them
    told: tuple[tuple[str, frozenset[str]], ...] = ()  # quarter, and the marks of what its news told them

    @property
    def one_sided(self) -> bool:
        """Whether they gave the user more than they got."""
        return one_sided(self.favours, self.given)

    def told_before(self, quarter: str) -> frozenset[str]:
        """The marks of what the news of other quarters told them."""
        return frozenset().union(*(marks for when, marks in self.told if when != quarter))

    @property
    def kept(self) -> bool:
        """Whether the user gave them a circle or a tier: only then they have a cadence."""
        return bool(self.circles or self.tier)

    @property
    def active(self) -> bool:
        """Whether anything may be wanted for them at all."""
        return self.kept and not self.state

    @property
    def turn(self) -> Turn:
        """What is due next, and from which contact that is counted."""
        return next_turn(self.policy, self.last, self.reset_at, self.kept_since)

    @property
    def job_hunting(self) -> bool:
        """Whether an employer's account must not hear of them."""
        return bool(JOB_HUNTING & set(self.circles))


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the news: for these circles (none: for everybody), and the marks of what it tells."""

    circles: frozenset[str]
    marks: frozenset[str]


@dataclass(frozen=True, slots=True)
class UpdateNews:
    """The quarter's news in one language. ``circles`` empty means all the kept.

    ``written_at`` is when the news were first written, in whatever language: who was met since has heard them.
    ``ready_at`` is when this edition was.
    """

    quarter: str
    circles: frozenset[str]
    written_at: datetime
    closes_at: datetime
    ready_at: datetime
    parts: tuple[Part, ...]

    def to_tell(self, person: Person) -> frozenset[str]:
        """The marks of what they would be told: parts for them in which something is new to them."""
        told = person.told_before(self.quarter)
        mine = (part.marks for part in self.parts if not part.circles or part.circles & set(person.circles))
        return frozenset().union(*(marks for marks in mine if not marks <= told))


@dataclass(frozen=True, slots=True)
class World:
    """What planning reads besides people."""

    zone: str
    rules: ReminderRules
    enabled_since: datetime | None = None  # occasions before it never make a draft; None: observing only
    news: Mapping[str, UpdateNews] = field(default_factory=dict)  # by language; "": serves any reader
    quiet: tuple[Quiet, ...] = ()
    off: frozenset[date] = frozenset()  # public holidays, as far as plans look
    trips: tuple[Trip, ...] = ()
    own_news: tuple[OwnNews, ...] = ()
    holidays: tuple[Holiday, ...] = ()  # those the user switched on
    updates_a_day: int = 5  # letters with the quarter's news begun
    updates_a_week: int = 20
    outcome_after: timedelta = timedelta(days=91)  # so long after a recommendation one asks how it turned out
    key: Callable[[str, str, str, str], str] = field(default=lambda *parts: "/".join(parts))

    def news_for(self, language: str) -> UpdateNews | None:
        """The quarter's news for a reader of this language."""
        return self.news.get(language) or self.news.get("")

    def day(self, at: datetime) -> date:
        """The user's day of a moment."""
        return at.astimezone(ZoneInfo(self.zone)).date()

    def midnight(self, at: datetime) -> datetime:
        """When the user's day of a moment began."""
        return datetime.combine(self.day(at), time(), ZoneInfo(self.zone))

    def quiet_on(self, day: date) -> Quiet | None:
        """The quiet period a day falls into."""
        return next((q for q in self.quiet if day in q), None)

    def quiet_before(self, day: date, within: timedelta) -> Quiet | None:
        """The quiet period that ended no longer ago than this, and is over."""
        return next((q for q in self.quiet if timedelta(0) < day - q.last <= within), None)

    def closed(self, day: date) -> bool:
        """Whether no reminder may be placed on this day, whatever the weekday."""
        return day in self.off or self.quiet_on(day) is not None


@dataclass(frozen=True, slots=True)
class Want:
    """A reminder or draft that should exist now.

    ``due`` is the earliest moment it makes sense; ``create_until`` is when it is too late to begin (what exists
    may stay longer). ``urgency`` orders what does not fit the caps, higher first. ``occasion`` names what it is
    about, for the letter and for rules of the "once per" sort. ``reason`` says why, ``source`` what that was seen in
    or who said so. ``details`` are further facts for the letter, by name. ``days`` and ``hours``: where a reminder may
    stand, if the policy says so.
    """

    key: str
    kind: str
    purpose: str
    contact_id: int
    period: str
    due: datetime
    reason: str
    urgency: float = 0.0
    create_until: datetime | None = None
    occasion: str = ""
    occasion_date: date | None = None
    days: frozenset[int] | None = None
    hours: tuple[time, time] | None = None
    source: str = ""
    details: tuple[tuple[str, str], ...] = ()
    about_hunting: bool = False  # of work the user looks for, or of somebody else an employer must not hear of
