"""Here, and only here, every test with a store runs on both databases."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.store.engine import Store
from daemon.store.tables import metadata
from tests.support import postgres

DATABASES = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Postgres]:
    if postgres.binaries() is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with postgres.running() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_store(postgres_server: postgres.Postgres) -> str:
    """The URL of a database migrated once."""
    url = postgres_server.url(postgres_server.create())
    made = Store(url)
    made.upgrade()
    made.close()
    return url


@pytest.fixture(params=DATABASES)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database with nothing in it."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'new' / 'kith.db'}"
        return
    server: postgres.Postgres = request.getfixturevalue("postgres_server")
    name = server.create()
    yield server.url(name)
    server.drop(name)


@pytest.fixture(params=DATABASES)
def store_url(request: pytest.FixtureRequest, tmp_path: Path, store_template: Path) -> Iterator[str]:
    """The URL of a new store, migrated."""
    if request.param == "sqlite":
        path = tmp_path / "kith.db"
        shutil.copy(store_template, path)
        yield f"sqlite:///{path}"
        return
    # Emptied, not made anew: ten times as fast. A test that changes the schema takes `empty_url`.
    url: str = request.getfixturevalue("postgres_store")
    opened = Store(url)
    with opened.write() as conn:
        for table in reversed(metadata.sorted_tables):
            conn.execute(table.delete())
    opened.close()
    yield url


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = Store(store_url)
    yield opened
    opened.close()
