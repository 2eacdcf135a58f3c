"""The quarter's news shared out over its window: so many letters a day and a week, the nearest ties first. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from daemon.core.plan import Row
from daemon.core.states import NEVER_BEGUN, OPEN
from daemon.core.urgency import weight
from daemon.core.wants import DRAFT, UPDATE, Person, Want, World


@dataclass(frozen=True, slots=True)
class Shares:
    """Of the letters not begun yet: those for now, for another day, and those for which the window is too short.

    ``left`` names supporting ties first. ``stuck`` cannot be begun whatever the caps: a letter of the kind lies there
    still, or no account may take it; ``behind`` waits a day, for another letter to the same person goes first
    (`daemon.core.one_letter`). They take nobody's turn.
    """

    now: tuple[Want, ...] = ()
    later: tuple[Want, ...] = ()
    left: tuple[Want, ...] = ()
    stuck: tuple[Want, ...] = ()
    behind: tuple[Want, ...] = ()


def share_out(
    wants: Sequence[Want],
    rows: Sequence[Row],
    persons: Mapping[int, Person],
    *,
    held: Collection[int],
    world: World,
    now: datetime,
    homeless: Collection[str] = (),
) -> Shares:
    """Whose turn it is. Caps win: who does not fit into the window is left out, supporting ties first.

    ``homeless`` are keys of letters no account may take.
    """
    known = {row.key for row in rows}
    fresh = [w for w in wants if w.kind == DRAFT and w.purpose == UPDATE and w.key not in known]
    fresh = [w for w in fresh if w.contact_id not in held and w.due <= now]
    if not fresh or not world.news:
        return Shares()
    fresh.sort(key=lambda w: order(persons[w.contact_id], w.key))
    taken = {r.contact_id for r in rows if r.kind == DRAFT and r.purpose == UPDATE and r.state in OPEN}
    stuck = tuple(w for w in fresh if w.contact_id in taken or w.key in homeless)
    fresh = [w for w in fresh if w not in stuck]
    begun = Counter(
        world.day(row.created_at)
        for row in rows
        if row.kind == DRAFT and row.purpose == UPDATE and row.state not in NEVER_BEGUN and row.created_at
    )
    closes_at = max(news.closes_at for news in world.news.values())
    today, last = world.day(now), world.day(closes_at - timedelta(microseconds=1))
    room = [_room(today + timedelta(days=n), begun, world) for n in range((last - today).days + 1)]
    first = room[0] if room else 0
    total = sum(room)
    return Shares(tuple(fresh[:first]), tuple(fresh[first:total]), tuple(reversed(fresh[total:])), stuck)


def order(person: Person, key: str) -> tuple[float, datetime, str]:
    """Who is told first: the nearer tie, and of equal ones who has waited longest."""
    heard = person.last.latest()
    return -weight(person), heard or datetime.min.replace(tzinfo=UTC), key


def _room(day: date, begun: Counter[date], world: World) -> int:
    """How many may be begun on a day; they are counted as begun, for the days after it."""
    if world.quiet_on(day) is not None:
        return 0
    monday = day - timedelta(days=day.weekday())
    week = sum(begun[monday + timedelta(days=n)] for n in range(7))
    room = max(0, min(world.updates_a_day - begun[day], world.updates_a_week - week))
    begun[day] += room
    return room
