"""Text made harmless: what comes from mail, calendars and address books is data, never layout or markup."""

from __future__ import annotations

import re
import unicodedata

# Format characters are invisible: bidirectional controls (Unicode TR 9) can make a line read other than it is written,
# zero-width characters hide in names, tags (U+E0000) can hide whole sentences. Joiners stay: Persian and Indic names
# need them. So do the Arabic signs that stand over a number, which can be seen.
_KEPT = frozenset("\u200c\u200d\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u08e2")
_BREAKS = re.compile("\r\n|[\r\v\f\x1c-\x1e\u0085\u2028\u2029]")
_SPACES = re.compile(r"\s+")


def clean(text: str, limit: int = 30_000) -> str:
    """Several lines of text without control, surrogate and bidirectional characters, at most ``limit`` characters.

    Every kind of line break becomes ``\\n``, tabs become spaces, and the text is in Unicode NFC.
    """
    text = _BREAKS.sub("\n", text).replace("\t", "    ")
    if not text.replace("\n", "").isprintable():  # nothing unwanted is printable
        text = "".join(c for c in text if c == "\n" or not _unwanted(c))
    return shorten(unicodedata.normalize("NFC", text), limit)


def one_line(text: str, limit: int = 200) -> str:
    """Like `clean`, with every run of white space made one space: safe as a subject or a name."""
    return shorten(_SPACES.sub(" ", clean(text)).strip(), limit)


def shorten(text: str, limit: int) -> str:
    """At most ``limit`` characters, cut after a whole word where there is one near, with an ellipsis."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    word = cut.rstrip().rpartition(" ")[0]
    return (word if len(word) > limit // 2 else cut).rstrip(" ,;:") + "…"


def _unwanted(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cf", "Cs", "Cn", "Co") and char not in _KEPT


def scripts(text: str) -> frozenset[str]:
    """The scripts its letters are written in: "latin", "cyrillic" or "other"."""
    return frozenset(_script(c) for c in text if c.isalpha())


def _script(char: str) -> str:
    if char < "\u0250" or "\u1e00" <= char <= "\u1eff":
        return "latin"
    if "\u0400" <= char <= "\u052f":
        return "cyrillic"
    return "other"
