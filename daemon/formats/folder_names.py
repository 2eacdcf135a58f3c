"""IMAP folder names as people read them: the modified UTF-7 of RFC 3501 section 5.1.3."""

from __future__ import annotations

import base64
import re

_SHIFTED = re.compile(r"&([^-]*)-")


def folder_name(raw: str) -> str:
    """The name behind ``raw``; ``raw`` itself where it is not encoded as it should be."""
    try:
        return _SHIFTED.sub(lambda m: _letters(m[1]) if m[1] else "&", raw)
    except ValueError:
        return raw


def _letters(shifted: str) -> str:
    padded = shifted.replace(",", "/") + "=" * (-len(shifted) % 4)
    return base64.b64decode(padded, validate=True).decode("utf-16-be")
