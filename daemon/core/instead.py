"""A letter and the reminder that stands where it cannot be written: one reason, dealt with once. Pure.

The reminder says what is lacking. Once that is given, the letter follows, however late in its days; but not where the
user has deleted the reminder or ticked it off. Nor does a reminder come where they sent the letter or threw it away.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from daemon.core.again import base_period
from daemon.core.plan import Row
from daemon.core.states import DONE, NEVER_BEGUN, SENT, SKIPPED
from daemon.core.wants import DRAFT, REMINDER, Want


def after_reminders(wants: Iterable[Want], rows: Sequence[Row]) -> list[Want]:
    """The same wants: a letter whose reminder stood till now may still be begun; what the user has dealt with in its
    other shape is not wanted. ``rows``: the first begun first.
    """
    known = {r.key for r in rows}
    stood = {(r.kind, r.contact_id, r.purpose, base_period(r.period)): r.state for r in rows}
    out = []
    for want in wants:
        other = REMINDER if want.kind == DRAFT else DRAFT
        state = stood.get((other, want.contact_id, want.purpose, base_period(want.period)))
        if want.key in known or state in (None, *NEVER_BEGUN):
            out.append(want)
            continue
        if state in (DONE, SENT, SKIPPED):
            continue
        if want.kind == DRAFT and want.create_until is not None:
            want = replace(want, create_until=None)
        out.append(want)
    return out
