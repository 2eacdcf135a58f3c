"""Reasons to write: a meeting, a birthday, the quarter's news, a flag on a message. Facts in, wants out; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from daemon.core.model import next_occurrence
from daemon.core.wants import ASKED, CONGRATULATIONS, THANKS, UPDATE, Person, Want, World, letter

THANKS_WITHIN = timedelta(days=3)
THANKS_LASTS = timedelta(days=7)
THANKS_ONCE_IN = timedelta(days=90)
THANKS_PEOPLE = 5  # the user, the contact and at most three others
CONGRATULATIONS_LAST = timedelta(days=3)


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
    yield from letter(
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
    yield from letter(
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
    yield from letter(
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
        for want in letter(
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
