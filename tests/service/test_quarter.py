"""The quarter's news through a whole house: sections, caps, the event that asks for them, nothing twice."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import select

from daemon.config.settings import AccountSettings
from daemon.core.model import Account, Form
from daemon.core.policy import Policies, Policy
from daemon.service import contacts as book
from daemon.service import hand
from daemon.service.cycle import run_cycle
from daemon.service.forgetting import forget
from daemon.service.joining import merge
from daemon.service.judging import Rules
from daemon.service.noting import note
from daemon.service.planning import situation
from daemon.service.readers import Readers, readers
from daemon.store.tables import contact
from tests.contract.rig import ME
from tests.contract.samples import ANNA, BORIS, VERA
from tests.service.house import SECRET, House

pytestmark = pytest.mark.memory_only
DAY = timedelta(days=1)


def letters(house: House) -> dict[str, str]:
    """Address -> the text of the draft to it."""
    found = {}
    for raw in next(iter(house.rigs.values())).drafts():
        message = message_from_bytes(raw, policy=policy.default)
        assert isinstance(message, EmailMessage)
        body = message.get_body(("plain",))
        assert body is not None
        found[str(message["To"].addresses[0].addr_spec)] = str(body.get_content()).replace("\r\n", "\n")
    return found


def write(house: House, text: str, name: str = "2026-Q4.md") -> Path:
    folder = house.settings.updates
    assert folder is not None
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"+++\nwritten = {house.clock.date()}\n+++\n{text}", encoding="utf-8")
    return path


def test_each_hears_what_is_for_their_circles_and_what_was_talked_about_last(house: House) -> None:
    ann = house.person("Ann Example", ANNA, language="en", circles=("mentor", "expert"))
    house.person("Boris Titov", BORIS, language="en", circles=("friend",))
    house.person("Vera Sample", VERA, language="en", circles=("hr",))
    house.enable()
    with house.store.write() as conn:
        rules = Rules(house.settings.policies, house.clock)
        hand.log_contact(conn, rules, ann, Form.CALL, house.clock - 30 * DAY, topic="the garden book")
    write(house, "## mentor\nThe course begins.\n\n## friend, mentor\nWe have moved.\n\n## mentr\nNobody is in here.\n")
    house.cycle()
    found = letters(house)
    assert set(found) == {ANNA, BORIS}  # nothing is for hr
    assert "The course begins.\n\nWe have moved." in found[ANNA] and "the garden book" in found[ANNA]
    assert "We have moved." in found[BORIS] and "course" not in found[BORIS]


def test_caps_win_and_the_nearest_are_told_first(house: House) -> None:
    house.settings = replace(house.settings, updates_a_day=1, updates_a_week=2)
    house.person("Ann Example", ANNA, language="en", tier="supporting")
    house.person("Boris Titov", BORIS, language="en", tier="key")
    house.person("Vera Sample", VERA, language="en")
    house.enable()
    write(house, "All is well.\n")
    house.cycle()
    assert set(letters(house)) == {BORIS}
    house.cycle(after=timedelta(hours=2))
    assert set(letters(house)) == {BORIS}
    house.cycle(after=DAY)
    assert set(letters(house)) == {BORIS, VERA}
    house.cycle(after=DAY)
    assert set(letters(house)) == {BORIS, VERA}  # two this week
    with house.store.read() as conn:
        shares = situation(house.deps(), conn, house.clock).shares
    assert [len(s) for s in (shares.now, shares.later, shares.left)] == [0, 1, 0]
    house.cycle(after=5 * DAY)
    assert ANNA in letters(house)


def test_news_whose_turn_has_not_come_keep_no_other_letter_from_being_written(house: House) -> None:
    asked = Policy(cadence=30 * DAY, drafts=frozenset({"check-in", "update"}))
    house.settings = replace(house.settings, updates_a_day=1, policies=Policies(circles={"partner": asked}))
    house.person("Boris Titov", BORIS, language="en", tier="key")
    ann = house.person("Ann Example", ANNA, language="en")
    house.enable()
    with house.store.write() as conn:
        rules = Rules(house.settings.policies, house.clock)
        hand.log_contact(conn, rules, ann, Form.CALL, house.clock - 40 * DAY)
    write(house, "All is well.\n")
    house.cycle()
    assert {(r.contact_id == ann, r.purpose, r.state) for r in house.ledger(kind="draft")} == {
        (True, "check-in", "written"),
        (False, "update", "written"),
    }
    with house.store.read() as conn:
        assert situation(house.deps(), conn, house.clock).plan.empty


def test_an_event_asks_for_the_news_before_the_quarter_ends_and_goes_when_they_are_written(house: House) -> None:
    house.person("Ann Example", ANNA, language="en", circles=("hr",))
    house.enable()
    house.cycle()
    assert house.ledger(purpose="write-news") == []
    house.clock = datetime(2026, 12, 15, 9, tzinfo=UTC)
    for _ in range(3):
        house.cycle()
    (row,) = house.ledger(purpose="write-news")
    assert (row.period, row.state, row.starts_at) == ("2026-Q4", "written", datetime(2026, 12, 18, 9, tzinfo=UTC))
    (event,) = [e for e in next(iter(house.rigs.values())).reminders() if e.uid == row.uid]
    assert "Ann" not in event.raw.decode() and "kith update new" in event.raw.decode().replace("\r\n ", "")
    house.clock = datetime(2026, 12, 29, 9, tzinfo=UTC)
    house.cycle()
    assert [r.state for r in house.ledger(purpose="write-news")] == ["written"], "passed, and still nothing is written"
    write(house, "News.\n")
    house.cycle()
    assert [r.state for r in house.ledger(purpose="write-news")] == ["withdrawn"]
    house.cycle()
    assert len(house.ledger(purpose="write-news")) == 1


def test_no_event_asks_for_news_of_a_quarter_without_a_working_day_left(house: House) -> None:
    house.person("Ann Example", ANNA, language="en", circles=("hr",))
    house.enable()
    house.clock = datetime(2026, 12, 31, 15, tzinfo=UTC)  # a Thursday, and ten o'clock has passed
    house.cycle()
    assert house.ledger(purpose="write-news") == []


def test_the_event_that_asks_for_news_stands_ahead_though_its_day_has_begun(house: House) -> None:
    house.person("Ann Example", ANNA, language="en")
    house.enable()
    house.clock = datetime(2026, 12, 18, 15, tzinfo=UTC)  # a Friday, and ten o'clock has passed
    house.cycle()
    (row,) = house.ledger(purpose="write-news")
    assert row.starts_at == datetime(2026, 12, 21, 9, tzinfo=UTC)


def test_the_event_is_bound_to_somebody_an_employer_may_hear_of(house: House) -> None:
    (only,) = house.settings.accounts
    house.settings = replace(house.settings, accounts=(replace(only, account=replace(only.account, employer=True)),))
    house.person("Rita Example", BORIS, language="en", circles=("recruiter",))
    kim = house.person("Kim Example", ANNA, language="en", circles=("colleague",))
    house.enable()
    house.clock = datetime(2026, 12, 15, 9, tzinfo=UTC)
    house.cycle()
    assert [row.contact_id for row in house.ledger(purpose="write-news")] == [kim]


def test_the_event_that_asks_for_news_goes_with_its_quarter(house: House) -> None:
    house.person("Ann Example", ANNA, language="en")
    house.enable()
    house.clock = datetime(2026, 12, 15, 9, tzinfo=UTC)
    house.cycle()
    house.clock = datetime(2026, 12, 31, 22, 59, tzinfo=UTC)
    house.cycle(after=timedelta(0))
    assert [r.state for r in house.ledger(purpose="write-news")] == ["written"]
    house.clock = datetime(2026, 12, 31, 23, 1, tzinfo=UTC)
    house.cycle()
    assert [r.state for r in house.ledger(purpose="write-news")] == ["withdrawn"]


def test_one_who_was_told_under_another_name_is_not_told_twice(house: House) -> None:
    ann = house.person("Ann Example", ANNA, language="en")
    other = house.person("A. Example", BORIS, language="en")
    house.settings = replace(house.settings, updates_a_day=1)
    house.enable()
    write(house, "News.\n")
    house.cycle()
    (row,) = house.ledger(purpose="update")
    told, still = (ann, other) if row.contact_id == ann else (other, ann)
    with house.store.write() as conn:
        merge(conn, Rules(house.settings.policies, house.clock), still, [told])
    house.cycle(after=2 * DAY)
    assert [r.state for r in house.ledger(purpose="update")] == ["written"]


def test_nobody_is_told_who_heard_it_in_person(house: House) -> None:
    ann = house.person("Ann Example", ANNA, language="en")
    house.enable()
    write(house, "News.\n")
    house.clock += 2 * DAY
    with house.store.write() as conn:
        hand.log_contact(conn, Rules(house.settings.policies, house.clock), ann, Form.CALL, house.clock)
    house.cycle()
    assert house.ledger(purpose="update") == []


def states(house: House, purpose: str = "update") -> list[tuple[str, str]]:
    return [(r.period, r.state) for r in house.ledger(purpose=purpose)]


def rules(house: House) -> Rules:
    return Rules(house.settings.policies, house.clock)


def test_nobody_gets_the_same_news_twice_in_whatever_quarter_they_stand(house: House) -> None:
    house.person("Ann Example", ANNA, language="en", circles=("mentor",))
    house.person("Boris Titov", BORIS, language="en", circles=("friend",))
    house.enable()
    write(house, "We have **moved** to the river.\n\n## friend\nOnly for friends.\n")
    house.cycle()
    box = next(iter(house.rigs.values()))
    for row in house.ledger(purpose="update"):
        box.user_sends_draft(row.message_id)
    house.clock = datetime(2027, 2, 1, 9, tzinfo=UTC)
    house.person("Vera Sample", VERA, language="en", circles=("friend",))  # a new tie: all is news to her
    for_mentors = "## mentor\nWe have moved to the river.\n\nA word for mentors.\n\n"
    write(house, f"We have moved to the river!\n\n{for_mentors}## friend\nOnly for friends.\n", "2027-Q1.md")
    house.cycle()
    found = letters(house)
    assert set(found) == {ANNA, VERA}  # there is nothing new to Boris
    assert "A word for mentors" in found[ANNA] and "river" not in found[ANNA]
    assert "river" in found[VERA] and "Only for friends" in found[VERA]


def test_what_was_never_sent_and_was_taken_back_may_be_told_next_quarter(house: House) -> None:
    house.person("Ann Example", ANNA, language="en")
    house.enable()
    write(house, "We have moved to the river.\n")
    house.cycle()
    house.clock = datetime(2027, 2, 1, 9, tzinfo=UTC)
    write(house, "We have moved to the river.\n", "2027-Q1.md")
    house.cycle()
    house.cycle()
    assert states(house) == [("2026-Q4", "withdrawn"), ("2027-Q1", "written")]


def test_a_slip_of_the_pen_mended_later_does_not_make_the_news_newer(house: House) -> None:
    house.settings = replace(house.settings, updates_a_day=1)
    house.person("Ann Example", ANNA, language="en", tier="key")
    boris = house.person("Boris Titov", BORIS, language="en")
    house.enable()
    folder = house.settings.updates
    assert folder is not None
    folder.mkdir()
    path = folder / "2026-Q4.md"
    path.write_text("We have moved to teh river.\n")
    os.utime(path, (house.clock.timestamp(), house.clock.timestamp()))
    house.cycle()
    with house.store.write() as conn:  # he hears it on the telephone before his turn comes
        hand.log_contact(conn, rules(house), boris, Form.CALL, house.clock)
    house.clock += DAY
    path.write_text("We have moved to the river.\n")
    os.utime(path, (house.clock.timestamp(), house.clock.timestamp()))
    house.cycle()
    house.cycle(after=DAY)
    assert set(letters(house)) == {ANNA}


def test_a_file_with_a_mistake_in_it_costs_no_letter_and_one_that_was_away_neither(house: House) -> None:
    ann = house.person("Ann Example", ANNA, language="en")
    house.enable()
    path = write(house, "We have moved to the river.\n")
    text = path.read_text()
    house.cycle()
    path.write_text(f"{text}\nDear {{name}}")  # saved halfway
    assert "no placeholders" in run_cycle(house.deps()).errors[0]
    run_cycle(house.deps())
    assert states(house) == [("2026-Q4", "written")]
    path.unlink()
    house.cycle()
    assert states(house) == [("2026-Q4", "withdrawn")]
    path.write_text(text)
    house.cycle()
    assert states(house) == [("2026-Q4", "withdrawn"), ("2026-Q4~1", "written")]
    path.write_text(f"{text}\nDear {{name}}")
    with house.store.write() as conn:
        book.pause(conn, ann, None)
    run_cycle(house.deps())  # the user's word on a person holds whatever the file says
    assert {state for _, state in states(house)} == {"withdrawn"}


def test_letters_of_last_quarter_that_still_lie_there_take_nobodys_turn(house: House) -> None:
    house.settings = replace(house.settings, updates_a_day=1)
    house.person("Ann Example", ANNA, language="en", tier="key")
    house.enable()
    write(house, "We have moved to the river.\n")
    house.cycle()
    (row,) = house.ledger(purpose="update")
    next(iter(house.rigs.values())).user_edits_draft(row.message_id, "In other words.")
    house.cycle()
    house.person("Boris Titov", BORIS, language="en")
    house.clock = datetime(2027, 2, 1, 9, tzinfo=UTC)
    write(house, "There is more.\n", "2027-Q1.md")
    house.cycle()
    assert BORIS in letters(house)
    with house.store.read() as conn:
        shares = situation(house.deps(), conn, house.clock).shares
    assert [len(s) for s in (shares.now, shares.later, shares.left, shares.stuck)] == [0, 0, 0, 1]


def test_whom_no_account_may_write_to_takes_nobodys_turn(house: House) -> None:
    house.settings = replace(
        house.settings,
        updates_a_day=1,
        accounts=(AccountSettings(Account("home", "memory", ME, employer=True)),),
    )
    house.person("Ann Example", ANNA, language="en", tier="key", circles=("recruiter",))
    house.person("Boris Titov", BORIS, language="en")
    house.enable()
    write(house, "We have moved to the river.\n")
    house.cycle()
    assert set(letters(house)) == {BORIS}


def test_news_that_made_room_for_a_stronger_letter_come_the_next_day(house: House) -> None:
    ann = house.person("Ann Example", ANNA, language="en")
    house.enable()
    write(house, "We have moved to the river.\n")
    house.cycle()
    with house.store.write() as conn:
        note(conn, ann, "achievement", "spoke at PyCon", house.clock.date(), house.clock)
    house.cycle()
    house.cycle()
    assert states(house) == [("2026-Q4", "superseded")]
    assert [state for _, state in states(house, "congratulations")] == ["written"]
    house.cycle(after=DAY)
    assert states(house) == [("2026-Q4", "superseded"), ("2026-Q4~1", "written")]


def test_news_in_letters_a_reader_does_not_read_are_not_for_them(house: House) -> None:
    house.person("Ann Example", ANNA, language="en")
    house.person("Борис Титов", BORIS, language="ru")
    house.enable()
    write(house, "Привет, новости.\n")  # nothing tells which of the languages in these letters it is
    house.cycle()
    assert set(letters(house)) == {BORIS}


def test_the_event_that_asks_for_news_survives_whom_it_was_bound_to(house: House) -> None:
    ann = house.person("Ann Example", ANNA, language="en")
    house.person("Boris Titov", BORIS, language="en")
    house.enable()
    house.clock = datetime(2026, 12, 15, 9, tzinfo=UTC)
    house.cycle()
    (row,) = house.ledger(purpose="write-news")
    assert row.contact_id == ann
    with house.store.write() as conn:
        forget(conn, ann, SECRET, house.clock, list(house.rigs))
    house.cycle()
    house.cycle()
    (row,) = house.ledger(purpose="write-news")
    assert row.contact_id != ann
    with house.store.read() as conn:
        assert conn.execute(select(contact.c.name)).scalars().all() == ["Boris Titov"]
    asking = [e for e in next(iter(house.rigs.values())).reminders() if e.uid == row.uid]
    assert len(asking) == 1


# -- who is told -------------------------------------------------------------------------------------


def groups(house: House) -> Readers:
    with house.store.read() as conn:
        return readers(conn, situation(house.deps(), conn, house.clock), "2026-Q4")


def everybody_once(found: Readers) -> list[str]:
    """The names in all groups but the one that repeats some of ``made``."""
    with_words = [name for name, _ in (*found.made, *found.without)]
    return sorted([*with_words, *found.now, *found.later, *found.left, *found.stuck, *found.behind])


def test_everybody_the_news_are_meant_for_is_in_exactly_one_group(house: House) -> None:
    house.settings = replace(house.settings, updates_a_day=1)
    names = ["Vera Sample", "Boris Titov", "Ann Example", "Mute Example", "Met Example", "Desk Example", "Two Example"]
    house.person("Vera Sample", VERA, language="en", tier="key")
    boris = house.person("Boris Titov", BORIS, language="en", tier="key")
    house.person("Ann Example", ANNA, language="en")
    house.person("Mute Example", "mute@example.net")
    met = house.person("Met Example", "met@example.net", language="en")
    house.person("Desk Example", "desk@example.net", language="en")
    house.person("Two Example", "two@example.net", language="en", tier="supporting")
    house.person("Rita Example", "rita@example.net", language="en", circles=("hr",))
    write(house, "## partner\nAll is well.\n")
    assert everybody_once(groups(house)) == sorted(names)
    assert {why for _, why in groups(house).without} == {
        "nothing is drafted before `kith enable`", "the language is not known",
    }  # fmt: skip
    house.enable()
    with house.store.write() as conn:
        rules = Rules(house.settings.policies, house.clock)
        hand.log_contact(conn, rules, met, Form.CALL, house.clock)
        note(conn, boris, "achievement", "your talk", house.clock.date(), house.clock)
    house.clock += timedelta(minutes=1)
    before = groups(house)
    assert everybody_once(before) == sorted(names)
    assert before.behind == ("Boris Titov",), "he is congratulated today"
    assert dict(before.without)["Met Example"] == "you met or talked since it was written"
    house.cycle()
    for _ in range(8):
        found = groups(house)
        assert everybody_once(found) == sorted(names)
        house.cycle(after=DAY)
    assert {name for name, _ in groups(house).made} == set(names) - {"Mute Example", "Met Example"}


def test_a_letter_taken_back_and_wanted_again_stands_only_among_those_to_come(house: House) -> None:
    house.person("Ann Example", ANNA, language="en")
    house.enable()
    path = write(house, "All is well.\n")
    house.cycle()
    assert groups(house).made == (("Ann Example", "written"),)
    there = path.read_text(encoding="utf-8")
    path.unlink()
    house.cycle()
    assert groups(house).made == (("Ann Example", "withdrawn"),)
    path.write_text(there, encoding="utf-8")
    assert (groups(house).made, groups(house).now) == ((), ("Ann Example",))


def test_those_who_are_written_before_the_news_were_and_know_all_of_them_are_told_so(house: House) -> None:
    house.person("Ann Example", ANNA, language="en")
    write(house, "All is well.\n")
    house.clock += 2 * DAY
    house.enable(days=1)
    assert dict(groups(house).without)["Ann Example"].startswith("it was written before you said `kith enable`")
    house.enable(days=30)
    house.clock += DAY
    write(house, "All is well.\n").write_text("+++\nwritten = 2027-01-05\n+++\nAll is well.\n", encoding="utf-8")
    assert "dated 2027-01-05" in dict(groups(house).without)["Ann Example"]


def test_what_one_edition_says_to_all_is_meant_for_all_but_those_at_rest(house: House) -> None:
    house.person("Ann Example", ANNA, circles=("friend",))
    boris = house.person("Boris Titov", BORIS, circles=("friend",))
    with house.store.write() as conn:
        book.pause(conn, boris, None)
    house.enable()
    write(house, "All is well with me and mine.\n")
    write(house, "", "2026-Q4.ru.md").write_text('+++\ncircles = ["mentor"]\n+++\nВсё хорошо.\n', encoding="utf-8")
    assert everybody_once(groups(house)) == ["Ann Example"]


def test_whose_letter_waits_for_room_is_named_once(house: House) -> None:
    """A check-in was begun today, before the news were there: it makes room, and the news follow at once."""
    writes = Policy(drafts=frozenset({"check-in", "update"}))
    house.settings = replace(house.settings, policies=replace(house.settings.policies, circles={"partner": writes}))
    house.person("Ann Example", ANNA, language="en")
    house.enable()
    house.clock += 90 * DAY
    house.cycle()
    assert [r.purpose for r in house.ledger(kind="draft")] == ["check-in"]
    write(house, "All is well.\n", "2027-Q1.md")
    found = groups(house)
    assert (found.now, found.behind) == (("Ann Example",), ())


# -- one mailbox, several people ---------------------------------------------------------------------

HOME = "home@example.net"


def test_who_share_a_mailbox_find_the_news_in_it_once(house: House) -> None:
    house.person("Ann Example", HOME, language="en", tier="key")
    house.person("Bob Example", HOME, language="en")
    house.person("Vera Sample", HOME, VERA, language="en")
    house.enable()
    write(house, "All is well.\n")
    before = groups(house)
    assert before.without == (("Bob Example", "they share an address with Ann Example, who is told"),)
    for _ in range(3):
        house.cycle(after=DAY)
    names = {r.contact_id: r.recipient for r in house.ledger(kind="draft")}
    assert sorted(names.values()) == [HOME, VERA], "and who has an address of their own is written to there"
    assert groups(house).without == before.without
    assert everybody_once(groups(house)) == ["Ann Example", "Bob Example", "Vera Sample"]


def test_where_the_other_needs_no_letter_it_goes_to_the_one_who_does(house: House) -> None:
    ann = house.person("Ann Example", HOME, language="en", tier="key")
    house.person("Bob Example", HOME, language="en")
    house.enable()
    write(house, "All is well.\n")
    house.cycle()
    with house.store.write() as conn:
        hand.log_contact(conn, Rules(house.settings.policies, house.clock), ann, Form.CALL, house.clock)
    house.cycle()
    house.cycle()
    assert [(r.contact_id == ann, r.state) for r in house.ledger(kind="draft")] == [
        (True, "withdrawn"),
        (False, "written"),
    ]


def test_what_is_meant_for_the_other_alone_reaches_them_in_the_mailbox_they_share(house: House) -> None:
    house.person("Ann Example", HOME, language="en", tier="key", circles=("partner",))
    house.person("Bob Example", HOME, language="en", circles=("mentor",))
    house.person("Cleo Example", HOME, language="en", tier="supporting", circles=("friend",))
    house.enable()
    write(house, "All is well.\n\n## mentor\n\nYour advice helped.\n")
    house.cycle()
    assert dict(groups(house).made) == {"Ann Example": "written", "Bob Example": "written"}
    assert dict(groups(house).without) == {"Cleo Example": "they share an address with Ann Example, who is told"}


@pytest.mark.parametrize("sent", [True, False])
def test_what_one_was_told_there_is_not_new_to_the_other_in_the_next_quarter(house: House, sent: bool) -> None:
    ann = house.person("Ann Example", HOME, language="en", tier="key")
    house.person("Bob Example", HOME, language="en")
    house.enable()
    write(house, "The book is out.\n")
    house.cycle()
    rig = next(iter(house.rigs.values()))
    (made,) = house.ledger(kind="draft")
    if sent:
        rig.user_sends_draft(made.message_id)
    else:  # it lies there still, and nobody was told anything
        rig.user_edits_draft(made.message_id, "Dear Ann, there is a book.")
        house.cycle()
    house.clock = datetime(2027, 2, 1, 9, tzinfo=UTC)
    write(house, "The book is out.\n\nIt sells well.\n", "2027-Q1.md")
    with house.store.write() as conn:
        hand.log_contact(conn, Rules(house.settings.policies, house.clock), ann, Form.CALL, house.clock)
    house.cycle()
    text = letters(house)[HOME]
    assert text.startswith("Dear Bob") and "It sells well." in text and ("The book is out." in text) is not sent


def test_whom_no_account_may_write_to_keeps_nobody_from_their_letter(house: House) -> None:
    (account,) = house.settings.accounts
    house.settings = replace(
        house.settings, accounts=(replace(account, account=replace(account.account, employer=True)),)
    )
    house.person("Ann Example", HOME, language="en", tier="key", circles=("recruiter",))
    house.person("Bob Example", HOME, language="en")
    house.settings = replace(
        house.settings,
        policies=replace(house.settings.policies, circles={"recruiter": Policy(drafts=frozenset({"update"}))}),
    )
    house.enable()
    write(house, "All is well.\n")
    house.cycle()
    assert groups(house).stuck == ("Ann Example",) and dict(groups(house).made) == {"Bob Example": "written"}
