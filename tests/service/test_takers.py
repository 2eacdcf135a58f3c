"""An account without a calendar for reminders is named, with where they go instead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from daemon.core.ports import Connection
from daemon.service.cycle import run_cycle
from daemon.service.overview import Overview, overview
from daemon.store.engine import Store
from tests.contract.rig_memory import MemoryBackend
from tests.service.house import House


@pytest.fixture
def two(store: Store, tmp_path: Path) -> Iterator[House]:
    with MemoryBackend().rig(tmp_path / "a") as letters, MemoryBackend().rig(tmp_path / "b") as diary:
        yield House(store, tmp_path, {"letters": letters, "diary": diary})


def after_a_round(house: House, *without: str) -> Overview:
    """What the store says once a round was made in which these accounts had no reminders to take."""

    def kept(name: str, connection: Connection) -> Connection:
        return replace(connection, reminders=None) if name in without else connection

    deps = house.deps()
    run_cycle(replace(deps, connections={n: kept(n, c) for n, c in deps.connections.items()}))
    with house.store.read() as conn:
        return overview(conn, house.settings, house.clock)


def test_status_names_who_has_no_calendar_and_where_reminders_go(two: House) -> None:
    found = after_a_round(two, "letters")
    assert found.reminders_to == "diary"
    assert {a.name: a.takes for a in found.accounts} == {"letters": False, "diary": True}


def test_where_all_have_one_nothing_is_said(two: House) -> None:
    found = after_a_round(two)
    assert found.reminders_to == "letters"
    assert all(a.takes for a in found.accounts)


def test_a_round_over_some_accounts_says_nothing_of_the_others(two: House) -> None:
    after_a_round(two)
    deps = two.deps()
    run_cycle(replace(deps, connections={"diary": deps.connections["diary"]}))
    with two.store.read() as conn:
        assert overview(conn, two.settings, two.clock).reminders_to == "letters"


def test_the_wish_of_the_user_comes_first(two: House) -> None:
    two.settings = replace(two.settings, reminders_to="diary")
    assert after_a_round(two).reminders_to == "diary"


def test_before_the_first_round_nothing_is_claimed(two: House) -> None:
    two.store.upgrade()
    with two.store.read() as conn:
        found = overview(conn, two.settings, two.clock)
    assert all(a.takes for a in found.accounts)


def test_a_permission_given_later_is_noticed(two: House) -> None:
    after_a_round(two, "letters", "diary")
    assert after_a_round(two, "letters").reminders_to == "diary"
