"""Subjects compared: what is left of one without the marks of answering and forwarding."""

from __future__ import annotations

import re

_PREFIX = re.compile(r"^\s*(?:(?:re|fwd?|aw|wg|sv|отв|ответ|пересл)(?:\[\d+\])?\s*:\s*)+", re.IGNORECASE)


def base_subject(subject: str) -> str:
    """The subject without reply and forward prefixes (RFC 5256 2.1, in the languages shipped)."""
    return _PREFIX.sub("", subject).strip()


def same_subject(one: str, other: str) -> bool:
    """Whether two subjects are about the same; an empty one is like no other."""
    a, b = (" ".join(base_subject(text).split()).casefold() for text in (one, other))
    return a == b != ""
