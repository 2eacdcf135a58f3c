"""One contact out of two, two out of one, and whose an address is that several use.

Interactions are derived anew under fresh rules each time: those handed in may remember former caps and credits.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, select, update

from daemon.core.address import normalise
from daemon.core.errors import UserMistake
from daemon.core.model import Card
from daemon.core.names import split as split_name
from daemon.core.people import HAND, SourceCard
from daemon.core.policy import TIERS
from daemon.service.facts import rederive
from daemon.service.judging import Rules
from daemon.store import addresses, backfills, contacts, favours, reasons, sources, suggestions
from daemon.store.tables import agenda, ask, dismissal, hand_log, ledger, overrule

_STATES = ("", "paused", "do-not-contact", "deceased", contacts.FORGETTING)


def merge(conn: Connection, rules: Rules, keep: int, others: Collection[int]) -> None:
    """Make ``others`` part of ``keep``: sources, circles, log, notes and what stands in calendars and Drafts.

    Later imports find the one contact by every record of the former ones. Reminders of both are sorted out by the
    next plan.
    """
    touched: set[int] = set()
    sources.said_again(conn, keep, rules.now)
    for other in sorted(set(others) - {keep}):
        people = contacts.load(conn, [keep, other])
        a, b = people[keep], people[other]
        sources.move(conn, [(s.source, s.record_id) for s in sources.of_contacts(conn, [other]).get(other, ())], keep)
        contacts.set_circles(conn, keep, {*a.circles, *b.circles})
        contacts.change(
            conn,
            keep,
            tier=min((t for t in (a.tier, b.tier) if t), key=TIERS.index, default=""),
            notes="\n\n".join(dict.fromkeys(n for n in (a.notes, b.notes) if n)),
            state=max(a.state, b.state, key=_STATES.index),
            kept_at=min((k for k in (a.kept_at, b.kept_at) if k), default=None),
            cadence_days=a.cadence_days or b.cadence_days,
            paused_until=_pause_ends([c.paused_until for c in (a, b) if c.state == contacts.PAUSED]),
        )
        for table in (hand_log, ledger, dismissal, ask, agenda):
            conn.execute(update(table).where(table.c.contact_id == other).values(contact_id=keep))
        said = set(conn.execute(select(overrule.c.identity).where(overrule.c.contact_id == keep)).scalars())
        for identity in conn.execute(select(overrule.c.identity).where(overrule.c.contact_id == other)).scalars().all():
            if identity not in said:
                conn.execute(
                    update(overrule)
                    .where(overrule.c.contact_id == other, overrule.c.identity == identity)
                    .values(contact_id=keep)
                )
        reasons.move_notes(conn, other, keep)
        favours.move(conn, other, keep)
        suggestions.move(conn, other, keep, named=(b.uid, a.uid))
        addresses.reassign(conn, other, keep)
        touched |= sources.recompute(conn, [keep], rules.now)  # before the other's rows go: no address is new
        contacts.remove(conn, other)
        touched.discard(other)
    rederive(conn, touched | {keep}, Rules(rules.policies, rules.now))


def split(
    conn: Connection,
    rules: Rules,
    contact_id: int,
    *,
    given: Collection[str] = (),
    records: Collection[tuple[str, str]] = (),
    name: str = "",
) -> int:
    """Give some addresses and source records to a new contact; its id. Later imports keep them apart.

    A source record goes along with its addresses if all of them go.

    Raises:
        UserMistake: an address or record is not this contact's, or nothing would be left of one of the two.
    """
    found = contacts.load(conn, [contact_id])[contact_id]
    moved = [_own_address(found, a) for a in given]
    mine = sources.of_contacts(conn, [contact_id]).get(contact_id, [])
    keys = {(s.source, s.record_id) for s in mine if not s.by_hand}
    for record in records:
        if record not in keys:
            known = ", ".join(f"{source} {r}" for source, r in sorted(keys)) or "none"
            raise UserMistake(f"{found.name} has no record {record[0]} {record[1]}; there are: {known}.")
    going = [
        s
        for s in mine
        if not s.by_hand
        and ((s.source, s.record_id) in records or (s.card.addresses and set(s.card.addresses) <= set(moved)))
    ]
    staying = [s for s in mine if s not in going]
    if not going and not moved:
        raise UserMistake("Say which addresses or records are the other person's.")
    left = {a for s in staying for a in s.card.addresses} - set(moved)
    if not left and not any(s.card.name for s in staying):
        raise UserMistake(f"Nothing would be left of {found.name}: leave an address or a record.")

    own = moved or [a for s in going for a in s.card.addresses]
    new_name = name or next((s.card.name for s in going if s.card.name), "")
    new = contacts.create(conn, f"mail:{own[0]}" if own else f"name:{new_name or 'split'}", rules.now)
    sources.move(conn, [(s.source, s.record_id) for s in going], new)
    if name or moved:
        parts = split_name(name)
        uid = contacts.load(conn, [new])[new].uid
        card = Card(uid, name, parts.given, parts.family, parts.patronymic, addresses=tuple(moved))
        sources.put(conn, new, SourceCard(HAND, uid, card, rules.now))
    if moved:
        _take_away(conn, contact_id, found.uid, moved, rules)
    touched = sources.recompute(conn, [contact_id, new], rules.now)
    rederive(
        conn, touched | {contact_id, new}, Rules(rules.policies, rules.now)
    )  # fresh: caps and credits have changed
    return new


def assign(conn: Connection, rules: Rules, address: str, to: int | None) -> None:
    """Say that contact through ``address`` is this person's; None: that it is nobody's, several share it.

    Raises:
        UserMistake: no contact uses the address.
    """
    wanted = normalise(address)
    state = addresses.states(conn, [wanted]).get(wanted) if wanted else None
    users = set(state.users) if state else set()
    if to is None and not users:
        raise UserMistake(f"No contact uses {address}.")
    touched = set(users)
    if to is not None and to not in users:
        if not wanted:
            raise UserMistake(f"“{address}” is no mail address.")
        uid = contacts.load(conn, [to])[to].uid
        before = sources.hand_card(conn, to) or SourceCard(HAND, uid, Card(uid), rules.now)
        card = replace(before.card, addresses=(*before.card.addresses, wanted))
        hand = replace(before, card=card, seen_at=rules.now, without=before.without - {wanted})
        sources.put(conn, to, hand)
        touched |= sources.recompute(conn, [to], rules.now)
    addresses.assign(conn, wanted, to, shared=to is None or len(users | {to}) > 1)
    if to is not None:
        backfills.add(conn, [wanted])  # a flag on a message from there can be heard now
    rederive(
        conn, touched | ({to} if to is not None else set()), Rules(rules.policies, rules.now)
    )  # fresh: caps and credits have changed


def _own_address(found: contacts.Contact, text: str) -> str:
    address = normalise(text)
    if address not in found.addresses:
        raise UserMistake(f"{text} is not an address of {found.name}; theirs are: {', '.join(found.addresses)}.")
    return address


def _take_away(conn: Connection, contact_id: int, uid: str, gone: Collection[str], rules: Rules) -> None:
    before = sources.hand_card(conn, contact_id) or SourceCard(HAND, uid, Card(uid), rules.now)
    card = replace(before.card, addresses=tuple(a for a in before.card.addresses if a not in gone))
    hand = replace(before, card=card, seen_at=rules.now, without=before.without | set(gone))
    sources.put(conn, contact_id, hand)


def _pause_ends(ends: Sequence[datetime | None]) -> datetime | None:
    """When the pause of two who are one is over: the later, and never where one of them was to have no end."""
    return max((end for end in ends if end), default=None) if None not in ends else None
