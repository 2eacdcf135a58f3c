"""What the user gives by a letter: links and texts to share, introductions."""

from __future__ import annotations

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from hashlib import blake2s
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from daemon.config.settings import Settings
from daemon.core.errors import UserMistake
from daemon.core.mailboxes import nearest_first, readers_of_another
from daemon.core.names import mentions
from daemon.core.plain import clean, one_line
from daemon.core.policy import CIRCLES
from daemon.core.wants import INTRODUCE, SHARE, Person
from daemon.service import telling
from daemon.service.finding import find
from daemon.service.people import people, with_languages
from daemon.service.telling import Asked
from daemon.store import favours

_URL = re.compile(r"https?://[^\s<>\"«»“”]{4,2000}\Z", re.IGNORECASE)
_TEXT_LIMIT = 20_000
_BYTES = 4 * _TEXT_LIMIT


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
    *,
    alone: tuple[Mapping[str, str], Mapping[str, str]] = ({}, {}),
) -> Asked:
    """Ask for two letters that offer an introduction, one to each; neither tells the other's address.

    ``why`` stands in both; ``alone`` are words for the one and for the other that stand in its place.

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
    label = f"{about}:{_mark_of(*sorted(why.items()), *(sorted(own.items()) for own in alone if own))}"
    names, without = [], []
    for who, other, own in ((first, second, alone[0]), (second, first, alone[1])):
        person, words = found[who], own or why
        why_not = telling.hindrance(person, words)
        if why_not:
            without.append((person.name, why_not))
        elif favours.make_way(conn, who, INTRODUCE, about):
            favours.ask(conn, who, INTRODUCE, label, {}, words, now, other_id=other)
            names.append(person.name)
        else:
            without.append((person.name, ALREADY))
    shared = "\n".join(why.values()) if not all(alone) else ""
    spoken_of = [p.name for p in found.values() if mentions(shared, p.name)]
    return Asked(tuple(names), tuple(without), BOTH_READ.format(" and ".join(spoken_of)) if spoken_of else "")


BOTH_READ = (
    "Both will read these words, and they speak of {} as of somebody else. Ask again with “you both”, or with words "
    "for each (--why-a, --why-b)."
)


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
