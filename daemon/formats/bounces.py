"""The one part of a bounce that is read: message/delivery-status (RFC 3464)."""

from __future__ import annotations

from daemon.formats.addresses import parse_addresses
from daemon.formats.lines import head, pairs

MAX_REPORT = 256 * 1024
"""Bytes of a report that are read."""

_RECIPIENTS = ("original-recipient", "final-recipient")


def failed_recipients(part: bytes) -> tuple[str, ...]:
    """Normalised addresses the report says cannot be reached; () for anything that is no such report. Never raises.

    Args:
        part: the decoded delivery-status part: groups of fields, one a recipient, between empty lines.
    """
    found: dict[str, None] = {}
    for group in part[:MAX_REPORT].replace(b"\r\n", b"\n").split(b"\n\n"):
        fields = pairs(head(group.strip()))
        action = next((value for name, value in fields if name == "action"), "failed")
        if not action.lower().startswith("failed"):
            continue  # delayed, relayed, delivered: the address is well
        for wanted in _RECIPIENTS:
            for value in (value for name, value in fields if name == wanted):
                kind, _, address = value.rpartition(";")
                if kind.strip().lower() in ("", "rfc822", "utf-8"):
                    try:
                        found.update(dict.fromkeys(parse_addresses(address.strip())))
                    except (ValueError, LookupError, RecursionError, AttributeError, TypeError):
                        continue
    return tuple(found)
