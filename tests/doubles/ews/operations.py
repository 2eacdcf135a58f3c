"""What the double answers to each operation, and what it refuses to be asked."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.doubles.ews import people
from tests.doubles.ews.mailbox import Folder, Item, Mailbox
from tests.doubles.ews.xml import FOLDER, NS, ORDER, NotEws, copied, in_order, local, make, text

WRITES = frozenset({"CreateItem", "UpdateItem", "MoveItem", "DeleteItem", "CreateFolder"})
LISTINGS = frozenset({"Subject", "DisplayTo", "DisplayCc", "IsDraft", "ItemClass", "Categories", "InReplyTo"})
EVENT_LISTINGS = frozenset(
    "Start End IsAllDayEvent LegacyFreeBusyStatus IsCancelled AppointmentState MyResponseType".split()
)
"""What a listing gives without a GetItem behind the client's back."""

CORRUPT = "ErrorCorruptData"
HEADERS_TAG = ("tag", "7d")
VIEW = timedelta(days=731)
MAX_SYNC, MAX_GET = 512, 1000


class Answer(Exception):
    """An error in place of one response message."""

    def __init__(self, code: str, message: str = "Something is wrong.") -> None:
        super().__init__(code)
        self.code = code
        self.message = message


def dispatch(box: Mailbox, request: Any) -> Any:
    """The response element to a request's."""
    name = local(request)
    operation = OPERATIONS.get(name)
    if operation is None:
        raise NotEws(f"{name} is not asked of this server")
    messages = operation(box, request)
    return make(f"m:{name}Response", make("m:ResponseMessages", *messages))


def success(name: str, *content: Any) -> Any:
    return make(f"m:{name}ResponseMessage", make("m:ResponseCode", "NoError"), *content, ResponseClass="Success")


def failure(name: str, code: str, message: str, *more: Any) -> Any:
    return make(
        f"m:{name}ResponseMessage",
        make("m:MessageText", message),
        make("m:ResponseCode", code),
        make("m:DescriptiveLinkKey", "0"),
        *more,
        ResponseClass="Error",
    )


# -- folders --------------------------------------------------------------------------------------


def _folder(box: Mailbox, element: Any) -> Folder:
    name = local(element)
    if name == "DistinguishedFolderId":
        address = text(element, "t:Mailbox/t:EmailAddress")
        if address and address.lower() != box.address.lower():
            raise Answer("ErrorNonExistentMailbox")
        found = [f for f in box.folders.values() if f.distinguished == element.get("Id")]
        if not found:
            raise Answer("ErrorFolderNotFound")
        return found[0]
    if name == "FolderId":
        if element.get("Id") not in box.folders:
            raise Answer("ErrorFolderNotFound")
        return box.folders[element.get("Id")]
    raise NotEws(f"{name} names no folder")


def _folder_element(folder: Folder) -> Any:
    made = make(
        f"t:{folder.element or 'Folder'}",
        make("t:FolderId", Id=folder.id, ChangeKey="AQAAAA=="),
        make("t:ParentFolderId", Id=folder.parent, ChangeKey="AQ==") if folder.parent else None,
        make("t:FolderClass", folder.kind) if folder.kind else None,
        make("t:DisplayName", folder.name),
        make("t:TotalCount", str(sum(not i.hidden for i in folder.items.values()))),
    )
    in_order(made, FOLDER)
    return made


def get_folder(box: Mailbox, request: Any) -> list[Any]:
    in_order(request, ["FolderShape", "FolderIds"])
    answers = []
    for one in request.find("m:FolderIds", NS):
        try:
            answers.append(success("GetFolder", make("m:Folders", _folder_element(_folder(box, one)))))
        except Answer as error:
            answers.append(failure("GetFolder", error.code, error.message, make("m:Folders")))
    return answers


def find_folder(box: Mailbox, request: Any) -> list[Any]:
    in_order(request, ["FolderShape", "IndexedPageFolderView", "FractionalPageFolderView", "ParentFolderIds"])
    if request.get("Traversal") != "Deep":
        raise NotEws("folders are listed whole")
    (one,) = request.find("m:ParentFolderIds", NS)
    top = _folder(box, one)
    found = [f for f in box.folders.values() if f is not top]
    page = request.find("m:IndexedPageFolderView", NS)
    some, attributes = _paged(found, int(page.get("Offset")), int(page.get("MaxEntriesReturned")))
    folders = make("t:Folders", *(_folder_element(f) for f in some))
    return [success("FindFolder", make("m:RootFolder", folders, **attributes))]


def create_folder(box: Mailbox, request: Any) -> list[Any]:
    in_order(request, ["ParentFolderId", "Folders"])
    (one,) = request.find("m:ParentFolderId", NS)
    parent = _folder(box, one)
    answers = []
    for element in request.find("m:Folders", NS):
        name = text(element, "t:DisplayName")
        if local(element) != "CalendarFolder" or not name:
            raise NotEws("only calendars are made here")
        if any(f.name == name and f.parent == parent.id for f in box.folders.values()):
            answers.append(failure("CreateFolder", "ErrorFolderExists", "It exists.", make("m:Folders")))
            continue
        made = box.make(name, "IPF.Appointment", "CalendarFolder", parent=parent.id)
        short = make("t:CalendarFolder", make("t:FolderId", Id=made.id, ChangeKey="AQAAAA=="))
        answers.append(success("CreateFolder", make("m:Folders", short)))
    return answers


def _paged(found: Sequence[Any], offset: int, most: int) -> tuple[Sequence[Any], dict[str, str]]:
    some = found[offset : offset + most]
    last = offset + len(some) >= len(found)
    return some, {
        "IndexedPagingOffset": str(offset + len(some)),
        "TotalItemsInView": str(len(found)),
        "IncludesLastItemInRange": "true" if last else "false",
    }


# -- shapes ---------------------------------------------------------------------------------------


def _wanted(request: Any, *, listing: bool) -> tuple[set[str], set[tuple[str, str]]]:
    """(element names, extended properties) a shape asks for."""
    shape = request.find("m:ItemShape", NS)
    in_order(shape, ["BaseShape", "IncludeMimeContent", "BodyType", "AdditionalProperties"])
    if text(shape, "t:BaseShape") != "IdOnly":
        raise NotEws("whole items are never asked for")
    names: set[str] = set()
    extended: set[tuple[str, str]] = set()
    for uri in shape.iterfind("t:AdditionalProperties/*", NS):
        kind = local(uri)
        if kind == "ExtendedFieldURI":
            extended.add(_extended_name(uri))
            continue
        said = uri.get("FieldURI").partition(":")[2]
        name = said.partition(":")[0]
        names.add({"EmailAddress": "EmailAddresses", "PhysicalAddress": "PhysicalAddresses"}.get(name, name))
    if listing:
        if dear := names - LISTINGS - EVENT_LISTINGS:
            raise NotEws(f"a listing gives no {sorted(dear)}")
        if HEADERS_TAG in extended:
            raise NotEws("a listing cuts off headers")
    return names, extended


def _extended_name(uri: Any) -> tuple[str, str]:
    if uri.get("PropertyType") != "String":
        raise NotEws("all our properties are texts")
    if uri.get("PropertyTag"):
        return "tag", f"{int(uri.get('PropertyTag'), 16):x}"
    if not uri.get("PropertySetId") or not uri.get("PropertyName"):
        raise NotEws("an extended property without a name")
    return uri.get("PropertySetId").lower(), uri.get("PropertyName")


def _extended(name: tuple[str, str], value: str) -> Any:
    if name[0] == "tag":
        uri = make("t:ExtendedFieldURI", PropertyTag=f"0x{name[1]}", PropertyType="String")
    else:
        uri = make("t:ExtendedFieldURI", PropertySetId=name[0], PropertyName=name[1], PropertyType="String")
    return make("t:ExtendedProperty", uri, make("t:Value", value))


def _element(item: Item, names: set[str], extended: set[tuple[str, str]], tag: str = "") -> Any:
    order = ORDER.get(item.tag, ORDER["Message"])
    made = make(f"t:{tag or item.tag}", item.id_element())
    for name in order:
        if name == "ExtendedProperty":
            for one in sorted(extended & set(item.extended)):
                made.append(_extended(one, item.extended[one]))
        elif name in names and name in item.props:
            made.append(copied(item.props[name]))
    in_order(made, order)
    return made


# -- items ----------------------------------------------------------------------------------------


def _id(element: Any) -> str:
    if local(element) != "ItemId" or not element.get("Id"):
        raise NotEws("an item is named by its ItemId")
    return str(element.get("Id"))


def get_item(box: Mailbox, request: Any) -> list[Any]:
    in_order(request, ["ItemShape", "ItemIds"])
    names, extended = _wanted(request, listing=False)
    ids = [_id(one) for one in request.find("m:ItemIds", NS)]
    if not 0 < len(ids) <= MAX_GET:
        raise NotEws(f"{len(ids)} items at once")
    answers = []
    for one in ids:
        found = box.find(one)
        if found is None:
            answers.append(failure("GetItem", "ErrorItemNotFound", "Not found.", make("m:Items")))
        elif found[1].corrupt and (names or extended):
            answers.append(failure("GetItem", CORRUPT, "Corrupt.", make("m:Items")))
        else:
            answers.append(success("GetItem", make("m:Items", _element(found[1], names, extended))))
    return answers


def sync_folder_items(box: Mailbox, request: Any) -> list[Any]:
    in_order(request, ["ItemShape", "SyncFolderId", "SyncState", "Ignore", "MaxChangesReturned", "SyncScope"])
    names, extended = _wanted(request, listing=True)
    (one,) = request.find("m:SyncFolderId", NS)
    folder = _folder(box, one)
    most = int(text(request, "m:MaxChangesReturned"))
    if not 0 < most <= MAX_SYNC:
        raise NotEws("SyncFolderItems gives 1 to 512 changes")
    state = text(request, "m:SyncState")
    since = _since(box, folder, state)
    changes: list[tuple[int, Any]] = []
    for item in folder.items.values():
        if item.hidden:
            continue
        if item.number > since:
            kind = "Create" if item.born > since else "Update"
            changes.append((item.number, make(f"t:{kind}", _element(item, names, extended))))
        elif item.read_number > since:
            read = make("t:IsRead", "true")
            changes.append((item.read_number, make("t:ReadFlagChange", item.id_element(), read)))
    if state:
        for item_id, number in folder.deleted.items():
            if number > since:
                gone = make("t:ItemId", Id=item_id, ChangeKey="AQAAAA==")
                changes.append((number, make("t:Delete", gone)))
    changes.sort(key=lambda pair: pair[0])
    some = changes[:most]
    last = len(changes) <= most
    reached = folder.number if last else some[-1][0]
    return [
        success(
            "SyncFolderItems",
            make("m:SyncState", _state(box, folder, reached)),
            make("m:IncludesLastItemInRange", "true" if last else "false"),
            make("m:Changes", *(change for _, change in some)),
        )
    ]


def _state(box: Mailbox, folder: Folder, number: int) -> str:
    return base64.b64encode(f"{box.generation}|{folder.id}|{number}".encode()).decode()


def _since(box: Mailbox, folder: Folder, state: str) -> int:
    if not state:
        return 0
    try:
        generation, folder_id, number = base64.b64decode(state, validate=True).decode().split("|")
    except ValueError:
        raise Answer("ErrorInvalidSyncStateData") from None
    if int(generation) != box.generation or folder_id != folder.id:
        raise Answer("ErrorInvalidSyncStateData")
    return int(number)


def find_item(box: Mailbox, request: Any) -> list[Any]:
    in_order(
        request,
        [
            "ItemShape",
            "IndexedPageItemView",
            "CalendarView",
            "Restriction",
            "SortOrder",
            "ParentFolderIds",
            "QueryString",
        ],
    )
    names, extended = _wanted(request, listing=True)
    folders = [_folder(box, one) for one in request.find("m:ParentFolderIds", NS)]
    return [_found_in(folder, request, names, extended) for folder in folders]


def _found_in(folder: Folder, request: Any, names: set[str], extended: set[tuple[str, str]]) -> Any:
    view = request.find("m:CalendarView", NS)
    if view is not None:
        return _view(folder, view, names, extended)
    found = [i for i in folder.items.values() if not i.hidden]
    restriction = request.find("m:Restriction", NS)
    if restriction is not None:
        found = [i for i in found if _meets(i, restriction[0])]
    query = request.find("m:QueryString", NS)
    if query is not None:
        found = [i for i in found if _answers(i, query.text)]
    page = request.find("m:IndexedPageItemView", NS)
    some, attributes = _paged(found, int(page.get("Offset")), int(page.get("MaxEntriesReturned")))
    items = make("t:Items", *(_element(i, names, extended) for i in some))
    return success("FindItem", make("m:RootFolder", items, **attributes))


def _meets(item: Item, test: Any) -> bool:
    name = local(test)
    if name == "Or":
        return any(_meets(item, one) for one in test)
    if name != "IsEqualTo":
        raise NotEws(f"no restriction {name} is used")
    uri, constant = test
    wanted = constant.find("t:Constant", NS).get("Value")
    if local(uri) == "ExtendedFieldURI":
        return bool(item.extended.get(_extended_name(uri)) == wanted)
    said = uri.get("FieldURI")
    if said == "calendar:UID" or said.endswith("Recipients"):
        raise NotEws(f"{said} cannot be searched for")
    return bool(item.text(said.partition(":")[2]) == wanted)


def _answers(item: Item, query: str) -> bool:
    """The server's index of words: it says yes too often."""
    words = [one.strip() for one in query.split(" OR ")]
    for word in words:
        if not word.startswith('participants:"') or not word.endswith('"'):
            raise NotEws(f"{word} is no query")
        if word[14:-1].lower() in item.extended.get(("participants", ""), "").lower():
            return True
    return False


def _view(folder: Folder, view: Any, names: set[str], extended: set[tuple[str, str]]) -> Any:
    start, end = (datetime.fromisoformat(view.get(name)).astimezone(UTC) for name in ("StartDate", "EndDate"))
    if end - start > VIEW:
        raise Answer("ErrorCalendarViewRangeTooBig")
    found = [pair for item in folder.items.values() if not item.hidden for pair in people.occurrences(item, start, end)]
    found.sort(key=lambda pair: pair[1])
    most = int(view.get("MaxEntriesReturned") or 1000)
    some = found[:most]
    elements = []
    for item, at, until in some:
        element = _element(item, names - {"Start", "End"}, extended)
        for name, moment in (("Start", at), ("End", until)):
            if name in names:
                _insert(element, make(f"t:{name}", people.stamp(moment)), ORDER["CalendarItem"])
        elements.append(element)
    whole = "true" if len(found) <= most else "false"
    attributes = {"TotalItemsInView": str(len(some)), "IncludesLastItemInRange": whole}
    return success("FindItem", make("m:RootFolder", make("t:Items", *elements), **attributes))


def _insert(element: Any, child: Any, order: list[str]) -> None:
    place = order.index(local(child))
    at = next((n for n, one in enumerate(element) if order.index(local(one)) > place), len(element))
    element.insert(at, child)


# -- writing --------------------------------------------------------------------------------------


def create_item(box: Mailbox, request: Any) -> list[Any]:
    in_order(request, ["SavedItemFolderId", "Items"])
    if request.get("MessageDisposition") != "SaveOnly":
        raise NotEws(f"something would be sent: {request.get('MessageDisposition')}")
    if request.get("SendMeetingInvitations") != "SendToNone":
        raise NotEws(f"somebody would be invited: {request.get('SendMeetingInvitations')}")
    (one,) = request.find("m:SavedItemFolderId", NS)
    folder = _folder(box, one)
    answers = []
    for element in request.find("m:Items", NS):
        kind = local(element)
        if kind not in ("Message", "CalendarItem"):
            raise NotEws(f"a {kind} would be made, and something sent perhaps")
        in_order(element, ORDER[kind])
        item = _message(element) if kind == "Message" else _event(box, element)
        folder.add(item)
        short = make(f"t:{kind}", item.id_element())
        answers.append(success("CreateItem", make("m:Items", short)))
    return answers


def _message(element: Any) -> Item:
    if element.find("t:ExtendedProperty", NS) is not None:
        raise NotEws("a property on a letter travels to colleagues")
    mime = element.find("t:MimeContent", NS)
    if mime is None:
        raise NotEws("a letter without its text")
    return people.letter(base64.b64decode(mime.text), draft=True)


def _event(box: Mailbox, element: Any) -> Item:
    for name in ("RequiredAttendees", "OptionalAttendees", "Resources"):
        if element.find(f"t:{name}", NS) is not None:
            raise NotEws("somebody would be invited")
    item = Item("CalendarItem")
    for child in element:
        if local(child) == "ExtendedProperty":
            item.extended[_extended_name(child.find("t:ExtendedFieldURI", NS))] = text(child, "t:Value")
        else:
            item.props[local(child)] = copied(child)
    for name in ("Start", "End", "UID", "StartTimeZone", "ReminderIsSet", "LegacyFreeBusyStatus"):
        if name not in item.props:
            raise NotEws(f"a reminder without {name}")
    _timed(item)
    item.put("IsMeeting", "false")
    item.put("IsCancelled", "false")
    item.put("MyResponseType", "Organizer")
    item.put("Organizer", make("t:Mailbox", make("t:Name", "Me"), make("t:EmailAddress", box.address)))
    return item


def _timed(item: Item) -> None:
    """What is written one way comes back another: moments in UTC, booleans as words."""
    for name in ("ReminderIsSet", "IsAllDayEvent"):
        if item.text(name) in ("0", "1"):
            item.put(name, "true" if item.text(name) == "1" else "false")
    for name in ("Start", "End"):
        moment = datetime.fromisoformat(item.text(name))
        if moment.tzinfo is None:
            raise NotEws("a moment without its offset")
        item.put(name, people.stamp(moment))


def update_item(box: Mailbox, request: Any) -> list[Any]:
    in_order(request, ["SavedItemFolderId", "ItemChanges"])
    if request.get("MessageDisposition", "SaveOnly") != "SaveOnly":
        raise NotEws("something would be sent")
    if request.get("SendMeetingInvitationsOrCancellations") != "SendToNone":
        raise NotEws("somebody would be told")
    if request.get("ConflictResolution") != "NeverOverwrite":
        raise NotEws("what the user changed would be overwritten")
    answers = []
    for change in request.find("m:ItemChanges", NS):
        in_order(change, ["ItemId", "Updates"])
        found = box.find(_id(change[0]))
        if found is None:
            answers.append(failure("UpdateItem", "ErrorItemNotFound", "Not found.", make("m:Items")))
            continue
        folder, item = found
        if change[0].get("ChangeKey") != item.change_key:
            answers.append(failure("UpdateItem", "ErrorIrresolvableConflict", "It changed.", make("m:Items")))
            continue
        for step in change[1]:
            _step(item, step)
        if item.tag == "CalendarItem":
            _timed(item)
        folder.touch(item)
        short = make(f"t:{item.tag}", item.id_element())
        done = make("m:ConflictResults", make("t:Count", "0"))
        answers.append(success("UpdateItem", make("m:Items", short), done))
    return answers


def _step(item: Item, step: Any) -> None:
    kind = local(step)
    uri = step[0]
    name = uri.get("FieldURI").partition(":")[2]
    if kind == "DeleteItemField":
        item.props.pop(name, None)
    elif kind == "SetItemField":
        if local(step[1]) != item.tag or len(step[1]) != 1 or local(step[1][0]) != name:
            raise NotEws(f"SetItemField says {name} and holds something else")
        item.props[name] = copied(step[1][0])
    else:
        raise NotEws(f"{kind} is not used")


def move_item(box: Mailbox, request: Any) -> list[Any]:
    in_order(request, ["ToFolderId", "ItemIds", "ReturnNewItemIds"])
    (one,) = request.find("m:ToFolderId", NS)
    target = _folder(box, one)
    if target.distinguished != "deleteditems":
        raise NotEws("things are moved to the trash, nowhere else")
    answers = []
    for element in request.find("m:ItemIds", NS):
        found = box.find(_id(element))
        if found is None:
            answers.append(failure("MoveItem", "ErrorItemNotFound", "Not found.", make("m:Items")))
            continue
        # a stale change key is taken, as real servers do
        moved = box.move(found[1].id, target)
        answers.append(success("MoveItem", make("m:Items", make(f"t:{moved.tag}", moved.id_element()))))
    return answers


def subscribe(box: Mailbox, request: Any) -> list[Any]:
    (kind,) = request
    if local(kind) != "StreamingSubscriptionRequest":
        raise NotEws("news come by streaming")
    in_order(kind, ["FolderIds", "EventTypes"])
    return [success("Subscribe", make("m:SubscriptionId", "c3Vic2NyaXB0aW9u"))]


OPERATIONS: dict[str, Callable[[Mailbox, Any], list[Any]]] = {
    "GetFolder": get_folder,
    "FindFolder": find_folder,
    "CreateFolder": create_folder,
    "GetItem": get_item,
    "SyncFolderItems": sync_folder_items,
    "FindItem": find_item,
    "CreateItem": create_item,
    "UpdateItem": update_item,
    "MoveItem": move_item,
    "Subscribe": subscribe,
}
