"""The lines of vCard files: 2.1, 3.0 (RFC 2425) and 4.0 (RFC 6350), as address books really write them.

vobject reads strictly: one picture with a bad base64 ends the whole file, and 2.1's bare parameters confuse it. So
the lines are read here, tolerantly, and only those asked for; tests hold the two against each other.
"""

from __future__ import annotations

import base64
import quopri
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from daemon.formats.encodings import decode

MAX_LINE = 64 * 1024
"""Bytes of a property that is read: no name, address or label is as long."""

_LINE_END = re.compile(rb"\r\n|\n|\r")
_HEAD = re.compile(rb"\s*(?:([\w-]+)\.)?([\w-]+)((?:;(?:\"[^\"]*\"|[^:\"])*)?):", re.DOTALL)
_LOOSE_HEAD = re.compile(rb"\s*(?:([\w-]+)\.)?([\w-]+)((?:;[^:]*)?):", re.DOTALL)
_PARAM = re.compile(r";((?:\"[^\"]*\"|[^;\"])*)")


@dataclass(slots=True)
class Property:
    """One property. ``name`` is in capitals, ``value`` decoded but not yet unescaped."""

    name: str
    value: str
    group: str = ""
    params: dict[str, list[str]] = field(default_factory=dict)


def components(data: bytes, kind: str = "VCARD") -> Iterator[list[bytes]]:
    """The logical lines of each component of this kind, folded lines joined; nested ones (AGENT) left out.

    A component without its END line ends where the next begins, or at the end of the file.
    """
    begin, end = b"BEGIN:" + kind.encode(), b"END:" + kind.encode()
    current: list[bytes] | None = None
    depth = 0
    for line in _logical(data):
        mark = line.strip().upper().replace(b" ", b"")
        if mark == begin:
            if current is not None and current and re.match(rb"(?:[\w-]+\.)?AGENT\b[^:]*:\s*\Z", current[-1], re.I):
                depth += 1
                continue
            if current:
                yield current
            current, depth = [], 0
        elif mark == end and depth:
            depth -= 1
        elif mark == end and current is not None:
            yield current
            current = None
        elif current is not None and not depth:
            current.append(line)
    if current:
        yield current


def properties(lines: Sequence[bytes], wanted: Collection[str]) -> Iterator[Property]:
    """The properties named in ``wanted`` (capitals; a trailing ``-`` stands for every name that begins so)."""
    prefixes = tuple(w for w in wanted if w.endswith("-"))
    for line in lines:
        if len(line) > MAX_LINE:
            continue
        match = _HEAD.match(line) or _LOOSE_HEAD.match(line)
        if not match:
            continue
        name = match[2].decode("ascii", "replace").upper()
        if name not in wanted and not (prefixes and name.startswith(prefixes)):
            continue
        params = _params(decode(match[3]))
        raw = line[match.end() :]
        encoding = params.get("ENCODING", [""])[0].upper()
        if encoding == "QUOTED-PRINTABLE":
            raw = quopri.decodestring(raw)
        elif encoding in ("B", "BASE64"):
            try:
                raw = base64.b64decode(raw)
            except ValueError:
                continue
        charset = params.get("CHARSET", [""])[0]
        group = (match[1] or b"").decode("ascii", "replace").lower()
        yield Property(name, decode(raw, charset).strip(), group, params)


def unescape(value: str) -> str:
    """A text value as it was meant (RFC 6350 3.4; Google escapes colons as well)."""
    return re.sub(r"\\(.)", lambda m: "\n" if m[1] in "nN" else m[1], value, flags=re.DOTALL)


def split_value(value: str, separator: str) -> list[str]:
    """The unescaped parts of a compound value (RFC 6350 3.3)."""
    parts = re.split(rf"((?:\\.|[^{separator}\\])*){separator}", value + separator, flags=re.DOTALL)
    return [unescape(p).strip() for p in parts[1::2]]


def escape(text: str) -> str:
    """Text as a value: no line of its own can be smuggled in."""
    text = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return re.sub(r"\r\n|\r|\n", r"\\n", text)


def fold(line: str) -> str:
    """The line in pieces of at most 75 octets, no character cut in two (RFC 6350 3.2), with its line end."""
    pieces, piece, size = [], "", 0
    for char in line:
        width = len(char.encode("utf-8", "surrogatepass"))
        if size + width > 75:
            pieces.append(piece)
            piece, size = " ", 1
        piece += char
        size += width
    return "\r\n".join([*pieces, piece]) + "\r\n"


def _logical(data: bytes) -> Iterator[bytes]:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or data[:3] == b"\xef\xbb\xbf":
        data = decode(data).encode("utf-8", "replace")
    current: list[bytes] = []
    soft = False  # inside a quoted-printable value whose line ended with "="
    for line in _LINE_END.split(data):
        if soft:
            current[-1] = current[-1].removesuffix(b"=")
            current.append(line.lstrip(b" \t") if line[:1] in b" \t" else line)
        elif line[:1] in (b" ", b"\t") and current:
            current.append(line[1:])
        else:
            if current:
                yield b"".join(current)
            current = [line]
        soft = line.endswith(b"=") and (soft or _is_quoted_printable(current))
    if current:
        yield b"".join(current)


def _is_quoted_printable(parts: Sequence[bytes]) -> bool:
    return b"QUOTED-PRINTABLE" in b"".join(parts).partition(b":")[0].upper()


def _params(text: str) -> dict[str, list[str]]:
    params: dict[str, list[str]] = {}
    for match in _PARAM.finditer(text):
        name, equals, value = match[1].partition("=")
        name = name.strip().upper()
        if not equals:  # 2.1: the value alone
            bare = name
            name = "ENCODING" if bare in ("QUOTED-PRINTABLE", "BASE64", "8BIT", "7BIT") else "TYPE"
            value = bare
        values = [value.strip('" ')] if value.startswith('"') else value.split(",")
        params.setdefault(name, []).extend(v.strip('" ') for v in values)
    return params
