"""What the user tells of people, conferences, companies, trips and themselves, taken down as reasons to write."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection

from daemon.core.address import domain_of, normalise
from daemon.core.errors import UserMistake
from daemon.core.favours import GOT, KINDS, Favour
from daemon.core.language import of_text, tag
from daemon.core.organisations import fold_organisation
from daemon.core.reasons import EVENT, Noted, OwnNews, Trip
from daemon.service.importing import Batch, import_batches
from daemon.service.judging import Rules
from daemon.store import contacts, favours, reasons

MET_THERE = "conference"
"""The circle of whoever was met at a conference and is in no circle yet: so they are kept."""

_WORD = re.compile(r"[^\W_]+")


def token(kind: str, day: date, words: str = "") -> str:
    """What names a noted reason for ever: its kind, its day, and the words that tell it from others of that day."""
    return ":".join(part for part in (kind, day.isoformat(), "-".join(_WORD.findall(words.casefold()))[:60]) if part)


def keep(conn: Connection, contact_id: int, what: Noted) -> None:
    """Note it.

    Raises:
        UserMistake: the very same was noted before.
    """
    if not reasons.note(conn, contact_id, what):
        raise UserMistake("This is noted already (`kith note --list`).")
    if what.kind in KINDS:
        done = Favour(GOT, what.kind, f"{GOT}:{what.kind}:{what.day}", what.day, what.title)
        favours.add(conn, contact_id, done, what.noted_at, reason=what.token)


def note(conn: Connection, contact_id: int, kind: str, title: str, day: date, now: datetime) -> str:
    """Note a reason to write to them; a sentence on what follows."""
    keep(conn, contact_id, Noted(kind, token(kind, day, title), day, now, title, f"you noted it on {now:%Y-%m-%d}"))
    found = contacts.load(conn, [contact_id])[contact_id]
    if not found.kept:
        return f"Noted. {found.name} is in no circle and no tier, so there is no letter (`kith contacts edit`)."
    if found.state:
        return f"Noted. {found.name} is {found.state}, so there is no letter."
    return "Noted; the letter follows with the next round."


# -- conferences ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Met:
    """What came of a list of people met: how many are new to the address book, and how many were in it."""

    new: int
    known: int
    broken: tuple[str, ...] = ()


def gathered(
    conn: Connection,
    rules: Rules,
    name: str,
    days: tuple[date, date],
    batches: Iterable[Batch],
    *,
    circle: str,
    secret: bytes,
    me: Collection[str],
) -> Met:
    """Keep a conference and the people met there; whoever is in no circle and no tier is put into ``circle``.

    Raises:
        UserMistake: it ends before it begins.
    """
    begins, ends = _in_order(*days)
    label = token(EVENT, begins, name)
    gathering_id = reasons.put_gathering(conn, label, name, begins, ends, rules.now)
    report = import_batches(conn, rules, batches, secret=secret, me=me)
    for who, found in contacts.load(conn, report.people).items():
        if not found.kept:
            contacts.set_circles(conn, who, {circle})
        reasons.note(conn, who, Noted(EVENT, label, ends, rules.now, name, "kith event"), gathering_id=gathering_id)
    broken = tuple(f"{b.item_id}: {b.reason}" for b in report.broken)
    return Met(report.new, len(report.people) - report.new, broken)


# -- the user's own ------------------------------------------------------------------------------------


def travel(conn: Connection, cities: Sequence[str], days: tuple[date, date], today: date, now: datetime) -> Trip:
    """Keep a trip.

    Raises:
        UserMistake: it ends before it begins, is over, or is kept already.
    """
    begins, ends = _in_order(*days)
    if ends < today:
        raise UserMistake("This trip is over; kith writes before a visit.")
    names = tuple(dict.fromkeys(c.strip() for c in cities if c.strip()))
    trip = Trip(token("trip", begins, names[0]), names, begins, ends, now)
    if not reasons.put_trip(conn, trip):
        raise UserMistake("This trip is known already (`kith trip --list`).")
    return trip


def tell(
    conn: Connection,
    texts: Mapping[str, str],
    reach: Mapping[str, str],
    now: datetime,
    *,
    circles: Collection[str],
    old: Collection[str],
    new: Collection[str],
) -> OwnNews:
    """Keep the user's own news, to be told to each person once.

    Raises:
        UserMistake: the same news were told before.
    """
    first = next(iter(texts.values()))
    news = OwnNews(
        token("news", now.date(), first),
        dict(texts),
        now,
        frozenset(c.strip().casefold() for c in circles if c.strip()),
        frozenset(map(_organisation, old)) - {""},
        frozenset(map(_organisation, new)) - {""},
        dict(reach),
    )
    if not reasons.put_own_news(conn, news):
        raise UserMistake("These news are known already (`kith news --list`).")
    return news


def by_language(text: str, others: Iterable[tuple[str, str]], default: str) -> dict[str, str]:
    """The same words in each language they are given in; the first one's is seen from it, else the ``default``.

    Raises:
        UserMistake: a language that is none, or given twice.
    """
    found = {of_text(text) or default: text.strip()} if text.strip() else {}
    for name, words in others:
        language = tag(name)
        if not language:
            raise UserMistake(f"“{name}” is no language: write ru or en.")
        if language in found:
            raise UserMistake(f"There are two texts in the language {language}.")
        found[language] = words.strip()
    return found


def _organisation(text: str) -> str:
    """A company's name, folded, or a mail domain as it is."""
    domain = domain_of(normalise(f"x@{text.strip().lstrip('@')}")) if "." in text and " " not in text.strip() else ""
    return domain or fold_organisation(text)


def _in_order(begins: date, ends: date) -> tuple[date, date]:
    if ends < begins:
        raise UserMistake("The last day is before the first.")
    return begins, ends
