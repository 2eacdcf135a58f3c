"""Reading mail: new mail by one streamed FETCH, past mail by SEARCH. Folders are opened read-only."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from connectors.imap.cursor import Cursor
from connectors.imap.folders import list_folders, read_streams
from connectors.imap.reading import ASKS, Page, Reading
from connectors.imap.session import Box, Session, Sessions
from connectors.imap.stream import HEADERS, FetchStream, uid_sets
from daemon.core.errors import CursorExpired
from daemon.core.model import Interest, MailPage, Position, Stream
from daemon.formats.opening import FETCHED, opening
from daemon.formats.prefilter import Prefilter, prefilter

PAGE = 10_000
"""Messages looked at per page: what one transaction commits, and what is read again after a crash at most. Where the
line is so slow that they take longer than a server may take to answer, fewer.
"""

SEARCHABLE = 20
"""Up to so many addresses the server is asked for; above that reading all headers again is quicker."""


IN_ONE = 7
"""Addresses in one SEARCH: six keys each, and a command line may have 8,192 octets (RFC 7162 4)."""


class Source:
    """The account's mailbox as a `MailSource` and a `TextSource`."""

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
            yield from self._pass(session, stream, box, start, prefilter(interest), interest)

    def _pass(
        self, session: Session, stream: Stream, box: Box, start: Cursor | None, sieve: Prefilter, interest: Interest
    ) -> Iterator[MailPage]:
        cursor = start or Cursor(box.validity, 1)
        done = cursor
        tail = Page(stream, box, sieve, interest, self._sessions)
        if box.exists and (box.next is None or box.next > cursor.next):
            reading = Reading(session, box, cursor)
            yield from self._read(reading, tail)
            done = reading.end(box)
        done = replace(done, modseq=box.modseq)
        done = self._keywords(session, box, start, done, tail)
        tail.end()
        if done != start:
            yield tail.page(Position(done.text()))

    def _read(self, reading: Reading, page: Page) -> Iterator[MailPage]:
        """All full pages; what is left over stays in ``page``."""
        batches = reading.batches(self._page)
        while True:
            late = time.monotonic() + reading.session.settings.timeout
            with reading.session.guard():
                for batch in batches:
                    page.take(batch)
                    if page.scanned >= self._page or time.monotonic() > late:
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

    def _keywords(self, session: Session, box: Box, start: Cursor | None, done: Cursor, page: Page) -> Cursor:
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
            hits = self._hits(session, sorted(wanted.known))
            if validity == box.validity:
                hits = [uid for uid in hits if uid > after]
            sieve = prefilter(wanted)
            for first in range(0, len(hits), self._page):
                some = hits[first : first + self._page]
                page = Page(stream, box, sieve, wanted, self._sessions)
                for uids in uid_sets(some):
                    with session.guard():
                        for batch in FetchStream(session, f"UID FETCH {uids} {HEADERS}").batches():
                            page.take(batch)
                page.end()
                more = first + self._page < len(hits)
                place = json.dumps({"v": box.validity, "after": some[-1]}) if more else ""
                yield page.page(Position(progress=place), len(hits))

    def clear_ask(self, stream: Stream, item_id: str, purpose: str) -> None:
        """See `MailSource.clear_ask`. STORE of that one keyword (RFC 3501 6.4.6); every other flag stays as it is."""
        validity, _, uid = item_id.partition(":")
        if f"kith-{purpose}" not in ASKS or not uid.isdigit():
            return
        with self._sessions.use(sure=True) as session:
            box = session.open(stream.name, write=True)
            if str(box.validity) != validity:
                return  # renumbered: the full pass that follows finds it again under its new number
            self._sessions.before_write()
            with session.guard(write=True):
                session.client.remove_flags([int(uid)], [f"kith-{purpose}".encode()], silent=True)

    def text(self, stream: str, item_id: str) -> str:
        """See `TextSource.text`. One partial FETCH of the message's beginning; PEEK leaves \\Seen alone."""
        validity, _, uid = item_id.partition(":")
        if not uid.isdigit():
            return ""
        with self._sessions.use() as session:
            box = session.open(stream)
            if str(box.validity) != validity:
                return ""  # renumbered: nobody can say which message it is now
            with session.guard():
                rows = list(FetchStream(session, f"UID FETCH {uid} (UID BODY.PEEK[]<0.{FETCHED}>)"))
        return next((opening(body) for _, found, _, body in rows if found == int(uid)), "")

    def _hits(self, session: Session, addresses: list[str]) -> list[int]:
        found: set[int] = set()
        for first in range(0, len(addresses), IN_ONE):
            criteria = _criteria(addresses[first : first + IN_ONE])
            charset = None if all(word.isascii() for word in criteria) else "UTF-8"
            with session.guard():
                found |= set(session.client.search(criteria, charset))
        return sorted(found)

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
