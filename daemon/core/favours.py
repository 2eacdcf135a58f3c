"""What the user and a contact do for one another, and letters the user asks for to give something. Records; pure.

The rules over them are in `core.giving`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

ADVICE, INTRODUCTION, ARTICLE, VACANCY = "advice", "introduction", "article", "vacancy"
CANDIDATE, FEEDBACK, RECOMMENDATION = "candidate", "feedback", "recommendation"
KINDS = (ADVICE, INTRODUCTION, ARTICLE, VACANCY, CANDIDATE, FEEDBACK, RECOMMENDATION)

GAVE, GOT = "gave", "got"
"""As the user sees it: what they gave, what they got."""


@dataclass(frozen=True, slots=True)
class Favour:
    """One thing done for the other. ``token`` names it for ever; ``day`` is in the user's zone.

    ``outcome`` says by language how it turned out, once the user has told so at ``outcome_at`` (UTC).
    """

    direction: str
    kind: str
    token: str
    day: date
    title: str = ""
    outcome: Mapping[str, str] = field(default_factory=dict)
    outcome_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Other:
    """Whom somebody is introduced to. ``closed``: nothing may be written of them; ``job_hunting``: not everywhere."""

    name: str
    work: str
    closed: bool
    job_hunting: bool


@dataclass(frozen=True, slots=True)
class Errand:
    """A letter the user asked for. ``texts`` are their own words by language; none are needed where there are none."""

    purpose: str
    token: str
    asked_at: datetime
    details: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    other: Other | None = None


def one_sided(favours: Iterable[Favour], given_by_letter: int = 0) -> bool:
    """Whether they gave more than they got. ``given_by_letter``: links and introductions the user sent to them."""
    balance = given_by_letter
    for favour in favours:
        balance += 1 if favour.direction == GAVE else -1
    return balance < 0
