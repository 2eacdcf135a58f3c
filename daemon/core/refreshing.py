"""Reminders that stand and would say something else by now, which nobody but us has worded. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from hashlib import sha256

from daemon.core.plan import Plan, Refresh, Row
from daemon.core.states import MOVED, WRITTEN
from daemon.core.wants import LISTS, REMINDER, Want


def words_of(summary: str, description: str) -> str:
    """A digest of a reminder's words. Line ends and spaces are left out: servers and clients set them as they like."""
    return sha256("\n".join(" ".join(text.split()) for text in (summary, description)).encode()).hexdigest()[:32]


def refreshable(
    rows: Sequence[Row], wants: Mapping[str, Want], plan: Plan, *, held: Collection[int], now: datetime
) -> list[Row]:
    """Reminders whose words may be rendered anew: ours as we wrote them (or dragged), wanted still, and to come.

    Not one of which it is unknown what we wrote, nor one the plan does something else about; lists have a moment of
    their own and tell of that.
    """
    elsewhere = {move.row.key for move in plan.moves} | {each.row.key for each in plan.withdrawals}
    elsewhere |= {each.row.key for each in plan.lapses} | {each.row.key for each in plan.releases}
    return [
        row
        for row in rows
        if row.kind == REMINDER
        and row.state in (WRITTEN, MOVED)
        and row.words
        and not row.queued
        and row.purpose not in LISTS
        and row.starts_at is not None
        and row.starts_at > now
        and row.key in wants
        and row.key not in elsewhere
        and row.contact_id not in held
    ]


def refreshes(rows: Sequence[Row], words: Mapping[str, str]) -> tuple[Refresh, ...]:
    """Those of these rows that would say something else now. ``words``: key -> the digest of what they would say."""
    return tuple(Refresh(row, words[row.key]) for row in rows if words.get(row.key, row.words) != row.words)
