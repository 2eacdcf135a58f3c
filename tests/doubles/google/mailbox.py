"""One person's Gmail: messages with labels, drafts, and the history of what changed; and what its user does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.parser import BytesHeaderParser
from email.policy import compat32
from functools import cached_property
from typing import Any

from daemon.core.subject import same_subject
from daemon.formats.encoded import decode_words
from daemon.formats.mime import letter_message_id
from tests.doubles.google.call import utc_now
from tests.doubles.google.query import _WORD

SYSTEM = (
    "INBOX SENT DRAFT TRASH SPAM UNREAD STARRED IMPORTANT CHAT CATEGORY_PERSONAL CATEGORY_SOCIAL CATEGORY_PROMOTIONS "
    "CATEGORY_UPDATES CATEGORY_FORUMS"
).split()


@dataclass
class Message:
    """One message. Its bytes never change; its labels do. ``received`` is in milliseconds."""

    id: str
    thread: str
    raw: bytes
    labels: set[str]
    received: int
    history: int

    @cached_property
    def headers(self) -> list[tuple[str, str]]:
        """As Gmail tells them: unfolded, encoded words left as they are."""
        parsed = BytesHeaderParser(policy=compat32).parsebytes(self.raw)
        found = []
        for name, value in parsed.raw_items():
            text = str(value).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            found.append((name, " ".join(text.split())))
        return found

    def header(self, name: str) -> str:
        """The first of this name."""
        return next((v for n, v in self.headers if n.lower() == name), "")

    @cached_property
    def message_id(self) -> str:
        """Message-ID with its brackets."""
        return letter_message_id(self.raw)

    @cached_property
    def _words(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name, value in self.headers:
            if name.lower() in ("from", "to", "cc", "bcc"):
                found.setdefault(name.lower(), []).extend(["", *_WORD.findall(decode_words(value).casefold())])
        return found

    def has(self, names: Iterable[str], phrase: list[str]) -> bool:
        """Whether one of these headers holds the phrase."""
        size = len(phrase)
        for name in names:
            words = self._words.get(name, [])
            if any(words[n : n + size] == phrase for n in range(len(words) - size + 1)):
                return True
        return False


@dataclass
class Mailbox:
    """State and doings. ``lagging`` are ids a search does not find yet, for as long as they stand there; ``lag`` is how
    long it does not find whatever comes into being. ``floor`` is the oldest history still known. ``failing`` are ids
    the server fails at each time they are asked for.

    Google does not say whether a draft whose message lies in the trash still is one: ``trash_keeps_draft`` plays both.
    ``reissues`` makes an edit change the draft's id too, as one report has it. ``hollow`` makes the first page of a
    history that has anything to tell empty but for the place to go on from: filters may leave no more of one.
    ``texts``: the user allowed texts to be read; else asking for one is an error.
    """

    email: str
    clock: Callable[[], datetime] = utc_now
    messages: dict[str, Message] = field(default_factory=dict)
    drafts: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=lambda: {name: name for name in SYSTEM})
    records: list[dict[str, Any]] = field(default_factory=list)
    lagging: set[str] = field(default_factory=set)
    lag: timedelta = timedelta(0)
    failing: set[str] = field(default_factory=set)
    indexed: dict[str, datetime] = field(default_factory=dict)
    history: int = 1_000
    floor: int = 0
    number: int = 0x18C0000000000000
    trash_keeps_draft: bool = True
    reissues: bool = False
    hollow: bool = False
    texts: bool = False

    def noted(self, kind: str, message: Message, labels: Iterable[str] = ()) -> None:
        """One line of history. Numbers have gaps."""
        self.history += 7
        message.history = self.history
        told = {"id": message.id, "threadId": message.thread, "labelIds": sorted(message.labels)}
        entry: dict[str, Any] = {"message": told}
        if labels:
            entry["labelIds"] = sorted(labels)
        self.records.append({"id": str(self.history), "messages": [{**told}], kind: [entry]})

    def add(self, raw: bytes, labels: Iterable[str], thread: str = "", received: datetime | None = None) -> Message:
        """A message comes into being."""
        self.number += 0x1F3
        made_id = f"{self.number:x}"
        at = int((received or self.clock()).timestamp() * 1000)
        message = Message(made_id, thread or self._thread(raw) or made_id, raw, set(labels), at, 0)
        self.messages[made_id] = message
        self.indexed[made_id] = self.clock() + self.lag
        self.noted("messagesAdded", message)
        return message

    def searchable(self, message_id: str) -> bool:
        """Whether a search knows the message by now."""
        return message_id not in self.lagging and self.indexed[message_id] <= self.clock()

    def _thread(self, raw: bytes) -> str:
        headers = BytesHeaderParser(policy=compat32).parsebytes(raw)
        named = f"{headers.get('in-reply-to', '')} {headers.get('references', '')}".split()
        for message in self.messages.values() if named else ():
            same = same_subject(decode_words(message.header("subject")), decode_words(str(headers.get("subject", ""))))
            if message.message_id in named and same:
                return message.thread
        return ""

    def label(self, message_id: str, add: Iterable[str] = (), remove: Iterable[str] = ()) -> Message:
        """Labels change, by id; what is so already is no news."""
        message = self.messages[message_id]
        more, less = set(add) - message.labels, set(remove) & message.labels
        message.labels = (message.labels | more) - less
        if more:
            self.noted("labelsAdded", message, more)
        if less:
            self.noted("labelsRemoved", message, less)
        return message

    def restore(self, message_ids: Iterable[str]) -> None:
        """Out of the trash, all in one go: one record of history."""
        told = []
        for message_id in message_ids:
            message = self.label(message_id, ["INBOX"], ["TRASH"])
            told.append({"message": self.records.pop()["labelsRemoved"][0]["message"], "labelIds": ["TRASH"]})
            self.records.pop()
            message.history = self.history
        self.records.append({"id": str(self.history), "labelsRemoved": told})

    def named(self, name: str) -> str:
        """The id of the user's label of this name, made when first asked for."""
        for label_id, known in self.labels.items():
            if known == name:
                return label_id
        made = f"Label_{len(self.labels)}"
        self.labels[made] = name
        return made

    def erase(self, message_id: str) -> None:
        """Gone for good."""
        message = self.messages.pop(message_id)
        self.drafts = {d: m for d, m in self.drafts.items() if m != message_id}
        self.noted("messagesDeleted", message)

    def trash(self, message_id: str) -> Message:
        """To the trash."""
        if not self.trash_keeps_draft:
            self.drafts = {d: m for d, m in self.drafts.items() if m != message_id}
        return self.label(message_id, ["TRASH"], ["INBOX", *(() if self.trash_keeps_draft else ("DRAFT",))])

    def make_draft(self, raw: bytes, thread: str = "") -> str:
        """A draft comes into being; returns its id."""
        message = self.add(raw, ["DRAFT"], thread)
        draft_id = f"r{self.number % 10**15 * 31:d}"
        self.drafts[draft_id] = message.id
        return draft_id

    # -- the user in Gmail's own client

    def draft_of(self, message_id: str) -> str:
        """The id of the draft with this Message-ID."""
        return next(d for d, m in self.drafts.items() if self.messages[m].message_id == message_id)

    def edit_draft(self, draft_id: str, raw: bytes) -> str:
        """The draft saved with another content: a new message under the same draft (mostly). Returns the draft's id."""
        old = self.messages[self.drafts[draft_id]]
        same = same_subject(
            decode_words(old.header("subject")), decode_words(Message("", "", raw, set(), 0, 0).header("subject"))
        )
        new = self.add(raw, ["DRAFT"], old.thread if same else "")
        self.erase(old.id)
        kept = f"{draft_id}9" if self.reissues else draft_id
        self.drafts.pop(draft_id, None)
        self.drafts[kept] = new.id
        return kept

    def send_draft(self, draft_id: str, raw: bytes | None = None) -> Message:
        """The user presses Send: the draft goes, a sent message in the same thread stays."""
        old = self.messages[self.drafts[draft_id]]
        sent = self.add(raw or old.raw, ["SENT"], old.thread)
        self.erase(old.id)
        return sent
