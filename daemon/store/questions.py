"""What looks like a disaster and is held until the user confirms it (`kith confirm`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from daemon.store.tables import question as table


@dataclass(frozen=True, slots=True)
class Question:
    """``kind`` says what is held (reminders-gone, drafts-gone, events-gone, cards-gone), ``items`` which.

    ``answer`` is "" while the question is open. Times are UTC.
    """

    id: int
    account: str
    kind: str
    items: tuple[str, ...]
    asked_at: datetime
    answered_at: datetime | None
    answer: str

    @property
    def count(self) -> int:
        """How many are asked about: the calendar's name, which events-gone begins with, is none of them."""
        return len(self.items) - (self.kind == "events-gone")


def ask(conn: Connection, account: str, kind: str, items: Sequence[str], now: datetime) -> int:
    """Ask once: the same question, open or answered, is not asked again. Returns its id.

    An open question about part of these items, or about these and more, is overtaken by this one.
    """
    wanted = set(items)
    overtaken = []
    for known in _select(conn, account, kind):
        here = set(known.items)
        if here == wanted:
            return known.id
        if known.answered_at is None and (here < wanted or here > wanted):
            overtaken.append(known.id)
    conn.execute(delete(table).where(table.c.id.in_(overtaken)))
    made: int = conn.execute(
        table.insert().values(account=account, kind=kind, items=list(items), asked_at=now).returning(table.c.id)
    ).scalar_one()
    return made


def open_rows(conn: Connection) -> Sequence[Question]:
    """What waits for an answer, the oldest first."""
    return [q for q in _select(conn) if q.answered_at is None]


def answered(conn: Connection, kind: str) -> Sequence[Question]:
    """Questions of this kind that have their answer."""
    return [q for q in _select(conn, kind=kind) if q.answered_at is not None]


def drop(conn: Connection, ids: Sequence[int]) -> None:
    """These are no questions any more."""
    conn.execute(delete(table).where(table.c.id.in_(ids)))


def find(conn: Connection, account: str, kind: str, items: Sequence[str]) -> Question | None:
    """The question about exactly these items, open or answered."""
    return next((q for q in _select(conn, account, kind) if set(q.items) == set(items)), None)


def confirmed(conn: Connection, account: str, kind: str, items: Sequence[str]) -> bool:
    """Whether the user said yes to a question about all of these items."""
    wanted = set(items)
    return any(q.answer == "yes" and wanted <= set(q.items) for q in _select(conn, account, kind))


def about(conn: Connection, kind: str, first: str) -> Sequence[Question]:
    """Questions of this kind whose first item is this one, open or answered."""
    return [q for q in _select(conn, kind=kind) if q.items[:1] == (first,)]


def settle(conn: Connection, kind: str, first: str, now: datetime) -> None:
    """What such a question asked has come about by itself."""
    for q in about(conn, kind, first):
        if q.answered_at is None:
            answer(conn, q.id, "yes", now)
            reduce_to(conn, q.id, q.items[:1])


def reduce_to(conn: Connection, question_id: int, items: Sequence[str]) -> None:
    """Keep only these items of a question."""
    conn.execute(update(table).where(table.c.id == question_id).values(items=list(items)))


def get(conn: Connection, question_id: int) -> Question | None:
    """One question by its id."""
    return next((q for q in _select(conn) if q.id == question_id), None)


def answer(conn: Connection, question_id: int, text: str, now: datetime) -> bool:
    """Keep the user's answer; False where there is no such open question."""
    done = conn.execute(
        update(table)
        .where(table.c.id == question_id, table.c.answered_at.is_(None))
        .values(answer=text, answered_at=now)
    )
    return done.rowcount == 1


def _select(conn: Connection, account: str | None = None, kind: str | None = None) -> Sequence[Question]:
    statement = select(table).order_by(table.c.id)
    if account is not None:
        statement = statement.where(table.c.account == account)
    if kind is not None:
        statement = statement.where(table.c.kind == kind)
    return [
        Question(r.id, r.account, r.kind, tuple(r._mapping["items"]), r.asked_at, r.answered_at, r.answer)
        for r in conn.execute(statement)
    ]
