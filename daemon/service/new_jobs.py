"""People whose address book says they work elsewhere, or as something else, than it did: a suggestion, no more."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection, select

from daemon.core.guesses import Work, new_job
from daemon.store import contacts, suggestions
from daemon.store.bulk import chunks
from daemon.store.tables import contact


def works(conn: Connection, ids: Collection[int]) -> dict[int, Work]:
    """Where these people work, as known now."""
    found_: dict[int, Work] = {}
    for chunk in chunks(sorted(ids)):
        for row in conn.execute(
            select(contact.c.id, contact.c.organisation, contact.c.title).where(contact.c.id.in_(chunk))
        ):
            found_[row.id] = Work(row.organisation, row.title)
    return found_


def suggest_new_jobs(conn: Connection, before: Mapping[int, Work], source: str, now: datetime) -> None:
    """Ask about those of the kept whose work reads otherwise than ``before`` this import."""
    after = works(conn, sorted(before))
    changed = sorted(i for i, work in after.items() if work != before[i])
    loaded = contacts.load(conn, changed) if changed else {}
    guesses = (
        new_job(i, c.uid, c.name, before[i], after[i], source)
        for i, c in loaded.items()
        if c.kept and not c.state_at(now)
    )
    suggestions.put(conn, (g for g in guesses if g is not None), now)
