"""An account that is renamed in the configuration or taken out of it, while something of ours stands there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from daemon.core.errors import UserMistake
from daemon.core.model import Form
from daemon.service import hand, overview
from daemon.service.cycle import run_cycle
from daemon.service.judging import Rules
from daemon.service.noting import note
from daemon.store import enablement, health, questions
from daemon.store.tables import ledger, outbox
from tests.contract.rig import ME
from tests.contract.samples import ANNA, BORIS
from tests.service.commands import Kith
from tests.service.house import House, letter

pytestmark = pytest.mark.memory_only
DAY = timedelta(days=1)


def renamed(house: House, old: str, new: str) -> None:
    """The same account under another name, as the user writes it into the configuration."""
    (each,) = house.settings.accounts
    house.settings = replace(house.settings, accounts=(replace(each, account=replace(each.account, name=new)),))
    house.rigs[new] = house.rigs.pop(old)


def standing(house: House) -> None:
    """A reminder about one, and a draft to another."""
    ann = house.person("Ann Example", ANNA, language="en")
    boris = house.person("Boris Titov", BORIS, language="en", tier="supporting")
    house.rigs["home"].add_mail("Sent", letter(1, house.clock - 110 * DAY, ME, ANNA))
    house.enable()
    with house.store.write() as conn:
        rules = Rules(house.settings.policies, house.clock)
        hand.log_contact(conn, rules, ann, Form.CALL, house.clock - 100 * DAY)
        hand.log_contact(conn, rules, boris, Form.CALL, house.clock - 10 * DAY)
        note(conn, boris, "achievement", "your talk", house.clock.date(), house.clock)
    house.cycle()
    assert sorted((r.kind, r.state) for r in house.ledger()) == [("draft", "written"), ("reminder", "written")]


def asked(house: House) -> list[str]:
    with house.store.read() as conn:
        return overview.overview(conn, house.settings, house.clock).questions


def answer(house: House, *, yes: bool) -> str:
    with house.store.write() as conn:
        (question,) = questions.open_rows(conn)
        return hand.confirm(conn, house.settings, question.id, yes, house.clock)


def test_what_stands_under_a_name_that_is_gone_is_asked_about_and_waits(house: House) -> None:
    standing(house)
    before = [(r.key, r.state) for r in house.ledger()]
    renamed(house, "home", "office")
    house.enable()
    for _ in range(2):
        house.cycle()
    (question,) = asked(house)
    assert "2 of our reminders and drafts stand under “home”" in question and "old name back" in question
    assert [(r.key, r.state) for r in house.ledger()] == before
    renamed(house, "office", "home")
    with pytest.raises(UserMistake, match="configured again"):
        answer(house, yes=True)
    house.cycle()
    assert asked(house) == [] and [(r.key, r.state) for r in house.ledger()] == before


def test_gone_for_good_its_reminders_come_anew_elsewhere_and_its_drafts_do_not(house: House) -> None:
    standing(house)
    renamed(house, "home", "office")
    house.enable()
    house.cycle()
    assert "come anew" in answer(house, yes=True)
    house.cycle()
    assert sorted((r.kind, r.account, r.state) for r in house.ledger()) == [
        ("draft", "home", "unknown"),
        ("reminder", "home", "withdrawn"),
        ("reminder", "office", "written"),
    ]
    assert asked(house) == [] and house.cycle().done == []


def test_a_reminder_in_place_of_a_letter_comes_anew_too(house: House) -> None:
    house.person("Ann Example", ANNA, birthday="--11-22")  # in nobody knows which language
    house.enable()
    house.cycle()
    standing = [r.purpose for r in house.ledger()]
    assert "congratulations" in standing
    renamed(house, "home", "office")
    house.enable()
    house.cycle()
    answer(house, yes=True)
    house.cycle()
    assert sorted(r.purpose for r in house.ledger(account="office", state="written")) == sorted(standing)


def test_what_was_about_to_be_written_there_is_written_elsewhere(house: House) -> None:
    who = house.person("Ann Example", ANNA, language="en")
    house.enable()
    with house.store.write() as conn:
        note(conn, who, "achievement", "your talk", house.clock.date(), house.clock)
    house.rigs["home"].lose_next_request()
    run_cycle(house.deps())
    assert [r.state for r in house.ledger(kind="draft")] == ["pending"]
    renamed(house, "home", "office")
    house.enable()
    house.cycle()
    answer(house, yes=True)
    with house.store.read() as conn:
        assert not conn.execute(select(outbox)).all() and set(enablement.all_since(conn)) == {"office"}
    house.cycle()
    renamed(house, "office", "home")  # the old name is back after all, without what was never written there
    house.cycle()
    assert [(r.account, r.state) for r in house.ledger(kind="draft")] == [("home", "withdrawn"), ("office", "written")]
    assert len(house.rigs["home"].drafts()) == 1


def test_what_the_question_names_is_what_stands_there_by_then(house: House) -> None:
    standing(house)
    renamed(house, "home", "office")
    house.cycle()
    (row,) = house.ledger(kind="draft")
    with house.store.write() as conn:
        conn.execute(delete(ledger).where(ledger.c.key == row.key))
    house.cycle()
    (question,) = asked(house)
    assert "1 of our reminders" in question


def test_no_leaves_it_as_it_is_and_is_not_asked_again(house: House) -> None:
    standing(house)
    before = [(r.key, r.state) for r in house.ledger()]
    renamed(house, "home", "office")
    house.cycle()
    answer(house, yes=False)
    house.cycle()
    assert asked(house) == [] and [(r.key, r.state) for r in house.ledger()] == before
    renamed(house, "office", "home")
    house.cycle()
    renamed(house, "home", "office")
    house.cycle()
    assert len(asked(house)) == 1, "it was back, and has left again"


def test_an_account_that_failed_and_was_taken_out_holds_nobody_back(house: House) -> None:
    standing(house)
    with house.store.write() as conn:
        health.failed(conn, "home", "mail", house.clock, "Closed.", needs_user=True)
    house.clock += 3 * DAY
    assert held(house) == {"Ann Example"}
    renamed(house, "home", "office")
    assert held(house) == set(), "only configured accounts matter"


def held(house: House) -> set[str]:
    with house.store.read() as conn:
        return {p.name for p in overview.overview(conn, house.settings, house.clock).people if p.held}


def test_check_and_status_say_so(kith: Kith) -> None:
    path = kith.folder / "config.toml"
    before = path.read_text(encoding="utf-8")
    name = next(a["name"] for a in kith.json("status")["accounts"] if a["enabled_since"])
    path.write_text(before.replace(f"[account.{name}]", "[account.other]"), encoding="utf-8")
    kith("check")
    assert f"stand under “{name}”" in kith.err and "old name back" in kith.err
    kith("once")
    assert f"stand under “{name}”" in kith("status")
