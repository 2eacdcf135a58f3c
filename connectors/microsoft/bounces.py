"""The one part of a bounce that is read: whom it says cannot be reached (RFC 3464)."""

from __future__ import annotations

from email.message import Message
from email.parser import BytesParser
from email.policy import compat32

from daemon.formats.bounces import failed_recipients

MAX_BOUNCE = 512 * 1024
"""Bytes of a bounce looked at; what it returns of the letter stands after its report."""


def reported(raw: bytes) -> tuple[str, ...]:
    """The addresses the delivery report in a message names; () where there is none. Never raises."""
    try:
        message: Message = BytesParser(policy=compat32).parsebytes(raw[:MAX_BOUNCE])
        for part in message.walk():
            if part.get_content_type() == "message/delivery-status":
                held = part.get_payload()
                groups = held if isinstance(held, list) else [part]  # the library parses each group as a message
                return failed_recipients(b"\n".join(one.as_bytes() for one in groups if isinstance(one, Message)))
    except (RecursionError, ValueError, LookupError, AttributeError, TypeError, AssertionError):
        return ()  # all of them seen out of the standard library's parser on real mail
    return ()
