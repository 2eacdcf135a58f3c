"""Which policy holds for a contact, when they are due, and what was last contact.

The nearest wins: the contact's own policy, else its tier's, else its circles' (the shortest cadence, the
smallest cap, the union of wishes), else the default. Each answer carries the rule that gave it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from daemon.core.policy import DEFAULT_POLICY, Policies, Policy
from daemon.core.verdict import Caps

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Resolved:
    """The policy in force for one contact. ``rule`` names what gave the cadence, for people to read."""

    cadence: timedelta
    rule: str
    drafts: frozenset[str]
    resets: frozenset[str]
    caps: Caps


def resolve(policies: Policies, names: Collection[str], circles: Collection[str], tier: str) -> Resolved:
    """The policy of a contact known by ``names`` (name and addresses, casefolded)."""
    own = next((p for n, p in policies.contacts.items() if n.casefold() in names), None)
    by_tier = policies.tiers.get(tier) if tier else None
    by_circle = [(c, policies.circles[c]) for c in sorted(circles) if c in policies.circles]

    cadence, rule = _cadence(policies, own, by_tier, by_circle, tier)
    nearest = [p for p in (own, by_tier) if p is not None]
    merged = _merge([p for _, p in by_circle])
    chain = [*nearest, merged, policies.default, DEFAULT_POLICY]
    return Resolved(
        cadence=cadence,
        rule=rule,
        drafts=_first([p.drafts for p in chain]),
        resets=_first([p.resets for p in chain]),
        caps=Caps(
            max_people=_first([p.max_people for p in chain]),
            max_recipients=_first([p.max_recipients for p in chain]),
            count_cc=_first([p.count_cc for p in chain]),
        ),
    )


def _cadence(
    policies: Policies, own: Policy | None, by_tier: Policy | None, by_circle: Sequence[tuple[str, Policy]], tier: str
) -> tuple[timedelta, str]:
    if own is not None and own.cadence is not None:
        return own.cadence, "contact"
    if by_tier is not None and by_tier.cadence is not None:
        return by_tier.cadence, f"tier {tier}"
    said = [(p.cadence, c) for c, p in by_circle if p.cadence is not None]
    if said:
        shortest, circle = min(said)
        return shortest, f"circle {circle}"
    return policies.default.cadence or DEFAULT_POLICY.cadence or timedelta(days=91), "default"


def _merge(policies: Sequence[Policy]) -> Policy:
    """Several circles at once: the stricter cap, the union of wishes."""
    drafts = [p.drafts for p in policies if p.drafts is not None]
    resets = [p.resets for p in policies if p.resets is not None]
    people = [p.max_people for p in policies if p.max_people is not None]
    recipients = [p.max_recipients for p in policies if p.max_recipients is not None]
    copied = [p.count_cc for p in policies if p.count_cc is not None]
    return Policy(
        drafts=frozenset().union(*drafts) if drafts else None,
        resets=frozenset().union(*resets) if resets else None,
        max_people=min(people) if people else None,
        max_recipients=min(recipients) if recipients else None,
        count_cc=all(copied) if copied else None,
    )


def _first(values: Sequence[T | None]) -> T:
    return next(v for v in values if v is not None)


@dataclass(frozen=True, slots=True)
class LastContact:
    """The latest counted contact of each sort, UTC; None where there was none."""

    inbound: datetime | None = None
    outbound: datetime | None = None
    meeting: datetime | None = None
    logged: datetime | None = None  # calls and chats logged by hand, whoever began

    def reset(self, resets: Collection[str]) -> datetime | None:
        """The latest that resets the cadence under ``resets`` (outbound, inbound, meeting, logged).

        *Answered* inbound mail needs no case of its own: the answer is outbound and later.
        """
        named = (
            ("inbound", self.inbound),
            ("outbound", self.outbound),
            ("meeting", self.meeting),
            ("logged", self.logged),
        )
        return max((at for name, at in named if at is not None and name in resets), default=None)


def interval(cadence: timedelta, unanswered: int) -> timedelta:
    """The cadence, doubled once two letters in a row went without an answer: no pressing on."""
    return cadence * 2 if unanswered >= 2 else cadence
