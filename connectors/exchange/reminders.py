"""Reminders: events without anybody invited, in the main calendar under a category of ours (or one of their own).

Outlook looks for due alarms in the whole mailbox, but clients on telephones, and Outlook set to the main folders only,
see those of the main calendar alone: so that is where they go unless the user names another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from exchangelib import Body, CalendarItem
from exchangelib.errors import UnknownTimeZone
from exchangelib.ewsdatetime import UTC as EWS_UTC
from exchangelib.ewsdatetime import EWSDateTime, EWSTimeZone

from connectors.exchange import elements, events, ews, writing
from connectors.exchange.calendar import fetch
from connectors.exchange.folders import Folder, Folders
from connectors.exchange.session import Session
from daemon.core.errors import BrokenItem, Conflict, OutcomeUnknown, Refused, TryLater
from daemon.core.model import OutgoingEvent, RemoteEvent, Whereabouts
from daemon.core.plain import clean, one_line
from daemon.formats import ics

CATEGORY = "kith"
WORDS = ("subject", "body")
CHANGING = (*WORDS, "start", "end", "reminder_is_set", "reminder_minutes_before_start")


class ExchangeReminders:
    """`daemon.core.ports.ReminderTarget`. The version is of the content: a change key changes without an edit."""

    def __init__(self, session: Session, folders: Folders) -> None:
        self._session = session
        self._folders = folders

    def find(self, key: str, uid: str) -> RemoteEvent:
        same = ews.Equal(CalendarItem, "kith_key", [key])
        calendars = [folder.id for folder in self._folders.calendars()]
        listed = self._session.read(lambda account: ews.find_items(account, calendars, restriction=same, most=10))
        ids = [elements.item_id(one)[0] for one in listed if not isinstance(one, Exception)]
        states = [self._state(element, uid) for element in fetch(self._session, ids, "body")]
        found = [state for state in states if state is not None]
        sure = [state for state in found if state.where is Whereabouts.PRESENT]
        return next(iter(sure or found), RemoteEvent(Whereabouts.GONE, uid=uid))

    def create(self, event: OutgoingEvent) -> RemoteEvent:
        if event.end <= event.start:
            raise Refused("A reminder ends after it starts.")
        if self.find(event.key, event.uid).where is Whereabouts.PRESENT:
            raise Conflict("An event of this UID exists already.")
        calendar = ews.folder_id(self._calendar().id)
        made = self._session.write(
            lambda account: writing.create_item(account, calendar, self._item(account, event, uid=event.uid))
        )
        return self._read_back(made, event)

    def update(self, remote_id: str, version: str, event: OutgoingEvent) -> RemoteEvent:
        element, now = self._ours(remote_id, version)
        if now is None:
            raise Conflict("The event is not there any more.")
        if now.uid != event.uid:
            raise Refused("An event keeps its UID.")
        id_, change_key = elements.item_id(element)
        self._session.write(
            lambda account: writing.update_item(
                account,
                self._item(account, event, id=id_, changekey=change_key),
                WORDS if event.words_only else CHANGING,
            )
        )
        return self._read_back(id_, event)

    def look(self, events: Sequence[tuple[str, str]]) -> Sequence[RemoteEvent]:
        held = fetch(self._session, [remote_id for remote_id, _ in events], "body")
        return [
            # one that is not where we put it may have been moved into another calendar
            self._state(element, uid) or self.find(uid.partition("@")[0], uid)
            for (_, uid), element in zip(events, held, strict=True)
        ]

    def withdraw(self, remote_id: str, version: str) -> RemoteEvent:
        element, now = self._ours(remote_id, version)
        if now is not None:
            id_, change_key = elements.item_id(element)
            self._session.write(lambda account: writing.to_trash(account, id_, change_key))
        return RemoteEvent(Whereabouts.GONE, remote_id)

    # -- our calendar ----------------------------------------------------------------------------

    def _calendar(self) -> Folder:
        name = self._session.settings.reminders_calendar
        if not name:
            return self._folders.main("calendar")
        if (found := self._named(name)) is None:
            try:
                self._session.write(lambda account: writing.create_calendar(account, name))
            except OutcomeUnknown as error:
                # an empty calendar does no harm: the next cycle finds it or makes it
                raise TryLater(str(error), error.after) from None
            self._folders.forget()
            found = self._named(name)
        if found is None:
            raise Refused(f"The calendar {name!r} could not be made; make it by hand or name another one.")
        return found

    def _named(self, name: str) -> Folder | None:
        same = (f for f in self._folders.calendars() if name.casefold() in (f.label.casefold(), f.path[-1].casefold()))
        return next(same, None)

    # -- one event -------------------------------------------------------------------------------

    def _item(self, account: Any, event: OutgoingEvent, **more: Any) -> Any:
        """The event as exchangelib writes it: private, shown as free, with an alarm, inviting nobody."""
        if "uid" in more:
            more |= {
                "kith_key": event.key,
                "categories": [CATEGORY],
                "sensitivity": "Private",
                "legacy_free_busy_status": "Free",
            }
        return CalendarItem(
            account=account,
            subject=one_line(event.summary, 255),
            body=Body(clean(event.description)),
            start=_in_zone(event.start, event.zone),
            end=_in_zone(event.end, event.zone),
            reminder_is_set=True,
            reminder_minutes_before_start=int(event.alarm.total_seconds() // 60),
            **more,
        )

    def _state(self, element: Any, uid: str) -> RemoteEvent | None:
        """The event, if the element is that one. One that cannot be read is there all the same."""
        if isinstance(element, ews.GONE):
            return None
        if isinstance(element, Exception):  # it is there, and cannot be told of: no reason to think it gone
            return RemoteEvent(Whereabouts.UNKNOWN, uid=uid)
        if elements.text(element, "t:UID") != uid or self._deleted(element):
            return None
        id_ = elements.item_id(element)[0]
        settings = self._session.settings
        try:
            raw = events.calendar(element, {}, settings.address, settings.time_zone)
            state = ics.event_state(id_, "", raw, settings.time_zone)
        except BrokenItem:
            return RemoteEvent(Whereabouts.UNKNOWN, id_, uid=uid)
        # as iCalendar knows no such thing, and Outlook's users do: the day it is due may be left out of the digest
        return replace(state, version=state.digest, uid=uid)

    def _deleted(self, element: Any) -> bool:
        parent = element.find("t:ParentFolderId", elements.NS)
        inside = parent.get("Id", "") if parent is not None else ""
        return bool(inside) and all(folder.id != inside for folder in self._folders.calendars())

    def _ours(self, remote_id: str, version: str) -> tuple[Any, RemoteEvent | None]:
        """The event as it is now, None where it is gone.

        Raises:
            Conflict: it is not what we last saw, or nothing kithd wrote.
        """
        (element,) = fetch(self._session, [remote_id], "body parent_folder_id")
        if isinstance(element, Exception):
            if isinstance(element, ews.GONE):
                return None, None
            raise TryLater(f"{self._session.host} cannot read the event just now.")
        uid = elements.text(element, "t:UID")
        state = self._state(element, uid)
        if state is None:
            return None, None
        if state.version != version or elements.extended(element, elements.Key) != uid.partition("@")[0]:
            raise Conflict("The event is not what we last saw.")
        return element, state

    def _read_back(self, id_: str, event: OutgoingEvent) -> RemoteEvent:
        """What the server made of it: the baseline for telling the user's edits."""
        try:
            found = self._state(fetch(self._session, [id_], "body")[0], event.uid) if id_ else None
            found = found or self.find(event.key, event.uid)
        except TryLater as error:
            raise OutcomeUnknown("The event was written, but could not be read back.", error.after) from None
        if found.where is not Whereabouts.PRESENT:
            raise OutcomeUnknown("The event was written, but is not to be found.")
        return found


def _in_zone(moment: datetime, zone: str) -> Any:
    """The moment in the zone, by the name Windows has for it; in UTC where it has none (the moment stays the same)."""
    try:
        local = EWSTimeZone.from_zoneinfo(ZoneInfo(zone)) if zone else EWS_UTC
    except (UnknownTimeZone, KeyError, ValueError, OSError):
        local = EWS_UTC
    return EWSDateTime.from_datetime(moment.astimezone(UTC)).astimezone(local)
