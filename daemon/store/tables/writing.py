"""What is written to accounts, and what the user did with it."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Integer, Table, UniqueConstraint

from daemon.store.tables.columns import Id, PlainText, metadata, moment, of_contact, text

ledger = Table(
    "ledger",
    metadata,
    Column("key", PlainText, primary_key=True),
    Column("kind", PlainText, nullable=False),  # reminder | draft
    Column("purpose", PlainText, nullable=False),
    of_contact(index=True),
    Column("period", PlainText, nullable=False),
    Column("state", PlainText, nullable=False),
    Column("account", PlainText, nullable=False),
    text("remote_id"),
    text("message_id"),  # of a draft; of the user's own copy once that has taken its place
    text("recipient"),  # of a draft: the address, by which a copy of it is known
    text("in_reply_to"),  # of a draft
    text("uid"),  # of an event
    text("version"),
    text("digest"),  # baseline: content as the server returned it
    text("title"),  # subject or summary as the server returned it
    moment("starts_at"),  # reminder: where it stands; ours or moved by the user
    moment("ends_at"),
    text("reason"),
    text("occasion"),  # what the want is about, for "once per occasion" rules
    text("source"),  # what the reason was seen in, or who said so
    text("lang"),
    text(
        "words"
    ),  # of a draft: its template and variant, not to be used again; of a reminder: a digest of what we wrote
    Column("moves", Integer, nullable=False, server_default="0"),  # how often we moved it ourselves
    moment("created_at", nullable=False),
    moment("changed_at", nullable=False),
    comment="What was written remotely, under which key, and its fate.",
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", PlainText, ForeignKey("ledger.key", ondelete="CASCADE"), nullable=False, index=True),
    Column("verb", PlainText, nullable=False),  # create | update | withdraw
    Column("args", JSON, nullable=False),
    text("hint"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    moment("not_before"),
    text("error"),
    moment("created_at", nullable=False),
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
    of_contact(index=True),
    moment("written_at", nullable=False),  # the message's own moment
    moment("asked_at", nullable=False),
    UniqueConstraint("account", "stream", "item_id", "purpose"),
    comment="Flags by which the user asks for a draft on a message; the row goes when the flag has been taken off.",
)

dismissal = Table(
    "dismissal",
    metadata,
    Column("id", Id, primary_key=True),
    of_contact(index=True),
    Column("purpose", PlainText, nullable=False),
    Column("base", PlainText, nullable=False),  # the period without its n
    Column("n", Integer, nullable=False),
    Column("why", PlainText, nullable=False),  # skip | lapse | withdrawn | snooze
    moment("not_before"),
    moment("at", nullable=False),
    comment="Skips, lapses and snoozes: late evidence does not bring back what was dismissed.",
)

enablement = Table(
    "enablement",
    metadata,
    Column("account", PlainText, primary_key=True),
    moment("since", nullable=False),
    moment("enabled_at", nullable=False),
    comment="Accounts that may be written to; occasions before `since` never make a draft.",
)
