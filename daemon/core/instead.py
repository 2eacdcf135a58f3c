"""A letter and the reminder that stands where it cannot be written: one reason, dealt with once. Pure.

The reminder says what is lacking. Once that is given, the letter follows, however late in its days; but not where the
user has put the reminder aside.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from daemon.core.again import base_period
from daemon.core.plan import Row
from daemon.core.states import NEVER_BEGUN, SKIPPED
from daemon.core.wants import DRAFT, REMINDER, Want


def after_reminders(wants: Iterable[Want], rows: Sequence[Row]) -> list[Want]:
    """The same wants: a letter whose reminder stood till now may still be begun, one whose reminder was deleted is not
    wanted.
    """
    known = {r.key for r in rows}
    stood = {(r.contact_id, r.purpose, r.period): r.state for r in rows if r.kind == REMINDER}
    out = []
    for want in wants:
        fresh = want.kind == DRAFT and want.key not in known
        state = stood.get((want.contact_id, want.purpose, base_period(want.period))) if fresh else None
        if state == SKIPPED:
            continue
        if state not in (None, *NEVER_BEGUN) and want.create_until is not None:
            want = replace(want, create_until=None)
        out.append(want)
    return out
