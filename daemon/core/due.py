"""When somebody is next due, and how long a reason to turn to them lasts. Pure; small, for `kith status` reads it."""

from __future__ import annotations

from datetime import datetime, timedelta

from daemon.core.cadence import first_due, interval
from daemon.core.wants import KEEP_IN_TOUCH, Person

REPLY_LAPSES = timedelta(days=45)  # after that an answer is no answer any more, and keep-in-touch takes over
THANKS_LASTS = timedelta(days=7)


def meets_soon(person: Person, now: datetime) -> bool:
    """Whether a meeting with them is arranged, or going on, that will do: no later than a cadence from now."""
    return person.next_meeting is not None and person.next_meeting <= now + person.policy.cadence


def due(person: Person) -> datetime | None:
    """When the contact is next due, UTC; None for somebody not kept.

    Somebody kept with whom there never was contact comes up some time within their first cadence; where there was
    some, but none that resets it, from the day they were kept.
    """
    if not person.kept:
        return None
    turn, at = person.turn, person.kept_since
    if turn.since is not None:
        at = turn.since + interval(turn.cadence, person.unanswered)
    elif at is not None and person.last.latest() is None:
        at = first_due(person.uid, person.tier, at, turn.cadence)
    later = [d.not_before for d in person.dismissals if d.purpose == KEEP_IN_TOUCH and d.not_before]
    return max([*later, at]) if at else None
