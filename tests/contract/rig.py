"""What the contract suite needs of a backend, seen from outside: as its user or its server would act.

A connector joins the suite with one module that has a function ``open_server`` and one line in `rigs.py`. The suite
never asks how a rig does its work; what a provider cannot do at all stands in `Rig.cannot`, with the reason beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol, runtime_checkable

from daemon.core.model import Position
from daemon.core.ports import Connection

MAIL, CALENDAR, CONTACTS, DRAFTS, REMINDERS = "mail", "calendar", "contacts", "drafts", "reminders"

ME = "petra@example.org"
"""The user every rig's account belongs to."""


@dataclass(frozen=True, slots=True)
class SeenEvent:
    """A reminder as a calendar application would see it. ``raw`` is the object as the server holds it."""

    uid: str
    start: datetime
    end: datetime
    summary: str
    raw: bytes


class Rig(Protocol):
    """One fresh, empty account on a backend. Folders are named INBOX, Sent, Drafts, Trash, Junk and Archive.

    Methods of capabilities the rig has not got need not exist.
    ``whole`` names the sources that always answer in one page. ``cannot`` names what the provider has not got, out of:
    ``flags`` (keywords on messages), ``copies``, ``tells-sent`` (a draft found among the sent), ``lost-requests``,
    ``folders`` (all mail is one stream there), ``strangers`` (their mail is not even listed), ``tags`` (past mail of an
    address with a ``+tag`` is not found), ``cancellations`` (a meeting called off looks like one the user deleted).
    Any write here is done when the method returns, and visible to a connection asked afterwards.
    """

    whole: frozenset[str]
    cannot: frozenset[str]

    # -- connections -------------------------------------------------------------------------------
    def connection(self) -> Connection:
        """The account opened, once: the same object each time. Answers in pages of about `samples.PAGE` items."""

    def fresh_connection(self) -> Connection:
        """The account opened anew, as after a restart of the daemon. `connection` is this one from now on."""

    def lose_next_response(self) -> None:
        """The next write is applied and its answer lost."""

    def lose_next_request(self) -> None:
        """The next write never reaches the server, nor does an answer come."""

    # -- mail --------------------------------------------------------------------------------------
    def add_mail(self, folder: str, raw: bytes, *, draft: bool = False) -> str:
        """A message arrives; the handle names it for the methods below. ``draft``: flagged as one, in any folder."""

    def add_broken_mail(self, folder: str) -> str:
        """A message arrives that the connector cannot read or parse."""

    def move_mail(self, handle: str, folder: str) -> str:
        """The user moves a message. Returns the handle it has now."""

    def copy_mail(self, handle: str, folder: str) -> str:
        """The user copies a message."""

    def delete_mail(self, handle: str) -> None:
        """The user deletes a message for good."""

    def set_flag(self, handle: str, keyword: str) -> None:
        """The user gives a message a keyword (``kith-thanks``)."""

    def mark_seen(self, handle: str) -> None:
        """The user opens a message in a mail client."""

    def mailbox(self) -> object:
        """All folders with all messages and flags, comparable: to prove that reading changes nothing."""

    def allow_texts(self) -> None:
        """The user allows the texts of letters to be read: until then the server takes it amiss, if it can tell."""

    def expire_mail_cursor(self, stream: str, position: Position) -> Position:
        """The server forgets this position (a new UIDVALIDITY ...). Returns it as it would then be handed in."""

    # -- calendars ---------------------------------------------------------------------------------
    def add_event(self, raw: bytes) -> str:
        """An event (one VCALENDAR, one UID) appears in the user's calendar. Returns a handle."""

    def add_broken_event(self) -> str:
        """A calendar object that the server holds and the connector cannot read."""

    def change_event(self, handle: str, raw: bytes) -> None:
        """The event is replaced by another version of itself."""

    def delete_event(self, handle: str) -> None:
        """The event is deleted."""

    def expire_calendar_cursor(self, stream: str, position: Position) -> Position:
        """As `expire_mail_cursor`."""

    # -- address books -----------------------------------------------------------------------------
    def add_card(self, raw: bytes) -> str:
        """A vCard with a UID appears in the user's address book."""

    def add_broken_card(self) -> str:
        """A card that the server holds and the connector cannot read."""

    def change_card(self, handle: str, raw: bytes) -> None:
        """The card is replaced."""

    def delete_card(self, handle: str) -> None:
        """The card is deleted."""

    def expire_contacts_cursor(self, stream: str, position: Position) -> Position:
        """As `expire_mail_cursor`."""

    def belongings(self) -> object:
        """All events and cards of the user's own, comparable: to prove that nothing of theirs is touched."""

    # -- drafts ------------------------------------------------------------------------------------
    def drafts(self) -> Sequence[bytes]:
        """The messages in the Drafts folder."""

    def trashed(self) -> Sequence[bytes]:
        """The messages in the trash."""

    def user_edits_draft(self, message_id: str, text: str) -> None:
        """The user opens the draft, changes its text and saves it, as clients of this backend do."""

    def user_trashes_draft(self, message_id: str) -> None:
        """The user moves the draft to the trash."""

    def user_deletes_draft(self, message_id: str) -> None:
        """The user deletes the draft, leaving nothing."""

    def user_sends_draft(self, message_id: str) -> None:
        """The user sends the draft: it leaves Drafts, a copy with its Message-ID stands in Sent."""

    # -- reminders ---------------------------------------------------------------------------------
    def reminders(self) -> Sequence[SeenEvent]:
        """All events in the calendar reminders go to."""

    def user_drags_event(self, uid: str, start: datetime) -> None:
        """The user moves the event, keeping its length."""

    def user_retitles_event(self, uid: str, title: str) -> None:
        """The user writes another title."""

    def user_rewrites_event(self, uid: str, text: str) -> None:
        """The user writes another text into it."""

    def user_deletes_event(self, uid: str) -> None:
        """The user deletes the event."""


@runtime_checkable
class Kept(Protocol):
    """A rig whose server keeps things outside the rig's own folder, as the kill matrix needs it."""

    def save(self, folder: Path) -> None:
        """Copy what the server keeps for this account into a folder."""

    def restore(self, folder: Path) -> None:
        """Put it back, while no connection of ours is open. The account may have another name afterwards."""


@runtime_checkable
class Marking(Protocol):
    """A rig of a provider where mail can be marked as deleted and stays until its folder is cleaned up."""

    def user_marks_draft_deleted(self, message_id: str) -> None:
        """The user deletes the draft in a client that only marks it so (\\Deleted)."""


class Server(Protocol):
    """A running backend; it lives as long as the test run."""

    def rig(self, folder: Path) -> AbstractContextManager[Rig]:
        """A fresh account. ``folder`` is empty and the test's own."""


@dataclass(frozen=True, slots=True)
class RigKind:
    """One line of `rigs.RIGS`: the module with ``open_server(folder) -> context manager of Server``, imported when its
    first test runs, and what the connector can do.
    """

    module: str
    capabilities: frozenset[str]
