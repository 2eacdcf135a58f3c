"""Text out of header bytes: RFC 2047 encoded words, and raw 8-bit headers of programs that never encoded anything."""

from __future__ import annotations

import binascii
import codecs
import re
from functools import lru_cache

MAX_TEXT = 998
"""Longest subject kept, in characters: what RFC 5322 2.1.1 allows a line."""

# The payload may hold white space: some programs fold inside an encoded word, unfolding leaves a blank there.
_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_HEX = re.compile(rb"=([0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+")
_ALIASES = {"unknown-8bit": "", "default": "", "x-unknown": "", "us-ascii": "", "ascii": "", "cp-1251": "cp1251"}


def decode_bytes(raw: bytes) -> str:
    """Raw header bytes as text: UTF-8 where they are that, else the likeliest of KOI8-R, cp1251 and cp1252.

    RFC 6532 makes UTF-8 legal here; the older ones are what programs of their time wrote. Never raises.
    """
    if raw.isascii():
        return raw.decode("ascii")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return _guess(raw)


def _guess(raw: bytes) -> str:
    runs = re.findall(rb"[\x80-\xff]+", raw)
    if sum(map(len, runs)) < 2 * len(runs):  # lone high bytes among Latin letters: an accent, no Cyrillic word
        return raw.decode("cp1252", "replace")
    # What is lower case in one Cyrillic table is upper case in the other; people write mostly lower case.
    candidates = [raw.decode(name, "replace") for name in ("cp1251", "koi8-r")]
    return max(candidates, key=lambda text: sum("а" <= c <= "я" for c in text) - text.count("\ufffd"))


@lru_cache(maxsize=256)
def _decoder(charset: str) -> str:
    name = charset.partition("*")[0].lower()  # RFC 2231 5: a language may follow a star
    name = _ALIASES.get(name, name)
    if not name:
        return ""
    try:
        return codecs.lookup(name).name
    except (LookupError, ValueError):
        return ""


def _payload(encoding: str, text: str) -> bytes:
    if encoding in "qQ":
        data = text.replace("_", " ").encode("ascii", "ignore")
        return _HEX.sub(lambda m: bytes([int(m[1], 16)]), data)
    data = re.sub(rb"[^A-Za-z0-9+/]", b"", text.encode("ascii", "ignore"))
    if len(data) % 4 == 1:  # cut short: a last character alone holds no byte
        data = data[:-1]
    return binascii.a2b_base64(data + b"=" * (-len(data) % 4))


def decode_words(text: str) -> str:
    """Text with its encoded words decoded (RFC 2047 6); what cannot be decoded stays readable. Never raises.

    Neighbours in one charset are joined before decoding, as programs split them inside a character.
    """
    if "=?" not in text:
        return text
    out: list[str] = []
    pending = b""
    charset = ""
    end = 0
    for found in _WORD.finditer(text):
        between = text[end : found.start()]
        name = _decoder(found[1])
        if between.strip() or not end or (pending and name != charset):
            out.append(_decode(pending, charset))
            pending = b""
            if between.strip() or not end:
                out.append(between)
        pending += _payload(found[2], found[3])
        charset = name
        end = found.end()
    out.append(_decode(pending, charset))
    out.append(text[end:])
    return "".join(out)


def _decode(data: bytes, charset: str) -> str:
    if not data:
        return ""
    if charset:
        try:
            return codecs.decode(data, charset) if charset != "utf-8" else data.decode()
        except (UnicodeError, LookupError, ValueError, TypeError):
            pass
    return decode_bytes(data)


def clean(text: str, limit: int = MAX_TEXT) -> str:
    """Text fit for one line: control and text-direction characters out, white space single, length capped."""
    if text.isascii() and text.isprintable() and "  " not in text and len(text) <= limit:
        return text.strip()
    return " ".join(_CONTROL.sub(" ", text[: 4 * limit]).split())[:limit]
