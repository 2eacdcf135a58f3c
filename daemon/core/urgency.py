"""How much somebody is due: lateness against cadence, weighed by tier. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from daemon.core.wants import Person, World

TIER_WEIGHT = {"key": 3.0, "regular": 1.0, "": 1.0, "supporting": 0.5}


def urgency_of(person: Person, world: World, since: datetime, now: datetime) -> float:
    """Lateness in cadences, weighted by tier; by whole days, so that it does not change within one."""
    return urgency(person, (world.day(now) - world.day(since)).days)


def urgency(person: Person, days_late: int) -> float:
    """How much somebody is due who has been so for so many days.

    Lateness is squared: whoever has waited long overtakes nearer ties before long, and nobody is starved by them
    (`core.forecast.longest_wait` says by when).
    """
    late = max(timedelta(days=days_late) / person.turn.cadence, 0.0)
    return (1.0 + late) ** 2 * weight(person)


def weight(person: Person) -> float:
    """How much a tie of this tier counts beside a regular one."""
    return TIER_WEIGHT.get(person.tier, 1.0)
