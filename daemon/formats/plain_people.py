"""People in plain lines, as one writes them down at a conference: a name and an address each, in any order.

``Anna Example <anna@example.org>``, ``Anna Example, anna@example.org``, ``anna@example.org``. Empty lines and lines
that begin with ``#`` are passed over.
"""

from __future__ import annotations

import re

from daemon.core.address import normalise
from daemon.core.model import Broken, Card
from daemon.formats.cards import derived_id, distinct, tidy

_AROUND = re.compile(r"[<>\"()|;\t]+|^\s*(?:[-*•]|\d+[.)])\s+")
_ADDRESS = re.compile(r"[^\s<>,;\"'()]+@[^\s<>,;\"'()]+")


def looks_plain(data: bytes) -> bool:
    """Whether the first line holds an address: then it is no heading, as a table of contacts would have."""
    for line in data.decode("utf-8-sig", "replace").splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            return bool(_ADDRESS.search(line))
    return False


def read_lines(data: bytes) -> tuple[list[Card], list[Broken]]:
    """The people, and the lines without an address."""
    cards: list[Card] = []
    broken: list[Broken] = []
    for number, line in enumerate(data.decode("utf-8-sig", "replace").splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = [a for text in _ADDRESS.findall(line) if (a := normalise(text.rstrip(".")))]
        if not found:
            broken.append(Broken(f"line {number}", "There is no mail address in it."))
            continue
        name = " ".join(_AROUND.sub(" ", _ADDRESS.sub(" ", line)).split()).strip(" ,-–—")
        cards.append(tidy(Card(derived_id("list", found[0]), name=name, addresses=tuple(found))))
    return distinct(cards), broken
