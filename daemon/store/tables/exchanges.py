"""What was observed, and what it comes to: evidence and interactions."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, UniqueConstraint

from daemon.store.tables.columns import Id, PlainText, flag, metadata, moment, of_contact, text

evidence = Table(
    "evidence",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account", PlainText, nullable=False),
    Column("identity", PlainText, nullable=False),
    Column("form", PlainText, nullable=False),  # mail | meeting
    text("stream"),
    text("item_id"),
    text("role"),  # FolderRole of the stream it was first seen in
    moment("at", nullable=False),
    moment("ends_at"),
    text("direction"),
    text("subject"),
    text("raw_from"),  # kept only where the sender is known or the user
    text("message_id"),
    text("in_reply_to"),
    text("refs"),  # References, space-separated, the last twenty
    text("thread"),
    text("language"),
    text("signals"),  # space-separated, sorted
    Column("recipients", Integer, nullable=False, server_default="0"),  # of a meeting: people invited
    Column("senders", Integer, nullable=False, server_default="1"),
    flag("draft"),
    flag("cancelled"),
    flag("gone"),  # a meeting taken out of its calendar before it was held
    flag("all_day"),
    flag("recurring"),
    text("answer"),  # the user's own, of a meeting
    text("special"),
    text("uid"),  # iCalendar UID
    moment("original"),
    Column("facts", Integer, nullable=False, server_default="1"),  # version of what was kept
    text("reply_to"),  # the one address answers to a known sender go to, if it is not the one in From
    text("own_address"),  # of the user's, the one it was written to or from
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
    text("answer"),
    comment="Known people only: strangers leave no row.",
)

interaction = Table(
    "interaction",
    metadata,
    Column("id", Id, primary_key=True),
    of_contact(),
    Column("identity", PlainText, nullable=False),
    Column("form", PlainText, nullable=False),
    Column("direction", PlainText, nullable=False),
    moment("at", nullable=False),
    Column("counted", Boolean, nullable=False),
    text("rule"),
    text("subject"),
    text("account"),  # where the deciding evidence is; "" for contact logged by hand
    UniqueConstraint("identity", "contact_id"),
    Index(None, "contact_id", "counted", "direction", "form", "at"),
    comment="One contact, one exchange, with its verdict.",
)

overrule = Table(
    "overrule",
    metadata,
    of_contact(primary_key=True),
    Column("identity", PlainText, primary_key=True),
    Column("counted", Boolean, nullable=False),
    moment("at", nullable=False),
    comment="The user's word on one interaction; it outlives every rescan.",
)

hand_log = Table(
    "hand_log",
    metadata,
    Column("id", Id, primary_key=True),
    of_contact(index=True),
    Column("identity", PlainText, nullable=False, unique=True),
    Column("form", PlainText, nullable=False),
    Column("direction", PlainText, nullable=False),
    moment("at", nullable=False),
    text("topic"),
    text("note"),
    text("next_step"),
    text("next_by"),  # ISO date, local to the user
    moment("next_done_at"),
    flag("confidential"),
    flag("ticked"),  # by a reminder's title: that it was a meeting is all that is known
    flag("interview"),  # the user's word; it marks a meeting of that day in the calendar, too
    moment("logged_at", nullable=False),
    moment("undone_at"),
    comment="Calls, chats and meetings the user logged.",
)
