"""The records the layers hand each other, in the words of the design.

All datetimes are aware and in UTC unless a field says otherwise. Everything here is immutable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple


class Direction(StrEnum):
    """Who turned to whom. A meeting is mutual."""

    IN = "in"
    OUT = "out"
    MUTUAL = "mutual"


class Form(StrEnum):
    """How two people were in touch."""

    MAIL = "mail"
    MEETING = "meeting"
    CALL = "call"
    CHAT = "chat"
    LINKEDIN = "linkedin"


class FolderRole(StrEnum):
    """What a folder or label is for (RFC 6154 special use, or the provider's equivalent)."""

    INBOX = "inbox"
    SENT = "sent"
    DRAFTS = "drafts"
    JUNK = "junk"
    TRASH = "trash"
    ALL = "all"
    OTHER = "other"


class Role(StrEnum):
    """What an address was in one message or event."""

    FROM = "from"
    TO = "to"
    CC = "cc"
    ORGANISER = "organiser"
    ATTENDEE = "attendee"


class Answer(StrEnum):
    """An attendee's participation status (RFC 5545 PARTSTAT), reduced to what decides anything."""

    NONE = ""
    ACCEPTED = "accepted"
    DECLINED = "declined"
    TENTATIVE = "tentative"


class Signal(StrEnum):
    """What a message's headers say of automation. The first group decides alone, hints do not.

    ``core.automated`` says which is which and why; evidence stores them so that a changed rule
    can be replayed without the server.
    """

    AUTO_SUBMITTED = "auto-submitted"  # RFC 3834, any value but "no"
    AUTO_REPLY = "auto-reply"  # out of office and its like
    BOUNCE = "bounce"
    BULK = "bulk"  # Precedence: bulk|junk
    LIST = "list"  # List-Id, List-Post or Precedence: list: a person may write through one
    UNSUBSCRIBE = "unsubscribe"  # List-Unsubscribe without a List-Id or List-Post: a mailing
    FEEDBACK_ID = "feedback-id"
    NULL_RETURN_PATH = "null-return-path"
    INVITATION = "invitation"  # text/calendar mail: the calendar is the evidence
    NO_REPLY = "no-reply"  # the sender's address says nobody reads answers
    PROMOTED = "promoted"  # sorted out by the provider (Gmail's tabs for promotions, social sites and forums): a hint
    SUPPRESS = "suppress"  # X-Auto-Response-Suppress: a hint only, Exchange sets it on ordinary mail


class Mail(NamedTuple):
    """One message as a source saw it: headers only. (A named tuple: a first scan makes very many.)

    ``item_id`` names it inside its stream. Addresses are as ``core.address.normalise`` makes them.
    ``senders`` has more than one entry where From names several: such mail credits nobody.
    ``date`` is the Date header (None where missing or unreadable), ``received`` the server's own
    date (None where the source has none). ``recipients`` counts distinct addresses in To, Cc and Bcc.
    ``asks`` are the drafts the user asked for by a flag on the message, by purpose.
    """

    item_id: str
    message_id: str
    date: datetime | None
    received: datetime | None
    senders: tuple[str, ...]
    to: tuple[str, ...]
    cc: tuple[str, ...]
    recipients: int
    subject: str
    raw_from: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    thread: str = ""
    language: str = ""
    signals: frozenset[Signal] = frozenset()
    bounced: tuple[str, ...] = ()  # addresses a bounce says cannot be reached
    draft: bool = False
    asks: frozenset[str] = frozenset()
    reply_to: tuple[str, ...] = ()  # where its writer wants answers (RFC 5322 3.6.2), if elsewhere


@dataclass(frozen=True, slots=True)
class Attendee:
    """One person invited to an event; rooms and resources are not attendees."""

    address: str
    answer: Answer = Answer.NONE


@dataclass(frozen=True, slots=True)
class Meeting:
    """One instance of an event.

    ``original`` is the start it had in its series (RECURRENCE-ID), or its own start where it is no
    part of one: with ``uid`` it is the instance's identity (RFC 5545 3.8.4.4). ``attendees`` holds known
    people only; ``people`` counts all invited, organiser and user included. ``answer`` is the user's own.
    ``special`` names the provider's event type where it is no ordinary event (focus time, birthday ...).
    """

    uid: str
    original: datetime
    start: datetime
    end: datetime
    subject: str = ""
    all_day: bool = False
    cancelled: bool = False
    recurring: bool = False
    organiser: str = ""
    attendees: tuple[Attendee, ...] = ()
    people: int = 0
    answer: Answer = Answer.NONE
    special: str = ""


@dataclass(frozen=True, slots=True)
class EventItem:
    """One calendar object as a source saw it: exactly these instances inside the window asked for.

    ``master`` is the object as iCalendar text reduced to what expansion needs and to known people
    (``daemon.formats.ics.reduce``), stored so that instances can be expanded anew as the window moves;
    empty where the provider expands (then every instance is an item of its own).
    An item without ``meetings`` and ``master`` involves nobody known (or nobody any more).
    ``ours`` marks a reminder kithd wrote: never evidence.
    """

    item_id: str
    uid: str
    meetings: tuple[Meeting, ...] = ()
    master: str = ""
    ours: bool = False


@dataclass(frozen=True, slots=True)
class NamedDate:
    """A date somebody named: ``kind`` is birthday, work, company, wedding or other.

    ``when`` is ``YYYY-MM-DD`` or, without a year, ``--MM-DD``.
    """

    kind: str
    when: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """One person as one source describes them. Empty text means: the source does not say.

    ``record_id`` is stable inside the source (vCard UID, provider id, else derived from the content).
    ``form`` is the form of address where a language knows one: ``formal`` («вы») or ``familiar`` («ты»).
    ``labels`` are proposals for triage, never circles by themselves. ``language`` is a BCP 47 tag,
    ``time_zone`` an IANA name, ``country`` as the source writes it.
    """

    record_id: str
    name: str = ""
    given: str = ""
    family: str = ""
    patronymic: str = ""
    addresses: tuple[str, ...] = ()
    organisation: str = ""
    title: str = ""
    profession: str = ""
    city: str = ""
    country: str = ""
    time_zone: str = ""
    language: str = ""
    form: str = ""
    url: str = ""
    dates: tuple[NamedDate, ...] = ()
    labels: tuple[str, ...] = ()
    deceased: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open span of time, UTC."""

    start: datetime
    end: datetime

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end

    def overlaps(self, start: datetime, end: datetime) -> bool:
        """Whether [start, end) shares any moment with the window (an empty span at its start counts)."""
        return start < self.end and (end > self.start or start == end == self.start)


@dataclass(frozen=True, slots=True)
class Interest:
    """Whose mail is ours to look at, as of one revision of the address book.

    ``known`` are the normalised addresses of all contacts, ``me`` the user's own.
    """

    known: frozenset[str]
    me: frozenset[str]
    revision: int = 0


@dataclass(frozen=True, slots=True)
class OutgoingDraft:
    """A letter to be left in Drafts. Built only from rendered text: no header can be injected.

    ``sender`` and ``recipient`` are (display name, address). ``message_id`` includes the angle brackets.
    ``thread`` is the provider's thread id, used along with ``in_reply_to`` and ``references``.
    """

    key: str
    message_id: str
    sender: tuple[str, str]
    recipient: tuple[str, str]
    subject: str
    text: str
    html: str
    date: datetime
    language: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    thread: str = ""


@dataclass(frozen=True, slots=True)
class OutgoingEvent:
    """A reminder to be put into a calendar: private, shown as free, with a popup, without attendees.

    ``zone`` is the IANA zone the start and end (UTC) are to be written in. ``words_only``: in an update, that summary
    and description alone are to be written; when it is, its popup and whatever else stays as the server has it.
    """

    key: str
    uid: str
    start: datetime
    end: datetime
    zone: str
    summary: str
    description: str
    alarm: timedelta = timedelta(0)
    words_only: bool = False


class Whereabouts(StrEnum):
    """What a server said of one item when asked for that very item."""

    PRESENT = "present"  # where we put it
    BEGUN = "begun"  # an attempt of ours died halfway: not our letter yet, and nobody else's; only `find` says so
    SENT = "sent"  # a draft of ours found among the sent
    TRASHED = "trashed"
    GONE = "gone"  # positively: asked by id and by UID, everywhere it could be
    UNKNOWN = "unknown"  # the server could not say


@dataclass(frozen=True, slots=True)
class RemoteDraft:
    """A draft as the server holds it. ``digest`` is of its content as read back, not as sent."""

    where: Whereabouts
    remote_id: str = ""
    digest: str = ""
    message_id: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class RemoteEvent:
    """A reminder as the server holds it. ``version`` is its ETag or change key.

    ``digest`` is of its content, in two halves with a ``-`` between: when it is, and all the rest a user would
    change. So a drag is told from a rewrite, and from both at once. ``description`` is its text as the server returns
    it, which need not be letter for letter what was sent.
    """

    where: Whereabouts
    remote_id: str = ""
    version: str = ""
    digest: str = ""
    uid: str = ""
    start: datetime | None = None
    end: datetime | None = None
    summary: str = ""
    cancelled: bool = False
    description: str = ""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a stream has been read to. Both texts are the connector's own and opaque to everyone else.

    ``cursor`` never passes an item not yet read; ``progress`` is the place inside an unfinished pass and
    is empty once the pass is done.
    """

    cursor: str = ""
    progress: str = ""


@dataclass(frozen=True, slots=True)
class Stream:
    """One thing that is read on its own: a folder, a label set, a calendar, an address book.

    ``name`` identifies it in the account for ever, ``label`` is what the user calls it.
    """

    name: str
    label: str
    role: FolderRole = FolderRole.OTHER


@dataclass(frozen=True, slots=True)
class Broken:
    """An item that could not be read, and why."""

    item_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class MailPage:
    """A piece of a pass over a mail stream. Facts and ``position`` are committed together.

    ``mails`` are only those that may concern somebody known. ``scanned`` counts all messages looked at,
    strangers' too; ``total`` is how many the pass will look at, where the source knows. ``mended`` names items told as
    ``broken`` before that could be read at last, or are gone.
    """

    mails: tuple[Mail, ...]
    position: Position
    broken: tuple[Broken, ...] = ()
    scanned: int = 0
    total: int | None = None
    mended: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EventPage:
    """A piece of a pass over a calendar.

    ``gone`` were positively reported deleted. In a ``full`` pass what is not listed is *asked about*
    (``CalendarSource.gone``), never assumed deleted. ``listed`` names every item the page listed, strangers'
    included, so that absence can be told from irrelevance.
    """

    items: tuple[EventItem, ...]
    position: Position
    gone: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    broken: tuple[Broken, ...] = ()
    full: bool = False


@dataclass(frozen=True, slots=True)
class CardPage:
    """A piece of a pass over an address book. Same rules as `EventPage`."""

    cards: tuple[Card, ...]
    position: Position
    gone: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    broken: tuple[Broken, ...] = ()
    full: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """One configured account, as a connector needs it. ``options`` are validated against its kind."""

    name: str
    kind: str
    address: str = ""
    employer: bool = False
    options: Mapping[str, object] = field(default_factory=dict)
