"""Addresses out of header values: one reader for the whole product.

What fits a simple pattern is read by it; anything else goes through the standard library. A piece the library
assembles over white space ("anna@exam ple.org") is no address here, unless the space is beside
an "@" or a dot (`pieces`) or the header holds `oddities`, as RFC 5322 3.4 and 4.4 allow. That is what lets
`formats.prefilter` know, from the bytes alone, that it misses nothing found here.
"""

from __future__ import annotations

import inspect
import re
from email.utils import getaddresses
from functools import lru_cache

from daemon.core.address import normalise

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+"
_SPEC = rf"({_ATOM}@[A-Za-z0-9.-]+)"
# Possessive: nothing of what one part takes could be the next part's, and a header may hold a megabyte of blanks.
_MAILBOX = re.compile(rf'[ \t]*+(?:(?:[^"<>@,;:()\[\]\\]|"[^"\\]*+")*+<{_SPEC}>|{_SPEC})[ \t]*+(?:,|$)')

_WHOLE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+\.?\Z")
_QUOTED = re.compile(r'"[^"]*"')

SEPARATORS = bytes.maketrans(
    bytes(range(33)) + b'<>,;:"' + b"ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    b" " * 39 + b"abcdefghijklmnopqrstuvwxyz",
)
"""Lowers ASCII and turns every byte that ends an address into a blank; what is left is split on blanks."""

# Later patch releases reject more by default, and then say nothing at all of a header they find odd. Both
# candidates of "anna@example.org <x@example.net>" must be seen, so that such mail credits nobody.
_LAX = {"strict": False} if "strict" in inspect.signature(getaddresses).parameters else {}


def get_addresses(text: str) -> list[str]:
    """The bare address specs ``email.utils.getaddresses`` finds, the same on every patch release of Python.

    Raises:
        RecursionError, IndexError, AttributeError, ValueError: out of the standard library, on bad input.
    """
    return [spec for _, spec in getaddresses([text], **_LAX) if "@" in spec]


def oddities(value: str) -> bool:
    """Whether the value holds what can stand inside an address: comments, escapes, 8-bit text."""
    return "(" in value or "\\" in value or not value.isascii()


def pieces(spec: bytes) -> frozenset[bytes]:
    """The tokens one of which is there wherever this address is, unless there are `oddities`: the address itself,
    or what is left of it on one side of white space around the "@" or around a dot (RFC 5322 4.4).
    """
    local, _, domain = spec.rpartition(b"@")
    found = {spec, local + b"@", b"@" + domain, b"@"}
    for place, byte in enumerate(spec):
        if byte == b"."[0] and place > len(local):
            found |= {spec[:place], spec[: place + 1]}
        elif byte == b"."[0] and b"+" not in local:  # a tag cut off so would hide whose address it is
            found |= {spec[place:], spec[place + 1 :]}
    return frozenset(found)


@lru_cache(maxsize=2048)  # the same people write again and again
def parse_addresses(value: str) -> tuple[str, ...]:
    """Normalised addresses of one unfolded header value, each once, in order of appearance.

    Raises:
        IndexError, AttributeError, ValueError: see `get_addresses`.
    """
    if value.isascii():
        found = _plain(value)
        if found:
            return found
    return parse_slowly(value)


def _plain(text: str) -> tuple[str, ...] | None:
    specs: dict[str, None] = {}
    place, end = 0, len(text)
    while place < end:
        match = _MAILBOX.match(text, place)
        if match is None:
            return None
        address = normalise(match[1] or match[2])
        if address:
            specs[address] = None
        place = match.end()
    return tuple(specs)


def parse_slowly(value: str) -> tuple[str, ...]:
    """The same by the standard library; `parse_addresses` must agree wherever its pattern fits.

    Where the library finds nothing, or its stack is not deep enough, whatever looks like an address between separators
    is one: some programs write ``a@example.org b@example.org``, and nested comments are no reason to lose a letter.
    """
    try:
        specs = get_addresses(value)
    except RecursionError:
        specs = []
    if not oddities(value):
        tokens = set(value.encode("ascii").translate(SEPARATORS).split())
        specs = [spec for spec in specs if not tokens.isdisjoint(pieces(spec.lower().encode("utf-8", "replace")))]
    found = tuple(dict.fromkeys(filter(None, map(normalise, specs))))
    if found or "@" not in value:
        return found
    unquoted = _QUOTED.sub(" ", value).encode("utf-8", "replace").translate(SEPARATORS).split()
    looks = [token.decode("ascii") for token in unquoted if token.isascii()]
    return tuple(dict.fromkeys(filter(None, (normalise(text) for text in looks if _WHOLE.match(text)))))
