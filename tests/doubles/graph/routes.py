"""The requests there are: paths, scopes and options. What is not here does not exist."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.doubles.graph import books, calendars, mail
from tests.doubles.graph.call import Call
from tests.doubles.graph.shared import Answer


@dataclass(frozen=True)
class Route:
    """A request there is. ``kind`` is the type of what it tells, ``body`` of what it is told."""

    method: str
    path: str
    scope: str
    handler: Callable[[Call], Answer]
    kind: str
    options: frozenset[str] = frozenset()
    body: str = ""

    def ids(self, method: str, segments: list[str]) -> list[str] | None:
        """What stands for {id}; None where it is another request."""
        mine = self.path.split("/")
        if method != self.method or len(mine) != len(segments):
            return None
        if any(m not in ("{id}", s) for m, s in zip(mine, segments, strict=True)):
            return None
        return [s for m, s in zip(mine, segments, strict=True) if m == "{id}"]


MAIL, CALENDAR, CONTACTS = "Mail.ReadWrite", "Calendars.ReadWrite", "Contacts.Read"
PAGED = frozenset({"$skiptoken"})
DELTA = frozenset({"$skiptoken", "$deltatoken"})
SELECT = frozenset({"$select"})
SPAN = frozenset({"startDateTime", "endDateTime"})
LIST = PAGED | {"$select", "$filter", "$search", "$expand"}
ONE = frozenset({"$select", "$expand"})

ROUTES = (
    Route("GET", "mailFolders", MAIL, mail.mail_folders, "mailFolder", PAGED | SELECT),
    Route("GET", "mailFolders/{id}", MAIL, mail.mail_folder, "mailFolder", SELECT),
    Route("GET", "mailFolders/{id}/childFolders", MAIL, mail.child_folders, "mailFolder", PAGED | SELECT),
    Route("GET", "mailFolders/{id}/messages", MAIL, mail.folder_messages, "message", LIST),
    Route("GET", "mailFolders/{id}/messages/delta", MAIL, mail.message_delta, "message", DELTA | SELECT),
    Route("GET", "messages", MAIL, mail.all_messages, "message", LIST),
    Route("GET", "messages/{id}", MAIL, mail.message, "message", ONE),
    Route("GET", "messages/{id}/$value", MAIL, mail.message_value, "message"),
    Route("GET", "messages/{id}/attachments", MAIL, mail.attachments, "attachment", PAGED | SELECT),
    Route("DELETE", "messages/{id}/attachments/{id}", MAIL, mail.delete_attachment, "attachment"),
    Route("POST", "messages", MAIL, mail.new_message, "message", body="message"),
    Route("POST", "messages/{id}/createReply", MAIL, mail.create_reply, "message", body="reply"),
    Route("POST", "messages/{id}/move", MAIL, mail.move, "message", body="move"),
    Route("PATCH", "messages/{id}", MAIL, mail.change_message, "message", body="message"),
    Route("GET", "calendars", CALENDAR, calendars.calendars, "calendar", PAGED | SELECT),
    Route("POST", "calendars", CALENDAR, calendars.new_calendar, "calendar", body="calendar"),
    Route("GET", "calendars/{id}/calendarView", CALENDAR, calendars.calendar_view, "event", SPAN | PAGED | SELECT),
    # no $select here: Graph refuses it
    Route("GET", "calendars/{id}/calendarView/delta", CALENDAR, calendars.calendar_delta, "event", SPAN | DELTA),
    Route("GET", "calendars/{id}/events", CALENDAR, calendars.calendar_events, "event", LIST - {"$search"}),
    Route("GET", "calendars/{id}/events/{id}", CALENDAR, calendars.calendar_event, "event", ONE),
    Route(
        "GET",
        "calendars/{id}/events/{id}/instances",
        CALENDAR,
        calendars.event_instances,
        "event",
        SPAN | PAGED | SELECT,
    ),
    Route("POST", "calendars/{id}/events", CALENDAR, calendars.new_event, "event", body="event"),
    Route("GET", "events/{id}", CALENDAR, calendars.event, "event", ONE),
    Route("PATCH", "events/{id}", CALENDAR, calendars.change_event, "event", body="event"),
    Route("DELETE", "events/{id}", CALENDAR, calendars.delete_event, "event"),
    Route("GET", "contactFolders", CONTACTS, books.contact_folders, "contactFolder", PAGED | SELECT),
    Route("GET", "contactFolders/{id}", CONTACTS, books.contact_folder, "contactFolder", SELECT),
    Route("GET", "contactFolders/{id}/childFolders", CONTACTS, books.contact_children, "contactFolder", PAGED | SELECT),
    Route("GET", "contactFolders/{id}/contacts/delta", CONTACTS, books.contact_delta, "contact", DELTA | SELECT),
    Route("GET", "contactFolders/{id}/contacts/{id}", CONTACTS, books.book_contact, "contact", ONE),
    Route("GET", "contacts", CONTACTS, books.contacts, "contact", PAGED | SELECT | {"$top"}),
    Route("GET", "contacts/{id}", CONTACTS, books.contact, "contact", ONE),
)
