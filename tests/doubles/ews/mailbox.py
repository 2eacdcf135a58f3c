"""One mailbox as an Exchange server keeps it: folders in a tree, items in them, changes in their order."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.ews.xml import make

DISTINGUISHED = {
    "msgfolderroot": ("Informationsspeicher", "", ""),
    "inbox": ("INBOX", "IPF.Note", "Folder"),
    "sentitems": ("Sent", "IPF.Note", "Folder"),
    "drafts": ("Drafts", "IPF.Note", "Folder"),
    "deleteditems": ("Trash", "IPF.Note", "Folder"),
    "junkemail": ("Junk", "IPF.Note", "Folder"),
    "outbox": ("Postausgang", "IPF.Note", "Folder"),
    "calendar": ("Kalender", "IPF.Appointment", "CalendarFolder"),
    "contacts": ("Kontakte", "IPF.Contact", "ContactsFolder"),
}
"""Name, class and element of each; a mailbox of somebody who set up Outlook in German, but for what the suite names."""

_ids = itertools.count(1)


def new_id(kind: str) -> str:
    """An id as EWS makes them: base64, upper and lower case apart."""
    return base64.b64encode(f"{kind}|{next(_ids):08}|AAMk".encode()).decode()


@dataclass
class Item:
    """One item. ``number`` is that of its latest change, ``born`` of its arrival in the folder.

    ``props`` are elements by name, ``extended`` values by what names the property. ``source`` is the iCalendar object
    an event was made of; ``hidden`` an instance's item, reached through its master only.
    """

    tag: str
    props: dict[str, Any] = field(default_factory=dict)
    extended: dict[tuple[str, str], str] = field(default_factory=dict)
    id: str = ""
    number: int = 0
    born: int = 0
    read_number: int = 0
    changes: int = 1
    corrupt: bool = False
    hidden: bool = False
    source: bytes = b""
    raw: bytes = b""

    @property
    def change_key(self) -> str:
        return base64.b64encode(f"ck|{self.id[:12]}|{self.changes}".encode()).decode()

    def id_element(self) -> Any:
        return make("t:ItemId", Id=self.id, ChangeKey=self.change_key)

    def text(self, name: str) -> str:
        found = self.props.get(name)
        return (found.text or "") if found is not None else ""

    def put(self, name: str, *content: Any, **attributes: str) -> None:
        """Give it a property; without content it goes."""
        if content == (None,):
            self.props.pop(name, None)
        else:
            self.props[name] = make(f"t:{name}", *content, **attributes)


@dataclass
class Folder:
    """One folder. ``number`` counts its changes."""

    id: str
    name: str
    kind: str
    element: str
    parent: str
    distinguished: str = ""
    number: int = 0
    items: dict[str, Item] = field(default_factory=dict)
    deleted: dict[str, int] = field(default_factory=dict)

    def add(self, item: Item, kind: str = "item") -> Item:
        """The item arrives; it has a new id wherever it arrives."""
        self.number += 1
        item.id, item.number, item.born = new_id(kind), self.number, self.number
        item.put("ParentFolderId", Id=self.id)
        self.items[item.id] = item
        return item

    def touch(self, item: Item) -> None:
        """The item was changed."""
        self.number += 1
        item.number = self.number
        item.changes += 1

    def remove(self, item_id: str) -> Item:
        """The item leaves."""
        self.number += 1
        item = self.items.pop(item_id)
        if not item.hidden:
            self.deleted[item_id] = self.number
        return item


@dataclass
class Mailbox:
    """One person's mailbox. ``generation`` is what sync states stand on.

    ``texts``: the user allowed the texts of received letters to be read; else asking for one is an error.
    """

    address: str
    generation: int = 1
    texts: bool = False
    folders: dict[str, Folder] = field(default_factory=dict)

    @classmethod
    def ordinary(cls, address: str) -> Mailbox:
        box = cls(address)
        for name, (label, kind, element) in DISTINGUISHED.items():
            box.make(label, kind, element, distinguished=name)
        box.make("Archive", "IPF.Note", "Folder")
        return box

    def make(self, name: str, kind: str, element: str, *, distinguished: str = "", parent: str = "") -> Folder:
        """A new folder, under the top if nothing else is said."""
        top = self.distinguished("msgfolderroot").id if distinguished != "msgfolderroot" else ""
        made = Folder(new_id("folder"), name, kind, element, parent or top, distinguished)
        self.folders[made.id] = made
        return made

    def distinguished(self, name: str) -> Folder:
        return next(f for f in self.folders.values() if f.distinguished == name)

    def named(self, name: str) -> Folder:
        """A folder by the name a user sees."""
        return next(f for f in self.folders.values() if f.name == name)

    def find(self, item_id: str) -> tuple[Folder, Item] | None:
        """An item and the folder it is in."""
        for folder in self.folders.values():
            if item_id in folder.items:
                return folder, folder.items[item_id]
        return None

    def items(self) -> Iterator[tuple[Folder, Item]]:
        for folder in self.folders.values():
            for item in list(folder.items.values()):
                yield folder, item

    def move(self, item_id: str, target: Folder) -> Item:
        """Move an item: it has another id where it arrives, and the same change key means nothing."""
        found = self.find(item_id)
        assert found is not None, item_id
        return target.add(found[0].remove(item_id))
