"""Contacts as rows: loading many at once, making, changing and removing them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, select, update

from daemon.core.model import NamedDate
from daemon.core.people import FIELDS
from daemon.store import metas
from daemon.store.addresses import credits as credits  # noqa: A004 - part of this module's face
from daemon.store.addresses import interest as interest
from daemon.store.bulk import chunks
from daemon.store.tables import address, contact, contact_circle, contact_date

SKIPPED = "triage-skipped"

FORGETTING = "forgetting"
"""The state of a contact whose remote items are being withdrawn before it is removed."""


PAUSED = "paused"


def standing(state: str, paused_until: datetime | None, now: datetime) -> str:
    """How things stand with somebody now: a pause that had an end and is over is none any more."""
    return "" if state == PAUSED and paused_until is not None and paused_until <= now else state


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact as stored. Moments are UTC; ``dates`` are (date, source). ``state`` may be a pause that is over."""

    id: int
    uid: str
    fields: Mapping[str, str]
    notes: str
    tier: str
    state: str
    paused_until: datetime | None
    origins: Mapping[str, str]
    created_at: datetime
    kept_at: datetime | None = None
    cadence_days: int | None = None  # accepted by the user
    addresses: tuple[str, ...] = ()
    circles: tuple[str, ...] = ()
    dates: tuple[tuple[NamedDate, str], ...] = ()

    @property
    def name(self) -> str:
        """What to call them in listings: the name, else an address."""
        return self.fields["name"] or (self.addresses[0] if self.addresses else self.uid)

    @property
    def kept(self) -> bool:
        """Whether the user gave them a circle or a tier."""
        return bool(self.circles or self.tier)

    def state_at(self, now: datetime) -> str:
        """How things stand with them now."""
        return standing(self.state, self.paused_until, now)


def load(conn: Connection, ids: Collection[int] | None = None) -> dict[int, Contact]:
    """Contacts by id, in the order they were made; all of them where no ids are given. Five statements, not N."""
    addresses: dict[int, list[str]] = {}
    for r in _rows(conn, select(address.c.contact_id, address.c.address).order_by(address.c.id), address, ids):
        addresses.setdefault(r.contact_id, []).append(r.address)
    circles: dict[int, list[str]] = {}
    for r in _rows(conn, select(contact_circle).order_by(contact_circle.c.circle), contact_circle, ids):
        circles.setdefault(r.contact_id, []).append(r.circle)
    dates: dict[int, list[tuple[NamedDate, str]]] = {}
    for r in _rows(conn, select(contact_date).order_by(contact_date.c.id), contact_date, ids):
        m = r._mapping
        dates.setdefault(r.contact_id, []).append((NamedDate(m["kind"], m["when"], m["label"]), m["source"]))
    found = {}
    for r in _rows(conn, select(contact).order_by(contact.c.id), contact, ids):
        m = r._mapping
        found[r.id] = Contact(
            id=r.id,
            uid=r.uid,
            fields={name: m[name] for name in FIELDS},
            notes=r.notes,
            tier=r.tier,
            state=r.state,
            paused_until=r.paused_until,
            origins=r.origins,
            created_at=r.created_at,
            kept_at=r.kept_at,
            cadence_days=r.cadence_days,
            addresses=tuple(addresses.get(r.id, ())),
            circles=tuple(circles.get(r.id, ())),
            dates=tuple(dates.get(r.id, ())),
        )
    return found


def get(conn: Connection, contact_id: int) -> Contact | None:
    """One contact, or None."""
    return load(conn, [contact_id]).get(contact_id)


def revision(conn: Connection) -> int:
    """The address book's revision."""
    return metas.contacts_revision(conn)


@dataclass(frozen=True, slots=True)
class Named:
    """As much of a contact as is needed to find it by name."""

    id: int
    name: str
    organisation: str
    state: str


def names(conn: Connection) -> list[Named]:
    """All contacts by name, in the order they were made."""
    rows = conn.execute(
        select(contact.c.id, contact.c.name, contact.c.organisation, contact.c.state).order_by(contact.c.id)
    )
    return [Named(r.id, r.name, r.organisation, r.state) for r in rows]


def by_uid(conn: Connection) -> dict[str, int]:
    """The contact behind every uid in use."""
    return {r.uid: r.id for r in conn.execute(select(contact.c.uid, contact.c.id))}


def create(conn: Connection, uid: str, now: datetime, *, taken: set[str] | None = None) -> int:
    """A new contact without anything said of it yet; its id. A uid that is taken gets a number.

    Whoever makes many passes the uids in use once; the new one is added to them.
    """
    taken = set(by_uid(conn)) if taken is None else taken
    unique, n = uid, 1
    while unique in taken:
        n += 1
        unique = f"{uid}#{n}"
    taken.add(unique)
    made = conn.execute(insert(contact).values(uid=unique, origins={}, created_at=now))
    key = made.inserted_primary_key
    assert key is not None  # noqa: S101 - the table has a primary key
    return int(key[0])


def change(conn: Connection, contact_id: int, **values: Any) -> None:
    """Set the user's own columns: tier, state, paused_until, notes."""
    conn.execute(update(contact).where(contact.c.id == contact_id).values(**values))
    if "tier" in values:  # verdicts go by it: what is being read with the old one is matched again
        metas.bump_contacts_revision(conn)


def set_circles(conn: Connection, contact_id: int, circles: Collection[str]) -> None:
    """Let the contact be in exactly these circles."""
    have = set(conn.execute(select(contact_circle.c.circle).where(contact_circle.c.contact_id == contact_id)).scalars())
    for circle in sorted(have - set(circles)):
        conn.execute(
            delete(contact_circle).where(contact_circle.c.contact_id == contact_id, contact_circle.c.circle == circle)
        )
    new = sorted(set(circles) - have)
    if new:
        conn.execute(insert(contact_circle), [{"contact_id": contact_id, "circle": c} for c in new])
    if have != set(circles):
        metas.bump_contacts_revision(conn)


def kept(conn: Connection, contact_id: int, now: datetime) -> None:
    """Note since when the contact is kept, if it was not before."""
    conn.execute(update(contact).where(contact.c.id == contact_id, contact.c.kept_at.is_(None)).values(kept_at=now))


def skipped(conn: Connection) -> frozenset[str]:
    """The uids of those the user does not want to be asked about again."""
    return frozenset(json.loads(metas.get(conn, SKIPPED) or "[]"))


def set_skipped(conn: Connection, uid: str, *, skip: bool) -> None:
    """Ask about this one never again, or again."""
    have = skipped(conn)
    want = have | {uid} if skip else have - {uid}
    if want != have:
        metas.put(conn, SKIPPED, json.dumps(sorted(want)))


def remove(conn: Connection, contact_id: int) -> None:
    """Delete the contact with all that hangs on it."""
    uid = conn.execute(select(contact.c.uid).where(contact.c.id == contact_id)).scalar_one_or_none()
    if uid is not None:
        set_skipped(conn, uid, skip=False)  # a uid may hold an address
    conn.execute(delete(contact).where(contact.c.id == contact_id))


def by_state(conn: Connection, state: str) -> list[int]:
    """The contacts in one state, oldest first."""
    return list(conn.execute(select(contact.c.id).where(contact.c.state == state).order_by(contact.c.id)).scalars())


def _rows(conn: Connection, statement: Select[Any], table: Any, ids: Collection[int] | None) -> Iterator[Any]:
    if ids is None:
        yield from conn.execute(statement)
        return
    column = table.c.id if table is contact else table.c.contact_id
    for chunk in chunks(sorted(set(ids))):
        yield from conn.execute(statement.where(column.in_(chunk)))
