"""A raw header block cut into fields (RFC 5322 2.2), whatever its line ends and encoding."""

from __future__ import annotations

from functools import lru_cache

from daemon.formats.encoded import decode_bytes

ADDRESS_FIELDS = ("from", "to", "cc", "bcc", "x-failed-recipients")
"""The fields whose addresses are looked at."""

QUICK = 1 << 16
"""Up to so many bytes are cut into lines before it is known where the header ends."""

_MBOX = (b"From ", b">From ")
_LISTS = frozenset(ADDRESS_FIELDS)


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
    if raw.startswith(_MBOX):
        raw = raw.partition(b"\n")[2]
    return raw


def split_fields(raw: bytes) -> dict[str, str]:
    """Unfolded values by lower-case field name.

    Of a field that is there more than once the first counts; of `ADDRESS_FIELDS` all do, as one list.
    """
    found = pairs(raw)
    fields = dict(reversed(found))
    if len(fields) < len(found):
        for name in _LISTS & fields.keys():
            fields[name] = ", ".join(value for other, value in found if other == name)
    fields.pop("", None)
    return fields


def pairs(raw: bytes) -> list[tuple[str, str]]:
    """All fields in order: lower-case name and unfolded value. What is no field has no name."""
    found: list[tuple[str, str]] = []
    folded: list[str] = []  # the last field's lines, where it has several: joined once, however many there are
    for line in _lines(raw):
        name, colon, value = line.partition(":")
        begins = bool(colon and (name := _canonical(name)))
        if not begins and line[:1] in (" ", "\t"):
            if found and (piece := line.strip()):
                folded.append(piece)
            continue
        if folded:
            _unfold(found, folded)
        found.append((name, value.strip()) if begins else ("", ""))
    if folded:
        _unfold(found, folded)
    return found


def _unfold(found: list[tuple[str, str]], folded: list[str]) -> None:
    name, value = found[-1]
    if name:
        found[-1] = (name, " ".join((value, *folded)) if value else " ".join(folded))
    folded.clear()


def _lines(raw: bytes) -> list[str]:
    if len(raw) <= QUICK and raw.isascii() and not raw.startswith(_MBOX):
        text = raw.decode("ascii")
        lines = text.splitlines()
        if len(text) == sum(map(len, lines)) + 2 * len(lines):  # all of them end with CRLF, as servers send them
            return lines[: lines.index("")] if "" in lines else lines
    block = head(raw)
    if block.isascii():
        return block.decode("ascii").split("\n")
    # programs that write raw 8-bit text are not of one mind inside one header
    return [decode_bytes(line) for line in block.split(b"\n")]


@lru_cache(maxsize=1024)
def _canonical(name: str) -> str:
    name = name.rstrip(" \t").lower()
    return "" if " " in name or "\t" in name else name
