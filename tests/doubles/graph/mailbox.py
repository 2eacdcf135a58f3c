"""One person's mailbox in the double, and what its user does there. The API's own doings are in `routes`."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import icalendar
import recurring_ical_events

from tests.doubles.graph import translate
from tests.doubles.graph.translate import Item, stamp, wall

WELL_KNOWN = {
    "inbox": "Inbox",
    "sentitems": "Sent Items",
    "drafts": "Drafts",
    "deleteditems": "Deleted Items",
    "junkemail": "Junk Email",
    "archive": "Archive",
    "outbox": "Outbox",
    "conversationhistory": "Conversation History",
}


def standing_still() -> datetime:
    """The contract suite's now."""
    return datetime(2026, 11, 18, 9, tzinfo=UTC)


@dataclass
class Folder:
    """A mail folder, calendar or contact folder. ``generation`` is what delta tokens stand on."""

    id: str
    name: str
    parent: str = ""
    kind: str = ""  # an @odata.type, where it is not the usual one
    generation: int = 1
    items: dict[str, Item] = field(default_factory=dict)


@dataclass
class Series:
    """What a calendar application made of one UID; its instances are worked out when asked for."""

    raw: bytes
    master: str


@dataclass
class Mailbox:
    """The whole of it, to be copied and put back. ``texts``: the user allowed those of others' letters to be read."""

    address: str = "petra@example.org"
    folders: dict[str, Folder] = field(default_factory=dict)
    calendars: dict[str, Folder] = field(default_factory=dict)
    books: dict[str, Folder] = field(default_factory=dict)
    series: dict[str, Series] = field(default_factory=dict)  # master's id -> what its instances come from
    used: set[str] = field(default_factory=set)  # transaction ids
    tokens: dict[str, Any] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    now: Callable[[], datetime] = standing_still
    texts: bool = False

    def __post_init__(self) -> None:
        for name, shown in WELL_KNOWN.items():
            self.folders[name] = Folder(f"AAMk{name}=", shown)
        self.calendars["Calendar"] = Folder("AAMkcal/1=", "Calendar")
        self.books["contacts"] = Folder("AAMkcontacts=", "Contacts")

    def new_id(self, what: str) -> str:
        """An immutable id. Some real ones hold what has to be escaped in a path."""
        return f"AAkAL{what}/{next(self.numbers):05d}+A=="

    # -- mail

    def folder(self, wanted: str) -> Folder | None:
        """A folder by id or well-known name."""
        return self.folders.get(wanted) or next((f for f in self.folders.values() if f.id == wanted), None)

    def add_folder(self, name: str, parent: str = "", kind: str = "") -> Folder:
        """One more folder."""
        self.folders[name] = Folder(f"AAMk{name}=", name, self.folders[parent].id if parent else "", kind)
        return self.folders[name]

    def add_message(self, folder: str, item: Item) -> str:
        """A message in a folder."""
        item_id = self.new_id("m")
        held = {"id": item_id, "conversationId": f"conversation-{item_id}", **deepcopy(item)}
        self.store(self.folders[folder], held)
        return item_id

    def store(self, folder: Folder, item: Item) -> Item:
        """The item kept, under a new change key."""
        item["changeKey"] = f"CQAAABYA{next(self.numbers):06d}"
        item["parentFolderId"] = folder.id
        folder.items[item["id"]] = item
        return item

    def message(self, item_id: str) -> tuple[Folder, Item] | None:
        """A message wherever it is."""
        return next(((f, f.items[item_id]) for f in self.folders.values() if item_id in f.items), None)

    def move(self, item_id: str, folder: Folder) -> Item:
        """The message in another folder, under the same immutable id."""
        found = self.message(item_id)
        assert found is not None
        before, item = found
        del before.items[item_id]
        return self.store(folder, item)

    def change(self, item_id: str, **values: Any) -> None:
        """The user or their program changes a message."""
        found = self.message(item_id)
        assert found is not None
        folder, item = found
        self.store(folder, {**item, **values})

    # -- calendars

    def calendar(self, calendar_id: str) -> Folder | None:
        """A calendar by id."""
        return next((c for c in self.calendars.values() if c.id == calendar_id), None)

    def add_event(self, raw: bytes, calendar: str = "Calendar", event_id: str = "") -> str:
        """An event or series; the handle is its own id. With ``event_id`` another version of one that is there."""
        first, *exceptions = translate.events_of(raw)
        event_id = event_id or self.new_id("e")
        event = {"id": event_id, **first}
        self.drop_instances(calendar, event_id)
        if b"\r\nRRULE:" in raw:
            event |= {"type": "seriesMaster", "recurrence": {"pattern": {"type": "weekly"}}}
            self.series[event_id] = Series(raw, event_id)
            for one in exceptions:
                moved = {**one, "id": instance_id(event_id, one["originalStart"]), "type": "exception"}
                self.store(self.calendars[calendar], {**moved, "seriesMasterId": event_id})
        self.store(self.calendars[calendar], event)
        return event_id

    def drop_instances(self, calendar: str, master: str) -> None:
        """A series' exceptions are not there any more."""
        held = self.calendars[calendar].items
        for item_id in [i for i, e in held.items() if e.get("seriesMasterId") == master]:
            del held[item_id]
        self.series.pop(master, None)

    def delete_event(self, event_id: str, calendar: str = "Calendar") -> None:
        """Into the deleted items, where it is no event of a calendar any more."""
        self.drop_instances(calendar, event_id)
        del self.calendars[calendar].items[event_id]

    def event(self, event_id: str) -> tuple[Folder, Item] | None:
        """An event or instance of a series, wherever it is."""
        for calendar in self.calendars.values():
            if event_id in calendar.items:
                return calendar, calendar.items[event_id]
            master, _, original = event_id.partition("#")
            if original and master in calendar.items and master in self.series:
                at = datetime.fromisoformat(original)
                for one in self.instances(calendar, master, at - timedelta(days=1), at + timedelta(days=1)):
                    if one["id"] == event_id:
                        return calendar, one
        return None

    def instances(self, calendar: Folder, master: str, start: datetime, end: datetime) -> list[Item]:
        """The instances of a series in a span: occurrences as the series makes them, exceptions as they stand."""
        parsed = icalendar.Calendar.from_ical(self.series[master].raw.decode())
        whole = calendar.items[master]
        found: list[Item] = []
        for one in recurring_ical_events.of(parsed).between(start, end):
            if "RECURRENCE-ID" in one and one["RECURRENCE-ID"].dt != one["DTSTART"].dt:
                continue  # moved: stands among the exceptions
            at = translate._moment(one["DTSTART"].dt)
            item_id = instance_id(master, stamp(at))
            if item_id in calendar.items:
                continue
            made = {**whole, "id": item_id, "type": "occurrence", "seriesMasterId": master, "recurrence": None}
            made |= {"start": wall(at), "end": wall(translate._moment(one["DTEND"].dt)), "originalStart": stamp(at)}
            found.append(made)
        found.sort(key=lambda e: str(e["start"]["dateTime"]))
        return found

    def view(self, calendar: Folder, start: datetime, end: datetime, *, masters: bool = False) -> list[Item]:
        """What a calendarView tells: single events and instances inside the span; the masters they come from first."""
        found: list[Item] = []
        for event in list(calendar.items.values()):
            if event["type"] == "seriesMaster":
                inside = self.instances(calendar, event["id"], start, end)
                found += [event] if masters and inside else []
                found += inside
            elif broken(event) or (translate.when(event["start"]) < end and translate.when(event["end"]) > start):
                found.append(event)
        return found


def broken(event: Mapping[str, Any]) -> bool:
    """Whether nobody can say when it is."""
    return bool(event["start"]["timeZone"] == "Nowhere Standard Time")


def instance_id(master: str, original: str) -> str:
    """The id of one instance."""
    return f"{master}#{original}"
