"""Events about nobody alone (`core.wants.LISTS`): what the morning's, the week's and the quarter's have in common.

They go through the same door as every reminder. The ledger row of one is bound to one of the people it names, its key
to its time alone: there is never a second one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select

from daemon.core.plan import Create
from daemon.core.states import OPEN
from daemon.core.wants import REMINDER, Want, World
from daemon.store.contacts import FORGETTING
from daemon.store.tables import contact, ledger

BEFORE = timedelta(hours=2)
"""So long before its time the event is made: what comes later is listed the next morning."""

LATE = timedelta(hours=6)
"""So long after its time it is still made for what had come by then: the machine may have been off."""

LENGTH = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Listing:
    """``standing`` are wants of events that stand already; ``create`` is the next, if it is to be made now."""

    standing: tuple[Want, ...] = ()
    create: Create | None = None


def standing_events(conn: Connection, purpose: str) -> Sequence[Row[Any]]:
    """The ledger rows of events about nobody alone that stand.

    One bound to somebody who is being forgotten goes with them; it is made anew, bound to another.
    """
    query = select(ledger).join(contact, contact.c.id == ledger.c.contact_id)
    here = (ledger.c.purpose == purpose) & ledger.c.state.in_(sorted(OPEN)) & (contact.c.state != FORGETTING)
    return conn.execute(query.where(here)).all()


def of_today(row: Row[Any], world: World, now: datetime) -> bool:
    """Whether the event's last day is not over: who opens the calendar at noon finds the morning's list there."""
    last_moment = row.ends_at - timedelta(microseconds=1)  # what ends at midnight is not of the day after
    return bool(world.day(last_moment) >= world.day(now))


def in_time(start: datetime, now: datetime) -> bool:
    """Whether an event of this time is to be made now."""
    return start - BEFORE <= now < start + LATE


def not_past(start: datetime, now: datetime) -> datetime:
    """The moment, or where it has passed the next of the five minutes there are."""
    return max(start, now + timedelta(minutes=5 - now.minute % 5, seconds=-now.second, microseconds=-now.microsecond))


def list_want(
    world: World, purpose: str, period: str, contact_id: int, start: datetime, reason: str, source: str
) -> Want:
    """The want of one, bound to this contact. ``source`` is the command that shows what it lists."""
    return Want(
        key=world.key("", REMINDER, purpose, period),
        kind=REMINDER,
        purpose=purpose,
        contact_id=contact_id,
        period=period,
        due=start,
        reason=reason,
        source=source,
    )
