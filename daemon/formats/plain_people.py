"""People in plain lines, as one writes them down at a conference: a name and an address each, in any order.

``Anna Example <anna@example.org>``, ``Anna Example, anna@example.org``, ``anna@example.org``, or a table's rows without
their header (``Anna;Example;anna@example.org;Acme``). Empty lines and lines that begin with ``#`` are passed over.
"""

from __future__ import annotations

import re

from daemon.core.address import is_no_reply, normalise
from daemon.core.model import Broken, Card
from daemon.formats.cards import derived_id, distinct, tidy
from daemon.formats.encodings import decode

_AROUND = re.compile(r"[<>\"()|;\t]+|^\s*(?:[-*•]|\d+[.)])\s+")
_COLUMNS = re.compile(r",(?=\S)")
_ADDRESS = re.compile(r"[^\s<>,;\"'()]+@[^\s<>,;\"'()]+")


def looks_plain(data: bytes) -> bool:
    """Whether the first line holds an address: then it is no heading, as a table of contacts would have."""
    for line in decode(data).splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            return bool(_ADDRESS.search(line))
    return False


def read_lines(data: bytes) -> tuple[list[Card], list[Broken]]:
    """The people, and the lines without an address."""
    cards: list[Card] = []
    broken: list[Broken] = []
    for number, line in enumerate(decode(data).splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = [a for text in _ADDRESS.findall(line) if (a := normalise(text.rstrip(".")))]
        if not found:
            broken.append(Broken(f"line {number}", "There is no mail address in it."))
            continue
        if all(map(is_no_reply, found)):
            broken.append(Broken(f"line {number}", "Nobody reads what is sent to that address."))
            continue
        before, _, after = _ADDRESS.sub("\0", line).partition("\0")
        name = _name(before) or _name(after)
        cards.append(tidy(Card(derived_id("list", found[0]), name=name, addresses=tuple(found))))
    return distinct(cards), broken


def _name(text: str) -> str:
    """What stands before the address (what follows, in a table's row, is the company); after it where nothing does.

    A comma with a space behind it is a name's own («Last, First»), one without divides columns.
    """
    return " ".join(_COLUMNS.sub(" ", _AROUND.sub(" ", text.replace("\0", " "))).split()).strip(" ,:-–—")
