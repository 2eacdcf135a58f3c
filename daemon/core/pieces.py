"""What a text tells, piece by piece, so that the same piece is known again in another letter. Pure.

A piece is a paragraph or an item of a list. Marks are of its words alone: another layout, emphasis or punctuation makes
no other piece, nor does another order of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import blake2s

_LINK = re.compile(r"\[([^\]\n]+)\]\([^)\s]*\)")
_MARKER = re.compile(r"\s*(?:[-*+]|\d{1,3}[.)])\s+(?=\S)")
_HEADING = re.compile(r"\s*#{1,6}\s")
_WORD = re.compile(r"\w+")


def marks(text: str) -> frozenset[str]:
    """The marks of what a text tells. Headings, and lines that only lead over to what follows, tell nothing."""
    found = {_mark(piece) for piece in _pieces(text) if not _HEADING.match(piece) and not piece.rstrip().endswith(":")}
    return frozenset(found - {""}) or frozenset({_mark(text)} - {""})


def _pieces(text: str) -> Iterator[str]:
    for block in re.split(r"\n[ \t]*\n", text):
        piece: list[str] = []
        for line in block.split("\n"):
            if piece and (_MARKER.match(line) or _HEADING.match(line) or _HEADING.match(piece[-1])):
                yield " ".join(piece)
                piece = []
            piece.append(line)
        if piece:
            yield " ".join(piece)


def _mark(piece: str) -> str:
    text = _LINK.sub(r"\1", _MARKER.sub("", piece))
    words = " ".join(_WORD.findall(text.replace("_", " ").casefold()))
    return blake2s(words.encode(), digest_size=5).hexdigest() if words else ""
