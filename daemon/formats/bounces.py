"""The one part of a bounce that is read: message/delivery-status (RFC 3464)."""

from __future__ import annotations

from daemon.formats.addresses import parse_addresses
from daemon.formats.lines import head, split_fields

MAX_REPORT = 256 * 1024
"""Bytes of a report that are read."""

_RECIPIENTS = (b"original-recipient", b"final-recipient")


def failed_recipients(part: bytes) -> tuple[str, ...]:
    """Normalised addresses the report says cannot be reached; () for anything that is no such report. Never raises.

    Args:
        part: the decoded delivery-status part: groups of fields, one a recipient, between empty lines.
    """
    found: dict[str, None] = {}
    for group in part[:MAX_REPORT].replace(b"\r\n", b"\n").split(b"\n\n"):
        fields = split_fields(head(group.strip()))
        action = b" ".join(fields.get(b"action", [b"failed"])).strip().lower()
        if not action.startswith(b"failed"):
            continue  # delayed, relayed, delivered: the address is well
        for name in _RECIPIENTS:
            for value in fields.get(name, ()):
                kind, _, address = value.rpartition(b";")
                if kind.strip().lower() in (b"", b"rfc822", b"utf-8"):
                    try:
                        found.update(dict.fromkeys(parse_addresses(address.strip())))
                    except (ValueError, LookupError, RecursionError, AttributeError, TypeError):
                        continue
    return tuple(found)
