"""Reasons to write that are the user's own: a new role or company, a trip. Facts in, wants out; pure.

Both are asked for by a command, so no policy has to want them; a person's state, language and address decide as ever.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from daemon.core.cities import same_city
from daemon.core.making import letter
from daemon.core.reasons import OwnNews
from daemon.core.wants import NEWS, VISIT, Person, Want, World
from daemon.core.wording import fits

NEWS_LASTS = timedelta(days=30)
VISIT_AHEAD = timedelta(days=14)
"""So long before a trip the letters about it are made."""

_ASIDE = re.compile(r"[,;/()]")


def own_news(person: Person, world: World, now: datetime) -> Iterable[Want]:
    """The user's own change, told once, unless they were met or talked to since it was noted."""
    if world.enabled_since is None:
        return
    for news in world.own_news:
        if news.circles and not news.circles & set(person.circles):
            continue
        closes = news.noted_at + NEWS_LASTS
        if not world.enabled_since <= news.noted_at <= now < closes or person.speaks not in news.texts:
            continue
        talked = person.last.spoken()
        if talked is not None and talked >= news.noted_at:
            continue
        yield from letter(
            person,
            world,
            NEWS,
            news.token,
            now,
            due=news.noted_at,
            create_until=closes,
            reason="your own news",
            occasion=f"{colleague(person, news)}:{news.token}",
            occasion_date=news.noted_at.astimezone(ZoneInfo(world.zone)).date(),
            source="kith news",
            details={"news": news.texts[person.speaks], "reach": news.reach.get(person.speaks, "")},
        )


def colleague(person: Person, news: OwnNews) -> str:
    """What they are to the user now: new-colleague, old-colleague, or change for everybody else."""
    if news.new & person.belongs:
        return "new-colleague"
    return "old-colleague" if news.old & person.belongs else "change"


def visit(person: Person, world: World, now: datetime) -> Iterable[Want]:
    """A trip to the city they live in, told before it begins, unless the two have been in touch about that time."""
    if world.enabled_since is None:
        return
    zone = ZoneInfo(world.zone)
    for trip in world.trips:
        home = home_in(person.city, trip.cities)
        if not home:
            continue
        begins = datetime.combine(trip.begins, time(), zone)
        over = datetime.combine(trip.ends + timedelta(days=1), time(), zone)
        due = max(trip.noted_at, begins - VISIT_AHEAD)
        if not world.enabled_since <= due <= now < over:
            continue
        touched = person.last.reset(("outbound", "meeting", "logged"))
        meets = person.next_meeting is not None and person.next_meeting < over
        if (touched is not None and touched > due) or meets:
            continue
        yield from letter(
            person,
            world,
            VISIT,
            trip.token,
            now,
            due=due,
            create_until=begins + timedelta(days=1),
            reason=f"you visit {trip.cities[0]}",
            occasion=f"trip:{trip.token}",
            occasion_date=trip.begins,
            source="kith trip",
            details={
                "place": next((c for c in (*trip.cities, home) if fits(c, person.speaks)), ""),
                "until": trip.ends.isoformat(),
            },
        )


def home_in(city: str, cities: Iterable[str]) -> str:
    """The name of the city they live in, as their record has it, if it is one of these; else "".

    Whatever stands beside it: «г. Москва» and "Moscow, RU" are; New York is not York.
    """
    parts = [part.strip().removeprefix("г.").strip() for part in (*_ASIDE.split(city), city)]
    return next((part for part in parts if any(same_city(part, name) for name in cities)), "")


RULES = (visit, own_news)
