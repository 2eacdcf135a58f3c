"""Who reads the quarter's news: everybody they are meant for, in exactly one group, with the reason if they do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from daemon.core.pieces import told_of
from daemon.core.states import TAKEN_BACK, WRITTEN
from daemon.core.wants import DRAFT, UPDATE, Person
from daemon.service.planning import Situation
from daemon.service.telling import hindrance, reads_with
from daemon.store.tables import contact, ledger


@dataclass(frozen=True, slots=True)
class Readers:
    """Names, but ``made``: (name, state of the letter), and ``without``: (name, why there is none).

    ``outdated`` are those of ``made`` whose letter says something else than the file does by now.
    """

    made: tuple[tuple[str, str], ...]
    now: tuple[str, ...]
    later: tuple[str, ...]
    left: tuple[str, ...]
    stuck: tuple[str, ...]
    behind: tuple[str, ...]
    without: tuple[tuple[str, str], ...]
    outdated: tuple[str, ...]


TO_COME = ("now", "later", "left", "stuck", "behind")
"""Those to whom a letter is still to be begun, as `Readers` and `daemon.core.quarterly.Shares` call them."""


def readers(conn: Connection, found: Situation, quarter: str) -> Readers:
    """Everybody the news of the quarter are meant for, and whoever has a letter with them."""
    shares = {group: tuple(w.contact_id for w in getattr(found.shares, group)) for group in TO_COME}
    coming = {who for group in shares.values() for who in group}
    made = {who: row for who, row in _letters(conn, quarter).items() if who not in coming}
    meant = [p for who, p in found.people.items() if who not in coming and who not in made and _meant(p, found)]
    names = {group: tuple(found.people[who].name for who in ids) for group, ids in shares.items()}
    return Readers(
        made=tuple((row.name, row.state) for row in made.values()),
        without=tuple(sorted((p.name, _why_not(p, found)) for p in meant)),
        outdated=tuple(row.name for who, row in made.items() if _outdated(row, found.people.get(who), found)),
        **names,
    )


def _letters(conn: Connection, quarter: str) -> dict[int, Any]:
    """contact -> their letter with these news: the latest, one that stands before those that were taken back."""
    rows: Sequence[Any] = conn.execute(
        select(contact.c.name, ledger.c.state, ledger.c.contact_id, ledger.c.occasion)
        .join(contact, contact.c.id == ledger.c.contact_id)
        .where(ledger.c.purpose == UPDATE, ledger.c.kind == DRAFT, ledger.c.period.startswith(quarter))
        .order_by(contact.c.name, ledger.c.created_at, ledger.c.key)
    ).all()
    found: dict[int, Any] = {}
    for row in rows:
        if row.contact_id not in found or row.state not in TAKEN_BACK or found[row.contact_id].state in TAKEN_BACK:
            found[row.contact_id] = row
    return found


def _outdated(row: Any, person: Person | None, found: Situation) -> bool:
    """Whether the letter lies in Drafts untouched with other news than the file would tell them now."""
    news = found.world.news_for(person.speaks) if person else None
    return bool(person and news and row.state == WRITTEN and told_of(row.occasion)[1] != news.to_tell(person))


def _meant(person: Person, found: Situation) -> bool:
    if found.news is None or not person.active or UPDATE not in person.policy.drafts:
        return False
    audience = [edition.audience for edition in found.news.editions.values()]
    reached = frozenset().union(*audience) if all(audience) else frozenset()
    return not reached or bool(reached & set(person.circles))


def _why_not(person: Person, found: Situation) -> str:
    """Why there is no letter to somebody it is meant for."""
    quarters, world = found.news, found.world
    news = world.news_for(person.speaks)
    words = {} if quarters is None or quarters.edition(person.speaks) else dict.fromkeys(quarters.editions, "")
    why = hindrance(person, words)
    if why or news is None:
        return why or NO_LETTER
    twin = next((p for key, p in found.told_already.items() if _is_update(key, person, found)), None)
    talked = person.last.spoken()
    if world.enabled_since is None:
        why = "nothing is drafted before `kith enable`"
    elif news.ready_at > found.at:
        day = news.ready_at.astimezone(ZoneInfo(world.zone)).date()
        why = f"it is dated {day}, and nobody is told before that day"
    elif news.ready_at < world.enabled_since:
        why = "it was written before you said `kith enable` (--since moves that)"
    elif talked is not None and talked >= news.written_at:
        why = "you met or talked since it was written"
    elif news.circles and not news.circles & set(person.circles):
        why = f"what is written in {person.speaks} is not for their circles"
    elif not news.to_tell(person):
        why = "nothing in it is new to them"
    elif person.held:
        why = "an account that matters for them has not been read for a day"
    elif twin is not None:
        why = reads_with(twin)
    return why or NO_LETTER


NO_LETTER = "no letter can be made of it (`kith templates check`)"


def _is_update(key: str, person: Person, found: Situation) -> bool:
    want = found.wants[key]
    return want.contact_id == person.contact_id and want.purpose == UPDATE
