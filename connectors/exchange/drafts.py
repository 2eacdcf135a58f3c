"""Leaving drafts, and finding out what became of them.

A letter bears no property of ours: named properties travel with it to every colleague in the organisation (inside it
Exchange sends all of an item, as TNEF). Its Message-ID, made of the key, is what it is known by.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from exchangelib import Message

from connectors.exchange import elements, ews, writing
from connectors.exchange.folders import Folders
from connectors.exchange.session import Session
from daemon.core.address import normalise
from daemon.core.errors import Conflict, OutcomeUnknown, TryLater
from daemon.core.model import OutgoingDraft, RemoteDraft, Whereabouts
from daemon.core.plain import one_line
from daemon.core.subject import same_subject
from daemon.formats.html_words import words
from daemon.formats.mime import build

FIELDS = (
    "parent_folder_id subject body has_attachments attachments to_recipients cc_recipients bcc_recipients message_id "
    "in_reply_to is_draft"
)
LIKENESS = "subject in_reply_to display_to"
PLACES = (
    ("drafts", Whereabouts.PRESENT),
    ("sentitems", Whereabouts.SENT),
    ("deleteditems", Whereabouts.TRASHED),
)
"""Where a letter of ours may be, in the order it is looked for."""

READ_THROUGH = 500
"""So many drafts are looked into for one like another; of more, those whose subject is the same."""


class ExchangeDrafts:
    """`daemon.core.ports.DraftTarget`. A draft's id changes as it moves; its change key means nothing."""

    def __init__(self, session: Session, folders: Folders) -> None:
        self._session = session
        self._folders = folders

    def hint(self) -> str:
        """Nothing is needed: the server finds a Message-ID without an index."""
        return ""

    def find(self, key: str, message_id: str, hint: str) -> RemoteDraft:
        return self._find(message_id)

    def expected(self, draft: OutgoingDraft) -> str:
        to = {normalise(draft.recipient[1])}
        return _digest_of([to, set(), set()], draft.subject, words(draft.html), [])

    def create(self, draft: OutgoingDraft) -> RemoteDraft:
        raw = build(draft)
        standing = self._find(draft.message_id)
        if standing.where is Whereabouts.PRESENT:
            return standing
        drafts = ews.folder_id(self._folders.main("drafts").id)
        letter = Message(mime_content=raw)
        made = self._session.write(lambda account: writing.create_item(account, drafts, letter))
        try:
            found = self._state(made, draft.message_id) or self._find(draft.message_id)
        except TryLater as error:
            raise OutcomeUnknown("The draft was left, but could not be read back.", error.after) from None
        if found.where is not Whereabouts.PRESENT:
            raise OutcomeUnknown(f"{self._session.host} took the draft but does not show it.")
        return found

    def look(self, drafts: Sequence[tuple[str, str]]) -> Sequence[RemoteDraft]:
        ids = [remote_id for remote_id, _ in drafts]
        known = zip(drafts, self._fetch(ids), strict=True)
        return [self._told(element, message_id) or self._find(message_id) for (_, message_id), element in known]

    def similar(self, recipient: str, subject: str, in_reply_to: str) -> Sequence[RemoteDraft]:
        folder = self._folders.main("drafts").id
        likeness = elements.fields(Message, LIKENESS)
        listed = self._session.read(lambda account: ews.find_items(account, [folder], likeness, most=READ_THROUGH))
        ids = [
            elements.item_id(one)[0]
            for one in listed
            if not isinstance(one, Exception)
            and (
                same_subject(one_line(elements.text(one, "t:Subject")), subject)
                or (in_reply_to and in_reply_to in elements.text(one, "t:InReplyTo"))
            )
        ]
        wanted = normalise(recipient)
        letters = [one for one in self._fetch(ids) if not isinstance(one, Exception)]
        return [_remote(one, Whereabouts.PRESENT) for one in letters if wanted in _addresses(one, "t:ToRecipients")]

    def withdraw(self, remote_id: str, message_id: str, digest: str) -> RemoteDraft:
        element = self._element(remote_id, message_id)
        if element is None:
            return self._find(message_id)
        now = _remote(element, self._where(element))
        if now.where is not Whereabouts.PRESENT:
            return now
        if now.digest != digest:
            raise Conflict("The draft has been edited: it is the user's now.")
        id_, change_key = elements.item_id(element)
        moved = self._session.write(lambda account: writing.to_trash(account, id_, change_key))
        return replace(now, where=Whereabouts.TRASHED, remote_id=moved or now.remote_id)

    # -- looking ---------------------------------------------------------------------------------

    def _fetch(self, ids: Sequence[str]) -> list[Any]:
        wanted = elements.fields(Message, FIELDS)
        size = min(100, self._session.settings.batch)
        return self._session.read(lambda account: ews.get_items(account, ids, wanted, size))

    def _element(self, remote_id: str, message_id: str) -> Any:
        """The draft where it was left, None where it is not there."""
        (element,) = self._fetch([remote_id])
        if isinstance(element, Exception) or elements.text(element, "t:InternetMessageId") != message_id:
            found = [one for one in self._by_message_id(message_id, PLACES[:1]) if not isinstance(one, Exception)]
            return found[0] if found else None
        return element

    def _state(self, remote_id: str, message_id: str) -> RemoteDraft | None:
        return self._told(self._fetch([remote_id])[0], message_id) if remote_id else None

    def _told(self, element: Any, message_id: str) -> RemoteDraft | None:
        """What the item at the id we know says; None where it is not there, or no letter of that Message-ID."""
        if isinstance(element, ews.GONE):
            return None
        if isinstance(element, Exception):  # it is there, and cannot be told of: no reason to think it gone
            return RemoteDraft(Whereabouts.UNKNOWN, message_id=message_id)
        if elements.text(element, "t:InternetMessageId") != message_id:
            return None
        where = self._where(element)
        return _remote(element, where) if where is not Whereabouts.UNKNOWN else None

    def _where(self, element: Any) -> Whereabouts:
        parent = element.find("t:ParentFolderId", elements.NS)
        inside = parent.get("Id", "") if parent is not None else ""
        for name, where in PLACES:
            if self._folders.main(name).id == inside:
                return where
        return Whereabouts.PRESENT if elements.flag(element, "t:IsDraft") else Whereabouts.UNKNOWN

    def _find(self, message_id: str) -> RemoteDraft:
        letters = self._by_message_id(message_id, PLACES)
        found = [_remote(one, self._where(one)) for one in letters if not isinstance(one, Exception)]
        for _, where in PLACES:
            for one in found:
                if one.where is where:
                    return one
        unread = any(isinstance(one, Exception) and not isinstance(one, ews.GONE) for one in letters)
        return RemoteDraft(Whereabouts.UNKNOWN if unread else Whereabouts.GONE, message_id=message_id)

    def _by_message_id(self, message_id: str, places: Sequence[tuple[str, Whereabouts]]) -> list[Any]:
        """Elements of the letters with this Message-ID, and errors in their places."""
        folders = [self._folders.main(name).id for name, _ in places]
        same = ews.Equal(Message, "message_id", [message_id])
        listed = self._session.read(lambda account: ews.find_items(account, folders, restriction=same, most=10))
        return self._fetch([elements.item_id(one)[0] for one in listed if not isinstance(one, Exception)])


def _remote(element: Any, where: Whereabouts) -> RemoteDraft:
    return RemoteDraft(
        where=where,
        remote_id=elements.item_id(element)[0],
        digest=_digest(element),
        message_id=elements.text(element, "t:InternetMessageId"),
        subject=one_line(elements.text(element, "t:Subject"), 500),
    )


def _digest(element: Any) -> str:
    """Of what a person would change: to whom, about what, the words, what is attached. Not the change key.

    Exchange keeps one body, writes HTML of its own around the words, and may do so anew at any time.
    """
    body = element.find("t:Body", elements.NS)
    said = (body.text or "") if body is not None else ""
    attached = sorted(
        [elements.text(one, "t:Name"), elements.text(one, "t:Size")]
        for one in element.findall("t:Attachments/*", elements.NS)
    )
    who = [_addresses(element, path) for path in ("t:ToRecipients", "t:CcRecipients", "t:BccRecipients")]
    plain = body is not None and body.get("BodyType") == "Text"
    return _digest_of(who, elements.text(element, "t:Subject"), said.split() if plain else words(said), attached)


def _digest_of(who: Sequence[set[str]], subject: str, said: Sequence[str], attached: Sequence[object]) -> str:
    facts = [*(sorted(one) for one in who), one_line(subject, 500), list(said), list(attached)]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _addresses(element: Any, path: str) -> set[str]:
    return {
        normalise(elements.text(one, "t:EmailAddress")) for one in element.findall(f"{path}/t:Mailbox", elements.NS)
    }
