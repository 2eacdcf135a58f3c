"""Subjects compared: what is left of one without the marks of answering and forwarding."""

from __future__ import annotations

import re

_PREFIX = re.compile(r"^\s*(?:(?:re|fwd?|aw|wg|sv|отв|ответ|пересл)(?:\[\d+\])?\s*:\s*)+", re.IGNORECASE)


def base_subject(subject: str) -> str:
    """The subject without reply and forward prefixes (RFC 5256 2.1, in the languages shipped)."""
    return _PREFIX.sub("", subject).strip()


_WORD = re.compile(r"[^\W\d_]{4,}")
_SMALL = frozenset({"with", "from", "this", "that", "your", "about", "после", "перед", "насчёт", "насчет"})
_STEM = 5
"""So many letters of a word tell it, whatever its ending: «встреча», «встречи»."""


def shares_a_word(one: str, other: str) -> bool:
    """Whether two subjects have a word in common that says something: four letters or more, endings aside."""
    a, b = ({w[:_STEM] for w in _WORD.findall(text.casefold()) if w not in _SMALL} for text in (one, other))
    return not a.isdisjoint(b)


def same_subject(one: str, other: str) -> bool:
    """Whether two subjects are about the same; an empty one is like no other."""
    a, b = (" ".join(base_subject(text).split()).casefold() for text in (one, other))
    return a == b != ""
