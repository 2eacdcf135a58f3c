"""Fixtures everybody may use. Those of one folder's tests are in that folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import URL, Engine, create_engine

from daemon.store import dialect
from daemon.store.engine import Store

# A slow machine is no failure; and a build fails by what was changed, not by what was drawn.
settings.register_profile(
    "kith",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],  # a clock's, too: the tables of Unicode take seconds the first time
)
settings.load_profile("kith")


@pytest.fixture(scope="session", autouse=True)
def statements_compiled_once() -> Iterator[None]:
    """Each test opens stores of its own; the statements they run are compiled once for all, not once for each."""
    known: dict[Any, Any] = {}
    first = create_engine("sqlite://")
    first.connect().close()  # it knows its SQLite now
    ordinary = dialect.make_engine

    def make_engine(url: URL, pool_size: int) -> Engine:
        made = ordinary(url, pool_size)
        if made.dialect.name == "sqlite":
            made.dialect = first.dialect  # part of a compiled statement's key
            made.update_execution_options(compiled_cache=known)
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dialect, "make_engine", make_engine)
        yield


@pytest.fixture(scope="session")
def store_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new SQLite store, migrated once."""
    path = tmp_path_factory.mktemp("store") / "kith.db"
    made = Store(f"sqlite:///{path}")
    made.upgrade()
    made.close()  # the last connection folds the journal into the file
    return path


@pytest.fixture
def store(store_template: Path, tmp_path: Path) -> Iterator[Store]:
    """A new SQLite store of the test's own, in ``tmp_path / "kith.db"``."""
    path = tmp_path / "kith.db"
    shutil.copy(store_template, path)
    opened = Store(f"sqlite:///{path}")
    yield opened
    opened.close()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """With KITH_NO_SKIP (as .ci/run sets it) a skipped test fails the run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("KITH_NO_SKIP") and reporter is not None and reporter.stats.get("skipped"):
        reporter.write_line("\nTests were skipped, and KITH_NO_SKIP says that none may be.", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
