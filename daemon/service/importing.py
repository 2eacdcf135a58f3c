"""People from files and address books: who is who, what is new, and what must not come back.

The same record of the same source is the same contact; else an address that is one person's alone; never a name
alone (people of one name are proposed for merging, no more).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from daemon.core.errors import UserMistake
from daemon.core.model import Broken, Card, CardPage
from daemon.core.names import compatible, fold
from daemon.core.people import DERIVED, SourceCard, is_shared_by_form
from daemon.service.facts import Rules, rederive
from daemon.store import addresses, contacts, forgotten, questions, sources
from daemon.store.forgotten import mark_of

SUFFIXES = frozenset({".vcf", ".vcard", ".csv"})
"""What is read of a folder."""

MANY = 5
"""At least so many, and at least half, of an address book gone at once is held and asked about."""

LONG_ID = 12
"""A record id of so many characters is taken for unique everywhere; "1" or "contact7" is not."""


@dataclass
class Report:
    """What an import did. ``twins`` are pairs of names that may be one person; nothing was merged on their account."""

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    passed_over: int = 0  # the user's own card, or somebody the user asked to be forgotten
    broken: list[Broken] = field(default_factory=list)
    twins: list[tuple[str, str]] = field(default_factory=list)
    touched: set[int] = field(default_factory=set)

    def add(self, other: Report) -> None:
        """Count another import in."""
        self.new += other.new
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.passed_over += other.passed_over
        self.broken += other.broken
        self.twins += [t for t in other.twins if t not in self.twins]
        self.touched |= other.touched


@dataclass(frozen=True, slots=True)
class Batch:
    """The people of one file. ``source`` names the kind of file, never its path: it may move."""

    source: str
    cards: Sequence[Card]
    broken: Sequence[Broken] = ()


def read_paths(paths: Iterable[Path]) -> list[Batch]:
    """The people in these files and folders (searched through for .vcf, .vcard and .csv). Touches no store.

    Raises:
        UserMistake: a path does not exist or cannot be read.
    """
    batches: list[Batch] = []
    for path in paths:
        if not path.exists():
            raise UserMistake(f"There is no file or folder {path}.")
        files = sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES) if path.is_dir() else [path]
        if path.is_dir() and not files:
            raise UserMistake(f"{path} holds no .vcf, .vcard or .csv file.")
        for file in files:
            try:
                batches.append(_read_file(file))
            except OSError as e:
                if not path.is_dir():
                    raise UserMistake(f"{file} cannot be read ({e.strerror}).") from None
                batches.append(Batch("", (), (Broken(file.name, f"It cannot be read ({e.strerror})."),)))
    return _joined(batches)


def import_batches(
    conn: Connection, rules: Rules, batches: Iterable[Batch], *, secret: bytes, me: Collection[str]
) -> Report:
    """Bring these people into the address book, in one transaction with everything that follows from it."""
    report = Report()
    for batch in batches:
        one = take(conn, batch.source, batch.cards, rules.now, secret=secret, me=me)
        report.add(one)
        report.broken += batch.broken
    rederive(conn, report.touched, rules)
    return report


def take(
    conn: Connection, source: str, cards: Sequence[Card], now: datetime, *, secret: bytes, me: Collection[str]
) -> Report:
    """Keep what one source says of these people; ``touched`` of the report are the contacts to be derived anew."""
    report = Report()
    if not cards:
        return report
    who = _WhoIsWho(conn, source, cards, secret, frozenset(me))
    placed = [(target, card) for card in cards if (target := who.place(card)) is not None]
    report.passed_over = len(cards) - len(placed)
    for one in (t for t, _ in placed if t.id is None):
        if one.id is None:
            one.id = contacts.create(conn, one.uid, now, taken=who.uids)
            one.is_new = True
    wanted = [(t.id, SourceCard(source, card.record_id, card, now)) for t, card in placed if t.id is not None]
    changed = sources.put_all(conn, wanted)
    changed_ids = {contact_id for contact_id, _ in changed}
    new_ids = {t.id for t, _ in placed if t.is_new and t.id is not None}
    report.new = len(new_ids)
    report.updated = len(changed_ids - new_ids)
    report.unchanged = len({t.id for t, _ in placed} - changed_ids - new_ids)
    report.touched = sources.recompute(conn, changed_ids, now)
    report.twins = who.twins()
    if who.lifted:
        for mark in sorted(who.lifted):
            forgotten.unmark(conn, mark)
    return report


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
        if len(gone) >= MANY and 2 * len(gone) >= len(live):
            questions.ask(conn, account, "cards-gone", [f"{stream}\t{record}" for record in gone], now)
        else:
            touched |= _drop(conn, source, gone, now)
    if rules is not None and touched:
        rederive(conn, touched, rules)
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


# -- who is who ----------------------------------------------------------------------------------------


@dataclass(eq=False, slots=True)
class _Target:
    """A contact a card belongs to: a known one, or one still to be made."""

    id: int | None
    name: str
    uid: str = ""
    is_new: bool = False


class _WhoIsWho:
    """Finds the contact behind each card of one batch, the batch's own earlier cards included."""

    def __init__(self, conn: Connection, source: str, cards: Sequence[Card], secret: bytes, me: frozenset[str]) -> None:
        self.source, self.secret, self.me = source, secret, me
        self.book = source.startswith("carddav:")
        self.uids = contacts.uids(conn)
        names = contacts.names(conn)
        self.targets = {n.id: _Target(n.id, n.name) for n in names}
        self.forgetting = {n.id for n in names if n.state == contacts.FORGETTING}
        self.holders = sources.holders(conn, source)
        self.everywhere = sources.holders_of_long_ids(conn, LONG_ID)
        self.owners: dict[str, _Target | None] = {
            a: self.targets.get(s.owner) if s.owner is not None else None for a, s in addresses.states(conn).items()
        }
        self.marks = forgotten.all_marks(conn) if secret else frozenset()
        self.lifted: set[str] = set()
        present = {c.record_id for c in cards}
        live = sources.live_records(conn, source) if self.book else present
        # Names under which this very source lists each contact at present: two entries of different names that share
        # an address (a couple, an office) are two people, or the address book would not keep both.
        self.listed: dict[_Target, dict[str, str]] = {}
        for record, contact_id, name in sources.record_names(conn, source):
            if record in live or record in present:
                self.listed.setdefault(self.targets[contact_id], {})[record] = name

    def place(self, card: Card) -> _Target | None:
        """The contact of this card; None where it is the user's own or that of somebody forgotten."""
        if self.me.intersection(card.addresses):
            return None
        target = self._by_record(card) or self._by_address(card)
        if target is not None and target.id in self.forgetting:
            return None
        if self.marks and not self._may_return(card, target):
            return None
        if target is None:
            target = _Target(None, card.name, uid=_uid(card))
        self.listed.setdefault(target, {})[card.record_id] = card.name
        for address in card.addresses:
            if not is_shared_by_form(address):
                self.owners.setdefault(address, target)
        return target

    def twins(self) -> list[tuple[str, str]]:
        """Pairs (name, name) of a new contact and another whose names have the same words."""
        by_name: dict[str, list[_Target]] = {}
        for target in {*self.targets.values(), *self.listed}:
            key = fold(target.name)
            if " " in key and target.id not in self.forgetting:
                by_name.setdefault(key, []).append(target)
        found = []
        for same in by_name.values():
            if len(same) > 1 and any(t.is_new for t in same):
                ordered = sorted(t.name for t in same)
                found += [(ordered[0], other) for other in ordered[1:]]
        return sorted(found)

    def _by_record(self, card: Card) -> _Target | None:
        found = self.holders.get(card.record_id)
        long = len(card.record_id) >= LONG_ID and not card.record_id.startswith(DERIVED)
        if found is None and long:
            found = self.everywhere.get(card.record_id)
        if found is None:
            return None
        target = self.targets[found]
        if not self.book and not long and not card.record_id.startswith(DERIVED):
            # "1" in one file and "1" in another: two people, if nothing else speaks for one.
            shares = any(self.owners.get(a) is target for a in card.addresses)
            if not shares and not compatible(card.name, target.name):
                return None
        return target

    def _by_address(self, card: Card) -> _Target | None:
        found: dict[_Target, int] = {}
        for address in card.addresses:
            owner = self.owners.get(address)
            if owner is not None and not is_shared_by_form(address) and not self._another_entry(card, owner):
                found[owner] = found.get(owner, 0) + 1
        return max(found, key=lambda t: (found[t], -(t.id or 0)), default=None)

    def _another_entry(self, card: Card, owner: _Target) -> bool:
        others = [name for record, name in self.listed.get(owner, {}).items() if record != card.record_id]
        return any(not compatible(card.name, name) for name in others)

    def _may_return(self, card: Card, target: _Target | None) -> bool:
        """Whether nobody asked for this one to be forgotten, or the user has added them again by hand since."""
        record = {mark_of(self.secret, self.source, card.record_id), mark_of(self.secret, "uid", card.record_id)}
        marked = record & self.marks
        if target is not None:
            self.lifted |= marked
            return True
        return not marked and not any(mark_of(self.secret, a) in self.marks for a in card.addresses)


def _uid(card: Card) -> str:
    """What a new contact is called for ever: the address book's UID, else the first address of one's own, else name."""
    if len(card.record_id) >= LONG_ID and not card.record_id.startswith(DERIVED):
        return f"uid:{card.record_id}"
    own = [a for a in card.addresses if not is_shared_by_form(a)] or list(card.addresses)
    return f"mail:{own[0]}" if own else f"name:{fold(card.name) or card.record_id}"


# -- files ---------------------------------------------------------------------------------------------


def _read_file(path: Path) -> Batch:
    data = path.read_bytes()
    # Looked at by content, not by suffix; UTF-16 has a zero byte after each ASCII letter.
    if b"BEGIN:VCARD" in data.replace(b"\0", b"").upper() or path.suffix.lower() in (".vcf", ".vcard"):
        from daemon.formats.vcard import read_cards

        source = "vcard"
        cards, broken = read_cards(data)
        if not cards and not broken:
            broken = [Broken("file", "No vCard was found in it.")]
    else:
        from daemon.formats.contact_csv import read_csv

        source, cards, broken = read_csv(data)
    return Batch(source, cards, [replace(b, item_id=f"{path.name}: {b.item_id}") for b in broken])


def _joined(batches: Sequence[Batch]) -> list[Batch]:
    """One batch a source: a folder holds one vCard a file, and what they share must be seen together."""
    by_source: dict[str, tuple[dict[str, Card], list[Broken]]] = {}
    for batch in batches:
        cards, broken = by_source.setdefault(batch.source, ({}, []))
        for card in batch.cards:
            record, n = card.record_id, 1
            while record in cards and not _same_person(cards[record], card):
                n += 1
                record = f"{card.record_id}#{n}"
            cards[record] = replace(card, record_id=record)
        broken += batch.broken
    return [Batch(source, list(cards.values()), broken) for source, (cards, broken) in by_source.items()]


def _same_person(a: Card, b: Card) -> bool:
    long = len(a.record_id) >= LONG_ID
    return long or compatible(a.name, b.name) or bool(set(a.addresses) & set(b.addresses))
