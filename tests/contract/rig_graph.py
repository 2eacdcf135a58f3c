"""The rig of the microsoft connector: the strict double of Graph; whatever it complains of fails the test."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path

from connectors.microsoft import properties
from daemon.core.model import Position
from daemon.core.ports import Connection
from daemon.formats.headers import MAX_HEADER
from tests.contract.rig import SeenEvent
from tests.contract.samples import event, mail, seen_event
from tests.doubles.graph import Fault, GraphDouble, running, translate
from tests.doubles.graph.mail import WRITABLE
from tests.doubles.graph.mailbox import Mailbox
from tests.doubles.graph.translate import Item
from tests.microsoft.signed_in import SignedIn

FOLDERS = {
    "INBOX": "inbox",
    "Sent": "sentitems",
    "Drafts": "drafts",
    "Trash": "deleteditems",
    "Junk": "junkemail",
    "Archive": "archive",
}


class GraphRig:
    """Handles are immutable ids."""

    whole: frozenset[str] = frozenset()
    cannot: frozenset[str] = frozenset()

    def __init__(self, double: GraphDouble, folder: Path) -> None:
        self.double = double
        self.person = SignedIn(double, folder)
        self._connection: Connection | None = None

    @property
    def box(self) -> Mailbox:
        return self.double.box

    def connection(self) -> Connection:
        return self._connection or self.fresh_connection()

    def fresh_connection(self) -> Connection:
        if self._connection is not None:
            self._connection.close()
        self._connection = self.person.connection()
        return self._connection

    def lose_next_response(self) -> None:
        self.double.faults.append(Fault("drop-after", writes=True))

    def lose_next_request(self) -> None:
        self.double.faults.append(Fault("drop-before", writes=True))

    # -- the kill matrix

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "mailbox.pickle").write_bytes(pickle.dumps(self.box))

    def restore(self, folder: Path) -> None:
        self.double.box = pickle.loads((folder / "mailbox.pickle").read_bytes())  # noqa: S301 - just written

    # -- mail

    def add_mail(self, folder: str, raw: bytes, *, draft: bool = False) -> str:
        item = translate.message_of(raw, self.box.now(), draft=draft)
        if folder == "Sent":
            item["internetMessageHeaders"] = []  # a copy kept at sending was never on the internet
        return self.box.add_message(FOLDERS[folder], item)

    def add_broken_mail(self, folder: str) -> str:
        item = translate.message_of(mail("broken"), self.box.now())
        item["internetMessageHeaders"].append({"name": "References", "value": "<x@example.com> " * (MAX_HEADER // 15)})
        return self.box.add_message(FOLDERS[folder], item)

    def move_mail(self, handle: str, folder: str) -> str:
        self.box.move(handle, self.box.folders[FOLDERS[folder]])
        return handle

    def copy_mail(self, handle: str, folder: str) -> str:
        found = self.box.message(handle)
        assert found is not None
        return self.box.add_message(
            FOLDERS[folder], {k: v for k, v in found[1].items() if k not in ("id", "conversationId")}
        )

    def delete_mail(self, handle: str) -> None:
        found = self.box.message(handle)
        assert found is not None
        del found[0].items[handle]

    def set_flag(self, handle: str, keyword: str) -> None:
        found = self.box.message(handle)
        assert found is not None
        self.box.change(handle, categories=[*found[1]["categories"], keyword])

    def mark_seen(self, handle: str) -> None:
        self.box.change(handle, isRead=True)

    def mailbox(self) -> object:
        return {name: deepcopy(self.box.folders[known].items) for name, known in FOLDERS.items()}

    def allow_texts(self) -> None:
        self.box.texts = True

    def expire_mail_cursor(self, stream: str, position: Position) -> Position:
        folder = self.box.folder(stream)
        assert folder is not None
        folder.generation += 1
        return position

    # -- calendars and address books

    def add_event(self, raw: bytes) -> str:
        return self.box.add_event(raw)

    def add_broken_event(self) -> str:
        handle = self.box.add_event(event("broken"))
        broken = self.box.calendars["Calendar"].items[handle]
        broken["start"] = {**broken["start"], "timeZone": "Nowhere Standard Time"}
        return handle

    def change_event(self, handle: str, raw: bytes) -> None:
        self.box.add_event(raw, event_id=handle)

    def delete_event(self, handle: str) -> None:
        self.box.delete_event(handle)

    def expire_calendar_cursor(self, stream: str, position: Position) -> Position:
        calendar = self.box.calendar(stream)
        assert calendar is not None
        calendar.generation += 1
        return position

    def add_card(self, raw: bytes) -> str:
        card_id = self.box.new_id("c")
        self.change_card(card_id, raw)
        return card_id

    def add_broken_card(self) -> str:
        return self.add_card(b"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:broken\r\nFN:\r\nN:;;;;\r\nEND:VCARD\r\n")

    def change_card(self, handle: str, raw: bytes) -> None:
        self.box.store(self.box.books["contacts"], {"id": handle, **translate.contact_of(raw)})

    def delete_card(self, handle: str) -> None:
        del self.box.books["contacts"].items[handle]

    def belongings(self) -> object:
        theirs = {i: e for i, e in self.box.calendars["Calendar"].items.items() if not _key(e)}
        return deepcopy((theirs, self.box.books["contacts"].items))

    def expire_contacts_cursor(self, stream: str, position: Position) -> Position:
        next(b for b in self.box.books.values() if b.id == stream).generation += 1
        return position

    # -- drafts

    def drafts(self) -> list[bytes]:
        return [translate.letter(one) for one in self.box.folders["drafts"].items.values()]

    def trashed(self) -> list[bytes]:
        return [translate.letter(one) for one in self.box.folders["deleteditems"].items.values()]

    def _draft(self, wanted: str) -> Item:
        held = self.box.folders["drafts"].items.values()
        return next(one for one in held if one["internetMessageId"] == wanted)

    def user_edits_draft(self, message_id: str, text: str) -> None:
        content = translate.WRAPPED.format(f"<div>{text}</div>")
        self.box.change(self._draft(message_id)["id"], body={"contentType": "html", "content": content})

    def user_trashes_draft(self, message_id: str) -> None:
        self.box.move(self._draft(message_id)["id"], self.box.folders["deleteditems"])

    def user_deletes_draft(self, message_id: str) -> None:
        self.delete_mail(str(self._draft(message_id)["id"]))

    def user_sends_draft(self, message_id: str) -> None:
        sent = self.box.move(self._draft(message_id)["id"], self.box.folders["sentitems"])
        self.box.change(sent["id"], isDraft=False)

    # -- reminders

    def _ours(self) -> list[tuple[str, Item]]:
        return [(_key(e), e) for c in self.box.calendars.values() for e in c.items.values() if _key(e)]

    def reminders(self) -> Sequence[SeenEvent]:
        return [seen_event(translate.shown(one, f"{key}@example.org")) for key, one in self._ours()]

    def _change(self, uid: str, **values: object) -> None:
        held = next(one for key, one in self._ours() if f"{key}@example.org" == uid)
        found = self.box.event(held["id"])
        assert found is not None
        self.box.store(found[0], {**held, **values})

    def user_drags_event(self, uid: str, start: datetime) -> None:
        (held,) = [e for e in self.reminders() if e.uid == uid]
        length: timedelta = held.end - held.start
        self._change(uid, start=translate.wall(start.astimezone(UTC)), end=translate.wall(start + length))

    def user_retitles_event(self, uid: str, title: str) -> None:
        self._change(uid, subject=title)

    def user_rewrites_event(self, uid: str, text: str) -> None:
        self._change(uid, body={"contentType": "text", "content": text})

    def user_deletes_event(self, uid: str) -> None:
        held = next(one for key, one in self._ours() if f"{key}@example.org" == uid)
        found = self.box.event(held["id"])
        assert found is not None
        del found[0].items[held["id"]]


def _key(item: Item) -> str:
    return str(item.get("_properties", {}).get(properties.KEY, ""))


class GraphRigs:
    """A server a rig."""

    @contextmanager
    def rig(self, folder: Path) -> Iterator[GraphRig]:
        with running() as double:
            double.reply_drops = frozenset(WRITABLE)  # the worst of what createReply may do: more steps to die at
            yield GraphRig(double, folder)
            assert not double.complaints, double.complaints


@contextmanager
def open_server(folder: Path) -> Iterator[GraphRigs]:
    yield GraphRigs()
