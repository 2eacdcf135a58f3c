"""What a phrase rule is; the rules stand in `phrases_en` and `phrases_ru`. Pure.

Patterns are tried on one sentence at a time, its blanks single and its case ignored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LEFT = "left"
"""The kind of saying that its writer left, or is about to leave, where they work."""

NAME = r"(?-i:[A-ZА-ЯЁ][\w'’-]+)(?![\w'’-]|\.\w)"
"""A word with a capital letter, which is all that tells a name from a thing; "Example.com" is none."""

EMPLOYER = r"[\"«“„']?(?P<org>[\w&][\w&.'’-]*(?: [\w&][\w&.'’-]*){0,4})"
"""Up to five words in which the writer's employer has to stand first (`Rule.names`)."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to say a thing. Where ``unless`` stands in the same sentence, it says nothing.

    A rule that ``names`` holds only where its `EMPLOYER` is the writer's. ``notice`` rules speak of the writer in the
    third person, as automatic answers do; they hold for those alone.
    """

    name: str
    kind: str
    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None = None
    names: bool = False
    notice: bool = False


def any_of(*ways: str) -> re.Pattern[str]:
    """Any of these, case ignored."""
    return re.compile("|".join(ways), re.IGNORECASE)


def words(*ways: str) -> re.Pattern[str]:
    """Any of these, as whole words."""
    return re.compile(rf"(?<!\w)(?:{'|'.join(ways)})(?!\w)", re.IGNORECASE)
