"""The calls of the Calendar API that are made, and no others: none that could invite anybody or notify them.

https://developers.google.com/workspace/calendar/api/v3/reference
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from connectors.google.errors import Rejected
from connectors.google.events import Calendar, Event
from connectors.google.own import MARK, Remembered
from connectors.google.session import Session
from daemon.core.errors import CursorExpired, NeedsUser, Refused, TryLater
from daemon.core.model import Window

PAGE = 2500
"""Events of one answer at most, by the API's own limit."""

EVENT = (
    "id,etag,status,summary,start,end,recurrence,recurringEventId,originalStartTime,iCalUID,sequence,eventType,"
    "transparency,attendees(email,self,organizer,resource,responseStatus,additionalGuests),attendeesOmitted,"
    "organizer(email,self),creator(email,self),extendedProperties/private"
)
"""What is asked of an event: no description, no place, no attachments."""

OURS = f"{EVENT},description,location"
"""What is asked of a reminder, too: what the user may have changed about it."""


class CalendarApi:
    """One account's calendars. ``reads``: whether the user lets us see them; else only our own one is there for us,
    and whether it can be listed says ``lists``. ``page`` is how many events a listing puts into one answer.
    """

    def __init__(
        self,
        session: Session,
        remembered: Remembered,
        *,
        reads: bool = True,
        lists: bool = True,
        page: int | None = None,
    ) -> None:
        self._session = session
        self._remembered = remembered
        self._chosen = session.settings.calendars
        self._reads = reads
        self.lists = lists
        self._size = page or PAGE
        self._listed: list[Calendar] | None = None

    # -- the calendar list -------------------------------------------------------------------------------

    def all(self) -> list[Calendar]:
        """The user's calendar list, asked for once."""
        return self.fresh() if self._listed is None else self._listed

    def fresh(self) -> list[Calendar]:
        """The user's calendar list, asked for now: the primary one first, then by id."""
        if not self.lists:
            return []
        found: list[Calendar] = []
        asked: dict[str, Any] = {"maxResults": 250}
        while True:
            answer = self._call(self._session.calendar.calendarList().list(**asked))
            found += [self._entry(one) for one in answer.get("items", ())]
            if not answer.get("nextPageToken"):
                break
            asked["pageToken"] = answer["nextPageToken"]
        ours_alone = [one for one in found if self._reads or one.ours]
        self._listed = sorted(ours_alone, key=lambda one: (not one.primary, one.id))
        return self._listed

    def wanted(self) -> list[Calendar]:
        """Those to read, asked for now: the ones the user named, else all they own. The one for reminders is none.

        Raises:
            NeedsUser: one named is not there, or may not be read.
        """
        listed = [one for one in self.fresh() if not one.ours]
        if not self._chosen:
            return [one for one in listed if one.mine]
        found: list[Calendar] = []
        for name in self._chosen:
            fitting = [one for one in listed if _named(one, name)]
            if not fitting:
                raise NeedsUser(
                    f"There is no calendar called {name!r}.",
                    f"There are: {', '.join(one.name for one in listed if one.readable) or 'none'}.",
                )
            if not any(one.readable for one in fitting):
                raise NeedsUser(
                    f"Of the calendar {name!r} only free and busy times are shared with you.",
                    "Ask its owner for the right to see all event details, or take it out of calendars.",
                )
            found += [one for one in fitting if one.readable and one not in found]
        return found

    def calendar(self, name: str) -> Calendar:
        """One of them by its id.

        Raises:
            Refused: it is not there any more.
        """
        for listed in (self.all, self.fresh):
            for one in listed():
                if one.id == name:
                    return one
        raise Refused("A calendar that was read is not in the account any more.")

    def exists(self, name: str) -> bool:
        """Whether there is a calendar of this id that we may see."""
        return self._described(name) is not None

    def marked(self, name: str) -> bool:
        """Whether there is one of this id that bears our mark; for where calendars cannot be listed."""
        return MARK in (self._described(name) or "")

    def _described(self, name: str) -> str | None:
        try:
            found = self._call(self._session.calendar.calendars().get(calendarId=name))
        except Rejected as error:
            if error.absent or error.status == 403:
                return None
            raise
        return str(found.get("description", ""))

    def make(self, summary: str, description: str, zone: str) -> str:
        """A new calendar; returns its id.

        Raises:
            OutcomeUnknown: the answer was lost.
        """
        body = {"summary": summary, "description": description, "timeZone": zone}
        made = self._call(self._session.calendar.calendars().insert(body=body), write=True)
        self._listed = None
        return str(made["id"])

    # -- reading -----------------------------------------------------------------------------------------

    def changes(self, calendar: str, question: Mapping[str, Any]) -> Mapping[str, Any]:
        """One page of a listing, recurring events as they are.

        Raises:
            CursorExpired: the sync token or the page is not known any more.
        """
        try:
            return self._call(
                self._session.calendar.events().list(
                    calendarId=calendar,
                    singleEvents=False,
                    maxResults=self._size,
                    fields=f"items({EVENT}),nextPageToken,nextSyncToken",
                    **question,
                )
            )
        except Rejected as error:
            if error.status == 410 or (error.status == 400 and ("pageToken" in question or "syncToken" in question)):
                raise CursorExpired("Google Calendar does not know this position any more.") from error
            raise

    def event(self, calendar: str, name: str, fields: str = EVENT) -> Event | None:
        """One event, deleted ones included for as long as Google keeps them; None where there is positively none."""
        request = self._session.calendar.events().get(calendarId=calendar, eventId=name, fields=fields)
        try:
            return self._call(request)
        except Rejected as error:
            if error.absent:
                return None
            raise

    def instances(self, calendar: str, name: str, span: Window) -> list[Event]:
        """The instances of a recurring event, those taken out of it among them."""
        asked = {"timeMin": as_time(span.start), "timeMax": as_time(span.end), "showDeleted": True}
        request = self._session.calendar.events().instances
        return self._whole(request, f"items({EVENT}),nextPageToken", calendarId=calendar, eventId=name, **asked)

    def listed(self, calendar: str, begin: datetime) -> list[Event]:
        """The events of our own calendar, none deleted, that end after ``begin``."""
        asked = {"calendarId": calendar, "singleEvents": False, "timeMin": as_time(begin)}
        return self._whole(self._session.calendar.events().list, f"items({OURS}),nextPageToken", **asked)

    def ids(self, calendar: str) -> frozenset[str]:
        """The ids of all events there are."""
        fields = "items(id,status),nextPageToken"
        listed = self._whole(self._session.calendar.events().list, fields, calendarId=calendar, singleEvents=False)
        return frozenset(str(one["id"]) for one in listed if one.get("status") != "cancelled")

    def busy(self, calendars: Sequence[str], span: Window) -> list[Window]:
        """When these calendars (50 at most) show the user as busy; in no order, overlaps and all.

        Raises:
            TryLater: Google could not say for one of them.
        """
        body = {
            "timeMin": as_time(span.start),
            "timeMax": as_time(span.end),
            "items": [{"id": one} for one in calendars],
        }
        answer = self._call(self._session.calendar.freebusy().query(body=body))
        found: list[Window] = []
        for told in answer.get("calendars", {}).values():
            reasons = {str(error.get("reason", "")) for error in told.get("errors", ())}
            if reasons - {"notFound"}:  # one deleted since it was listed takes no time
                raise TryLater("Google Calendar could not say when one of the calendars is free.")
            found += [Window(_time(one["start"]), _time(one["end"])) for one in told.get("busy", ())]
        return found

    # -- writing: always without a word to anybody ------------------------------------------------------

    def insert(self, calendar: str, body: Event) -> Event:
        """A new event."""
        request = self._session.calendar.events().insert(calendarId=calendar, body=body, sendUpdates="none")
        return self._call(request, write=True)

    def patch(self, calendar: str, name: str, body: Event, etag: str) -> Event:
        """Some fields of an event changed, if it still has this entity tag.

        Raises:
            Conflict: it has another.
        """
        request = self._session.calendar.events().patch(
            calendarId=calendar, eventId=name, body=body, sendUpdates="none"
        )
        request.headers["If-Match"] = etag
        return self._call(request, write=True)

    def delete(self, calendar: str, name: str, etag: str) -> None:
        """An event deleted, if it still has this entity tag.

        Raises:
            Conflict: it has another.
        """
        request = self._session.calendar.events().delete(calendarId=calendar, eventId=name, sendUpdates="none")
        request.headers["If-Match"] = etag
        self._call(request, write=True)

    # -- one call ----------------------------------------------------------------------------------------

    def _whole(self, method: Any, fields: str, **asked: Any) -> list[Event]:
        found: list[Event] = []
        while True:
            answer = self._call(method(maxResults=PAGE, fields=fields, **asked))
            found += answer.get("items", ())
            if not answer.get("nextPageToken"):
                return found
            asked["pageToken"] = answer["nextPageToken"]

    def _call(self, request: Any, *, write: bool = False) -> dict[str, Any]:
        return self._session.call(request, write=write)

    def _entry(self, one: Mapping[str, Any]) -> Calendar:
        role = str(one.get("accessRole", ""))
        name = str(one["id"])
        return Calendar(
            id=name,
            name=str(one.get("summaryOverride") or one.get("summary") or name),
            zone=str(one.get("timeZone") or "UTC"),
            primary=one.get("primary") is True,
            mine=role == "owner",
            readable=role not in ("freeBusyReader", "none"),
            writable=role in ("owner", "writer"),
            # anybody may write the mark into a calendar and share it
            ours=name == self._remembered.id or (role == "owner" and MARK in str(one.get("description", ""))),
        )


def as_time(moment: datetime) -> str:
    """A moment as the API takes it (RFC 3339)."""
    return moment.astimezone(UTC).isoformat()


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _named(calendar: Calendar, name: str) -> bool:
    """Whether a user who says this name means the calendar."""
    called = {calendar.name.casefold(), calendar.id.casefold()} | ({"primary"} if calendar.primary else set())
    return name.casefold() in called
