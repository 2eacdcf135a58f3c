"""The last look at a parsed message: the byte-wise prefilter says yes too often, and so do servers' searches."""

from __future__ import annotations

from daemon.core.address import match
from daemon.core.model import Interest, Mail, Signal


def concerns(mail: Mail, interest: Interest) -> bool:
    """Whether a message may concern somebody known.

    A bounce may whoever it names (ingest finds out by References), and so may mail the user flagged.
    """
    if mail.asks or Signal.BOUNCE in mail.signals:
        return True
    return any(match(address, interest.known) for address in (*mail.senders, *mail.to, *mail.cc, *mail.bounced))
