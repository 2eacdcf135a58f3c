"""The rig of the IMAP connector: a real Dovecot behind the proxy, and the user's own client beside it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from imapclient import IMAPClient

import connectors.imap
from daemon.core.model import Account, Position
from daemon.core.ports import Connection, Surroundings
from daemon.formats.headers import MAX_HEADER
from tests.contract.rig import ME
from tests.contract.samples import NOW, PAGE, message_id, rewritten
from tests.support.dovecot import PASSWORD, Dovecot, dovecot
from tests.support.folders import copy_tree
from tests.support.proxy import Proxy, Way, proxy

_numbers = itertools.count(1)


class Secrets:
    """One password."""

    def __init__(self, value: str = PASSWORD) -> None:
        self.value = value

    def get(self, account: str, name: str) -> str | None:
        return self.value

    def put(self, account: str, name: str, value: str) -> None:
        raise AssertionError("no secret to be kept")


class ImapRig:
    """Handles are ``<folder>/<uid>``."""

    whole: frozenset[str] = frozenset()
    cannot: frozenset[str] = frozenset()

    def __init__(self, server: Dovecot, net: Proxy, user: str, client: IMAPClient, folder: Path) -> None:
        self.server = server
        self.net = net
        self.user = user
        self.client = client
        self.around = Surroundings(Secrets(), str(folder / "state"), lambda: NOW)
        self._connection: Connection | None = None

    def connection(self) -> Connection:
        return self._connection or self.fresh_connection()

    def fresh_connection(self) -> Connection:
        if self._connection is not None:
            self._connection.close()
        options = {"host": "127.0.0.1", "port": self.net.port, "user": self.user, "tls": "plain", "timeout": 10}
        account = Account("imap", "imap", ME, options=options)
        self._connection = connectors.imap.connect(account, self.around, page=PAGE)
        return self._connection

    def lose_next_response(self) -> None:
        self.net.lose(Way.DOWN, rb"APPENDUID|COPYUID|Expunge completed")

    def lose_next_request(self) -> None:
        self.net.lose(Way.UP, rb"(?i) (?:append|uid move|uid copy) ")

    # -- the kill matrix

    def save(self, folder: Path) -> None:
        copy_tree(self.server.home(self.user), folder)

    def restore(self, folder: Path) -> None:
        # As another user with the same mail: nothing of what Dovecot knows of this one can shine through.
        self.client.logout()
        self.user = f"user{next(_numbers)}"
        copy_tree(folder, self.server.home(self.user))
        self.client = IMAPClient("127.0.0.1", port=self.server.port, ssl=False, timeout=30)
        self.client.login(self.user, PASSWORD)

    # -- mail

    def _append(self, folder: str, raw: bytes, flags: tuple[bytes, ...] = ()) -> str:
        said = self.client.append(folder, raw, flags)
        return f"{folder}/{int(said.split(b']')[0].split()[-1])}"

    def _at(self, handle: str) -> int:
        folder, _, uid = handle.rpartition("/")
        self.client.select_folder(folder)
        return int(uid)

    def add_mail(self, folder: str, raw: bytes, *, draft: bool = False) -> str:
        return self._append(folder, raw, (rb"\Draft",) if draft else ())

    def add_broken_mail(self, folder: str) -> str:
        # a header without end
        longer = b"\r\n ".join([b"<%0900d@example.com>" % 0] * (MAX_HEADER // 900))
        return self._append(folder, b"From: anna@example.com\r\nReferences: " + longer + b"\r\n\r\nx\r\n")

    def _copied(self, handle: str, folder: str, verb: str) -> str:
        uid = self._at(handle)
        if verb == "copy":
            self.client.copy([uid], folder)
        else:
            self.client.move([uid], folder)
        with self.server.client(self.user) as other:
            other.select_folder(folder, readonly=True)
            return f"{folder}/{max(other.search())}"

    def move_mail(self, handle: str, folder: str) -> str:
        return self._copied(handle, folder, "move")

    def copy_mail(self, handle: str, folder: str) -> str:
        return self._copied(handle, folder, "copy")

    def delete_mail(self, handle: str) -> None:
        uid = self._at(handle)
        self.client.add_flags([uid], [rb"\Deleted"])
        self.client.uid_expunge([uid])

    def set_flag(self, handle: str, keyword: str) -> None:
        self.client.add_flags([self._at(handle)], [keyword.encode()])

    def mark_seen(self, handle: str) -> None:
        self.client.add_flags([self._at(handle)], [rb"\Seen"])

    def mailbox(self) -> object:
        found: dict[str, object] = {}
        for _, _, name in self.client.list_folders():
            self.client.select_folder(name, readonly=True)
            messages = self.client.fetch(self.client.search(), ["FLAGS", "RFC822.SIZE"])
            status = self.client.folder_status(name, ["UIDNEXT", "UIDVALIDITY", "HIGHESTMODSEQ"])
            flags = {uid: sorted(f for f in row[b"FLAGS"] if f != rb"\Recent") for uid, row in messages.items()}
            found[name] = (flags, sorted(status.items()))
        return found

    def allow_texts(self) -> None:
        pass

    def expire_mail_cursor(self, stream: str, position: Position) -> Position:
        validity = self.server.status(self.user, stream)["uidvalidity"]
        self.server.renumber(self.user, stream, validity + 1)
        return position

    # -- drafts

    def _letters(self, folder: str) -> list[bytes]:
        self.client.select_folder(folder, readonly=True)
        return [row[b"BODY[]"] for row in self.client.fetch(self.client.search(), ["BODY.PEEK[]"]).values()]

    def drafts(self) -> list[bytes]:
        return self._letters("Drafts")

    def trashed(self) -> list[bytes]:
        return self._letters("Trash")

    def _draft(self, wanted: str) -> tuple[str, bytes]:
        self.client.select_folder("Drafts")
        for uid, row in self.client.fetch(self.client.search(), ["BODY.PEEK[]"]).items():
            if message_id(row[b"BODY[]"]) == wanted:
                return f"Drafts/{uid}", row[b"BODY[]"]
        raise AssertionError(f"no draft {wanted}")

    def user_edits_draft(self, message_id: str, text: str) -> None:
        # as mail clients do: the new one is appended, the old one expunged
        handle, raw = self._draft(message_id)
        self._append("Drafts", rewritten(raw, text), (rb"\Draft", rb"\Seen"))
        self.delete_mail(handle)

    def user_trashes_draft(self, message_id: str) -> None:
        self.move_mail(self._draft(message_id)[0], "Trash")

    def user_marks_draft_deleted(self, message_id: str) -> None:
        self.set_flag(self._draft(message_id)[0], "\\Deleted")

    def user_deletes_draft(self, message_id: str) -> None:
        self.delete_mail(self._draft(message_id)[0])

    def user_sends_draft(self, message_id: str) -> None:
        handle, raw = self._draft(message_id)
        self._append("Sent", raw, (rb"\Seen",))
        self.delete_mail(handle)


class ImapBackend:
    """One Dovecot; a user of its own for each rig."""

    def __init__(self, server: Dovecot) -> None:
        self.server = server

    @contextmanager
    def rig(self, folder: Path) -> Iterator[ImapRig]:
        user = f"user{next(_numbers)}"
        with self.server.client(user) as client, proxy(self.server.port) as net:
            rig = ImapRig(self.server, net, user, client, folder)
            yield rig
            if rig.client is not client:
                rig.client.logout()


@contextmanager
def open_server(folder: Path) -> Iterator[ImapBackend]:
    """Dovecot, in a folder of its own (socket paths must be short)."""
    with dovecot() as server:
        yield ImapBackend(server)
