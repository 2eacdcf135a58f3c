"""What a read and a write mean, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError, StatementError

from daemon.core.errors import KithError, NeedsUser, StoreBusy, UserMistake
from daemon.core.model import Form
from daemon.store import metas
from daemon.store.dialect import insert
from daemon.store.engine import Store
from daemon.store.tables import contact, evidence, ledger, meta
from tests.support.postgres import Postgres

NOW = datetime(2026, 11, 21, 12, 0, 0, 123457, tzinfo=UTC)


def values(store: Store) -> dict[str, str]:
    with store.read() as conn:
        return {r.name: r.value for r in conn.execute(select(meta))}


def put(store: Store, name: str, value: str = "") -> None:
    with store.write() as conn:
        metas.put(conn, name, value)


def test_a_write_is_kept_whole_or_not_at_all(store: Store) -> None:
    put(store, "kept")
    with pytest.raises(RuntimeError), store.write() as conn:
        metas.put(conn, "lost", "")
        raise RuntimeError
    assert set(values(store)) == {"kept"}


def test_a_read_cannot_write(store: Store) -> None:
    with pytest.raises(StoreBusy, match="cannot be written"), store.read() as conn:
        metas.put(conn, "a", "")
    put(store, "b")  # and its connection can be used again
    assert set(values(store)) == {"b"}


def test_a_read_sees_one_moment(store: Store) -> None:
    put(store, "a", "before")
    with store.read() as conn:
        assert metas.get(conn, "a") == "before"
        put(store, "a", "after")
        assert metas.get(conn, "a") == "before"
    assert values(store) == {"a": "after"}


def test_a_writer_sees_all_that_was_committed_before_its_turn(store: Store) -> None:
    """Two that read before they write must not miss each other."""
    first_is_in = threading.Event()
    go_on = threading.Event()

    def first() -> None:
        with store.write() as conn:
            first_is_in.set()
            assert go_on.wait(10)
            metas.put(conn, "n", str(int(metas.get(conn, "n") or 0) + 1))

    def second() -> None:
        assert first_is_in.wait(10)
        go_on.set()
        with store.write() as conn:
            metas.put(conn, "n", str(int(metas.get(conn, "n") or 0) + 1))

    _together([first, second])
    assert values(store) == {"n": "2"}


def test_200_writers_lose_nothing(store: Store) -> None:
    """Pooled: 200 threads, a handful of connections; each adds a row and counts by reading first."""
    put(store, "count", "0")
    start = threading.Barrier(200)

    def work(n: int) -> None:
        start.wait()
        with store.write() as conn:
            before = int(metas.get(conn, "count") or 0)
            metas.put(conn, f"row {n}", "")
            conn.execute(update(meta).where(meta.c.name == "count").values(value=str(before + 1)))

    with ThreadPoolExecutor(200) as pool:
        for done in [pool.submit(work, n) for n in range(200)]:
            done.result()
    found = values(store)
    assert found.pop("count") == "200"
    assert set(found) == {f"row {n}" for n in range(200)}


def test_of_two_planners_with_one_key_exactly_one_wins(store: Store) -> None:
    with store.write() as conn:
        conn.execute(contact.insert().values(id=1, uid="u", origins={}, created_at=NOW))
    start = threading.Barrier(2)
    won: list[str] = []

    def plan(who: str) -> None:
        start.wait()
        with store.write() as conn:
            statement = insert(conn, ledger).values(
                key="k", kind="draft", purpose="thanks", contact_id=1, period="p", state="pending", account=who,
                created_at=NOW, changed_at=NOW,
            )  # fmt: skip
            if conn.execute(statement.on_conflict_do_nothing().returning(ledger.c.key)).one_or_none():
                won.append(who)

    _together([lambda: plan("a"), lambda: plan("b")])
    with store.read() as conn:
        assert conn.execute(select(ledger.c.account)).scalars().all() == won
    assert len(won) == 1


def test_a_second_row_with_a_planners_key_is_refused(store: Store) -> None:
    row = {
        "key": "k", "kind": "draft", "purpose": "thanks", "contact_id": 1, "period": "p", "state": "pending",
        "account": "a", "created_at": NOW, "changed_at": NOW,
    }  # fmt: skip
    with store.write() as conn:
        conn.execute(contact.insert().values(id=1, uid="u", origins={}, created_at=NOW))
        conn.execute(ledger.insert().values(row))
    with pytest.raises(IntegrityError), store.write() as conn:
        conn.execute(ledger.insert().values(row))


def test_references_are_held(store: Store) -> None:
    with pytest.raises(IntegrityError), store.write() as conn:
        conn.execute(text("INSERT INTO contact_circle (contact_id, circle) VALUES (77, 'mentor')"))


def test_bulk_writes_are_whole_too(store: Store) -> None:
    with store.write(durable=False) as conn:
        metas.put(conn, "a", "1")
    with pytest.raises(RuntimeError), store.write(durable=False) as conn:
        metas.put(conn, "a", "2")
        raise RuntimeError
    assert values(store) == {"a": "1"}


def test_only_bulk_writes_do_not_wait_for_the_disk(store: Store) -> None:
    ask, waits, spares = ("PRAGMA synchronous", 2, 1) if store.sqlite else ("SHOW synchronous_commit", "on", "off")
    for durable, expected in ((True, waits), (False, spares), (True, waits)):
        with store.write(durable=durable) as conn:
            if not store.sqlite and durable:
                continue  # the test's server waits for nothing
            assert conn.exec_driver_sql(ask).scalar() == expected


# -- values ------------------------------------------------------------------------------------------------------


def test_moments_come_back_to_the_microsecond_and_in_utc(store: Store) -> None:
    for moment in (NOW, NOW.replace(microsecond=0), NOW.astimezone(timezone(timedelta(hours=5, minutes=45)))):
        with store.write() as conn:
            conn.execute(contact.delete())
            conn.execute(contact.insert().values(uid="u", origins={}, created_at=moment))
        with store.read() as conn:
            found = conn.execute(select(contact.c.created_at)).scalar_one()
            assert found == moment
            assert found.tzinfo is UTC
            for other, expected in ((moment, 1), (moment + timedelta(microseconds=1), 0)):
                n = conn.execute(select(func.count()).where(contact.c.created_at >= other)).scalar_one()
                assert n == expected


def test_naive_datetimes_are_refused(store: Store) -> None:
    with pytest.raises(StatementError, match="naive datetime refused"), store.write() as conn:
        conn.execute(contact.insert().values(uid="u", origins={}, created_at=NOW.replace(tzinfo=None)))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Привет\r\n\tмир", "Привет\r\n\tмир"),
        ("nul \0 and half a character \udcd0", "nul \ufffd and half a character \ufffd"),
        ("\U0001f642", "\U0001f642"),
        (Form.MAIL, "mail"),
    ],
)
def test_any_text_of_a_stranger_can_be_kept(store: Store, given: str, kept: str) -> None:
    put(store, "a", given)
    assert values(store) == {"a": kept}
    with store.read() as conn:  # and is found by what it was
        assert conn.execute(select(meta.c.name).where(meta.c.value == given)).scalar() == "a"


def test_text_not_given_is_empty_and_flags_are_off(store: Store) -> None:
    with store.write() as conn:
        conn.execute(evidence.insert().values(account="a", identity="i", form="mail", at=NOW))
    with store.read() as conn:
        row = conn.execute(select(evidence)).one()
    assert (row.subject, row.draft, row.recipients, row.ends_at) == ("", False, 0, None)


# -- what goes wrong ---------------------------------------------------------------------------------------------


def test_a_database_in_memory_is_one_database_for_all_threads() -> None:
    store = Store("sqlite://")
    store.upgrade()
    _together([lambda n=n: put(store, f"row {n}") for n in range(20)])  # type: ignore[misc]
    assert len(values(store)) == 20


def test_the_store_keeps_no_password_to_show() -> None:
    store = Store("postgresql://ann:hunter2@127.0.0.1:1/kith")
    assert "hunter2" not in store.url
    assert "hunter2" not in repr(vars(store))


@pytest.mark.parametrize("url", ["mysql://ann:hunter2@host/kith", "ann:hunter2", "postgresql+nope://a:hunter2@h/x"])
def test_a_url_that_is_none_of_ours_is_the_users_mistake(url: str) -> None:
    with pytest.raises(UserMistake) as caught:
        Store(url)
    assert "hunter2" not in str(caught.value)


def test_a_server_that_is_not_there_is_one_sentence_without_the_password() -> None:
    store = Store("postgresql://ann:hunter2@127.0.0.1:1/kith")
    with pytest.raises(StoreBusy, match="cannot be reached") as caught, store.read():
        pass
    _is_one_clean_sentence(caught.value)


def test_what_the_server_refuses_needs_the_user(postgres_server: Postgres) -> None:
    good = postgres_server.url("postgres")
    for url in (
        postgres_server.url("no_such_database"),
        good.replace("kith@", "nobody_here:hunter2@", 1),
    ):
        with pytest.raises(NeedsUser, match="does not exist") as caught, Store(url).read():
            pass
        _is_one_clean_sentence(caught.value)


def test_a_folder_that_is_not_there_needs_the_user() -> None:
    with pytest.raises(NeedsUser, match="cannot be opened"), Store("sqlite:////nonexistent/kith.db").read():
        pass


def test_a_locked_database_is_named_and_loses_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    put(store, "a", "before")
    impatient = _impatient(store, monkeypatch)
    with store.write() as conn:
        metas.put(conn, "a", "after")
        with pytest.raises(StoreBusy, match="The database is busy") as caught:
            put(impatient, "a", "meanwhile")
        _is_one_clean_sentence(caught.value)
    assert values(store) == {"a": "after"}


def test_when_all_connections_are_taken_that_is_said(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    impatient = _impatient(store, monkeypatch, pool_size=1)
    impatient._engine.pool._max_overflow = 0  # type: ignore[attr-defined]
    with impatient.read() as conn:
        conn.execute(select(meta))
        with pytest.raises(StoreBusy, match="in use"), impatient.read():
            pass


def test_a_connection_the_server_dropped_is_replaced(store: Store) -> None:
    if store.sqlite:
        return
    with store.read() as conn:
        pid = conn.exec_driver_sql("SELECT pg_backend_pid()").scalar()
    with Store(store._url.render_as_string(hide_password=False)).read() as conn:
        conn.exec_driver_sql(f"SELECT pg_terminate_backend({pid}, 5000)")
    put(store, "a")
    with pytest.raises(StoreBusy, match="cannot be reached"), store.write() as conn:
        conn.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")
    put(store, "b")


def test_our_own_mistakes_are_not_taken_for_the_databases_and_tell_no_values(store: Store) -> None:
    with pytest.raises(Exception, match="no_such_table") as caught, store.write() as conn:
        conn.execute(text("SELECT * FROM no_such_table WHERE a = :a"), {"a": "secret@example.org"})
    assert not isinstance(caught.value, KithError)
    assert "secret" not in str(caught.value)


def test_a_full_disk_is_named_and_loses_nothing(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/kith.db", pool_size=1)
    store.upgrade()
    put(store, "cursor", "1")
    with store.read() as conn:
        pages = int(conn.exec_driver_sql("PRAGMA page_count").scalar_one())
        conn.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StoreBusy, match="The disk is full") as caught, store.write() as conn:
        metas.put(conn, "cursor", "2")
        metas.put(conn, "facts", "x" * 100_000)
    _is_one_clean_sentence(caught.value)
    assert values(store) == {"cursor": "1"}
    with store.read() as conn:
        conn.exec_driver_sql(f"PRAGMA max_page_count={10 * pages}")
    put(store, "cursor", "2")  # room was made
    assert values(store) == {"cursor": "2"}


def test_a_read_only_file_can_be_read_and_is_named_when_written(store_template: Path) -> None:
    store = Store(f"sqlite:///file:{store_template}?mode=ro&uri=true")
    assert values(store) == {}
    with pytest.raises(StoreBusy, match="cannot be written") as caught:
        put(store, "a")
    _is_one_clean_sentence(caught.value)


@pytest.mark.parametrize("content", [b"not a database at all, only text" * 200, b"SQLite format 3\0" + b"\xff" * 4080])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "kith.db").write_bytes(content)
    with pytest.raises(NeedsUser, match="damaged") as caught:
        Store(f"sqlite:///{tmp_path}/kith.db").require_current()
    _is_one_clean_sentence(caught.value)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NeedsUser, match="cannot be made"):
        Store(f"sqlite:///{tmp_path}/file/kith.db").upgrade()


def _together(work: list[Callable[[], None]]) -> None:
    with ThreadPoolExecutor(len(work)) as pool:
        for done in [pool.submit(w) for w in work]:
            done.result()


def _impatient(store: Store, monkeypatch: pytest.MonkeyPatch, pool_size: int = 5) -> Store:
    """The same store, opened with hardly any patience."""
    monkeypatch.setattr("daemon.store.dialect.BUSY_SECONDS", 1)
    return Store(store._url.render_as_string(hide_password=False), pool_size=pool_size)


def _is_one_clean_sentence(error: Exception) -> None:
    assert "hunter2" not in str(error)
    assert "\n" not in str(error)
    assert error.__suppress_context__
