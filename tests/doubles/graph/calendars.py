"""What each request about calendars does."""

from __future__ import annotations

from tests.doubles.graph import translate
from tests.doubles.graph.call import Call, Refusal, Strange
from tests.doubles.graph.mailbox import Folder, broken
from tests.doubles.graph.shared import KEY, Answer, delta_page, matched, missing
from tests.doubles.graph.translate import Item


def calendars(call: Call) -> Answer:
    held = [
        {
            "id": c.id,
            "name": c.name,
            "isDefaultCalendar": c.name == "Calendar",
            "canEdit": c.kind != "read-only",
            "owner": {"name": "", "address": c.parent or call.box.address},
        }
        for c in call.box.calendars.values()
    ]
    return 200, call.rest() or call.listing(held)


def new_calendar(call: Call) -> Answer:
    if set(call.body) != {"name"}:
        raise Strange(f"a calendar of {sorted(call.body)}")
    name = call.body["name"]
    if name in call.box.calendars:
        raise Refusal(409, "ErrorFolderExists")
    call.box.calendars[name] = Folder(f"AAMkcal/{len(call.box.calendars) + 1}=", name)
    return 201, {"id": call.box.calendars[name].id, "name": name}


def calendar_of(call: Call) -> Folder:
    found = call.box.calendar(call.ids[0])
    if found is None:
        raise missing()
    if found.kind == "closed":  # shared by somebody, which needs a scope we do not ask for
        raise Refusal(403, "ErrorAccessDenied")
    return found


def calendar_view(call: Call) -> Answer:
    if (rest := call.rest()) is not None:
        return 200, rest
    start, end = call.window()
    return 200, call.listing(call.box.view(calendar_of(call), start, end))


def calendar_delta(call: Call) -> Answer:
    calendar = calendar_of(call)

    def items(query: str) -> list[Item]:
        call.options = dict(zip(("startDateTime", "endDateTime"), query.split(" "), strict=True))
        return [call.shown(e) for e in call.box.view(calendar, *call.window(), masters=True)]

    query = ""
    if "$skiptoken" not in call.options and "$deltatoken" not in call.options:
        call.window()
        query = f"{call.options['startDateTime']} {call.options['endDateTime']}"
    return 200, delta_page(call, calendar, query, items)


def calendar_events(call: Call) -> Answer:
    """Series as their masters, and no instances."""
    test = call.test()
    held = [e for e in calendar_of(call).items.values() if not e.get("seriesMasterId") and test(e)]
    return 200, call.rest() or call.listing(held)


def calendar_event(call: Call) -> Answer:
    calendar = calendar_of(call)
    found = call.box.event(call.ids[1])
    if found is None or found[0] is not calendar:
        raise missing()
    return 200, call.one(found[1])


def event_instances(call: Call) -> Answer:
    if (rest := call.rest()) is not None:
        return 200, rest
    calendar = calendar_of(call)
    if call.ids[1] not in calendar.items:
        raise missing()
    start, end = call.window()
    held = call.box.instances(calendar, call.ids[1], start, end)
    held += [
        e
        for e in calendar.items.values()
        if e.get("seriesMasterId") == call.ids[1] and not broken(e) and start <= translate.when(e["start"]) < end
    ]
    return 200, call.listing(held)


EVENT = {
    "subject", "body", "start", "end", "isReminderOn", "reminderMinutesBeforeStart", "showAs", "sensitivity",
    "categories",
}  # fmt: skip


WORDS = {"subject", "body"}
"""Of a reminder that stands; what is not named stays as it is (Graph: Update event)."""


def event_body(call: Call) -> Item:
    body = dict(call.body)
    if "attendees" in body:
        raise Strange("an event with attendees: Graph would invite them")
    if more := set(body) - EVENT - {"transactionId", "singleValueExtendedProperties"}:
        raise Strange(f"an event written with {sorted(more)}")
    if body.get("showAs") != "free" or body.get("sensitivity") != "private" or body.get("isReminderOn") is not True:
        raise Strange("a reminder that is not free, private and with an alarm")
    try:
        start, end = translate.when(body["start"]), translate.when(body["end"])
    except KeyError:
        raise Refusal(400, "TimeZoneNotSupportedException") from None
    if end <= start:
        raise Refusal(400, "ErrorPropertyValidationFailure")
    held = body.pop("singleValueExtendedProperties", [])
    body |= {"start": translate.wall(start), "end": translate.wall(end)}
    body |= {"originalStartTimeZone": call.body["start"]["timeZone"]}
    if held:
        if any(not KEY.match(p["id"]) for p in held):
            raise Strange(f"extended properties {held}")
        body["_properties"] = {p["id"]: p["value"] for p in held}
    return body


def new_event(call: Call) -> Answer:
    calendar = calendar_of(call)
    made = event_body(call)
    if not made.get("_properties") or not made.get("transactionId"):
        raise Strange("an event without key or transaction id")
    if made["transactionId"] in call.box.used:
        raise Refusal(409, "ErrorDuplicateTransactionId")
    call.box.used.add(made["transactionId"])
    event_id = call.box.new_id("e")
    me = {"emailAddress": {"name": "Petra Iljina", "address": call.box.address}}
    item = {
        "id": event_id,
        "iCalUId": f"040000008200E00074C5B7101A82E00800000000{next(call.box.numbers):040X}",
        "isAllDay": False,
        "isCancelled": False,
        "attendees": [],
        "organizer": me,
        "responseStatus": {"response": "organizer", "time": translate.stamp_zero()},
        "type": "singleInstance",
        "seriesMasterId": None,
        "recurrence": None,
        "location": {"displayName": ""},
        **made,
    }
    return 201, call.one(call.box.store(calendar, item))


def event_of(call: Call) -> tuple[Folder, Item]:
    found = call.box.event(call.ids[0])
    if found is None:
        raise missing()
    return found


def event(call: Call) -> Answer:
    return 200, call.one(event_of(call)[1])


def change_event(call: Call) -> Answer:
    calendar, item = event_of(call)
    matched(call, item)
    made = dict(call.body) if set(call.body) == WORDS else event_body(call)
    if "transactionId" in made:
        raise Refusal(400, "ErrorInvalidPropertySet")
    return 200, call.one(call.box.store(calendar, {**item, **made}))


def delete_event(call: Call) -> Answer:
    calendar, item = event_of(call)
    matched(call, item)
    if not item.get("_properties") or item["attendees"]:
        raise Strange("an event deleted that is not ours alone")
    call.box.delete_event(item["id"], next(n for n, c in call.box.calendars.items() if c is calendar))
    return 204, None
