"""Leaving drafts in Gmail, and finding out what became of them. No method that sends is ever named.

A draft keeps its id when it is edited; what it holds is each time a new message (seen live in 2026; where the id
changes as well, the letter is found by its Message-ID, or recognised by `similar`). ``drafts.delete`` deletes for good:
a withdrawn draft goes to the trash by way of its message.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.google.errors import Rejected
from connectors.google.labels import SENT
from connectors.google.messages import header_block
from connectors.google.session import BATCH, Session
from daemon.core.errors import Conflict, OutcomeUnknown, Refused, TryLater
from daemon.core.model import OutgoingDraft, RemoteDraft, Whereabouts
from daemon.formats.encoded import clean, decode_words
from daemon.formats.lines import split_fields
from daemon.formats.mime import build, digest, digest_of, letter_message_id, resembles

TOLD = ["To", "Subject", "In-Reply-To", "Message-ID"]
NEWEST = 5
"""So many of the newest drafts are looked at besides what a search finds: its index may lag behind."""
MANY = 500
"""Drafts of one listing, by the API's limit."""
FOUND = 50
"""So many drafts to one person are compared; who has more is not helped by one that is missed."""


@dataclass(frozen=True, slots=True)
class _Held:
    """A draft and the id of the message it holds just now."""

    draft: RemoteDraft
    message: str


class Drafts:
    """The account's drafts as a `DraftTarget`. A remote id is Gmail's draft id."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._heads: dict[str, bytes] = {}  # a message never changes

    def hint(self) -> str:
        """The mailbox's historyId: whatever we create comes after it, and history needs no index."""
        answer = self._session.call(self._session.gmail.getProfile(userId="me", fields="historyId"))
        return str(answer["historyId"])

    def expected(self, draft: OutgoingDraft) -> str:
        """See `DraftTarget.expected`."""
        return digest_of(draft)

    def find(self, key: str, message_id: str, hint: str) -> RemoteDraft:
        """See `DraftTarget.find`. By search; as that may lag, by history since the hint, or in the newest drafts."""
        return self._find(message_id, self._since(hint) if hint else None)

    def create(self, draft: OutgoingDraft) -> RemoteDraft:
        """See `DraftTarget.create`. A letter of this Message-ID that stands in Drafts already is returned as it is.

        In a thread only where Gmail agrees that it belongs there (References, In-Reply-To and subject fit).
        """
        standing = self._in_drafts(draft.message_id, None)
        if standing is not None:
            return standing.draft
        message: dict[str, str] = {"raw": base64.urlsafe_b64encode(build(draft)).decode("ascii")}
        if draft.thread and (draft.in_reply_to or draft.references):
            try:
                made = self._create({**message, "threadId": draft.thread})
            except Rejected as error:
                if error.status not in (400, 404):
                    raise
                made = self._create(message)  # another account's thread, or one that was renamed meanwhile
        else:
            made = self._create(message)
        try:
            (held,) = self._held([str(made["id"])])
        except (TryLater, Refused) as error:
            raise OutcomeUnknown(str(error)) from None
        if held is None:
            raise OutcomeUnknown("Gmail took the draft but does not show it.")
        return held.draft

    def look(self, drafts: Sequence[tuple[str, str]]) -> Sequence[RemoteDraft]:
        """See `DraftTarget.look`. By id; only for those that are not there Gmail is searched."""
        held = self._held([remote_id for remote_id, _ in drafts])
        return [
            one.draft if one is not None else self._elsewhere(message_id)
            for one, (_, message_id) in zip(held, drafts, strict=True)
        ]

    def similar(self, recipient: str, subject: str, in_reply_to: str) -> Sequence[RemoteDraft]:
        """See `DraftTarget.similar`. Among the drafts a search finds for the address, and the newest."""
        found = {**self._listed(NEWEST), **self._listed(FOUND, q=f"to:{recipient}")}
        heads = self._told(found)
        alike = [d for m, d in found.items() if resembles(heads.get(m, b""), recipient, subject, in_reply_to)]
        held = self._held(alike)
        return [one.draft for one in held if one is not None and one.draft.where is Whereabouts.PRESENT]

    def withdraw(self, remote_id: str, message_id: str, digest: str) -> RemoteDraft:
        """See `DraftTarget.withdraw`. The message that was compared is moved, so that an edit in between is safe.

        Raises:
            Refused: the account may not change mail (``change_mail = false``): the draft is left where it is.
        """
        (held,) = self._held([remote_id])
        if held is None:
            return self._elsewhere(message_id)
        if held.draft.where is not Whereabouts.PRESENT:
            return held.draft
        if held.draft.digest != digest:
            raise Conflict("The draft has been edited: it is the user's now.")
        if not self._session.settings.change_mail:
            raise Refused(
                f"{self._session.settings.account} may not move mail (change_mail = false): "
                f"the draft to which there is no reason any more stays: {held.draft.subject}"
            )
        try:
            self._session.call(
                self._session.gmail.messages().trash(userId="me", id=held.message, fields="id"), write=True
            )
        except Rejected as error:
            if error.absent:
                raise Conflict("The draft was changed in this very moment.") from None
            raise
        return RemoteDraft(Whereabouts.TRASHED, remote_id, held.draft.digest, held.draft.message_id, held.draft.subject)

    # -- looking

    def _find(self, message_id: str, fresh: frozenset[str] | None) -> RemoteDraft:
        standing = self._in_drafts(message_id, fresh)
        return standing.draft if standing is not None else self._elsewhere(message_id)

    def _in_drafts(self, message_id: str, fresh: frozenset[str] | None) -> _Held | None:
        """The draft of this Message-ID; ``fresh`` are messages that may be it, None for the newest drafts'."""
        found = self._listed(FOUND, q=_by_id(message_id))
        if not found:
            newest = self._listed(NEWEST if fresh is None else MANY)
            heads = self._told(m for m in newest if fresh is None or m in fresh)
            found = {m: newest[m] for m, head in heads.items() if letter_message_id(head) == message_id}
        for held in self._held(list(found.values())):
            if held is not None and held.draft.where is Whereabouts.PRESENT and held.draft.message_id == message_id:
                return held
        return None

    def _elsewhere(self, message_id: str) -> RemoteDraft:
        """Not where it was left: still a draft, sent, in the trash, or positively nowhere."""
        messages = self._session.gmail.messages()
        answer = self._session.call(
            messages.list(userId="me", q=_by_id(message_id), includeSpamTrash=True, fields="messages/id")
        )
        ids = [str(message["id"]) for message in answer.get("messages", ())]
        labels: set[str] = set()
        for found in self._session.batch(
            [messages.get(userId="me", id=i, format="minimal", fields="labelIds") for i in ids[:BATCH]]
        ):
            if not isinstance(found, Rejected):
                told = set(map(str, found.get("labelIds", ())))
                labels |= told - {"DRAFT"} if "TRASH" in told else told
        if "DRAFT" in labels and (standing := self._in_drafts(message_id, None)) is not None:
            return standing.draft
        if SENT in labels:
            return RemoteDraft(Whereabouts.SENT, message_id=message_id)
        if "TRASH" in labels:
            return RemoteDraft(Whereabouts.TRASHED, message_id=message_id)
        return RemoteDraft(Whereabouts.GONE, message_id=message_id)

    def _held(self, draft_ids: Sequence[str]) -> list[_Held | None]:
        """Each draft as it is now, None for one that is none any more."""
        found: list[_Held | None] = []
        for first in range(0, len(draft_ids), BATCH):
            drafts = self._session.gmail.drafts()
            asked = [
                drafts.get(userId="me", id=i, format="raw", fields="id,message(id,labelIds,raw)")
                for i in draft_ids[first : first + BATCH]
            ]
            for answer in self._session.batch(asked):
                if not isinstance(answer, Rejected):
                    found.append(_held(answer))
                elif answer.absent or answer.status == 400:  # 400: no draft was ever called that
                    found.append(None)
                else:
                    raise answer
        return found

    def _listed(self, at_most: int, **ask: str) -> dict[str, str]:
        """Drafts, the newest first: id of the message -> id of the draft."""
        answer = self._session.call(
            self._session.gmail.drafts().list(userId="me", maxResults=at_most, fields="drafts(id,message/id)", **ask)
        )
        return {str(one["message"]["id"]): str(one["id"]) for one in answer.get("drafts", ())}

    def _told(self, message_ids: Iterable[str]) -> dict[str, bytes]:
        """The headers by which letters are told apart, asked once for each message."""
        wanted = list(message_ids)
        new = [m for m in wanted if m not in self._heads]
        for first in range(0, len(new), BATCH):
            some = new[first : first + BATCH]
            messages = self._session.gmail.messages()
            asked = [
                messages.get(userId="me", id=m, format="metadata", metadataHeaders=TOLD, fields="id,payload/headers")
                for m in some
            ]
            for m, answer in zip(some, self._session.batch(asked), strict=True):
                if not isinstance(answer, Rejected):
                    self._heads[m] = header_block(answer.get("payload", {}).get("headers", ()))
        return {m: self._heads[m] for m in wanted if m in self._heads}

    def _since(self, hint: str) -> frozenset[str] | None:
        """Messages that became drafts since the hint; None where Gmail does not remember that far back.

        Gmail saves a letter anew every few seconds while it is written: there may be hundreds, most gone by now.
        """
        added: set[str] = set()
        asked: dict[str, Any] = {"labelId": "DRAFT", "historyTypes": ["messageAdded"], "maxResults": 500}
        fields = "nextPageToken,history/messagesAdded/message/id"
        while True:
            history = self._session.gmail.history()
            try:
                answer = self._session.call(history.list(userId="me", startHistoryId=hint, fields=fields, **asked))
            except Rejected as error:
                if error.status in (400, 404):
                    return None
                raise
            added |= {
                str(one["message"]["id"])
                for record in answer.get("history", ())
                for one in record.get("messagesAdded", ())
            }
            if not answer.get("nextPageToken"):
                return frozenset(added)
            asked["pageToken"] = answer["nextPageToken"]

    def _create(self, message: dict[str, str]) -> dict[str, Any]:
        drafts = self._session.gmail.drafts()
        return self._session.call(drafts.create(userId="me", body={"message": message}, fields="id"), write=True)


def _by_id(message_id: str) -> str:
    return f"rfc822msgid:{message_id.strip('<>')}"


def _held(answer: dict[str, Any]) -> _Held:
    message = answer["message"]
    raw = base64.urlsafe_b64decode(str(message.get("raw", "")) + "==")
    return _Held(
        RemoteDraft(
            where=Whereabouts.TRASHED if "TRASH" in message.get("labelIds", ()) else Whereabouts.PRESENT,
            remote_id=str(answer["id"]),
            digest=digest(raw),
            message_id=letter_message_id(raw),
            subject=clean(decode_words(split_fields(raw).get("subject", ""))),
        ),
        str(message["id"]),
    )
