"""Deterministic names of wants. They make "exactly one" possible, even for a store rebuilt from nothing."""

from __future__ import annotations

import base64
import hmac
from hashlib import sha256


def make_key(secret: bytes, contact_uid: str, kind: str, purpose: str, period: str) -> str:
    """The key of one want: 32 characters of a-v and 0-9 (base32hex, what Google accepts as an event id).

    ``contact_uid`` is the contact's stable uid, never a row id. ``kind`` is reminder or draft.
    """
    text = "\n".join((contact_uid, kind, purpose, period))
    digest = hmac.new(secret, text.encode(), sha256).digest()
    return base64.b32hexencode(digest[:20]).decode("ascii").lower()


def draft_message_id(key: str, domain: str) -> str:
    """The Message-ID of the draft with this key, angle brackets included: looks like any other."""
    return f"<{key[:8]}.{key[8:20]}.{key[20:]}@{domain}>"


def event_uid(key: str, domain: str) -> str:
    """The iCalendar UID of the reminder with this key (RFC 7986 5.3: no meaning to anyone else)."""
    return f"{key}@{domain}"
