"""Drafts of a `MemoryServer`."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.memory.server import Collection, Item, MemoryServer
from daemon.core.address import normalise
from daemon.core.errors import BrokenItem, Conflict, Refused
from daemon.core.model import FolderRole, Mail, OutgoingDraft, RemoteDraft, Whereabouts
from daemon.formats.headers import parse_mail
from daemon.formats.mime import build, digest, digest_of, letter_message_id, resembles

PLACES = {
    FolderRole.DRAFTS: Whereabouts.PRESENT,
    FolderRole.SENT: Whereabouts.SENT,
    FolderRole.TRASH: Whereabouts.TRASHED,
}
Stored = Item[bytes | Mail]


class MemoryDrafts:
    """`daemon.core.ports.DraftTarget`. Refuses what no real letter of ours may be."""

    def __init__(self, server: MemoryServer, address: str) -> None:
        self._server = server
        self._address = normalise(address)

    def hint(self) -> str:
        with self._server.call("drafts.hint"):
            return str(self._server.folder(FolderRole.DRAFTS).number)

    def find(self, key: str, message_id: str, hint: str) -> RemoteDraft:
        with self._server.call("drafts.find"):
            lagging = self._server.lagging
            if hint:  # reading from a known place on needs no index
                drafts = self._server.folder(FolderRole.DRAFTS)
                lagging = lagging - {i.item_id for i in drafts.listing(int(hint))}
            return self._somewhere(message_id, lagging)

    def expected(self, draft: OutgoingDraft) -> str:
        return digest_of(draft)

    def create(self, draft: OutgoingDraft) -> RemoteDraft:
        raw = self._strictly(build(draft))
        with self._server.call("drafts.create", write=True):
            found = self._somewhere(draft.message_id, frozenset())
            if found.where is not Whereabouts.GONE:
                return found
            folder = self._server.folder(FolderRole.DRAFTS)
            return _remote(folder, folder.add(self._server.stores(raw), flags=frozenset({"\\Draft", "\\Seen"})))

    def look(self, drafts: Sequence[tuple[str, str]]) -> Sequence[RemoteDraft]:
        with self._server.call("drafts.look"):
            return [self._one(remote_id, message_id) for remote_id, message_id in drafts]

    def similar(self, recipient: str, subject: str, in_reply_to: str) -> Sequence[RemoteDraft]:
        with self._server.call("drafts.similar"):
            folder = self._server.folder(FolderRole.DRAFTS)
            return [
                _remote(folder, item)
                for item in folder.items.values()
                if isinstance(item.content, bytes) and resembles(item.content, recipient, subject, in_reply_to)
            ]

    def withdraw(self, remote_id: str, message_id: str, digest: str) -> RemoteDraft:
        with self._server.call("drafts.withdraw", write=True):
            now = self._one(remote_id, message_id)
            if now.where is not Whereabouts.PRESENT:
                return now
            if now.digest != digest:
                raise Conflict("the draft was edited")
            drafts, trash = self._server.folder(FolderRole.DRAFTS), self._server.folder(FolderRole.TRASH)
            moved = self._server.move(drafts.name, now.remote_id, trash.name)
            return _remote(trash, trash.items[moved])

    def _one(self, remote_id: str, message_id: str) -> RemoteDraft:
        folder = self._server.folder(FolderRole.DRAFTS)
        if not remote_id.startswith(f"{folder.name}-"):
            raise Refused(f"{remote_id!r} was never the id of a draft")
        held = folder.items.get(remote_id)
        return _remote(folder, held) if held else self._somewhere(message_id, frozenset())

    def _somewhere(self, message_id: str, unseen: frozenset[str] | set[str]) -> RemoteDraft:
        for role in PLACES:
            folder = self._server.folder(role)
            for item in folder.items.values():
                if item.item_id not in unseen and _message_id(item) == message_id:
                    return _remote(folder, item)
        return RemoteDraft(Whereabouts.GONE, message_id=message_id)

    def _strictly(self, raw: bytes) -> bytes:
        mail = parse_mail("", raw, received=None)
        if mail.recipients != 1 or mail.cc:
            raise Refused("a draft goes to one person")
        if len(mail.senders) != 1:
            raise Refused("a draft is from one address")
        if not mail.message_id or mail.date is None or not mail.subject:
            raise Refused("a draft needs a Message-ID, a date and a subject")
        return raw


def _message_id(item: Stored) -> str:
    return item.content.message_id if isinstance(item.content, Mail) else letter_message_id(item.content)


def _remote(folder: Collection[bytes | Mail], item: Stored) -> RemoteDraft:
    if isinstance(item.content, Mail):
        return RemoteDraft(PLACES[folder.role], item.item_id, "", item.content.message_id, item.content.subject)
    try:
        subject = parse_mail("", item.content, received=None).subject
    except BrokenItem:
        subject = ""
    return RemoteDraft(PLACES[folder.role], item.item_id, digest(item.content), _message_id(item), subject)
