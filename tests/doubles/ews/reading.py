"""Folders, items, changes and views, as the double answers them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.doubles.ews import people
from tests.doubles.ews.answers import (
    HEADERS_TAG,
    Answer,
    extended_name,
    failure,
    folder_of,
    id_of,
    item_element,
    paged,
    success,
    wanted_by,
)
from tests.doubles.ews.mailbox import Folder, Item, Mailbox
from tests.doubles.ews.xml import FOLDER, NS, ORDER, NotEws, in_order, local, make, text

CORRUPT = "ErrorCorruptData"
"""What is said of an item that cannot be given."""

VIEW = timedelta(days=731)
MAX_SYNC, MAX_GET = 512, 1000


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
            answers.append(success("GetFolder", make("m:Folders", _folder_element(folder_of(box, one)))))
        except Answer as error:
            answers.append(failure("GetFolder", error.code, error.message, make("m:Folders")))
    return answers


def find_folder(box: Mailbox, request: Any) -> list[Any]:
    in_order(request, ["FolderShape", "IndexedPageFolderView", "FractionalPageFolderView", "ParentFolderIds"])
    if request.get("Traversal") != "Deep":
        raise NotEws("folders are listed whole")
    (one,) = request.find("m:ParentFolderIds", NS)
    top = folder_of(box, one)
    found = [f for f in box.folders.values() if f is not top]
    page = request.find("m:IndexedPageFolderView", NS)
    some, attributes = paged(found, int(page.get("Offset")), int(page.get("MaxEntriesReturned")))
    folders = make("t:Folders", *(_folder_element(f) for f in some))
    return [success("FindFolder", make("m:RootFolder", folders, **attributes))]


def get_item(box: Mailbox, request: Any) -> list[Any]:
    in_order(request, ["ItemShape", "ItemIds"])
    names, extended = wanted_by(request, listing=False)
    ids = [id_of(one) for one in request.find("m:ItemIds", NS)]
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
            if "Body" in names and HEADERS_TAG in found[1].extended and not box.texts:
                raise NotEws("the body of a received letter")
            made = item_element(found[1], names, extended)
            if text(request, "m:ItemShape/t:BodyType") == "Text":
                _as_text(made, found[1], int(text(request, "m:ItemShape/t:MaximumBodySize")) * 1024)
            answers.append(success("GetItem", make("m:Items", made)))
    return answers


def _as_text(element: Any, item: Item, most: int) -> None:
    """The body as the server makes plain text of it, cut to the size asked for."""
    body = element.find("t:Body", NS)
    said = people.plain(item.raw)
    body.text, body.attrib["BodyType"] = said[:most], "Text"
    body.attrib["IsTruncated"] = "true" if len(said) > most else "false"


def sync_folder_items(box: Mailbox, request: Any) -> list[Any]:
    in_order(request, ["ItemShape", "SyncFolderId", "SyncState", "Ignore", "MaxChangesReturned", "SyncScope"])
    names, extended = wanted_by(request, listing=True)
    (one,) = request.find("m:SyncFolderId", NS)
    folder = folder_of(box, one)
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
            changes.append((item.number, make(f"t:{kind}", item_element(item, names, extended))))
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
    names, extended = wanted_by(request, listing=True)
    folders = [folder_of(box, one) for one in request.find("m:ParentFolderIds", NS)]
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
    some, attributes = paged(found, int(page.get("Offset")), int(page.get("MaxEntriesReturned")))
    items = make("t:Items", *(item_element(i, names, extended) for i in some))
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
        return bool(item.extended.get(extended_name(uri)) == wanted)
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
        element = item_element(item, names - {"Start", "End"}, extended)
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


def subscribe(box: Mailbox, request: Any) -> list[Any]:
    (kind,) = request
    if local(kind) != "StreamingSubscriptionRequest":
        raise NotEws("news come by streaming")
    in_order(kind, ["FolderIds", "EventTypes"])
    return [success("Subscribe", make("m:SubscriptionId", "c3Vic2NyaXB0aW9u"))]
