"""What changes events in the double's calendars, and what Google would refuse of it.

What would reach other people, or touches what nobody here wrote, is a complaint.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from tests.doubles.google.call import Call, Refusal
from tests.doubles.google.diary import Event, Shelf, moment

ID = re.compile(r"[a-v0-9]{5,1024}\Z")
WIDE = frozenset({"calendar", "calendar.events", "calendar.events.owned"})
SEES = WIDE | {"calendar.readonly", "calendar.events.readonly", "calendar.events.owned.readonly"}


def shelf_of(call: Call, *, write: bool = False) -> Shelf | Refusal:
    """The calendar that is asked for, where the grant and the user's role allow it."""
    state = call.account.calendar
    name = call.get("calendarId")
    shelf = state.shelves.get(state.email if name == "primary" else name)
    if shelf is None:
        return Refusal(404, "notFound", "Not Found")
    held = {scope.rpartition("/")[2] for scope in call.scopes}
    if not held & (WIDE if write else SEES) and not shelf.by_app:
        return Refusal(403, "forbidden", "Request had insufficient authentication scopes.")
    if shelf.role == "freeBusyReader" or (write and shelf.role not in ("owner", "writer")):
        return Refusal(403, "requiredAccessLevel", "You need to have writer access to this calendar.")
    return shelf


def _writing(call: Call) -> Shelf | Refusal:
    """The calendar to write to; whatever would reach other people is a complaint."""
    if call.get("sendUpdates") != "none" or call.get("sendNotifications"):
        call.double.complaints.append(f"{call.method} without sendUpdates=none may send mail")
    if call.body.get("attendees"):
        call.double.complaints.append(f"{call.method} invites somebody")
    shelf = shelf_of(call, write=True)
    if isinstance(shelf, Shelf) and "eventId" in call.arguments:
        event = shelf.events.get(call.get("eventId"), {})
        if event and not event.get("extendedProperties", {}).get("private"):
            call.double.complaints.append(f"{call.method} of an event that nobody here wrote")
    return shelf


def _times_refused(event: Mapping[str, Any], zone: str) -> Refusal | None:
    if not event.get("start") or not event.get("end"):
        return Refusal(400, "required", "Missing end time.")
    if moment(event["end"], zone) <= moment(event["start"], zone):
        return Refusal(400, "timeRangeEmpty", "The specified time range is empty.")
    return None


def insert(call: Call) -> dict[str, Any] | Refusal:
    shelf = _writing(call)
    if isinstance(shelf, Refusal):
        return shelf
    body = deepcopy(call.body)
    if "id" in body and not ID.match(body["id"]):
        return Refusal(400, "invalid", "Invalid resource id value.")
    if "id" in body and "iCalUID" in body:
        return Refusal(400, "invalid", "Only one of id and iCalUID should be supplied.")
    if body.get("id") in shelf.events or body.get("id") in shelf.used:
        return Refusal(409, "duplicate", "The requested identifier already exists.")
    if refused := _times_refused(body, shelf.zone):
        return refused
    for one in body.get("reminders", {}).get("overrides", ()):
        if not 0 <= one["minutes"] <= 40320:
            return Refusal(400, "invalid", "Invalid reminder minutes.")
    name = call.account.calendar.add(body, shelf, creator={"email": call.account.email})
    return deepcopy(shelf.events[name])


def _precondition(call: Call, shelf: Shelf) -> Refusal | None:
    event = shelf.events.get(call.get("eventId"))
    if event is None:
        return Refusal(404, "notFound", "Not Found")
    if call.headers.get("if-match") not in (None, "*", event["etag"]):
        return Refusal(412, "conditionNotMet", "Precondition Failed")
    if event["status"] == "cancelled":
        return Refusal(410, "deleted", "Resource has been deleted")
    return None


def patch(call: Call) -> dict[str, Any] | Refusal:
    shelf = _writing(call)
    if isinstance(shelf, Refusal):
        return shelf
    if refused := _precondition(call, shelf):
        return refused
    now = deepcopy(shelf.events[call.get("eventId")])
    for name, value in call.body.items():
        if isinstance(value, dict) and name in ("start", "end", "extendedProperties", "reminders"):
            merged = {**now.get(name, {}), **value}
            now[name] = {k: v for k, v in merged.items() if v is not None}
        elif value is None:
            now.pop(name, None)
        else:
            now[name] = value
    return _times_refused(now, shelf.zone) or deepcopy(shelf.store(now))


def update(call: Call) -> dict[str, Any] | Refusal:
    shelf = _writing(call)
    if isinstance(shelf, Refusal):
        return shelf
    if refused := _precondition(call, shelf) or _times_refused(call.body, shelf.zone):
        return refused
    old = shelf.events[call.get("eventId")]
    kept: Event = {n: old[n] for n in ("id", "iCalUID", "organizer", "creator", "status", "eventType") if n in old}
    return deepcopy(shelf.store({**deepcopy(call.body), **kept}))


def delete(call: Call) -> dict[str, Any] | Refusal:
    shelf = _writing(call)
    if isinstance(shelf, Refusal):
        return shelf
    if refused := _precondition(call, shelf):
        return refused
    call.account.calendar.delete(call.get("eventId"))
    return {}
