"""The Gmail half of the double: its methods as Google describes them, and their price in quota units."""

from __future__ import annotations

import base64
from email import message_from_bytes
from email.message import Message as MimePart
from typing import Any

from daemon.core.subject import same_subject
from daemon.formats.encoded import decode_words
from tests.doubles.google.call import Call, Handler, Refusal
from tests.doubles.google.mailbox import Mailbox, Message
from tests.doubles.google.query import BadQuery, compiled

__all__ = ["HANDLERS", "UNITS", "Mailbox", "Message"]

UNITS = {
    "gmail.users.getProfile": 1,
    "gmail.users.labels.list": 1,
    "gmail.users.history.list": 2,
    "gmail.users.messages.list": 5,
    "gmail.users.messages.get": 20,
    "gmail.users.messages.modify": 5,
    "gmail.users.messages.trash": 20,
    "gmail.users.drafts.create": 10,
    "gmail.users.drafts.get": 20,
    "gmail.users.drafts.list": 5,
}
"""For projects made since 2026-05; what the list at hand does not name is counted high."""

METADATA = "https://www.googleapis.com/auth/gmail.metadata"
MISSING = Refusal(404, "notFound", "Requested entity was not found.")


def _only_metadata(call: Call) -> bool:
    return not any(scope in call.scopes for scope in READS)


READS = (
    "https://mail.google.com/",
    "https://www.googleapis.com/auth/gmail.modify",
    "https://www.googleapis.com/auth/gmail.readonly",
    "https://www.googleapis.com/auth/gmail.compose",
)


def profile(call: Call) -> dict[str, Any]:
    """users.getProfile"""
    box = call.account.gmail
    return {"emailAddress": box.email, "messagesTotal": len(box.messages), "historyId": str(box.history)}


def labels(call: Call) -> dict[str, Any]:
    """users.labels.list"""
    return {
        "labels": [
            {"id": i, "name": n, "type": "system" if i == n else "user"} for i, n in call.account.gmail.labels.items()
        ]
    }


def _hits(call: Call, candidates: list[Message]) -> list[Message] | Refusal:
    box = call.account.gmail
    query = call.get("q", "")
    if query and _only_metadata(call):
        return Refusal(403, "forbidden", "Metadata scope does not support 'q' parameter")
    wanted = set(call.get("labelIds", ()))
    if not wanted <= set(box.labels):
        return Refusal(400, "invalidArgument", "Invalid label")
    try:
        test = compiled(query)
    except BadQuery as error:
        call.double.complaints.append(f"{call.method}: {error}")
        return Refusal(400, "invalidArgument", str(error))
    asked_for = {"TRASH", "SPAM"} & wanted
    hidden = set() if call.get("includeSpamTrash") or "in:trash" in query or asked_for else {"TRASH", "SPAM"}
    return [
        m
        for m in sorted(candidates, key=lambda m: (m.received, m.id), reverse=True)
        if wanted <= m.labels and not m.labels & hidden and test(m) and (not query or box.searchable(m.id))
    ]


def _page(call: Call, hits: list[Any], otherwise: int = 100) -> tuple[list[Any], dict[str, Any]] | Refusal:
    size = call.get("maxResults", otherwise)
    if not 1 <= size <= 500:
        return Refusal(400, "invalidArgument", "maxResults")
    token = call.get("pageToken", "0")
    if not token.isdigit():
        return Refusal(400, "invalidArgument", "Invalid pageToken")
    start = int(token)
    more = {"nextPageToken": str(start + size)} if start + size < len(hits) else {}
    return hits[start : start + size], more


def list_messages(call: Call) -> dict[str, Any] | Refusal:
    """users.messages.list"""
    hits = _hits(call, list(call.account.gmail.messages.values()))
    if isinstance(hits, Refusal):
        return hits
    page = _page(call, hits)
    if isinstance(page, Refusal):
        return page
    found: dict[str, Any] = {"resultSizeEstimate": len(hits), **page[1]}
    if page[0]:
        found["messages"] = [{"id": m.id, "threadId": m.thread} for m in page[0]]
    return found


def _shown(message: Message, form: str, wanted: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": message.id,
        "threadId": message.thread,
        "labelIds": sorted(message.labels),
        "historyId": str(message.history),
        "internalDate": str(message.received),
        "snippet": "A piece of the body that nobody here may want",
        "sizeEstimate": len(message.raw),
    }
    if form == "raw":
        found["raw"] = base64.urlsafe_b64encode(message.raw).decode()
    elif form == "metadata":
        names = {name.lower() for name in wanted}
        told = [{"name": n, "value": v} for n, v in message.headers if not names or n.lower() in names]
        found["payload"] = {"mimeType": "text/plain", **({"headers": told} if told else {})}
    elif form == "full":
        found["payload"] = _part(message_from_bytes(message.raw))
    return found


def _part(part: MimePart) -> dict[str, Any]:
    """A MessagePart. What has a file's name, or is no text, is an attachment, told of by its id alone."""
    told: dict[str, Any] = {
        "mimeType": part.get_content_type(),
        "filename": part.get_filename() or "",
        "headers": [{"name": name, "value": str(value)} for name, value in part.items()],
    }
    held = part.get_payload()
    if part.is_multipart() and isinstance(held, list):
        return {**told, "body": {"size": 0}, "parts": [_part(one) for one in held if isinstance(one, MimePart)]}
    raw = part.get_payload(decode=True)
    assert isinstance(raw, bytes)
    if told["filename"] or part.get_content_maintype() != "text":
        return {**told, "body": {"size": len(raw), "attachmentId": "ANGjdJ"}}
    return {**told, "body": {"size": len(raw), "data": base64.urlsafe_b64encode(raw).decode()}}


def get_message(call: Call) -> dict[str, Any] | Refusal:
    """users.messages.get"""
    message = call.account.gmail.messages.get(call.get("id"))
    if message is None:
        return MISSING
    if message.id in call.account.gmail.failing:
        return Refusal(500, "backendError", "Backend Error")
    form = call.get("format", "full")
    unasked = form == "full" and not (call.account.gmail.texts and call.get("fields", "").startswith("payload("))
    if unasked or (form == "raw" and _only_metadata(call)):
        call.double.complaints.append(f"{call.method}: a body was asked for")
    return _shown(message, form, call.get("metadataHeaders", []))


def modify(call: Call) -> dict[str, Any] | Refusal:
    """users.messages.modify"""
    box = call.account.gmail
    if call.get("id") not in box.messages:
        return MISSING
    add, remove = call.body.get("addLabelIds", []), call.body.get("removeLabelIds", [])
    if not {*add, *remove} <= set(box.labels) or {"SENT", "DRAFT"} & {*add, *remove}:
        return Refusal(400, "invalidArgument", "Invalid label")
    message = box.label(call.get("id"), add, remove)
    return {"id": message.id, "threadId": message.thread, "labelIds": sorted(message.labels)}


def trash(call: Call) -> dict[str, Any] | Refusal:
    """users.messages.trash"""
    box = call.account.gmail
    if call.get("id") not in box.messages:
        return MISSING
    message = box.trash(call.get("id"))
    return {"id": message.id, "threadId": message.thread, "labelIds": sorted(message.labels)}


KINDS = {
    "messageAdded": "messagesAdded",
    "messageDeleted": "messagesDeleted",
    "labelAdded": "labelsAdded",
    "labelRemoved": "labelsRemoved",
}


def history(call: Call) -> dict[str, Any] | Refusal:
    """users.history.list"""
    box = call.account.gmail
    start = int(call.get("startHistoryId", "0"))
    if not start or start < box.floor or start > box.history:
        return MISSING
    kinds = {KINDS[k] for k in call.get("historyTypes", KINDS)}
    label = call.get("labelId")
    records = []
    for record in box.records:
        kept = {k: v for k, v in record.items() if k in ("id", "messages") or k in kinds}
        told = [e["message"] for k in kinds for e in record.get(k, ())]
        if int(record["id"]) > start and told and (not label or label in told[0]["labelIds"]):
            records.append(kept)
    if box.hollow and records and not call.get("pageToken"):
        return {"historyId": str(box.history), "nextPageToken": "0"}
    page = _page(call, records)
    if isinstance(page, Refusal):
        return page
    found: dict[str, Any] = {"historyId": str(box.history), **page[1]}
    if page[0]:
        found["history"] = page[0]
    return found


def _draft(box: Mailbox, draft_id: str, form: str = "") -> dict[str, Any]:
    message = box.messages[box.drafts[draft_id]]
    told = _shown(message, form, []) if form else {"id": message.id, "threadId": message.thread}
    return {"id": draft_id, "message": told}


def create_draft(call: Call) -> dict[str, Any] | Refusal:
    """users.drafts.create. A threadId whose headers do not fit is refused, as Google's documents threaten."""
    told = call.body.get("message", {})
    if set(told) - {"raw", "threadId"} or "raw" not in told or set(call.body) - {"message"}:
        call.double.complaints.append(f"{call.method}: a draft is its raw text and its thread")
    box = call.account.gmail
    raw = base64.urlsafe_b64decode(told["raw"])
    thread = told.get("threadId", "")
    if thread:
        letter = Message("", "", raw, set(), 0, 0)
        siblings = [m for m in box.messages.values() if m.thread == thread]
        if not siblings:
            return MISSING
        named = f"{letter.header('in-reply-to')} {letter.header('references')}".split()
        subject = decode_words(letter.header("subject"))
        if not any(
            m.message_id in named and same_subject(decode_words(m.header("subject")), subject) for m in siblings
        ):
            return Refusal(400, "invalidArgument", "Invalid thread_id value")
    draft_id = box.make_draft(raw, thread)
    answer = _draft(box, draft_id)
    answer["message"]["labelIds"] = ["DRAFT"]
    return answer


def get_draft(call: Call) -> dict[str, Any] | Refusal:
    """users.drafts.get"""
    box = call.account.gmail
    if call.get("id") not in box.drafts:
        return MISSING
    return _draft(box, call.get("id"), call.get("format", "full"))


def list_drafts(call: Call) -> dict[str, Any] | Refusal:
    """users.drafts.list"""
    box = call.account.gmail
    of = {m: d for d, m in box.drafts.items()}
    hits = _hits(call, [box.messages[m] for m in of])
    if isinstance(hits, Refusal):
        return hits
    page = _page(call, hits)
    if isinstance(page, Refusal):
        return page
    found: dict[str, Any] = {"resultSizeEstimate": len(hits), **page[1]}
    if page[0]:
        found["drafts"] = [_draft(box, of[m.id]) for m in page[0]]
    return found


HANDLERS: dict[str, Handler] = {
    "gmail.users.getProfile": profile,
    "gmail.users.labels.list": labels,
    "gmail.users.messages.list": list_messages,
    "gmail.users.messages.get": get_message,
    "gmail.users.messages.modify": modify,
    "gmail.users.messages.trash": trash,
    "gmail.users.history.list": history,
    "gmail.users.drafts.create": create_draft,
    "gmail.users.drafts.get": get_draft,
    "gmail.users.drafts.list": list_drafts,
}
