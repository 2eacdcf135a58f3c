"""What the user gives and gets: marks on interactions, links and texts to share, introductions, outcomes."""

from __future__ import annotations

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from hashlib import blake2s
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from daemon.config.settings import Settings
from daemon.core.due import THANKS_LASTS
from daemon.core.errors import UserMistake
from daemon.core.favours import GAVE, GOT, INTRODUCTION, RECOMMENDATION, Favour
from daemon.core.mailboxes import nearest_first, readers_of_another
from daemon.core.plain import clean, one_line
from daemon.core.policy import CIRCLES
from daemon.core.reasons import Noted
from daemon.core.wants import INTRODUCE, OUTCOME, SHARE, Person
from daemon.service import noting, telling
from daemon.service.finding import find
from daemon.service.people import people, with_languages
from daemon.service.telling import Asked
from daemon.store import favours, reasons
from daemon.store.tables import hand_log, interaction

_URL = re.compile(r"https?://[^\s<>\"«»“”]{4,2000}\Z", re.IGNORECASE)
_TEXT_LIMIT = 20_000
_BYTES = 4 * _TEXT_LIMIT


# -- marks ---------------------------------------------------------------------------------------------


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


# -- to share, to introduce ----------------------------------------------------------------------------


def material(what: str) -> tuple[str, str]:
    """(link, words) of what is to be shared: the address of a page, or the text of a file.

    Raises:
        UserMistake: it is neither; the sentence says what can be shared.
    """
    if _URL.match(what.strip()) and what.strip().isprintable():  # what turns or hides letters is not
        return what.strip(), ""
    if "://" in what:
        raise UserMistake(f"“{one_line(what, 80)}” cannot be shared: give an address that begins with https://.")
    return "", _words_of(Path(what).expanduser())


def _words_of(path: Path) -> str:
    try:
        if path.exists() and not path.is_file():
            raise UserMistake(f"{path} is no file.")
        with path.open("rb") as file:
            raw = file.read(_BYTES + 1)
    except (OSError, ValueError) as e:
        reason = (e.strerror if isinstance(e, OSError) else None) or "its name is none"
        raise UserMistake(f"{path} cannot be read ({reason}). The address of a page begins with https://.") from None
    long = f"{path} is no short text: kith attaches nothing to a draft. Share its address, or attach it yourself."
    if len(raw) > _BYTES:
        raise UserMistake(long)
    try:
        text = raw.decode("utf-16" if raw.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8-sig")
    except UnicodeDecodeError:
        raise UserMistake(long if b"\0" in raw else f"{path} is not in UTF-8: save it as UTF-8.") from None
    if "\0" in text or len(text) > _TEXT_LIMIT:
        raise UserMistake(long)
    if not clean(text).strip():
        raise UserMistake(f"{path} is empty.")
    return clean(text, _TEXT_LIMIT).strip()


def share(
    conn: Connection,
    settings: Settings,
    spoken: Collection[str],
    what: str,
    to: Sequence[str],
    notes: Mapping[str, str],
    title: str,
    now: datetime,
) -> Asked:
    """Ask for a letter with a link or text to each of these circles and people.

    Raises:
        UserMistake: nobody is meant, or what is to be shared cannot be.
    """
    link, words = material(what)
    details = {k: v for k, v in {"link": link, "words": words, "title": one_line(title, 120)}.items() if v}
    about = _about(SHARE, settings, link or words, now)
    label = f"{about}:{_mark_of(title, *sorted(notes.items()))}"
    names, without = [], []
    meant = _meant(conn, settings, spoken, to, now)
    twins = readers_of_another(nearest_first(p for p in meant if not telling.hindrance(p, notes)))
    for person in meant:
        twin = twins.get(person.contact_id)
        why_not = telling.reads_with(twin) if twin else telling.hindrance(person, notes)
        if why_not:
            without.append((person.name, why_not))
        elif favours.make_way(conn, person.contact_id, SHARE, about):
            favours.ask(conn, person.contact_id, SHARE, label, details, notes, now)
            names.append(person.name)
        else:
            without.append((person.name, ALREADY))
    return Asked(tuple(names), tuple(without))


ALREADY = "was asked for already"


def _about(purpose: str, settings: Settings, what: str, now: datetime) -> str:
    """What names an errand of one day: asked for with other words it is the same errand."""
    return f"{purpose}:{now.astimezone(ZoneInfo(settings.hours.zone)).date()}:{_mark_of(what)}"


def _mark_of(*words: object) -> str:
    return blake2s(repr(words).encode(errors="replace"), digest_size=8).hexdigest()


def introduce(
    conn: Connection,
    settings: Settings,
    spoken: Collection[str],
    both: tuple[str, str],
    why: Mapping[str, str],
    now: datetime,
) -> Asked:
    """Ask for two letters that offer an introduction, one to each; neither tells the other's address.

    Raises:
        UserMistake: they are one person or read one address, or one of them may not be written to.
    """
    first, second = (find(conn, name) for name in both)
    if first == second:
        raise UserMistake("These two are one person.")
    found = {p.contact_id: p for p in _people(conn, settings, spoken, [first, second], now)}
    closed = [p.name for p in found.values() if p.state]
    if closed:
        raise UserMistake(
            f"{' and '.join(closed)}: nothing may be written ({found[first].state or found[second].state})."
        )
    if readers_of_another(found.values()):
        raise UserMistake("These two read one address: a letter to either would be one to both.")
    about = _about(INTRODUCE, settings, "\n".join(sorted(p.uid for p in found.values())), now)
    label = f"{about}:{_mark_of(*sorted(why.items()))}"
    names, without = [], []
    for who, other in ((first, second), (second, first)):
        person = found[who]
        why_not = telling.hindrance(person, why)
        if why_not:
            without.append((person.name, why_not))
        elif favours.make_way(conn, who, INTRODUCE, about):
            favours.ask(conn, who, INTRODUCE, label, {}, why, now, other_id=other)
            names.append(person.name)
        else:
            without.append((person.name, ALREADY))
    return Asked(tuple(names), tuple(without))


def _meant(
    conn: Connection, settings: Settings, spoken: Collection[str], to: Sequence[str], now: datetime
) -> list[Person]:
    everybody = [p for p in people(conn, settings, now, kept_only=True) if p.active]
    circles = {circle for p in everybody for circle in p.circles} | set(CIRCLES)
    ids: dict[int, None] = {}
    for each in to:
        circle = each.strip().casefold()
        if circle in circles:
            ids |= dict.fromkeys(p.contact_id for p in everybody if circle in p.circles)
        else:
            ids[find(conn, each, also=circles)] = None
    if not ids:
        raise UserMistake(f"Nobody is in {', '.join(to)}.")
    return _people(conn, settings, spoken, list(ids), now)


def _people(
    conn: Connection, settings: Settings, spoken: Collection[str], ids: Sequence[int], now: datetime
) -> list[Person]:
    return with_languages(conn, people(conn, settings, now, only=ids), spoken, news=True)


# -- outcomes ------------------------------------------------------------------------------------------


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
    (person,) = _people(conn, settings, spoken, [contact_id], now)
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
