"""What the user tells of themselves, news and trips, and whom letters with their words reach."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection

from daemon.config.reading import nearest
from daemon.config.settings import Settings
from daemon.core.address import domain_of, normalise
from daemon.core.errors import UserMistake
from daemon.core.language import said_in, tag
from daemon.core.mailboxes import nearest_first, readers_of_another
from daemon.core.organisations import fold_organisation
from daemon.core.plain import one_line
from daemon.core.policy import CIRCLES
from daemon.core.reasons import OwnNews, Trip
from daemon.core.wants import Person
from daemon.service.noting import in_order, token
from daemon.service.people import people, with_languages
from daemon.store import reasons


def travel(conn: Connection, cities: Sequence[str], days: tuple[date, date], today: date, now: datetime) -> Trip:
    """Keep a trip.

    Raises:
        UserMistake: it ends before it begins, is over, goes nowhere, or is kept already.
    """
    begins, ends = in_order(*days)
    if ends < today:
        raise UserMistake("This trip is over; kith writes before a visit.")
    names = tuple(dict.fromkeys(" ".join(c.split()) for c in cities if c.strip()))
    if not names:
        raise UserMistake("Say which city it is.")
    trip = Trip(token("trip", begins, names[0]), names, begins, ends, now)
    if not reasons.put_trip(conn, trip):
        raise UserMistake(
            f"A trip to {names[0]} from {begins} is known already (`kith trip --list`; `--cancel ID` first)."
        )
    return trip


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom letters were asked for to, and who gets none, with the reason in a few words. ``doubt`` is a sentence on
    what the user may not have meant so.
    """

    names: tuple[str, ...]
    without: tuple[tuple[str, str], ...]
    doubt: str = ""


UNKNOWN_LANGUAGE = "the language is not known"


def hindrance(person: Person, texts: Mapping[str, str]) -> str:
    """Why nothing would be written to them."""
    if person.state:
        return person.state
    if not person.reachable:
        return "no address works"
    if person.foreign:
        return f"there are no templates in {person.foreign}"
    if not person.speaks:
        return UNKNOWN_LANGUAGE
    if texts and person.speaks not in texts:
        return f"you gave no words in {person.speaks}"
    return ""


def reads_with(other: Person) -> str:
    """Why one of two who read one address gets no letter of their own."""
    return f"they share an address with {other.name}, who is told"


def told(
    conn: Connection,
    settings: Settings,
    spoken: Collection[str],
    circles: Collection[str],
    texts: Mapping[str, str],
    now: datetime,
) -> Asked:
    """Who of the kept in these circles (of all, where none is named) will be told, and who not.

    Raises:
        UserMistake: no such circle is known.
    """
    kept = [p for p in people(conn, settings, now, kept_only=True) if p.active]
    known = {*CIRCLES, *settings.policies.circles, *(c for p in kept for c in p.circles)}
    for circle in circles:
        if circle not in known:
            raise UserMistake(f"“{circle}” is no circle here.{nearest(circle, known)}")
    wanted = [p for p in kept if not circles or set(circles) & set(p.circles)]
    found = with_languages(conn, wanted, spoken, news=True)
    twins = readers_of_another(nearest_first(p for p in found if not hindrance(p, texts)))
    why = [(p.name, reads_with(twins[p.contact_id]) if p.contact_id in twins else hindrance(p, texts)) for p in found]
    return Asked(tuple(n for n, no in why if not no), tuple((n, no) for n, no in why if no))


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
        frozenset(circles),
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
        UserMistake: a language that is none, or given twice, or that cannot be the one of the first words.
    """
    first = said_in(text, default)
    if text.strip() and not first:
        raise UserMistake(
            f"Which language “{one_line(text, 40)}” is in cannot be seen: give it by the option that names a language, "
            "as in --text en WORDS (--note-in, --why-in, --reach-in)."
        )
    found = {first: text.strip()} if text.strip() else {}
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
