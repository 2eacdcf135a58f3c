"""People from files and address books: who is who, what is new, and what must not come back.

The same record of the same source is the same contact; else an address that is one person's alone; never a name
alone (people of one name are proposed for merging, no more).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from daemon.core.model import Broken, Card, CardPage
from daemon.core.people import SourceCard, is_shared_by_form
from daemon.core.safety import many_gone
from daemon.service import new_jobs
from daemon.service.facts import rederive
from daemon.service.judging import Rules
from daemon.service.people_files import Batch as Batch
from daemon.service.people_files import read_paths as read_paths
from daemon.service.who_is_who import WhoIsWho
from daemon.store import addresses, contacts, forgotten, questions, sources


@dataclass
class Report:
    """What an import did.

    ``twins`` are pairs of names that may be one person; nothing was merged on their account. ``shared`` are addresses
    of these people that several contacts use, with their names: they count for nobody until they are assigned.
    """

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    passed_over: int = 0  # the user's own card, or somebody the user asked to be forgotten
    broken: list[Broken] = field(default_factory=list)
    twins: list[tuple[str, str]] = field(default_factory=list)
    shared: list[tuple[str, list[str]]] = field(default_factory=list)
    touched: set[int] = field(default_factory=set)
    people: set[int] = field(default_factory=set)  # everybody spoken of, changed or not

    def add(self, other: Report) -> None:
        """Count another import in."""
        self.new += other.new
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.passed_over += other.passed_over
        self.broken += other.broken
        self.twins += [t for t in other.twins if t not in self.twins]
        self.shared += [s for s in other.shared if s not in self.shared]
        self.touched |= other.touched
        self.people |= other.people


def import_batches(
    conn: Connection, rules: Rules, batches: Iterable[Batch], *, secret: bytes, me: Collection[str]
) -> Report:
    """Bring these people into the address book, in one transaction with everything that follows from it."""
    report = Report()
    for batch in batches:
        one = take(conn, batch.source, batch.cards, rules.now, secret=secret, me=me)
        report.add(one)
        report.broken += batch.broken
    rederive(conn, report.touched, Rules(rules.policies, rules.now))  # fresh: caps and credits have changed
    return report


def take(
    conn: Connection, source: str, cards: Sequence[Card], now: datetime, *, secret: bytes, me: Collection[str]
) -> Report:
    """Keep what one source says of these people; ``touched`` of the report are the contacts to be derived anew."""
    report = Report()
    if not cards:
        return report
    who = WhoIsWho(conn, source, cards, secret, frozenset(me))
    placed = [(target, card) for card in cards if (target := who.place(card)) is not None]
    report.passed_over = len(cards) - len(placed)
    for one in (t for t, _ in placed if t.id is None):
        if one.id is None:
            one.id = contacts.create(conn, one.uid, now, taken=who.uids)
            one.is_new = True
    wanted = [(t.id, SourceCard(source, card.record_id, card, now)) for t, card in placed if t.id is not None]
    worked = new_jobs.works(conn, {t.id for t, _ in placed if t.id is not None and not t.is_new})
    changed = sources.put_all(conn, wanted)
    changed_ids = {contact_id for contact_id, _ in changed}
    new_ids = {t.id for t, _ in placed if t.is_new and t.id is not None}
    report.new = len(new_ids)
    report.updated = len(changed_ids - new_ids)
    report.unchanged = len({t.id for t, _ in placed} - changed_ids - new_ids)
    report.people = {t.id for t, _ in placed if t.id is not None}
    report.touched = sources.recompute(conn, changed_ids, now)
    new_jobs.suggest_new_jobs(conn, worked, source, now)
    report.twins = who.twins()
    report.shared = _shared(conn, {a for _, c in changed for a in c.card.addresses})
    if who.lifted:
        for mark in sorted(who.lifted):
            forgotten.unmark(conn, mark)
    return report


def _shared(conn: Connection, wanted: Collection[str]) -> list[tuple[str, list[str]]]:
    found = [
        s
        for s in addresses.states(conn, sorted(wanted)).values()
        if len(s.users) > 1 and s.owner is None and not is_shared_by_form(s.address)
    ]
    names = {c.id: c.name for c in contacts.load(conn, {u for s in found for u in s.users}).values()}
    return [(s.address, [names[u] for u in s.users]) for s in found]


# -- address books that are kept in sync -------------------------------------------------------------


def source_of(account: str, stream: str) -> str:
    """The name an address book goes by as a source."""
    return f"carddav:{account}/{stream}"


def known_records(conn: Connection, account: str, stream: str) -> set[str]:
    """The records of this address book that are not gone."""
    return sources.live_records(conn, source_of(account, stream))


def sync_page(
    conn: Connection,
    account: str,
    stream: str,
    page: CardPage,
    now: datetime,
    *,
    secret: bytes = b"",
    me: Collection[str] = (),
    rules: Rules | None = None,
) -> set[int]:
    """Take in one page of an address book; the contacts touched (derived anew already where ``rules`` are given).

    A card that is gone stays known as such; no contact is deleted for it. Many gone at once are held and asked about.
    """
    source = source_of(account, stream)
    report = take(conn, source, page.cards, now, secret=secret, me=me)
    touched = set(report.touched)
    if page.gone:
        live = sources.live_records(conn, source)
        gone = sorted(live & set(page.gone))
        if many_gone(len(gone), len(live)):
            questions.ask(conn, account, "cards-gone", [f"{stream}\t{record}" for record in gone], now)
        else:
            touched |= _drop(conn, source, gone, now)
    if rules is not None and touched:
        rederive(conn, touched, Rules(rules.policies, rules.now))  # fresh: caps and credits have changed
    return touched


def confirm_gone(conn: Connection, account: str, items: Collection[str], now: datetime) -> set[int]:
    """The user said that these (items of a ``cards-gone`` question) are really gone from the address book."""
    touched: set[int] = set()
    for item in items:
        stream, _, record = item.partition("\t")
        touched |= _drop(conn, source_of(account, stream), [record], now)
    return touched


def _drop(conn: Connection, source: str, records: Collection[str], now: datetime) -> set[int]:
    spoken_of = sources.mark_gone(conn, source, records, now)
    return sources.recompute(conn, spoken_of, now)
