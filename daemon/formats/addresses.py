"""Addresses out of header values: one reader for the whole product.

What fits a simple pattern is read by it; anything else goes through the standard library. A piece the library
assembles over white space ("anna@exam ple.org") is no address here, unless the header holds one of the
`oddities` (comments, a bare "@", escapes, 8-bit text) that RFC 5322 3.4 and 4.4 allow between the parts. That
is what lets `formats.prefilter` prove, from the bytes alone, that it misses nothing found here.
"""

from __future__ import annotations

import inspect
import re
from email.utils import getaddresses

from daemon.core.address import normalise
from daemon.formats.encoded import decode_bytes

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+"
_SPEC = rf"({_ATOM}@[A-Za-z0-9.-]+)"
_MAILBOX = re.compile(rf'[ \t]*(?:(?:[^"<>@,;:()\[\]\\]|"[^"\\]*")*<{_SPEC}>|{_SPEC})[ \t]*(?:,|$)')

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


def oddities(value: bytes) -> bool:
    """Whether the value holds anything that can stand between the pieces of one address."""
    if b"(" in value or b"\\" in value or not value.isascii():
        return True
    blank = b" " + value.translate(SEPARATORS) + b" "
    return b" @" in blank or b"@ " in blank


def parse_addresses(value: bytes) -> tuple[str, ...]:
    """Normalised addresses of one unfolded header value, each once, in order of appearance.

    Raises:
        RecursionError, IndexError, AttributeError, ValueError: see `get_addresses`.
    """
    if value.isascii():
        found = _plain(value.decode("ascii"))
        if found is not None:
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


def parse_slowly(value: bytes) -> tuple[str, ...]:
    """The same by the standard library alone; `parse_addresses` must agree wherever its pattern fits."""
    specs = get_addresses(decode_bytes(value))
    if not oddities(value):
        tokens = set(value.translate(SEPARATORS).split())
        specs = [spec for spec in specs if spec.lower().encode("utf-8", "replace") in tokens]
    return tuple(dict.fromkeys(filter(None, map(normalise, specs))))
