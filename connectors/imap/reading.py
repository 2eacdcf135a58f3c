"""One pass over a folder: what the order of its rows proves, and the page they end up on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from connectors.imap.cursor import Cursor
from connectors.imap.session import Box, Session, Sessions
from connectors.imap.stream import HEADERS, FetchStream, Row, flags_of, received_of, uid_sets
from daemon.core.address import match
from daemon.core.errors import BrokenItem
from daemon.core.model import Broken, FolderRole, Interest, Mail, MailPage, Position, Signal, Stream
from daemon.formats.bounces import failed_recipients
from daemon.formats.headers import parse_mail
from daemon.formats.prefilter import Prefilter

ASKS = {f"kith-{purpose}": purpose for purpose in ("thanks", "reply", "congratulations", "check-in")}
"""Keywords by which the user asks for a draft."""

REPORT = 16_384
"""Bytes of a delivery report that are read."""


class Reading:
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


class Page:
    """A page in the making."""

    def __init__(self, stream: Stream, box: Box, prefilter: Prefilter, interest: Interest, sessions: Sessions) -> None:
        self._stream = stream
        self._validity = box.validity
        self._keywords = bool(box.keywords & ASKS.keys())  # one set later shows in the next HIGHESTMODSEQ
        self._sift = prefilter.sift
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
        places = self._sift([row[3] for row in rows])
        if self._keywords:
            asked = (place for place, row in enumerate(rows) if not flags_of(row[2]).isdisjoint(ASKS))
            places = iter(sorted({*places, *asked}))
        for place in places:
            self._parse(rows[place])

    def _parse(self, row: Row) -> None:
        _, uid, meta, body = row
        flags = flags_of(meta)
        asks = frozenset(ASKS[flag] for flag in flags & ASKS.keys()) if not flags.isdisjoint(ASKS) else frozenset()
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
            mail = mail._replace(bounced=failed_recipients(reports.get(uid, b"")))
            if self._concerns(mail) or mail.references or mail.in_reply_to:
                self._mails.append(mail)
        self._bounces = []

    def page(self, position: Position, total: int | None = None) -> MailPage:
        """What was found, as a page."""
        return MailPage(tuple(self._mails), position, tuple(self._broken), self.scanned, total)
