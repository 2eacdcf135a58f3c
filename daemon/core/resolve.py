"""Which policy holds for a contact: for each thing a policy may say, the nearest who says it.

The contact's own policy, else the cadence the user accepted for them, else the tier's, else the circles' (the shortest
cadence, the smallest cap, the union of wishes), else the default. Each answer carries the rule that gave it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from typing import Any

from daemon.core.policy import DEFAULT_POLICY, QUARTER, Policies, Policy
from daemon.core.verdict import Caps

CONTACT = "contact"
DEFAULT = "default"
ACCEPTED = "accepted"
"""The rule that names a cadence the user accepted from `kith cadence`, not one written into the configuration."""

Said = tuple[str, Any]
"""A rule and what it says."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """The policy in force for one contact. ``rule`` names what gave the cadence, for people to read.

    ``sources`` names what gave each of the others, by the policy's word for it. "" and None: nobody says. ``own``: the
    cadence is that of the contact's own policy, which goes before whatever else might be said.
    """

    cadence: timedelta
    rule: str
    drafts: frozenset[str]
    resets: frozenset[str]
    caps: Caps
    forms: tuple[tuple[str, timedelta], ...] = ()
    language: str = ""
    form: str = ""
    days: frozenset[int] | None = None
    hours: tuple[time, time] | None = None
    sources: Mapping[str, str] = field(default_factory=dict)
    own: bool = False

    @property
    def due_by(self) -> str:
        """The rule that gave the cadence, as the end of a sentence: "due by ..."."""
        return {CONTACT: "their own policy", ACCEPTED: "the cadence you accepted"}.get(self.rule, self.rule)

    @property
    def nearer_language(self) -> str:
        """The language somebody nearer than the default asks for: the default's comes only after that of past mail."""
        return "" if self.sources.get("language") == DEFAULT else self.language


class Resolver:
    """Policies as of one day, for many contacts: those alike are worked out once."""

    def __init__(self, policies: Policies, today: date) -> None:
        self._policies = policies
        self._today = today
        self._own = [(name.casefold(), name) for name in policies.contacts]
        self._known: dict[tuple[str, tuple[str, ...], str, timedelta | None], Resolved] = {}

    def of(
        self, names: Collection[str], circles: Collection[str], tier: str, accepted: timedelta | None = None
    ) -> Resolved:
        """The policy of a contact known by ``names`` (name and addresses, casefolded)."""
        own = next((name for folded, name in self._own if folded in names), "")
        alike = (own, tuple(sorted(circles)), tier, accepted)
        if alike not in self._known:
            self._known[alike] = self._work_out(*alike)
        return self._known[alike]

    def _work_out(self, own: str, circles: Sequence[str], tier: str, accepted: timedelta | None) -> Resolved:
        p, today = self._policies, self._today
        near: list[tuple[str, Policy]] = []
        if own:
            near.append(holding(CONTACT, p.contacts[own], p, today))
        if accepted is not None:
            near.append((ACCEPTED, Policy(cadence=accepted)))
        if tier and tier in p.tiers:
            near.append(holding(f"tier {tier}", p.tiers[tier], p, today))
        theirs = [holding(f"circle {c}", p.circles[c], p, today) for c in circles if c in p.circles]
        far = [(DEFAULT, p.default), (DEFAULT, DEFAULT_POLICY)]
        sources: dict[str, str] = {}

        def said(name: str) -> Any:
            found = next(_saying(near, name), None) or _of_circles(theirs, name) or next(_saying(far, name), None)
            if found is None:
                return None
            sources[name] = found[0]
            return found[1]

        cadence, forms = said("rhythm") or (QUARTER, ())
        return Resolved(
            cadence=cadence,
            rule=sources.pop("rhythm", DEFAULT),
            drafts=said("drafts"),
            resets=said("resets"),
            caps=Caps(said("max_people"), said("max_recipients"), said("count_cc")),
            forms=forms,
            language=said("language") or "",
            form=said("form") or "",
            days=said("days"),
            hours=said("hours"),
            sources=sources,
            own=bool(own) and near[0][1].cadence is not None,
        )


def resolve(
    policies: Policies,
    names: Collection[str],
    circles: Collection[str],
    tier: str,
    *,
    today: date = date.min,
    accepted: timedelta | None = None,
) -> Resolved:
    """The policy of one contact, as `Resolver` has it."""
    return Resolver(policies, today).of(names, circles, tier, accepted)


def holding(rule: str, policy: Policy, policies: Policies, today: date) -> tuple[str, Policy]:
    """The policy itself, or once its last day is over the one that follows it; with the rule's name, saying which.

    Nothing follows upon the one that follows.
    """
    if policy.until is None:
        return rule, policy
    if not policy.ended(today):
        return f"{rule} until {policy.until}", policy
    after = policies.circles.get(policy.then or "", Policy())
    return f"circle {policy.then}, after {rule}", Policy() if after.ended(today) else after


def _saying(policies: Sequence[tuple[str, Policy]], name: str) -> Any:
    return ((rule, value) for rule, p in policies if (value := getattr(p, name)) is not None)


def _of_circles(policies: Sequence[tuple[str, Policy]], name: str) -> Said | None:
    """Several circles at once."""
    found: list[Said] = list(_saying(policies, name))
    return _TOGETHER[name](found) if found else None


def _shortest(found: Sequence[Said]) -> Said | None:
    """The shortest cadence; of equal ones that which asks for forms in turn, for it asks for more."""
    return min(found, key=lambda s: (s[1][0], not s[1][1], s[1][1], s[0]))


def _least(found: Sequence[Said]) -> Said | None:
    return min(found, key=lambda s: (s[1], s[0]))


def _union(found: Sequence[Said]) -> Said | None:
    return ", ".join(rule for rule, _ in found), frozenset().union(*(value for _, value in found))


def _all(found: Sequence[Said]) -> Said | None:
    return ", ".join(rule for rule, _ in found), all(value for _, value in found)


def _common(found: Sequence[Said]) -> Said | None:
    """The days all of them name; where there is none, nobody has said."""
    days = frozenset.intersection(*(value for _, value in found))
    return (", ".join(rule for rule, _ in found), days) if days else None


def _overlap(found: Sequence[Said]) -> Said | None:
    """The part of the day that suits all of them; where there is none, nobody has said."""
    start, end = max(value[0] for _, value in found), min(value[1] for _, value in found)
    return (", ".join(rule for rule, _ in found), (start, end)) if start < end else None


def _agreed(found: Sequence[Said]) -> Said | None:
    """What they do not agree upon, nobody has said."""
    return found[0] if len({value for _, value in found}) == 1 else None


def _formal(found: Sequence[Said]) -> Said | None:
    return next((s for s in found if s[1] == "formal"), found[0])


_TOGETHER: Mapping[str, Callable[[Sequence[Said]], Said | None]] = {
    "rhythm": _shortest,
    "max_people": _least,
    "max_recipients": _least,
    "drafts": _union,
    "resets": _union,
    "count_cc": _all,
    "language": _agreed,
    "form": _formal,
    "days": _common,
    "hours": _overlap,
}
