"""How far accounts have been read, and what got in the way."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Integer, Table, Text, UniqueConstraint

from daemon.store.tables.columns import Id, PlainText, flag, metadata, moment, text

cursor = Table(
    "cursor",
    metadata,
    Column("account", PlainText, primary_key=True),
    Column("kind", PlainText, primary_key=True),  # mail | calendar | contacts
    Column("stream", PlainText, primary_key=True),
    text("cursor"),
    text("progress"),
    text("label"),
    text("role"),
    moment("read_at"),  # when a pass over it last began that ended well
    text("window_end"),  # calendar: how far instances are expanded
)

backfill = Table(
    "backfill",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account", PlainText, nullable=False),
    Column("stream", PlainText, nullable=False),
    Column("address", PlainText, nullable=False),
    text("progress"),
    UniqueConstraint("account", "stream", "address"),
    comment="History still to be fetched for an address added after a stream was read.",
)

series = Table(
    "series",
    metadata,
    Column("account", PlainText, primary_key=True),
    Column("stream", PlainText, primary_key=True),
    Column("item_id", PlainText, primary_key=True),
    text("uid"),
    text("master"),
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

health = Table(
    "health",
    metadata,
    Column("account", PlainText, primary_key=True),
    Column("part", PlainText, primary_key=True),  # mail | calendar | contacts | drafts | reminders
    moment("ok_at"),
    moment("failed_at"),
    Column("failures", Integer, nullable=False, server_default="0"),
    moment("retry_at"),
    text("error"),
    flag("needs_user"),
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
    moment("at", nullable=False),
    flag("retry"),  # read by nobody: `kith quarantine retry` has the stream read anew
    UniqueConstraint("account", "kind", "stream", "item_id"),
)

question = Table(
    "question",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account", PlainText, nullable=False),
    Column("kind", PlainText, nullable=False),  # what is held: reminders-gone | drafts-gone | events-gone | cards-gone
    Column("items", JSON, nullable=False),
    moment("asked_at", nullable=False),
    moment("answered_at"),
    text("answer"),
    comment="Things that look like a disaster and are held until the user confirms.",
)
