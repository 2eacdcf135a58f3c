"""One contact out of what several sources say of them.

What the user set by hand always wins, an emptied field included; then the newest source that says anything, those
that are gone from their address book last. Addresses are united, dates united by kind. Every field keeps its origin.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from daemon.core.address import is_no_reply, is_role
from daemon.core.model import Card, NamedDate
from daemon.core.organisations import fold_organisation

HAND = "hand"
"""The source of what the user set."""

DERIVED = "~"
"""First character of a record id that a reader made of the content, for want of one in the source."""

FIELDS = (
    "name",
    "given",
    "family",
    "patronymic",
    "organisation",
    "title",
    "profession",
    "city",
    "country",
    "time_zone",
    "language",
    "form",
    "url",
)
"""The fields of one line each."""

_UNIQUE = re.compile(r"[0-9A-Fa-f][0-9A-Fa-f-]{14,}[0-9A-Fa-f]")

_NAME_PARTS = ("given", "family", "patronymic")


@dataclass(frozen=True, slots=True)
class SourceCard:
    """What one source says of a contact.

    ``seen_at`` is when the card last changed, UTC. Of a hand card, ``says`` names the fields it sets even where they
    are empty (dates as ``date:<kind>``), ``without`` the addresses the user took away, and ``left`` the organisations,
    folded, the contact works for no more: whoever else still names one of them is not believed in that.
    """

    source: str
    record_id: str
    card: Card
    seen_at: datetime
    gone: bool = False
    says: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()
    left: frozenset[str] = frozenset()

    @property
    def by_hand(self) -> bool:
        """Whether the user said it."""
        return self.source == HAND


@dataclass(frozen=True, slots=True)
class Effective:
    """A contact as all sources together make it. ``origins`` maps each field that is set to the source it is from."""

    fields: Mapping[str, str]
    addresses: tuple[str, ...] = ()
    dates: tuple[tuple[NamedDate, str], ...] = ()
    labels: tuple[str, ...] = ()
    deceased: bool = False
    origins: Mapping[str, str] = field(default_factory=dict)


def effective(sources: Iterable[SourceCard]) -> Effective:
    """What holds for a contact. The order of ``sources`` does not matter."""
    ranked = _without_employers_left(sorted(sources, key=_rank, reverse=True))
    fields: dict[str, str] = {}
    origins: dict[str, str] = {}
    for name in FIELDS:
        value, origin = _first(ranked, name)
        fields[name] = value
        if origin:
            origins[name] = origin
    _keep_name_together(ranked, fields, origins)
    if not fields["name"] and (spoken := " ".join(fields[n] for n in ("given", "patronymic", "family") if fields[n])):
        fields["name"] = spoken
        origins["name"] = origins.get("given") or origins.get("family") or origins["patronymic"]
    deceased, origin = _deceased(ranked)
    if origin:
        origins["deceased"] = origin
    return Effective(
        fields=fields,
        addresses=_addresses(ranked),
        dates=_dates(ranked),
        labels=tuple(dict.fromkeys(label for s in ranked if not s.gone for label in s.card.labels)),
        deceased=deceased,
        origins=origins,
    )


def credits_nobody(address: str, users: int, shared: bool, assigned: bool) -> bool:
    """Whether contact through an address counts for no one: several use it, and the user named none of them."""
    return not assigned and (shared or users > 1)


def global_id(record_id: str) -> str:
    """What in a record id is unique over all address books: a UUID or another long run of hex digits; else "".

    "1", "contact-0001.vcf" and ids derived from the content name a record in their own source only. (Servers name a
    card's file after its UID, so that the same person's id comes with and without ``.vcf``.)
    """
    match = None if record_id.startswith(DERIVED) else _UNIQUE.search(record_id)
    return match[0].casefold() if match and len(set(match[0])) > 6 else ""


def is_shared_by_form(address: str) -> bool:
    """Whether an address belongs to a desk or a machine rather than to a person, by its look."""
    return is_role(address) or is_no_reply(address)


def _rank(s: SourceCard) -> tuple[bool, bool, datetime, str, str]:
    return (s.by_hand, not s.gone, s.seen_at, s.source, s.record_id)


def _without_employers_left(ranked: Sequence[SourceCard]) -> Sequence[SourceCard]:
    """A title goes with the employer it was held at. What the user says by hand later is not asked."""
    left = frozenset().union(*(s.left for s in ranked))
    if not left:
        return ranked
    return [
        replace(s, card=replace(s.card, organisation="", title=""))
        if not s.by_hand and fold_organisation(s.card.organisation) in left
        else s
        for s in ranked
    ]


def _first(ranked: Sequence[SourceCard], name: str) -> tuple[str, str]:
    for s in ranked:
        value: str = getattr(s.card, name)
        if value or (s.by_hand and name in s.says):
            return value, s.source
    return "", ""


def _keep_name_together(ranked: Sequence[SourceCard], fields: dict[str, str], origins: dict[str, str]) -> None:
    """The parts of a name come from one card: a new surname must not keep company with the old given name.

    A card whose name has no parts hands over none, unless another card of the very same name knows them.
    """
    said = {n for s in ranked if s.by_hand for n in _NAME_PARTS if getattr(s.card, n) or n in s.says}
    leader = next((s for s in ranked if s.card.name or (s.by_hand and "name" in s.says)), None)
    if leader is None or not leader.card.name:
        return
    same = [s for s in ranked if s is leader or s.card.name.casefold() == leader.card.name.casefold()]
    chosen = next((s for s in same if s.card.given or s.card.family), leader)
    for name in _NAME_PARTS:
        if name in said:
            continue
        value = getattr(chosen.card, name)
        if name == "patronymic" and not value:  # the one part that is often known to one source alone
            continue
        fields[name] = value
        origins.pop(name, None)
        if value:
            origins[name] = chosen.source


def _deceased(ranked: Sequence[SourceCard]) -> tuple[bool, str]:
    for s in ranked:
        if s.by_hand and "deceased" in s.says:
            return s.card.deceased, s.source
    source = next((s.source for s in ranked if s.card.deceased), "")
    return bool(source), source


def _addresses(ranked: Sequence[SourceCard]) -> tuple[str, ...]:
    """All addresses; by hand, the later word on one goes before the earlier."""
    verdicts: dict[str, bool] = {}
    for s in ranked:
        if s.by_hand:
            for address in s.card.addresses:
                verdicts.setdefault(address, True)
            for address in sorted(s.without):
                verdicts.setdefault(address, False)
    found = dict.fromkeys(a for s in ranked for a in s.card.addresses)
    return tuple(a for a in found if verdicts.get(a, True))


def _dates(ranked: Sequence[SourceCard]) -> tuple[tuple[NamedDate, str], ...]:
    """One date a kind (of the kind "other": one a label), by hand first, then the newest."""
    chosen: dict[tuple[str, str], tuple[NamedDate, str]] = {}
    removed: set[str] = set()
    for s in ranked:
        for d in s.card.dates:
            if d.kind not in removed:
                chosen.setdefault((d.kind, d.label.casefold() if d.kind == "other" else ""), (d, s.source))
        if s.by_hand:
            removed |= {said.removeprefix("date:") for said in s.says if said.startswith("date:")}
    return tuple(chosen[k] for k in sorted(chosen))
