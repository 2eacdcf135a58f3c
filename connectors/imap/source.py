"""Reading mail: new mail by one streamed FETCH, past mail by SEARCH. Folders are opened read-only."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from connectors.imap.cursor import Cursor
from connectors.imap.folders import list_folders, read_streams
from connectors.imap.session import Box, Session, Sessions
from connectors.imap.stream import HEADERS, FetchStream, Row, flags_of, received_of, uid_sets
from daemon.core.address import match
from daemon.core.errors import BrokenItem, CursorExpired
from daemon.core.model import Broken, FolderRole, Interest, Mail, MailPage, Position, Signal, Stream
from daemon.formats.bounces import failed_recipients
from daemon.formats.headers import parse_mail
from daemon.formats.prefilter import Prefilter

PAGE = 2_000
"""Messages looked at per page: what one transaction commits, and what is read again after a crash at most."""

SEARCHABLE = 20
"""Up to so many addresses the server is asked for; above that reading all headers again is quicker."""

ASKS = {f"kith-{purpose}": purpose for purpose in ("thanks", "reply", "congratulations", "check-in")}
"""Keywords by which the user asks for a draft."""

REPORT = 16_384
"""Bytes of a delivery report that are read."""


class Source:
    """The account's mailbox as a `MailSource`."""

    def __init__(self, sessions: Sessions, page: int = PAGE) -> None:
        self._sessions = sessions
        self._page = page

    def streams(self) -> Sequence[Stream]:
        """See `MailSource.streams`; which folders, and why: `folders.read_streams`."""
        with self._sessions.use() as session:
            folders = list_folders(session)
            return read_streams(folders, self._sessions.settings, "X-GM-EXT-1" in session.capabilities)

    def pages(self, stream: Stream, since: Position, interest: Interest) -> Iterator[MailPage]:
        """See `MailSource.pages`. With nothing new: one round trip and no page.

        The cursor goes on inside a pass as long as the server's sequence numbers prove that nothing was left out
        below; where they do not, it waits for the server's OK.
        """
        start = Cursor.read(since.cursor)
        with self._sessions.use() as session:
            box = session.open(stream.name)
            if start is not None and start.validity != box.validity:
                raise CursorExpired(f"The server has renumbered {stream.label}.")
            if start is not None and box.next is not None and box.next < start.next:
                raise CursorExpired(f"The server has counted back in {stream.label}.")
            yield from self._pass(session, stream, box, start, Prefilter(interest), interest)

    def _pass(
        self, session: Session, stream: Stream, box: Box, start: Cursor | None, prefilter: Prefilter, interest: Interest
    ) -> Iterator[MailPage]:
        cursor = start or Cursor(box.validity, 1)
        done = cursor
        tail = _Page(stream, box, prefilter, interest, self._sessions)
        if box.exists and (box.next is None or box.next > cursor.next):
            reading = _Reading(session, box, cursor)
            yield from self._read(reading, tail)
            done = reading.end(box)
        done = replace(done, modseq=box.modseq)
        done = self._keywords(session, box, start, done, tail)
        tail.end()
        if done != start:
            yield tail.page(Position(done.text()))

    def _read(self, reading: _Reading, page: _Page) -> Iterator[MailPage]:
        """All full pages; what is left over stays in ``page``."""
        batches = reading.batches(self._page)
        while True:
            with reading.session.guard():
                for batch in batches:
                    page.take(batch)
                    if page.scanned >= self._page:
                        break
                else:
                    return
            page.end()
            reading.scanned += page.scanned
            cursor = reading.cursor(page.asked)
            progress = json.dumps({"done": reading.scanned})
            made = page.page(Position(cursor.text() if cursor else "", progress), reading.total)
            page.clear()
            yield made

    def _keywords(self, session: Session, box: Box, start: Cursor | None, done: Cursor, page: _Page) -> Cursor:
        """Messages read long ago that the user has flagged since. HIGHESTMODSEQ says whether to ask at all.

        The server's index of keywords is asked, not CHANGEDSINCE: after "mark all as read" that would list the
        whole folder again.
        """
        asked = done.asked | page.asked
        mine = box.keywords & ASKS.keys()
        unchanged = start is not None and start.modseq is not None and start.modseq == box.modseq
        if unchanged or not (mine or asked):
            return replace(done, asked=asked)
        flagged: set[int] = set()
        with session.guard():
            for keyword in sorted(mine):
                flagged |= set(session.client.search(["KEYWORD", keyword]))
        new = sorted(uid for uid in flagged - asked if uid < done.next)
        for uids in uid_sets(new):
            with session.guard():
                for batch in FetchStream(session, f"UID FETCH {uids} {HEADERS}").batches():
                    page.take(batch)
        return replace(done, asked=frozenset(flagged & (asked | set(new) | page.asked)))

    def search(self, stream: Stream, addresses: Sequence[str], progress: str, interest: Interest) -> Iterator[MailPage]:
        """See `MailSource.search`. The server matches substrings; every hit is checked again by the parser."""
        wanted = replace(interest, known=frozenset(addresses))
        if len(wanted.known) > SEARCHABLE:
            yield from self._rescan(stream, progress, wanted)
            return
        if not wanted.known:
            return
        validity, after = _search_progress(progress)
        with self._sessions.use() as session:
            box = session.open(stream.name)
            if not box.exists:
                return
            with session.guard():
                criteria = _criteria(sorted(wanted.known))
                charset = None if all(word.isascii() for word in criteria) else "UTF-8"
                hits = sorted(session.client.search(criteria, charset))
            if validity == box.validity:
                hits = [uid for uid in hits if uid > after]
            prefilter = Prefilter(wanted)
            for first in range(0, len(hits), self._page):
                some = hits[first : first + self._page]
                page = _Page(stream, box, prefilter, wanted, self._sessions)
                for uids in uid_sets(some):
                    with session.guard():
                        for batch in FetchStream(session, f"UID FETCH {uids} {HEADERS}").batches():
                            page.take(batch)
                page.end()
                more = first + self._page < len(hits)
                place = json.dumps({"v": box.validity, "after": some[-1]}) if more else ""
                yield page.page(Position(progress=place), len(hits))

    def _rescan(self, stream: Stream, progress: str, wanted: Interest) -> Iterator[MailPage]:
        try:
            Cursor.read(progress)
            pages = self.pages(stream, Position(progress), wanted)
            first = next(pages, None)
        except CursorExpired:  # from the start then: the caller has no cursor here to lose
            pages = self.pages(stream, Position(), wanted)
            first = next(pages, None)
        while first is not None:
            following = next(pages, None)
            place = first.position.cursor if following is not None else ""
            yield replace(first, position=Position(progress=place))
            first = following


class _Reading:
    """One pass's FETCH, and what its order proves."""

    def __init__(self, session: Session, box: Box, start: Cursor) -> None:
        self.session = session
        self.total = box.exists if start.next <= 1 else None
        self.scanned = 0
        self._start = start
        self._box = box
        self._last_uid = start.next - 1
        self._last_sequence = 0
        self._proven = start.next <= 1  # nothing lies below the first message

    def batches(self, at_most: int) -> Iterator[list[Row]]:
        """The messages not yet read, a few at a time. The last one that was read is asked for too: as the first
        answer it proves that the server begins where we left off.
        """
        start = self._start.next
        stream = FetchStream(self.session, f"UID FETCH {max(1, start - 1)}:* {HEADERS}")
        for batch in stream.batches():
            self._proven = self._proven and not stream.renumbered
            for first in range(0, len(batch), at_most):
                rows = batch[first : first + at_most] if len(batch) > at_most else batch
                rows = self._check(rows, start)
                if rows:
                    yield rows

    def _check(self, rows: list[Row], start: int) -> list[Row]:
        sequence, last, proven = self._last_sequence, self._last_uid, self._proven
        old = False
        for row in rows:
            if row[1] < start:  # "n:*" answers the last message even where its uid is below n
                proven = row[1] == start - 1 and not sequence
                sequence = row[0]
                old = True
                continue
            if row[0] != sequence + 1 or row[1] <= last:
                proven = False
            sequence = row[0]
            if row[1] > last:
                last = row[1]
            if self.total is None:
                self.total = self._box.exists - sequence + 1
        self._last_sequence, self._last_uid, self._proven = sequence, last, proven
        return [row for row in rows if row[1] >= start] if old else rows

    def cursor(self, asked: frozenset[int]) -> Cursor | None:
        """Where a pass that stops here may go on; None: from the beginning."""
        if self._proven:
            return replace(self._start, next=self._last_uid + 1, asked=self._start.asked | asked)
        return self._start if self._start.next > 1 else None

    def end(self, box: Box) -> Cursor:
        """Where the next pass begins, after the server's OK."""
        return replace(self._start, next=max(self._last_uid + 1, box.next or 0, self._start.next))


class _Page:
    """A page in the making."""

    def __init__(self, stream: Stream, box: Box, prefilter: Prefilter, interest: Interest, sessions: Sessions) -> None:
        self._stream = stream
        self._validity = box.validity
        self._keywords = bool(box.keywords & ASKS.keys())  # one set later shows in the next HIGHESTMODSEQ
        self._maybe = prefilter.maybe
        self._known = interest.known
        self._sessions = sessions
        self.asked: frozenset[int] = frozenset()  # over the whole pass
        self.clear()

    def clear(self) -> None:
        """Begin the next page."""
        self.scanned = 0
        self._mails: list[Mail] = []
        self._broken: list[Broken] = []
        self._bounces: list[tuple[int, Mail]] = []

    def take(self, rows: list[Row]) -> None:
        """Look at messages; strangers' end here, unparsed."""
        self.scanned += len(rows)
        maybe = self._maybe
        keywords = self._keywords
        for row in rows:
            if maybe(row[3]) or (keywords and not flags_of(row[2]).isdisjoint(ASKS)):
                self._parse(row)

    def _parse(self, row: Row) -> None:
        _, uid, meta, body = row
        flags = flags_of(meta)
        asks = frozenset(ASKS[flag] for flag in flags & ASKS.keys())
        item_id = f"{self._validity}:{uid}"
        draft = "\\draft" in flags or self._stream.role is FolderRole.DRAFTS
        try:
            mail = parse_mail(item_id, body, received=received_of(meta), draft=draft, asks=asks)
        except BrokenItem as error:
            self._broken.append(Broken(item_id, str(error)))
            return
        if asks:
            self.asked |= {uid}
        if Signal.BOUNCE in mail.signals and not mail.bounced:
            self._bounces.append((uid, mail))
        elif asks or self._concerns(mail):
            self._mails.append(mail)

    def _concerns(self, mail: Mail) -> bool:
        known, addresses = self._known, (*mail.senders, *mail.to, *mail.cc, *mail.bounced)
        return not known.isdisjoint(addresses) or any(match(address, known) for address in addresses)

    def end(self) -> None:
        """Read the delivery reports of the page's bounces, on a connection beside the one that is streaming."""
        if not self._bounces:
            return
        reports: dict[int, bytes] = {}
        with self._sessions.use() as session:
            box = session.open(self._stream.name)
            if box.validity == self._validity:
                for uids in uid_sets([uid for uid, _ in self._bounces]):
                    with session.guard():
                        # the second part of a multipart/report (RFC 6522 3)
                        rows = FetchStream(session, f"UID FETCH {uids} (UID BODY.PEEK[2]<0.{REPORT}>)")
                        reports.update({uid: body for _, uid, _, body in rows})
        for uid, mail in self._bounces:
            mail = replace(mail, bounced=failed_recipients(reports.get(uid, b"")))
            if self._concerns(mail) or mail.references or mail.in_reply_to:
                self._mails.append(mail)
        self._bounces = []

    def page(self, position: Position, total: int | None = None) -> MailPage:
        """What was found, as a page."""
        return MailPage(tuple(self._mails), position, tuple(self._broken), self.scanned, total)


def _search_progress(progress: str) -> tuple[int, int]:
    try:
        found = json.loads(progress)
        return int(found["v"]), int(found["after"])
    except (ValueError, KeyError, TypeError):
        return 0, 0


def _criteria(addresses: Sequence[str]) -> list[str]:
    """From, To or Cc with any of these addresses, as SEARCH keys. Matches more than it should, never less.

    A ``+tag`` is found by what stands before it; an internationalised domain may stand in Unicode: there the local
    part must do.
    """
    needles: list[str] = []
    for address in addresses:
        local, _, domain = address.rpartition("@")
        needles += [f"{local}@" if "xn--" in domain else address, f"{local}+"]
    keys = [[field, needle] for needle in needles for field in ("FROM", "TO", "CC")]
    while len(keys) > 1:  # OR takes two: a balanced tree keeps it shallow
        keys = [["OR", *a, *b] for a, b in zip(keys[::2], keys[1::2], strict=False)] + keys[len(keys) & ~1 :]
    return keys[0]
