"""Suggestions: guesses gathered from what is stored, and what follows when the user accepts one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from daemon.config.settings import Settings
from daemon.core.errors import UserMistake
from daemon.core.guesses import (
    ANNIVERSARY,
    PAUSE,
    RHYTHM,
    Guess,
    Letter,
    day_of_work,
    introduced,
    job_mark,
    other_day,
    recommended,
    silence,
)
from daemon.core.model import Direction, Form, Role
from daemon.core.phrases import LEFT
from daemon.core.reasons import INTRODUCTION, JOB, RECOMMENDATION, Noted
from daemon.core.wants import Person
from daemon.service import contacts as book
from daemon.service import leaving, noting, reasons_of, rhythms
from daemon.service.judging import Rules
from daemon.service.new_jobs import works
from daemon.service.people import people
from daemon.store import suggestions
from daemon.store.bulk import chunks
from daemon.store.tables import address, evidence, interaction, participant

LETTERS_OF = timedelta(days=14)
"""Letters older than this are no news any more."""


def found(conn: Connection, settings: Settings, now: datetime) -> list[Guess]:
    """Guesses not made before, about people who are kept and not paused or the like."""
    kept = [p for p in people(conn, settings, now, kept_only=True) if p.active]
    known = suggestions.marks(conn)
    return [g for g in _guesses(conn, kept, settings, now) if g.mark not in known]


def _guesses(conn: Connection, kept: Sequence[Person], settings: Settings, now: datetime) -> list[Guess]:
    days = reasons_of.days(conn, lambda column: column.in_([p.contact_id for p in kept]) if len(kept) < 500 else True)
    today = now.astimezone(ZoneInfo(settings.hours.zone)).date()
    guesses: list[Guess] = []
    for person in kept:
        guesses += silence(person)
        guesses += day_of_work(person, person.noted, today)
        guesses += other_day(person, days.get(person.contact_id, ()))
    for letter in _letters(conn, kept, settings, now):
        one = introduced(letter, read_wording=settings.read_wording)
        two = recommended(letter, read_wording=settings.read_wording)
        guesses += [g for g in (one, two) if g is not None]
    return guesses


def gather(conn: Connection, settings: Settings, now: datetime) -> int:
    """Keep what is new of them, and of the cadences the real rhythm proposes; how many. What is no longer so goes."""
    kept = [p for p in people(conn, settings, now, kept_only=True) if p.active]
    guesses = [*_guesses(conn, kept, settings, now), *(p.guess for p in rhythms.proposals(conn, settings, now))]
    new = suggestions.put(conn, guesses, now)
    suggestions.drop(conn, _past(conn, kept, {g.mark for g in guesses}))
    return new


OF_NOW = frozenset({PAUSE, RHYTHM, ANNIVERSARY})
"""Guesses at how things stand; the others are about something that happened, which stays true."""


def _past(conn: Connection, kept: Sequence[Person], marks: Collection[str]) -> set[int]:
    """Open questions that no longer make sense: they answered, the card says something else again, they are paused."""
    open_ = suggestions.rows(conn)
    uids = {p.contact_id: p.uid for p in kept}
    worked = works(conn, {s.guess.contact_id for s in open_ if s.guess.kind == JOB})
    return {
        s.id
        for s in open_
        if s.guess.contact_id not in uids
        or (s.guess.kind in OF_NOW and s.guess.mark not in marks)
        or (s.guess.kind == JOB and s.guess.mark != job_mark(uids[s.guess.contact_id], worked[s.guess.contact_id]))
    }


def _letters(conn: Connection, kept: Sequence[Person], settings: Settings, now: datetime) -> Iterator[Letter]:
    """What the kept wrote of late that went to others as well."""
    of = {p.contact_id: p for p in kept}
    i, e = interaction.c, evidence.c
    rows = conn.execute(
        select(i.contact_id, i.identity, i.at, i.subject, e.id, e.recipients, e.in_reply_to, e.refs, e.raw_from)
        .join(evidence, (e.identity == i.identity) & (e.account == i.account))
        .where(
            i.form == Form.MAIL.value,
            i.direction == Direction.IN.value,
            i.counted.is_(True),
            i.at > now - LETTERS_OF,
            e.recipients.between(2, 4),
        )
        .order_by(i.at, i.id)
    ).all()
    rows = [r for r in rows if r.contact_id in of]
    others = acquaintances(conn, [r.id for r in rows])
    for r in rows:
        before = sum(who != r.contact_id and first < r.at for who, first in others.get(r.id, ()))
        inside = any(domain in settings.me.organisation for domain in of[r.contact_id].belongs)
        yield Letter(
            r.contact_id,
            of[r.contact_id].name,
            r.identity,
            r.at,
            r.recipients,
            begins=not r.in_reply_to and not r.refs,
            others_known=before,
            inside=inside,
            subject=r.subject,
        )


def acquaintances(conn: Connection, ids: Sequence[int]) -> Mapping[int, list[tuple[int, datetime]]]:
    """evidence -> (contact, first contact ever) of the known people it went to."""
    there: dict[int, set[int]] = {}
    for chunk in chunks(ids):
        for row in conn.execute(
            select(participant.c.evidence_id, address.c.contact_id)
            .join(address, address.c.address == participant.c.address)
            .where(participant.c.evidence_id.in_(chunk), participant.c.role.in_([Role.TO.value, Role.CC.value]))
        ):
            there.setdefault(row.evidence_id, set()).add(row.contact_id)
    first: dict[int, datetime] = {}
    for chunk in chunks(sorted({who for found_ in there.values() for who in found_})):
        for row in conn.execute(
            select(interaction.c.contact_id, func.min(interaction.c.at).label("at"))
            .where(interaction.c.contact_id.in_(chunk), interaction.c.counted.is_(True))
            .group_by(interaction.c.contact_id)
        ):
            first[row.contact_id] = row.at
    return {e: [(who, first[who]) for who in sorted(ids_) if who in first] for e, ids_ in there.items()}


# -- the user's word ---------------------------------------------------------------------------------


def accept(conn: Connection, rules: Rules, settings: Settings, number: int) -> str:
    """Do what the guess says; a sentence on what follows.

    Raises:
        UserMistake: there is no such open suggestion.
    """
    gather(conn, settings, rules.now)  # it may no longer be so
    one = suggestions.get(conn, number)
    if one is None or not suggestions.decide(conn, number, suggestions.ACCEPTED, rules.now):
        raise UserMistake(f"There is no open suggestion {number} (`kith suggest` shows them).")
    guess = one.guess
    if guess.kind == PAUSE:
        book.pause(conn, guess.contact_id, None)
        return f"{one.name} is paused (`kith contacts resume` ends it)."
    if guess.kind == RHYTHM:
        rhythms.accept(conn, guess.contact_id, timedelta(days=int(guess.about["days"])))
        return f"{one.name}: every {guess.about['days']} days (`kith cadence NAME --clear` takes it back)."
    if guess.kind == ANNIVERSARY:
        book.edit(conn, rules, guess.contact_id, book.Change(dates={guess.about["kind"]: guess.about["when"]}))
        return f"Noted: {one.name} will be congratulated on that day."
    if guess.kind == LEFT:
        return leaving.accept(conn, rules, one)
    if guess.kind in (JOB, INTRODUCTION, RECOMMENDATION):
        today = rules.now.astimezone(ZoneInfo(settings.hours.zone)).date()
        day = date.fromisoformat(guess.about["at"]) if "at" in guess.about else today
        title = guess.about.get("title", "")
        label = noting.token(guess.kind, day, title or guess.about.get("identity", ""))
        what = Noted(guess.kind, label, day, rules.now, title, f"suggestion {number}, {guess.source}")
        noting.keep(conn, guess.contact_id, what)
        return f"Noted; the letter to {one.name} follows with the next round."
    raise UserMistake(f"This version of kith cannot act on a suggestion of the kind {guess.kind}.")


def decline(conn: Connection, number: int, now: datetime) -> str:
    """Never ask this again; the person's name.

    Raises:
        UserMistake: there is no such open suggestion.
    """
    one = suggestions.get(conn, number)
    if one is None or not suggestions.decide(conn, number, suggestions.DECLINED, now):
        raise UserMistake(f"There is no open suggestion {number} (`kith suggest` shows them).")
    return one.name
