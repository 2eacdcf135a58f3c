"""Reminders in a calendar of our own: looked for first, made once, changed only while nobody else touched them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from urllib.parse import quote

from connectors.caldav import dav
from connectors.caldav.discovery import Collection, Finder, named
from connectors.caldav.errors import Status
from connectors.caldav.http import Client
from connectors.caldav.objects import Object, Objects
from daemon.core.errors import BrokenItem, Conflict, OutcomeUnknown, Refused, TryLater
from daemon.core.model import OutgoingEvent, RemoteEvent, Whereabouts
from daemon.formats import ics

TYPE = {"Content-Type": "text/calendar; charset=utf-8"}
TAKEN = (403, 405, 409, 412)
"""How servers refuse a PUT that would make a second object of one name or UID (RFC 4791 5.3.2.1)."""


class DavReminders:
    """`daemon.core.ports.ReminderTarget`. A reminder's remote id is its path on the server."""

    def __init__(self, client: Client, finder: Finder, objects: Objects) -> None:
        self._client = client
        self._finder = finder
        self._objects = objects

    def find(self, key: str, uid: str) -> RemoteEvent:
        calendar = self._calendar()
        if calendar is not None:
            found = self._state(self._objects.get(_path(calendar, uid)), uid)
            if found is not None:
                return found
        return self._by_uid(uid, self._finder.fresh())

    def create(self, event: OutgoingEvent) -> RemoteEvent:
        if self.find(event.key, event.uid).where is Whereabouts.PRESENT:
            raise Conflict("An event of this UID exists already.")
        calendar = self._calendar() or self._make()
        path = _path(calendar, event.uid)
        try:
            self._client.call("PUT", self._finder.url(path), ics.write_event(event), {**TYPE, "If-None-Match": "*"})
        except Status as error:
            if error.code in TAKEN and self.find(event.key, event.uid).where is Whereabouts.PRESENT:
                raise Conflict("An event of this UID exists already.") from error
            raise
        return self._read_back(path, event.uid)

    def update(self, remote_id: str, version: str, event: OutgoingEvent) -> RemoteEvent:
        held = self._ours(remote_id, version)
        if held is None:
            raise Conflict("The event is not there any more.")
        if event.uid not in ics.uids(held.data):
            raise Refused("An event keeps its UID.")
        raw = ics.reword(held.data, event) if event.words_only else ics.write_event(event)
        self._guarded("PUT", remote_id, version, raw)
        return self._read_back(remote_id, event.uid)

    def look(self, events: Sequence[tuple[str, str]]) -> Sequence[RemoteEvent]:
        held: dict[str, Object] = {}
        by_collection: dict[str, list[str]] = {}
        for remote_id, _ in events:
            by_collection.setdefault(remote_id.rpartition("/")[0] + "/", []).append(remote_id)
        for collection, paths in by_collection.items():
            held |= self._objects.fetch(collection, list(dict.fromkeys(paths)))
        # one that is not where we put it may have been moved into another calendar
        calendars: list[Collection] = []
        found: list[RemoteEvent] = []
        for remote_id, uid in events:
            state = self._state(held.get(remote_id), uid)
            if state is None:
                calendars = calendars or self._finder.fresh()
                state = self._by_uid(uid, calendars)
            found.append(state)
        return found

    def withdraw(self, remote_id: str, version: str) -> RemoteEvent:
        if self._ours(remote_id, version) is not None:
            try:
                self._guarded("DELETE", remote_id, version)
            except Conflict:
                if self._objects.get(remote_id) is not None:
                    raise
        return RemoteEvent(Whereabouts.GONE, remote_id)

    # -- our calendar ----------------------------------------------------------------------------

    def _calendar(self) -> Collection | None:
        name = self._client.settings.reminders_calendar
        return next((c for c in self._finder.all() if named(c, name)), None)

    def _make(self) -> Collection:
        """The calendar, made. Only a first reminder brings this about."""
        name = self._client.settings.reminders_calendar
        path = dav.path_of(self._finder.homes()[0]).rstrip("/") + f"/{quote(name, safe='')}/"
        headers = {"Content-Type": "application/xml; charset=utf-8"}
        try:
            self._client.call("MKCALENDAR", self._finder.url(path), dav.mkcalendar(name), headers)
        except Status as error:
            if error.code in (405, 501) and not self._appeared():
                self._client.call("MKCOL", self._finder.url(path), dav.mkcol(name), headers)
            elif not self._appeared():
                raise
        except OutcomeUnknown as error:
            # an empty calendar does no harm: the next cycle finds it or makes it
            raise TryLater(str(error), error.after) from None
        self._finder.forget()
        made = self._calendar()
        if made is None:
            raise Refused(f"The calendar {name!r} could not be made; make it by hand or name another one.")
        return made

    def _appeared(self) -> bool:
        self._finder.forget()
        return self._calendar() is not None

    # -- looking ---------------------------------------------------------------------------------

    def _state(self, held: Object | None, uid: str) -> RemoteEvent | None:
        """The event, if the object is that one. One that cannot be read is there all the same."""
        if held is None:
            return None
        try:
            state = ics.event_state(held.path, _version(held), held.data, self._client.settings.time_zone)
        except BrokenItem:
            return (
                RemoteEvent(Whereabouts.UNKNOWN, held.path, _version(held), uid=uid)
                if uid in ics.uids(held.data)
                else None
            )
        return state if state.uid == uid else None

    def _by_uid(self, uid: str, calendars: Sequence[Collection]) -> RemoteEvent:
        """The event in any calendar of the account. GONE only if every calendar said that it has none."""
        sure = True
        for collection in calendars:
            try:
                url = self._finder.url(collection.path)
                answers = self._client.multistatus("REPORT", url, dav.events_with_uid(uid), depth="1").answers
            except Status as error:
                if error.code not in (404, 410):  # a calendar deleted since it was listed holds nothing
                    sure = False
                continue
            for held in self._objects.of(answers):
                if state := self._state(held, uid):
                    return state
        return RemoteEvent(Whereabouts.GONE if sure else Whereabouts.UNKNOWN, uid=uid)

    def _ours(self, remote_id: str, version: str) -> Object | None:
        """The event as it is now, None where it is gone.

        Raises:
            Conflict: it is not what we last saw, or nothing kithd wrote.
        """
        held = self._objects.get(remote_id)
        if held is None:
            return None
        if _version(held) != version or not ics.is_reminder(held.data):
            raise Conflict("The event is not what we last saw.")
        return held

    def _guarded(self, method: str, remote_id: str, version: str, body: bytes | None = None) -> None:
        """A write that the server refuses if the event changed since `_ours` looked at it."""
        headers: dict[str, str] = dict(TYPE) if body is not None else {}
        if version.startswith('"'):
            headers["If-Match"] = version  # a weak tag would match nothing (RFC 9110 13.1.1)
        try:
            self._client.call(method, self._finder.url(remote_id), body, headers)
        except Status as error:
            if error.code in (404, 409, 410, 412):
                raise Conflict("The event is not what we last saw.") from error
            raise

    def _read_back(self, path: str, uid: str) -> RemoteEvent:
        """What the server made of it: the baseline for telling the user's edits."""
        try:
            found = self._state(self._objects.get(path), uid) or self._by_uid(uid, self._finder.all())
        except TryLater as error:
            raise OutcomeUnknown("The event was written, but could not be read back.", error.after) from None
        if found.where is not Whereabouts.PRESENT:
            raise OutcomeUnknown("The event was written, but is not to be found.")
        return found


def _path(calendar: Collection, uid: str) -> str:
    return dav.path_of(f"{calendar.path}{quote(uid, safe='@')}.ics")


def _version(held: Object) -> str:
    """Its entity tag; of a server without, a hash of the content."""
    return held.etag or "sha256-" + hashlib.sha256(held.data).hexdigest()
