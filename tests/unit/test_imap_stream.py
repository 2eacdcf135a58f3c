"""The streamed FETCH, fed by hand: any shape a server may give it, cut anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from imapclient.exceptions import IMAPClientAbortError

from connectors.imap.cursor import Cursor
from connectors.imap.options import Settings
from connectors.imap.reading import Reading
from connectors.imap.session import PATIENCE, Box
from connectors.imap.source import Source
from connectors.imap.stream import FetchStream, Row, flags_of, received_of, uid_sets
from daemon.core.errors import Refused, TryLater
from daemon.core.model import Interest, Position, Stream

HEAD = b"From: anna@example.org\r\n\r\n"


class Wire:
    """The library's inside, with a file that answers in pieces of the sizes given."""

    def __init__(self, answer: bytes, sizes: list[int]) -> None:
        self.answer = answer
        self.sizes = sizes
        self.tagged_commands: dict[bytes, object] = {b"T1": None}
        self.sent = b""
        self.file = self

    def _new_tag(self) -> bytes:
        return b"T1"

    def send(self, data: bytes) -> None:
        self.sent += data

    def read1(self, most: int) -> bytes:
        size = min(most, self.sizes.pop() if self.sizes else 65536)
        piece, self.answer = self.answer[:size], self.answer[size:]
        return piece


def session(answer: bytes, sizes: list[int] | None = None) -> Any:
    return SimpleNamespace(
        client=SimpleNamespace(_imap=Wire(answer, list(sizes or []))),
        settings=Settings("a", "imap.example.org", 993, "anna"),
        sound=True,
    )


def row(sequence: int, uid: int, body: bytes = HEAD, flags: bytes = b"\\Seen") -> bytes:
    return (
        b'* %d FETCH (UID %d FLAGS (%s) INTERNALDATE "02-Nov-2026 12:00:00 +0300" BODY[HEADER.FIELDS (TO)] {%d}\r\n'
        % (sequence, uid, flags, len(body))
    ) + (body + b")\r\n")


def read(answer: bytes, sizes: list[int] | None = None) -> list[tuple[int, int, bytes]]:
    return [(s, u, b) for s, u, _, b in FetchStream(session(answer, sizes), "UID FETCH 1:* (...)")]


OK = b"T1 OK done\r\n"
ODD = (
    row(1, 10)
    + b"* 7 EXISTS\r\n* 1 RECENT\r\n"
    + b"* 3 FETCH (FLAGS (\\Seen))\r\n"
    + b"* 3 FETCH (UID 30 FLAGS (\\Seen) MODSEQ (12))\r\n"
    + b"* OK [ALERT] it is late {not a literal}\r\n"
    + b"* 2 FETCH (BODY[HEADER.FIELDS (FROM)] {6}\r\nA: b\r\n UID 20 FLAGS ())\r\n"
    + b'* 3 FETCH (UID 30 BODY[HEADER.FIELDS ("X")] "a \\"quoted\\" one" FLAGS ({odd} kith-thanks))\r\n'
    + b"* 4 FETCH (UID 40 BODY[] NIL)\r\n"
    + b"* LIST () {3}\r\nabc {2}\r\nde\r\n"
    + row(5, 50, b"T1 OK not the end\r\n* 9 FETCH (UID 9 {4}\r\n")
    + row(6, 60, b"")
)
ROWS = [
    (1, 10, HEAD),
    (2, 20, b"A: b\r\n"),
    (3, 30, b'a "quoted" one'),
    (4, 40, b""),
    (5, 50, b"T1 OK not the end\r\n* 9 FETCH (UID 9 {4}\r\n"),
    (6, 60, b""),
]


def test_all_shapes() -> None:
    assert read(ODD + OK) == ROWS


@given(st.lists(st.integers(1, 90), max_size=60))
def test_cut_anywhere(sizes: list[int]) -> None:
    assert read(ODD + OK, sizes) == ROWS


@given(st.integers(0, len(ODD)))
def test_an_answer_that_ends_early_is_an_error_never_a_row_too_many(end: int) -> None:
    found: list[Row] = []
    with pytest.raises(IMAPClientAbortError):
        for batch in FetchStream(session(ODD[:end]), "x").batches():
            found += batch
    assert [(s, u, b) for s, u, _, b in found] == ROWS[: len(found)]


def test_how_it_ends() -> None:
    with pytest.raises(Refused):
        read(row(1, 1) + b"T1 NO [CANNOT] no\r\n")
    with pytest.raises(Refused):
        read(b"T1 BAD syntax\r\n")
    with pytest.raises(TryLater):
        read(b"T1 NO [UNAVAILABLE] later\r\n")
    with pytest.raises(IMAPClientAbortError):
        read(row(1, 1) + b"* BYE shutting down\r\n")
    with pytest.raises(IMAPClientAbortError):
        read(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    assert len(read(row(1, 1) + b"T1 NO [EXPUNGEISSUED] some are gone\r\n")) == 1


def test_what_is_read_past_the_end_costs_the_connection() -> None:
    clean, spoilt = session(row(1, 1) + OK), session(row(1, 1) + OK + b"* 3 EXISTS\r\n")
    for one in (clean, spoilt):
        list(FetchStream(one, "x"))
        assert one.client._imap.sent == b"T1 x\r\n" and not one.client._imap.tagged_commands
    assert (clean.sound, spoilt.sound) == (True, False)


def test_flags_and_date() -> None:
    ((_, _, meta, _),) = FetchStream(session(row(1, 1, flags=b"\\Draft Kith-Thanks") + OK), "x")
    assert flags_of(meta) == {"\\draft", "kith-thanks"}
    received = received_of(meta)
    assert received is not None and received.isoformat() == "2026-11-02T09:00:00+00:00"
    assert received_of(b'INTERNALDATE "31-Feb-2026 12:00:00 +0300"') is None
    assert received_of(b"") is None and flags_of(b"") == frozenset()


def test_uid_sets() -> None:
    assert list(uid_sets([1, 2, 3, 7, 9, 10])) == ["1:3,7,9:10"]
    assert list(uid_sets(list(range(1, 10, 2)), at_most=2)) == ["1,3", "5,7", "9"]
    assert list(uid_sets([])) == []


# -- the cursor never passes an item not yet read ------------------------------------------------------


def cursors(rows: list[tuple[int, int]], start: int = 1, extra: bytes = b"", size: int = 2) -> list[int | None]:
    """The first unread uid after each batch of ``size``, then after the server's OK; None: from the beginning."""
    answer = b"".join(row(s, u) for s, u in rows) + extra + OK
    box = Box(1, 1000, None, 50, frozenset())
    reading = Reading(session(answer), box, Cursor(1, start))
    found: list[int | None] = []
    for _ in reading.batches(size):
        cursor = reading.cursor(frozenset())
        found.append(cursor.next if cursor else None)
    return [*found, reading.end(box).next]


def test_in_order_the_cursor_goes_along() -> None:
    assert cursors([(1, 10), (2, 20), (3, 30), (4, 40)]) == [21, 41, 1000]


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        ([(1, 10), (3, 30), (2, 20), (4, 40)], [None, None, 1000]),  # one came late
        ([(2, 20), (1, 10), (3, 30)], [None, None, 1000]),
        ([(2, 20), (3, 30)], [None, 1000]),  # the first has not come yet
        ([(1, 10), (2, 20), (4, 40), (3, 30)], [21, 21, 1000]),
    ],
)
def test_out_of_order_the_cursor_waits_for_the_ok(rows: list[tuple[int, int]], wanted: list[int | None]) -> None:
    found = cursors(rows)
    unread_below = [u for _, u in rows]
    assert found[-1] == 1000
    for place, cursor in enumerate(found[:-1]):
        read_so_far = set(unread_below[: 2 * (place + 1)])
        assert cursor is None or all(u in read_so_far for u in unread_below if u < cursor)
    assert found[:1] == wanted[:1] and found[-1] == wanted[-1]


def test_going_on_the_last_one_read_proves_the_place() -> None:
    assert cursors([(5, 50), (6, 60), (7, 70)], start=51) == [61, 71, 1000]
    assert cursors([(6, 60), (7, 70)], start=51) == [51, 1000], "without it nothing is sure before the OK"


def test_an_old_message_alone_is_nothing_new() -> None:
    assert cursors([(5, 50)], start=200) == [1000]


@given(st.permutations(range(1, 9)), st.integers(1, 4))
def test_in_any_order_nothing_unread_is_passed(order: list[int], size: int) -> None:
    rows = [(n, n * 10) for n in order]
    for place, cursor in enumerate(cursors(rows, size=size)[:-1]):
        read_so_far = {u for _, u in rows[: size * (place + 1)]}
        assert cursor is None or all(u in read_so_far for _, u in rows if u < cursor)


# -- a slow line --------------------------------------------------------------------------------------


class SlowLine:
    """`Sessions` with one connection over which each read takes ten seconds of the clock it keeps."""

    def __init__(self, answer: bytes, size: int) -> None:
        self.now = 0.0
        self.longest = 0.0
        self.session = session(answer, [size] * len(answer))
        self.session.guard, self.session.open = self.guard, lambda folder: Box(1, 1000, None, 50, frozenset())
        wire, read1 = self.session.client._imap, self.session.client._imap.read1

        def slowly(most: int) -> bytes:
            self.now += 10
            return bytes(read1(min(most, size)))

        wire.read1 = slowly

    def monotonic(self) -> float:
        return self.now

    @contextmanager
    def use(self) -> Iterator[Any]:
        yield self.session

    @contextmanager
    def guard(self) -> Iterator[None]:
        began = self.now
        yield
        self.longest = max(self.longest, self.now - began)


def test_over_a_slow_line_a_page_ends_before_the_connection_is_taken_for_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [row(n, n * 10) for n in range(1, 51)]
    line = SlowLine(b"".join(rows) + OK, len(rows[-1]))
    monkeypatch.setattr("connectors.imap.source.time", line)
    interest = Interest(frozenset({"anna@example.org"}), frozenset())
    pages = list(Source(line).pages(Stream("INBOX", "INBOX"), Position(), interest))  # type: ignore[arg-type]
    assert sum(len(page.mails) for page in pages) == 50
    assert line.now > PATIENCE * line.session.settings.timeout, "in one page it would have been cut"
    assert line.longest < PATIENCE * line.session.settings.timeout
    cursors = [Cursor.read(page.position.cursor) for page in pages]
    assert all(c is not None for c in cursors), "what was read is kept, page by page"
