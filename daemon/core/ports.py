"""What the daemon asks of a connector. A connector implements as many of these as its provider has.

Shaped by Gmail history, calendar sync tokens, SyncFolderItems and Graph delta as much as by IMAP: a source
yields pages with an opaque position; a target looks by key before anything is made.

Every call has a deadline of the connector's own and raises only `daemon.core.errors`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from daemon.core.model import (
    Account,
    CardPage,
    EventPage,
    Interest,
    MailPage,
    OutgoingDraft,
    OutgoingEvent,
    Position,
    RemoteDraft,
    RemoteEvent,
    Stream,
    Window,
)


class MailSource(Protocol):
    """A mailbox to read: headers, no texts. Nothing here changes it, not even a \\Seen flag, save for `clear_ask`."""

    def streams(self) -> Sequence[Stream]:
        """The folders to read by default, in a stable order; Junk, Trash and Drafts left out."""

    def pages(self, stream: Stream, since: Position, interest: Interest) -> Iterator[MailPage]:
        """Everything new since ``since``, page by page; the last page has no ``progress``.

        An empty position means a full pass. The caller may stop between pages and go on later from the
        last page's position. Where there is nothing new, either no page or one empty page is yielded.

        Raises:
            CursorExpired: before the first page, where the position no longer means anything.
        """

    def search(self, stream: Stream, addresses: Sequence[str], progress: str, interest: Interest) -> Iterator[MailPage]:
        """Past mail of these addresses (back-fill), found by the server. Positions carry only ``progress``."""

    def clear_ask(self, stream: Stream, item_id: str, purpose: str) -> None:
        """Take our own keyword ``kith-<purpose>`` off a message: the one write there is to the user's mail.

        A message that is not there any more, or does not have it, is no error.

        Raises:
            Refused: the folder cannot be written to.
        """


class TextSource(Protocol):
    """The texts of single letters, read in passing where the user allowed it. Nothing is changed or marked as read."""

    def text(self, stream: str, item_id: str) -> str:
        """The opening of one message's text, `daemon.core.own_words.OPENING` characters at most, quotations and all.

        ``stream`` and ``item_id`` as the message came with. Plain text, or HTML as a reader sees it; never an
        attachment, a letter sent along, or more of a huge message than is needed. "" where the message is not there any
        more, or has no text.
        """


class CalendarSource(Protocol):
    """Calendars to read."""

    def streams(self) -> Sequence[Stream]:
        """The calendars to read, in a stable order."""

    def pages(self, stream: Stream, since: Position, interest: Interest, window: Window) -> Iterator[EventPage]:
        """What changed since ``since``; instances expanded inside ``window``.

        Raises:
            CursorExpired: before the first page.
        """

    def gone(self, stream: Stream, item_ids: Sequence[str]) -> frozenset[str]:
        """Those of ``item_ids`` the server positively says do not exist. Asked item by item."""

    def busy(self, window: Window) -> Sequence[Window]:
        """When the user is taken (events shown as busy, all calendars), merged and ascending.

        kithd's own reminders and events shown as free do not count.
        """


class ContactSource(Protocol):
    """Address books to read."""

    def streams(self) -> Sequence[Stream]:
        """The address books to read."""

    def pages(self, stream: Stream, since: Position) -> Iterator[CardPage]:
        """What changed since ``since``.

        Raises:
            CursorExpired: before the first page.
        """

    def gone(self, stream: Stream, item_ids: Sequence[str]) -> frozenset[str]:
        """Those of ``item_ids`` the server positively says do not exist."""


class DraftTarget(Protocol):
    """A Drafts folder to leave letters in. There is no way to send."""

    def hint(self) -> str:
        """A note stored with an intent before the write, that makes `find` sure (IMAP: Drafts' UIDNEXT)."""

    def find(self, key: str, message_id: str, hint: str) -> RemoteDraft:
        """The draft with this key or Message-ID, wherever it is now: Drafts first, then Sent, then Trash.

        BEGUN where an attempt died in the middle of several requests: `create` goes on with it, `withdraw` takes it
        away.
        """

    def expected(self, draft: OutgoingDraft) -> str:
        """The ``digest`` of this letter as long as nobody touches it, told without asking the server.

        So a letter whose answer was lost, or whose record was, is known for ours word for word. Servers that keep
        letters as they are given have `daemon.formats.mime.digest_of`; others write them anew in ways of their own.
        """

    def create(self, draft: OutgoingDraft) -> RemoteDraft:
        """Leave the letter and return it as the server holds it.

        Raises:
            OutcomeUnknown: the request was sent and no answer came: `find` before trying again.
        """

    def look(self, drafts: Sequence[tuple[str, str]]) -> Sequence[RemoteDraft]:
        """What became of drafts of ours, each given as (remote_id, message_id); same order, same length."""

    def similar(self, recipient: str, subject: str, in_reply_to: str) -> Sequence[RemoteDraft]:
        """Letters in Drafts to this address, about the same subject or in answer to the same message.

        A draft saved again by a mail client is a new message, often under a new Message-ID: so it is recognised.
        `daemon.formats.mime.resembles` decides. ``in_reply_to`` may be empty.
        """

    def withdraw(self, remote_id: str, message_id: str, digest: str) -> RemoteDraft:
        """Move one untouched draft of ours to the trash; nothing is expunged for good.

        ``digest`` is the baseline read back after creation: on any difference nothing is done.
        Returns where the draft is afterwards; one that is already gone is no error.

        Raises:
            Conflict: the user has touched it: hands off.
        """


class ReminderTarget(Protocol):
    """A calendar to put reminders in."""

    def find(self, key: str, uid: str) -> RemoteEvent:
        """The event with this key or UID, looked for across the account's calendars."""

    def create(self, event: OutgoingEvent) -> RemoteEvent:
        """Put the event into the calendar and return it as the server holds it. Never overwrites.

        Raises:
            Conflict: an event of this UID exists already.
            OutcomeUnknown: sent, no answer.
        """

    def update(self, remote_id: str, version: str, event: OutgoingEvent) -> RemoteEvent:
        """Change our event if it still is what we last saw (``version``); of ``words_only`` the words alone.

        Raises:
            Conflict: somebody changed it.
        """

    def look(self, events: Sequence[tuple[str, str]]) -> Sequence[RemoteEvent]:
        """What became of reminders of ours, each given as (remote_id, uid); same order, same length."""

    def withdraw(self, remote_id: str, version: str) -> RemoteEvent:
        """Delete our event if it still is what we last saw. One that is gone is no error.

        Raises:
            Conflict: somebody changed it.
        """


class Watcher(Protocol):
    """A server that tells at once that something is new.

    A wake-up, never the truth: what happened while nobody listened is found by the next round all the same.
    """

    def watch(self, news: Callable[[], None]) -> None:
        """Listen, calling ``news`` whenever something happens, till `stop` or till the server ends it.

        For a thread of its own: nothing else of the connection may be used meanwhile. Keeps within a limit of its own
        (half an hour, say) and then returns; the caller begins anew.

        Raises:
            NeedsUser, TryLater, Refused: as every call.
        """

    def stop(self) -> None:
        """End `watch`, from another thread."""


class SecretStore(Protocol):
    """Where passwords and tokens come from and rotating tokens go to. Values never reach a log."""

    def get(self, account: str, name: str) -> str | None:
        """The secret, or None where none is kept."""

    def put(self, account: str, name: str, value: str) -> None:
        """Keep a rotating token, readable by the user alone."""


class LoginUI(Protocol):
    """How a connector's sign-in reaches the person at the command line."""

    def show(self, text: str) -> None:
        """Tell the user something."""

    def open(self, url: str) -> bool:
        """Try to open a browser; False where there is none, or where the user asked for none."""

    def ask(self, prompt: str) -> str:
        """A line the user types or pastes, without the spaces around it.

        Raises:
            UserMistake: nobody is there to type.
        """


Progress = Callable[[str, int, int | None], None]
"""Called with (what, done, total or None) as long work goes on. Never raises."""


@dataclass(frozen=True, slots=True)
class Option:
    """One setting of an account kind, as the config accepts it.

    ``type`` is one of str, int, bool, list (of str), path, duration. ``choices`` limits a str. ``hidden`` ones are for
    tests, and no documentation names them.
    """

    name: str
    type: str = "str"
    default: object = None
    required: bool = False
    choices: tuple[str, ...] = ()
    help: str = ""
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Connection:
    """An opened account: what it can do, and how to let go of it.

    ``check`` tries everything the account is configured for and returns a line for each thing found, for
    `kith check`; it raises like any call. ``login``, where the provider has a sign-in of its own, asks the
    person through the `LoginUI` and keeps what it got in the account's secrets (`kith login`). ``spent``, where the
    provider counts requests by units of a quota, is how many this connection has used. Past mail of up to
    ``searchable`` new addresses is searched for; for more it is quicker to read the mailbox anew.
    """

    account: Account
    mail: MailSource | None = None
    texts: TextSource | None = None
    calendar: CalendarSource | None = None
    contacts: ContactSource | None = None
    drafts: DraftTarget | None = None
    reminders: ReminderTarget | None = None
    check: Callable[[], Sequence[str]] = lambda: ()
    login: Callable[[LoginUI], None] | None = None
    spent: Callable[[], int] | None = None
    searchable: int = 20
    close: Callable[[], None] = lambda: None
    watcher: Watcher | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a connector may use of the world around it.

    ``state`` is a folder for this account's own small files (0700, created when needed), ``now`` the clock.
    ``before_write`` is called right before each remote write, after all looking: it raises `LeaseLost` where
    the cycle is another process's by now (this one was stopped, or the machine slept, while it looked).
    """

    secrets: SecretStore
    state: str
    now: Callable[[], datetime]
    before_write: Callable[[], None] = lambda: None


class Kind(Protocol):
    """What each connector's package offers: ``options.py`` holds OPTIONS (no SDK imported), the package itself
    ``connect``.
    """

    OPTIONS: Sequence[Option]

    def connect(self, account: Account, around: Surroundings) -> Connection:
        """Make the objects; the network is touched only when they are used."""


Headers = Mapping[str, Sequence[str]]
