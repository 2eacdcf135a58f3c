"""What should exist now: contacts and facts in, wants out. Pure; `now` is an argument.

A want is a reminder or a draft with its key. Nothing here knows what exists already: `core.plan` compares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from daemon.core.cadence import LastContact, Resolved, interval
from daemon.core.model import next_occurrence
from daemon.core.policy import JOB_HUNTING, ReminderRules

KEEP_IN_TOUCH = "keep-in-touch"
REPLY_OWED = "reply-owed"
PROMISE = "promise"
THANKS = "thanks"
CONGRATULATIONS = "congratulations"
UPDATE = "update"
CHECK_IN = "check-in"
REPLY = "reply"

ASKED = "ask:"
"""Periods of drafts the user asked for by a flag on a message begin so; its identity follows."""

REMINDER = "reminder"
DRAFT = "draft"

THANKS_WITHIN = timedelta(days=3)
THANKS_LASTS = timedelta(days=7)
THANKS_ONCE_IN = timedelta(days=90)
THANKS_PEOPLE = 5  # the user, the contact and at most three others
REPLY_LAPSES = timedelta(days=45)  # after that an answer is no answer any more, and keep-in-touch takes over
CONGRATULATIONS_LAST = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Met:
    """A meeting with the contact that counted. ``people`` counts everyone invited, the user included."""

    identity: str
    ended_at: datetime
    people: int
    recurring: bool
    inside: bool  # with somebody of the user's own organisation


@dataclass(frozen=True, slots=True)
class Promise:
    """A next step the user wrote down, due on a day of the user's own zone."""

    token: str
    by: date
    text: str


@dataclass(frozen=True, slots=True)
class Dismissal:
    """A period the user (or time) has dealt with. ``not_before`` holds for the purpose, whatever the period."""

    purpose: str
    base: str
    n: int
    not_before: datetime | None
    at: datetime | None = None  # when it was dealt with


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
    speaks: str = ""  # the language a letter would be written in; "" where nobody knows
    held: bool = False  # an account that matters for them has not been read for a day

    @property
    def kept(self) -> bool:
        """Whether the user gave them a circle or a tier: only then they have a cadence."""
        return bool(self.circles or self.tier)

    @property
    def active(self) -> bool:
        """Whether anything may be wanted for them at all."""
        return self.kept and not self.state

    @property
    def job_hunting(self) -> bool:
        """Whether an employer's account must not hear of them."""
        return bool(JOB_HUNTING & set(self.circles))


@dataclass(frozen=True, slots=True)
class UpdateNews:
    """The quarter's news, written by the user. ``circles`` empty means all the kept."""

    quarter: str
    circles: frozenset[str]
    written_at: datetime
    closes_at: datetime


@dataclass(frozen=True, slots=True)
class World:
    """What planning reads besides people."""

    zone: str
    rules: ReminderRules
    enabled_since: datetime | None = None  # occasions before it never make a draft; None: observing only
    news: UpdateNews | None = None
    key: Callable[[str, str, str, str], str] = field(default=lambda *parts: "/".join(parts))


@dataclass(frozen=True, slots=True)
class Want:
    """A reminder or draft that should exist now.

    ``due`` is the earliest moment it makes sense; ``create_until`` is when it is too late to begin (what exists
    may stay longer). ``urgency`` orders what does not fit the caps, higher first. ``occasion`` names what it is
    about, for the letter and for rules of the "once per" sort.
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


def due(person: Person) -> datetime | None:
    """When the contact is next due, UTC; None for somebody not kept.

    Somebody kept with whom there never was contact is due from the day they were kept.
    """
    if not person.kept:
        return None
    base = person.reset_at
    at = base + interval(person.policy.cadence, person.unanswered) if base else person.kept_since
    later = [d.not_before for d in person.dismissals if d.purpose == KEEP_IN_TOUCH and d.not_before]
    return max([*later, at]) if at else None


def desired(people: Iterable[Person], world: World, now: datetime) -> list[Want]:
    """Everything that should exist now, each with its key, in no particular order."""
    wants: list[Want] = []
    for person in people:
        if person.active:
            wants.extend(w for rule in RULES for w in rule(person, world, now))
        if not person.state:  # whoever is known, kept or not: the user asked
            wants.extend(asked(person, world, now))
    return wants


def stamp(at: datetime | None) -> str:
    """An interaction as a period names it: its moment, to the second, the same after any re-scan."""
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ") if at else "never"


def _want(person: Person, world: World, kind: str, purpose: str, period: str, **rest: object) -> Want:
    return Want(
        key=world.key(person.uid, kind, purpose, period),
        kind=kind,
        purpose=purpose,
        contact_id=person.contact_id,
        period=period,
        **rest,  # type: ignore[arg-type]
    )


def _period(person: Person, purpose: str, base: str) -> str:
    """The period named by its base and how often it was already dealt with."""
    n = max((d.n + 1 for d in person.dismissals if d.purpose == purpose and d.base == base), default=0)
    return f"{base}/{n}"


TIER_WEIGHT = {"key": 3.0, "regular": 1.0, "": 1.0, "supporting": 0.5}


def _urgency(person: Person, since: datetime, now: datetime) -> float:
    """Lateness in cadences, weighted by tier."""
    late = max((now - since) / person.policy.cadence, 0.0)
    return (1.0 + late) * TIER_WEIGHT.get(person.tier, 1.0)


def keep_in_touch(person: Person, world: World, now: datetime) -> Iterable[Want]:
    """A reminder once the cadence has run out, and a check-in draft with it where the policy wants one.

    Where an answer is owed there is a reminder of that: to answer is to keep in touch, so this one gives way.
    """
    at = due(person)
    if at is None or any(reply_owed(person, world, now)):
        return
    if person.next_meeting is not None and person.next_meeting <= now + person.policy.cadence:
        return  # they will meet before long: that will do
    period = _period(person, KEEP_IN_TOUCH, stamp(person.reset_at))
    reason = f"due by {person.policy.rule}"
    urgency = _urgency(person, at, now)
    yield _want(person, world, REMINDER, KEEP_IN_TOUCH, period, due=at, reason=reason, urgency=urgency)
    if CHECK_IN not in person.policy.drafts or at > now or world.enabled_since is None:
        return
    heard = person.last.reset(ANY_CONTACT)
    if heard is not None and heard >= at and heard + REPLY_LAPSES > now:
        return  # they wrote meanwhile, though it resets nothing: asking how they are would sound deaf
    if person.reachable and person.speaks:
        yield _want(person, world, DRAFT, CHECK_IN, period, due=at, reason=reason, urgency=urgency)


ANY_CONTACT = ("inbound", "outbound", "meeting", "logged")


def reply_owed(person: Person, world: World, now: datetime) -> Iterable[Want]:
    """A letter of theirs has waited too long for an answer.

    What the user dismissed is dismissed with all that had come by then; a later letter is asked about anew.
    """
    settled = max((d.at for d in person.dismissals if d.purpose == REPLY_OWED and d.at), default=None)
    waiting = (at for at in person.owed if now <= at + REPLY_LAPSES and (settled is None or at > settled))
    owed_at = next(waiting, None)
    if owed_at is None or owed_at + world.rules.reply_after > now:
        return
    at = owed_at + world.rules.reply_after
    period = _period(person, REPLY_OWED, stamp(owed_at))
    if not period.endswith("/0"):  # dealt with once is dealt with, for that letter
        return
    yield _want(
        person,
        world,
        REMINDER,
        REPLY_OWED,
        period,
        due=at,
        reason="their letter waits for an answer",
        urgency=2.0 + _urgency(person, at, now),
        occasion=stamp(owed_at),
        occasion_date=owed_at.astimezone(ZoneInfo(world.zone)).date(),
    )


def promised(person: Person, world: World, now: datetime) -> Iterable[Want]:
    """A next step the user promised, on its day."""
    for promise in person.promises:
        start = datetime(promise.by.year, promise.by.month, promise.by.day, tzinfo=ZoneInfo(world.zone))
        period = _period(person, PROMISE, promise.token)
        if not period.endswith("/0"):  # a promise dismissed is dismissed
            continue
        yield _want(
            person,
            world,
            REMINDER,
            PROMISE,
            period,
            due=start,
            reason="promised",
            urgency=5.0 + _urgency(person, start, now),
            occasion=promise.token,
            occasion_date=promise.by,
        )


def thanks(person: Person, world: World, now: datetime) -> Iterable[Want]:
    """After a meeting that was no routine, in a small circle, outside the user's own organisation."""
    if THANKS not in person.policy.drafts or world.enabled_since is None:
        return
    held = [
        m
        for m in person.met
        if not m.recurring and not m.inside and m.people <= THANKS_PEOPLE and m.ended_at >= world.enabled_since
    ]
    held = [m for m in held if m.ended_at <= now <= m.ended_at + THANKS_LASTS]
    made = {period for period, _ in person.thanked}
    recent = {period for period, at in person.thanked if at > now - THANKS_ONCE_IN}
    # The letter already made stays; several meetings in these days make one letter, about the last.
    chosen = next((m for m in held if m.identity in made), held[-1] if held and not recent else None)
    if chosen is None or (person.last.outbound is not None and person.last.outbound >= chosen.ended_at):
        return
    yield from _letter(
        person,
        world,
        THANKS,
        chosen.identity,
        now,
        due=chosen.ended_at,
        create_until=chosen.ended_at + THANKS_WITHIN,
        reason="you met",
        occasion=f"meeting:{chosen.identity}",
        occasion_date=chosen.ended_at.astimezone(ZoneInfo(world.zone)).date(),
    )


def congratulations(person: Person, world: World, now: datetime) -> Iterable[Want]:
    """A birthday: on its day in the contact's own zone, and for three days after."""
    if CONGRATULATIONS not in person.policy.drafts or not person.birthday or world.enabled_since is None:
        return
    zone = ZoneInfo(person.zone or world.zone)
    today = now.astimezone(zone).date()
    day = next_occurrence(person.birthday, today - CONGRATULATIONS_LAST)
    if day is None or day > today:
        return
    start = datetime(day.year, day.month, day.day, tzinfo=zone)
    if start < world.enabled_since or (person.last.outbound is not None and person.last.outbound >= start):
        return
    yield from _letter(
        person,
        world,
        CONGRATULATIONS,
        f"birthday:{day.year}",
        now,
        due=start,
        create_until=start + timedelta(days=2),
        reason="birthday",
        occasion="birthday",
        occasion_date=day,
    )


def update(person: Person, world: World, now: datetime) -> Iterable[Want]:
    """The quarter's news, unless they were met or talked to since it was written."""
    news = world.news
    if news is None or UPDATE not in person.policy.drafts or world.enabled_since is None:
        return
    if news.circles and not news.circles & set(person.circles):
        return
    if not world.enabled_since <= news.written_at <= now < news.closes_at:
        return
    talked = max((at for at in (person.last.meeting, person.last.logged) if at), default=None)
    if talked is not None and talked >= news.written_at:
        return
    yield from _letter(
        person,
        world,
        UPDATE,
        news.quarter,
        now,
        due=news.written_at,
        create_until=news.closes_at,
        reason=f"news of {news.quarter}",
        occasion=news.quarter,
    )


def asked(person: Person, world: World, now: datetime) -> Iterable[Want]:
    """What the user asked for by a flag on a message: on that very message, once, and never taken back by itself."""
    if world.enabled_since is None:
        return
    for ask in person.asked:
        for want in _letter(
            person,
            world,
            ask.purpose,
            f"{ASKED}{ask.identity}",
            now,
            due=min(ask.at, now),
            create_until=None,
            reason="you asked for it",
            occasion=f"mail:{ask.identity}",
            occasion_date=ask.at.astimezone(ZoneInfo(world.zone)).date(),
        ):
            # A contact merged since has another uid: what was made stays what it is.
            yield replace(want, key=ask.key or want.key)


def _letter(
    person: Person,
    world: World,
    purpose: str,
    period: str,
    now: datetime,
    *,
    due: datetime,
    create_until: datetime | None,
    reason: str,
    occasion: str,
    occasion_date: date | None = None,
) -> Iterable[Want]:
    """A draft; or, where nobody knows the language or no address works, a reminder in its place."""
    kind = DRAFT if person.reachable and person.speaks else REMINDER
    if kind == REMINDER and purpose == UPDATE:  # news cannot be told by a reminder
        return
    yield _want(
        person,
        world,
        kind,
        purpose,
        period,
        due=due,
        reason=reason,
        urgency=1.0 + _urgency(person, due, now),
        create_until=create_until,
        occasion=occasion,
        occasion_date=occasion_date,
    )


RULES = (keep_in_touch, reply_owed, promised, thanks, congratulations, update)
