"""An account without a calendar for reminders is named, with where they go instead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from daemon.config.settings import AccountSettings
from daemon.core.model import Account
from daemon.core.ports import Connection
from daemon.service.cycle import run_cycle
from daemon.service.overview import Overview, overview
from daemon.service.planning import situation
from daemon.store import enablement, favours
from daemon.store.engine import Store
from tests.contract.rig import ME
from tests.contract.rig_memory import MemoryBackend
from tests.contract.samples import ANNA, BORIS, NOW
from tests.service.house import House, letter


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


def drafts_in(house: House, *connected: str) -> list[str]:
    """Accounts of the drafts there are once a round was made over these."""
    house.clock += timedelta(minutes=15)
    deps = house.deps()
    run_cycle(replace(deps, connections={n: c for n, c in deps.connections.items() if n in connected}))
    return [r.account for r in house.ledger(kind="draft")]


def test_an_answer_waits_for_the_account_the_letter_is_in(two: House) -> None:
    two.person("Ann Example", ANNA, language="en")
    two.rigs["letters"].set_flag(two.rigs["letters"].add_mail("INBOX", letter(1, NOW, ANNA)), "kith-reply")
    with two.store.write() as conn:
        enablement.enable(conn, "diary", NOW - timedelta(days=9), NOW)
    assert drafts_in(two, "letters", "diary") == []  # not enabled yet
    two.enable()
    assert drafts_in(two, "diary") == []  # left out of this round
    assert drafts_in(two, "letters", "diary") == ["letters"]


def test_a_letter_waits_for_the_account_the_two_write_in(two: House) -> None:
    ann = two.person("Ann Example", ANNA, language="en")
    two.rigs["letters"].add_mail("Sent", letter(1, NOW, ME, ANNA))
    two.enable()
    two.cycle()
    with two.store.write() as conn:
        favours.ask(conn, ann, "share", "t", {"link": "https://example.org/"}, {}, two.clock)
    assert drafts_in(two, "diary") == []
    assert drafts_in(two, "letters", "diary") == ["letters"]


def test_a_reminder_no_account_may_take_takes_no_place(two: House) -> None:
    two.settings = replace(
        two.settings,
        reminders=replace(two.settings.reminders, a_day=1, a_week=1),
        accounts=tuple(AccountSettings(Account(n, "memory", ME, employer=True)) for n in ("letters", "diary")),
    )
    two.person("Ann Example", ANNA, language="en", tier="key", circles=("recruiter",))
    boris = two.person("Boris Titov", BORIS, language="en", tier="regular")
    for address in (ANNA, BORIS):
        two.rigs["letters"].add_mail("Sent", letter(address, NOW - timedelta(days=200), ME, address))
    two.enable()
    two.cycle()
    assert [r.contact_id for r in two.ledger(kind="reminder")] == [boris]
    with two.store.read() as conn:
        assert situation(two.deps(), conn, two.clock).plan.empty
