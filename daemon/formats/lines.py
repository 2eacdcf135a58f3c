"""A raw header block cut into fields (RFC 5322 2.2), whatever its line ends."""

from __future__ import annotations

import re
from functools import lru_cache

ADDRESS_FIELDS = (b"from", b"to", b"cc", b"bcc", b"x-failed-recipients")
"""The fields whose addresses are looked at."""

_FOLD = re.compile(rb"\n[ \t]+")


def head(raw: bytes) -> bytes:
    """The header block of a whole message, line ends as LF; files of old Macs end their lines with CR alone.

    An mbox "From " line before it is dropped, and a byte order mark.
    """
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    line = raw.find(b"\n")
    old_mac = raw.find(b"\r\r", 0, line if line >= 0 else len(raw))
    if old_mac >= 0 or (line < 0 and b"\r" in raw):
        raw = (raw[:old_mac] if old_mac >= 0 else raw).replace(b"\r", b"\n")
    else:
        cut = raw.find(b"\r\n\r\n")
        bare = raw.find(b"\n\n", 0, cut if cut >= 0 else len(raw))
        if bare >= 0 or cut >= 0:
            raw = raw[: bare if bare >= 0 else cut]
        raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b" ")
    if raw.startswith((b"From ", b">From ")):
        raw = raw.partition(b"\n")[2]
    return raw


def split_fields(raw: bytes) -> dict[bytes, list[bytes]]:
    """Unfolded values by lower-case field name, in order. Lines that are no field are passed over."""
    block = head(raw)
    if b"\n " in block or b"\n\t" in block:
        block = _FOLD.sub(b" ", block)
    fields: dict[bytes, list[bytes]] = {}
    for line in block.split(b"\n"):
        name, colon, value = line.partition(b":")
        if colon:
            name = _canonical(name)
            if name in fields:
                fields[name].append(value.strip())
            elif name:
                fields[name] = [value.strip()]
    return fields


@lru_cache(maxsize=1024)
def _canonical(name: bytes) -> bytes:
    name = name.rstrip(b" \t").lower()
    return b"" if b" " in name else name
