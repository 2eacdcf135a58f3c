"""Drafts as Graph takes and tells them, and a digest of what it holds."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any

from connectors.microsoft import properties
from connectors.microsoft.http import Json
from daemon.core.address import normalise
from daemon.core.errors import BrokenItem
from daemon.core.model import OutgoingDraft, RemoteDraft, Whereabouts
from daemon.core.plain import one_line
from daemon.core.subject import same_subject
from daemon.formats.mime import build, letter_message_id

FIELDS = "id,subject,from,toRecipients,ccRecipients,bccRecipients,body,internetMessageId,isDraft,parentFolderId"
FIELDS += ",hasAttachments"


def message(draft: OutgoingDraft) -> Json:
    """The letter as a resource to be made: one recipient, our Message-ID, our key, and what it answers.

    Raises:
        BrokenItem: sender or recipient is not one plain address, or the Message-ID is none.
    """
    # the letter every other kind of account gets: so that what it would refuse is refused here
    if not letter_message_id(build(draft)):
        raise BrokenItem("The draft's Message-ID is not one.")
    held = [properties.single(properties.KEY, draft.key)]
    if draft.in_reply_to:
        held.append(properties.single(properties.IN_REPLY_TO, draft.in_reply_to))
        references = " ".join(draft.references or (draft.in_reply_to,))
        held.append(properties.single(properties.REFERENCES, references))
    return {
        "subject": one_line(draft.subject, 500),
        "from": _recipient(draft.sender),
        "toRecipients": [_recipient(draft.recipient)],
        "ccRecipients": [],
        "bccRecipients": [],
        "body": {"contentType": "html", "content": draft.html},
        "internetMessageId": draft.message_id,
        "singleValueExtendedProperties": held,
    }


def differs(held: Mapping[str, Any], wanted: Mapping[str, Any]) -> Json:
    """What of a reply Outlook began is not as we want it: to be written over at once."""
    wrong: Json = {}
    for name in ("from", "toRecipients", "ccRecipients", "bccRecipients"):
        if _addresses(held.get(name)) != _addresses(wanted[name]):
            wrong[name] = wanted[name]
    for name in ("subject", "internetMessageId"):
        if str(held.get(name) or "") != wanted[name]:
            wrong[name] = wanted[name]
    if canonical(_content(held)) != canonical(_content(wanted)):
        wrong["body"] = wanted["body"]
    if properties.of(held, properties.KEY) != properties.of(wanted, properties.KEY):
        wrong["singleValueExtendedProperties"] = wanted["singleValueExtendedProperties"]
    return wrong


def remote(held: Mapping[str, Any], where: Whereabouts, *, moved: bool = False) -> RemoteDraft:
    """A draft as the server holds it. ``moved``: the user has put it elsewhere, which is a touch like any other."""
    return RemoteDraft(
        where,
        remote_id=str(held.get("id", "")),
        digest=f"moved-{digest(held)}" if moved else digest(held),
        message_id=str(held.get("internetMessageId") or ""),
        subject=one_line(str(held.get("subject") or ""), 500),
    )


def digest(held: Mapping[str, Any]) -> str:
    """A digest of what a person can see of a draft: who, to whom, about what, its text, whether anything is attached.

    Not of its change key, which changes by itself, nor of what Exchange writes around any HTML it is given: so that
    it is the same for a letter to be made and for the letter made of it.
    """
    content = [
        [_addresses(held.get(name)) for name in ("from", "toRecipients", "ccRecipients", "bccRecipients")],
        one_line(str(held.get("subject") or ""), 500),
        canonical(_content(held)),
        held.get("hasAttachments") is True,
    ]
    return sha256(json.dumps(content).encode()).hexdigest()


def resembles(held: Mapping[str, Any], recipient: str, subject: str, in_reply_to: str) -> bool:
    """Whether a draft may be an edited copy of one to ``recipient``, as `daemon.formats.mime.resembles` has it."""
    if normalise(recipient) not in _addresses(held.get("toRecipients")):
        return False
    answers = properties.of(held, properties.IN_REPLY_TO)
    return same_subject(str(held.get("subject") or ""), subject) or bool(in_reply_to and in_reply_to in answers)


def unwritten(held: Mapping[str, Any]) -> bool:
    """Whether a reply holds nothing but what Outlook puts there: the letter it quotes, under a line."""
    pieces = canonical(_content(held))
    own = pieces[: pieces.index("<hr>")] if "<hr>" in pieces else pieces
    return all(_BARE.fullmatch(one) for one in own)


_BARE = re.compile(r"</?\w+>")
"""A mark that shows nothing by itself: pictures and links name what they show."""


def _recipient(who: tuple[str, str]) -> Json:
    name, address = who
    return {"emailAddress": {"name": one_line(name), "address": address}}


def _addresses(value: object) -> list[str]:
    several = value if isinstance(value, list) else [value]
    found = (one.get("emailAddress") for one in several if isinstance(one, dict))
    return sorted(normalise(str(who.get("address") or "")) for who in found if isinstance(who, dict))


def _content(held: Mapping[str, Any]) -> str:
    body = held.get("body")
    return str(body.get("content") or "") if isinstance(body, dict) else ""


def canonical(html: str) -> list[str]:
    """The text of a body with the marks that show, in order; white space as a browser takes it."""
    reader = _Body()
    reader.feed(html)
    reader.close()
    return [one for one in (" ".join(piece.split()) for piece in reader.pieces) if one]


class _Body(HTMLParser):
    """Leaves out the head, comments, and what only wraps the whole."""

    HIDDEN = frozenset({"head", "style", "script", "title"})
    WRAPS = frozenset({"html", "body", "meta", "head"})

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = [""]
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.HIDDEN:
            self._hidden += 1
        elif tag not in self.WRAPS and not self._hidden:
            target = next((value or "" for name, value in attrs if name in ("href", "src")), "")
            self.pieces += [f"<{tag} {target}".rstrip() + ">", ""]

    def handle_endtag(self, tag: str) -> None:
        if tag in self.HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        elif tag not in self.WRAPS and not self._hidden:
            self.pieces += [f"</{tag}>", ""]

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.pieces[-1] += data
