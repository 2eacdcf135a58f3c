"""All that SQLite and PostgreSQL do not share. Nothing else in the project names either.

Both give the same promises: a read sees one moment and cannot write; writers stand in line, so that "read, then
write what follows from it" is safe inside one transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from sqlalchemy import URL, ClauseElement, Connection, Engine, Table, create_engine, event, func, select
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.engine.url import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from daemon.core.errors import NeedsUser, UserMistake

if TYPE_CHECKING:
    from sqlalchemy.dialects.sqlite import Insert

BUSY_SECONDS = 30
"""How long a writer waits for the one before it, and anybody for a connection."""

STATEMENT_SECONDS = 120
"""A statement that takes longer has met a server that hangs (PostgreSQL)."""

WRITERS_LOCK = 0x6B697468
"""The advisory lock PostgreSQL's writers stand in line for: "kith"."""


class Mode(StrEnum):
    """What a transaction is for."""

    READ = "read"
    WRITE = "write"  # on disk when it returns
    BULK = "bulk"  # as whole and consistent, but the last ones may be lost in a power cut
    MIGRATE = "migrate"  # tables may be rebuilt


def parse(text: str) -> URL:
    """The database's URL, with the driver this project uses.

    Raises:
        UserMistake: it is no such URL; the sentence does not repeat it, for it may hold a password.
    """
    try:
        url = make_url(text)
    except ArgumentError:
        raise UserMistake("The store's URL cannot be read: use sqlite:////path or postgresql://host/name.") from None
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in {"sqlite", "postgresql+psycopg"}:
        raise UserMistake(f"The store cannot be kept in {url.drivername}: SQLite and PostgreSQL (psycopg) are known.")
    return url


def database_file(url: URL) -> Path | None:
    """The file an SQLite URL names; None for a server, a database in memory or a ``file:`` URI."""
    name = url.database or ""
    if url.get_backend_name() != "sqlite" or name in {"", ":memory:"} or name.startswith("file:"):
        return None
    return Path(name).expanduser().absolute()


def make_engine(url: URL, pool_size: int) -> Engine:
    """An engine whose transactions begin as their mode (execution option ``kithd_mode``) asks.

    Raises:
        NeedsUser: the driver for PostgreSQL is not installed.
        UserMistake: the driver does not know the URL.
    """
    common: dict[str, Any] = {"pool_timeout": BUSY_SECONDS, "hide_parameters": True}  # parameters are people's data
    if url.get_backend_name() == "sqlite":
        engine = _sqlite_engine(url, pool_size, common)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    try:
        engine = create_engine(
            url,
            pool_size=pool_size,
            pool_pre_ping=True,  # a connection the server dropped overnight is replaced, not an error
            connect_args=_postgres_arguments(url),
            **common,
        )
    except NoSuchModuleError:
        raise UserMistake("The store's URL names a database driver that is not known.") from None
    except ImportError:
        raise NeedsUser(
            "The driver for PostgreSQL is not installed.", "Install it with: pip install 'kithd[postgres]'"
        ) from None
    event.listen(engine, "begin", _begin_postgres)
    return engine


def insert(conn: Connection | Engine, table: Table) -> Insert:
    """An INSERT with ``on_conflict_do_update``, ``on_conflict_do_nothing`` and ``excluded``.

    Typed as SQLite's; PostgreSQL's has the same methods.
    """
    if conn.dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert as sqlite_insert

        return sqlite_insert(table)
    from sqlalchemy.dialects.postgresql import insert as postgres_insert

    return cast("Insert", postgres_insert(table))


def positional(conn: Connection, statement: ClauseElement, names: Sequence[str] | None = None) -> str:
    """A statement as its driver takes it with values by position; of an INSERT, these columns."""
    ours: Any = conn.dialect
    if not conn.dialect.positional:
        ours = type(ours)(paramstyle="format")
    return str(statement.compile(dialect=ours, column_keys=names, compile_kwargs={"render_postcompile": True}))


def moment(conn: Connection) -> Callable[[datetime], object]:
    """What the driver is given for an aware moment. Raises ValueError for a naive one."""
    return _moment_text if conn.dialect.name == "sqlite" else _moment_utc


def _moment_utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("naive datetime refused: say which zone it is in")
    return at.astimezone(UTC).replace(tzinfo=None)


def _moment_text(at: datetime) -> str:
    if at.tzinfo is not UTC:
        at = _moment_utc(at)
    return at.isoformat(" ", "microseconds")[:26]


def new_ids(conn: Connection, table: Table, count: int) -> Sequence[int]:
    """So many ids for new rows of a table with a column ``id``, ascending, for this writer's transaction alone."""
    if conn.dialect.name == "sqlite":
        last = conn.execute(select(func.max(table.c.id))).scalar() or 0
        return range(last + 1, last + 1 + count)
    sequence = func.pg_get_serial_sequence(table.name, "id")
    return conn.execute(select(func.nextval(sequence)).select_from(func.generate_series(1, count))).scalars().all()


# -- SQLite ------------------------------------------------------------------------------------------------------


def _sqlite_engine(url: URL, pool_size: int, common: dict[str, Any]) -> Engine:
    arguments: dict[str, Any] = {"timeout": BUSY_SECONDS, "check_same_thread": False}
    if (url.database or ":memory:") == ":memory:":
        # One connection is the database: everyone takes turns with it. (A StaticPool would hand the same connection
        # to two threads at once, and their transactions would become one.)
        return create_engine(url, poolclass=QueuePool, pool_size=1, max_overflow=0, connect_args=arguments, **common)
    file = database_file(url)
    if file is not None:
        # mode=rw: to look for a store must not make an empty one. `make_file` makes it.
        url = url.set(database=f"file:{quote(str(file))}").update_query_dict({"mode": "rw", "uri": "true"})
    return create_engine(url, poolclass=QueuePool, pool_size=pool_size, connect_args=arguments, **common)


def make_file(file: Path) -> None:
    """Make an empty database for the user's eyes only, where there is none; its journal inherits the rights."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file.touch(mode=0o600, exist_ok=True)


def _prepare_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    real = cast(sqlite3.Connection, connection)
    real.isolation_level = None  # we say BEGIN ourselves
    real.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
    if real.execute("PRAGMA journal_mode").fetchone()[0] not in {"wal", "memory"}:
        # Refused at once where another process is just doing the same, or the file is read-only: it works as it is.
        with suppress(sqlite3.OperationalError):
            real.execute("PRAGMA journal_mode=WAL")


def _begin_sqlite(conn: Connection) -> None:
    """These settings belong to the connection, which is pooled: each transaction sees to it that they are as it wants.

    synchronous: FULL has each commit on disk before it returns, so that an intent is there before the remote write it
    announces and what a command said it kept is kept. NORMAL (bulk) spares a first scan the wait for the disk at each
    page; a power cut then loses at most the last pages, each with its cursor, and they are read again.
    """
    mode = _mode(conn)
    wanted: dict[str, object] = {
        "query_only": int(mode is Mode.READ),
        "synchronous": "NORMAL" if mode is Mode.BULK else "FULL",
        # Pages of a scan touch the same index pages again and again: the journal's way into the file waits for more of
        # them (64 MB instead of 4). The next ordinary commit brings it home.
        "wal_autocheckpoint": 16000 if mode is Mode.BULK else 1000,
        # Rebuilding a table (alembic's batch mode) drops the old one: its children must not go with it.
        "foreign_keys": int(mode is not Mode.MIGRATE),
    }
    said = conn.info.setdefault("kithd_settings", {})  # of this connection, for as long as it lives
    for name, value in wanted.items():
        if said.get(name) != value:
            conn.exec_driver_sql(f"PRAGMA {name}={value}")
            said[name] = value
    # A deferred BEGIN was seen to lose updates under threads, and fails without waiting when it turns to writing.
    conn.exec_driver_sql("BEGIN" if mode is Mode.READ else "BEGIN IMMEDIATE")


# -- PostgreSQL --------------------------------------------------------------------------------------------------


def _postgres_arguments(url: URL) -> dict[str, Any]:
    settings = {
        "lock_timeout": BUSY_SECONDS * 1000,
        "statement_timeout": STATEMENT_SECONDS * 1000,
        # A process stopped in the middle of a transaction must not hold up the others for ever.
        "idle_in_transaction_session_timeout": 2 * BUSY_SECONDS * 1000,
    }
    arguments = {
        "connect_timeout": 10,
        "keepalives_idle": 30,
        "tcp_user_timeout": BUSY_SECONDS * 1000,
        "application_name": "kithd",
        "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
    }
    return {name: value for name, value in arguments.items() if name not in url.query}  # the user's word goes first


def _begin_postgres(conn: Connection) -> None:
    """Reads see one snapshot (REPEATABLE READ) and are refused any write.

    Writers take one advisory lock, as SQLite's take its write lock: under READ COMMITTED alone, two that read before
    they write would each miss the other's change. Waiting is cheaper than SERIALIZABLE, whose failures every caller
    would have to repeat, and one person's installation has no two long writers.
    """
    mode = _mode(conn)
    if mode is Mode.READ:
        conn.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return
    if mode is Mode.MIGRATE:
        conn.exec_driver_sql("SET LOCAL statement_timeout = 0")
    if mode is Mode.BULK:
        conn.exec_driver_sql("SET LOCAL synchronous_commit = off")
    conn.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITERS_LOCK})")


def may_write(conn: Connection) -> bool:
    """Whether this is a writer's transaction: nobody else writes before it ends."""
    return _mode(conn) is not Mode.READ


def _mode(conn: Connection) -> Mode:
    return Mode(conn.get_execution_options().get("kithd_mode", Mode.READ))


@contextmanager
def checked_references(conn: Connection) -> Iterator[None]:
    """Look after a migration whether every reference still points somewhere (SQLite did not check meanwhile)."""
    yield
    if conn.dialect.name == "sqlite" and (bad := conn.exec_driver_sql("PRAGMA foreign_key_check").fetchall()):
        raise RuntimeError(f"the migration left {len(bad)} references without their row")
