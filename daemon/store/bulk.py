"""Many rows at once.

SQLAlchemy prepares every value of every row by calls of their own; for the pages of a first scan that costs more than
the database does. Here a column is prepared as a whole, and most need nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Boolean, Connection, Table, insert

from daemon.store import dialect
from daemon.store.tables import PlainText, UtcDateTime


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
