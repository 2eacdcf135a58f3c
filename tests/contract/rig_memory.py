"""The rig of the memory connector: the reference both ways."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import connectors.memory
from connectors.memory import Fault, MemoryServer
from connectors.memory.server import Collection, Item
from daemon.core.model import Account, EventItem, FolderRole, Mail, Position
from daemon.core.ports import Connection, Surroundings
from tests.contract.rig import ME, SeenEvent
from tests.contract.samples import NOW, PAGE, dragged, event, message_id, retitled, reworded, rewritten, seen_event

_numbers = itertools.count()


class NoSecrets:
    """A secret store with nothing in it."""

    def get(self, account: str, name: str) -> str | None:
        return None

    def put(self, account: str, name: str, value: str) -> None:
        raise AssertionError("no secret to be kept")


def around(folder: Path) -> Surroundings:
    """Surroundings whose clock stands still at `samples.NOW`."""
    return Surroundings(NoSecrets(), str(folder / "state"), lambda: NOW)


class MemoryRig:
    """Handles are ``<collection>/<id>``."""

    whole: frozenset[str] = frozenset()
    cannot: frozenset[str] = frozenset()

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.server = MemoryServer.named(name)
        self._around = around(folder)
        self._connection: Connection | None = None

    def connection(self) -> Connection:
        return self._connection or self.fresh_connection()

    def fresh_connection(self) -> Connection:
        account = Account("memory", "memory", ME, options={"server": self.name, "page_size": PAGE})
        self._connection = connectors.memory.connect(account, self._around)
        return self._connection

    def lose_next_response(self) -> None:
        self.server.faults.append(Fault.LOST_ANSWER)

    def lose_next_request(self) -> None:
        self.server.faults.append(Fault.LOST_REQUEST)

    # -- mail

    def _mail(self, handle: str) -> tuple[Collection[bytes | Mail], str]:
        folder, _, item_id = handle.partition("/")
        return self.server.folders[folder], item_id

    def add_mail(self, folder: str, raw: bytes, *, draft: bool = False) -> str:
        flags = frozenset({"\\Draft"} if draft else ())
        return f"{folder}/{self.server.folders[folder].add(raw, flags=flags).item_id}"

    def add_broken_mail(self, folder: str) -> str:
        # Bytes the prefilter lets through and no parser can read.
        return f"{folder}/{self.server.folders[folder].add('ни одного поля'.encode()).item_id}"

    def move_mail(self, handle: str, folder: str) -> str:
        source, item_id = self._mail(handle)
        return f"{folder}/{self.server.move(source.name, item_id, folder)}"

    def copy_mail(self, handle: str, folder: str) -> str:
        source, item_id = self._mail(handle)
        item = source.items[item_id]
        return f"{folder}/{self.server.folders[folder].add(item.content, flags=item.flags).item_id}"

    def delete_mail(self, handle: str) -> None:
        source, item_id = self._mail(handle)
        source.delete(item_id)

    def set_flag(self, handle: str, keyword: str) -> None:
        source, item_id = self._mail(handle)
        source.change(item_id, flags=source.items[item_id].flags | {keyword})

    def mark_seen(self, handle: str) -> None:
        source, item_id = self._mail(handle)
        source.touch(item_id, source.items[item_id].flags | {"\\Seen"})

    def mailbox(self) -> object:
        return {name: dict(folder.items) for name, folder in self.server.folders.items()}

    def allow_texts(self) -> None:
        pass

    def expire_mail_cursor(self, stream: str, position: Position) -> Position:
        self.server.folders[stream].expire()
        return position

    # -- calendars and address books

    def add_event(self, raw: bytes) -> str:
        return self.server.calendars["Calendar"].add(raw).item_id

    def add_broken_event(self) -> str:
        return self.add_event(event("broken").replace(b"DTSTART:2", b"DTSTART:yesterday"))

    def change_event(self, handle: str, raw: bytes) -> None:
        self.server.calendars["Calendar"].change(handle, raw)

    def delete_event(self, handle: str) -> None:
        self.server.calendars["Calendar"].delete(handle)

    def expire_calendar_cursor(self, stream: str, position: Position) -> Position:
        self.server.calendars[stream].expire()
        return position

    def add_card(self, raw: bytes) -> str:
        return self.server.books["Contacts"].add(raw).item_id

    def add_broken_card(self) -> str:
        return self.add_card(b"BEGIN:VCARD\r\nVERSION:3.0\r\nEND:VCARD\r\n")

    def change_card(self, handle: str, raw: bytes) -> None:
        self.server.books["Contacts"].change(handle, raw)

    def delete_card(self, handle: str) -> None:
        self.server.books["Contacts"].delete(handle)

    def expire_contacts_cursor(self, stream: str, position: Position) -> Position:
        self.server.books[stream].expire()
        return position

    def belongings(self) -> object:
        shelves = (self.server.calendars["Calendar"], self.server.books["Contacts"])
        return [sorted((i.item_id, i.version) for i in shelf.items.values()) for shelf in shelves]

    # -- drafts

    def _letters(self, role: FolderRole) -> list[bytes]:
        return [i.content for i in self.server.folder(role).items.values() if isinstance(i.content, bytes)]

    def drafts(self) -> list[bytes]:
        return self._letters(FolderRole.DRAFTS)

    def trashed(self) -> list[bytes]:
        return self._letters(FolderRole.TRASH)

    def _draft(self, wanted: str) -> Item[bytes | Mail]:
        for item in self.server.folders["Drafts"].items.values():
            if isinstance(item.content, bytes) and message_id(item.content) == wanted:
                return item
        raise AssertionError(f"no draft {wanted}")

    def user_edits_draft(self, message_id: str, text: str) -> None:
        # As IMAP clients do: the new one is appended, the old one expunged.
        old, folder = self._draft(message_id), self.server.folders["Drafts"]
        assert isinstance(old.content, bytes)
        folder.add(rewritten(old.content, text), flags=old.flags)
        folder.delete(old.item_id)

    def user_trashes_draft(self, message_id: str) -> None:
        self.server.move("Drafts", self._draft(message_id).item_id, "Trash")

    def user_deletes_draft(self, message_id: str) -> None:
        self.server.folders["Drafts"].delete(self._draft(message_id).item_id)

    def user_sends_draft(self, message_id: str) -> None:
        moved = self.server.move("Drafts", self._draft(message_id).item_id, "Sent")
        sent = self.server.folders["Sent"]
        sent.touch(moved, sent.items[moved].flags - {"\\Draft"})

    # -- reminders

    def _events(self) -> Collection[bytes | EventItem]:
        return self.server.calendars.get("kith") or Collection("kith")

    def reminders(self) -> list[SeenEvent]:
        return [seen_event(i.content) for i in self._events().items.values() if isinstance(i.content, bytes)]

    def _event(self, uid: str) -> tuple[str, bytes]:
        for item in self._events().items.values():
            if isinstance(item.content, bytes) and seen_event(item.content).uid == uid:
                return item.item_id, item.content
        raise AssertionError(f"no event {uid}")

    def user_drags_event(self, uid: str, start: datetime) -> None:
        item_id, raw = self._event(uid)
        self._events().change(item_id, dragged(raw, start.astimezone(UTC)))

    def user_retitles_event(self, uid: str, title: str) -> None:
        item_id, raw = self._event(uid)
        self._events().change(item_id, retitled(raw, title))

    def user_rewrites_event(self, uid: str, text: str) -> None:
        item_id, raw = self._event(uid)
        self._events().change(item_id, reworded(raw, text))

    def user_deletes_event(self, uid: str) -> None:
        self._events().delete(self._event(uid)[0])


class MemoryBackend:
    """Nothing runs: a server a rig."""

    @contextmanager
    def rig(self, folder: Path) -> Iterator[MemoryRig]:
        name = f"rig-{next(_numbers)}"
        yield MemoryRig(name, folder)
        MemoryServer.forget(name)


@contextmanager
def open_server(folder: Path) -> Iterator[MemoryBackend]:
    yield MemoryBackend()
