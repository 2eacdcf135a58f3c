"""What a text tells, piece by piece, so that the same piece is known again in another letter. Pure.

A piece is a paragraph or an item of a list. Marks are of its words alone: another layout, emphasis or punctuation makes
no other piece, nor does another order of them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from hashlib import blake2s

_LINK = re.compile(r"\[([^\]\n]+)\]\([^)\s]*\)")
_MARKER = re.compile(r"\s*(?:[-*+]|\d{1,3}[.)])\s+(?=\S)")
_NUMBER = re.compile(r"^(?=\s*\d{1,3}[.)]\s)(\s*)\d+")
_HEADING = re.compile(r"\s*#{1,6}\s")
_WORD = re.compile(r"\w+")


def marks(text: str) -> frozenset[str]:
    """The marks of what a text tells. Headings, and lines that only lead over to what follows, tell nothing."""
    found = {_mark(piece) for _, piece in _pieces(text) if not _HEADING.match(piece) and not _leads_over(piece)}
    return frozenset(found - {""}) or frozenset({_mark(text)} - {""})


def told_of(occasion: str) -> tuple[str, frozenset[str]]:
    """The quarter whose news a letter told (as its ledger row keeps it), and the marks of what it told of them."""
    quarter, _, marks = occasion.partition(":")
    return quarter, frozenset(marks.split(".")) - {""}


def untold(text: str, told: Collection[str]) -> str:
    """The text without what was told before; "" where nothing of it is new.

    What leads over to something new stays with it, known or not: a heading, a line that ends in a colon, the paragraph
    right before a list.
    """
    found = marks(text)
    if found.isdisjoint(told):
        return text
    if found <= set(told):
        return ""
    kept: list[tuple[int, str]] = []
    section = lead = False  # whether something new stands below in this section; and since the last lead
    below = ""
    for block, piece in reversed(list(_pieces(text))):
        known, item = _mark(piece) in told, bool(_MARKER.match(piece))
        if _HEADING.match(piece):
            keep, section, lead = section, False, False
        elif _leads_over(piece) or (known and not item and _MARKER.match(below)):
            keep, lead = lead, False
        else:
            keep = not known
            section, lead = section or keep, lead or keep
        if keep:
            kept.append((block, piece))
        below = piece
    return _laid_out(reversed(kept))


def _laid_out(pieces: Iterable[tuple[int, str]]) -> str:
    """Pieces in their blocks; what is numbered is numbered anew."""
    blocks: dict[int, list[str]] = {}
    number = 0
    for block, piece in pieces:
        number = number + 1 if _NUMBER.match(piece) else 0
        blocks.setdefault(block, []).append(_NUMBER.sub(rf"\g<1>{number}", piece))
    return "\n\n".join("\n".join(each) for each in blocks.values())


def _leads_over(piece: str) -> bool:
    return piece.rstrip().endswith(":")


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """Each piece, and the number of the block it stands in."""
    for number, block in enumerate(re.split(r"\n[ \t]*\n", text)):
        piece: list[str] = []
        for line in block.split("\n"):
            if piece and (_MARKER.match(line) or _HEADING.match(line) or _HEADING.match(piece[-1])):
                yield number, "\n".join(piece)
                piece = []
            piece.append(line)
        if piece:
            yield number, "\n".join(piece)


def _mark(piece: str) -> str:
    text = _LINK.sub(r"\1", _MARKER.sub("", piece))
    words = " ".join(_WORD.findall(text.replace("_", " ").casefold()))
    return blake2s(words.encode(), digest_size=5).hexdigest() if words else ""
