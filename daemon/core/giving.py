"""Giving first: something to share, an introduction, how a recommendation turned out. Facts in, wants out; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from daemon.core.favours import GOT, RECOMMENDATION
from daemon.core.making import dealt_with, letter, make_want, next_period
from daemon.core.urgency import urgency_of
from daemon.core.wants import INTRODUCE, OUTCOME, REMINDER, Person, Want, World

ERRANDS_LAST = timedelta(days=30)
OUTCOME_LASTS = timedelta(days=30)
ASKED_FOR = timedelta(days=60)
"""So long the question how a recommendation turned out may stand; after that it is no question any more."""


def errands(person: Person, world: World, now: datetime) -> Iterable[Want]:
    """What the user asked for by name, kept or not: a link or text to share, an introduction to somebody.

    An introduction is two letters, one to each; each needs the other to be somebody who may be written about.
    """
    if world.enabled_since is None:
        return
    for errand in person.errands:
        if not max(errand.asked_at, world.enabled_since) <= now < errand.asked_at + ERRANDS_LAST:
            continue
        if errand.asked_at < world.enabled_since or (errand.texts and person.speaks not in errand.texts):
            continue
        details = dict(errand.details)
        words = errand.texts.get(person.speaks, "")
        if errand.purpose == INTRODUCE:
            if errand.other is None or errand.other.closed:
                continue
            details |= {"other": errand.other.name, "other_work": errand.other.work, "why": words}
        else:
            details["note"] = words
        for want in letter(
            person,
            world,
            errand.purpose,
            errand.token,
            now,
            due=errand.asked_at,
            create_until=errand.asked_at + ERRANDS_LAST,
            reason="you share something" if errand.purpose != INTRODUCE else "you introduce them to somebody",
            occasion=errand.token,
            source=f"kith {errand.purpose}",
            details=details,
        ):
            yield replace(want, about_hunting=errand.other is not None and errand.other.job_hunting)


def outcome_asked(person: Person, world: World, now: datetime) -> Iterable[Want]:
    """A reminder, months after a recommendation, to say how it turned out; not where that was said or dismissed."""
    for favour in person.favours:
        if favour.direction != GOT or favour.kind != RECOMMENDATION or favour.outcome_at is not None:
            continue
        due = datetime.combine(favour.day, time(), ZoneInfo(world.zone)) + world.outcome_after
        if now >= due + ASKED_FOR or dealt_with(person, OUTCOME, favour.token):
            continue
        yield make_want(
            person,
            world,
            REMINDER,
            OUTCOME,
            next_period(person, OUTCOME, favour.token),
            due=due,
            reason="how their recommendation turned out",
            urgency=urgency_of(person, world, due, now),
            occasion=favour.token,
            occasion_date=favour.day,
            source="a recommendation you noted",
        )


def outcome_told(person: Person, world: World, now: datetime) -> Iterable[Want]:
    """The letter that tells whoever recommended the user how it turned out, unless they heard it in person."""
    if world.enabled_since is None:
        return
    talked = person.last.spoken()
    for favour in person.favours:
        told = favour.outcome_at
        if told is None or person.speaks not in favour.outcome or (talked is not None and talked >= told):
            continue
        if not world.enabled_since <= told <= now < told + OUTCOME_LASTS:
            continue
        yield from letter(
            person,
            world,
            OUTCOME,
            favour.token,
            now,
            due=told,
            create_until=told + OUTCOME_LASTS,
            reason="you told how their recommendation turned out",
            occasion=favour.token,
            occasion_date=favour.day,
            source="kith outcome",
            details={"news": favour.outcome[person.speaks], "title": favour.title},
        )


RULES = (outcome_asked, outcome_told)
"""The rules for those kept; `errands` is for whoever is known."""
