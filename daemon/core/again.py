"""Letters wanted once more: which key stands for a want whose letter was taken back, or written under another. Pure.

A letter, or the reminder in its place, that was taken back and is wanted again (a command taken back and given again, a
pause that ended, a file that was away, an account that may hold it no more) takes the next period, as the reminders do
whose periods count. Of two contacts that became one each brings letters under keys of its own: what one of them was
told, the one person was told.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from daemon.core.making import counted
from daemon.core.states import EDITED, MOVED, PENDING, SENT, SKIPPED, SUPERSEDED, UNKNOWN, WITHDRAWN, WRITTEN
from daemon.core.wants import ASKED, HAVE_TIME, Person, Want, World

if TYPE_CHECKING:
    from daemon.core.plan import Row

_NTH = re.compile(r"~\d+\Z")
_ORDER = (SENT, SKIPPED, UNKNOWN, EDITED, MOVED, WRITTEN, PENDING)
"""What the user did with a letter says more than what lies there; what never stood (the others) says least."""


def base_period(period: str) -> str:
    """The period of a letter, without how often it was taken back before."""
    return _NTH.sub("", period)


def again(wants: Iterable[Want], rows: Sequence[Row], persons: Mapping[int, Person], world: World) -> list[Want]:
    """The same wants, each under the key that counts for it now."""
    made: dict[tuple[str, int, str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if not row.period.startswith(ASKED) and counted(row.period) is None:
            made[row.kind, row.contact_id, row.purpose, base_period(row.period)].append(row)
    return [_under_its_key(w, made.get((w.kind, w.contact_id, w.purpose, w.period), ()), persons, world) for w in wants]


def _under_its_key(want: Want, rows: Sequence[Row], persons: Mapping[int, Person], world: World) -> Want:
    if not rows:
        return want
    left = [row for row in rows if not _taken_back(row)]
    if left:
        row = min(left, key=lambda row: _ORDER.index(row.state) if row.state in _ORDER else len(_ORDER))
        return replace(want, key=row.key, period=row.period)
    period = f"{want.period}~{len(rows)}"
    return replace(want, key=world.key(persons[want.contact_id].uid, want.kind, want.purpose, period), period=period)


def _taken_back(row: Row) -> bool:
    """By us, not by the user; or to make room for another letter, where there is time for it later."""
    return row.state == WITHDRAWN or (row.state == SUPERSEDED and row.purpose in HAVE_TIME)
