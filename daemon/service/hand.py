"""What the user does by hand. Short transactions, never in the way of a cycle; remote effects follow with the next."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from daemon.config.settings import Settings
from daemon.core.errors import UserMistake
from daemon.core.identity import hand_identity
from daemon.core.making import stamp
from daemon.core.model import Direction, Form, Position, Stream
from daemon.core.states import MOVED, WRITTEN
from daemon.core.wants import KEEP_IN_TOUCH
from daemon.service.asking import SHARED, STRANGER
from daemon.service.facts import derive
from daemon.service.instances import drop_items
from daemon.service.judging import Rules
from daemon.service.left_behind import ACCOUNT_GONE, give_up
from daemon.service.people import people
from daemon.store import addresses, cursors, favours, health, quarantine, questions
from daemon.store.tables import (
    address_state,
    contact,
    dismissal,
    hand_log,
    interaction,
    ledger,
    outbox,
    overrule,
    series,
)


def log_contact(
    conn: Connection,
    rules: Rules,
    contact_id: int,
    form: Form,
    at: datetime,
    *,
    topic: str = "",
    note: str = "",
    next_step: str = "",
    by: date | None = None,
    confidential: bool = False,
    interview: bool = False,
) -> int:
    """Log contact made; returns the entry's number, for undo and edit. ``interview`` marks a meeting as one.

    ``topic``: what it was about; several topics stand on a line each.

    Raises:
        UserMistake: the moment lies in the future.
    """
    if at > rules.now:
        raise UserMistake("What has not happened yet cannot be logged: put it into your calendar instead.")
    identity = hand_identity(secrets.token_hex(16))
    made = conn.execute(
        insert(hand_log).values(
            contact_id=contact_id,
            identity=identity,
            form=form.value,
            direction=Direction.MUTUAL.value,
            at=at,
            topic=topic,
            note=note,
            next_step=next_step,
            next_by=by.isoformat() if by else "",
            confidential=confidential,
            interview=interview,
            logged_at=rules.now,
        )
    )
    derive(conn, {identity}, rules)
    key = made.inserted_primary_key
    return int(key[0]) if key is not None else 0


def edit_log(conn: Connection, rules: Rules, entry: int, changes: dict[str, object]) -> None:
    """Change an entry logged by hand; ``changes`` by column name.

    Raises:
        UserMistake: there is no such entry, or the moment lies in the future.
    """
    row = _entry(conn, entry)
    at = changes.get("at")
    if isinstance(at, datetime) and at > rules.now:
        raise UserMistake("What has not happened yet cannot be logged: put it into your calendar instead.")
    if changes:
        conn.execute(update(hand_log).where(hand_log.c.id == entry).values(changes))
        derive(conn, {row.identity}, rules)


def undo_log(conn: Connection, rules: Rules, entry: int) -> None:
    """Take back an entry logged by hand.

    Raises:
        UserMistake: there is no such entry.
    """
    row = _entry(conn, entry)
    conn.execute(update(hand_log).where(hand_log.c.id == entry).values(undone_at=rules.now))
    favours.remove_of(conn, identity=row.identity)
    derive(conn, {row.identity}, rules)


def _entry(conn: Connection, entry: int) -> Row[Any]:
    row = conn.execute(select(hand_log).where(hand_log.c.id == entry, hand_log.c.undone_at.is_(None))).one_or_none()
    if row is None:
        raise UserMistake(f"There is no entry {entry} logged by hand (`kith log --list` shows them).")
    return row


def snooze(conn: Connection, contact_id: int, until: datetime, now: datetime) -> None:
    """No keep-in-touch reminder before ``until``; one that stands is moved there with the next cycle.

    Raises:
        UserMistake: the moment has passed.
    """
    if until <= now:
        raise UserMistake("Snooze to a day that lies ahead.")
    conn.execute(
        insert(dismissal).values(
            contact_id=contact_id, purpose=KEEP_IN_TOUCH, base="snooze", n=-1, why="snooze", not_before=until, at=now
        )
    )
    # A reminder the user once dragged is ours to move again, now that they ask for it.
    conn.execute(
        update(ledger)
        .where(ledger.c.contact_id == contact_id, ledger.c.purpose == KEEP_IN_TOUCH, ledger.c.state == MOVED)
        .values(state=WRITTEN)
    )


def skip(conn: Connection, settings: Settings, contact_id: int, now: datetime) -> datetime:
    """Not this time: the period is dealt with and the next waits one whole cadence. Returns when it may come back."""
    person = people(conn, settings, now, only=[contact_id])[0]
    base = stamp(person.turn.base)
    n = max((d.n + 1 for d in person.dismissals if d.purpose == KEEP_IN_TOUCH and d.base == base), default=0)
    until = now + person.policy.cadence
    conn.execute(
        insert(dismissal).values(
            contact_id=contact_id, purpose=KEEP_IN_TOUCH, base=base, n=n, why="skip", not_before=until, at=now
        )
    )
    return until


def set_overrule(conn: Connection, rules: Rules, interaction_id: int, counted: bool | None) -> str:
    """The user's word on one interaction (None takes it back); returns the contact's name.

    Raises:
        UserMistake: there is no such interaction.
    """
    row = conn.execute(
        select(interaction.c.contact_id, interaction.c.identity, contact.c.name)
        .join(contact, contact.c.id == interaction.c.contact_id)
        .where(interaction.c.id == interaction_id)
    ).one_or_none()
    if row is None:
        raise UserMistake(f"There is no interaction {interaction_id} (`kith interactions --all` shows their numbers).")
    where = (overrule.c.contact_id == row.contact_id) & (overrule.c.identity == row.identity)
    conn.execute(delete(overrule).where(where))
    if counted is not None:
        conn.execute(
            insert(overrule).values(contact_id=row.contact_id, identity=row.identity, counted=counted, at=rules.now)
        )
    derive(conn, {row.identity}, rules)
    return str(row.name)


def unfreeze(conn: Connection, address: str, now: datetime) -> None:
    """Use an address again that bounced; bounces from before now freeze it no more.

    Raises:
        UserMistake: it is not frozen.
    """
    done = conn.execute(
        update(address_state)
        .where(address_state.c.address == address, address_state.c.frozen_at.is_not(None))
        .values(frozen_at=None, frozen_reason="", thawed_at=now)
    )
    if not done.rowcount:
        raise UserMistake(f"{address} is not frozen.")


def try_now(conn: Connection) -> None:
    """The user asked: accounts and writes that wait for a better moment are tried with the next round."""
    health.retry_now(conn)
    conn.execute(update(outbox).where(outbox.c.not_before.is_not(None)).values(not_before=None))


def retry_quarantined(conn: Connection, ids: Sequence[int] | None) -> int:
    """Have quarantined items read again with the next round: their streams are read anew, from the beginning."""
    rows = [r for r in quarantine.rows(conn) if ids is None or r.id in ids]
    for account, kind, stream in {(r.account, r.kind, r.stream) for r in rows}:
        cursors.put(conn, account, kind, _stream(conn, account, kind, stream), Position())
    for r in rows:
        quarantine.remove(conn, r.account, r.kind, r.stream, [r.item_id])
    return len(rows)


def _stream(conn: Connection, account: str, kind: str, name: str) -> Stream:
    """The stream as its cursor row knows it, so that reading anew changes neither label nor role."""
    for row in cursors.rows(conn, account):
        if row.kind == kind and row.stream.name == name:
            return row.stream
    return Stream(name, name)


def confirm(
    conn: Connection, settings: Settings, question_id: int, yes: bool, now: datetime, *, secret: bytes = b""
) -> str:
    """Answer a held question; returns what follows from it, in a sentence. ``secret`` is the key secret.

    Raises:
        UserMistake: there is no such open question, or it has settled itself.
    """
    question = questions.get(conn, question_id)
    policies = settings.policies
    if question is None or not questions.answer(conn, question_id, "yes" if yes else "no", now):
        raise UserMistake(f"There is no open question {question_id} (`kith status` shows them).")
    if question.kind in (STRANGER, SHARED):
        return _answer_about_sender(conn, Rules(policies, now), question, yes, secret)
    if not yes:
        return "Noted: nothing is concluded from it."
    if question.kind == "events-gone":
        stream, *items = question.items
        touched = drop_items(conn, question.account, stream, items, question.asked_at)
        conn.execute(
            delete(series).where(
                series.c.account == question.account, series.c.stream == stream, series.c.item_id.in_(items)
            )
        )
        derive(conn, touched, Rules(policies, now))
        return f"{len(items)} events are taken for deleted."
    if question.kind == ACCOUNT_GONE:
        if question.account in {each.account.name for each in settings.accounts}:
            raise UserMistake(f"“{question.account}” is configured again: what stands there is looked after as before.")
        give_up(conn, question.account, now)
        return "The reminders come anew in another account; what became of the drafts is left open."
    if question.kind == "cards-gone":
        from daemon.service import importing as book

        book.confirm_gone(conn, question.account, question.items, now)
        return f"{len(question.items)} address book entries are taken for deleted; their people stay as contacts."
    return "They are taken for deleted with the next round: skipped this time, each waits one cadence."


def _answer_about_sender(conn: Connection, rules: Rules, question: questions.Question, yes: bool, secret: bytes) -> str:
    """The person whose message the user flagged becomes a contact, or is not mentioned any more.

    Raises:
        UserMistake: yes of an address that several share: that does not say whose letter it is.
    """
    from daemon.service import contacts as book

    identity, _, address, name = question.items
    questions.reduce_to(conn, question.id, [identity])
    if not yes:
        return "Noted: nothing is kept of them. You may take the flag off."
    known = addresses.states(conn, [address]).get(address)
    if known is not None and known.owner is None:
        raise UserMistake(f"Several share {address}. Say whose letter it is: `kith contacts assign {address} NAME`.")
    if known is None:
        book.add(conn, rules, name, book.Change(addresses=(address,)), secret=secret)
    return f"{name} is a contact now; the letter follows with the next round."
