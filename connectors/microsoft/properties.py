"""Properties of ours on what we write: the key by which it is found again, and what makes a letter an answer.

An extended property is no header: a recipient elsewhere gets nothing of it. Inside one Exchange organisation it may
travel with a letter; all it tells is a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.microsoft.http import text_of

KEY = "String {8f3f6a9e-4c0b-4d1c-9a57-2f6d1be0c7a4} Name key"
IN_REPLY_TO = "String 0x1042"
"""PidTagInReplyToId (MS-OXOMSG 2.2.1.25), from which Exchange writes In-Reply-To."""
REFERENCES = "String 0x1039"
"""PidTagInternetReferences (MS-OXOMSG 2.2.1.26)."""

EXPAND = f"singleValueExtendedProperties($filter=id eq '{KEY}' or id eq '{IN_REPLY_TO}')"
"""What is asked for along with an item: properties come only where they are named."""


def with_key(key: str) -> str:
    """A filter for the items that have this key."""
    return f"singleValueExtendedProperties/Any(ep: ep/id eq '{KEY}' and ep/value eq {text_of(key)})"


def single(name: str, value: str) -> dict[str, str]:
    """A property to be written."""
    return {"id": name, "value": value}


def of(item: Mapping[str, Any], name: str) -> str:
    """A property that was asked for; "" where the item has none of this name."""
    held = item.get("singleValueExtendedProperties")
    for one in held if isinstance(held, list) else []:
        # Exchange writes the GUID and the name's case as it likes
        if isinstance(one, dict) and str(one.get("id", "")).casefold() == name.casefold():
            return str(one.get("value") or "")
    return ""
