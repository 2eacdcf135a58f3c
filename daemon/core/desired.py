"""What should exist now: contacts and facts in, wants out. Pure; `now` is an argument.

Nothing here knows what exists already: `core.plan` compares. Reasons to write are in `core.occasions`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from daemon.core import giving, occasions, own_news
from daemon.core.due import REPLY_LAPSES, due, meets_soon
from daemon.core.making import LACKING, dealt_with, lacks, make_want, next_period, stamp
from daemon.core.urgency import urgency_of
from daemon.core.wants import CHECK_IN, DRAFT, KEEP_IN_TOUCH, PROMISE, REMINDER, REPLY_OWED, Person, Want, World


def desired(people: Iterable[Person], world: World, now: datetime) -> list[Want]:
    """Everything that should exist now, each with its key, in no particular order."""
    wants: list[Want] = []
    for person in people:
        if person.active:
            mine = [w for rule in RULES for w in rule(person, world, now)]
            wants += mine
            wants += slept_through(person, world, now, {w.key for w in mine})
        if not person.state:  # whoever is known, kept or not: the user asked
            wants.extend(occasions.asked(person, world, now))
            wants.extend(giving.errands(person, world, now))
    return wants


def keep_in_touch(person: Person, world: World, now: datetime) -> Iterable[Want]:
    """A reminder once the cadence has run out, and a check-in draft with it where the policy wants one.

    Where an answer is owed there is a reminder of that: to answer is to keep in touch, so this one gives way.
    """
    at = due(person)
    if at is None or any(reply_owed(person, world, now)):
        return
    if meets_soon(person, now):
        return  # they will meet before long: that will do
    period = next_period(person, KEEP_IN_TOUCH, stamp(person.turn.base))
    reason = f"due by {person.policy.due_by}"
    urgency = urgency_of(person, world, at, now)
    writes = CHECK_IN in person.policy.drafts and world.enabled_since is not None
    missing = lacks(person) if writes else ""
    details = ((LACKING, missing),) if missing else ()
    yield make_want(
        person, world, REMINDER, KEEP_IN_TOUCH, period, due=at, reason=reason, urgency=urgency, details=details
    )
    if not writes or missing or at > now:
        return
    heard = person.last.latest()
    if heard is not None and heard >= at and heard + REPLY_LAPSES > now:
        return  # they wrote meanwhile, though it resets nothing: asking how they are would sound deaf
    yield make_want(person, world, DRAFT, CHECK_IN, period, due=at, reason=reason, urgency=urgency)


def reply_owed(person: Person, world: World, now: datetime) -> Iterable[Want]:
    """A letter of theirs has waited too long for an answer.

    What the user dismissed is dismissed with all that had come by then; a later letter is asked about anew.
    """
    dealt = (d.at for d in person.dismissals if d.purpose == REPLY_OWED and not d.withdrawn)
    settled = max((at for at in dealt if at), default=None)
    waiting = (at for at in person.owed if now <= at + REPLY_LAPSES and (settled is None or at > settled))
    owed_at = next(waiting, None)
    if owed_at is None or owed_at + world.rules.reply_after > now:
        return
    at = owed_at + world.rules.reply_after
    if dealt_with(person, REPLY_OWED, stamp(owed_at)):
        return
    yield make_want(
        person,
        world,
        REMINDER,
        REPLY_OWED,
        next_period(person, REPLY_OWED, stamp(owed_at)),
        due=at,
        reason="their letter waits for an answer",
        urgency=2.0 + urgency_of(person, world, at, now),
        occasion=stamp(owed_at),
        occasion_date=owed_at.astimezone(ZoneInfo(world.zone)).date(),
    )


def promised(person: Person, world: World, now: datetime) -> Iterable[Want]:
    """A next step the user promised, on its day."""
    for promise in person.promises:
        start = datetime(promise.by.year, promise.by.month, promise.by.day, tzinfo=ZoneInfo(world.zone))
        if dealt_with(person, PROMISE, promise.token):
            continue
        yield make_want(
            person,
            world,
            REMINDER,
            PROMISE,
            next_period(person, PROMISE, promise.token),
            due=start,
            reason="promised",
            urgency=5.0 + urgency_of(person, world, start, now),
            occasion=promise.token,
            occasion_date=promise.by,
        )


RULES = (keep_in_touch, reply_owed, promised, *occasions.RULES, *own_news.RULES, *giving.RULES)

CATCHING_UP = timedelta(days=5)
"""So long after a quiet period what came up in it may still be begun, and stays."""

BELATED = timedelta(days=7)
"""What had passed so long before the quiet period's end is left: so late a letter does more harm than good."""


def slept_through(person: Person, world: World, now: datetime, known: Collection[str]) -> Iterable[Want]:
    """Reasons to write that came up in a quiet period just over: they wait for its end, and have passed by then."""
    ended = world.quiet_before(world.day(now), CATCHING_UP)
    if ended is None:
        return
    seen = set(known)
    midnight = datetime.combine(ended.last + timedelta(days=1), time(), ZoneInfo(world.zone))
    first = max(ended.first, ended.last - BELATED)
    for n in range((ended.last - first).days + 1):
        then = midnight - timedelta(days=n, hours=12)
        for want in (w for rule in occasions.RULES for w in rule(person, world, then)):
            if want.key not in seen:
                seen.add(want.key)
                yield replace(want, create_until=midnight + CATCHING_UP)
