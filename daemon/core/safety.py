"""When something looks like a disaster rather than a decision."""

from __future__ import annotations

MANY = 5


def many_gone(gone: int, known: int) -> bool:
    """Whether so many of what we knew vanished at once that the user is asked first: at least five, and half."""
    return gone >= MANY and 2 * gone >= known
