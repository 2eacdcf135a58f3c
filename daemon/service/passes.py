"""One pass over one stream: pages in, facts and cursor committed together, page by page.

No database session is open while a connector talks to its server. A page commits under the revision of the
address book it was matched with, or its stream is read again from the last committed position.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Connection as Db

from daemon.core.errors import CursorExpired, TryLater
from daemon.core.model import Broken, CardPage, EventPage, Interest, MailPage, Position, Stream
from daemon.service.deps import AccountReport, Deps, Stopped
from daemon.service.judging import Rules
from daemon.store import addresses, cursors, lease, metas, quarantine, vanished

P = TypeVar("P", MailPage, EventPage, CardPage)


PATIENCE = 100
"""So often a stream is matched again within one cycle while the user goes on adding people."""


class BookChanged(Exception):
    """A contact or address was added while a page was on its way: match again."""


class Passes:
    """What all streams of one account share in one cycle. ``fence`` is the lease every page is committed under."""

    def __init__(self, deps: Deps, account: str, fence: lease.Lease, report: AccountReport) -> None:
        self.deps = deps
        self.account = account
        self.fence = fence
        self.report = report
        self._looked_up: tuple[int | None, Rules] = (None, Rules(deps.settings.policies, deps.now()))

    def interest(self) -> Interest:
        """Whose mail is ours to look at, as of now."""
        with self.deps.store.read() as conn:
            return addresses.interest(conn, self.deps.me)

    def read(
        self,
        kind: str,
        stream: Stream,
        pages: Callable[[Position, Interest], Iterator[P]],
        commit: Callable[[Db, P, Interest], None],
    ) -> bool:
        """Read one stream from its stored position to its end; returns whether it came to the end.

        A position the server no longer knows means one full pass; twice in one pass is a server that
        changes under our hands: the next cycle goes on.
        """
        expired = 0
        started = self.deps.now()
        changed = 0
        while True:
            interest = self.interest()
            with self.deps.store.read() as conn:
                since = cursors.get(conn, self.account, kind, stream.name)
            try:
                with _seldom_collected():
                    self._pages(kind, stream, pages(since, interest), commit, interest)
            except CursorExpired:
                expired += 1
                if expired > 2:
                    raise TryLater(f"{stream.label} is being renumbered by its server; going on next time.") from None
                with self.deps.store.write() as conn:
                    lease.check(conn, self.fence, self.deps.now())
                    cursors.put(conn, self.account, kind, stream, Position())
                continue
            except BookChanged:
                changed += 1
                if changed > PATIENCE:
                    return False
                continue
            break
        with self.deps.store.write() as conn:
            self.renew(conn)
            cursors.set_read_at(conn, self.account, kind, stream.name, started)
        return True

    def _pages(
        self,
        kind: str,
        stream: Stream,
        pages: Iterator[P],
        commit: Callable[[Db, P, Interest], None],
        interest: Interest,
    ) -> None:
        seen = 0
        for page in pages:
            if self.deps.should_stop():
                raise Stopped
            # A power cut may take the last pages back, with their cursors: they are read again.
            with self.deps.store.write(durable=False) as conn:
                self.renew(conn)
                if kind != "contacts" and metas.contacts_revision(conn) != interest.revision:
                    raise BookChanged
                commit(conn, page, interest)
                self.quarantine(conn, kind, stream.name, page.broken)
                cursors.put(conn, self.account, kind, stream, page.position)
            if isinstance(page, MailPage):
                seen += page.scanned
                self.report.scanned += page.scanned
                self.deps.progress(f"{self.account}: {stream.label}", seen, page.total)

    def quarantine(self, conn: Db, kind: str, stream: str, broken: Sequence[Broken]) -> None:
        """List what could not be read, with its reason; it stops nothing."""
        for item in broken:
            quarantine.put(conn, self.account, kind, stream, item.item_id, item.reason, self.deps.now())
            self.report.quarantined += 1

    def rules(self, interest: Interest | None = None) -> Rules:
        """What verdicts go by; for pages of one revision of the address book what was looked up is kept."""
        revision = interest.revision if interest else None
        if revision is None or revision != self._looked_up[0]:
            self._looked_up = (revision, Rules(self.deps.settings.policies, self.deps.now()))
        rules = self._looked_up[1]
        rules.now = self.deps.now()
        return rules

    def settle_gone(
        self,
        kind: str,
        stream: Stream,
        ask: Callable[[Stream, Sequence[str]], frozenset[str]],
        judge: Callable[[Db, Stream, Sequence[str]], None],
    ) -> None:
        """At the end of a pass: everything that is gone, judged together, so that many at once are noticed.

        Absence is a question: what a full pass did not list is asked for by name, this time or, after a crash, next.
        """
        with self.deps.store.read() as conn:
            missing = sorted(vanished.suspects(conn, self.account, kind, stream.name))
            told = vanished.rows(conn, self.account, kind, stream.name)
        gone = sorted(told | (ask(stream, missing) if missing else frozenset()))
        if not gone and not missing:
            return
        with self.deps.store.write() as conn:
            lease.check(conn, self.fence, self.deps.now())
            if gone:
                judge(conn, stream, gone)
            vanished.clear(conn, self.account, kind, stream.name)

    def renew(self, conn: Db) -> None:
        """Keep the lease from running out, inside a transaction.

        Raises:
            LeaseLost: another process has it.
        """
        self.fence = lease.renew_if_old(conn, self.fence, self.deps.now())


@contextmanager
def _seldom_collected() -> Iterator[None]:
    """A page is ten thousands of small records that all go together: the collector, run at every seven hundredth of
    them, would look at them again and again and find nothing to take.
    """
    before = gc.get_threshold()
    gc.set_threshold(10_000, *before[1:])
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
