"""Mail in: new messages, bounces, and the history of people added later."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection as Db

from daemon.core.model import Broken, Interest, Mail, MailPage, Position, Stream
from daemon.core.ports import MailSource
from daemon.service.asking import note_asks
from daemon.service.bounces import freeze_bounced
from daemon.service.deps import Stopped
from daemon.service.evidence import store_observed
from daemon.service.facts import derive
from daemon.service.observing import observe_mail
from daemon.service.passes import Passes
from daemon.store import backfills, cursors, lease, quarantine


class MailIn:
    """The mailboxes of one account. Up to ``searchable`` new addresses are searched for, for more all is read anew."""

    def __init__(self, passes: Passes, source: MailSource, searchable: int) -> None:
        self.passes = passes
        self.deps = passes.deps
        self.account = passes.account
        self.source = source
        self.searchable = searchable

    def read(self) -> None:
        """Everything new, stream by stream."""
        for stream in self.source.streams():
            self.passes.read(
                "mail",
                stream,
                lambda since, interest, s=stream: self.source.pages(s, since, interest),  # type: ignore[misc]
                lambda conn, page, interest, s=stream: self.commit_mail(conn, s, page, interest),  # type: ignore[misc]
            )
            self._backfill(stream)

    def commit_mail(self, conn: Db, stream: Stream, page: MailPage, interest: Interest) -> None:
        """The facts of one page, inside the transaction that moves the cursor."""
        now = self.deps.now()
        observed = []
        broken = []
        flagged: list[Mail] = []
        for mail in page.mails:
            freeze_bounced(conn, mail, interest, now)
            try:
                o = observe_mail(mail, self.account, stream.name, stream.role, interest, now)
            except ValueError as e:
                broken.append(Broken(mail.item_id, str(e)))
                continue
            if o is not None:
                observed.append(o)
            if mail.asks and not mail.draft:
                flagged.append(mail)
        if observed:
            stored = store_observed(conn, observed)
            self.passes.report.logged += derive(conn, stored.touched, self.passes.rules(interest), stored.fresh)
        if flagged:
            credited = self.passes.rules(interest).credited(conn)
            note_asks(conn, flagged, (self.account, stream.name), credited, self.deps.me, now)
        self.passes.quarantine(conn, "mail", stream.name, broken)
        quarantine.remove(conn, self.account, "mail", stream.name, page.mended)

    def _backfill(self, stream: Stream) -> None:
        """History of addresses added since the stream was read: searched for by the server, or read again."""
        while True:
            with self.deps.store.read() as conn:
                waiting = backfills.waiting(conn, self.account, stream.name)
            if not waiting:
                return
            self._history(stream, waiting)

    def _history(self, stream: Stream, waiting: Sequence[backfills.Backfill]) -> None:
        if len(waiting) > self.searchable:
            with self.deps.store.write() as conn:
                lease.check(conn, self.passes.fence, self.deps.now())
                backfills.done(conn, self.account, stream.name, [w.address for w in waiting])
                cursors.put(conn, self.account, "mail", stream, Position())
            self.passes.read(
                "mail",
                stream,
                lambda since, interest: self.source.pages(stream, since, interest),
                lambda conn, page, interest: self.commit_mail(conn, stream, page, interest),
            )
            return
        addresses = [w.address for w in waiting]
        interest = self.passes.interest()
        for page in self.source.search(stream, addresses, waiting[0].progress, interest):
            if self.deps.should_stop():
                raise Stopped
            with self.deps.store.write(durable=False) as conn:
                self.passes.renew(conn)
                # A contact added meanwhile has a row of its own: what this page misses of theirs is searched later.
                self.commit_mail(conn, stream, page, interest)
                self.passes.quarantine(conn, "mail", stream.name, page.broken)
                backfills.progress(conn, self.account, stream.name, addresses, page.position.progress)
            self.passes.report.scanned += page.scanned
        with self.deps.store.write() as conn:
            lease.check(conn, self.passes.fence, self.deps.now())
            backfills.done(conn, self.account, stream.name, addresses)
