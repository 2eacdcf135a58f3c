"""Reminders in a calendar of our own: looked for first, made once, changed only while nobody else touched them.

An event's id is its key: Google takes ids a client chose (a-v and 0-9), keeps them over a move to another calendar, and
never gives one out twice, not even after a deletion. What is deleted stays for a while as ``cancelled``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NoReturn

from connectors.google import events as said
from connectors.google.calendar_api import OURS, CalendarApi
from connectors.google.errors import Rejected
from connectors.google.events import Calendar, Event
from connectors.google.own import DESCRIPTION, Remembered
from connectors.google.times import zone_of
from daemon.core.errors import BrokenItem, Conflict, OutcomeUnknown, Refused, TryLater
from daemon.core.model import OutgoingEvent, RemoteEvent, Whereabouts
from daemon.core.plain import clean, one_line

LOOK_BACK = timedelta(days=45)
"""Reminders that ended before are asked for one by one; the others come in one listing."""

MAX_MINUTES = 40320
"""Four weeks: the earliest popup there is."""

_ID = re.compile(r"[a-v0-9]{5,1024}\Z")


class GoogleReminders:
    """`daemon.core.ports.ReminderTarget`. A reminder's remote id is ``<calendar id>/<event id>``.

    ``calendar`` is what our calendar is called where it has to be made; ``zone`` (IANA) the zone it is made with.
    """

    def __init__(
        self,
        api: CalendarApi,
        remembered: Remembered,
        calendar: str,
        zone: str,
        now: Callable[[], datetime],
    ) -> None:
        self._api = api
        self._remembered = remembered
        self._name = calendar
        self._zone = zone
        self._now = now

    def find(self, key: str, uid: str) -> RemoteEvent:
        return self._find(key, uid, first=self._home(), deleted=Whereabouts.TRASHED)

    def create(self, event: OutgoingEvent) -> RemoteEvent:
        if not _ID.match(event.key):
            raise Refused("A reminder's key is no id Google takes.")
        home = self._home() or self._make()
        # 409 would say the same, but of this calendar alone; and a deleted event's id is taken for ever
        if self._find(event.key, event.uid, home, Whereabouts.TRASHED).where is not Whereabouts.GONE:
            raise Conflict("An event of this key exists already, or did.")
        body = {"id": event.key, **_written(event), **_fixed(event)}
        try:
            made = self._api.insert(home, body)
        except Rejected as error:
            if error.status == 409:
                self._taken(event)
            if error.absent:
                self._remembered.keep("")
                raise TryLater("The calendar for reminders was deleted just now; it is made anew next time.") from error
            raise
        return self._state(home, made)

    def update(self, remote_id: str, version: str, event: OutgoingEvent) -> RemoteEvent:
        home, name = _parted(remote_id)
        now = self._ours(home, name, version)
        if now is None:
            raise Conflict("The event is not there any more.")
        if said.uid_of(now) != event.uid:
            raise Refused("An event keeps its UID.")
        try:
            return self._state(home, self._api.patch(home, name, _changed(event), version))
        except Rejected as error:
            if error.absent:
                raise Conflict("The event is not there any more.") from error
            raise

    def look(self, events: Sequence[tuple[str, str]]) -> Sequence[RemoteEvent]:
        held: dict[tuple[str, str], Event] = {}
        ours = self._remembered.id or self._recalled({_parted(remote_id)[0] for remote_id, _ in events})
        if any(_parted(remote_id)[0] == ours for remote_id, _ in events):  # the user's own calendars are not listed
            try:
                held = {(ours, str(e["id"])): e for e in self._api.listed(ours, self._now() - LOOK_BACK)}
            except Rejected as error:
                if not error.absent:  # the calendar is gone: each of its events is asked for
                    raise
        found = []
        for remote_id, uid in events:
            home, name = _parted(remote_id)
            there = held.get((home, name))
            if there is not None and said.is_ours(there):
                found.append(self._state(home, there))
            else:
                found.append(self._find(name, uid, first=home, deleted=Whereabouts.GONE))
        return found

    def withdraw(self, remote_id: str, version: str) -> RemoteEvent:
        home, name = _parted(remote_id)
        if self._ours(home, name, version) is not None:
            try:
                self._api.delete(home, name, version)
            except Rejected as error:
                if not error.absent:
                    raise
        return RemoteEvent(Whereabouts.GONE, remote_id)

    # -- our calendar ------------------------------------------------------------------------------------

    def _home(self) -> str:
        """Our calendar's id; "" where there is none (yet, or any more)."""
        if self._remembered.id and self._api.exists(self._remembered.id):
            return self._remembered.id
        found = next((one.id for one in self._api.fresh() if one.ours and one.id != self._remembered.id), "")
        self._remembered.keep(found)
        return found

    def _recalled(self, homes: Collection[str]) -> str:
        """Our calendar's id, forgotten where calendars cannot be listed: those our reminders are in are asked."""
        found = "" if self._api.lists else next((one for one in sorted(homes) if self._api.marked(one)), "")
        self._remembered.keep(found)
        return found

    def _make(self) -> str:
        """The calendar, made. Only a first reminder brings this about."""
        try:
            made = self._api.make(self._name, DESCRIPTION, self._zone)
        except OutcomeUnknown as error:
            # an empty calendar does no harm: the next cycle finds it by its mark, or makes it
            raise TryLater(str(error), error.after) from None
        self._remembered.keep(made)
        return made

    # -- looking -----------------------------------------------------------------------------------------

    def _find(self, key: str, uid: str, first: str, deleted: Whereabouts) -> RemoteEvent:
        """The event of this id in ``first``, else in any calendar the user could have moved it to.

        A tombstone decides nothing while there are calendars to ask: moving an event leaves one behind. It is ours
        whatever it still says, which may be no more than its id.
        """
        if not _ID.match(key):
            return RemoteEvent(Whereabouts.GONE, uid=uid)
        others = [one.id for one in self._api.all() if one.writable and one.id != first]
        where = Whereabouts.GONE
        for home in [first, *others] if first else others:
            try:
                event = self._api.event(home, key, OURS)
            except Rejected:
                where = Whereabouts.UNKNOWN  # a calendar that was just taken from us may hold it all the same
                continue
            if event is None:
                continue
            if said.is_cancelled(event):
                where = deleted if where is Whereabouts.GONE else where
            elif said.is_ours(event):
                return self._state(home, event)
        return RemoteEvent(where, uid=uid)

    def _taken(self, event: OutgoingEvent) -> NoReturn:
        """Somebody was quicker, or the id was used up before anybody can remember.

        Raises:
            Conflict: it is there, or was and is told as deleted.
            Refused: Google keeps the id of an event it has otherwise forgotten.
        """
        if self._find(event.key, event.uid, self._home(), Whereabouts.TRASHED).where is Whereabouts.GONE:
            raise Refused("The reminder existed before and was deleted.")
        raise Conflict("An event of this key exists already, or did.")

    def _ours(self, home: str, name: str, version: str) -> Event | None:
        """The event as it is now, None where it is gone.

        Raises:
            Conflict: it is not what we last saw, nothing kithd wrote, or in a calendar that is not ours to write to.
        """
        event = self._api.event(home, name, OURS)
        if event is None or said.is_cancelled(event):
            return None
        if str(event.get("etag", "")) != version or not said.is_ours(event):
            raise Conflict("The event is not what we last saw.")
        if home != self._home():
            raise Conflict("The event was moved to a calendar of the user's.")
        return event

    def _state(self, home: str, event: Event) -> RemoteEvent:
        calendar = Calendar(home, home, zone=self._zone)
        remote_id, version, uid = f"{home}/{event['id']}", str(event.get("etag", "")), said.uid_of(event)
        try:
            start, end = said.span(event, calendar)
        except BrokenItem:
            return RemoteEvent(Whereabouts.UNKNOWN, remote_id, version, uid=uid)
        return RemoteEvent(
            where=Whereabouts.PRESENT,
            remote_id=remote_id,
            version=version,
            digest=digest(event, home, start, end),
            uid=uid,
            start=start,
            end=end,
            summary=one_line(str(event.get("summary", "")), 500),
            description=str(event.get("description", "")),
        )


def digest(event: Event, home: str, start: datetime, end: datetime) -> str:
    """Of what a user would change about a reminder (see `daemon.core.model.RemoteEvent`).

    The calendar is a part of it: one moved to another is the user's, and may be out of our reach. Colour, popups and
    visibility are left out: whoever sets them has not answered the reminder.
    """
    when = [start.isoformat(), end.isoformat(), str(said.is_all_day(event))]
    words = [
        home,
        str(event.get("summary", "")).strip(),
        str(event.get("description", "")).strip(),
        str(event.get("location", "")).strip(),
        str(event.get("transparency", "opaque")),
        *sorted(map(str, event.get("recurrence", ()))),
        *sorted(str(one.get("email", "")) for one in event.get("attendees", ())),
    ]
    return f"{_hash(when)}-{_hash(words)}"


def _hash(facts: list[str]) -> str:
    return hashlib.sha256("\n".join(facts).encode("utf-8", "replace")).hexdigest()[:32]


def _changed(event: OutgoingEvent) -> dict[str, Any]:
    """What an update writes."""
    return _words(event) if event.words_only else _written(event)


def _words(event: OutgoingEvent) -> dict[str, Any]:
    return {"summary": one_line(event.summary, 500), "description": clean(event.description)}


def _written(event: OutgoingEvent) -> dict[str, Any]:
    """What of a reminder changes with it."""
    minutes = min(int(abs(event.alarm).total_seconds()) // 60, MAX_MINUTES)
    return {
        **_words(event),
        "start": _time(event.start, event.zone),
        "end": _time(event.end, event.zone),
        "reminders": {"useDefault": False, "overrides": [{"method": "popup", "minutes": minutes}]},
    }


def _fixed(event: OutgoingEvent) -> dict[str, Any]:
    """What never changes about it: shown as free, seen by nobody else, with nobody invited."""
    return {
        "transparency": "transparent",
        "visibility": "private",
        "extendedProperties": {"private": {said.KEY: event.key, said.UID: one_line(event.uid, 500)}},
    }


def _time(moment: datetime, zone: str) -> Mapping[str, str]:
    name = zone or "UTC"
    return {"dateTime": moment.astimezone(zone_of(name, "UTC")).isoformat(), "timeZone": name}


def _parted(remote_id: str) -> tuple[str, str]:
    home, _, name = remote_id.rpartition("/")
    if not home:
        raise Refused("This was never the id of a reminder in Google Calendar.")
    return home, name
