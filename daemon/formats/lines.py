"""A raw header block cut into fields (RFC 5322 2.2), whatever its line ends."""

from __future__ import annotations

import re

ADDRESS_FIELDS = (b"from", b"to", b"cc", b"bcc")
"""The fields whose addresses are looked at."""

_FOLD = re.compile(rb"\n[ \t]+")


def head(raw: bytes) -> bytes:
    """The header block of a whole message, line ends as LF; files of old Macs end their lines with CR alone.

    An mbox "From " line before it is dropped.
    """
    cut = raw.find(b"\r\n\r\n")
    bare = raw.find(b"\n\n")
    if cut >= 0 and (bare < 0 or cut < bare):
        raw = raw[:cut]
    elif bare >= 0:
        raw = raw[:bare]
    if b"\n" in raw:
        raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b" ")
    elif b"\r" in raw:
        raw = raw.partition(b"\r\r")[0].replace(b"\r", b"\n")
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
            name = name.rstrip(b" \t").lower()
            if name and b" " not in name:
                fields.setdefault(name, []).append(value.strip())
    return fields
