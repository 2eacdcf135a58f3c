"""Reminders in an Outlook calendar: looked for first, made once, changed only while nobody else touched them.

No reminder has attendees: Graph sends an invitation, a change and a cancellation to each by itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.microsoft import properties
from connectors.microsoft.errors import Status
from connectors.microsoft.events import span
from connectors.microsoft.http import Client, Json, query, seg, values
from connectors.microsoft.moments import date_time
from connectors.microsoft.places import Calendar, Places
from daemon.core.errors import BrokenItem, Conflict, OutcomeUnknown, TryLater
from daemon.core.model import OutgoingEvent, RemoteEvent, Whereabouts
from daemon.core.plain import clean, one_line
from daemon.formats.ics_write import CATEGORY

FIELDS = "id,subject,body,start,end,isAllDay,isCancelled,showAs,location,attendees,recurrence,originalStartTimeZone"


class Reminders:
    """`daemon.core.ports.ReminderTarget`. A remote id is the event's immutable id.

    Its version is a digest of what it says: the change key of an event changes as its alarm is shown or dismissed.
    """

    def __init__(self, client: Client, places: Places) -> None:
        self._client = client
        self._places = places

    def find(self, key: str, uid: str) -> RemoteEvent:
        """See `ReminderTarget.find`."""
        (found,) = self._by_key([uid], self._places.own_calendars(), key)
        return found

    def create(self, event: OutgoingEvent) -> RemoteEvent:
        """See `ReminderTarget.create`. The transaction id keeps a request that comes twice from making two."""
        if self.find(event.key, event.uid).where is Whereabouts.PRESENT:
            raise Conflict("An event of this key exists already.")
        calendar = self._places.reminders_calendar() or self._places.make_calendar()
        body = _written(event) | {"transactionId": event.key, "singleValueExtendedProperties": [_key(event.key)]}
        try:
            made = self._client.write("POST", f"{calendar.path}/events", body)
        except Status as error:
            if error.changed and self.find(event.key, event.uid).where is Whereabouts.PRESENT:
                raise Conflict("An event of this key exists already.") from error
            raise
        return self._read_back(str(made["id"]), event.uid)

    def update(self, remote_id: str, version: str, event: OutgoingEvent) -> RemoteEvent:
        """See `ReminderTarget.update`."""
        held = self._ours(remote_id, version)
        if held is None:
            raise Conflict("The event is not there any more.")
        self._guarded("PATCH", held, _words(event) if event.words_only else _written(event))
        return self._read_back(remote_id, event.uid)

    def look(self, events: Sequence[tuple[str, str]]) -> Sequence[RemoteEvent]:
        """See `ReminderTarget.look`. Twenty a request where we put them; all calendars only for the others."""
        calendar = self._places.reminders_calendar()
        found: dict[str, RemoteEvent] = {}
        if calendar is not None:
            parts = self._client.batch([_path(f"{calendar.path}/events", i) for i, _ in events], text=True)
            for (_, uid), part in zip(events, parts, strict=True):
                if part.status == 200:
                    found[uid] = self._state(part.body, uid)
        elsewhere = [uid for _, uid in events if uid not in found]
        if elsewhere:
            answers = self._by_key(elsewhere, self._places.own_calendars())
            found |= dict(zip(elsewhere, answers, strict=True))
        return [found[uid] for _, uid in events]

    def withdraw(self, remote_id: str, version: str) -> RemoteEvent:
        """See `ReminderTarget.withdraw`. Outlook keeps it among the deleted items."""
        held = self._ours(remote_id, version)
        if held is not None:
            self._guarded("DELETE", held)
        return RemoteEvent(Whereabouts.GONE, remote_id)

    # -- looking ---------------------------------------------------------------------------------

    def _by_key(self, uids: Sequence[str], calendars: Sequence[Calendar], key: str = "") -> list[RemoteEvent]:
        """Each event in any calendar of the user's own. GONE only if every calendar said that it has none."""
        asked = [(uid, calendar) for uid in uids for calendar in calendars]
        paths = [
            query(
                f"{calendar.path}/events",
                filter=properties.with_key(key or uid.partition("@")[0]),
                select=FIELDS,
                expand=properties.EXPAND,
            )
            for uid, calendar in asked
        ]
        found: dict[str, RemoteEvent] = {}
        unsure: set[str] = set()
        for (uid, _), part in zip(asked, self._client.batch(paths, text=True), strict=True):
            if part.status == 200:
                for held in values(part.body):
                    found.setdefault(uid, self._state(held, uid))
            elif part.status != 404:  # a calendar deleted since it was listed holds nothing
                unsure.add(uid)
        return [
            found.get(uid) or RemoteEvent(Whereabouts.UNKNOWN if uid in unsure else Whereabouts.GONE, uid=uid)
            for uid in uids
        ]

    def _state(self, held: Mapping[str, Any], uid: str) -> RemoteEvent:
        """A reminder as the server holds it. One that cannot be read is there all the same."""
        item_id = str(held.get("id", ""))
        try:
            start, end = span(held, self._client.settings.time_zone)
        except BrokenItem:
            return RemoteEvent(Whereabouts.UNKNOWN, item_id, uid=uid)
        when, words = _digests(held, start.isoformat(), end.isoformat())
        return RemoteEvent(
            where=Whereabouts.PRESENT,
            remote_id=item_id,
            version=f"{when}{words}",
            digest=f"{when}-{words}",
            uid=uid,
            start=start,
            end=end,
            summary=one_line(str(held.get("subject") or ""), 500),
            cancelled=held.get("isCancelled") is True,
            description=_text(held),
        )

    def _ours(self, remote_id: str, version: str) -> Json | None:
        """The event as it is now, in whatever calendar; None where it is gone.

        Raises:
            Conflict: it is not what we last saw, or nothing kithd wrote.
        """
        paths = [_path(f"{calendar.path}/events", remote_id) for calendar in self._places.own_calendars()]
        parts = self._client.batch(paths, text=True)
        held = next((part.body for part in parts if part.status == 200), None)
        if held is None:
            if any(part.status != 404 for part in parts):
                raise TryLater("Microsoft could not say whether the event is still there.")
            return None
        if not properties.of(held, properties.KEY) or self._state(held, "").version != version:
            raise Conflict("The event is not what we last saw.")
        return held

    def _guarded(self, method: str, held: Json, body: Json | None = None) -> None:
        """A write that the server refuses if the event changed since `_ours` looked at it."""
        path = f"/me/events/{seg(str(held['id']))}"
        try:
            self._client.write(method, path, body, if_match=str(held.get("@odata.etag", "")))
        except Status as error:
            if error.missing and method == "DELETE":
                return
            if error.missing or error.changed:
                raise Conflict("The event is not what we last saw.") from error
            raise

    def _read_back(self, remote_id: str, uid: str) -> RemoteEvent:
        """What the server made of it: the baseline for telling the user's edits."""
        try:
            held = self._client.find(_path("/me/events", remote_id), text=True)
        except TryLater as error:
            raise OutcomeUnknown("The event was written, but could not be read back.", error.after) from None
        if held is None:
            raise OutcomeUnknown("The event was written, but is not to be found.")
        return self._state(held, uid)


def _words(event: OutgoingEvent) -> Json:
    return {
        "subject": one_line(event.summary, 500),
        "body": {"contentType": "text", "content": clean(event.description)},
    }


def _text(held: Mapping[str, Any]) -> str:
    body = held.get("body")
    return str(body.get("content") or "") if isinstance(body, dict) else ""


def _written(event: OutgoingEvent) -> Json:
    """The event as a resource. Of nobody else, and nobody is told."""
    minutes = max(0, int(abs(event.alarm).total_seconds() // 60))
    return {
        **_words(event),
        "start": date_time(event.start, event.zone),
        "end": date_time(event.end, event.zone),
        "isReminderOn": True,
        "reminderMinutesBeforeStart": minutes,
        "showAs": "free",
        "sensitivity": "private",
        "categories": [CATEGORY],
    }


def _key(key: str) -> dict[str, str]:
    return properties.single(properties.KEY, key)


def _path(base: str, remote_id: str) -> str:
    return query(f"{base}/{seg(remote_id)}", select=FIELDS, expand=properties.EXPAND)


def _digests(held: Mapping[str, Any], *when: str) -> tuple[str, str]:
    """When it is, and all the rest a user would change: not what programs change by themselves."""
    place, attendees = held.get("location"), held.get("attendees")
    words = [
        str(held.get("subject") or ""),
        " ".join(_text(held).split()),
        str(place.get("displayName") or "") if isinstance(place, dict) else "",
        [one.get("emailAddress") for one in attendees if isinstance(one, dict)] if attendees else [],
        held.get("recurrence") or None,
        str(held.get("showAs") or ""),
        held.get("isCancelled") is True,
    ]
    return _hash([*when, held.get("isAllDay") is True]), _hash(words)


def _hash(facts: list[Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]
