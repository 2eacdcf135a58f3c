"""What each request about mail does."""

from __future__ import annotations

import re
from typing import Any

from tests.doubles.graph import translate
from tests.doubles.graph.call import Call, Refusal, Strange
from tests.doubles.graph.mailbox import Folder
from tests.doubles.graph.shared import KEY, Answer, delta_page, matched, missing
from tests.doubles.graph.translate import Item

_ADDRESS = re.compile(r"[^\s<>@]+@[^\s<>@]+\Z")


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


def message_of(call: Call) -> tuple[Folder, Item]:
    found = call.box.message(call.ids[0])
    if found is None:
        raise missing()
    return found


def message(call: Call) -> Answer:
    item = message_of(call)[1]
    from_outside = "_raw" in item and not item.get("isDraft")  # a draft a mail program saved anew is the user's
    if from_outside and "body" in call.options.get("$select", "body").split(",") and not call.box.texts:
        raise Strange("the body of a letter from outside")
    return 200, call.one(item)


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
    written(call, call.body.get("message", {}))  # it reads the whole of it, whatever it keeps
    told = {n: v for n, v in call.body.get("message", {}).items() if n not in call.reply_drops}
    wanted = written(call, told)
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
        if any(set(p) != {"id", "value"} or not KEY.match(p["id"]) for p in held):
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
