"""The tables. Migrations build them (`daemon/store/migrations`); a test compares the two.

Every datetime is `UtcDateTime`. Texts are NOT NULL with "" for "not known", so that comparisons need no
three-valued logic; only dates and references may be NULL.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, stored as UTC. Refuses naive values: they would be guessed at on the way back."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime refused: say which zone it is in")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


class PlainText(TypeDecorator[str]):
    """Text every database can hold: strangers' headers bring NULs (which PostgreSQL refuses) and lone surrogates
    (which no encoding knows); both become U+FFFD, so that one bad message does not block its page.
    """

    impl = Text
    cache_ok = True

    @staticmethod
    def as_it_is(text: str) -> bool:
        """Whether every database can hold it."""
        if "\0" in text:
            return False
        try:
            return text.isascii() or bool(text.encode())
        except UnicodeEncodeError:
            return False

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if type(value) is not str:  # psycopg would store an enumeration's name instead of its value
            value = str(value)
        if self.as_it_is(value):
            return value
        return value.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


# SQLite gives only INTEGER PRIMARY KEY a rowid; PostgreSQL wants 64 bits.
Id = BigInteger().with_variant(Integer, "sqlite")


def _text(name: str, **kw: Any) -> Column[str]:
    return Column(name, PlainText, nullable=False, server_default="", **kw)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False, server_default="0")


def _moment(name: str, nullable: bool = True) -> Column[datetime]:
    return Column(name, UtcDateTime, nullable=nullable)


def _contact(nullable: bool = False, **kw: Any) -> Column[int]:
    return Column("contact_id", Id, ForeignKey("contact.id", ondelete="CASCADE"), nullable=nullable, **kw)


meta = Table(
    "meta",
    metadata,
    Column("name", PlainText, primary_key=True),
    _text("value"),
    comment="One value a name: the address book's revision, the fingerprint of the key secret.",
)

contact = Table(
    "contact",
    metadata,
    Column("id", Id, primary_key=True),
    Column("uid", PlainText, nullable=False, unique=True),
    _text("name"),
    _text("given"),
    _text("family"),
    _text("patronymic"),
    _text("organisation"),
    _text("title"),
    _text("profession"),
    _text("city"),
    _text("country"),
    _text("time_zone"),
    _text("language"),
    _text("form"),
    _text("url"),
    _text("notes"),
    _text("tier"),  # "" | key | regular | supporting
    _text("state"),  # "" (active) | paused | do-not-contact | deceased
    _moment("paused_until"),
    _moment("kept_at"),  # when first given a circle or tier
    Column("cadence_days", Integer),  # accepted from `kith cadence`; ranks after the configuration's own
    Column("origins", JSON, nullable=False),  # field -> source that gave its value
    _moment("created_at", nullable=False),
    comment="A person the user knows. The fields are what core.people.effective makes of the sources.",
)

contact_source = Table(
    "contact_source",
    metadata,
    Column("id", Id, primary_key=True),
    _contact(index=True),
    Column("source", PlainText, nullable=False),  # "hand", "vcard:<path>", "carddav:<account>", "linkedin", ...
    Column("record_id", PlainText, nullable=False),
    Column("card", JSON, nullable=False),
    _moment("seen_at", nullable=False),
    _moment("gone_at"),
    UniqueConstraint("source", "record_id"),
    comment="One person as one source describes them; merging and splitting move these rows.",
)

contact_circle = Table(
    "contact_circle",
    metadata,
    Column("contact_id", Id, ForeignKey("contact.id", ondelete="CASCADE"), primary_key=True),
    Column("circle", PlainText, primary_key=True),
)

contact_date = Table(
    "contact_date",
    metadata,
    Column("id", Id, primary_key=True),
    _contact(index=True),
    Column("kind", PlainText, nullable=False),
    Column("when", PlainText, nullable=False),
    _text("label"),
    _text("source"),
)

address = Table(
    "address",
    metadata,
    Column("id", Id, primary_key=True),
    Column("address", PlainText, nullable=False, index=True),
    _contact(index=True),
    _text("written"),
    UniqueConstraint("contact_id", "address"),
    comment="Which contact uses which address. One used by several credits nobody until it is assigned.",
)

address_state = Table(
    "address_state",
    metadata,
    Column("address", PlainText, primary_key=True),
    _flag("shared"),  # said so by the user or by its role (hr@): credits nobody
    Column("assigned_to", Id, ForeignKey("contact.id", ondelete="SET NULL")),
    _moment("frozen_at"),
    _text("frozen_reason"),
    _moment("thawed_at"),  # the user's word that it works again: older bounces do not freeze it anew
    comment="What is true of an address whoever uses it.",
)

evidence = Table(
    "evidence",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account", PlainText, nullable=False),
    Column("identity", PlainText, nullable=False),
    Column("form", PlainText, nullable=False),  # mail | meeting
    _text("stream"),
    _text("item_id"),
    _text("role"),  # FolderRole of the stream it was first seen in
    _moment("at", nullable=False),
    _moment("ends_at"),
    _text("direction"),
    _text("subject"),
    _text("raw_from"),  # kept only where the sender is known or the user
    _text("message_id"),
    _text("in_reply_to"),
    _text("refs"),  # References, space-separated, the last twenty
    _text("thread"),
    _text("language"),
    _text("signals"),  # space-separated, sorted
    Column("recipients", Integer, nullable=False, server_default="0"),  # of a meeting: people invited
    Column("senders", Integer, nullable=False, server_default="1"),
    _flag("draft"),
    _flag("cancelled"),
    _flag("gone"),  # a meeting taken out of its calendar before it was held
    _flag("all_day"),
    _flag("recurring"),
    _text("answer"),  # the user's own, of a meeting
    _text("special"),
    _text("uid"),  # iCalendar UID
    _moment("original"),
    Column("facts", Integer, nullable=False, server_default="1"),  # version of what was kept
    UniqueConstraint("identity", "account"),  # in this order it serves as the index of identities, too
    Index(None, "message_id"),
    Index(None, "in_reply_to"),
    Index(None, "account", "stream", "item_id"),
    comment="One message or event observed in one account, with the facts the rules read.",
)

participant = Table(
    "participant",
    metadata,
    Column("evidence_id", Id, ForeignKey("evidence.id", ondelete="CASCADE"), primary_key=True),
    Column("address", PlainText, primary_key=True, index=True),
    Column("role", PlainText, primary_key=True),
    _text("answer"),
    comment="Known people only: strangers leave no row.",
)

interaction = Table(
    "interaction",
    metadata,
    Column("id", Id, primary_key=True),
    _contact(),
    Column("identity", PlainText, nullable=False),
    Column("form", PlainText, nullable=False),
    Column("direction", PlainText, nullable=False),
    _moment("at", nullable=False),
    Column("counted", Boolean, nullable=False),
    _text("rule"),
    _text("subject"),
    _text("account"),  # where the deciding evidence is; "" for contact logged by hand
    UniqueConstraint("identity", "contact_id"),
    Index(None, "contact_id", "counted", "direction", "form", "at"),
    comment="One contact, one exchange, with its verdict.",
)

overrule = Table(
    "overrule",
    metadata,
    _contact(primary_key=True),
    Column("identity", PlainText, primary_key=True),
    Column("counted", Boolean, nullable=False),
    _moment("at", nullable=False),
    comment="The user's word on one interaction; it outlives every rescan.",
)

hand_log = Table(
    "hand_log",
    metadata,
    Column("id", Id, primary_key=True),
    _contact(index=True),
    Column("identity", PlainText, nullable=False, unique=True),
    Column("form", PlainText, nullable=False),
    Column("direction", PlainText, nullable=False),
    _moment("at", nullable=False),
    _text("topic"),
    _text("note"),
    _text("next_step"),
    _text("next_by"),  # ISO date, local to the user
    _moment("next_done_at"),
    _flag("confidential"),
    _flag("ticked"),  # by a reminder's title: that it was a meeting is all that is known
    _flag("interview"),  # the user's word; it marks a meeting of that day in the calendar, too
    _moment("logged_at", nullable=False),
    _moment("undone_at"),
    comment="Calls, chats and meetings the user logged.",
)

agenda = Table(
    "agenda",
    metadata,
    Column("id", Id, primary_key=True),
    _contact(index=True),
    Column("text", PlainText, nullable=False),
    _flag("confidential"),
    _moment("added_at", nullable=False),
    _moment("done_at"),
    comment="What the user wants to talk about with somebody next time.",
)

cursor = Table(
    "cursor",
    metadata,
    Column("account", PlainText, primary_key=True),
    Column("kind", PlainText, primary_key=True),  # mail | calendar | contacts
    Column("stream", PlainText, primary_key=True),
    _text("cursor"),
    _text("progress"),
    _text("label"),
    _text("role"),
    _moment("read_at"),  # when a pass over it last began that ended well
    _text("window_end"),  # calendar: how far instances are expanded
)

backfill = Table(
    "backfill",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account", PlainText, nullable=False),
    Column("stream", PlainText, nullable=False),
    Column("address", PlainText, nullable=False),
    _text("progress"),
    UniqueConstraint("account", "stream", "address"),
    comment="History still to be fetched for an address added after a stream was read.",
)

series = Table(
    "series",
    metadata,
    Column("account", PlainText, primary_key=True),
    Column("stream", PlainText, primary_key=True),
    Column("item_id", PlainText, primary_key=True),
    _text("uid"),
    _text("master"),
    comment="Calendar objects with known people, reduced, to expand anew as the window moves.",
)

vanished = Table(
    "vanished",
    metadata,
    Column("account", Text, primary_key=True),
    Column("kind", Text, primary_key=True),  # calendar | contacts
    Column("stream", Text, primary_key=True),
    Column("item_id", Text, primary_key=True),
    comment="Positively reported gone in a pass still under way; judged together at its end.",
)

ledger = Table(
    "ledger",
    metadata,
    Column("key", PlainText, primary_key=True),
    Column("kind", PlainText, nullable=False),  # reminder | draft
    Column("purpose", PlainText, nullable=False),
    _contact(index=True),
    Column("period", PlainText, nullable=False),
    Column("state", PlainText, nullable=False),
    Column("account", PlainText, nullable=False),
    _text("remote_id"),
    _text("message_id"),  # of a draft; of the user's own copy once that has taken its place
    _text("recipient"),  # of a draft: the address, by which a copy of it is known
    _text("in_reply_to"),  # of a draft
    _text("uid"),  # of an event
    _text("version"),
    _text("digest"),  # baseline: content as the server returned it
    _text("title"),  # subject or summary as the server returned it
    _moment("starts_at"),  # reminder: where it stands; ours or moved by the user
    _moment("ends_at"),
    _text("reason"),
    _text("occasion"),  # what the want is about, for "once per occasion" rules
    _text("source"),  # what the reason was seen in, or who said so
    _text("lang"),
    _text("words"),  # of a draft: the template and its variant, for the next letter not to use the same
    Column("moves", Integer, nullable=False, server_default="0"),  # how often we moved it ourselves
    _moment("created_at", nullable=False),
    _moment("changed_at", nullable=False),
    comment="What was written remotely, under which key, and its fate.",
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", PlainText, ForeignKey("ledger.key", ondelete="CASCADE"), nullable=False, index=True),
    Column("verb", PlainText, nullable=False),  # create | update | withdraw
    Column("args", JSON, nullable=False),
    _text("hint"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    _moment("not_before"),
    _text("error"),
    _moment("created_at", nullable=False),
    comment="Remote writes intended and not yet known to be done; first in, first out per key.",
)

ask = Table(
    "ask",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account", PlainText, nullable=False),
    Column("stream", PlainText, nullable=False),
    Column("item_id", PlainText, nullable=False),
    Column("purpose", PlainText, nullable=False),
    Column("identity", PlainText, nullable=False),  # of the message, as in evidence
    _contact(index=True),
    _moment("written_at", nullable=False),  # the message's own moment
    _moment("asked_at", nullable=False),
    UniqueConstraint("account", "stream", "item_id", "purpose"),
    comment="Flags by which the user asks for a draft on a message; the row goes when the flag has been taken off.",
)

dismissal = Table(
    "dismissal",
    metadata,
    Column("id", Id, primary_key=True),
    _contact(index=True),
    Column("purpose", PlainText, nullable=False),
    Column("base", PlainText, nullable=False),  # the period without its n
    Column("n", Integer, nullable=False),
    Column("why", PlainText, nullable=False),  # skip | lapse | withdrawn | snooze
    _moment("not_before"),
    _moment("at", nullable=False),
    comment="Skips, lapses and snoozes: late evidence does not bring back what was dismissed.",
)

enablement = Table(
    "enablement",
    metadata,
    Column("account", PlainText, primary_key=True),
    _moment("since", nullable=False),
    _moment("enabled_at", nullable=False),
    comment="Accounts that may be written to; occasions before `since` never make a draft.",
)

gathering = Table(
    "gathering",
    metadata,
    Column("id", Id, primary_key=True),
    Column("token", PlainText, nullable=False, unique=True),
    Column("name", PlainText, nullable=False),
    Column("begins", PlainText, nullable=False),  # ISO dates, local to the user
    Column("ends", PlainText, nullable=False),
    _moment("noted_at", nullable=False),
    comment="Conferences and the like, where the user met people; `noted` says whom.",
)

noted = Table(
    "noted",
    metadata,
    Column("id", Id, primary_key=True),
    _contact(index=True),
    Column("kind", PlainText, nullable=False),  # core.reasons: recommendation | introduction | event | job | ...
    Column("token", PlainText, nullable=False),
    Column("day", PlainText, nullable=False),  # ISO date, local to the user
    _text("title"),
    _text("source"),
    Column("gathering_id", Id, ForeignKey("gathering.id", ondelete="CASCADE")),
    _moment("noted_at", nullable=False),
    UniqueConstraint("contact_id", "token"),
    comment="Reasons to write to one person that the user noted, or accepted when they were suggested.",
)

favour = Table(
    "favour",
    metadata,
    Column("id", Id, primary_key=True),
    _contact(index=True),
    Column("direction", PlainText, nullable=False),  # gave | got, as the user sees it
    Column("kind", PlainText, nullable=False),  # core.favours: advice | introduction | article | ...
    Column("token", PlainText, nullable=False),
    Column("day", PlainText, nullable=False),  # ISO date, local to the user
    _text("title"),
    _text("identity"),  # the interaction it was marked on
    _text("reason"),  # the token of the note it came with
    Column("outcome", JSON, nullable=False),  # language -> how it turned out
    _moment("outcome_at"),
    _moment("noted_at", nullable=False),
    UniqueConstraint("contact_id", "token"),
    comment="What the user and a contact did for one another.",
)

errand = Table(
    "errand",
    metadata,
    Column("id", Id, primary_key=True),
    _contact(index=True),
    Column("purpose", PlainText, nullable=False),  # share | introduce
    Column("token", PlainText, nullable=False),
    Column("other_id", Id, ForeignKey("contact.id", ondelete="CASCADE")),  # whom they are introduced to
    Column("details", JSON, nullable=False),
    Column("texts", JSON, nullable=False),  # language -> the user's own words
    _moment("asked_at", nullable=False),
    UniqueConstraint("contact_id", "token"),
    comment="Letters the user asked for by a command: something to share, an introduction.",
)

company = Table(
    "company",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", PlainText, nullable=False),
    Column("folded", PlainText, nullable=False, unique=True),  # core.organisations: how contacts are found by it
    _text("founded"),  # YYYY-MM-DD or --MM-DD
    _moment("noted_at", nullable=False),
    comment="Companies the user keeps a record of.",
)

trip = Table(
    "trip",
    metadata,
    Column("id", Id, primary_key=True),
    Column("token", PlainText, nullable=False, unique=True),
    Column("cities", JSON, nullable=False),  # all the names of the one city
    Column("begins", PlainText, nullable=False),  # ISO dates, local to the user
    Column("ends", PlainText, nullable=False),
    _moment("noted_at", nullable=False),
    comment="Visits the user plans.",
)

own_news = Table(
    "own_news",
    metadata,
    Column("id", Id, primary_key=True),
    Column("token", PlainText, nullable=False, unique=True),
    Column("texts", JSON, nullable=False),  # language -> words
    Column("reach", JSON, nullable=False),  # language -> what changes in how to reach the user
    Column("circles", JSON, nullable=False),
    Column("old", JSON, nullable=False),
    Column("new", JSON, nullable=False),
    _moment("noted_at", nullable=False),
    comment="The user's own changes of role or company.",
)

suggestion = Table(
    "suggestion",
    metadata,
    Column("id", Id, primary_key=True),
    Column(
        "mark", PlainText, nullable=False, unique=True
    ),  # names the guess for ever: declined once, never asked again
    Column("kind", PlainText, nullable=False),
    _contact(index=True),
    _text("question"),
    _text("source"),
    Column("about", JSON, nullable=False),  # what acceptance needs to know
    _text("state"),  # "" (open) | accepted | declined
    _moment("found_at", nullable=False),
    _moment("decided_at"),
    comment="Guesses: nothing follows from them until the user accepts.",
)

lease = Table(
    "lease",
    metadata,
    Column("name", PlainText, primary_key=True),
    _text("holder"),
    _moment("expires_at"),
    Column("fence", Integer, nullable=False, server_default="0"),
)

health = Table(
    "health",
    metadata,
    Column("account", PlainText, primary_key=True),
    Column("part", PlainText, primary_key=True),  # mail | calendar | contacts | drafts | reminders
    _moment("ok_at"),
    _moment("failed_at"),
    Column("failures", Integer, nullable=False, server_default="0"),
    _moment("retry_at"),
    _text("error"),
    _flag("needs_user"),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account", PlainText, nullable=False),
    Column("kind", PlainText, nullable=False),
    Column("stream", PlainText, nullable=False),
    Column("item_id", PlainText, nullable=False),
    Column("reason", PlainText, nullable=False),
    _moment("at", nullable=False),
    _flag("retry"),
    UniqueConstraint("account", "kind", "stream", "item_id"),
)

question = Table(
    "question",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account", PlainText, nullable=False),
    Column("kind", PlainText, nullable=False),  # what is held: reminders-gone | drafts-gone | events-gone | cards-gone
    Column("items", JSON, nullable=False),
    _moment("asked_at", nullable=False),
    _moment("answered_at"),
    _text("answer"),
    comment="Things that look like a disaster and are held until the user confirms.",
)

forgotten = Table(
    "forgotten",
    metadata,
    Column("mark", PlainText, primary_key=True),  # HMAC of an address or of source + record id
    _moment("at", nullable=False),
    comment="People the user asked to be forgotten, unreadable, so that a re-sync does not bring them back.",
)
