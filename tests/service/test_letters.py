"""Letters over a long time and with hostile facts, as they lie in the Drafts folder."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from daemon.core.model import Form
from daemon.core.policy import Policy
from daemon.core.reasons import ACHIEVEMENT, RECOMMENDATION
from daemon.service import contacts as book
from daemon.service import hand, noting
from daemon.service.judging import Rules
from daemon.service.people import people
from daemon.service.render import Renderer
from daemon.store import agendas
from tests.contract.rig import ME
from tests.contract.samples import ANNA, BORIS, message_id
from tests.service.house import House, letter

pytestmark = pytest.mark.memory_only
DAY = timedelta(days=1)

INTENDED = {"from", "to", "subject", "date", "message-id", "content-language", "mime-version", "content-type"}

HOSTILE = (
    "Ann\r\nBcc: eve@example.test",
    "{{7*7}} {% raw %}",
    "<img src=x onerror=alert(1)> & <b>Ann</b>",
    "\u202egnp.exe\u2066",
    "=cmd|' /C calc'!A0",
    "=?utf-8?q?Ann_=0D=0ABcc=3A_eve=40example=2Etest?=",
    "A" * 10_000,
    'Ann" <eve@example.test>, "x',
    "Анна\u2028Вымышленная\x00\x1b[31m",
)


def drafts(house: House) -> list[EmailMessage]:
    found = [message_from_bytes(d, policy=policy.default) for d in next(iter(house.rigs.values())).drafts()]
    return [m for m in found if isinstance(m, EmailMessage)]


def test_whatever_comes_in_turn_nobody_gets_the_same_words_twice_running(house: House) -> None:
    """Of each template three letters running are in three variants, whatever other letters come in between."""
    people = [house.person("Ann Example", ANNA, language="en"), house.person("Анна", BORIS, language="ru")]
    house.enable()
    for n in range(12):
        kind = (ACHIEVEMENT, RECOMMENDATION)[n % 2]
        with house.store.write() as conn:
            for who in people:
                noting.note(conn, who, kind, f"n {n}", house.clock.date(), house.clock)
        house.cycle()
        rig = next(iter(house.rigs.values()))
        for raw in rig.drafts():
            rig.user_sends_draft(message_id(raw))
        house.cycle(after=8 * DAY)
    got: dict[tuple[int, str], list[str]] = defaultdict(list)
    for row in house.ledger(kind="draft"):
        assert row.words, row
        template, _, variant = row.words.rpartition("#")
        got[row.contact_id, template].append(variant)
    assert [len(variants) for variants in got.values()] == [6] * 4
    for variants in got.values():
        assert all(len(set(three)) == 3 for three in zip(variants, variants[1:], variants[2:], strict=False))


def test_the_words_of_letters_taken_back_were_read_by_nobody(house: House) -> None:
    """Two of three are never sent, and taken back: those that are differ all the same."""
    ann = house.person("Ann Example", ANNA, language="en")
    house.enable()
    rig = next(iter(house.rigs.values()))
    for n in range(7):
        with house.store.write() as conn:
            noting.note(conn, ann, ACHIEVEMENT, f"n {n}", house.clock.date(), house.clock)
        house.cycle()
        if n % 3 == 0:
            rig.user_sends_draft(message_id(rig.drafts()[0]))
        house.cycle(after=8 * DAY)
    got = [row.words for row in house.ledger(kind="draft") if row.state == "sent"]
    assert len(got) == len(set(got)) == 3


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("language", ["en", "ru"])
def test_nothing_in_a_fact_gets_out_of_its_place(house: House, hostile: str, language: str) -> None:
    house.person(hostile, ANNA, language=language, given=hostile, organisation=hostile, birthday="--11-18")
    who = house.person(f"B {hostile}", BORIS, language=language, patronymic=hostile)
    house.enable()
    with house.store.write() as conn:
        rules = Rules(house.settings.policies, house.clock)
        hand.log_contact(
            conn,
            rules,
            who,
            Form.MEETING,
            house.clock - timedelta(hours=1),
            topic=hostile,
            note=hostile,
            next_step=hostile,
        )
        noting.note(conn, who, RECOMMENDATION, hostile, house.clock.date(), house.clock)
    house.cycle()
    found = drafts(house)
    assert {str(m["To"].addresses[0].addr_spec) for m in found} == {ANNA, BORIS}
    for message in found:
        assert {name.lower() for name in message} <= INTENDED
        assert len(message.keys()) == len(set(map(str.lower, message.keys())))
        assert len(message["To"].addresses) == len(message["From"].addresses) == 1
        assert len(str(message["Subject"])) <= 150
        for kind in ("plain", "html"):
            part = message.get_body((kind,))
            assert part is not None
            text = str(part.get_content())
            assert not re.search(
                "[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", text.replace("\r\n", "\n")
            )
            assert "49" not in text
            assert len(text) < 3000
            if kind == "html":
                assert set(re.findall(r"<(/?\w+)", text.partition("<body>")[2])) <= {"p", "/p", "br", "/body", "/html"}


def shown(house: House) -> str:
    """The one reminder's text, unfolded."""
    (event,) = next(iter(house.rigs.values())).reminders()
    return event.raw.decode().replace("\r\n ", "").replace("\\,", ",").replace("\\n", "\n")


@pytest.mark.parametrize(
    ("form", "words"),
    [
        (Form.CHAT, "(переписка в чате)"),
        (Form.LINKEDIN, "(сообщение в LinkedIn)"),
        (Form.CALL, "(звонок)"),
        (Form.MEETING, "(встреча)"),
        (Form.MAIL, "(ваше письмо)"),
    ],
)
def test_a_reminder_says_in_which_form_the_last_contact_was(house: House, form: Form, words: str) -> None:
    who = house.person("Ann Example", ANNA, language="en", tier="key")
    if form is Form.MAIL:
        box = next(iter(house.rigs.values()))
        box.add_mail("Sent", letter(1, house.clock - 40 * DAY, ME, ANNA))
    else:
        with house.store.write() as conn:
            rules = Rules(house.settings.policies, house.clock)
            hand.log_contact(conn, rules, who, form, house.clock - 40 * DAY)
    house.enable()
    house.cycle()
    assert words in shown(house)


def test_an_address_in_a_reminder_stays_one(house: House) -> None:
    """No full stop or bracket that a calendar would take for a part of it."""
    who = house.person("Ann Example", ANNA, language="en", tier="key")
    with house.store.write() as conn:
        rules = Rules(house.settings.policies, house.clock)
        hand.log_contact(conn, rules, who, Form.CALL, house.clock - 40 * DAY, next_step="read https://example.org/plan")
        agendas.add(conn, who, "the page <https://example.org/a_(b)>", house.clock)
    house.enable()
    house.cycle()
    text = shown(house)
    assert "read https://example.org/plan\n" in text
    assert "the page https://example.org/a_(b)\n" in text


def test_a_letter_nobody_answered_is_no_time_the_two_were_in_touch(house: House) -> None:
    """A check-in must not say "we were last in touch in September" of it."""
    box = next(iter(house.rigs.values()))
    who = house.person("Ann Example", ANNA, language="en")
    box.add_mail("INBOX", letter(1, house.clock - 150 * DAY, ANNA, ME))
    box.add_mail("Sent", letter(2, house.clock - 148 * DAY, ME, ANNA))
    box.add_mail("Sent", letter(3, house.clock - 60 * DAY, ME, ANNA))
    house.cycle()
    with house.store.read() as conn:
        (person,) = people(conn, house.settings, house.clock, only=[who])
    in_touch = person.last.in_touch()
    assert in_touch is not None and (house.clock - in_touch).days == 150
    answered = replace(person.last, outbound=house.clock - 148 * DAY)
    assert answered.in_touch() == house.clock - 148 * DAY, "an answer of one's own counts"
    assert replace(person.last, inbound=None).in_touch() is None


def test_a_reminder_instead_of_a_letter_says_what_the_letter_would_be_about(house: House) -> None:
    """Where the language is not known, one still learns on what to congratulate."""
    who = house.person("Ann Example", ANNA)
    house.enable()
    with house.store.write() as conn:
        noting.note(conn, who, ACHIEVEMENT, "your talk at PyCon", house.clock.date(), house.clock)
    house.cycle()
    assert "Поздравить: Ann Example" in shown(house)
    assert "Достижение (your talk at PyCon): " in shown(house)
    assert "неизвестно, на каком языке писать" in shown(house)
    assert 'kith contacts edit "Ann Example" --language ru' in shown(house)


def test_once_the_reminder_is_told_the_language_the_letter_follows_however_late(house: House) -> None:
    """On the fifth day a letter of thanks is begun no more; but the reminder that promised it stood all the time."""
    who = unspoken(house)
    house.cycle()
    assert "Поблагодарить: Ann Example" in shown(house)
    for _ in range(5):
        house.cycle(after=DAY)
    assert not drafts(house) and "неизвестно, на каком языке" in shown(house)
    speaks(house, who, "en")
    house.cycle()
    house.cycle()
    assert [m["subject"] for m in drafts(house)]
    assert [(r.kind, r.state) for r in house.ledger()] == [("reminder", "lapsed"), ("draft", "written")]
    assert house.cycle().done == []


def test_a_reminder_that_was_deleted_brings_no_letter_afterwards(house: House) -> None:
    who, rig = unspoken(house), next(iter(house.rigs.values()))
    house.cycle()
    (there,) = rig.reminders()
    rig.user_deletes_event(there.uid)
    house.cycle()
    speaks(house, who, "en")
    house.cycle()
    house.cycle()
    assert not drafts(house)


def test_a_reminder_that_was_ticked_off_brings_no_letter_either(house: House) -> None:
    who, rig = unspoken(house), next(iter(house.rigs.values()))
    house.cycle()
    (there,) = rig.reminders()
    rig.user_retitles_event(there.uid, f"✓ {there.summary}")
    house.cycle()
    speaks(house, who, "en")
    house.cycle()
    assert not drafts(house) and [r.state for r in house.ledger()] == ["done"]


def test_taken_back_from_where_it_may_not_stand_such_a_reminder_comes_again(house: House) -> None:
    unspoken(house)
    house.cycle()
    (account,) = house.settings.accounts
    house.settings = replace(house.settings, accounts=(replace(account, reminders=False),))
    house.cycle()
    house.settings = replace(house.settings, accounts=(account,))
    house.cycle()
    assert [r.state for r in house.ledger()] == ["withdrawn", "written"]
    assert house.cycle().done == []


def test_so_does_one_for_which_there_is_no_template(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under the reason's own period, though the letter was taken back and wanted again before."""
    who = unspoken(house)
    speaks(house, who, "en")
    house.cycle()
    with house.store.write() as conn:
        book.pause(conn, who, None)
    house.cycle()
    with house.store.write() as conn:
        book.resume(conn, Rules(house.settings.policies, house.clock), who)
    find = Renderer.find
    monkeypatch.setattr(Renderer, "find", lambda here, *what: None if what[1] == "thanks" else find(here, *what))
    house.cycle()
    assert "нет шаблона" in shown(house)
    (account,) = house.settings.accounts
    for may in (False, True):
        house.settings = replace(house.settings, accounts=(replace(account, reminders=may),))
        house.cycle()
    first, second = house.ledger(kind="reminder")
    assert (first.state, second.state, second.period) == ("withdrawn", "written", f"{first.period}~1")
    assert "~" not in first.period


def test_a_language_no_template_speaks_is_not_called_unknown(house: House) -> None:
    who = unspoken(house)
    speaks(house, who, "de")
    house.cycle()
    assert "нет шаблона на языке этого человека" in shown(house) and "Укажите другой язык" in shown(house)


def test_the_reminder_to_keep_in_touch_says_why_the_letter_the_policy_asks_for_is_not_there_then_where(
    house: House,
) -> None:
    of_partners = Policy(drafts=frozenset({"check-in"}))
    house.settings = replace(
        house.settings, policies=replace(house.settings.policies, circles={"partner": of_partners})
    )
    who = house.person("Ann `id` Example", ANNA)
    house.enable()
    house.clock += 90 * DAY
    house.cycle()
    assert "kith contacts edit 'Ann `id` Example' --language ru" in shown(house)
    speaks(house, who, "en")
    house.cycle(after=timedelta(minutes=1))
    house.cycle(after=timedelta(minutes=1))
    (letter_,) = drafts(house)
    assert f"Черновик «{letter_['subject']}» лежит наготове" in shown(house)
    assert "Письмо не подготовлено" not in shown(house)


def unspoken(house: House) -> int:
    """Somebody to be thanked, in nobody knows which language."""
    who = house.person("Ann Example", ANNA)
    house.enable()
    with house.store.write() as conn:
        noting.note(conn, who, RECOMMENDATION, "for the post", house.clock.date(), house.clock)
    return who


def speaks(house: House, who: int, language: str) -> None:
    with house.store.write() as conn:
        book.edit(conn, Rules(house.settings.policies, house.clock), who, book.Change(fields={"language": language}))


def test_no_letter_goes_to_an_address_that_has_become_ones_own(house: House) -> None:
    """It was a colleague's desk when it was imported, and is an alias of the user's by now; so is what has a +tag."""
    who = house.person("Ann Example", "desk@example.org", language="en", circles=("friend",), birthday="--11-18")
    both = house.person(
        "Boris Example", "desk+b@example.org", BORIS, language="en", circles=("friend",), birthday="--11-18"
    )
    house.settings = replace(house.settings, me=replace(house.settings.me, addresses=(ME, "desk@example.org")))
    house.enable()
    house.cycle()
    assert [str(m["To"].addresses[0].addr_spec) for m in drafts(house)] == [BORIS]
    assert [(r.kind, r.purpose) for r in house.ledger() if r.contact_id == who] == [("reminder", "congratulations")]
    assert [r.kind for r in house.ledger() if r.contact_id == both] == ["draft"]


def test_whether_a_birthday_is_over_is_told_by_the_day_where_they_live(house: House) -> None:
    for n, zone in enumerate(("Pacific/Pago_Pago", "Pacific/Kiritimati")):
        house.person(f"Ann {zone[8:12]}", f"a{n}@example.com", language="en", birthday="--11-18", time_zone=zone)
    house.enable()
    house.clock = datetime(2026, 11, 19, 5, tzinfo=UTC)  # it is evening of the 18th in Pago Pago, the 19th in Berlin
    house.cycle()
    late = {str(m["To"].addresses[0].addr_spec): "late" in str(m).casefold() for m in drafts(house)}
    assert late == {"a0@example.com": False, "a1@example.com": True}
