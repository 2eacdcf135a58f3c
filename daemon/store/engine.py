"""The database: one engine, `read()` and `write()`, nothing else.

All writes go through `Store.write`. On SQLite it takes the write lock at once (BEGIN IMMEDIATE): the default
deferred transaction was seen to lose updates under threads. No session is ever open across network I/O.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from daemon.core.errors import NeedsUser, StoreBusy, UserMistake

BUSY_SECONDS = 30
REVISION = "0001"
"""The migration this code is written for; a test holds it against the migrations' head."""


class Store:
    """A kithd database, opened by URL (``sqlite:////path`` or ``postgresql+psycopg://...``)."""

    def __init__(self, url: str, *, pool_size: int = 5) -> None:
        self.url = url
        self.sqlite = make_url(url).get_backend_name() == "sqlite"
        self._engine = self._make_engine(pool_size)

    def _make_engine(self, pool_size: int) -> Engine:
        if not self.sqlite:
            return create_engine(self.url, pool_size=pool_size, pool_timeout=BUSY_SECONDS, pool_pre_ping=True)
        path = make_url(self.url).database
        if path and path != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        engine = create_engine(
            self.url,
            pool_size=pool_size,
            pool_timeout=BUSY_SECONDS,
            connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent view; nothing written inside is kept.

        Raises:
            StoreBusy: the database is locked or unreachable.
        """
        with _named_errors(), self._engine.connect() as conn:
            yield conn
            conn.rollback()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction, committed at the end of the block, rolled back on any exception.

        Raises:
            StoreBusy: the database is locked, full or read-only; nothing of the block was kept.
        """
        with (
            _named_errors(),
            self._engine.connect().execution_options(kithd_write=True) as conn,
            conn.begin(),
        ):
            yield conn

    def require_current(self) -> None:
        """Compare the schema's revision by one SELECT (alembic is not imported).

        Raises:
            UserMistake: there is no store yet, or it was made by another version.
        """
        try:
            with self.read() as conn:
                found = conn.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
        except (DatabaseError, StoreBusy) as e:
            if isinstance(e, StoreBusy) and "no such table" not in str(e) and "does not exist" not in str(e):
                raise
            found = None
        if found is None:
            raise UserMistake("There is no kithd store here yet: run `kith once` (or `kith init` first).")
        if found != REVISION:
            raise UserMistake(
                f"The store has schema {found}, this version needs {REVISION}: run `kith once` to bring it up to date."
            )

    def upgrade(self) -> None:
        """Bring the schema to this version's revision (creates it where there is none)."""
        with _named_errors():
            try:
                with self._engine.connect() as conn:
                    if conn.execute(text("SELECT version_num FROM alembic_version")).scalar() == REVISION:
                        return
            except DBAPIError:
                pass
            from daemon.store.migrate import upgrade  # alembic costs 0.3 s: only where it is needed

            upgrade(self._engine)

    def insert(self, table):  # type: ignore[no-untyped-def]
        """An INSERT of this database's dialect, with ``on_conflict_do_update`` and ``..._nothing``."""
        if self.sqlite:
            from sqlalchemy.dialects.sqlite import insert
        else:
            from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]
        return insert(table)

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()


def _prepare_sqlite(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")  # in WAL mode a power cut loses no consistency, at most the last commit
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
    cursor.close()


def _begin_sqlite(conn: Connection) -> None:
    write = conn.get_execution_options().get("kithd_write")
    conn.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


@contextmanager
def _named_errors() -> Iterator[None]:
    try:
        yield
    except OperationalError as e:
        what = str(e.orig).splitlines()[0]
        if "readonly" in what or "read-only" in what:
            raise StoreBusy(f"The database cannot be written ({what}). Nothing was lost.") from None
        if "full" in what or "disk I/O" in what:
            raise StoreBusy(
                f"The disk is full or failing ({what}). Nothing was lost; make room and try again."
            ) from None
        if "unable to open" in what:
            raise NeedsUser("The database cannot be opened.", f"Check the folder and its rights ({what}).") from None
        raise StoreBusy(f"The database is busy or unreachable ({what}). Nothing was lost; try again.") from None
