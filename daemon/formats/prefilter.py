"""Whether a header block may concern somebody known, told from its bytes before anything is parsed.

A few microseconds a message instead of a few hundred: most mail of a mailbox is strangers'. It may say yes too
often, never no too often: tests hold it against the parser by hypothesis and over real mail.
"""

from __future__ import annotations

import re

from daemon.core.model import Interest
from daemon.formats.addresses import SEPARATORS, pieces
from daemon.formats.lines import ADDRESS_FIELDS

_BLANK = 0x20
_REPORTS = frozenset({b"delivery-status", b"report-type=delivery-status"})  # RFC 3464, in Content-Type


# what `addresses.oddities` asks of the values of these fields, over folded lines
_ODD = re.compile(rb"\n(?i:%s)[ \t]*:[^\n(\\]*(?:\n[ \t][^\n(\\]*)*[(\\]" % b"|".join(ADDRESS_FIELDS))


class Prefilter:
    """Knows the addresses of one `Interest`, as bytes. The user's own are in all their mail: they decide nothing."""

    def __init__(self, interest: Interest) -> None:
        specs = [address.encode() for address in interest.known]
        rooted = [spec + b"." for spec in specs]  # a domain name may end with the root's dot
        self._known = frozenset(piece for spec in specs + rooted for piece in pieces(spec))
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
        if b"(" in raw or b"\\" in raw:  # mostly a comment in Date or a word in the subject
            return raw.count(b"\r") != raw.count(b"\r\n") or _ODD.search(b"\n" + raw) is not None
        return False

    def _known_at(self, blank: bytes, place: int) -> bool:
        """Whether the token here is a known address but for a ``+tag``, as core.address undoes it."""
        end = blank.find(b" ", place)
        token = blank[blank.rfind(b" ", 0, place) + 1 : end if end >= 0 else len(blank)]
        local, at, domain = token.rpartition(b"@")
        if not at:
            return False
        return (local.partition(b"+")[0] or local) + b"@" + domain in self._known
