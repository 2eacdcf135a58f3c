"""Leaving drafts in Outlook, and finding out what became of them. A message keeps its immutable id wherever it goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from connectors.microsoft import letters, properties
from connectors.microsoft.begun import Begun
from connectors.microsoft.errors import Status
from connectors.microsoft.http import Client, Json, query, seg, text_of, values
from connectors.microsoft.places import Places
from daemon.core.errors import Conflict, OutcomeUnknown, TryLater
from daemon.core.model import OutgoingDraft, RemoteDraft, Whereabouts

ORDER = (Whereabouts.PRESENT, Whereabouts.SENT, Whereabouts.TRASHED)


class Drafts:
    """`daemon.core.ports.DraftTarget`. A remote id is the message's immutable id."""

    def __init__(self, client: Client, places: Places, state: str = "") -> None:
        self._client = client
        self._places = places
        self._begun = Begun(client, state)

    def hint(self) -> str:
        """Nothing: a filter by key or Message-ID needs no index."""
        return ""

    def find(self, key: str, message_id: str, hint: str) -> RemoteDraft:
        """See `DraftTarget.find`."""
        begun = self._begun.find(key, message_id)
        if begun is not None:
            return letters.remote(begun, Whereabouts.BEGUN)
        found = self._find(key, message_id)
        if found is None:
            return RemoteDraft(Whereabouts.GONE, message_id=message_id)
        self._begun.forget(message_id)
        return found

    def expected(self, draft: OutgoingDraft) -> str:
        return letters.digest(letters.message(draft))

    def create(self, draft: OutgoingDraft) -> RemoteDraft:
        """See `DraftTarget.create`. Where the letter it answers is in the mailbox, Outlook begins the reply.

        A draft of this key or Message-ID that stands already is returned as it is, and none is made.
        """
        wanted = letters.message(draft)
        begun = self._begun.find(draft.key, draft.message_id)
        if begun is None:
            standing = self._find(draft.key, draft.message_id)
            if standing is not None and standing.where is Whereabouts.PRESENT:
                return standing
            begun = self._reply(draft, wanted)
        if begun is None:
            return self._made(self._client.write("POST", "/me/messages", wanted), None)
        made = self._made(begun, wanted)
        self._begun.forget(draft.message_id)
        return made

    def look(self, drafts: Sequence[tuple[str, str]]) -> Sequence[RemoteDraft]:
        """See `DraftTarget.look`. Twenty a request for all that are still there; searches only for the others."""
        parts = self._client.batch([_path(remote_id) for remote_id, _ in drafts])
        answers: list[RemoteDraft] = []
        for (_, message_id), part in zip(drafts, parts, strict=True):
            if part.status == 200:
                answers.append(self._remote(part.body))
            elif part.status == 404:
                found = self._find("", message_id)
                answers.append(found or RemoteDraft(Whereabouts.GONE, message_id=message_id))
            else:
                answers.append(RemoteDraft(Whereabouts.UNKNOWN, message_id=message_id))
        return answers

    def similar(self, recipient: str, subject: str, in_reply_to: str) -> Sequence[RemoteDraft]:
        """See `DraftTarget.similar`. The Drafts folder is read through: recipients cannot be filtered by."""
        path = query("/me/mailFolders/drafts/messages", select=letters.FIELDS, expand=properties.EXPAND)
        return [
            letters.remote(one, Whereabouts.PRESENT)
            for one in self._client.every(path)
            if letters.resembles(one, recipient, subject, in_reply_to)
        ]

    def withdraw(self, remote_id: str, message_id: str, digest: str) -> RemoteDraft:
        """See `DraftTarget.withdraw`. Moved to Deleted Items, where it keeps its id."""
        held = self._client.find(_path(remote_id))
        found = self._remote(held) if held is not None else self.find("", message_id, "")
        if found.where is not Whereabouts.PRESENT:
            return found
        if found.digest != digest:
            raise Conflict("The draft has been edited: it is the user's now.")
        try:
            self._client.write("POST", f"/me/messages/{seg(found.remote_id)}/move", {"destinationId": "deleteditems"})
        except Status as error:
            if not error.missing:
                raise
            return self.find("", message_id, "")
        self._begun.forget(message_id)
        return replace(found, where=Whereabouts.TRASHED)

    def _reply(self, draft: OutgoingDraft, wanted: Json) -> Json | None:
        """A reply as Outlook begins it, None where there is nothing here to reply to."""
        answered = self._answered(draft.in_reply_to) if draft.in_reply_to else None
        if answered is None:
            return None
        self._begun.note(draft, str(answered.get("conversationId") or ""))
        # all in one request: nothing of what Outlook puts into a reply should stand even for a moment
        path = f"/me/messages/{seg(str(answered['id']))}/createReply"
        return self._client.write("POST", path, {"message": wanted})

    def _made(self, made: Json, wanted: Json | None) -> RemoteDraft:
        """What was made, read back. ``wanted``: it is a reply, and is to read like this.

        Raises:
            OutcomeUnknown: it stands, and what it says is not known.
        """
        path = _path(str(made["id"]))
        try:
            held = self._client.find(path)
            if held is not None and wanted is not None and self._made_ours(held, wanted):
                held = self._client.find(path)
        except TryLater as error:
            raise OutcomeUnknown("The draft was written, but could not be read back.", error.after) from None
        if held is None:
            raise OutcomeUnknown("The draft was written, but is not to be found.")
        return self._remote(held)

    def _made_ours(self, held: Json, wanted: Json) -> bool:
        """Write over what Outlook put into a reply of its own; whether there was anything of the kind.

        Pictures of the letter that is quoted come along as attachments, which `hasAttachments` does not count.
        """
        path = f"/me/messages/{seg(str(held['id']))}"
        brought = self._client.every(query(f"{path}/attachments", select="id"))
        wrong = letters.differs(held, wanted)
        if wrong:
            self._client.write("PATCH", path, wrong)
        for one in brought:
            self._client.write("DELETE", f"{path}/attachments/{seg(str(one['id']))}")
        return bool(wrong or brought)

    # -- looking ---------------------------------------------------------------------------------

    def _find(self, key: str, message_id: str) -> RemoteDraft | None:
        """The draft in any folder, Deleted Items included; where there are several, the one that matters most."""
        filters = [f"internetMessageId eq {text_of(message_id)}"] if message_id else []
        filters += [properties.with_key(key)] if key else []
        paths = [query("/me/messages", filter=one, select=letters.FIELDS, expand=properties.EXPAND) for one in filters]
        found: list[RemoteDraft] = []
        for part in self._client.batch(paths):
            if part.status != 200:
                return RemoteDraft(Whereabouts.UNKNOWN, message_id=message_id)
            found += [self._remote(one) for one in values(part.body)]
        return min((one for one in found if one.where in ORDER), key=lambda one: ORDER.index(one.where), default=None)

    def _remote(self, held: Json) -> RemoteDraft:
        """Where one message is, and what it says."""
        known, folder = self._places.known(), held.get("parentFolderId")
        if held.get("isDraft") is False:
            return letters.remote(held, Whereabouts.SENT)
        if folder == known.get("drafts"):
            return letters.remote(held, Whereabouts.PRESENT)
        if folder == known.get("deleteditems"):
            return letters.remote(held, Whereabouts.TRASHED)
        if folder == known.get("recoverableitemsdeletions"):
            return RemoteDraft(Whereabouts.GONE, message_id=str(held.get("internetMessageId") or ""))
        return letters.remote(held, Whereabouts.PRESENT, moved=True)

    def _answered(self, message_id: str) -> Json | None:
        """The letter that is answered, None where it is not in this mailbox any more."""
        path = query(
            "/me/messages", filter=f"internetMessageId eq {text_of(message_id)}", select="id,isDraft,conversationId"
        )
        return next((one for one in values(self._client.get(path)) if one.get("isDraft") is False), None)


def _path(remote_id: str) -> str:
    return query(f"/me/messages/{seg(remote_id)}", select=letters.FIELDS, expand=properties.EXPAND)
