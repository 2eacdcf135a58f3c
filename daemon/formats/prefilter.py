"""Whether a header block may concern somebody known, told from its bytes before anything is parsed.

A few microseconds a message instead of a few hundred: most mail of a mailbox is strangers'. It may say yes too
often, never no too often: tests hold it against the parser by hypothesis and over real mail.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from daemon.core.model import Interest
from daemon.formats.addresses import SEPARATORS, pieces
from daemon.formats.lines import ADDRESS_FIELDS

_BLANK = 0x20
_GOES_ON = (b"", b" ", b"\t")
_ADDRESSES = frozenset(name.encode() for name in ADDRESS_FIELDS)
# What follows each "@" up to a separator; of one with a capital letter, which no known one has, nothing.
_DOMAINS = re.compile(rb'@([^\x00- <>,;:"@A-Z]*+(?![A-Z])|)').findall
_BOUNCE = b"mailer-daemon"
_REPORT = b"delivery-status"  # RFC 3464, in Content-Type


@lru_cache(maxsize=4)
def prefilter(interest: Interest) -> Prefilter:
    """The `Prefilter` of this interest, made once: a cycle asks for it with every folder."""
    return Prefilter(interest)


class Prefilter:
    """Knows the addresses of one `Interest`, as bytes. The user's own are in all their mail: they decide nothing."""

    def __init__(self, interest: Interest) -> None:
        specs = [address.encode() for address in interest.known]
        rooted = [spec + b"." for spec in specs]  # a domain name may end with the root's dot
        self._known = frozenset(piece for spec in specs + rooted for piece in pieces(spec))
        # Every piece has an "@", so what follows one tells most strangers at a third of the price. Not where the user's
        # own domain is also a contact's: then nearly every header has it.
        domains = frozenset(piece.rpartition(b"@")[2] for piece in self._known)  # among them nothing, of "anna@"
        mine = {address.rpartition("@")[2].encode() for address in interest.me}
        self._domains = domains if domains.isdisjoint(mine) else None

    def maybe(self, raw: bytes) -> bool:
        """Whether the full parser could find a known address in this header block.

        True also for what may be a bounce: whom it tells of stands in its body.
        """
        return next(self.sift((raw,)), None) is not None

    def sift(self, raws: Sequence[bytes]) -> Iterator[int]:
        """The places of those header blocks that are `maybe` of interest. What is rare is looked for in all at once."""
        known, domains = self._known, self._domains
        if not known:
            return
        whole = b"\n".join(raws)
        lowered = whole.lower()
        bounces = _BOUNCE in lowered or _REPORT in lowered
        escapes = b"\\" in whole
        for place, raw in enumerate(raws):
            if (
                ((domains is None or not domains.isdisjoint(_DOMAINS(raw))) and self._names(raw))
                or not raw.isascii()  # IDN, raw 8-bit: only the parser knows
                or (bounces and _bounces(raw))
                or ((b"(" in raw or (escapes and b"\\" in raw)) and _odd(raw))
            ):
                yield place

    def _names(self, raw: bytes) -> bool:
        """Whether some token is a known address, or a piece of one."""
        blank = raw.translate(SEPARATORS)
        return not self._known.isdisjoint(blank.split()) or self._tagged(blank)

    def _tagged(self, blank: bytes) -> bool:
        """Whether some token is a known address but for a ``+tag``, as core.address undoes it."""
        place = blank.find(b"+")
        while place > 0:
            end = blank.find(b" ", place)
            end = end if end >= 0 else len(blank)
            if blank[place - 1] != _BLANK:  # not the zone in Date
                domain = blank[max(blank.rfind(b"@", place, end), place) : end]
                # "@domain" is a piece of every address there
                if domain in self._known and blank[blank.rfind(b" ", 0, place) + 1 : place] + domain in self._known:
                    return True
            place = blank.find(b"+", end)
        return False


def _bounces(raw: bytes) -> bool:
    lowered = raw.lower()
    return _BOUNCE in lowered or _REPORT in lowered


def _odd(raw: bytes) -> bool:
    """Whether an address field, or a line that may go on from one, holds what `addresses.oddities` asks for.

    Mostly it is a comment in Date, or a word in the subject.
    """
    if raw.count(b"\r") != raw.count(b"\r\n"):
        return True
    for sign in (b"(", b"\\"):
        place = raw.find(sign)
        while place >= 0:
            name = raw[raw.rfind(b"\n", 0, place) + 1 : place].partition(b":")[0].lower()
            if name[:1] in _GOES_ON or name.rstrip() in _ADDRESSES:
                return True
            end = raw.find(b"\n", place)
            place = raw.find(sign, end) if end >= 0 else -1
    return False
