"""Who is who: the contact behind a card.

The same record of the same source is the same contact; else an address that is one person's alone; never a name
alone. Two entries of one address book that share an address but differ in name are two people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from daemon.core.address import match
from daemon.core.model import Card
from daemon.core.names import compatible, fold
from daemon.core.people import DERIVED, global_id, is_shared_by_form
from daemon.store import addresses, contacts, forgotten, sources
from daemon.store.forgotten import mark_of


@dataclass(eq=False, slots=True)
class Target:
    """A contact a card belongs to: a known one, or one still to be made."""

    id: int | None
    name: str
    uid: str = ""
    is_new: bool = False


class WhoIsWho:
    """Finds the contact behind each card of one batch, the batch's own earlier cards included."""

    def __init__(self, conn: Connection, source: str, cards: Sequence[Card], secret: bytes, me: frozenset[str]) -> None:
        self.source, self.secret, self.me = source, secret, me
        self.book = source.startswith("carddav:")
        self.by_uid = contacts.by_uid(conn)
        self.uids = set(self.by_uid)
        names = contacts.names(conn)
        self.targets = {n.id: Target(n.id, n.name) for n in names}
        self.forgetting = {n.id for n in names if n.state == contacts.FORGETTING}
        self.holders = sources.holders(conn, source)
        self.everywhere = {unique: i for r, i in sources.all_records(conn) if (unique := global_id(r))}
        self.owners: dict[str, Target | None] = {
            a: self.targets.get(s.owner) if s.owner is not None else None for a, s in addresses.states(conn).items()
        }
        self.marks = forgotten.all_marks(conn) if secret else frozenset()
        self.lifted: set[str] = set()
        present = {c.record_id for c in cards}
        live = sources.live_records(conn, source) if self.book else present
        # Names under which this very source lists each contact at present: two entries of different names that share
        # an address (a couple, an office) are two people, or the address book would not keep both.
        self.listed: dict[Target, dict[str, str]] = {}
        for record, contact_id, name in sources.record_names(conn, source):
            if record in live or record in present:
                self.listed.setdefault(self.targets[contact_id], {})[record] = name

    def place(self, card: Card) -> Target | None:
        """The contact of this card; None where it is the user's own or that of somebody forgotten."""
        if any(match(address, self.me) for address in card.addresses):
            return None
        target = self._by_record(card) or self._by_address(card)
        if target is not None and target.id in self.forgetting:
            return None
        if self.marks and not self._may_return(card, target):
            return None
        if target is None:
            target = Target(None, card.name, uid=_uid(card))
        self.listed.setdefault(target, {})[card.record_id] = card.name
        for address in card.addresses:
            if not is_shared_by_form(address):
                self.owners.setdefault(address, target)
        return target

    def twins(self) -> list[tuple[str, str]]:
        """Pairs (name, name) of a new contact and another whose names have the same words."""
        by_name: dict[str, list[Target]] = {}
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

    def _by_record(self, card: Card) -> Target | None:
        found = self.holders.get(card.record_id)
        unique = global_id(card.record_id)
        if found is None and unique:
            found = self.everywhere.get(unique)
        if found is None:
            found = self.by_uid.get(card.record_id)  # as our own export names them
            if found is not None:
                return self.targets[found]
        if found is None:
            return None
        target = self.targets[found]
        if not self.book and not unique and not card.record_id.startswith(DERIVED):
            # "1" in one file and "1" in another: two people, if nothing else speaks for one.
            shares = any(self.owners.get(a) is target for a in card.addresses)
            if not shares and not compatible(card.name, target.name):
                return None
        return target

    def _by_address(self, card: Card) -> Target | None:
        found: dict[Target, int] = {}
        for address in card.addresses:
            owner = self.owners.get(address)
            if owner is not None and not is_shared_by_form(address) and not self._another_entry(card, owner):
                found[owner] = found.get(owner, 0) + 1
        return max(found, key=lambda t: (found[t], -(t.id or 0)), default=None)

    def _another_entry(self, card: Card, owner: Target) -> bool:
        others = [name for record, name in self.listed.get(owner, {}).items() if record != card.record_id]
        return any(not compatible(card.name, name) for name in others)

    def _may_return(self, card: Card, target: Target | None) -> bool:
        """Whether nobody asked for this one to be forgotten, or the user has added them again by hand since."""
        record = {mark_of(self.secret, self.source, card.record_id)}
        if unique := global_id(card.record_id):
            record.add(mark_of(self.secret, "uid", unique))
        marked = record & self.marks
        if target is not None:
            self.lifted |= marked
            return True
        return not marked and not any(mark_of(self.secret, a) in self.marks for a in card.addresses)


def _uid(card: Card) -> str:
    """What a new contact is called for ever: the address book's UID, else the first address of one's own, else name."""
    if unique := global_id(card.record_id):
        return f"uid:{unique}"
    own = [a for a in card.addresses if not is_shared_by_form(a)] or list(card.addresses)
    return f"mail:{own[0]}" if own else f"name:{fold(card.name) or card.record_id}"
