"""What may be written, and that nothing may be sent."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

from tests.doubles.ews import people
from tests.doubles.ews.answers import extended_name, failure, folder_of, id_of, success
from tests.doubles.ews.mailbox import Item, Mailbox
from tests.doubles.ews.xml import NS, ORDER, NotEws, copied, in_order, local, make, text


def create_folder(box: Mailbox, request: Any) -> list[Any]:
    in_order(request, ["ParentFolderId", "Folders"])
    (one,) = request.find("m:ParentFolderId", NS)
    parent = folder_of(box, one)
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


def create_item(box: Mailbox, request: Any) -> list[Any]:
    in_order(request, ["SavedItemFolderId", "Items"])
    if request.get("MessageDisposition") != "SaveOnly":
        raise NotEws(f"something would be sent: {request.get('MessageDisposition')}")
    if request.get("SendMeetingInvitations") != "SendToNone":
        raise NotEws(f"somebody would be invited: {request.get('SendMeetingInvitations')}")
    (one,) = request.find("m:SavedItemFolderId", NS)
    folder = folder_of(box, one)
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
            item.extended[extended_name(child.find("t:ExtendedFieldURI", NS))] = text(child, "t:Value")
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
        found = box.find(id_of(change[0]))
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
    target = folder_of(box, one)
    if target.distinguished != "deleteditems":
        raise NotEws("things are moved to the trash, nowhere else")
    answers = []
    for element in request.find("m:ItemIds", NS):
        found = box.find(id_of(element))
        if found is None:
            answers.append(failure("MoveItem", "ErrorItemNotFound", "Not found.", make("m:Items")))
            continue
        # a stale change key is taken, as real servers do
        moved = box.move(found[1].id, target)
        answers.append(success("MoveItem", make("m:Items", make(f"t:{moved.tag}", moved.id_element()))))
    return answers
