"""Two reasons to write to one person on one day make one letter: which it is, and what becomes of the other. Pure.

What the user asked for letter by letter (a flag on a message, a link to share) stands alone and takes no part.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from daemon.core.plan import Row, Supersede, Withdraw
from daemon.core.states import EDITED, OPEN, SUPERSEDED
from daemon.core.wants import (
    ASKED,
    CHECK_IN,
    CONGRATULATIONS,
    DRAFT,
    HAVE_TIME,
    NEWS,
    THANKS,
    UPDATE,
    VISIT,
    Want,
    World,
)

STRENGTH = (
    (THANKS, "recommendation"),
    (THANKS, "introduction"),
    (THANKS, "interview"),
    (CONGRATULATIONS, "birthday"),
    (CONGRATULATIONS, "job"),
    (CONGRATULATIONS, "achievement"),
    (THANKS, "first-meeting"),
    (THANKS, "meeting"),
    (THANKS, "event"),
    (CONGRATULATIONS, "work"),
    (CONGRATULATIONS, "company"),
    (CONGRATULATIONS, "holiday"),
    (VISIT, ""),
    (NEWS, ""),
    (UPDATE, ""),
    (CHECK_IN, ""),
)
"""The better reason first: what is done for one before what the calendar brings, the rarer before the usual."""

_RANK = {reason: n for n, reason in enumerate(STRENGTH)}
_OF_PURPOSE = {purpose: n for n, (purpose, _) in enumerate(STRENGTH)}


@dataclass(frozen=True, slots=True)
class Choice:
    """``closed`` are never written; ``withdrawn`` make room; ``aside`` are all keys that are not to be begun now. Of
    those, ``next`` are begun as soon as there is room.
    """

    closed: tuple[Supersede, ...] = ()
    withdrawn: tuple[Withdraw, ...] = ()
    aside: frozenset[str] = frozenset()
    next: frozenset[str] = frozenset()


def one_letter(
    wants: Sequence[Want], rows: Sequence[Row], *, held: Collection[int], world: World, now: datetime
) -> Choice:
    """Choose among the letters that would be begun now, and those begun today that still stand.

    The strongest goes. A weaker one that stands untouched is withdrawn first, and the stronger follows once it is
    gone; one the user has edited stays, and the newcomer is superseded. A letter begun on another day disturbs nobody.
    """
    today = world.day(now)
    if world.quiet_on(today) is not None:
        return Choice()  # nothing is begun
    known = {row.key for row in rows}
    wanted = {want.key for want in wants}
    there_is = [row for row in rows if _stays(row, wanted)]
    occupied = {(row.contact_id, row.purpose) for row in there_is}
    fresh: dict[int, list[Want]] = defaultdict(list)
    for want in wants:
        late = want.create_until is not None and now > want.create_until
        if _competes(want) and want.key not in known and want.due <= now and not late and want.contact_id not in held:
            fresh[want.contact_id].append(want)
    standing: dict[int, list[Row]] = defaultdict(list)
    for row in there_is:
        if row.contact_id in fresh and _competes(row) and _day(row, world) == today:
            standing[row.contact_id].append(row)

    closed: list[Supersede] = []
    withdrawn: list[Withdraw] = []
    aside: set[str] = set()
    follow: set[str] = set()
    for who, found in sorted(fresh.items()):
        there = standing[who]
        # Of one purpose there is one at a time, whenever it was begun: behind yesterday's the next one waits.
        begun_today = {row.purpose for row in there}
        ready = [w for w in found if (who, w.purpose) not in occupied or w.purpose in begun_today]
        if not ready:
            continue
        ready.sort(key=lambda w: (_rank(w), w.key))
        best, losers = ready[0], ready[1:]
        by = best.key
        if there:
            firmest = min(there, key=lambda r: (r.state != EDITED, _rank(r), r.key))
            if firmest.state == EDITED or _rank(firmest) <= _rank(best):
                losers, by = ready, firmest.key
            else:
                withdrawn += [Withdraw(row, SUPERSEDED) for row in there]
                follow.add(best.key)
        aside |= {w.key for w in losers}
        closed += [Supersede(w, by) for w in losers if w.purpose not in HAVE_TIME]
    return Choice(tuple(closed), tuple(withdrawn), frozenset(aside | follow), frozenset(follow))


def _stays(row: Row, wanted: Collection[str]) -> bool:
    """Whether it stands after this round: what is not wanted is taken back, but for a letter the user has edited."""
    return row.state in OPEN and (row.key in wanted or (row.state == EDITED and row.kind == DRAFT))


def _competes(letter: Want | Row) -> bool:
    return letter.kind == DRAFT and letter.purpose in _OF_PURPOSE and not letter.period.startswith(ASKED)


def _rank(letter: Want | Row) -> int:
    reason = (letter.purpose, letter.occasion.partition(":")[0])
    return _RANK.get(reason, _OF_PURPOSE[letter.purpose])


def _day(row: Row, world: World) -> date | None:
    return world.day(row.created_at) if row.created_at else None
