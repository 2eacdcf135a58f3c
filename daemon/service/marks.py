"""Marks on what was given and got: advice, an introduction, a recommendation; and how that turned out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from daemon.config.settings import Settings
from daemon.core.due import THANKS_LASTS
from daemon.core.errors import UserMistake
from daemon.core.favours import GAVE, GOT, INTRODUCTION, RECOMMENDATION, Favour
from daemon.core.reasons import Noted
from daemon.core.wants import OUTCOME
from daemon.service import noting, telling
from daemon.service.people import people, with_languages
from daemon.store import favours, reasons
from daemon.store.tables import hand_log, interaction


def mark(
    conn: Connection,
    settings: Settings,
    interaction_id: int,
    gave: Collection[str],
    got: Collection[str],
    now: datetime,
) -> str:
    """Mark what was given and got in an exchange; a sentence on what follows.

    Raises:
        UserMistake: there is no such exchange.
    """
    row = conn.execute(select(interaction).where(interaction.c.id == interaction_id)).one_or_none()
    if row is None:
        raise UserMistake(f"There is no interaction {interaction_id} (`kith interactions --all` shows their numbers).")
    return _mark(conn, settings, row.contact_id, row.identity, row.at, gave, got, now)


def mark_entry(
    conn: Connection, settings: Settings, entry: int, gave: Collection[str], got: Collection[str], now: datetime
) -> str:
    """The same for an entry logged by hand."""
    row = conn.execute(select(hand_log).where(hand_log.c.id == entry, hand_log.c.undone_at.is_(None))).one_or_none()
    if row is None:
        raise UserMistake(f"There is no entry {entry} logged by hand (`kith log --list` shows them).")
    return _mark(conn, settings, row.contact_id, row.identity, row.at, gave, got, now)


def _mark(
    conn: Connection,
    settings: Settings,
    contact_id: int,
    identity: str,
    at: datetime,
    gave: Collection[str],
    got: Collection[str],
    now: datetime,
) -> str:
    day = at.astimezone(ZoneInfo(settings.hours.zone)).date()
    thanks = False
    for direction, kinds in ((GAVE, gave), (GOT, got)):
        for kind in dict.fromkeys(kinds):
            reason = ""
            if direction == GOT and kind in (RECOMMENDATION, INTRODUCTION) and at > now - THANKS_LASTS:
                reason = noting.token(kind, day)
                noted = Noted(kind, reason, day, now, "", f"you marked it on {now:%Y-%m-%d}")
                thanks |= reasons.note(conn, contact_id, noted)
            # What is thanked for is so once a day, however it was told; the rest once in each exchange.
            when = day if kind in (RECOMMENDATION, INTRODUCTION) else identity
            done = Favour(direction, kind, f"{direction}:{kind}:{when}", day)
            favours.add(conn, contact_id, done, now, identity=identity, reason=reason)
    return "Marked; a letter of thanks follows with the next round." if thanks else "Marked."


def outcome(
    conn: Connection,
    settings: Settings,
    spoken: Collection[str],
    contact_id: int,
    texts: Mapping[str, str],
    now: datetime,
    *,
    favour: int | None = None,
) -> str:
    """How a recommendation (or introduction) of theirs turned out; a sentence on what follows.

    ``favour`` is its number; the latest recommendation that waits for this where it is None.

    Raises:
        UserMistake: none of theirs is noted that still waits for this, or the letter of before still lies there.
    """
    done = [
        row
        for row in favours.rows(conn, contact_id)
        if row.what.direction == GOT
        and row.what.kind in (RECOMMENDATION, INTRODUCTION)
        and not row.what.outcome_at
        and favour in (None, row.id)
    ]
    done.sort(key=lambda row: row.what.kind != RECOMMENDATION)
    (person,) = with_languages(conn, people(conn, settings, now, only=[contact_id]), spoken, news=True)
    if not done:
        raise UserMistake(
            f"No recommendation of {person.name}'s waits for its outcome (`kith note ... --recommendation` notes one)."
        )
    if favours.letter_made(conn, contact_id, OUTCOME, done[0].what.token):
        raise UserMistake(
            "There is a letter with your former words: change it in Drafts, or run `kith once` to have it taken back."
        )
    favours.tell_outcome(conn, done[0].id, texts, now)
    if not person.kept:
        return f"Noted. {person.name} is in no circle and no tier, so there is no letter (`kith contacts edit`)."
    if why_not := telling.hindrance(person, texts):
        return f"Noted. There is no letter to {person.name}: {why_not}."
    return "Noted; the letter follows with the next round."


def take_outcome_back(conn: Connection, favour: int) -> None:
    """Nothing was told of how it turned out.

    Raises:
        UserMistake: there is no such mark, or nothing was told of it.
    """
    if not any(row.id == favour and row.what.outcome_at for row in favours.rows(conn)):
        raise UserMistake(f"Nothing was told of a mark {favour} (`kith favours` shows them).")
    favours.tell_outcome(conn, favour, {}, None)
