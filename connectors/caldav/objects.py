"""Single objects of a collection: fetched in batches, asked for one by one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from connectors.caldav import dav
from connectors.caldav.discovery import CALENDARS, Finder, Service
from connectors.caldav.errors import Status
from connectors.caldav.http import Client
from daemon.core.errors import TryLater


@dataclass(frozen=True, slots=True)
class Object:
    """One calendar object or card as the server holds it. ``etag`` with its quotes; "" where the server has none."""

    path: str
    etag: str
    data: bytes


class Objects:
    """The objects of one service."""

    def __init__(self, client: Client, finder: Finder, service: Service) -> None:
        self._client = client
        self._finder = finder
        self._report = "C:calendar-multiget" if service is CALENDARS else "A:addressbook-multiget"
        self._data = "C:calendar-data" if service is CALENDARS else "A:address-data"

    def fetch(self, collection: str, paths: Sequence[str]) -> dict[str, Object]:
        """These objects by path; what is not there is left out. All must be of the collection."""
        found: dict[str, Object] = {}
        missing = set(paths)
        size = self._client.settings.batch
        for start in range(0, len(paths), size):
            body = dav.multiget(self._report, self._data, paths[start : start + size])
            try:
                answers = self._client.multistatus("REPORT", self._finder.url(collection), body, depth="1").answers
            except Status as error:
                if error.code == 404:
                    continue  # the whole collection: each object is asked for below
                answers = ()  # a server that cannot do this is asked for each
            for one in self.of(answers):
                found[one.path] = one
            missing -= {a.path for a in answers if a.status in (404, 410)}
        for path in sorted(missing - set(found)):
            # the answer forgot it, or came without content
            if one_more := self.get(path):
                found[path] = one_more
        return found

    def of(self, answers: Iterable[dav.Answer]) -> list[Object]:
        """The objects in a REPORT's answers."""
        return [
            Object(a.path, a.text("D:getetag"), (a.props[dav.tag(self._data)].text or "").encode())
            for a in answers
            if a.status == 200 and dav.tag(self._data) in a.props
        ]

    def get(self, path: str) -> Object | None:
        """One object, None where the server positively says that it does not exist (404, 410)."""
        try:
            reply = self._client.call("GET", self._finder.url(path))
        except Status as error:
            if error.code in (404, 410):
                return None
            raise
        return Object(path, reply.etag, reply.body)

    def gone(self, paths: Iterable[str]) -> frozenset[str]:
        """Those the server positively says do not exist. Any other answer but 404 and 410 leaves it open."""
        lost = set()
        for path in paths:
            try:
                if self.get(path) is None:
                    lost.add(path)
            except (Status, TryLater):
                continue
        return frozenset(lost)
