"""One streamed FETCH, read as it comes.

The library's own parsed ``fetch`` holds the whole answer in memory and takes ten times as long as the wire, so
here its file is read instead (``read1``: the library may have read ahead of us) and every message is handed on
as soon as it is complete. This and `session` are the only places that know the library's inside.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache

from imapclient.exceptions import IMAPClientAbortError

from connectors.imap.errors import refusal
from connectors.imap.session import Session
from daemon.formats.dates import moment
from daemon.formats.headers import FIELDS

HEADERS = f"(UID FLAGS INTERNALDATE BODY.PEEK[HEADER.FIELDS ({' '.join(FIELDS)})])"
"""What is fetched of every message; PEEK leaves \\Seen alone."""

CHUNK = 1 << 16

# the shape nearly every answer has: the uid first, one literal, last
_PLAIN = re.compile(
    rb'\* (\d+) FETCH \(UID (\d+) ((?:[A-Z]+ (?:\([^)]*\)|"[^"]*") )*)BODY\[[^]]*\](?:<\d+>)? \{(\d+)\}\r\n'
)
_FETCH = re.compile(rb"\* (\d+) FETCH \((.*)\)\Z", re.DOTALL)
_LITERAL = re.compile(rb"\{(\d+)\+?\}\Z")
_UID = re.compile(rb"\bUID (\d+)")
_FLAGS = re.compile(rb"\bFLAGS \(([^)]*)\)")
_DATE = re.compile(r'INTERNALDATE "([ \d]\d)-([A-Z][a-z]{2})-(\d{4}) (\d\d:\d\d:\d\d) ([+-]\d\d)(\d\d)"', re.ASCII)
_QUOTED = re.compile(rb'BODY\[[^\]]*\](?:<\d+>)? "((?:[^"\\]|\\.)*)"')


Row = tuple[int, int, bytes, bytes]
"""One message's answer: sequence number, uid, its line without the literal, the literal."""


def flags_of(meta: bytes) -> frozenset[str]:
    """The flags in a row's line, in lower case."""
    found = _FLAGS.search(meta)
    return _flags(found[1]) if found else frozenset()


@lru_cache(maxsize=256)
def _flags(listed: bytes) -> frozenset[str]:
    return frozenset(listed.decode("ascii", "replace").lower().split())


def received_of(meta: bytes) -> datetime | None:
    """INTERNALDATE in UTC; None where it is missing or absurd."""
    found = _DATE.search(meta.decode("latin-1"))
    if not found:
        return None
    day, month, year, time, hours, minutes = found.groups()
    try:
        return moment(year, month, day.strip(), time, f"{hours}:{minutes}")
    except (ValueError, KeyError, OverflowError):
        return None


class FetchStream:
    """The rows of one command, in the order the server sends them.

    ``renumbered`` becomes true where the server expunged in the middle: sequence numbers prove nothing then.
    Unsolicited answers (EXISTS, flag changes without a body) are passed over.
    """

    def __init__(self, session: Session, command: str) -> None:
        self._session = session
        self._command = command.encode("ascii")
        self.renumbered = False

    def __iter__(self) -> Iterator[Row]:
        """Row by row."""
        for batch in self.batches():
            yield from batch

    def batches(self) -> Iterator[list[Row]]:
        """Send the command and read to its end; what each read completed, together.

        Not guarded: the caller holds `Session.guard` around each page's worth.

        Raises:
            Refused, TryLater: the server ended the command with NO or BAD.
            OSError, IMAPClientAbortError: the connection broke (see `errors.translated`).
        """
        imap = self._session.client._imap
        tag = imap._new_tag()
        imap.send(tag + b" " + self._command + b"\r\n")
        read = imap.file.read1
        done = tag + b" "
        buffer, place = b"", 0

        def more(buffer: bytes, place: int, need: int = 1) -> bytes:
            """What is unread, at least ``need`` bytes longer than it was."""
            pieces = [buffer[place:]]
            while need > 0:
                piece = read(max(CHUNK, min(need, CHUNK * 16)))
                if not piece:
                    raise IMAPClientAbortError("connection closed in the middle of an answer")
                pieces.append(piece)
                need -= len(piece)
            return b"".join(pieces)

        match = _PLAIN.match
        rows: list[Row] = []
        while True:
            plain = match(buffer, place)
            if plain is not None:
                sequence, uid, meta, size = plain.groups()
                start = plain.end()
                end = start + int(size)
                if len(buffer) < end + 3:
                    if rows:
                        yield rows
                        rows = []
                    buffer, place = more(buffer, place, end + 3 - len(buffer)), 0
                    continue
                if buffer[end : end + 3] == b")\r\n":
                    place = end + 3
                    rows.append((int(sequence), int(uid), meta, buffer[start:end]))
                    continue
            line_end = buffer.find(b"\r\n", place)
            if line_end < 0:
                if rows:
                    yield rows
                    rows = []
                buffer, place = more(buffer, place), 0
                continue
            # anything else, piece by piece: text, literal, text ...
            text, literals = buffer[place:line_end], []
            place = line_end + 2
            literal = _LITERAL.search(text)
            while literal is not None and not text.startswith(done):
                length = int(literal[1])
                if len(buffer) < place + length:
                    buffer, place = more(buffer, place, place + length - len(buffer)), 0
                literals.append(buffer[place : place + length])
                place += length
                while (line_end := buffer.find(b"\r\n", place)) < 0:
                    buffer, place = more(buffer, place), 0
                text = text[: literal.start()] + b"{}" + buffer[place:line_end]
                place = line_end + 2
                literal = _LITERAL.search(text)
            if text.startswith(done):
                if rows:
                    yield rows
                self._finish(tag, text[len(done) :], buffer[place:])
                return
            row = self._other(text, literals)
            if row is not None:
                rows.append(row)

    def _other(self, text: bytes, literals: list[bytes]) -> Row | None:
        fetch = _FETCH.match(text)
        if fetch is not None:
            uid = _UID.search(fetch[2])
            if uid is None or b"BODY[" not in fetch[2]:
                return None  # a flag change nobody asked about
            body = literals[-1] if literals else b""
            quoted = _QUOTED.search(fetch[2])
            if quoted is not None and not literals:
                body = re.sub(rb"\\(.)", rb"\1", quoted[1])
            return int(fetch[1]), int(uid[1]), fetch[2], body
        if text.endswith(b" EXPUNGE") or text.startswith(b"* VANISHED"):
            self.renumbered = True
        elif text.startswith(b"* BYE"):
            raise IMAPClientAbortError("the server said goodbye")
        elif not text.startswith(b"* "):
            raise IMAPClientAbortError("not an IMAP answer")
        return None

    def _finish(self, tag: bytes, verdict: bytes, rest: bytes) -> None:
        self._session.client._imap.tagged_commands.pop(tag, None)
        if rest:
            self._session.sound = False  # read past the end: what is left is lost to the library
        if verdict.startswith(b"OK"):
            return
        if b"[EXPUNGEISSUED]" in verdict:  # RFC 5530: what was there has been sent, the rest is gone
            self.renumbered = True
            return
        raise refusal(self._session.settings, verdict.decode("utf-8", "replace"))


def uid_sets(uids: list[int], at_most: int = 200) -> Iterator[str]:
    """The ascending uids as sequence sets short enough for one command line each (RFC 7162 4: 8,192 octets)."""
    for first in range(0, len(uids), at_most):
        chunk = uids[first : first + at_most]
        ranges: list[list[int]] = []
        for uid in chunk:
            if ranges and uid == ranges[-1][1] + 1:
                ranges[-1][1] = uid
            else:
                ranges.append([uid, uid])
        yield ",".join(str(a) if a == b else f"{a}:{b}" for a, b in ranges)
