"""Many rows at once, in and out.

SQLAlchemy prepares every value of every row by calls of their own; for the pages of a first scan that costs more than
the database does. Here a column is prepared as a whole, and most need nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import Boolean, Column, Connection, Table, insert, select

from daemon.store import dialect
from daemon.store.tables import PlainText, UtcDateTime

T = TypeVar("T")

AT_ONCE = 500
"""Values in one IN list: well below every database's limit."""


def chunks(values: Iterable[T], size: int = AT_ONCE) -> Iterator[list[T]]:
    """The values in lists short enough for one statement."""
    chunk: list[T] = []
    for value in values:
        chunk.append(value)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


class Bulk:
    """The INSERT of these columns of a table, named in the table's order; the others take the table's defaults."""

    def __init__(self, table: Table, *names: str) -> None:
        if list(names) != [c.name for c in table.columns if c.name in names]:
            raise ValueError(f"no such columns of {table.name}, or not in its order: {names}")
        self.names = names
        self._table = table
        self._statements: dict[str, str] = {}

    def insert(self, conn: Connection, rows: Iterable[Sequence[Any]]) -> None:
        """Insert the rows, each with its values in the order of the names.

        Raises:
            ValueError: a datetime is naive.
        """
        columns = [
            self._prepared(conn, name, values)
            for name, values in zip(self.names, zip(*rows, strict=True), strict=False)
        ]
        if columns:
            conn.exec_driver_sql(self._statement(conn), list(zip(*columns, strict=True)))

    def _prepared(self, conn: Connection, name: str, values: Sequence[Any]) -> Sequence[Any]:
        kind = self._table.c[name].type
        if isinstance(kind, Boolean) or (isinstance(kind, PlainText) and PlainText.as_it_is("".join(values))):
            return values  # both drivers take them so
        if isinstance(kind, UtcDateTime):
            prepare = dialect.moment(conn)
            return [None if at is None else prepare(at) for at in values]
        general = kind.dialect_impl(conn.dialect).bind_processor(conn.dialect)
        return values if general is None else [general(value) for value in values]

    def _statement(self, conn: Connection) -> str:
        name = conn.dialect.name
        if name not in self._statements:
            self._statements[name] = dialect.positional(conn, insert(self._table), self.names)
        return self._statements[name]


class Among:
    """The rows of a table in which one column has one of many values; text columns only, that hold plain ASCII."""

    def __init__(self, key: Column[str], *also: Column[str]) -> None:
        self._query = select(key, *also).where(key.in_([""] * AT_ONCE))
        self._statements: dict[str, str] = {}

    def find(self, conn: Connection, values: Sequence[str]) -> list[tuple[str, ...]]:
        """The key and the other columns of each row found."""
        name = conn.dialect.name
        if name not in self._statements:
            self._statements[name] = dialect.positional(conn, self._query)
        found: list[tuple[str, ...]] = []
        for first in range(0, len(values), AT_ONCE):
            some = list(values[first : first + AT_ONCE])
            some += some[-1:] * (AT_ONCE - len(some))  # one statement for any number
            found += [tuple(row) for row in conn.exec_driver_sql(self._statements[name], tuple(some))]
        return found
