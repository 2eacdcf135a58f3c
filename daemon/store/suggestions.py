"""Guesses that wait for the user's word, and the word they gave."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update

from daemon.core.guesses import Guess
from daemon.store import dialect
from daemon.store.tables import contact, suggestion

OPEN, ACCEPTED, DECLINED = "", "accepted", "declined"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One guess as stored, with its number and the person's name."""

    id: int
    guess: Guess
    name: str
    state: str
    found_at: datetime


def marks(conn: Connection) -> set[str]:
    """The marks of all guesses ever made, whatever became of them."""
    return set(conn.execute(select(suggestion.c.mark)).scalars())


def put(conn: Connection, guesses: Iterable[Guess], now: datetime) -> int:
    """Keep those that are new; how many. What was decided on once stays decided."""
    new = 0
    for guess in guesses:
        statement = dialect.insert(conn, suggestion).values(
            mark=guess.mark,
            kind=guess.kind,
            contact_id=guess.contact_id,
            question=guess.question,
            source=guess.source,
            about=dict(guess.about),
            found_at=now,
        )
        done = conn.execute(statement.on_conflict_do_nothing().returning(suggestion.c.id)).one_or_none()
        new += done is not None
    return new


def rows(conn: Connection, *, only_open: bool = True) -> list[Suggestion]:
    """The open ones (or all), the earliest first."""
    query = select(suggestion, contact.c.name).join(contact, contact.c.id == suggestion.c.contact_id)
    if only_open:
        query = query.where(suggestion.c.state == OPEN)
    return [_row(r) for r in conn.execute(query.order_by(suggestion.c.id))]


def get(conn: Connection, number: int) -> Suggestion | None:
    """One by its number."""
    return next((s for s in rows(conn, only_open=False) if s.id == number), None)


def decide(conn: Connection, number: int, state: str, now: datetime) -> bool:
    """Write down the user's word; False where there is no such open one."""
    done = conn.execute(
        update(suggestion)
        .where(suggestion.c.id == number, suggestion.c.state == OPEN)
        .values(state=state, decided_at=now)
    )
    return bool(done.rowcount)


def drop(conn: Connection, numbers: Collection[int]) -> None:
    """Take back open ones: what they asked about is no longer so. Should it be so again, it may be asked again."""
    conn.execute(delete(suggestion).where(suggestion.c.id.in_(sorted(numbers)), suggestion.c.state == OPEN))


def move(conn: Connection, other: int, keep: int, *, named: tuple[str, str]) -> None:
    """Two contacts become one. ``named``: the uids the marks have them by, so that what was declined stays so.

    Of one question about both the word already given counts.
    """
    old, new = (f":{uid}:" for uid in named)
    mine = {r.mark: r for r in conn.execute(select(suggestion).where(suggestion.c.contact_id == keep))}
    for row in conn.execute(select(suggestion).where(suggestion.c.contact_id == other)).all():
        mark = row.mark.replace(old, new)
        there = mine.get(mark)
        if there is not None:
            gone = there if there.state == OPEN else row
            conn.execute(delete(suggestion).where(suggestion.c.id == gone.id))
        conn.execute(update(suggestion).where(suggestion.c.id == row.id).values(contact_id=keep, mark=mark))


def _row(r: Any) -> Suggestion:
    guess = Guess(r.mark, r.kind, r.contact_id, r.question, r.source, r.about)
    return Suggestion(r.id, guess, r.name, r.state, r.found_at)
