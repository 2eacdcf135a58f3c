"""The people the user knows, and their addresses."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Integer, Table, UniqueConstraint

from daemon.store.tables.columns import Id, PlainText, flag, metadata, moment, of_contact, text

contact = Table(
    "contact",
    metadata,
    Column("id", Id, primary_key=True),
    Column("uid", PlainText, nullable=False, unique=True),
    text("name"),
    text("given"),
    text("family"),
    text("patronymic"),
    text("organisation"),
    text("title"),
    text("profession"),
    text("city"),
    text("country"),
    text("time_zone"),
    text("language"),
    text("form"),
    text("url"),
    text("notes"),
    text("tier"),  # "" | key | regular | supporting
    text("state"),  # "" (active) | paused | do-not-contact | deceased
    moment("paused_until"),
    moment("kept_at"),  # when first given a circle or tier
    Column("cadence_days", Integer),  # accepted from `kith cadence`; ranks after the configuration's own
    Column("origins", JSON, nullable=False),  # field -> source that gave its value
    moment("created_at", nullable=False),
    comment="A person the user knows. The fields are what core.people.effective makes of the sources.",
)

contact_source = Table(
    "contact_source",
    metadata,
    Column("id", Id, primary_key=True),
    of_contact(index=True),
    Column("source", PlainText, nullable=False),  # "hand", "vcard:<path>", "carddav:<account>", "linkedin", ...
    Column("record_id", PlainText, nullable=False),
    Column("card", JSON, nullable=False),
    moment("seen_at", nullable=False),
    moment("gone_at"),
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
    of_contact(index=True),
    Column("kind", PlainText, nullable=False),
    Column("when", PlainText, nullable=False),
    text("label"),
    text("source"),
)

address = Table(
    "address",
    metadata,
    Column("id", Id, primary_key=True),
    Column("address", PlainText, nullable=False, index=True),
    of_contact(index=True),
    text("written"),
    UniqueConstraint("contact_id", "address"),
    comment="Which contact uses which address. One used by several credits nobody until it is assigned.",
)

address_state = Table(
    "address_state",
    metadata,
    Column("address", PlainText, primary_key=True),
    flag("shared"),  # said so by the user or by its role (hr@): credits nobody
    Column("assigned_to", Id, ForeignKey("contact.id", ondelete="SET NULL")),
    moment("frozen_at"),
    text("frozen_reason"),
    moment("thawed_at"),  # the user's word that it works again: older bounces do not freeze it anew
    comment="What is true of an address whoever uses it.",
)

agenda = Table(
    "agenda",
    metadata,
    Column("id", Id, primary_key=True),
    of_contact(index=True),
    Column("text", PlainText, nullable=False),
    flag("confidential"),
    moment("added_at", nullable=False),
    moment("done_at"),
    comment="What the user wants to talk about with somebody next time.",
)

forgotten = Table(
    "forgotten",
    metadata,
    Column("mark", PlainText, primary_key=True),  # HMAC of an address or of source + record id
    moment("at", nullable=False),
    comment="People the user asked to be forgotten, unreadable, so that a re-sync does not bring them back.",
)
