"""Which contact uses which address, whom it credits, and whose mail is ours to look at."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from daemon.core.model import Interest
from daemon.core.people import credits_nobody, is_shared_by_form
from daemon.store import backfills, dialect, metas
from daemon.store.bulk import chunks
from daemon.store.tables import address as table
from daemon.store.tables import address_state, contact, cursor


@dataclass(frozen=True, slots=True)
class AddressState:
    """What is true of an address whoever uses it. ``users`` are the contacts that have it."""

    address: str
    users: tuple[int, ...]
    shared: bool = False
    assigned_to: int | None = None
    frozen_reason: str = ""

    @property
    def owner(self) -> int | None:
        """The contact it credits, or None: shared and not assigned."""
        if self.assigned_to in self.users:
            return self.assigned_to
        return None if credits_nobody(self.address, len(self.users), self.shared, False) else self.users[0]


def interest(conn: Connection, me: Collection[str]) -> Interest:
    """Whose mail is ours to look at: all addresses of all contacts but the user's own and those being forgotten."""
    rows = conn.execute(
        select(table.c.address).join(contact, contact.c.id == table.c.contact_id).where(contact.c.state != "forgetting")
    )
    mine = frozenset(me)
    return Interest(frozenset(rows.scalars()) - mine, mine, metas.contacts_revision(conn))


def credits(conn: Connection) -> dict[str, int]:  # noqa: A001 - the design's word
    """Address -> the contact it credits; addresses shared and not assigned are absent."""
    special = {
        r.address: r
        for r in conn.execute(
            select(address_state).where(address_state.c.shared.is_(True) | address_state.c.assigned_to.is_not(None))
        )
    }
    users: dict[str, list[int]] = {}
    for r in conn.execute(
        select(table.c.address, table.c.contact_id)
        .join(contact, contact.c.id == table.c.contact_id)
        .where(contact.c.state != "forgetting")
    ):
        users.setdefault(r.address, []).append(r.contact_id)
    found: dict[str, int] = {}
    for address, who in users.items():
        state = special.get(address)
        if state is None:
            if len(who) == 1:
                found[address] = who[0]
        elif state.assigned_to in who:
            found[address] = state.assigned_to
        elif not state.shared and len(who) == 1:
            found[address] = who[0]
    return found


def states(conn: Connection, wanted: Collection[str] | None = None) -> dict[str, AddressState]:
    """What is known of these addresses (of all where none are named), by address; unused ones are missing."""
    users: dict[str, list[int]] = {}
    marks = {}
    for chunk in [None] if wanted is None else chunks(wanted):
        here = select(table.c.address, table.c.contact_id).order_by(table.c.contact_id)
        there = select(address_state)
        if chunk is not None:
            here = here.where(table.c.address.in_(chunk))
            there = there.where(address_state.c.address.in_(chunk))
        for r in conn.execute(here):
            users.setdefault(r.address, []).append(r.contact_id)
        marks.update({r.address: r for r in conn.execute(there)})
    return {
        a: AddressState(a, tuple(who), m.shared, m.assigned_to, m.frozen_reason if m.frozen_at else "")
        if (m := marks.get(a))
        else AddressState(a, tuple(who))
        for a, who in users.items()
    }


def assign(conn: Connection, address: str, to: int | None, *, shared: bool) -> None:
    """Say whom an address credits (None: nobody, if ``shared`` or used by several)."""
    statement = dialect.insert(conn, address_state).values(address=address, shared=shared, assigned_to=to)
    conn.execute(
        statement.on_conflict_do_update(index_elements=["address"], set_={"shared": shared, "assigned_to": to})
    )
    metas.bump_contacts_revision(conn)


def freeze(conn: Connection, address: str, reason: str, at: datetime) -> None:
    """Nothing is written to an address from now on. One that is frozen already, or that the user has thawed since
    ``at``, stays as it is.
    """
    row = conn.execute(select(address_state).where(address_state.c.address == address)).one_or_none()
    if row is not None and (row.frozen_at is not None or (row.thawed_at and row.thawed_at >= at)):
        return
    values = {"frozen_at": at, "frozen_reason": reason}
    if row is None:
        conn.execute(address_state.insert().values(address=address, shared=False, **values))
    else:
        conn.execute(update(address_state).where(address_state.c.address == address).values(values))


def reassign(conn: Connection, old: int, new: int) -> None:
    """What was assigned to one contact goes to another: they were merged."""
    conn.execute(update(address_state).where(address_state.c.assigned_to == old).values(assigned_to=new))


def replace(conn: Connection, wanted: Mapping[int, Collection[str]], now: datetime) -> set[int]:
    """Let each of these contacts have exactly these addresses; returns the contacts whose credits may have changed.

    Desks' addresses (hr@) are marked shared when first seen. A change of the set of known addresses bumps the
    revision; a new address gets its history: back-fill for mail, a full reading for calendars.
    """
    have: dict[int, set[str]] = {}
    for chunk in chunks(sorted(wanted)):
        for r in conn.execute(select(table.c.contact_id, table.c.address).where(table.c.contact_id.in_(chunk))):
            have.setdefault(r.contact_id, set()).add(r.address)
    added = {(who, a) for who, want in wanted.items() for a in set(want) - have.get(who, set())}
    removed = {(who, a) for who in wanted for a in have.get(who, set()) - set(wanted[who])}
    if not added and not removed:
        return set()
    before = _users(conn, {a for _, a in added | removed})
    for who, address in sorted(removed):
        conn.execute(delete(table).where(table.c.contact_id == who, table.c.address == address))
    if added:
        # The order in which the contact's addresses stand is kept: the first is the one written to.
        order = {(who, a): n for who, want in wanted.items() for n, a in enumerate(want)}
        conn.execute(
            insert(table),
            [{"contact_id": w, "address": a, "written": ""} for w, a in sorted(added, key=lambda x: (x[0], order[x]))],
        )
        desks = sorted({a for _, a in added if is_shared_by_form(a)})
        if desks:
            conn.execute(
                dialect.insert(conn, address_state).on_conflict_do_nothing(),
                [{"address": a, "shared": True} for a in desks],
            )
    after = _users(conn, set(before) | {a for _, a in added})
    new = {a for _, a in added if not before.get(a)}
    lost = {a for _, a in removed if not after.get(a)}
    if new or lost:
        metas.bump_contacts_revision(conn)
    if new:
        begin_history(conn, new)
    for address in lost:
        backfills.forget(conn, address)
    touched = {who for who, _ in added | removed}
    for _, address in added | removed:
        touched |= before.get(address, set()) | after.get(address, set())
    return touched


def begin_history(conn: Connection, new: Collection[str]) -> None:
    """Have the past mail and meetings of new addresses read."""
    backfills.add(conn, new)
    conn.execute(
        update(cursor)
        .where(cursor.c.kind == "calendar", (cursor.c.cursor != "") | (cursor.c.progress != ""))
        .values(cursor="", progress="")
    )


def read_by_several(conn: Connection, of: Collection[str] | None = None) -> frozenset[str]:
    """Addresses (of these, else of all) more than one contact has."""
    query = select(table.c.address).group_by(table.c.address).having(func.count() > 1)
    queries = [query] if of is None else [query.where(table.c.address.in_(some)) for some in chunks(of)]
    return frozenset(found for each in queries for found in conn.execute(each).scalars())


def count(conn: Connection) -> int:
    """How many addresses are known."""
    return conn.execute(select(func.count(table.c.address.distinct()))).scalar_one()


def _users(conn: Connection, wanted: Collection[str]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for chunk in chunks(sorted(wanted)):
        for r in conn.execute(select(table.c.address, table.c.contact_id).where(table.c.address.in_(chunk))):
            found.setdefault(r.address, set()).add(r.contact_id)
    return found
