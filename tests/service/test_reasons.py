"""What the user tells, and what is guessed: from a word at the command line or a changed card to a draft."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import select

from daemon.config.holidays import shipped
from daemon.config.settings import AccountSettings
from daemon.core.errors import UserMistake
from daemon.core.guesses import Guess
from daemon.core.model import Account, Card, CardPage, Form, NamedDate, Position
from daemon.core.policy import Policies, Policy
from daemon.core.reasons import ACHIEVEMENT, JOB, Noted
from daemon.service import contacts as book
from daemon.service import hand, noting, suggesting, telling
from daemon.service.importing import sync_page
from daemon.service.joining import merge
from daemon.service.judging import Rules
from daemon.service.people import person_of
from daemon.service.people_files import read_paths
from daemon.store import contacts, reasons, suggestions
from daemon.store.tables import contact
from tests.contract.rig import ME
from tests.contract.rig_memory import MemoryRig
from tests.contract.samples import ANNA, BORIS, NOW, STRANGER
from tests.service.house import SECRET, House, letter, meeting

pytestmark = pytest.mark.memory_only
DAY = timedelta(days=1)
TODAY = NOW.date()


def rules(house: House) -> Rules:
    return Rules(house.settings.policies, house.clock)


def drafts(house: House) -> list[EmailMessage]:
    found = [message_from_bytes(d, policy=policy.default) for d in next(iter(house.rigs.values())).drafts()]
    return [m for m in found if isinstance(m, EmailMessage)]


def text(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def made(house: House) -> list[tuple[str, str, str]]:
    return [(r.purpose, r.occasion.partition(":")[0], r.state) for r in house.ledger(kind="draft")]


def questions(house: House) -> dict[str, int]:
    with house.store.read() as conn:
        return {s.guess.kind: s.id for s in suggestions.rows(conn)}


def follows(house: House, who: int, what: Noted) -> str:
    with house.store.read() as conn:
        return noting.follows(conn, person_of(house.deps(), conn, who, house.clock), what, TODAY)


def accept(house: House, number: int) -> str:
    with house.store.write() as conn:
        return suggesting.accept(conn, rules(house), house.settings, number)


def test_a_note_makes_a_letter_in_the_users_words_and_taking_it_back_takes_the_letter(house: House) -> None:
    anna = house.person("Ann Example", ANNA, language="en")
    house.enable()
    with house.store.write() as conn:
        what = noting.note(conn, anna, ACHIEVEMENT, "the keynote\n at  PyCon", TODAY, house.clock)
        with pytest.raises(UserMistake):
            noting.note(conn, anna, ACHIEVEMENT, "the keynote at PyCon", TODAY, house.clock)
    assert "next round" in follows(house, anna, what)
    house.cycle()
    (found,) = drafts(house)
    assert "the keynote at PyCon" in text(found)
    (row,) = house.ledger(kind="draft")
    assert row.source == f"you noted it on {TODAY}"
    with house.store.write() as conn:
        reasons.unnote(conn, reasons.notes(conn)[0].id)
    house.cycle()
    assert [r.state for r in house.ledger(kind="draft")] == ["withdrawn"]


def test_whoever_was_met_at_a_conference_is_kept_and_thanked_when_it_is_over(house: House, tmp_path: Path) -> None:
    boris = house.person("Boris Titov", BORIS, language="en", circles=("mentor",))
    people = tmp_path / "met.txt"
    people.write_text(f"# met at PyCon\nAnn Example <{ANNA}>\nBoris Titov, {BORIS}\nno address here\n")
    house.enable()
    with house.store.write() as conn:
        met = noting.gathered(
            conn, rules(house), "PyCon", (TODAY - DAY, TODAY), read_paths([people]),
            circle="conference", secret=SECRET, me=[ME],
        )  # fmt: skip
        ann = book.find(conn, ANNA)
        book.edit(conn, rules(house), ann, book.Change(fields={"language": "en"}))
        assert contacts.load(conn, [ann])[ann].circles == ("conference",)
        assert contacts.load(conn, [boris])[boris].circles == ("mentor",)
    assert (met.new, met.known, len(met.broken)) == (1, 1, 1)
    house.cycle()
    assert made(house) == []  # it lasts until this evening
    house.cycle(after=timedelta(hours=9))
    assert made(house) == [("thanks", "event", "written")] * 2
    assert all("PyCon" in text(m) for m in drafts(house))
    house.cycle(after=2 * DAY)
    assert made(house) == [("thanks", "event", "written")] * 2


def test_a_trip_is_told_to_whoever_lives_there_and_no_more_once_cancelled(house: House) -> None:
    house.person("Ann Example", ANNA, language="en", city="Kazan")
    house.person("Boris Titov", BORIS, language="en", city="Berlin")
    house.enable()
    with house.store.write() as conn:
        telling.travel(conn, ["Казань", "Kazan"], (TODAY + 5 * DAY, TODAY + 6 * DAY), TODAY, house.clock)
    house.cycle()
    (found,) = drafts(house)
    assert "Kazan" in text(found) and "from 23 to 24 November" in text(found)
    assert found["To"].addresses[0].addr_spec == ANNA
    with house.store.write() as conn:
        reasons.remove_trip(conn, reasons.trips(conn)[0][0])
    house.cycle()
    assert made(house) == [("visit", "trip", "withdrawn")]


def test_own_news_go_out_once_in_words_for_each(house: House) -> None:
    house.person("Ann Example", ANNA, language="en", organisation="Old Works Ltd")
    house.person("Boris Titov", BORIS, language="en", circles=("friend",))
    house.person("Вера", "vera@example.org")
    house.enable()
    with house.store.write() as conn:
        words = telling.by_language("I have moved to Sample and lead a team there.", [], "en")
        telling.tell(conn, words, {"en": "Write to me at this address."}, house.clock, circles=[], old=["Old Works"],
                    new=[])  # fmt: skip
    house.cycle()
    assert sorted(made(house)) == [("news", "change", "written"), ("news", "old-colleague", "written")]
    for message in drafts(house):
        assert "I have moved to Sample" in text(message)
        assert "Write to me at this address." in text(message)
    house.cycle(after=DAY)
    assert len(made(house)) == 2


def test_a_companys_people_are_congratulated_on_its_day(house: House) -> None:
    house.person("Ann Example", ANNA, language="en", organisation="Sample Works GmbH")
    house.enable()
    with house.store.write() as conn:
        reasons.put_company(conn, "Sample Works", f"2001-{TODAY:%m-%d}", house.clock)
    house.cycle()
    (row,) = house.ledger(kind="draft")
    assert (row.reason, row.source) == ("25 years of Sample Works", "your record of the company")
    assert "25 years" in text(drafts(house)[0])


def test_a_professional_holiday_that_is_switched_on(house: House) -> None:
    house.person("Анна Образцова", ANNA, language="ru", profession="Главный бухгалтер", country="Россия")
    house.person("Борис Титов", BORIS, language="ru", profession="Главный бухгалтер")
    house.settings = replace(house.settings, holidays=(shipped()["accountant-ru"],))
    house.enable()
    house.clock = NOW + 3 * DAY  # 21 November
    house.cycle()
    (found,) = drafts(house)
    assert "День бухгалтера" in text(found)
    assert made(house) == [("congratulations", "holiday", "written")]


# -- guesses -----------------------------------------------------------------------------------------


def card(organisation: str, title: str = "Engineer") -> CardPage:
    one = Card("1", "Ann Example", addresses=(ANNA,), organisation=organisation, title=title, language="en")
    return CardPage((one,), Position(), listed=("1",))


def synced(house: House, page: CardPage) -> None:
    with house.store.write() as conn:
        sync_page(conn, "home", "book", page, house.clock, secret=SECRET, me=[ME], rules=rules(house))


def test_a_changed_card_is_a_question_and_only_acceptance_makes_a_letter(house: House) -> None:
    house.person("Ann Example", ANNA, language="en")
    house.enable()
    synced(house, card("Old Works"))
    house.cycle()
    assert questions(house) == {}  # a first word on it is no news
    synced(house, card("OLD WORKS Ltd."))
    assert questions(house) == {}  # nor is another spelling
    synced(house, card("Sample", "Head of Data"))
    house.cycle()
    assert made(house) == []
    accept(house, questions(house)["job"])
    house.cycle()
    assert made(house) == [("congratulations", "job", "written")]
    (row,) = house.ledger(kind="draft")
    assert "carddav:home/book (before: Engineer, OLD WORKS Ltd.)" in row.source
    assert "Head of Data, Sample" in text(drafts(house)[0])
    with pytest.raises(UserMistake):
        accept(house, 1)


def test_what_was_declined_once_is_never_asked_again(house: House) -> None:
    house.person("Ann Example", ANNA)
    synced(house, card("Old Works"))
    synced(house, card("Sample"))
    with house.store.write() as conn:
        suggesting.decline(conn, questions(house)["job"], house.clock)
    synced(house, card("Old Works"))
    synced(house, card("Sample"))
    house.cycle()
    with house.store.read() as conn:
        assert not [s for s in suggestions.rows(conn) if "Sample" in s.guess.about["title"]]


@pytest.mark.parametrize(
    ("to", "headers", "asked"),
    [
        (f"{ME}, {STRANGER}", {}, True),
        (f"{ME}, {BORIS}", {}, True),  # known, but never in touch
        (ME, {}, False),
        (f"{ME}, {STRANGER}, other@example.test", {}, False),
        (f"{ME}, {STRANGER}", {"In_Reply_To": "<x@example.test>"}, False),  # goes on from something
    ],
)
def test_a_letter_to_the_user_and_one_other_may_be_an_introduction(
    house: House, to: str, headers: dict[str, str], asked: bool
) -> None:
    house.person("Ann Example", ANNA, language="en")
    house.person("Boris Titov", BORIS)
    house.enable()
    box = next(iter(house.rigs.values()))
    box.add_mail("INBOX", letter(1, NOW - DAY, ANNA, to, **headers))
    house.cycle()
    assert ("introduction" in questions(house)) is asked
    assert made(house) == []
    assert STRANGER not in repr(house.facts())
    if asked:
        accept(house, questions(house)["introduction"])
        house.cycle()
        assert made(house) == [("thanks", "introduction", "written")]
        house.cycle()
        assert questions(house) == {}


@pytest.mark.parametrize(("later", "asked"), [(True, True), (False, False)])
def test_whoever_wrote_only_after_they_were_introduced_was_no_acquaintance_before(
    house: House, later: bool, asked: bool
) -> None:
    house.person("Ann Example", ANNA, language="en")
    house.person("Boris Titov", BORIS)
    box = next(iter(house.rigs.values()))
    box.add_mail("INBOX", letter(1, NOW - 2 * DAY, ANNA, f"{ME}, {BORIS}"))
    box.add_mail("INBOX", letter(2, NOW - (1 if later else 3) * DAY, BORIS))
    house.cycle()
    assert ("introduction" in questions(house)) is asked


@pytest.mark.parametrize(("days", "asked"), [(13, True), (15, False)])
def test_an_introduction_of_long_ago_is_no_question_of_today(house: House, days: int, asked: bool) -> None:
    house.person("Ann Example", ANNA)
    rig = next(iter(house.rigs.values()))
    rig.add_mail("INBOX", letter(1, NOW - days * DAY, ANNA, f"{ME}, {STRANGER}"))
    house.cycle()
    assert ("introduction" in questions(house)) is asked


def test_words_of_a_subject_are_looked_at_only_where_that_was_allowed(house: House) -> None:
    house.person("Ann Example", ANNA, language="en")
    box = next(iter(house.rigs.values()))
    more = f"{ME}, {STRANGER}, other@example.test"
    box.add_mail("INBOX", letter(1, NOW - DAY, ANNA, more, Subject="Recommendation for the team lead position"))
    house.cycle()
    assert questions(house) == {}
    house.settings = replace(house.settings, read_wording=True)
    house.cycle()
    assert set(questions(house)) == {"recommendation"}


def test_after_much_silence_a_pause_is_proposed_once(house: House) -> None:
    anna = house.person("Ann Example", ANNA)
    box = next(iter(house.rigs.values()))
    for n in range(4):
        box.add_mail("Sent", letter(n, NOW - (50 - 10 * n) * DAY, ME, ANNA))
    house.cycle()
    assert accept(house, questions(house)["pause"]).startswith("Ann Example is paused")
    with house.store.write() as conn:
        assert contacts.load(conn, [anna])[anna].state == "paused"
        book.resume(conn, rules(house), anna)
    house.cycle()
    assert questions(house) == {}


def test_what_follows_upon_a_note_is_said_as_it_is(house: House) -> None:
    anna = house.person("Ann Example", ANNA, language="en")
    what = Noted(ACHIEVEMENT, "t", TODAY, house.clock, "a prize")
    assert "kith enable" in follows(house, anna, what)
    house.enable()
    assert "next round" in follows(house, anna, what)
    later = TODAY + 9 * DAY
    assert f"on {later}" in follows(house, anna, replace(what, day=later))
    assert "language is not known: a reminder" in follows(house, house.person("Ян", "jan@example.org"), what)
    assert "address of theirs works: a reminder" in follows(house, house.person("Ида", language="ru"), what)
    with house.store.write() as conn:
        book.pause(conn, anna, house.clock + DAY)
    assert "paused" in follows(house, anna, what)
    house.clock += 2 * DAY
    assert "next round" in follows(house, anna, what), "the pause is over"
    house.settings = replace(house.settings, policies=Policies(contacts={"Ann Example": Policy(drafts=frozenset())}))
    assert "contact" in follows(house, anna, what)


def test_a_question_that_no_longer_holds_is_asked_no_more(house: House) -> None:
    """They answered, the card says otherwise again: to pause or congratulate them now would be foolish."""
    anna = house.person("Ann Example", ANNA, language="en")
    box = next(iter(house.rigs.values()))
    for n in range(4):
        box.add_mail("Sent", letter(n, NOW - (50 - 10 * n) * DAY, ME, ANNA))
    synced(house, card("Old Works"))
    synced(house, card("Sample"))
    house.cycle()
    asked = questions(house)
    assert set(asked) == {"pause", "job"}
    box.add_mail("INBOX", letter(9, house.clock - DAY / 24, ANNA))
    synced(house, card("Third"))
    house.cycle()
    for gone in asked.values():
        with pytest.raises(UserMistake):
            accept(house, gone)
    with house.store.write() as conn:
        suggesting.gather(conn, house.settings, house.clock)
        assert [s.guess.about["title"] for s in suggestions.rows(conn) if s.guess.kind == JOB] == ["Engineer, Third"]
        assert "pause" not in {s.guess.kind for s in suggestions.rows(conn)}
        assert contacts.load(conn, [anna])[anna].state == ""
        book.pause(conn, anna, house.clock + DAY)
        suggesting.gather(conn, house.settings, house.clock)
        assert suggestions.rows(conn) == [], "of somebody paused nothing is asked"


def test_what_was_declined_of_one_is_not_asked_of_the_two_that_became_one(house: House) -> None:
    keep, other = house.person("Ann Example", "ann@example.org"), house.person("Ann E.", ANNA)
    box = next(iter(house.rigs.values()))
    for n in range(4):
        box.add_mail("Sent", letter(n, NOW - (50 - 10 * n) * DAY, ME, ANNA))
    house.cycle()
    with house.store.write() as conn:
        suggesting.decline(conn, questions(house)["pause"], house.clock)
        merge(conn, rules(house), keep, [other])
        assert suggesting.gather(conn, house.settings, house.clock) == 0


@pytest.mark.parametrize("declined", ["keep", "other", "both"])
def test_of_one_question_about_both_the_word_already_given_counts(house: House, declined: str) -> None:
    """Whichever of the two it was asked of."""
    both = {"keep": house.person("Ann Example", "ann@example.org"), "other": house.person("Ann E.", ANNA)}
    with house.store.write() as conn:
        uids = {who: contacts.load(conn, [n])[n].uid for who, n in both.items()}
        guesses = {who: Guess(f"pause:{uids[who]}:x", "pause", n, "?", "mail", {}) for who, n in both.items()}
        suggestions.put(conn, guesses.values(), house.clock)
        for row in suggestions.rows(conn):
            if declined == "both" or row.guess.contact_id == both[declined]:
                suggesting.decline(conn, row.id, house.clock)
        suggestions.move(conn, both["other"], both["keep"], named=(uids["other"], uids["keep"]))
        assert suggestions.rows(conn) == []
        assert suggestions.marks(conn) == {guesses["keep"].mark}


def test_an_anniversary_of_a_card_is_a_wedding_until_the_user_says_otherwise(house: House) -> None:
    ann = house.person("Ann Example", ANNA, language="en")
    page = card("Sample")
    (one,) = page.cards
    synced(house, replace(page, cards=(replace(one, dates=(NamedDate("wedding", f"2016-{TODAY:%m-%d}"),)),)))
    house.enable()
    house.cycle()
    assert made(house) == []
    accept(house, questions(house)["anniversary"])
    house.cycle()
    (row,) = house.ledger(kind="draft", contact_id=ann)  # type: ignore[arg-type]
    assert (row.occasion, row.reason, row.source) == ("work", "10 years at their work", "a date you set")


# -- interviews --------------------------------------------------------------------------------------


def test_a_meeting_of_that_day_becomes_the_interview_the_user_logs(house: House) -> None:
    anna = house.person("Ann Example", ANNA, language="en", circles=("recruiter",))
    list(house.rigs.values())[-1].add_event(meeting("m1", NOW - timedelta(hours=3), ANNA))
    house.enable()
    with house.store.write() as conn:
        hand.log_contact(conn, rules(house), anna, Form.MEETING, NOW - timedelta(hours=1), interview=True)
    house.cycle()
    (row,) = house.ledger(kind="draft")
    assert (row.reason, row.source) == ("an interview", "calendar of home")
    assert "interview" in (text(drafts(house)[0]) + str(drafts(house)[0]["Subject"]))


def test_an_interview_is_thanked_for_even_in_ones_own_organisation(house: House) -> None:
    anna = house.person("Ann Example", ANNA, language="en", circles=("hr",))
    house.settings = replace(house.settings, me=replace(house.settings.me, organisation=frozenset({"example.com"})))
    house.enable()
    with house.store.write() as conn:
        hand.log_contact(conn, rules(house), anna, Form.MEETING, NOW, interview=True)
    house.cycle()
    assert made(house) == [("thanks", "interview", "written")]


def test_nothing_of_job_hunting_reaches_an_employers_account(house: House) -> None:
    anna = house.person("Ann Example", ANNA, language="en", circles=("recruiter",))
    (account,) = house.settings.accounts
    employers = AccountSettings(Account("home", "memory", ME, employer=True))
    house.settings = replace(house.settings, accounts=(replace(account, account=employers.account),))
    house.enable()
    with house.store.write() as conn:
        noting.note(conn, anna, JOB, "Head of Talent", TODAY, house.clock)
    house.cycle()
    assert made(house) == []
    assert drafts(house) == []


def test_notes_and_questions_go_along_when_two_contacts_become_one(house: House) -> None:
    keep = house.person("Ann Example", ANNA)
    other = house.person("Ann E.", "ann@example.org")
    with house.store.write() as conn:
        for who in (keep, other):
            noting.note(conn, who, JOB, "Head", TODAY, house.clock)
        noting.note(conn, other, ACHIEVEMENT, "a prize", date(2026, 11, 1), house.clock)
        merge(conn, rules(house), keep, [other])
        assert sorted(n.what.kind for n in reasons.notes(conn, keep)) == ["achievement", "job"]


def test_nobody_is_written_to_where_nobody_reads(house: House) -> None:
    house.person("Ann Example", "no-reply@example.com", "ann@example.org", language="en", birthday=f"--{NOW:%m-%d}")
    house.person("Boris Titov", "noreply@example.net", language="en", birthday=f"--{NOW:%m-%d}")
    house.enable()
    house.cycle()
    (found,) = drafts(house)
    assert found["To"].addresses[0].addr_spec == "ann@example.org"
    assert "congratulations" in [r.purpose for r in house.ledger(kind="reminder")]  # of Boris, in a letter's place


def test_of_leaving_an_employer_nothing_is_written_in_the_employers_mailbox(house: House, work: MemoryRig) -> None:
    house.rigs = {"work": work, **house.rigs}
    (own,) = house.settings.accounts
    employers = AccountSettings(Account("work", "memory", ME, employer=True))
    house.settings = replace(house.settings, accounts=(employers, own))
    house.person("Ann Example", ANNA, language="en")
    work.add_mail("INBOX", letter(1, NOW - DAY, ANNA))
    house.enable()
    with house.store.write() as conn:
        telling.tell(conn, {"en": "I am leaving."}, {}, house.clock, circles=[], old=[], new=[])
    house.cycle()
    assert [r.account for r in house.ledger(kind="draft")] == ["home"]


def test_a_rhythm_that_is_accepted_is_kept_with_the_person(house: House) -> None:
    anna = house.person("Ann Example", ANNA)
    box = next(iter(house.rigs.values()))
    for n in range(12):
        box.add_mail("Sent", letter(n, NOW - (n * 21 + 1) * DAY, ME, ANNA))
    house.cycle()
    with house.store.write() as conn:
        suggesting.gather(conn, house.settings, house.clock)
    assert set(questions(house)) == {"pause"}, "nobody answers: no shorter cadence is proposed for that"
    box.add_mail("INBOX", letter(99, house.clock, ANNA))
    house.cycle()
    with house.store.write() as conn:
        suggesting.gather(conn, house.settings, house.clock)
    assert "every" in accept(house, questions(house)["rhythm"])
    with house.store.write() as conn:
        days = conn.execute(select(contact.c.cadence_days).where(contact.c.id == anna)).scalar_one()
        assert 14 <= days <= 30
        assert suggesting.gather(conn, house.settings, house.clock) == 0
