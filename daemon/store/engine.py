"""The database: one engine, `read()` and `write()`, nothing else.

All writes go through `Store.write`; writers stand in line (see `daemon.store.dialect`). No session is ever open
across network I/O.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Table, text
from sqlalchemy.exc import DBAPIError

from daemon.core.errors import NeedsUser, UserMistake
from daemon.store import dialect
from daemon.store.dialect import Mode
from daemon.store.failures import named

if TYPE_CHECKING:
    from sqlalchemy.dialects.sqlite import Insert

REVISION = "0003"
"""The migration this code is written for; a test holds it against the migrations' head."""


class Store:
    """A kithd database, opened by URL (``sqlite:////path``, ``sqlite://`` in memory, ``postgresql://host/name``).

    May be shared by threads. Nothing is touched before the first read or write.

    Raises:
        UserMistake: the URL is none of these.
        NeedsUser: the driver for PostgreSQL is not installed.
    """

    def __init__(self, url: str, *, pool_size: int = 5) -> None:
        self._url = dialect.parse(url)
        self.url = self._url.render_as_string(hide_password=True)  # may be shown
        self.sqlite = self._url.get_backend_name() == "sqlite"
        self._engine = dialect.make_engine(self._url, pool_size)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """The database as it is at one moment: the first SELECT of the block. A write inside is an error.

        Raises:
            StoreBusy: the database is locked or unreachable.
            NeedsUser: it is not there, damaged, or refuses the login.
        """
        with self._transaction(Mode.READ) as conn:
            yield conn

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Connection]:
        """One transaction, alone; committed at the end of the block, rolled back on any exception.

        It is on disk when the block is left. ``durable=False`` spares that wait for facts committed together with
        the cursor to read them again by: a power cut may take the last such transactions back, each of them whole.

        Raises:
            StoreBusy: the database is locked, full, read-only or unreachable; nothing of the block was kept.
            NeedsUser: it is not there, damaged, or refuses the login.
        """
        with self._transaction(Mode.WRITE if durable else Mode.BULK) as conn:
            yield conn

    @contextmanager
    def _transaction(self, mode: Mode) -> Iterator[Connection]:
        with (
            named(self._url),
            self._engine.connect().execution_options(kithd_mode=mode) as conn,
            conn.begin() as transaction,
        ):
            yield conn
            if mode is Mode.READ:
                transaction.rollback()

    def revision(self) -> str | None:
        """The schema's revision by one SELECT (alembic is not imported); None where there is no store yet."""
        file = dialect.database_file(self._url)
        if file is not None and not file.exists():
            return None
        with self.read() as conn:
            try:
                found: str | None = conn.execute(text("SELECT version_num FROM alembic_version")).scalar()
            except DBAPIError as e:
                if "no such table" in str(e.orig) or getattr(e.orig, "sqlstate", "") == "42P01":
                    return None
                raise
            return found

    def require_current(self) -> None:
        """See to it that the store is there and of this version.

        Raises:
            UserMistake: there is no store yet, or it was made by another version.
        """
        found = self.revision()
        if found is None:
            raise UserMistake("There is no kithd store here yet: run `kith once` (or `kith init` first).")
        if found != REVISION:
            raise UserMistake(
                f"The store has schema {found}, this version needs {REVISION}: run `kith once` to bring it up to date."
            )

    def upgrade(self) -> None:
        """Bring the schema to this version's revision (makes the store where there is none).

        Raises:
            UserMistake: the store was made by a newer version.
        """
        if self.revision() == REVISION:
            return
        file = dialect.database_file(self._url)
        if file is not None:
            try:
                dialect.make_file(file)
            except OSError as e:
                raise NeedsUser("The database cannot be made.", f"Check the folder and its rights ({e}).") from None
        from daemon.store.migrate import upgrade  # alembic costs 0.3 s: only where it is needed

        with self._transaction(Mode.MIGRATE) as conn, dialect.checked_references(conn):
            upgrade(conn)

    def insert(self, table: Table) -> Insert:
        """An INSERT of this database's dialect, with ``on_conflict_do_update`` and ``..._nothing``."""
        return dialect.insert(self._engine, table)

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()
