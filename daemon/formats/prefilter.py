"""Whether a header block may concern somebody known, told from its bytes before anything is parsed.

A few microseconds a message instead of a few hundred: most mail of a mailbox is strangers'. It may say yes too
often, never no too often: tests hold it against the parser by hypothesis and over real mail.
"""

from __future__ import annotations

from daemon.core.model import Interest
from daemon.formats.addresses import SEPARATORS, oddities
from daemon.formats.lines import ADDRESS_FIELDS, split_fields


class Prefilter:
    """Knows the addresses of one `Interest`, as bytes. The user's own are in all their mail: they decide nothing."""

    def __init__(self, interest: Interest) -> None:
        self._known = frozenset(address.encode() for address in interest.known)

    def maybe(self, raw: bytes) -> bool:
        """Whether the full parser could find a known address in this header block.

        True also for what may be a bounce: whom it tells of stands in its body.
        """
        known = self._known
        blank = raw.translate(SEPARATORS)
        tokens = blank.split()
        if not known.isdisjoint(tokens):
            return True
        if not known:
            return False
        if not raw.isascii():  # IDN, raw 8-bit: only the parser knows
            return True
        if b"mailer-daemon" in blank or b"delivery-status" in blank:
            return True
        if (b"+" in blank or b". " in blank) and any(
            _bare(token) in known for token in tokens if b"@" in token and (b"+" in token or token.endswith(b"."))
        ):
            return True
        if b"(" in raw or b" @" in blank or b"@ " in blank or b"\\" in raw:
            # mostly a comment in Date or a word in the subject: look at the address fields alone
            fields = split_fields(raw)
            return any(oddities(value) for name in ADDRESS_FIELDS for value in fields.get(name, ()))
        return False


def _bare(token: bytes) -> bytes:
    # what core.address makes of "anna+news@example.org." before it compares
    local, _, domain = token.rpartition(b"@")
    base, plus, _ = local.partition(b"+")
    return (base if plus and base else local) + b"@" + domain.rstrip(b".")
