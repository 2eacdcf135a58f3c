"""The migrations build what the tables say, from nothing, wherever the package lies."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import select, text

import daemon
from daemon.core.errors import UserMistake
from daemon.store import engine, migrate
from daemon.store.engine import Store
from daemon.store.tables import hand_log, ledger, metadata

ROOT = Path(daemon.__file__).parents[1]


@pytest.fixture
def own_store(empty_url: str) -> Iterator[Store]:
    """A store whose schema the test may change."""
    opened = Store(empty_url)
    opened.upgrade()
    yield opened
    opened.close()


def test_the_code_is_written_for_the_newest_migration() -> None:
    assert migrate.head() == engine.REVISION


def test_the_migrated_schema_is_that_of_the_tables(store: Store) -> None:
    with store.read() as conn:
        context = MigrationContext.configure(
            conn, opts={"compare_type": True, "compare_server_default": _defaults_differ}
        )
        assert compare_metadata(context, metadata) == []


def _defaults_differ(
    context: Any, column: Any, wanted: Any, found: str | None, _: Any, rendered: str | None
) -> bool | None:
    """None leaves the comparison to alembic; on SQLite it takes '' for another default than ''."""
    if found is None or rendered is None:
        return None
    return False if {found.strip("()"), rendered.strip("()")} <= {"''", ""} else None


def test_a_store_of_the_first_version_keeps_all_it_holds(empty_url: str) -> None:
    """Every table of 0001 with a row in it, brought up to date: foreign keys must not carry anything away."""
    at = "2026-01-02 03:04:05.000000"
    rows: dict[str, dict[str, object]] = {
        "meta": {"name": "contacts-revision", "value": "7"},
        "contact": {"id": 1, "uid": "mail:a@example.org", "name": "Ann", "origins": "{}", "created_at": at},
        "contact_source": {
            "id": 1, "contact_id": 1, "source": "hand", "record_id": "r", "card": "{}", "seen_at": at,
        },
        "contact_circle": {"contact_id": 1, "circle": "mentor"},
        "contact_date": {"id": 1, "contact_id": 1, "kind": "birthday", "when": "--04-15"},
        "address": {"id": 1, "address": "a@example.org", "contact_id": 1},
        "address_state": {"address": "a@example.org", "assigned_to": 1},
        "evidence": {"id": 1, "account": "home", "identity": "i", "form": "mail", "at": at},
        "participant": {"evidence_id": 1, "address": "a@example.org", "role": "from"},
        "interaction": {
            "id": 1, "contact_id": 1, "identity": "i", "form": "mail", "direction": "in", "at": at, "counted": True,
        },
        "overrule": {"contact_id": 1, "identity": "i", "counted": True, "at": at},
        "hand_log": {
            "id": 1, "contact_id": 1, "identity": "h", "form": "call", "direction": "mutual", "at": at,
            "logged_at": at,
        },
        "ledger": {
            "key": "k", "kind": "draft", "purpose": "thanks", "contact_id": 1, "period": "i", "state": "written",
            "account": "home", "created_at": at, "changed_at": at,
        },
        "outbox": {"id": 1, "key": "k", "verb": "withdraw", "args": "{}", "created_at": at},
        "dismissal": {
            "id": 1, "contact_id": 1, "purpose": "keep-in-touch", "base": "b", "n": 0, "why": "skip", "at": at,
        },
        "enablement": {"account": "home", "since": at, "enabled_at": at},
        "cursor": {"account": "home", "kind": "mail", "stream": "INBOX", "cursor": "9"},
    }  # fmt: skip
    old = Store(empty_url)
    old.upgrade()  # makes the file
    try:
        with old.write() as conn:
            command.downgrade(migrate.config(conn), "base")
        with old.write() as conn:
            command.upgrade(migrate.config(conn), "0001")
            for name, row in rows.items():
                quoted = ", ".join(f'"{column}"' for column in row)
                values = ", ".join(f":{column}" for column in row)
                conn.execute(text(f'INSERT INTO "{name}" ({quoted}) VALUES ({values})'), row)  # noqa: S608
        old.upgrade()
        old.require_current()
        with old.read() as conn:
            for name in rows:
                assert conn.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one() == 1, name  # noqa: S608
            made = conn.execute(select(ledger)).one()
            assert (made.contact_id, made.state, made.source) == (1, "written", "")
            assert conn.execute(select(hand_log.c.interview)).scalar_one() is False
    finally:
        old.close()


def test_every_constraint_has_a_name_to_be_changed_by() -> None:
    for table in metadata.tables.values():
        for constraint in table.constraints:
            assert constraint.name or not list(getattr(constraint, "columns", [])), (table.name, constraint)


def test_a_new_store_is_made_once_and_known_by_one_select(empty_url: str) -> None:
    new = Store(empty_url)
    assert new.revision() is None
    with pytest.raises(UserMistake, match="no kithd store"):
        new.require_current()
    new.upgrade()
    new.require_current()
    new.upgrade()
    new.close()


def test_looking_for_a_store_does_not_make_one(tmp_path: Path) -> None:
    Store(f"sqlite:///{tmp_path}/none/kith.db").revision()
    assert list(tmp_path.iterdir()) == []


def test_processes_may_make_the_store_at_once(empty_url: str) -> None:
    code = (
        "import sys; from daemon.store.engine import Store; from daemon.store import migrate;"
        "s = Store(sys.argv[1]); print('ready', flush=True); input(); s.upgrade(); s.require_current()"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, empty_url],
            env={"PYTHONPATH": str(ROOT)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]  # fmt: skip
    for p in processes:
        assert p.stdout is not None
        assert p.stdout.readline() == "ready\n"
    for p in processes:
        assert p.stdin is not None
        p.stdin.write("\n")
        p.stdin.flush()
    assert [p.communicate(timeout=60)[1] for p in processes] == [""] * 4
    Store(empty_url).require_current()


def test_a_store_of_another_version_is_refused_in_one_sentence(own_store: Store) -> None:
    with own_store.write() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(UserMistake, match="schema 9999"):
        own_store.require_current()
    with pytest.raises(UserMistake, match="newer version"):
        own_store.upgrade()


def test_the_file_is_for_the_users_eyes_only(tmp_path: Path) -> None:
    made = Store(f"sqlite:///{tmp_path}/state/kith.db")
    made.upgrade()
    with made.write():
        modes = {p.name: p.stat().st_mode & 0o777 for p in (tmp_path / "state").iterdir()}
    made.close()
    assert modes == dict.fromkeys(modes, 0o600)
    assert len(modes) == 3  # with its journal and the journal's index


def test_a_rebuilt_table_keeps_the_rows_that_point_to_it(own_store: Store) -> None:
    """Batch mode drops the old table: with foreign keys on, SQLite would delete its children with it."""
    from alembic.operations import Operations

    from daemon.store.dialect import Mode

    with own_store.write() as conn:
        conn.execute(text("INSERT INTO contact (id, uid, origins, created_at) VALUES (1, 'u', '{}', '2026-01-01')"))
        conn.execute(text("INSERT INTO contact_circle (contact_id, circle) VALUES (1, 'mentor')"))
    with own_store._transaction(Mode.MIGRATE) as conn:
        operations = Operations(MigrationContext.configure(conn, opts={"target_metadata": metadata}))
        with operations.batch_alter_table("contact") as batch:
            batch.alter_column("name", new_column_name="called")
    with own_store.read() as conn:
        assert conn.execute(text("SELECT circle FROM contact_circle")).scalars().all() == ["mentor"]


def test_the_scripts_are_found_wherever_the_package_was_unpacked(tmp_path: Path) -> None:
    """As in a wheel: a copy of the package, run from elsewhere, under a path alembic's config would interpolate."""
    site = tmp_path / "100% site"
    shutil.copytree(Path(daemon.__file__).parent, site / "daemon", ignore=shutil.ignore_patterns("__pycache__"))
    code = "from daemon.store.engine import Store; s = Store('sqlite:///made.db'); s.upgrade(); s.require_current()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path, env={"PYTHONPATH": str(site)}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "made.db").exists()


def test_reading_does_not_load_alembic(store_url: str) -> None:
    code = (
        "import sys; from daemon.store.engine import Store; Store(sys.argv[1]).require_current();"
        "print('alembic' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, store_url],
        env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("False\n", "")
