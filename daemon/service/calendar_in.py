"""Calendars in: instances of meetings, what was moved or cancelled, what is gone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, delete, insert, select
from sqlalchemy import Connection as Db

from daemon.core.errors import BrokenItem
from daemon.core.model import Broken, EventItem, EventPage, Interest, Stream, Window
from daemon.core.ports import CalendarSource
from daemon.core.safety import many_gone
from daemon.service.facts import derive, rederive_open
from daemon.service.instances import drop_items, sync_instances
from daemon.service.passes import Passes
from daemon.store import cursors, lease, questions, vanished
from daemon.store.bulk import chunks
from daemon.store.tables import evidence, series

LOOK_BACK = timedelta(days=3 * 365)
LOOK_AHEAD = timedelta(days=366)
"""The span in which instances of events are kept."""


def window(now: datetime) -> Window:
    """The span instances are expanded in: whole UTC days, so that it moves once a day."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return Window(today - LOOK_BACK, today + LOOK_AHEAD)


class CalendarIn:
    """The calendars of one account."""

    def __init__(self, passes: Passes, source: CalendarSource) -> None:
        self.passes = passes
        self.deps = passes.deps
        self.account = passes.account
        self.source = source
        self.last_read: dict[str, datetime | None] = {}  # calendar -> its reading before this one

    def read(self) -> None:
        """Everything new, stream by stream."""
        span = window(self.deps.now())
        for stream in self.source.streams():
            self._one_calendar(stream, span)
        with self.deps.store.write() as conn:
            self.passes.fence = lease.renew_if_old(conn, self.passes.fence, self.deps.now())
            self.passes.report.logged += rederive_open(conn, self.passes.rules())

    def _one_calendar(self, stream: Stream, span: Window) -> None:
        listed: set[str] = set()

        def commit(conn: Db, page: EventPage, interest: Interest) -> None:
            listed.update(page.listed)
            self._commit_events(conn, stream, page.items, interest, span)
            vanished.note(conn, self.account, "calendar", stream.name, page.gone, back=page.listed)
            if page.full and not page.position.progress:
                missing = self._known_items(conn, stream) - listed
                vanished.suspect(conn, self.account, "calendar", stream.name, missing)

        with self.deps.store.read() as conn:
            self.last_read[stream.name] = cursors.read_at(conn, self.account, "calendar", stream.name)
        self.passes.read(
            "calendar", stream, lambda since, interest: self.source.pages(stream, since, interest, span), commit
        )
        self.passes.settle_gone("calendar", stream, self.source.gone, self._gone_events)
        self._move_window(stream, span)

    def _commit_events(
        self, conn: Db, stream: Stream, items: Sequence[EventItem], interest: Interest, span: Window
    ) -> None:
        theirs = [item for item in items if not item.ours]
        touched = sync_instances(conn, self.account, stream.name, theirs, span, interest)
        self._keep_series(conn, stream, theirs)
        self.passes.report.logged += derive(conn, touched, self.passes.rules())

    def _keep_series(self, conn: Db, stream: Stream, items: Sequence[EventItem]) -> None:
        """Keep what instances can be expanded from anew; the last of several objects of one name is the one there."""
        mine = (series.c.account == self.account) & (series.c.stream == stream.name)
        for chunk in chunks({item.item_id: item for item in items}.values()):
            rows = conn.execute(select(series.c.item_id, series.c.master).where(mine, _among(chunk)))
            old = {r.item_id: r.master for r in rows}
            changed = [item for item in chunk if old.get(item.item_id, "") != item.master]
            if any(item.item_id in old for item in changed):
                conn.execute(delete(series).where(mine, _among(changed)))
            if new := [item for item in changed if item.master]:
                where = {"account": self.account, "stream": stream.name}
                conn.execute(
                    insert(series), [{**where, "item_id": i.item_id, "uid": i.uid, "master": i.master} for i in new]
                )

    def _gone_events(self, conn: Db, stream: Stream, item_ids: Sequence[str]) -> None:
        if not item_ids:
            return
        known = self._known_items(conn, stream)
        ours = [i for i in item_ids if i in known]
        if many_gone(len(ours), len(known)):
            questions.ask(conn, self.account, "events-gone", [stream.name, *sorted(ours)], self.deps.now())
            return
        self.drop_events(conn, stream.name, ours)

    def drop_events(self, conn: Db, stream: str, item_ids: Sequence[str]) -> None:
        """Take back what was not yet held of these calendar objects."""
        touched = drop_items(conn, self.account, stream, item_ids, self.last_read.get(stream))
        conn.execute(
            delete(series).where(
                series.c.account == self.account, series.c.stream == stream, series.c.item_id.in_(list(item_ids))
            )
        )
        self.passes.report.logged += derive(conn, touched, self.passes.rules())

    def _known_items(self, conn: Db, stream: Stream) -> set[str]:
        """Calendar objects there is live evidence of."""
        return set(
            conn.execute(
                select(evidence.c.item_id)
                .where(
                    evidence.c.account == self.account,
                    evidence.c.stream == stream.name,
                    evidence.c.form == "meeting",
                    evidence.c.gone.is_(False),
                )
                .distinct()
            ).scalars()
        )

    def _move_window(self, stream: Stream, span: Window) -> None:
        """Once a day: expand stored series anew, for the window has moved."""
        from daemon.formats.ics import expand

        zone = self.deps.settings.hours.zone
        stamp = span.end.isoformat()
        with self.deps.store.read() as conn:
            if cursors.window_end(conn, self.account, stream.name) == stamp:
                return
            rows = conn.execute(
                select(series).where(series.c.account == self.account, series.c.stream == stream.name)
            ).all()
        interest = self.passes.interest()
        with self.deps.store.write() as conn:
            lease.check(conn, self.passes.fence, self.deps.now())
            touched: set[str] = set()
            for chunk in chunks(rows, 100):  # instances of a hundred series at a time are held in memory
                items = []
                for row in chunk:
                    try:
                        meetings = expand(row.master, interest, span, zone)
                    except BrokenItem as e:
                        self.passes.quarantine(conn, "calendar", stream.name, [Broken(row.item_id, str(e))])
                        continue
                    items.append(EventItem(item_id=row.item_id, uid=row.uid, meetings=meetings, master=row.master))
                touched |= sync_instances(conn, self.account, stream.name, items, span, interest)
            self.passes.report.logged += derive(conn, touched, self.passes.rules())
            cursors.set_window_end(conn, self.account, stream.name, stamp)


def _among(items: Sequence[EventItem]) -> ColumnElement[bool]:
    return series.c.item_id.in_([item.item_id for item in items])
