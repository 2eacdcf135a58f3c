"""Whether a header block may concern somebody known, told from its bytes before anything is parsed.

A few microseconds a message instead of a few hundred: most mail of a mailbox is strangers'. It may say yes too
often, never no too often: tests hold it against the parser by hypothesis and over real mail.
"""

from __future__ import annotations

from daemon.core.model import Interest
from daemon.formats.addresses import SEPARATORS, oddities, pieces
from daemon.formats.lines import ADDRESS_FIELDS, split_fields

_BLANK = 0x20
_REPORTS = frozenset({b"delivery-status", b"report-type=delivery-status"})  # RFC 3464, in Content-Type


class Prefilter:
    """Knows the addresses of one `Interest`, as bytes. The user's own are in all their mail: they decide nothing."""

    def __init__(self, interest: Interest) -> None:
        self._known = frozenset(piece for address in interest.known for piece in pieces(address.encode()))
        if self._known:
            self._known |= _REPORTS

    def maybe(self, raw: bytes) -> bool:
        """Whether the full parser could find a known address in this header block.

        True also for what may be a bounce: whom it tells of stands in its body.
        """
        known = self._known
        blank = raw.translate(SEPARATORS)
        if not known.isdisjoint(blank.split()):
            return True
        if not known:
            return False
        if not raw.isascii():  # IDN, raw 8-bit: only the parser knows
            return True
        if b"mailer-daemon" in blank:
            return True
        place = blank.find(b"+")
        while place > 0:
            if blank[place - 1] != _BLANK and self._known_at(blank, place):  # not the zone in Date
                return True
            place = blank.find(b"+", place + 1)
        place = blank.find(b". ")
        while place > 0:
            if self._known_at(blank, place):
                return True
            place = blank.find(b". ", place + 2)
        if b"(" in raw or b"\\" in raw:
            # mostly a comment in Date or a word in the subject: look at the address fields alone
            fields = split_fields(raw)
            return any(oddities(value) for name in ADDRESS_FIELDS for value in fields.get(name, ()))
        return False

    def _known_at(self, blank: bytes, place: int) -> bool:
        """Whether the token here is a known address but for a ``+tag`` or dots at its end, as core.address undoes."""
        end = blank.find(b" ", place)
        token = blank[blank.rfind(b" ", 0, place) + 1 : end if end >= 0 else len(blank)]
        local, at, domain = token.rpartition(b"@")
        if not at:
            return False
        rest = b"@" + domain.rstrip(b".")
        return local + rest in self._known or (local.partition(b"+")[0] or local) + rest in self._known
