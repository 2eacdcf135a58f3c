"""Reading: pages in, facts and cursor committed together, page by page.

No database session is open while a connector talks to its server. A page commits under the revision of the
address book it was matched with, or its stream is read again from the last committed position.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from sqlalchemy import Connection as Db
from sqlalchemy import delete, select, update

from daemon.core.errors import BrokenItem, CursorExpired, KithError, NeedsUser, StoreBusy, TryLater
from daemon.core.model import (
    Broken,
    CardPage,
    EventItem,
    EventPage,
    Interest,
    MailPage,
    Position,
    Signal,
    Stream,
    Window,
)
from daemon.core.ports import CalendarSource, Connection, ContactSource, MailSource
from daemon.service import evidence as facts_in
from daemon.service import importing as book
from daemon.service.deps import AccountReport, Deps, Stopped
from daemon.service.facts import Rules, derive, rederive_open
from daemon.store import addresses, backfills, cursors, health, lease, metas, quarantine, questions, vanished
from daemon.store.tables import address_state, evidence, series

log = logging.getLogger(__name__)

LOOK_BACK = timedelta(days=3 * 365)
LOOK_AHEAD = timedelta(days=366)
"""The span in which instances of events are kept."""

SEARCHABLE = 20
"""Up to so many new addresses a server is searched for; above that the stream is read again."""

MANY = 5
"""At least so many, and at least half, of what we knew gone at once is held and asked about."""

P = TypeVar("P", MailPage, EventPage, CardPage)


class BookChanged(Exception):
    """A contact or address was added while a page was on its way: match again."""


def window(now: datetime) -> Window:
    """The span instances are expanded in: whole UTC days, so that it moves once a day."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return Window(today - LOOK_BACK, today + LOOK_AHEAD)


class Ingest:
    """One cycle's reading of one account. ``fence`` is the lease every page is committed under."""

    def __init__(
        self, deps: Deps, name: str, connection: Connection, fence: lease.Lease, report: AccountReport
    ) -> None:
        self.deps = deps
        self.name = name
        self.connection = connection
        self.fence = fence
        self.report = report
        self._looked_up: tuple[int | None, Rules] = (None, Rules(deps.settings.policies, deps.now()))
        self.last_read: dict[str, datetime | None] = {}  # calendar -> its reading before this one

    def run(self) -> None:
        """Read everything the account has: address books first, so that their people's mail is logged at once."""
        c = self.connection
        if c.contacts is not None:
            self._part("contacts", lambda: self._contacts(c.contacts))  # type: ignore[arg-type]
        if c.mail is not None:
            self._part("mail", lambda: self._mail(c.mail))  # type: ignore[arg-type]
        if c.calendar is not None:
            self._part("calendar", lambda: self._calendar(c.calendar))  # type: ignore[arg-type]

    def _part(self, part: str, read: Callable[[], None]) -> None:
        """One part of the account; its failure is noted where the user looks and stops only itself."""
        now = self.deps.now()
        with self.deps.store.read() as conn:
            if not health.due(conn, self.name, part, now):
                return
        try:
            read()
        except (Stopped, StoreBusy):
            raise
        except KithError as e:
            self.note_failure(part, e)
        else:
            with self.deps.store.write() as conn:
                self.fence = lease.renew_if_old(conn, self.fence, self.deps.now())
                health.ok(conn, self.name, part, self.deps.now())

    def note_failure(self, part: str, error: KithError) -> None:
        """Write down what went wrong, and when it makes sense to try again."""
        from daemon.core.errors import LeaseLost

        if isinstance(error, LeaseLost):
            raise error
        log.warning("account %s, %s: %s", self.name, part, error)
        self.report.errors.append(f"{self.name}: {error}")
        with self.deps.store.write() as conn:
            self.fence = lease.renew_if_old(conn, self.fence, self.deps.now())
            health.failed(
                conn,
                self.name,
                part,
                self.deps.now(),
                str(error),
                after=error.after if isinstance(error, TryLater) else None,
                needs_user=isinstance(error, NeedsUser),
            )

    # -- what all streams share ------------------------------------------------------------------

    def _interest(self) -> Interest:
        with self.deps.store.read() as conn:
            return addresses.interest(conn, self.deps.me)

    def _pass(
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
        restarts = 0
        while True:
            interest = self._interest()
            with self.deps.store.read() as conn:
                since = cursors.get(conn, self.name, kind, stream.name)
            try:
                self._pages(kind, stream, pages(since, interest), commit, interest)
            except CursorExpired:
                expired += 1
                if expired > 2:
                    raise TryLater(f"{stream.label} is being renumbered by its server; going on next time.") from None
                with self.deps.store.write() as conn:
                    lease.check(conn, self.fence, self.deps.now())
                    cursors.put(conn, self.name, kind, stream, Position())
                continue
            except BookChanged:
                restarts += 1
                if restarts > 100:
                    return False
                continue
            break
        with self.deps.store.write() as conn:
            self.fence = lease.renew_if_old(conn, self.fence, self.deps.now())
            cursors.set_read_at(conn, self.name, kind, stream.name, started)
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
                self.fence = lease.renew_if_old(conn, self.fence, self.deps.now())
                if kind != "contacts" and metas.contacts_revision(conn) != interest.revision:
                    raise BookChanged
                commit(conn, page, interest)
                self._quarantine(conn, kind, stream.name, page.broken)
                cursors.put(conn, self.name, kind, stream, page.position)
            if isinstance(page, MailPage):
                seen += page.scanned
                self.report.scanned += page.scanned
                self.deps.progress(f"{self.name}: {stream.label}", seen, page.total)

    def _quarantine(self, conn: Db, kind: str, stream: str, broken: Sequence[Broken]) -> None:
        for item in broken:
            quarantine.put(conn, self.name, kind, stream, item.item_id, item.reason, self.deps.now())
            self.report.quarantined += 1

    def _rules(self, interest: Interest | None = None) -> Rules:
        """What verdicts go by; for pages of one revision of the address book what was looked up is kept."""
        revision = interest.revision if interest else None
        if revision is None or revision != self._looked_up[0]:
            self._looked_up = (revision, Rules(self.deps.settings.policies, self.deps.now()))
        rules = self._looked_up[1]
        rules.now = self.deps.now()
        return rules

    # -- mail ------------------------------------------------------------------------------------

    def _mail(self, source: MailSource) -> None:
        for stream in source.streams():
            self._pass(
                "mail",
                stream,
                lambda since, interest, s=stream: source.pages(s, since, interest),  # type: ignore[misc]
                lambda conn, page, interest, s=stream: self.commit_mail(conn, s, page, interest),  # type: ignore[misc]
            )
            self._backfill(source, stream)

    def commit_mail(self, conn: Db, stream: Stream, page: MailPage, interest: Interest) -> None:
        """The facts of one page, inside the transaction that moves the cursor."""
        now = self.deps.now()
        observed = []
        broken = []
        for mail in page.mails:
            if Signal.BOUNCE in mail.signals:
                self._freeze(conn, mail.date or mail.received or now, facts_in.bounced_addresses(conn, mail, interest))
            try:
                o = facts_in.observe_mail(mail, self.name, stream.name, stream.role, interest, now)
            except ValueError as e:
                broken.append(Broken(mail.item_id, str(e)))
                continue
            if o is not None:
                observed.append(o)
        if observed:
            stored = facts_in.store(conn, observed)
            self.report.logged += derive(conn, stored.touched, self._rules(interest), stored.fresh)
        self._quarantine(conn, "mail", stream.name, broken)

    def _freeze(self, conn: Db, at: datetime, addresses: set[str]) -> None:
        for address in addresses:
            row = conn.execute(select(address_state).where(address_state.c.address == address)).one_or_none()
            if row is not None and (row.frozen_at is not None or (row.thawed_at and row.thawed_at >= at)):
                continue
            values = {"frozen_at": at, "frozen_reason": "mail to it came back"}
            if row is None:
                conn.execute(address_state.insert().values(address=address, shared=False, **values))
            else:
                conn.execute(update(address_state).where(address_state.c.address == address).values(values))

    def _backfill(self, source: MailSource, stream: Stream) -> None:
        """History of addresses added since the stream was read: searched for by the server, or read again."""
        while True:
            with self.deps.store.read() as conn:
                waiting = backfills.waiting(conn, self.name, stream.name)
            if not waiting:
                return
            self._history(source, stream, waiting)

    def _history(self, source: MailSource, stream: Stream, waiting: Sequence[backfills.Backfill]) -> None:
        if len(waiting) > SEARCHABLE:
            with self.deps.store.write() as conn:
                lease.check(conn, self.fence, self.deps.now())
                backfills.done(conn, self.name, stream.name, [w.address for w in waiting])
                cursors.put(conn, self.name, "mail", stream, Position())
            self._pass(
                "mail",
                stream,
                lambda since, interest: source.pages(stream, since, interest),
                lambda conn, page, interest: self.commit_mail(conn, stream, page, interest),
            )
            return
        addresses = [w.address for w in waiting]
        interest = self._interest()
        for page in source.search(stream, addresses, waiting[0].progress, interest):
            if self.deps.should_stop():
                raise Stopped
            with self.deps.store.write(durable=False) as conn:
                self.fence = lease.renew_if_old(conn, self.fence, self.deps.now())
                # A contact added meanwhile has a row of its own: what this page misses of theirs is searched later.
                self.commit_mail(conn, stream, page, interest)
                self._quarantine(conn, "mail", stream.name, page.broken)
                backfills.progress(conn, self.name, stream.name, addresses, page.position.progress)
            self.report.scanned += page.scanned
        with self.deps.store.write() as conn:
            lease.check(conn, self.fence, self.deps.now())
            backfills.done(conn, self.name, stream.name, addresses)

    # -- calendars -------------------------------------------------------------------------------

    def _calendar(self, source: CalendarSource) -> None:
        span = window(self.deps.now())
        for stream in source.streams():
            self._one_calendar(source, stream, span)
        with self.deps.store.write() as conn:
            self.fence = lease.renew_if_old(conn, self.fence, self.deps.now())
            self.report.logged += rederive_open(conn, self._rules())

    def _one_calendar(self, source: CalendarSource, stream: Stream, span: Window) -> None:
        listed: set[str] = set()
        full = False

        def commit(conn: Db, page: EventPage, interest: Interest) -> None:
            nonlocal full
            full = full or page.full
            listed.update(page.listed)
            self._commit_events(conn, stream, page.items, interest, span)
            vanished.note(conn, self.name, "calendar", stream.name, page.gone, back=page.listed)

        with self.deps.store.read() as conn:
            self.last_read[stream.name] = cursors.read_at(conn, self.name, "calendar", stream.name)
        self._pass("calendar", stream, lambda since, interest: source.pages(stream, since, interest, span), commit)
        self._settle_gone("calendar", stream, self._absent_events(source, stream, listed) if full else frozenset())
        self._move_window(stream, span)

    def _commit_events(
        self, conn: Db, stream: Stream, items: Sequence[EventItem], interest: Interest, span: Window
    ) -> None:
        touched: set[str] = set()
        for item in items:
            if item.ours:
                continue
            touched |= facts_in.sync_instances(conn, self.name, stream.name, item, span, interest)
            self._keep_series(conn, stream, item)
        self.report.logged += derive(conn, touched, self._rules())

    def _keep_series(self, conn: Db, stream: Stream, item: EventItem) -> None:
        where = (series.c.account == self.name) & (series.c.stream == stream.name) & (series.c.item_id == item.item_id)
        old = conn.execute(select(series.c.master).where(where)).scalar_one_or_none()
        if old == item.master or (old is None and not item.master):
            return
        conn.execute(delete(series).where(where))
        if item.master:
            conn.execute(
                series.insert().values(
                    account=self.name, stream=stream.name, item_id=item.item_id, uid=item.uid, master=item.master
                )
            )

    def _gone_events(self, conn: Db, stream: Stream, item_ids: Sequence[str]) -> None:
        if not item_ids:
            return
        known = self._known_items(conn, stream)
        ours = [i for i in item_ids if i in known]
        if len(ours) >= MANY and 2 * len(ours) >= len(known):
            questions.ask(conn, self.name, "events-gone", [stream.name, *sorted(ours)], self.deps.now())
            return
        self.drop_events(conn, stream.name, ours)

    def drop_events(self, conn: Db, stream: str, item_ids: Sequence[str]) -> None:
        """Take back what was not yet held of these calendar objects."""
        touched = facts_in.drop_items(conn, self.name, stream, item_ids, self.last_read.get(stream))
        conn.execute(
            delete(series).where(
                series.c.account == self.name, series.c.stream == stream, series.c.item_id.in_(list(item_ids))
            )
        )
        self.report.logged += derive(conn, touched, self._rules())

    def _known_items(self, conn: Db, stream: Stream) -> set[str]:
        """Calendar objects there is live evidence of."""
        return set(
            conn.execute(
                select(evidence.c.item_id)
                .where(
                    evidence.c.account == self.name,
                    evidence.c.stream == stream.name,
                    evidence.c.form == "meeting",
                    evidence.c.gone.is_(False),
                )
                .distinct()
            ).scalars()
        )

    def _absent_events(self, source: CalendarSource, stream: Stream, listed: set[str]) -> frozenset[str]:
        """A full pass did not list them: absence is a question, so ask for those very items."""
        with self.deps.store.read() as conn:
            missing = sorted(self._known_items(conn, stream) - listed)
        return source.gone(stream, missing) if missing else frozenset()

    def _settle_gone(self, kind: str, stream: Stream, absent: frozenset[str]) -> None:
        """At the end of a pass: everything that is gone, judged together, so that many at once are noticed."""
        with self.deps.store.read() as conn:
            gone = sorted(absent | vanished.rows(conn, self.name, kind, stream.name))
        if not gone:
            return
        with self.deps.store.write() as conn:
            lease.check(conn, self.fence, self.deps.now())
            if kind == "calendar":
                self._gone_events(conn, stream, gone)
            else:
                self._take_cards(conn, stream, CardPage((), Position(), gone=tuple(gone)))
            vanished.clear(conn, self.name, kind, stream.name)

    def _move_window(self, stream: Stream, span: Window) -> None:
        """Once a day: expand stored series anew, for the window has moved."""
        from daemon.formats.ics import expand

        zone = self.deps.settings.hours.zone
        stamp = span.end.isoformat()
        with self.deps.store.read() as conn:
            if cursors.window_end(conn, self.name, stream.name) == stamp:
                return
            rows = conn.execute(
                select(series).where(series.c.account == self.name, series.c.stream == stream.name)
            ).all()
        interest = self._interest()
        with self.deps.store.write() as conn:
            lease.check(conn, self.fence, self.deps.now())
            touched: set[str] = set()
            for row in rows:
                try:
                    meetings = expand(row.master, interest, span, zone)
                except BrokenItem as e:
                    self._quarantine(conn, "calendar", stream.name, [Broken(row.item_id, str(e))])
                    continue
                item = EventItem(item_id=row.item_id, uid=row.uid, meetings=meetings, master=row.master)
                touched |= facts_in.sync_instances(conn, self.name, stream.name, item, span, interest)
            self.report.logged += derive(conn, touched, self._rules())
            cursors.set_window_end(conn, self.name, stream.name, stamp)

    # -- address books ---------------------------------------------------------------------------

    def _contacts(self, source: ContactSource) -> None:
        for stream in source.streams():
            self._one_book(source, stream)

    def _one_book(self, source: ContactSource, stream: Stream) -> None:
        listed: set[str] = set()
        full = False

        def commit(conn: Db, page: CardPage, _: Interest) -> None:
            nonlocal full
            full = full or page.full
            listed.update(page.listed)
            vanished.note(conn, self.name, "contacts", stream.name, page.gone, back=page.listed)
            self._take_cards(conn, stream, replace(page, gone=()))

        self._pass("contacts", stream, lambda since, _: source.pages(stream, since), commit)
        absent: frozenset[str] = frozenset()
        if full:
            with self.deps.store.read() as conn:
                missing = sorted(book.known_records(conn, self.name, stream.name) - listed)
            absent = source.gone(stream, missing) if missing else absent
        self._settle_gone("contacts", stream, absent)

    def _take_cards(self, conn: Db, stream: Stream, page: CardPage) -> None:
        book.sync_page(
            conn,
            self.name,
            stream.name,
            page,
            self.deps.now(),
            secret=self.deps.key_secret,
            me=self.deps.me,
            rules=self._rules(),
        )
