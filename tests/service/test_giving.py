"""Sharing, introducing, marking and telling, through a whole house."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import update

from daemon.config.settings import AccountSettings
from daemon.core.errors import UserMistake
from daemon.core.model import Account, Form
from daemon.core.reasons import RECOMMENDATION
from daemon.service import contacts as book
from daemon.service import giving, hand, marks, noting, telling
from daemon.service.joining import merge
from daemon.service.judging import Rules
from daemon.service.people import people
from daemon.store import favours, reasons
from daemon.store.tables import contact, ledger
from tests.contract.rig import ME
from tests.contract.rig_memory import MemoryRig
from tests.contract.samples import ANNA, BORIS, VERA
from tests.service.house import House, letter

pytestmark = pytest.mark.memory_only
DAY = timedelta(days=1)
SPOKEN = ("en", "ru")


def letters(house: House, account: str = "home") -> dict[str, str]:
    found = {}
    for raw in house.rigs[account].drafts():
        message = message_from_bytes(raw, policy=policy.default)
        assert isinstance(message, EmailMessage)
        body = message.get_body(("plain",))
        assert body is not None
        (to,) = message["To"].addresses
        found[str(to.addr_spec)] = f"{message['Subject']}\n{body.get_content()}".replace("\r\n", "\n")
    return found


def rules(house: House) -> Rules:
    return Rules(house.settings.policies, house.clock)


def share(house: House, what: str, *to: str, **notes: str) -> telling.Asked:
    with house.store.write() as conn:
        return giving.share(conn, house.settings, SPOKEN, what, to, notes, "Gardens", house.clock)


def test_what_is_shared_goes_to_each_of_a_circle_in_a_letter_of_their_own(house: House) -> None:
    house.person("Ann Example", ANNA, language="en", circles=("mentor",))
    house.person("Борис Титов", BORIS, language="ru", circles=("mentor",))
    vera = house.person("Vera Sample", VERA, language="en", circles=())  # known, not kept: named, she gets it
    house.enable()
    asked = share(house, "https://example.org/gardens", "mentor", "Vera Sample", en="Chapter two is the best.")
    assert asked.names == ("Ann Example", "Vera Sample")
    assert asked.without == (("Борис Титов", "you gave no words in ru"),)
    house.cycle()
    assert dict(share(house, "https://example.org/gardens", "mentor", en="Chapter two is the best.").without)[
        "Ann Example"
    ]
    found = letters(house)
    assert set(found) == {ANNA, VERA}
    assert all("https://example.org/gardens" in t and "Chapter two" in t and "“Gardens”" in t for t in found.values())
    with house.store.write() as conn:
        conn.execute(update(contact).where(contact.c.id == vera).values(state="do-not-contact"))
        assert favours.cancel(conn, "share", favours.errands(conn, "share")[0].id)
    house.cycle()
    assert {r.state for r in house.ledger(purpose="share")} == {"withdrawn"}


def test_a_text_can_be_shared_and_nothing_is_attached(house: House, tmp_path: Path) -> None:
    house.person("Ann Example", ANNA, language="en")
    house.enable()
    (tmp_path / "note.md").write_text("A *good* letter is short.")
    (tmp_path / "paper.pdf").write_bytes(b"%PDF-1.7\x00\xff")
    for wrong in ("javascript://x", str(tmp_path / "paper.pdf"), str(tmp_path / "none.txt")):
        with pytest.raises(UserMistake):
            share(house, wrong, ANNA)
    assert share(house, str(tmp_path / "note.md"), "Ann Example").names == ("Ann Example",)
    house.cycle()
    assert "A good letter is short." in letters(house)[ANNA]


def test_an_introduction_is_a_letter_to_each_that_tells_no_address(house: House) -> None:
    ann = house.person("Ann Example", ANNA, language="en", title="Head of Data", organisation="Example")
    boris = house.person("Boris Titov", BORIS, language="en")
    house.enable()
    with house.store.write() as conn:
        why = {"en": "You both garden."}
        asked = giving.introduce(conn, house.settings, SPOKEN, ("Ann Example", BORIS), why, house.clock)
        with pytest.raises(UserMistake):
            giving.introduce(conn, house.settings, SPOKEN, (ANNA, "Ann Example"), why, house.clock)
    assert set(asked.names) == {"Ann Example", "Boris Titov"}
    house.cycle()
    found = letters(house)
    assert "Ann Example (Head of Data, Example)" in found[BORIS] and ANNA not in found[BORIS]
    assert "Boris Titov" in found[ANNA] and BORIS not in found[ANNA] and "You both garden." in found[ANNA]
    with house.store.write() as conn:  # once one of them must not be written about, both letters go
        conn.execute(update(contact).where(contact.c.id == boris).values(state="deceased"))
    house.cycle()
    assert {r.state for r in house.ledger(purpose="introduce")} == {"withdrawn"}
    with house.store.write() as conn:
        merge(conn, rules(house), ann, [boris])
        assert favours.errands(conn, "introduce") == []


def test_of_two_who_read_one_address_one_gets_a_link_and_they_are_not_introduced(house: House) -> None:
    home = "home@example.net"
    house.person("Ann Example", home, tier="key")  # in nobody knows which language: Bob's letter does not wait for it
    house.person("Bob Example", home, language="en")
    house.person("Cleo Example", home, language="en", tier="supporting")
    house.enable()
    asked = share(house, "https://example.org/page", "partner")
    assert asked.names == ("Bob Example",)
    assert dict(asked.without)["Cleo Example"] == "they share an address with Bob Example, who is told"
    with house.store.write() as conn, pytest.raises(UserMistake, match="read one address"):
        giving.introduce(conn, house.settings, SPOKEN, ("Bob Example", "Cleo Example"), {}, house.clock)


def test_each_of_two_introduced_may_be_given_words_of_their_own(house: House) -> None:
    house.person("Ann Example", ANNA, language="en")
    house.person("Boris Titov", BORIS, language="ru")
    house.enable()
    alone = {"en": "He built the calendar you asked about."}, {"ru": "Она ищет такого мастера, как вы."}
    with house.store.write() as conn:
        asked = giving.introduce(conn, house.settings, SPOKEN, (ANNA, BORIS), {}, house.clock, alone=alone)
    assert set(asked.names) == {"Ann Example", "Boris Titov"} and not asked.doubt
    house.cycle()
    found = letters(house)
    assert alone[0]["en"] in found[ANNA] and alone[1]["ru"] not in found[ANNA]
    assert alone[1]["ru"] in found[BORIS] and alone[0]["en"] not in found[BORIS]


def test_words_for_both_that_speak_of_one_of_them_are_doubted(house: House) -> None:
    for name, address in (("Ann Example", ANNA), ("Борис Титов", BORIS)):
        house.person(name, address, language="en")

    def doubt(why: str, *alone: str) -> str:
        with house.store.write() as conn:
            own = tuple({"en": words} for words in alone) or ({}, {})
            return giving.introduce(
                conn, house.settings, SPOKEN, (ANNA, BORIS), {"en": why}, house.clock, alone=(own[0], own[1])
            ).doubt

    assert doubt("You both garden.") == ""
    assert "of Ann Example as of somebody else" in doubt("Ann looks for a gardener.")
    assert "Ann Example and Борис Титов" in doubt("Ann ищет садовника, я рассказываю ей о Борисе.")
    assert doubt("Ann looks for a gardener.", "He gardens.", "Ann looks for a gardener.") == ""


def test_an_employer_never_hears_of_a_candidate_introduced_to_a_colleague(house: House, work: MemoryRig) -> None:
    house.rigs = {"work": work}
    employer = AccountSettings(Account("work", "memory", ME, employer=True))
    house.settings = replace(house.settings, accounts=(employer,))  # no other account there is
    house.person("Ann Example", ANNA, language="en", circles=("colleague",))
    boris = house.person("Boris Titov", BORIS, language="en", circles=("candidate",))
    house.enable()
    with house.store.write() as conn:
        giving.introduce(conn, house.settings, SPOKEN, (ANNA, BORIS), {}, house.clock)
    house.cycle()
    assert house.ledger(purpose="introduce") == []
    with house.store.write() as conn:
        book.edit(conn, rules(house), boris, book.Change(circles=("partner",), not_circles=("candidate",)))
    house.cycle()
    assert {r.state for r in house.ledger(purpose="introduce")} == {"written"}
    with house.store.write() as conn:
        book.edit(conn, rules(house), boris, book.Change(circles=("candidate",)))
    house.cycle()
    assert letters(house, "work") == {}


def test_an_employer_never_hears_that_one_looks_for_work(house: House, work: MemoryRig) -> None:
    """Whoever recommended the user or had them for an interview is in no circle of job hunting."""
    house.rigs = {"work": work, **house.rigs}
    (own,) = house.settings.accounts
    employers = AccountSettings(Account("work", "memory", ME, employer=True))
    house.settings = replace(house.settings, accounts=(employers, own))
    ann = house.person("Ann Example", ANNA, language="en", circles=("mentor",))
    boris = house.person("Boris Titov", BORIS, language="en", circles=("expert",))
    vera = house.person("Vera Sample", "vera@example.org", circles=("expert",))  # a reminder, in no language
    for n, who in enumerate((ANNA, BORIS)):
        work.add_mail("Sent", letter(f"w{n}", house.clock - DAY, ME, who))
    house.enable()
    house.cycle()
    with house.store.write() as conn:
        noting.note(conn, ann, RECOMMENDATION, "for the lead's post", house.clock.date(), house.clock)
        noting.note(conn, vera, RECOMMENDATION, "", house.clock.date(), house.clock)
        for each in (boris, vera):
            hand.log_contact(conn, rules(house), each, Form.MEETING, house.clock, interview=True)
    house.cycle()
    assert {ANNA, BORIS} <= set(letters(house, "home")) and letters(house, "work") == {}
    house.settings = replace(house.settings, outcome_after=DAY)
    house.cycle(after=2 * DAY)
    with house.store.write() as conn:
        marks.outcome(conn, house.settings, SPOKEN, ann, {"en": "I got it."}, house.clock)
    house.cycle()
    about = ("thanks", "outcome")
    assert {(r.purpose, r.kind, r.account) for r in house.ledger() if r.purpose in about} == {
        ("thanks", "draft", "home"), ("thanks", "reminder", "home"),
        ("outcome", "draft", "home"), ("outcome", "reminder", "home"),
    }  # fmt: skip


def test_the_question_how_it_turned_out_moves_out_of_an_account_that_becomes_an_employers(
    house: House, work: MemoryRig
) -> None:
    house.rigs = {"work": work, **house.rigs}
    (own,) = house.settings.accounts
    works = AccountSettings(Account("work", "memory", ME))
    house.settings = replace(house.settings, accounts=(works, own), outcome_after=DAY)
    ann = house.person("Ann Example", ANNA, language="en", circles=("mentor",))
    house.enable()
    with house.store.write() as conn:
        noting.note(conn, ann, RECOMMENDATION, "", house.clock.date(), house.clock)
    house.cycle(after=2 * DAY)
    assert len(work.reminders()) == 1
    hers = replace(works, account=replace(works.account, employer=True))
    house.settings = replace(house.settings, accounts=(hers, own))
    house.cycle()
    house.cycle()
    assert not work.reminders() and len(house.rigs["home"].reminders()) == 1


def test_marks_tip_the_account_and_the_next_letter_offers_something(house: House) -> None:
    ann = house.person("Ann Example", ANNA, language="en")
    house.enable()
    with house.store.write() as conn:
        hand.log_contact(conn, rules(house), ann, Form.CALL, house.clock - 99 * DAY)  # they know each other
        entry = hand.log_contact(conn, rules(house), ann, Form.MEETING, house.clock - DAY)
        marks.mark_entry(conn, house.settings, entry, (), ("advice", "vacancy", "advice"), house.clock)
    house.cycle()
    text = letters(house)[ANNA]
    assert any(words in text for words in ("in return", "be of help", "could do for you"))
    with house.store.write() as conn:
        assert len(favours.rows(conn, ann)) == 2
        hand.undo_log(conn, rules(house), entry)
        assert favours.rows(conn, ann) == []


def test_a_recommendation_is_thanked_for_asked_about_and_its_outcome_told(house: House) -> None:
    ann = house.person("Ann Example", ANNA, language="en")
    house.enable()
    with house.store.write() as conn:
        noting.note(conn, ann, RECOMMENDATION, "the lead's post", house.clock.date(), house.clock)
    house.cycle()
    assert [r.purpose for r in house.ledger(kind="draft")] == ["thanks"]
    house.cycle(after=92 * DAY)
    house.cycle()
    (asked,) = house.ledger(purpose="outcome")
    assert (asked.kind, asked.state) == ("reminder", "written")
    with house.store.write() as conn:
        assert "letter follows" in marks.outcome(
            conn, house.settings, SPOKEN, ann, {"en": "I start in May."}, house.clock
        )
        with pytest.raises(UserMistake):
            marks.outcome(conn, house.settings, SPOKEN, ann, {"en": "I start in May."}, house.clock)
    house.cycle()
    assert sorted((r.kind, r.state) for r in house.ledger(purpose="outcome")) == [
        ("draft", "written"),
        ("reminder", "withdrawn"),
    ]
    text = letters(house)[ANNA]
    assert "I start in May." in text and "the lead's post" in text
    with house.store.write() as conn:
        reasons.unnote(conn, reasons.notes(conn)[0].id)
        assert favours.rows(conn, ann) == []


def test_help_of_long_ago_is_marked_and_not_thanked_for_and_a_recommendation_comes_first(house: House) -> None:
    ann = house.person("Ann Example", ANNA, language="en")
    with house.store.write() as conn:
        for days, got, said in (
            (9, "recommendation", "Marked."),
            (8, "introduction", "Marked."),
            (6, "introduction", ""),
        ):
            entry = hand.log_contact(conn, rules(house), ann, Form.CALL, house.clock - days * DAY)
            told = marks.mark_entry(conn, house.settings, entry, (), (got,), house.clock)
            assert (told == "Marked.") is bool(said)
        marks.outcome(conn, house.settings, SPOKEN, ann, {"en": "I start in May."}, house.clock)
        (done,) = [row.what.kind for row in favours.rows(conn, ann) if row.what.outcome_at]
    assert done == "recommendation"


def test_a_link_counts_as_given_once_it_is_sent(house: House) -> None:
    ann = house.person("Ann Example", ANNA, language="en")
    house.enable()
    with house.store.write() as conn:
        entry = hand.log_contact(conn, rules(house), ann, Form.CALL, house.clock - DAY)
        marks.mark_entry(conn, house.settings, entry, (), ("advice",), house.clock)
    share(house, "https://example.org/gardens", ANNA)
    house.cycle()
    for state, one_sided in (("written", True), ("sent", False)):
        with house.store.write() as conn:
            conn.execute(update(ledger).where(ledger.c.purpose == "share").values(state=state))
            (person,) = people(conn, house.settings, house.clock, only=[ann])
        assert person.one_sided is one_sided


def states(house: House, purpose: str) -> list[str]:
    return [r.state for r in house.ledger(purpose=purpose)]


def test_what_was_taken_back_and_asked_for_again_is_written_again_in_the_new_words(house: House) -> None:
    house.person("Ann Example", ANNA, language="en")
    house.enable()
    share(house, "https://example.org/gardens", ANNA, en="Chapter to.")
    share(house, "https://example.org/gardens", ANNA, en="Chapter too.")  # nothing was written yet: these words hold
    house.cycle()
    assert "Chapter too." in letters(house)[ANNA]
    with house.store.write() as conn:
        assert favours.cancel(conn, "share", favours.errands(conn, "share")[0].id)
    assert share(house, "https://example.org/gardens", ANNA, en="Chapter two.").names == ("Ann Example",)
    house.cycle()
    assert share(house, "https://example.org/gardens", ANNA, en="Chapter three.").names == ()  # one link, one letter
    assert states(house, "share") == ["withdrawn", "written"] and "Chapter two." in letters(house)[ANNA]
    with house.store.write() as conn:
        assert favours.cancel(conn, "share", favours.errands(conn, "share")[0].id)
    house.cycle()
    share(house, "https://example.org/gardens", ANNA, en="Chapter two.")
    house.cycle()
    assert states(house, "share") == ["withdrawn", "withdrawn", "written"]


def test_two_long_addresses_that_differ_at_their_end_are_two(house: House) -> None:
    house.person("Ann Example", ANNA, language="en")
    long = "https://example.org/a-very-long-path/that-goes-on-and-on/and-on-until-it-ends?page="
    assert share(house, f"{long}1", ANNA).names == share(house, f"{long}2", ANNA).names == ("Ann Example",)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xcf\xf0\xe8\xe2\xe5\xf2", "save it as UTF-8"),  # Windows-1251
        (b"x" * 100_001, "no short text"),
        (b"\0" * 9, "no short text"),
        ("\u202e \u200b".encode(), "is empty"),
        (None, "no file"),
    ],
)
def test_what_is_no_short_text_is_refused_in_a_sentence(tmp_path: Path, content: bytes | None, says: str) -> None:
    path = tmp_path / "note.txt"
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(UserMistake, match=says):
        giving.material(str(path))


def test_a_huge_file_is_not_read_through_and_a_pipe_not_waited_for(tmp_path: Path) -> None:
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(1 << 40)  # a terabyte of nothing
    os.mkfifo(tmp_path / "pipe")
    for name in ("huge", "pipe"):
        with pytest.raises(UserMistake):
            giving.material(str(tmp_path / name))


@pytest.mark.parametrize(
    "what", ["https://example.org/a\u202egnp.exe", "https://exa\u200bmple.org/", "https://a b.org"]
)
def test_an_address_with_letters_nobody_sees_is_refused(what: str) -> None:
    with pytest.raises(UserMistake, match="https://"):
        giving.material(what)


def test_addresses_and_texts_as_people_have_them(tmp_path: Path) -> None:
    for link in ("HTTPS://Example.org/A_(b)?q=1&r={{7*7}}#x", "https://пример.example/сад_и_огород"):
        assert giving.material(f" {link} ") == (link, "")
    (tmp_path / "notepad.txt").write_bytes("Сад и огород.\r\n".encode("utf-16"))
    (tmp_path / "bom.txt").write_bytes("\ufeffGardens.".encode())
    assert giving.material(str(tmp_path / "notepad.txt"))[1] == "Сад и огород."
    assert giving.material(str(tmp_path / "bom.txt"))[1] == "Gardens."


def test_an_odd_address_comes_out_of_the_letter_as_it_went_in(house: House) -> None:
    house.person("Ann Example", ANNA, language="en")
    house.enable()
    link = "https://example.org/a_b_(c)*d*?q={{7*7}}&r=%7Bname%7D#e"
    share(house, link, ANNA)
    house.cycle()
    assert f"\n{link}\n" in letters(house)[ANNA]


def test_an_introduction_taken_back_is_so_for_both_and_a_pause_that_is_over_stops_none(house: House) -> None:
    house.person("Ann Example", ANNA, language="en")
    boris = house.person("Boris Titov", BORIS, language="en")
    with house.store.write() as conn:
        conn.execute(
            update(contact).where(contact.c.id == boris).values(state="paused", paused_until=house.clock - DAY)
        )
    house.enable()
    with house.store.write() as conn:
        asked = giving.introduce(conn, house.settings, SPOKEN, (ANNA, BORIS), {}, house.clock)
    assert len(asked.names) == 2
    house.cycle()
    assert states(house, "introduce") == ["written", "written"]
    with house.store.write() as conn:
        assert favours.cancel(conn, "introduce", favours.errands(conn, "introduce")[0].id)
    house.cycle()
    assert letters(house) == {}


def test_a_mark_taken_back_takes_its_letter_of_thanks_along(house: House) -> None:
    ann = house.person("Ann Example", ANNA, language="en")
    house.enable()
    with house.store.write() as conn:
        hand.log_contact(conn, rules(house), ann, Form.CALL, house.clock - 99 * DAY)
        first = hand.log_contact(conn, rules(house), ann, Form.CALL, house.clock)
        marks.mark_entry(conn, house.settings, first, (), ("recommendation", "advice"), house.clock)
        second = hand.log_contact(conn, rules(house), ann, Form.CHAT, house.clock)
        marks.mark_entry(conn, house.settings, second, (), ("advice",), house.clock)
        assert len(favours.rows(conn, ann)) == 3  # each piece of advice counts
    house.cycle()
    assert states(house, "thanks") == ["written"]
    with house.store.write() as conn:
        hand.undo_log(conn, rules(house), first)
        assert [r.what.kind for r in favours.rows(conn, ann)] == ["advice"]
    house.cycle()
    assert states(house, "thanks") == ["withdrawn"]


def test_an_outcome_says_if_no_letter_can_follow_and_can_be_taken_back(house: House) -> None:
    ann = house.person("Ann Example", ANNA, language="en")
    house.enable()
    with house.store.write() as conn:
        noting.note(conn, ann, RECOMMENDATION, "the lead's post", house.clock.date(), house.clock)
        noting.note(conn, ann, RECOMMENDATION, "the garden", house.clock.date() - 9 * DAY, house.clock)

    def told(texts: dict[str, str], **which: int) -> str:
        with house.store.write() as conn:
            return marks.outcome(conn, house.settings, SPOKEN, ann, texts, house.clock, **which)

    with house.store.read() as conn:
        numbers = {r.what.title: r.id for r in favours.rows(conn, ann)}
    assert "no words in en" in told({"ru": "Начинаю в мае."}, favour=numbers["the garden"])
    with house.store.write() as conn:
        marks.take_outcome_back(conn, numbers["the garden"])
        with pytest.raises(UserMistake):
            marks.take_outcome_back(conn, numbers["the garden"])
    assert "letter follows" in told({"en": "The gardn is ours."}, favour=numbers["the garden"])
    house.cycle()
    with house.store.write() as conn:
        marks.take_outcome_back(conn, numbers["the garden"])
    with pytest.raises(UserMistake, match="in Drafts, or run"):
        told({"en": "The garden is ours."}, favour=numbers["the garden"])
    house.cycle()
    told({"en": "The garden is ours."}, favour=numbers["the garden"])
    house.cycle()
    assert states(house, "outcome") == ["withdrawn", "written"]
    assert "The garden is ours." in letters(house)[ANNA]
