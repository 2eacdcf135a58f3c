"""What a corpus folder holds: files by kind, whole mboxes cut into messages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

KINDS = ("mail", "ical", "vcard", "contacts", "api")
"""Folders that are read. Another folder of the same kinds may lack some."""

_ABOUT = frozenset({"MANIFEST.tsv", "README", "README.md"})
_POSTMARK = rb"From (?:\S+@\S+[ \r]*|\S*[^\n]*\d\d:\d\d(?::\d\d)?[^\n]*)\n"
_MOZILLA = rb"From -[ \r]*\n"  # not always after an empty line
_FIELD = rb"(?:[!-9;-~]+:|>From )"
_MARK = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n|\n|\r")
_MBOX = re.compile(rb"(?:(?<=\n\n)|(?<=\n\r\n))(?=%b%b)|(?<=\n)(?=%b%b)" % (_POSTMARK, _FIELD, _MOZILLA, _FIELD))


@dataclass(frozen=True, slots=True)
class Sample:
    """One file, or one message of an mbox. ``path`` is relative to the corpus, with ``#n`` inside an mbox."""

    kind: str
    path: str
    data: bytes


def samples(root: Path, kind: str) -> Iterator[Sample]:
    """Every sample of one kind, in a stable order; the corpus's own descriptions are left out."""
    for path in sorted((root / kind).rglob("*")):
        if not path.is_file() or path.name in _ABOUT:
            continue
        name = path.relative_to(root).as_posix()
        data = path.read_bytes()
        messages = split_mbox(data) if kind == "mail" else [data]
        for number, message in enumerate(messages, 1):
            yield Sample(kind, f"{name}#{number}" if len(messages) > 1 else name, message)


def split_mbox(data: bytes) -> list[bytes]:
    """The messages of an mbox (RFC 4155) without their postmarks; anything else is one message, as it is."""
    if not data.startswith((b"From ", _MARK + b"From ")):
        return [data]
    data = data.removeprefix(_MARK)
    # A postmark of nobody's form is none the less no header; files of old Macs (CR alone) are never whole mboxes.
    starts = sorted({0, *(found.start() for found in _MBOX.finditer(data))})
    ends = [*starts[1:], len(data)]
    return [_LINE_END.split(data[start:end], 1)[-1] for start, end in zip(starts, ends, strict=True)]
