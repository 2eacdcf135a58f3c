"""The Calendar half of the double, as strict as Google's.

What is refused here is refused there: a syncToken with a filter beside it, an id with a letter beyond v, an id that was
ever used, a stale If-Match, a token of before `Calendars.expire`. What a client of ours must never do (invite, notify,
touch what it did not make) is a complaint, which fails the test.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.doubles.google import calendar_writes
from tests.doubles.google.calendar_writes import shelf_of
from tests.doubles.google.call import Call, Handler, Refusal
from tests.doubles.google.diary import Calendars, Event, Shelf, expanded, moment

__all__ = ["HANDLERS", "Calendars", "Event", "Shelf"]

NEVER_WITH_TOKEN = (
    *("iCalUID", "orderBy", "privateExtendedProperty", "q", "sharedExtendedProperty"),
    *("timeMin", "timeMax", "updatedMin"),
)
MAX_RESULTS = 2500


# -- handlers -------------------------------------------------------------------------------------------


def _calendar_list(call: Call) -> dict[str, Any] | Refusal:
    entries = [s.entry() for s in call.account.calendar.shelves.values()]
    size, start = call.get("maxResults", 100), int(call.get("pageToken", "0"))
    answer: dict[str, Any] = {"kind": "calendar#calendarList", "items": entries[start : start + size]}
    if start + size < len(entries):
        answer["nextPageToken"] = str(start + size)
    return answer


def _calendar_get(call: Call) -> dict[str, Any] | Refusal:
    shelf = shelf_of(call)
    if isinstance(shelf, Refusal):
        return shelf
    return {"id": shelf.id, "summary": shelf.summary, "description": shelf.description, "timeZone": shelf.zone}


def _calendar_insert(call: Call) -> dict[str, Any] | Refusal:
    if not call.body.get("summary"):
        return Refusal(400, "required", "Missing title.")
    shelf = call.account.calendar.add_calendar(call.body["summary"], by_app=True)
    shelf.description = call.body.get("description", "")
    shelf.zone = call.body.get("timeZone", "UTC")
    return {"id": shelf.id, "summary": shelf.summary, "description": shelf.description, "timeZone": shelf.zone}


def _list(call: Call) -> dict[str, Any] | Refusal:
    shelf = shelf_of(call)
    if isinstance(shelf, Refusal):
        return shelf
    if call.get("singleEvents"):
        call.double.complaints.append("expanded lists miss what comes within reach later")
    told = {k: v for k, v in call.arguments.items() if k not in ("pageToken", "alt", "fields", "prettyPrint", "key")}
    size = told.get("maxResults", 250)
    if not 1 <= size <= MAX_RESULTS:
        return Refusal(400, "invalid", "maxResults is out of range")
    if token := call.get("syncToken"):
        if bad := [name for name in NEVER_WITH_TOKEN if name in told]:
            return Refusal(400, "badRequest", f"Sync token cannot be used with {bad[0]}.")
        if told.get("showDeleted") is False:
            return Refusal(400, "badRequest", "Sync token cannot be used with showDeleted=false.")
        generation, _, number = token.removeprefix("sync-").partition(".")
        if generation != str(shelf.generation) or not number.isdecimal():
            return Refusal(410, "fullSyncRequired", "Sync token is no longer valid, a full sync is required.")
        since: int | None = int(number)
    else:
        since = None
    if page := call.get("pageToken"):
        if page not in shelf.pages:
            if token:
                return Refusal(410, "fullSyncRequired", "Sync token is no longer valid, a full sync is required.")
            return Refusal(400, "invalid", "Invalid page token value.")
        asked, ids, number_then = shelf.pages[page]
        if asked != told:
            return Refusal(400, "invalid", "Invalid page token value.")
    else:
        ids, number_then = _listing(shelf, told, since), shelf.number
        if call.account.calendar.empty_first_page and ids:
            return {"items": [], "nextPageToken": _page_token(shelf, told, ids, number_then)}
    here, rest = ids[:size], ids[size:]
    answer: dict[str, Any] = {
        "kind": "calendar#events",
        "timeZone": shelf.zone,
        "items": [_shown(shelf.events[one]) for one in here if one in shelf.events],
    }
    if rest:
        answer["nextPageToken"] = _page_token(shelf, told, rest, number_then)
    elif not {"iCalUID", "orderBy", "privateExtendedProperty", "q", "updatedMin"} & set(told):
        answer["nextSyncToken"] = f"sync-{shelf.generation}.{number_then}"
    return answer


def _page_token(shelf: Shelf, told: dict[str, Any], ids: list[str], number: int) -> str:
    name = f"page-{shelf.generation}.{len(shelf.pages)}"
    shelf.pages[name] = (told, ids, number)
    return name


def _listing(shelf: Shelf, told: Mapping[str, Any], since: int | None) -> list[str]:
    low = datetime.fromisoformat(told["timeMin"]) if "timeMin" in told else None
    high = datetime.fromisoformat(told["timeMax"]) if "timeMax" in told else None
    found = []
    for name in sorted(shelf.changed, key=lambda n: shelf.changed[n]):
        event = shelf.events[name]
        if since is not None:
            if shelf.changed[name] > since:
                found.append(name)
            continue
        if event["status"] == "cancelled" and "recurringEventId" not in event and not told.get("showDeleted"):
            continue
        master = shelf.events.get(event.get("recurringEventId", ""))
        if master is not None and master["status"] == "cancelled":
            continue
        if any(
            _private(event).get(k) != v
            for k, _, v in (p.partition("=") for p in told.get("privateExtendedProperty", ()))
        ):
            continue
        if "iCalUID" in told and event.get("iCalUID") != told["iCalUID"]:
            continue
        if (low or high) and event["status"] != "cancelled":
            forever = datetime(2200, 1, 1, tzinfo=UTC)
            near = expanded(
                shelf, event, low or datetime(1980, 1, 1, tzinfo=UTC), high or (low or forever) + timedelta(days=1500)
            )
            if not near:
                continue
        found.append(name)
    return found


def _private(event: Event) -> dict[str, str]:
    found = event.get("extendedProperties", {}).get("private", {})
    assert isinstance(found, dict)
    return found


def _shown(event: Event) -> Event:
    """Of what was deleted, little more than its ids."""
    if event["status"] != "cancelled":
        return deepcopy(event)
    return {
        n: event[n] for n in ("kind", "etag", "id", "status", "recurringEventId", "originalStartTime") if n in event
    }


def _get(call: Call) -> dict[str, Any] | Refusal:
    shelf = shelf_of(call)
    if isinstance(shelf, Refusal):
        return shelf
    name = call.get("eventId")
    if name in shelf.events:
        return deepcopy(shelf.events[name])
    for event in shelf.events.values():
        if "recurrence" in event and name.startswith(event["id"] + "_"):
            at = datetime.strptime(name.rpartition("_")[2], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            for one in expanded(shelf, event, at - timedelta(days=1), at + timedelta(days=1)):
                if one["id"] == name:
                    return deepcopy(one)
    return Refusal(404, "notFound", "Not Found")


def _instances(call: Call) -> dict[str, Any] | Refusal:
    shelf = shelf_of(call)
    if isinstance(shelf, Refusal):
        return shelf
    master = shelf.events.get(call.get("eventId"))
    if master is None or master["status"] == "cancelled":
        return Refusal(404, "notFound", "Not Found")
    if "recurrence" not in master:
        return Refusal(400, "invalid", "The event is not a recurring one.")
    low = datetime.fromisoformat(call.get("timeMin", "1980-01-01T00:00:00Z"))
    high = datetime.fromisoformat(call.get("timeMax", "2100-01-01T00:00:00Z"))
    found = [e for e in expanded(shelf, master, low, high) if call.get("showDeleted") or e["status"] != "cancelled"]
    size, start = call.get("maxResults", 250), int(call.get("pageToken", "0"))
    answer: dict[str, Any] = {"items": deepcopy([_shown(e) for e in found[start : start + size]])}
    if start + size < len(found):
        answer["nextPageToken"] = str(start + size)
    return answer


def _freebusy(call: Call) -> dict[str, Any] | Refusal:
    low, high = datetime.fromisoformat(call.body["timeMin"]), datetime.fromisoformat(call.body["timeMax"])
    if high <= low:
        return Refusal(400, "timeRangeEmpty", "The specified time range is empty.")
    if high - low > timedelta(days=90):
        return Refusal(400, "timeRangeTooLong", "The requested time range is too long.")
    if len(call.body.get("items", ())) > 50:
        return Refusal(400, "tooManyCalendarsRequested", "Too many calendars.")
    answer: dict[str, Any] = {}
    for one in call.body.get("items", ()):
        shelf = call.account.calendar.shelves.get(one["id"])
        if shelf is None:
            answer[one["id"]] = {"busy": [], "errors": [{"domain": "global", "reason": "notFound"}]}
            continue
        answer[one["id"]] = {"busy": list(_busy(shelf, low, high))}
    return {"kind": "calendar#freeBusy", "calendars": answer}


def _busy(shelf: Shelf, low: datetime, high: datetime) -> Iterator[dict[str, str]]:
    for event in shelf.events.values():
        if event["status"] == "cancelled" or "recurringEventId" in event or not event.get("start"):
            continue
        for one in expanded(shelf, event, low, high):
            if one["status"] == "cancelled" or one.get("transparency") == "transparent":
                continue
            if any(a.get("self") and a.get("responseStatus") == "declined" for a in one.get("attendees", ())):
                continue
            start, end = moment(one["start"], shelf.zone), moment(one["end"], shelf.zone)
            yield {
                "start": max(start, low).astimezone(UTC).isoformat(),
                "end": min(end, high).astimezone(UTC).isoformat(),
            }


HANDLERS: dict[str, Handler] = {
    "calendar.calendarList.list": _calendar_list,
    "calendar.calendars.get": _calendar_get,
    "calendar.calendars.insert": _calendar_insert,
    "calendar.events.list": _list,
    "calendar.events.get": _get,
    "calendar.events.instances": _instances,
    "calendar.events.insert": calendar_writes.insert,
    "calendar.events.patch": calendar_writes.patch,
    "calendar.events.update": calendar_writes.update,
    "calendar.events.delete": calendar_writes.delete,
    "calendar.freebusy.query": _freebusy,
}
