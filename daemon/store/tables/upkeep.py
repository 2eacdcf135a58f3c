"""What the store keeps of itself, and who works on it."""

from __future__ import annotations

from sqlalchemy import Column, Integer, Table

from daemon.store.tables.columns import PlainText, metadata, moment, text

meta = Table(
    "meta",
    metadata,
    Column("name", PlainText, primary_key=True),
    text("value"),
    comment="One value a name: the address book's revision, the fingerprint of the key secret.",
)

lease = Table(
    "lease",
    metadata,
    Column("name", PlainText, primary_key=True),
    text("holder"),
    moment("expires_at"),
    Column("fence", Integer, nullable=False, server_default="0"),
)
