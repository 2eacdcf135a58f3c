"""What follows when the user says that a contact has left where they worked.

The organisation and the title held there are cleared, whoever still names them, and a new employer shows as soon as an
address book names one. The address there is frozen where another is known. Nobody is congratulated.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from daemon.core.address import is_no_reply
from daemon.core.model import Card
from daemon.core.organisations import fold_organisation
from daemon.core.people import HAND, SourceCard
from daemon.service.facts import rederive
from daemon.service.judging import Rules
from daemon.store import addresses, contacts, sources
from daemon.store.suggestions import Suggestion

NO_MORE = "they work there no more"
"""Why such an address is frozen, as `kith contacts show` says it."""


def accept(conn: Connection, rules: Rules, said: Suggestion) -> str:
    """Do so; a sentence on what followed."""
    who, organisation, address = said.guess.contact_id, said.guess.about["organisation"], said.guess.about["address"]
    known = contacts.load(conn, [who])[who]
    if organisation:
        _leave(conn, rules, who, known.uid, organisation)
    told = f"Noted: {said.name} has left {organisation or address.rpartition('@')[2]}."
    if not address or address not in known.addresses:
        return told
    states = addresses.states(conn, known.addresses)
    usable = [a for a in known.addresses if a != address and not states[a].frozen_reason and not is_no_reply(a)]
    if not usable:
        return f"{told} {address} is the only address there is: `kith contacts edit` takes another."
    addresses.freeze(conn, address, NO_MORE, rules.now)
    return f"{told} Nothing is written to {address} any more (`kith unfreeze` ends that)."


def _leave(conn: Connection, rules: Rules, contact_id: int, uid: str, organisation: str) -> None:
    left = fold_organisation(organisation)
    hand = sources.hand_card(conn, contact_id) or SourceCard(HAND, uid, Card(uid), rules.now)
    card = hand.card
    if fold_organisation(card.organisation) == left or not card.organisation:
        card = replace(card, organisation="", title="")
    sources.put(conn, contact_id, replace(hand, card=card, seen_at=rules.now, left=hand.left | {left}))
    touched = sources.recompute(conn, [contact_id], rules.now)
    if touched:
        rederive(conn, touched, Rules(rules.policies, rules.now))
