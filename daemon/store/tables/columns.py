"""What tables are made of: one set of them, their names for constraints, and kinds of column."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Integer,
    MetaData,
    Text,
    TypeDecorator,
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


def text(name: str, **kw: Any) -> Column[str]:
    """A text, "" where nothing is known."""
    return Column(name, PlainText, nullable=False, server_default="", **kw)


def flag(name: str) -> Column[bool]:
    """Yes or no; no unless said."""
    return Column(name, Boolean, nullable=False, server_default="0")


def moment(name: str, nullable: bool = True) -> Column[datetime]:
    """A moment, NULL where there was none."""
    return Column(name, UtcDateTime, nullable=nullable)


def of_contact(**kw: Any) -> Column[int]:
    """Whose row it is: it goes with the person."""
    return Column("contact_id", Id, ForeignKey("contact.id", ondelete="CASCADE"), nullable=False, **kw)
