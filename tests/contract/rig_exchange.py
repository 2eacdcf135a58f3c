"""The rig of the exchange connector: a strict double of Exchange Server on loopback, spoken to by exchangelib."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import connectors.exchange
from daemon.core.model import Account, Position
from daemon.core.ports import Connection, Surroundings
from tests.contract.rig import ME, SeenEvent
from tests.contract.samples import NOW, PAGE, card, event, rewritten, seen_event
from tests.doubles.ews import people
from tests.doubles.ews.mailbox import Folder, Item, Mailbox
from tests.doubles.ews.server import DROP_AFTER, DROP_BEFORE, PASSWORD, USER, Ews, open_ews
from tests.doubles.ews.xml import make

RECEIVING = ("INBOX", "Archive", "Junk", "Trash")
"""Folders whose mail came from outside and has a header block; what was sent or drafted here has none."""


class Secrets:
    """The one password there is."""

    def __init__(self, password: str = PASSWORD) -> None:
        self.password = password

    def get(self, account: str, name: str) -> str | None:
        return self.password if name == "password" else None

    def put(self, account: str, name: str, value: str) -> None:
        raise AssertionError("no secret to be kept")


class ExchangeRig:
    """Handles are item ids."""

    whole: frozenset[str] = frozenset()
    cannot: frozenset[str] = frozenset()

    def __init__(self, ews: Ews, address: str, folder: Path, **options: object) -> None:
        self.ews = ews
        self.address = address
        self.options = {
            "ews_url": ews.url,
            "user": USER,
            "auth": "basic",
            "timeout": 10,
            "time_zone": "Europe/Berlin",
            **options,
        }
        self.secrets = Secrets()
        self._around = Surroundings(self.secrets, str(folder / "state"), lambda: NOW)
        self._connection: Connection | None = None
        self._kept: dict[Path, Mailbox] = {}

    @property
    def box(self) -> Mailbox:
        return self.ews.box(self.address)

    def connection(self) -> Connection:
        return self._connection or self.fresh_connection()

    def fresh_connection(self) -> Connection:
        if self._connection is not None:
            self._connection.close()
        account = Account("exchange", "exchange", self.address, options=self.options)
        self._connection = connectors.exchange.connect(account, self._around, page=PAGE)
        return self._connection

    def lose_next_response(self) -> None:
        self.ews.faults.append(("", DROP_AFTER))

    def lose_next_request(self) -> None:
        self.ews.faults.append(("", DROP_BEFORE))

    # -- the kill matrix

    def save(self, folder: Path) -> None:
        self._kept[folder] = copy.deepcopy(self.box)

    def restore(self, folder: Path) -> None:
        with self.ews.lock:
            self.ews.boxes[self.address] = copy.deepcopy(self._kept[folder])

    # -- mail

    def add_mail(self, folder: str, raw: bytes, *, draft: bool = False) -> str:
        with self.ews.lock:
            item = people.letter(raw, draft=draft or folder == "Drafts", received=folder in RECEIVING and not draft)
            return self.box.named(folder).add(item).id

    def add_broken_mail(self, folder: str) -> str:
        with self.ews.lock:
            item = people.letter(b"From: anna@example.com\r\nSubject: x\r\n\r\n", received=True)
            item.corrupt = True
            return self.box.named(folder).add(item).id

    def _item(self, handle: str) -> tuple[Folder, Item]:
        found = self.box.find(handle)
        assert found is not None, handle
        return found

    def move_mail(self, handle: str, folder: str) -> str:
        with self.ews.lock:
            return self.box.move(handle, self.box.named(folder)).id

    def copy_mail(self, handle: str, folder: str) -> str:
        with self.ews.lock:
            return self.box.named(folder).add(copy.deepcopy(self._item(handle)[1])).id

    def delete_mail(self, handle: str) -> None:
        with self.ews.lock:
            self._item(handle)[0].remove(handle)

    def set_flag(self, handle: str, keyword: str) -> None:
        with self.ews.lock:
            folder, item = self._item(handle)
            old = [e.text for e in item.props["Categories"]] if "Categories" in item.props else []
            item.put("Categories", *(make("t:String", name) for name in [*old, keyword]))
            folder.touch(item)

    def mark_seen(self, handle: str) -> None:
        with self.ews.lock:
            folder, item = self._item(handle)
            folder.number += 1
            item.read_number = folder.number
            item.changes += 1

    def mailbox(self) -> object:
        return {
            folder.name: sorted(
                (
                    item.text("InternetMessageId"),
                    item.text("IsDraft"),
                    [e.text for e in item.props["Categories"]] if "Categories" in item.props else [],
                    item.number if folder.distinguished not in ("drafts", "deleteditems") else 0,
                )
                for item in folder.items.values()
            )
            for folder in self.box.folders.values()
            if folder.kind == "IPF.Note"
        }

    def allow_texts(self) -> None:
        self.box.texts = True

    def expire_mail_cursor(self, stream: str, position: Position) -> Position:
        self.box.generation += 1
        return position

    # -- calendars and address books

    def _calendar(self) -> Folder:
        return self.box.distinguished("calendar")

    def add_event(self, raw: bytes) -> str:
        with self.ews.lock:
            item, others = people.event(raw, self.address)
            for other in others:
                self._calendar().add(other, "occurrence")
            people.link(item, others)
            return self._calendar().add(item).id

    def add_broken_event(self) -> str:
        handle = self.add_event(event("broken"))
        self._item(handle)[1].corrupt = True
        return handle

    def change_event(self, handle: str, raw: bytes) -> None:
        with self.ews.lock:
            folder, item = self._item(handle)
            new, _ = people.event(raw, self.address)
            kept = item.props["ParentFolderId"]
            item.props, item.source = {**new.props, "ParentFolderId": kept}, raw
            folder.touch(item)

    def delete_event(self, handle: str) -> None:
        with self.ews.lock:  # as Outlook does
            self.box.move(handle, self.box.distinguished("deleteditems"))

    def expire_calendar_cursor(self, stream: str, position: Position) -> Position:
        self.box.generation += 1
        return position

    def add_card(self, raw: bytes) -> str:
        with self.ews.lock:
            return self.box.distinguished("contacts").add(people.contact(raw)).id

    def add_broken_card(self) -> str:
        handle = self.add_card(card("broken", "Broken", "broken@example.com"))
        self._item(handle)[1].corrupt = True
        return handle

    def change_card(self, handle: str, raw: bytes) -> None:
        with self.ews.lock:
            folder, item = self._item(handle)
            item.props = people.contact(raw).props
            folder.touch(item)

    def delete_card(self, handle: str) -> None:
        with self.ews.lock:
            self.box.move(handle, self.box.distinguished("deleteditems"))

    def expire_contacts_cursor(self, stream: str, position: Position) -> Position:
        self.box.generation += 1
        return position

    def belongings(self) -> object:
        shelves = (self._calendar(), self.box.distinguished("contacts"))
        mine = [[item for item in shelf.items.values() if not item.extended] for shelf in shelves]
        return [sorted((item.id, item.changes) for item in items) for items in mine]

    # -- drafts

    def _letters(self, name: str) -> list[bytes]:
        found = self.box.distinguished(name).items.values()
        return [item.raw for item in found if item.tag == "Message"]

    def drafts(self) -> Sequence[bytes]:
        return self._letters("drafts")

    def trashed(self) -> Sequence[bytes]:
        return self._letters("deleteditems")

    def _draft(self, wanted: str) -> tuple[Folder, Item]:
        folder = self.box.distinguished("drafts")
        for item in folder.items.values():
            if item.text("InternetMessageId") == wanted:
                return folder, item
        raise AssertionError(f"no draft {wanted}")

    def user_edits_draft(self, message_id: str, text: str) -> None:
        with self.ews.lock:  # as Outlook does: the same item, another body
            folder, item = self._draft(message_id)
            item.raw = rewritten(item.raw, text)
            item.props["Body"] = people.letter(item.raw).props["Body"]
            folder.touch(item)

    def user_trashes_draft(self, message_id: str) -> None:
        with self.ews.lock:
            self.box.move(self._draft(message_id)[1].id, self.box.distinguished("deleteditems"))

    def user_deletes_draft(self, message_id: str) -> None:
        with self.ews.lock:
            folder, item = self._draft(message_id)
            folder.remove(item.id)

    def user_sends_draft(self, message_id: str) -> None:
        with self.ews.lock:
            item = self.box.move(self._draft(message_id)[1].id, self.box.distinguished("sentitems"))
            item.put("IsDraft", "false")

    # -- reminders

    def _reminders(self) -> list[Item]:
        return [i for i in self._calendar().items.values() if i.extended]

    def reminders(self) -> Sequence[SeenEvent]:
        return [seen_event(people.ical_of(item)) for item in self._reminders()]

    def _reminder(self, uid: str) -> Item:
        return next(item for item in self._reminders() if item.text("UID") == uid)

    def user_drags_event(self, uid: str, start: datetime) -> None:
        with self.ews.lock:
            item = self._reminder(uid)
            people.dragged(item, start)
            self._calendar().touch(item)

    def user_retitles_event(self, uid: str, title: str) -> None:
        with self.ews.lock:
            item = self._reminder(uid)
            item.put("Subject", title)
            self._calendar().touch(item)

    def user_rewrites_event(self, uid: str, text: str) -> None:
        with self.ews.lock:
            item = self._reminder(uid)
            item.put("Body", text, BodyType="Text")
            self._calendar().touch(item)

    def user_deletes_event(self, uid: str) -> None:
        with self.ews.lock:
            self.box.move(self._reminder(uid).id, self.box.distinguished("deleteditems"))


class ExchangeBackend:
    """One server; a mailbox a rig. All are the same person's, under one name or another."""

    def __init__(self, ews: Ews) -> None:
        self.ews = ews
        self._numbers = itertools.count(1)

    @contextmanager
    def rig(self, folder: Path) -> Iterator[ExchangeRig]:
        self.ews.boxes.pop(ME, None)
        self.ews.faults.clear()
        made = ExchangeRig(self.ews, ME, folder)
        yield made
        wrong, self.ews.wrong = self.ews.wrong, []
        assert not wrong, wrong


@contextmanager
def open_server(folder: Path) -> Iterator[ExchangeBackend]:
    with open_ews() as ews:
        yield ExchangeBackend(ews)
