"""Streaming notifications: one answer that goes on for half an hour and says what happens (MS-OXWSNTIF 3.1.4.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from exchangelib.errors import ErrorMissedNotificationEvents, ErrorSubscriptionNotFound
from exchangelib.services import GetStreamingEvents, SubscribeToStreaming

from connectors.exchange import ews
from connectors.exchange.session import Session
from daemon.core.errors import KithError

MINUTES = 29
"""How long one answer may go on; a server allows thirty."""

FOLDERS = ("inbox", "sentitems", "calendar")
EVENTS = ("NewMailEvent", "CreatedEvent", "MovedEvent", "DeletedEvent")
"""Not that something was modified: every message that is opened is."""


class ExchangeWatcher:
    """`daemon.core.ports.Watcher`, with a connection of its own: listening occupies it."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._stopping = False

    def watch(self, news: Callable[[], None]) -> None:
        try:
            self._session.listen(lambda account: self._listen(account, news), MINUTES * 60 + 60)
        except KithError:
            if not self._stopping:
                raise

    def stop(self) -> None:
        self._stopping = True
        self._session.cut()

    def _listen(self, account: Any, news: Callable[[], None]) -> None:
        folders = [ews.distinguished(account, name) for name in FOLDERS]
        (subscription,) = SubscribeToStreaming(account=account).call(folders=folders, event_types=EVENTS)
        if isinstance(subscription, Exception):
            raise subscription
        stream = _Events(account=account)
        try:
            for _ in stream.call(subscription_ids=[subscription], connection_timeout=MINUTES):
                if self._stopping:
                    return
                news()
        except (ErrorMissedNotificationEvents, ErrorSubscriptionNotFound):
            news()  # something happened, and it does not know any more what


class _Events(GetStreamingEvents):  # type: ignore[misc]  # the library has no types
    def _elems_to_objs(self, elems: Iterator[Any]) -> Iterator[Any]:
        return iter(elems)
