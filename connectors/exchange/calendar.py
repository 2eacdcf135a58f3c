"""Reading calendars: changes by SyncFolderItems (items and masters of series), free time by CalendarView."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from exchangelib import CalendarItem
from exchangelib.errors import ErrorCalendarViewRangeTooBig, ErrorExceededFindCountLimit
from exchangelib.ewsdatetime import EWSDateTime
from exchangelib.properties import CalendarView

from connectors.exchange import elements, events, ews
from connectors.exchange.changes import changes
from connectors.exchange.folders import EVENTS, Folders
from connectors.exchange.session import Session
from daemon.core.errors import BrokenItem, TryLater
from daemon.core.model import Broken, EventItem, EventPage, Interest, Position, Stream, Window
from daemon.formats import ics

AT_ONCE = timedelta(days=700)
"""A CalendarView spans two years at most."""

IN_VIEW = 500
"""Occurrences asked for in one view: servers cut it off at a thousand, and not all of them say so."""

LEAST = timedelta(hours=1)
TAKEN = ("Busy", "OOF", "Tentative")


class ExchangeCalendars:
    """`daemon.core.ports.CalendarSource`. An item is a single event, or a series with all its exceptions."""

    def __init__(self, session: Session, folders: Folders, page: int) -> None:
        self._session = session
        self._folders = folders
        self._page = page

    def streams(self) -> Sequence[Stream]:
        return [f.stream for f in self._folders.of_class(EVENTS, self._session.settings.calendars)]

    def pages(self, stream: Stream, since: Position, interest: Interest, window: Window) -> Iterator[EventPage]:
        for found, position, full in changes(self._session, stream, since, self._page):
            yield self._read(found, interest, window, position, full=full)

    def gone(self, stream: Stream, item_ids: Sequence[str]) -> frozenset[str]:
        return gone(self._session, item_ids)

    def busy(self, window: Window) -> Sequence[Window]:
        spans: list[Window] = []
        for folder in self._folders.calendars():
            start = window.start
            while start < window.end:
                end = min(window.end, start + AT_ONCE)
                spans += self._busy_in(folder.id, Window(start, end))
                start = end
        return _merged(spans, window)

    # -- changes ---------------------------------------------------------------------------------

    def _read(
        self, found: ews.Changes, interest: Interest, window: Window, position: Position, *, full: bool
    ) -> EventPage:
        ids = [elements.item_id(one)[0] for one in found.changed]
        items: list[EventItem] = []
        broken: list[Broken] = []
        fetched = fetch(self._session, ids)
        exceptions = self._exceptions(fetched, window.start)
        for id_, element in zip(ids, fetched, strict=True):
            if isinstance(element, ews.GONE):
                continue  # deleted since it was listed: the next pass is told
            if isinstance(element, Exception):
                broken.append(Broken(id_, f"The server cannot read it ({type(element).__name__})."))
                continue
            try:
                items.append(self._item(id_, element, exceptions, interest, window))
            except BrokenItem as error:
                broken.append(Broken(id_, str(error)))
        return EventPage(tuple(items), position, found.gone, tuple(ids), tuple(broken), full)

    def _item(
        self, id_: str, element: Any, exceptions: dict[str, Any], interest: Interest, window: Window
    ) -> EventItem:
        if not str(element.tag).endswith("}CalendarItem"):
            return EventItem(id_, "")  # mail somebody put into a calendar
        settings = self._session.settings
        raw = events.calendar(element, exceptions, settings.address, settings.time_zone)
        return ics.read(id_, raw, interest, window, settings.time_zone)

    def _exceptions(self, fetched: Sequence[Any], since: datetime) -> dict[str, Any]:
        ids: list[str] = []
        for element in fetched:
            if not isinstance(element, Exception):
                ids += events.exceptions_of(element, since)
        found = zip(ids, fetch(self._session, ids), strict=True)
        return {id_: element for id_, element in found if not isinstance(element, Exception)}

    # -- free time -------------------------------------------------------------------------------

    def _busy_in(self, folder: str, window: Window) -> list[Window]:
        view = CalendarView(start=_ews(window.start), end=_ews(window.end), max_items=IN_VIEW)
        wanted = elements.fields(
            CalendarItem,
            "start end is_all_day legacy_free_busy_status is_cancelled appointment_state my_response_type kith_key",
        )

        def ask(account: Any) -> list[Any] | None:
            try:
                return ews.find_items(account, [folder], wanted, view=view, most=IN_VIEW)
            except (ErrorExceededFindCountLimit, ErrorCalendarViewRangeTooBig):
                return None

        found = self._session.read(ask)
        if found is None or len(found) >= IN_VIEW:
            if window.end - window.start <= LEAST:
                raise TryLater(f"{self._session.host} cannot list so many events.")
            half = window.start + (window.end - window.start) / 2
            return self._busy_in(folder, Window(window.start, half)) + self._busy_in(folder, Window(half, window.end))
        return [span for one in found if (span := _taken(one)) is not None]


def fetch(session: Session, ids: Sequence[str], more: str = "") -> list[Any]:
    """Calendar items by id, in batches: elements, and errors in their places."""
    wanted = elements.fields(CalendarItem, f"{events.FIELDS} {more}")
    size = min(100, session.settings.batch)
    found: list[Any] = []
    for first in range(0, len(ids), size):
        some = list(ids[first : first + size])
        found += session.read(lambda account, some=some: ews.get_items(account, some, wanted, size))  # type: ignore[misc]
    return found


def gone(session: Session, ids: Sequence[str]) -> frozenset[str]:
    """Those of the items the server positively says do not exist."""
    size = session.settings.batch
    lost: set[str] = set()
    for first in range(0, len(ids), size):
        some = list(ids[first : first + size])
        found = session.read(lambda account, some=some: ews.get_items(account, some, (), size))  # type: ignore[misc]
        lost |= {id_ for id_, element in zip(some, found, strict=True) if isinstance(element, ews.GONE)}
    return frozenset(lost)


def _taken(element: Any) -> Window | None:
    """When the user is taken by an occurrence; a whole day only if it is shown as busy or out of office."""
    if isinstance(element, Exception) or events.is_cancelled(element) or elements.extended(element, elements.Key):
        return None
    shown = elements.text(element, "t:LegacyFreeBusyStatus")
    if shown not in TAKEN or elements.text(element, "t:MyResponseType") == "Decline":
        return None
    start, end = elements.moment(element, "t:Start"), elements.moment(element, "t:End")
    return Window(start, end) if start is not None and end is not None and start < end else None


def _merged(spans: Sequence[Window], window: Window) -> list[Window]:
    merged: list[Window] = []
    for span in sorted(spans, key=lambda s: s.start):
        start, end = max(span.start, window.start), min(span.end, window.end)
        if start >= end:
            continue
        if merged and start <= merged[-1].end:
            merged[-1] = Window(merged[-1].start, max(end, merged[-1].end))
        else:
            merged.append(Window(start, end))
    return merged


def _ews(moment: datetime) -> Any:
    return EWSDateTime.from_datetime(moment.astimezone(UTC))
