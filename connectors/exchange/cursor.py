"""How far a folder's changes have been read, as the text the store keeps: the server's own sync state."""

from __future__ import annotations

import json

from daemon.core.errors import CursorExpired


def written(state: str) -> str:
    """As stored."""
    return json.dumps({"s": state}, separators=(",", ":"))


def read(cursor: str) -> str:
    """The server's state; "" for "".

    Raises:
        CursorExpired: it was not written by this connector.
    """
    if not cursor:
        return ""
    try:
        return str(json.loads(cursor)["s"])
    except (ValueError, KeyError, TypeError):
        raise CursorExpired("The stored position is not one of this server's.") from None
