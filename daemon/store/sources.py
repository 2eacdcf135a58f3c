"""What each source says of each contact, and the contact's rows made of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from daemon.core.model import Card, NamedDate
from daemon.core.people import FIELDS, HAND, Effective, SourceCard, effective
from daemon.store import addresses
from daemon.store.bulk import AT_ONCE, chunks
from daemon.store.tables import contact, contact_date
from daemon.store.tables import contact_source as table

_CARD_FIELDS = tuple(f.name for f in fields(Card) if f.name != "record_id")


def of_contacts(conn: Connection, contact_ids: Collection[int] | None = None) -> dict[int, list[SourceCard]]:
    """All source cards by contact; of everybody where no ids are given. Contacts without any are missing."""
    found: dict[int, list[SourceCard]] = {}
    for row in _rows(conn, contact_ids):
        found.setdefault(row.contact_id, []).append(_source(row))
    return found


def holders(conn: Connection, source: str) -> dict[str, int]:
    """The contact behind each record of one source."""
    rows = conn.execute(select(table.c.record_id, table.c.contact_id).where(table.c.source == source))
    return {r.record_id: r.contact_id for r in rows}


def all_records(conn: Connection) -> list[tuple[str, int]]:
    """(record id, contact) of every source but the user's own word; the oldest last."""
    rows = conn.execute(
        select(table.c.record_id, table.c.contact_id).where(table.c.source != HAND).order_by(table.c.id.desc())
    )
    return [(r.record_id, r.contact_id) for r in rows]


def record_names(conn: Connection, source: str) -> list[tuple[str, int, str]]:
    """(record id, contact, name) of each record of one source."""
    rows = conn.execute(select(table.c.record_id, table.c.contact_id, table.c.card).where(table.c.source == source))
    return [(r.record_id, r.contact_id, r.card.get("name", "")) for r in rows]


def put(conn: Connection, contact_id: int, card: SourceCard) -> bool:
    """Keep what a source says now; False where it said just that before (nothing is written)."""
    return bool(put_all(conn, [(contact_id, card)]))


def put_all(conn: Connection, cards: Sequence[tuple[int, SourceCard]]) -> list[tuple[int, SourceCard]]:
    """Like `put` for many of one source; returns those that were new or changed."""
    known: dict[tuple[str, str], Row[Any]] = {}
    for source in sorted({c.source for _, c in cards}):
        records = [c.record_id for _, c in cards if c.source == source]
        for chunk in chunks(records):
            rows = conn.execute(select(table).where(table.c.source == source, table.c.record_id.in_(chunk)))
            known.update({(source, r.record_id): r for r in rows})
    new, changed, result = [], [], []
    for contact_id, card in cards:
        packed = _pack(card)
        row = known.get((card.source, card.record_id))
        if row is None:
            new.append(
                {
                    "contact_id": contact_id,
                    "source": card.source,
                    "record_id": card.record_id,
                    "card": packed,
                    "seen_at": card.seen_at,
                    "gone_at": None,
                }
            )
        elif row.card != packed or row.gone_at is not None or row.contact_id != contact_id:
            changed.append(
                {"row": row.id, "to": contact_id, "card_": packed, "seen": card.seen_at},
            )
        else:
            continue
        result.append((contact_id, card))
    if new:
        conn.execute(insert(table), new)
    if changed:
        conn.execute(
            update(table)
            .where(table.c.id == bindparam("row"))
            .values(contact_id=bindparam("to"), card=bindparam("card_"), seen_at=bindparam("seen"), gone_at=None),
            changed,
        )
    return result


def said_again(conn: Connection, contact_id: int, now: datetime) -> None:
    """What the user said of this contact by hand goes before what they said of others who become part of it."""
    hand = (table.c.contact_id == contact_id) & (table.c.source == HAND)
    conn.execute(update(table).where(hand).values(seen_at=now))


def mark_gone(conn: Connection, source: str, records: Collection[str], now: datetime) -> set[int]:
    """These cards are no longer in their address book; the contacts they spoke of."""
    touched: set[int] = set()
    for chunk in chunks(sorted(set(records))):
        here = table.c.source == source, table.c.record_id.in_(chunk), table.c.gone_at.is_(None)
        touched.update(conn.execute(select(table.c.contact_id).where(*here)).scalars())
        conn.execute(update(table).where(*here).values(gone_at=now))
    return touched


def live_records(conn: Connection, source: str) -> set[str]:
    """The records of this source that are not gone."""
    return set(
        conn.execute(select(table.c.record_id).where(table.c.source == source, table.c.gone_at.is_(None))).scalars()
    )


def move(conn: Connection, records: Collection[tuple[str, str]], to: int) -> None:
    """Give these source records to another contact."""
    for source, record in records:
        conn.execute(update(table).where(table.c.source == source, table.c.record_id == record).values(contact_id=to))


def hand_card(conn: Connection, contact_id: int) -> SourceCard | None:
    """The latest hand card of a contact; merged contacts may have several."""
    cards = [s for s in of_contacts(conn, [contact_id]).get(contact_id, []) if s.by_hand]
    return max(cards, key=lambda s: (s.seen_at, s.record_id), default=None)


def recompute(conn: Connection, contact_ids: Collection[int], now: datetime) -> set[int]:
    """Bring the rows of these contacts in step with their sources; only differences are written.

    Returns other contacts too whose credits changed because an address became shared or ceased to be: whoever calls
    derives their interactions anew.
    """
    ids = sorted(set(contact_ids))
    if not ids:
        return set()
    everything = len(ids) > 20 * AT_ONCE
    all_sources = of_contacts(conn, None if everything else ids)
    made = {i: effective(all_sources.get(i, ())) for i in ids}
    _write_fields(conn, made)
    _write_dates(conn, made)
    return addresses.replace(conn, {i: e.addresses for i, e in made.items()}, now)


def _write_fields(conn: Connection, made: Mapping[int, Effective]) -> None:
    changed = []
    for chunk in chunks(made):
        for row in conn.execute(select(contact).where(contact.c.id.in_(chunk))).mappings():
            e = made[row["id"]]
            state = row["state"]
            if e.deceased and state not in ("deceased", "forgetting"):
                state = "deceased"
            elif not e.deceased and state == "deceased":
                state = ""
            name = e.fields["name"] or (e.addresses[0] if e.addresses else "")  # listings need something to show
            want = {**e.fields, "name": name, "origins": dict(e.origins), "state": state}
            if any(row[name] != value for name, value in want.items()):
                changed.append({"row": row["id"], **{f"new_{name}": value for name, value in want.items()}})
    if changed:
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in (*FIELDS, "origins", "state")}
        conn.execute(update(contact).where(contact.c.id == bindparam("row")).values(values), changed)


def _write_dates(conn: Connection, made: Mapping[int, Effective]) -> None:
    have: dict[int, set[tuple[str, str, str, str]]] = {}
    for chunk in chunks(made):
        for r in conn.execute(select(contact_date).where(contact_date.c.contact_id.in_(chunk))).mappings():
            have.setdefault(r["contact_id"], set()).add((r["kind"], r["when"], r["label"], r["source"]))
    stale, new = [], []
    for who, e in made.items():
        want = {(d.kind, d.when, d.label, source) for d, source in e.dates}
        if want != have.get(who, set()):
            stale.append(who)
            new += [
                {"contact_id": who, "kind": k, "when": w, "label": label, "source": s}
                for k, w, label, s in sorted(want)
            ]
    for chunk in chunks(stale):
        conn.execute(delete(contact_date).where(contact_date.c.contact_id.in_(chunk)))
    if new:
        conn.execute(insert(contact_date), new)


def _rows(conn: Connection, contact_ids: Collection[int] | None) -> Iterator[Row[Any]]:
    if contact_ids is None:
        yield from conn.execute(select(table).order_by(table.c.id))
        return
    for chunk in chunks(sorted(set(contact_ids))):
        yield from conn.execute(select(table).where(table.c.contact_id.in_(chunk)).order_by(table.c.id))


def _pack(s: SourceCard) -> dict[str, Any]:
    packed: dict[str, Any] = {}
    for name in _CARD_FIELDS:
        value = getattr(s.card, name)
        if name == "dates":
            value = [[d.kind, d.when, d.label] for d in value]
        elif isinstance(value, tuple):
            value = list(value)
        if value:
            packed[name] = value
    if s.source == HAND:
        packed["says"] = sorted(s.says)
        packed["without"] = sorted(s.without)
        if s.left:
            packed["left"] = sorted(s.left)
    return packed


def _source(row: Row[Any]) -> SourceCard:
    packed = dict(row.card)
    says, without, left = (frozenset(packed.pop(name, ())) for name in ("says", "without", "left"))
    dates = tuple(NamedDate(*d) for d in packed.pop("dates", ()))
    known: dict[str, Any] = {name: value for name, value in packed.items() if name in _CARD_FIELDS}
    for name in ("addresses", "labels"):
        known[name] = tuple(known.get(name, ()))
    card = Card(row.record_id, dates=dates, **known)
    return SourceCard(row.source, row.record_id, card, row.seen_at, row.gone_at is not None, says, without, left)
