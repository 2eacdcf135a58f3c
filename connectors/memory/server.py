"""A server in memory: folders, calendars and address books as numbered changes, and failures on demand."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import Enum
from typing import ClassVar, Generic, TypeVar

from daemon.core.errors import CursorExpired, OutcomeUnknown, Refused, TryLater
from daemon.core.model import Card, EventItem, FolderRole, Mail

T = TypeVar("T")


class Fault(Enum):
    """What goes wrong with one call."""

    LOST_REQUEST = "nothing is applied, and no answer comes"
    LOST_ANSWER = "applied, and no answer comes"
    BUSY = "refused for now, with a time to come back"


@dataclass(frozen=True, slots=True)
class Item(Generic[T]):
    """One object as it stands. ``number`` is that of its latest change, ``version`` what If-Match compares."""

    item_id: str
    number: int
    content: T
    flags: frozenset[str] = frozenset()

    @property
    def version(self) -> str:
        return f"v{self.number}"


@dataclass
class Collection(Generic[T]):
    """A folder, calendar or address book: objects, and the changes to them in the order they happened.

    ``generation`` is what UIDVALIDITY and sync tokens stand on: when it changes, no earlier cursor means anything.
    ``hidden`` are ids that listings leave out although the objects exist: a server that lies.
    """

    name: str
    role: FolderRole = FolderRole.OTHER
    generation: int = 1
    number: int = 0
    items: dict[str, Item[T]] = field(default_factory=dict)
    deleted: dict[str, int] = field(default_factory=dict)  # id -> number of the deletion
    hidden: set[str] = field(default_factory=set)

    def add(self, content: T, *, item_id: str = "", flags: frozenset[str] = frozenset()) -> Item[T]:
        """A new object; the id is never used twice unless the client chose it."""
        self.number += 1
        made = Item(item_id or f"{self.name}-{self.generation}-{self.number}", self.number, content, flags)
        self.deleted.pop(made.item_id, None)
        self.items[made.item_id] = made
        return made

    def change(self, item_id: str, content: T | None = None, flags: frozenset[str] | None = None) -> Item[T]:
        """The object replaced, under the next number."""
        old = self.items[item_id]
        self.number += 1
        made = replace(
            old,
            number=self.number,
            content=old.content if content is None else content,
            flags=old.flags if flags is None else flags,
        )
        self.items[item_id] = made
        return made

    def touch(self, item_id: str, flags: frozenset[str]) -> None:
        """Flags that are no news to a reader (\\Seen)."""
        self.items[item_id] = replace(self.items[item_id], flags=flags)

    def delete(self, item_id: str) -> Item[T]:
        """The object gone for good, with a tombstone."""
        self.number += 1
        self.deleted[item_id] = self.number
        return self.items.pop(item_id)

    def expire(self) -> None:
        """Every cursor given out so far is worthless from now on; tombstones are forgotten."""
        self.generation += 1
        self.deleted.clear()

    def listing(self, after: int) -> list[Item[T]]:
        """Objects changed after a number, in the order of their changes, as the server admits to them."""
        found = [i for i in self.items.values() if i.number > after and i.item_id not in self.hidden]
        return sorted(found, key=lambda item: item.number)

    def cursor(self, number: int) -> str:
        """The position just after a change."""
        return f"{self.generation}:{number}"

    def after(self, cursor: str) -> int:
        """The number a cursor stands at; 0 for none.

        Raises:
            CursorExpired: it is of an earlier generation, or none of ours.
        """
        if not cursor:
            return 0
        generation, _, number = cursor.partition(":")
        if generation != str(self.generation) or not number.isdecimal() or int(number) > self.number:
            raise CursorExpired(f"the position in {self.name} is no longer known")
        return int(number)


@dataclass
class MemoryServer:
    """One person's account. Tests act as the user through its methods; connectors go through `call`.

    ``on_call`` is told the name of every call before it is answered: it may raise, advance a clock, or act as a
    user who is quicker. ``faults`` are used up one by one by writes, ``read_faults`` by reads; None lets one call pass.
    ``stores`` is what the server makes of a draft or reminder it is given.
    ``lagging`` are ids that searches by content do not find yet, as a slow index.
    ``calls`` counts calls by name, ``written`` the writes that were applied.
    """

    folders: dict[str, Collection[bytes | Mail]] = field(default_factory=dict)
    calendars: dict[str, Collection[bytes | EventItem]] = field(default_factory=dict)
    books: dict[str, Collection[bytes | Card]] = field(default_factory=dict)
    faults: deque[Fault | None] = field(default_factory=deque)
    read_faults: deque[Fault | None] = field(default_factory=deque)
    on_call: Callable[[str], None] = lambda name: None
    stores: Callable[[bytes], bytes] = lambda raw: raw
    calls: Counter[str] = field(default_factory=Counter)
    lagging: set[str] = field(default_factory=set)
    written: int = 0

    _named: ClassVar[dict[str, MemoryServer]] = {}

    @classmethod
    def named(cls, name: str) -> MemoryServer:
        """The server of this name in this process, made when first asked for."""
        if name not in cls._named:
            cls._named[name] = cls.ordinary()
        return cls._named[name]

    @classmethod
    def forget(cls, name: str) -> None:
        """Let go of a named server."""
        cls._named.pop(name, None)

    @classmethod
    def ordinary(cls) -> MemoryServer:
        """The usual folders, one calendar and one address book, all empty."""
        roles = {
            "INBOX": FolderRole.INBOX,
            "Sent": FolderRole.SENT,
            "Drafts": FolderRole.DRAFTS,
            "Trash": FolderRole.TRASH,
            "Junk": FolderRole.JUNK,
            "Archive": FolderRole.OTHER,
        }
        server = cls()
        for name, role in roles.items():
            server.folders[name] = Collection(name, role)
        server.calendars["Calendar"] = Collection("Calendar")
        server.books["Contacts"] = Collection("Contacts")
        return server

    @contextmanager
    def call(self, name: str, *, write: bool = False) -> Iterator[None]:
        """One request and its answer; every access of a connector stands inside one.

        Raises:
            OutcomeUnknown: a write whose answer was lost, applied or not.
            TryLater: a read without an answer, or a busy server.
        """
        self.calls[name] += 1
        self.on_call(name)
        queue = self.faults if write else self.read_faults
        fault = queue.popleft() if queue else None
        if fault is Fault.BUSY:
            raise TryLater("the server is busy", timedelta(minutes=1))
        lost = OutcomeUnknown if write else TryLater
        if fault is Fault.LOST_REQUEST:
            raise lost("the server did not answer")
        yield
        if write:
            self.written += 1
        if fault is Fault.LOST_ANSWER:
            raise lost("the server did not answer")

    def folder(self, role: FolderRole) -> Collection[bytes | Mail]:
        """The folder with this role.

        Raises:
            Refused: there is none.
        """
        for found in self.folders.values():
            if found.role is role:
                return found
        raise Refused(f"there is no folder for {role}")

    def move(self, source: str, item_id: str, target: str) -> str:
        """Move a message; it has another id where it arrives."""
        item = self.folders[source].delete(item_id)
        return self.folders[target].add(item.content, flags=item.flags).item_id
