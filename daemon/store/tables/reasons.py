"""Reasons to write that the user noted, accepted or may accept."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Table, UniqueConstraint

from daemon.store.tables.columns import Id, PlainText, metadata, moment, of_contact, text

gathering = Table(
    "gathering",
    metadata,
    Column("id", Id, primary_key=True),
    Column("token", PlainText, nullable=False, unique=True),
    Column("name", PlainText, nullable=False),
    Column("begins", PlainText, nullable=False),  # ISO dates, local to the user
    Column("ends", PlainText, nullable=False),
    moment("noted_at", nullable=False),
    comment="Conferences and the like, where the user met people; `noted` says whom.",
)

noted = Table(
    "noted",
    metadata,
    Column("id", Id, primary_key=True),
    of_contact(index=True),
    Column("kind", PlainText, nullable=False),  # core.reasons: recommendation | introduction | event | job | ...
    Column("token", PlainText, nullable=False),
    Column("day", PlainText, nullable=False),  # ISO date, local to the user
    text("title"),
    text("source"),
    Column("gathering_id", Id, ForeignKey("gathering.id", ondelete="CASCADE")),
    moment("noted_at", nullable=False),
    UniqueConstraint("contact_id", "token"),
    comment="Reasons to write to one person that the user noted, or accepted when they were suggested.",
)

favour = Table(
    "favour",
    metadata,
    Column("id", Id, primary_key=True),
    of_contact(index=True),
    Column("direction", PlainText, nullable=False),  # gave | got, as the user sees it
    Column("kind", PlainText, nullable=False),  # core.favours: advice | introduction | article | ...
    Column("token", PlainText, nullable=False),
    Column("day", PlainText, nullable=False),  # ISO date, local to the user
    text("title"),
    text("identity"),  # the interaction it was marked on
    text("reason"),  # the token of the note it came with
    Column("outcome", JSON, nullable=False),  # language -> how it turned out
    moment("outcome_at"),
    moment("noted_at", nullable=False),
    UniqueConstraint("contact_id", "token"),
    comment="What the user and a contact did for one another.",
)

errand = Table(
    "errand",
    metadata,
    Column("id", Id, primary_key=True),
    of_contact(index=True),
    Column("purpose", PlainText, nullable=False),  # share | introduce
    Column("token", PlainText, nullable=False),
    Column("other_id", Id, ForeignKey("contact.id", ondelete="CASCADE")),  # whom they are introduced to
    Column("details", JSON, nullable=False),
    Column("texts", JSON, nullable=False),  # language -> the user's own words
    moment("asked_at", nullable=False),
    UniqueConstraint("contact_id", "token"),
    comment="Letters the user asked for by a command: something to share, an introduction.",
)

company = Table(
    "company",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", PlainText, nullable=False),
    Column("folded", PlainText, nullable=False, unique=True),  # core.organisations: how contacts are found by it
    text("founded"),  # YYYY-MM-DD or --MM-DD
    moment("noted_at", nullable=False),
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
    moment("noted_at", nullable=False),
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
    moment("noted_at", nullable=False),
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
    of_contact(index=True),
    text("question"),
    text("source"),
    Column("about", JSON, nullable=False),  # what acceptance needs to know
    text("state"),  # "" (open) | accepted | declined
    moment("found_at", nullable=False),
    moment("decided_at"),
    comment="Guesses: nothing follows from them until the user accepts.",
)
