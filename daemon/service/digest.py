"""The digest: who waits without a reminder of their own, what was drafted of late, and what came to nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from daemon.config.settings import Settings
from daemon.core.due import due, meets_soon
from daemon.core.making import stamp
from daemon.core.policy import JOB_HUNTING
from daemon.core.states import LAPSED, OPEN, TAKEN_BACK, WITHDRAWN
from daemon.core.wants import DRAFT, KEEP_IN_TOUCH, LISTS, REMINDER, Person
from daemon.service.people import people
from daemon.store.tables import contact, contact_circle, ledger


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody due without a reminder of their own."""

    name: str
    due: datetime
    last: datetime | None
    why: str
    contact_id: int = 0
    job_hunting: bool = False


@dataclass(frozen=True, slots=True)
class Happened:
    """A draft made of late, or something that came to nothing: a reminder that passed twice, a draft taken back."""

    name: str
    kind: str
    purpose: str
    state: str
    at: datetime
    reason: str
    contact_id: int = 0
    job_hunting: bool = False


@dataclass(frozen=True, slots=True)
class Digest:
    """Who waits, what was drafted of late and what lapsed; the latest first."""

    waiting: tuple[Waiting, ...]
    drafted: tuple[Happened, ...]
    lapsed: tuple[Happened, ...]


OF_LATE = timedelta(days=7)
"""So far back the digest looks for drafts and lapses."""


def digest(conn: Connection, settings: Settings, now: datetime) -> Digest:
    """Who is due and has no reminder (the longest overdue first), and the last week's drafts and lapses."""
    kept = people(conn, settings, now, kept_only=True)
    hunting = select(contact_circle.c.contact_id).where(contact_circle.c.circle.in_(sorted(JOB_HUNTING)))
    rows = conn.execute(
        select(ledger, contact.c.name, contact.c.id.in_(hunting).label("hunting"))
        .join(contact, contact.c.id == ledger.c.contact_id)
        .where(ledger.c.changed_at > now - OF_LATE, ledger.c.purpose.not_in(sorted(LISTS)))
        .order_by(ledger.c.changed_at.desc(), ledger.c.key)
    ).all()
    drafted = [r for r in rows if r.kind == DRAFT and r.created_at > now - OF_LATE and r.state not in TAKEN_BACK]
    lapsed = [r for r in rows if r.state == LAPSED or (r.kind == DRAFT and r.state == WITHDRAWN)]
    return Digest(
        tuple(waiting(conn, kept, late(kept, now), now)),
        tuple(_happened(r, r.created_at) for r in drafted),
        tuple(_happened(r, r.changed_at) for r in lapsed),
    )


def _happened(r: Any, at: datetime) -> Happened:
    return Happened(r.name, r.kind, r.purpose, r.state, at, r.reason, r.contact_id, r.hunting)


def late(kept: Iterable[Person], now: datetime) -> dict[int, datetime]:
    """Contact -> since when they are due, of those who are."""
    return {p.contact_id: at for p in kept if p.active and (at := due(p)) is not None and at <= now}


def waiting(conn: Connection, kept: Sequence[Person], late: Mapping[int, datetime], now: datetime) -> list[Waiting]:
    """Who is due, or was when two reminders of them passed, and has no reminder; the longest overdue first.

    ``late``: contact -> since when they are due.
    """
    reminded = set(
        conn.execute(
            select(ledger.c.contact_id).where(
                ledger.c.kind == REMINDER, ledger.c.purpose.not_in(sorted(LISTS)), ledger.c.state.in_(OPEN)
            )
        ).scalars()
    )
    lapsed: dict[int, set[str]] = defaultdict(set)
    for r in conn.execute(
        select(ledger.c.contact_id, ledger.c.period).where(ledger.c.purpose == KEEP_IN_TOUCH, ledger.c.state == LAPSED)
    ):
        lapsed[r.contact_id].add(r.period.rpartition("/")[0])
    found = []
    for p in kept:
        if not p.active or p.contact_id in reminded or meets_soon(p, now):
            continue
        why, at = "no room for a reminder yet", late.get(p.contact_id)
        if p.contact_id in lapsed and stamp(p.turn.base) in lapsed[p.contact_id]:  # since they were last in touch
            overdue = due(replace(p, dismissals=()))  # as if nothing had passed unanswered
            if overdue is not None and overdue <= now:
                why, at = "two reminders passed unanswered", overdue
        if at is not None:
            found.append(Waiting(p.name, at, p.reset_at, why, p.contact_id, p.job_hunting))
    return sorted(found, key=lambda w: (w.due, w.name))
