"""What each request does. Paths, scopes and options stand in `ROUTES`; what is not there does not exist."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.doubles.graph import delta, translate
from tests.doubles.graph.call import Call, Refusal, Strange, etag
from tests.doubles.graph.mailbox import Folder, broken
from tests.doubles.graph.translate import Item

Answer = tuple[int, Any]
_ADDRESS = re.compile(r"[^\s<>@]+@[^\s<>@]+\Z")
_KEY = re.compile(r"String \{[0-9a-f-]{36}\} Name \w+\Z|String 0x10(42|39)\Z")


def missing() -> Refusal:
    """Nothing of this id."""
    return Refusal(404, "ErrorItemNotFound")


# -- mail ----------------------------------------------------------------------------------------------


def folder_of(call: Call) -> Folder:
    found = call.box.folder(call.ids[0])
    if found is None:
        raise missing()
    return found


def told_folder(call: Call, folder: Folder) -> Item:
    children = [f for f in call.box.folders.values() if f.parent == folder.id]
    told: Item = {
        "id": folder.id,
        "displayName": folder.name,
        "parentFolderId": folder.parent or "AAMkroot=",
        "childFolderCount": len(children),
        "totalItemCount": len(folder.items),
        "unreadItemCount": 0,
        "isHidden": False,
    }
    return told | ({"@odata.type": folder.kind} if folder.kind else {})


def mail_folders(call: Call) -> Answer:
    held = [told_folder(call, f) for f in call.box.folders.values() if not f.parent]
    return 200, call.rest() or call.listing(held)


def mail_folder(call: Call) -> Answer:
    return 200, call.one(told_folder(call, folder_of(call)))


def child_folders(call: Call) -> Answer:
    parent = folder_of(call)
    held = [told_folder(call, f) for f in call.box.folders.values() if f.parent == parent.id]
    return 200, call.rest() or call.listing(held)


def folder_messages(call: Call) -> Answer:
    test = call.test()
    return 200, call.rest() or call.listing([i for i in reversed(list(folder_of(call).items.values())) if test(i)])


def all_messages(call: Call) -> Answer:
    test = call.test()
    held = [i for f in call.box.folders.values() for i in f.items.values() if test(i)]
    return 200, call.rest() or call.listing(held)


def message_delta(call: Call) -> Answer:
    folder = folder_of(call)

    def items(select: str) -> list[Item]:
        names = [*select.split(","), "id"]
        return [{n: i.get(n) for n in names if n != "internetMessageHeaders"} for i in folder.items.values()]

    return 200, delta_page(call, folder, call.options.get("$select", ""), items)


def delta_page(call: Call, folder: Folder, query: str, items: Callable[[str], list[Item]]) -> Any:
    token = call.options.get("$deltatoken") or call.options.get("$skiptoken") or ""
    try:
        if token:
            told = delta.go_on(call.box, folder, token, call.size, items, replay=call.replay)
        else:
            told = delta.begin(call.box, folder, query, items(query), call.size, replay=call.replay)
    except delta.Expired:
        raise Refusal(410, "syncStateNotFound") from None
    skip, final = told.pop("_skip", ""), told.pop("_delta", "")
    name, option, token = ("nextLink", "skip", skip) if skip else ("deltaLink", "delta", final)
    return told | {f"@odata.{name}": f"{call.place}?${option}token={token}"}


def message_of(call: Call) -> tuple[Folder, Item]:
    found = call.box.message(call.ids[0])
    if found is None:
        raise missing()
    return found


def message(call: Call) -> Answer:
    return 200, call.one(message_of(call)[1])


def message_value(call: Call) -> Answer:
    return 200, translate.letter(message_of(call)[1])


def new_message(call: Call) -> Answer:
    item = blank(call) | written(call, call.body)
    call.box.add_message("drafts", item)
    return 201, call.one(list(call.box.folders["drafts"].items.values())[-1])


def create_reply(call: Call) -> Answer:
    _, answered = message_of(call)
    if set(call.body) - {"message", "comment"} or {"comment", "body"} <= {*call.body, *call.body.get("message", {})}:
        raise Refusal(400, "ErrorInvalidRequest")
    item = blank(call) | {
        "conversationId": answered["conversationId"],
        "subject": "RE: " + answered["subject"],
        "toRecipients": answered.get("replyTo") or [answered["from"]],
        "body": {"contentType": "html", "content": translate.WRAPPED.format("<hr>From: somebody, quoted")},
        "_properties": {"String 0x1042": answered["internetMessageId"], "String 0x1039": answered["internetMessageId"]},
        # pictures inside the letter that is quoted; hasAttachments leaves them out
        "_attached": [dict(one, id=f"{one['id']}+") for one in answered.get("_attached", []) if one["isInline"]],
    }
    wanted = written(call, call.body.get("message", {}))
    if call.reply_keeps:
        item |= wanted | {"_properties": item["_properties"] | wanted.get("_properties", {})}
    call.box.add_message("drafts", item)
    return 201, call.one(list(call.box.folders["drafts"].items.values())[-1])


def blank(call: Call) -> Item:
    number = next(call.box.numbers)
    me = {"emailAddress": {"name": "Petra Iljina", "address": call.box.address}}
    return {
        "from": me,
        "sender": me,
        "toRecipients": [],
        "ccRecipients": [],
        "bccRecipients": [],
        "subject": "",
        "body": {"contentType": "html", "content": ""},
        "sentDateTime": translate.stamp(call.box.now()),
        "receivedDateTime": translate.stamp(call.box.now()),
        "internetMessageId": f"<MWHPR{number:06d}@namprd13.prod.outlook.com>",
        "isDraft": True,
        "isRead": True,
        "categories": [],
        "hasAttachments": False,
        "_properties": {},
    }


WRITABLE = {
    "subject",
    "from",
    "toRecipients",
    "ccRecipients",
    "bccRecipients",
    "body",
    "internetMessageId",
    "singleValueExtendedProperties",
    "categories",
}


def written(call: Call, body: dict[str, Any]) -> Item:
    """A body's properties as they are kept."""
    if more := set(body) - WRITABLE:
        raise Strange(f"a message written with {sorted(more)}")
    people = [p["emailAddress"] for n in ("toRecipients", "ccRecipients", "bccRecipients") for p in body.get(n, ())]
    if len(people) > 1:
        raise Strange(f"a letter to {len(people)} people")
    if any(not _ADDRESS.match(p["address"]) for p in people):
        raise Refusal(400, "ErrorInvalidRecipients")
    made = {n: v for n, v in body.items() if n != "singleValueExtendedProperties"}
    if "body" in made:
        content = made["body"]["content"]
        if made["body"]["contentType"] != "html":
            raise Strange("a letter that is not HTML")
        made["body"] = {"contentType": "html", "content": translate.WRAPPED.format(content)}
    held = body.get("singleValueExtendedProperties")
    if held is not None:
        if any(set(p) != {"id", "value"} or not _KEY.match(p["id"]) for p in held):
            raise Strange(f"extended properties {held}")
        made["_properties"] = {p["id"]: p["value"] for p in held}
    return made


def attachments(call: Call) -> Answer:
    return 200, call.rest() or call.listing([dict(one) for one in message_of(call)[1].get("_attached", [])])


def delete_attachment(call: Call) -> Answer:
    folder, item = message_of(call)
    left = [one for one in item.get("_attached", []) if one["id"] != call.ids[1]]
    if not item["isDraft"] or len(left) == len(item.get("_attached", [])):
        raise Strange("an attachment deleted that is not of a draft's own")
    call.box.store(folder, {**item, "_attached": left})
    return 204, None


def move(call: Call) -> Answer:
    message_of(call)
    if set(call.body) != {"destinationId"} or (target := call.box.folder(call.body["destinationId"])) is None:
        raise Refusal(400, "ErrorInvalidIdMalformed")
    return 201, call.one(call.box.move(call.ids[0], target))


def change_message(call: Call) -> Answer:
    folder, item = message_of(call)
    matched(call, item)
    if not item["isDraft"] and set(call.body) != {"categories"}:
        raise Strange(f"a message of the user's changed in {sorted(call.body)}")
    made = written(call, call.body)
    properties = item["_properties"] | made.pop("_properties", {})
    return 200, call.one(call.box.store(folder, {**item, **made, "_properties": properties}))


def matched(call: Call, item: Item) -> None:
    """If-Match, which every change has."""
    told = call.headers.get("if-match")
    if told is None and not item.get("isDraft"):
        raise Strange(f"{call.method} {call.path} without If-Match")
    if told is not None and told != etag(item):
        raise Refusal(412, "ErrorIrresolvableConflict")


# -- calendars -----------------------------------------------------------------------------------------


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
        if any(not _KEY.match(p["id"]) for p in held):
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
    made = event_body(call)
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


# -- contacts ------------------------------------------------------------------------------------------


def contact_folders(call: Call) -> Answer:
    """All but the main one, which is in no listing."""
    held = [{"id": b.id, "displayName": b.name} for n, b in call.box.books.items() if n != "contacts" and not b.parent]
    return 200, call.rest() or call.listing(held)


def book_of(call: Call) -> Folder:
    found = call.box.books.get(call.ids[0]) or next((b for b in call.box.books.values() if b.id == call.ids[0]), None)
    if found is None:
        raise missing()
    return found


def contact_folder(call: Call) -> Answer:
    book = book_of(call)
    return 200, call.one({"id": book.id, "displayName": book.name})


def contact_children(call: Call) -> Answer:
    parent = book_of(call)
    held = [{"id": b.id, "displayName": b.name} for b in call.box.books.values() if b.parent == parent.id]
    return 200, call.rest() or call.listing(held)


def contact_delta(call: Call) -> Answer:
    book = book_of(call)

    def items(select: str) -> list[Item]:
        return [{n: i.get(n) for n in [*select.split(","), "id"]} for i in book.items.values()]

    return 200, delta_page(call, book, call.options.get("$select", ""), items)


def contacts(call: Call) -> Answer:
    """Those of the main folder."""
    return 200, call.rest() or call.listing(list(call.box.books["contacts"].items.values()))


def book_contact(call: Call) -> Answer:
    book = book_of(call)
    if call.ids[1] not in book.items:
        raise missing()
    return 200, call.one(book.items[call.ids[1]])


def contact(call: Call) -> Answer:
    for book in call.box.books.values():
        if call.ids[0] in book.items:
            return 200, call.one(book.items[call.ids[0]])
    raise missing()


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
    Route("GET", "mailFolders", MAIL, mail_folders, "mailFolder", PAGED | SELECT),
    Route("GET", "mailFolders/{id}", MAIL, mail_folder, "mailFolder", SELECT),
    Route("GET", "mailFolders/{id}/childFolders", MAIL, child_folders, "mailFolder", PAGED | SELECT),
    Route("GET", "mailFolders/{id}/messages", MAIL, folder_messages, "message", LIST),
    Route("GET", "mailFolders/{id}/messages/delta", MAIL, message_delta, "message", DELTA | SELECT),
    Route("GET", "messages", MAIL, all_messages, "message", LIST),
    Route("GET", "messages/{id}", MAIL, message, "message", ONE),
    Route("GET", "messages/{id}/$value", MAIL, message_value, "message"),
    Route("GET", "messages/{id}/attachments", MAIL, attachments, "attachment", PAGED | SELECT),
    Route("DELETE", "messages/{id}/attachments/{id}", MAIL, delete_attachment, "attachment"),
    Route("POST", "messages", MAIL, new_message, "message", body="message"),
    Route("POST", "messages/{id}/createReply", MAIL, create_reply, "message", body="reply"),
    Route("POST", "messages/{id}/move", MAIL, move, "message", body="move"),
    Route("PATCH", "messages/{id}", MAIL, change_message, "message", body="message"),
    Route("GET", "calendars", CALENDAR, calendars, "calendar", PAGED | SELECT),
    Route("POST", "calendars", CALENDAR, new_calendar, "calendar", body="calendar"),
    Route("GET", "calendars/{id}/calendarView", CALENDAR, calendar_view, "event", SPAN | PAGED | SELECT),
    # no $select here: Graph refuses it
    Route("GET", "calendars/{id}/calendarView/delta", CALENDAR, calendar_delta, "event", SPAN | DELTA),
    Route("GET", "calendars/{id}/events", CALENDAR, calendar_events, "event", LIST - {"$search"}),
    Route("GET", "calendars/{id}/events/{id}", CALENDAR, calendar_event, "event", ONE),
    Route("GET", "calendars/{id}/events/{id}/instances", CALENDAR, event_instances, "event", SPAN | PAGED | SELECT),
    Route("POST", "calendars/{id}/events", CALENDAR, new_event, "event", body="event"),
    Route("GET", "events/{id}", CALENDAR, event, "event", ONE),
    Route("PATCH", "events/{id}", CALENDAR, change_event, "event", body="event"),
    Route("DELETE", "events/{id}", CALENDAR, delete_event, "event"),
    Route("GET", "contactFolders", CONTACTS, contact_folders, "contactFolder", PAGED | SELECT),
    Route("GET", "contactFolders/{id}", CONTACTS, contact_folder, "contactFolder", SELECT),
    Route("GET", "contactFolders/{id}/childFolders", CONTACTS, contact_children, "contactFolder", PAGED | SELECT),
    Route("GET", "contactFolders/{id}/contacts/delta", CONTACTS, contact_delta, "contact", DELTA | SELECT),
    Route("GET", "contactFolders/{id}/contacts/{id}", CONTACTS, book_contact, "contact", ONE),
    Route("GET", "contacts", CONTACTS, contacts, "contact", PAGED | SELECT | {"$top"}),
    Route("GET", "contacts/{id}", CONTACTS, contact, "contact", ONE),
)
