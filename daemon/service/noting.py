"""What the user tells of people and conferences, taken down as reasons to write."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection

from daemon.core.errors import UserMistake
from daemon.core.favours import GOT, KINDS, Favour
from daemon.core.making import ADDRESS, LANGUAGE, TEMPLATE, lacks
from daemon.core.reasons import EVENT, THANKED_FOR, Noted
from daemon.core.wants import CONGRATULATIONS, THANKS, Person
from daemon.service.importing import Batch, import_batches
from daemon.service.judging import Rules
from daemon.store import contacts, enablement, favours, reasons

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


def note(conn: Connection, contact_id: int, kind: str, title: str, day: date, now: datetime) -> Noted:
    """Note a reason to write to them, the words on one line.

    Raises:
        UserMistake: the very same was noted before.
    """
    words = " ".join(title.split())
    what = Noted(kind, token(kind, day, words), day, now, words, f"you noted it on {now:%Y-%m-%d}")
    keep(conn, contact_id, what)
    return what


_LACKING = {
    ADDRESS: ("No address of theirs works", "address"),
    LANGUAGE: ("Their language is not known", "language"),
    TEMPLATE: ("There are no templates in their language", "language"),
}


def follows(conn: Connection, person: Person, what: Noted, today: date) -> str:
    """A sentence on what follows upon a note."""
    purpose = THANKS if what.kind in THANKED_FOR else CONGRATULATIONS
    if not person.kept:
        return f"Noted. {person.name} is in no circle and no tier, so there is no letter (`kith contacts edit`)."
    if person.state:
        return f"Noted. {person.name} is {person.state}, so there is no letter."
    if purpose not in person.policy.drafts:
        return f"Noted. Their policy ({person.policy.sources['drafts']}) asks for no {purpose}, so there is no letter."
    if not enablement.all_since(conn):
        return "Noted. There is no letter: kith only watches until you say `kith enable`."
    if missing := lacks(person):
        why, option = _LACKING[missing]
        return f"Noted. {why}: a reminder comes in the letter's place (`kith contacts edit --{option}` mends it)."
    if what.day > today:
        return f"Noted; the letter follows on {what.day}."
    return "Noted; the letter follows with the next round."


# -- conferences ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Met:
    """What came of a list of people met: how many are new to the address book, and how many were in it."""

    new: int
    known: int
    broken: tuple[str, ...] = ()
    people: frozenset[int] = frozenset()


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
        UserMistake: it ends before it begins, has no name, or nobody is in the files.
    """
    begins, ends = in_order(*days)
    name = " ".join(name.split())
    if not name:
        raise UserMistake("Say what it is called: the letters name it.")
    label = token(EVENT, begins, name)
    gathering_id = reasons.put_gathering(conn, label, name, begins, ends, rules.now)
    report = import_batches(conn, rules, batches, secret=secret, me=me)
    broken = tuple(f"{b.item_id}: {b.reason}" for b in report.broken)
    if not report.people:
        raise UserMistake("\n".join(["Nobody was found there, so nothing is kept.", *broken]))
    for who, found in contacts.load(conn, report.people).items():
        if not found.kept:
            contacts.set_circles(conn, who, {circle})
        reasons.note(conn, who, Noted(EVENT, label, ends, rules.now, name, "kith event"), gathering_id=gathering_id)
    return Met(report.new, len(report.people) - report.new, broken, frozenset(report.people))


def in_order(begins: date, ends: date) -> tuple[date, date]:
    """The two days.

    Raises:
        UserMistake: the last is before the first.
    """
    if ends < begins:
        raise UserMistake("The last day is before the first.")
    return begins, ends
