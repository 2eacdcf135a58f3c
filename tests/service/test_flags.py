"""A flag on a message asks for a draft on it: made once, on that message, and the flag comes off."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from daemon.core.errors import UserMistake
from daemon.core.policy import Policies
from daemon.service import hand, overview
from daemon.service.forgetting import forget
from daemon.service.joining import assign, merge
from daemon.service.judging import Rules
from daemon.store import addresses, asks, questions
from daemon.store.tables import ask, contact, evidence, ledger
from tests.contract.rig import ME
from tests.contract.samples import ANNA, BORIS, NOW, STRANGER, message_id
from tests.service.house import SECRET, House, letter
from tests.service.rigs_of import mail_rig, memory, shown

DAY = timedelta(days=1)
SUBJECT = "Вопрос о докладе"
ENCODED = "=?utf-8?b?0JLQvtC/0YDQvtGBINC+INC00L7QutC70LDQtNC1?="


def flags_left(house: House) -> list[str]:
    with house.store.read() as conn:
        return [f"{r.account} {r.purpose}" for r in conn.execute(select(ask))]


def flagged(house: House, number: int, keyword: str, sender: str = ANNA, to: str = ME, **headers: str) -> str:
    folder = "Sent" if sender == ME else "INBOX"
    handle = mail_rig(house).add_mail(folder, letter(number, NOW - 9 * DAY, sender, to, Subject=ENCODED, **headers))
    mail_rig(house).set_flag(handle, keyword)
    return handle


def test_a_flag_on_old_mail_of_somebody_known_makes_the_reply_once_and_comes_off(house: House) -> None:
    house.person("Анна Образцова", ANNA, circles=(), language="ru")
    handle = mail_rig(house).add_mail(
        "INBOX", letter(7, NOW - 9 * DAY, ANNA, Subject=ENCODED, References="<1@example.com> <2@example.com>")
    )
    house.enable()
    house.cycle()
    assert not mail_rig(house).drafts()
    mail_rig(house).set_flag(handle, "kith-reply")
    house.cycle()
    (raw,) = mail_rig(house).drafts()
    draft = shown(raw)
    assert draft["Subject"] == f"Re: {SUBJECT}"
    assert draft["To"].addresses[0].addr_spec == ANNA
    assert draft["In-Reply-To"] == "<7@example.com>"
    assert draft["References"].split() == ["<1@example.com>", "<2@example.com>", "<7@example.com>"]
    assert flags_left(house) == []
    assert asked_for(house) == set(), "the flag is off"
    before, mailbox = house.facts(), mail_rig(house).mailbox()
    house.cycle(after=40 * DAY)
    assert house.facts() == before, "never taken back, not made twice"
    assert mail_rig(house).mailbox() == mailbox


@pytest.mark.memory_only
@pytest.mark.parametrize(
    ("keyword", "claims"),
    [
        ("kith-reply", ("Спасибо за", "написали", "Спасибо вам за письмо")),
        ("kith-thanks", ("письмо от", "Ваше письмо", "ваше письмо")),
        ("kith-congratulations", ("поделились", "Прекрасная новость")),
    ],
)
def test_a_flag_on_ones_own_message_thanks_nobody_for_it(house: House, keyword: str, claims: tuple[str, ...]) -> None:
    for number, address in ((7, ANNA), (8, BORIS), (9, "vera@example.org")):
        house.person(f"Имя {number}", address, circles=(), language="ru")
        flagged(house, number, keyword, sender=ME, to=address)
    house.enable()
    house.cycle()
    assert len(mail_rig(house).drafts()) == 3
    for raw in mail_rig(house).drafts():
        body = shown(raw).get_body(("plain",))
        assert body is not None and not any(claim in str(body.get_content()) for claim in claims)


def asked_for(house: House) -> set[str]:
    """The flags a reader that knows nothing finds in the inbox."""
    from daemon.core.model import FolderRole, Interest, Position

    source = mail_rig(house).connection().mail
    assert source is not None
    (inbox,) = [s for s in source.streams() if s.role in (FolderRole.INBOX, FolderRole.ALL)]
    interest = Interest(frozenset({ANNA, BORIS}), frozenset({ME}))
    return {a for page in source.pages(inbox, Position(), interest) for m in page.mails for a in m.asks}


def test_a_deleted_draft_asked_for_by_flag_is_not_made_again(house: House) -> None:
    house.person("Анна Образцова", ANNA, circles=(), language="ru")
    handle = flagged(house, 7, "kith-thanks")
    house.enable()
    house.cycle()
    (raw,) = mail_rig(house).drafts()
    mail_rig(house).user_deletes_draft(message_id(raw))
    house.cycle()
    if "memory" in str(type(mail_rig(house))).lower():  # the handle is still good there
        mail_rig(house).set_flag(handle, "kith-thanks")
    house.cycle()
    assert not mail_rig(house).drafts()
    assert asked_for(house) == set()


@pytest.mark.memory_only
@pytest.mark.parametrize(("hours", "fate"), [(3, "sent"), (20, "sent"), (72, "unknown")])
def test_an_answer_of_ones_own_is_the_draft_that_vanished_only_within_a_day(
    house: House, hours: int, fate: str
) -> None:
    house.person("Анна Образцова", ANNA, circles=(), language="ru")
    flagged(house, 7, "kith-reply")
    house.enable()
    house.cycle()
    (raw,) = mail_rig(house).drafts()
    mail_rig(house).add_mail(
        "Sent", letter("own", house.clock, ME, ANNA, Subject="Re: x", In_Reply_To="<7@example.com>")
    )
    for _ in range(hours):
        house.cycle(after=timedelta(hours=1))
    assert [r.state for r in house.ledger()] == ["written"]
    mail_rig(house).user_deletes_draft(message_id(raw))
    house.cycle()
    house.cycle()
    assert [r.state for r in house.ledger()] == [fate]


@pytest.mark.memory_only
def test_a_flag_asks_nothing_while_only_watching(house: House) -> None:
    house.person("Анна Образцова", ANNA, circles=(), language="ru")
    flagged(house, 7, "kith-reply")
    house.cycle()
    assert not mail_rig(house).drafts() and asked_for(house) == {"reply"}
    house.enable()
    house.cycle()
    assert len(mail_rig(house).drafts()) == 1 and asked_for(house) == set()


@pytest.mark.memory_only
@pytest.mark.parametrize("purpose", ["thanks", "reply", "congratulations", "check-in"])
@pytest.mark.parametrize("language", ["en", "ru"])
def test_each_kind_of_letter_is_written_in_both_languages(house: House, purpose: str, language: str) -> None:
    house.person("Анна Образцова" if language == "ru" else "Ann Sample", ANNA, circles=(), language=language)
    flagged(house, 7, f"kith-{purpose}")
    house.enable()
    house.cycle()
    (raw,) = mail_rig(house).drafts()
    assert shown(raw)["Subject"] == f"Re: {SUBJECT}"
    assert [(r.purpose, r.state) for r in house.ledger()] == [(purpose, "written")]


@pytest.mark.memory_only
def test_one_message_in_two_folders_asks_once_and_both_flags_come_off(house: House) -> None:
    house.person("Анна Образцова", ANNA, circles=(), language="ru")
    rig = memory(house)
    rig.copy_mail(flagged(house, 7, "kith-reply"), "Archive")
    house.enable()
    house.cycle()
    house.cycle()
    assert len(rig.drafts()) == 1
    assert not any("kith-reply" in i.flags for f in rig.server.folders.values() for i in f.items.values())


@pytest.mark.memory_only
def test_two_messages_ask_for_two_drafts(house: House) -> None:
    house.person("Анна Образцова", ANNA, circles=(), language="ru")
    flagged(house, 7, "kith-reply")
    flagged(house, 8, "kith-reply")
    house.enable()
    house.cycle()
    assert {shown(raw)["In-Reply-To"] for raw in mail_rig(house).drafts()} == {"<7@example.com>", "<8@example.com>"}


@pytest.mark.memory_only
def test_a_flag_on_a_letter_of_ones_own_is_about_whom_it_went_to(house: House) -> None:
    house.person("Анна Образцова", ANNA, circles=(), language="ru")
    flagged(house, 7, "kith-check-in", ME, f"{STRANGER}, {ANNA}")
    house.enable()
    house.cycle()
    (raw,) = mail_rig(house).drafts()
    assert shown(raw)["To"].addresses[0].addr_spec == ANNA


@pytest.mark.memory_only
def test_the_draft_goes_to_the_address_the_message_came_from(house: House) -> None:
    house.person("Анна Образцова", ANNA, BORIS, circles=(), language="ru")
    flagged(house, 7, "kith-reply", BORIS)
    mail_rig(house).add_mail("INBOX", letter(8, NOW - DAY, ANNA))
    house.enable()
    house.cycle()
    (raw,) = mail_rig(house).drafts()
    assert shown(raw)["To"].addresses[0].addr_spec == BORIS


@pytest.mark.memory_only
def test_without_a_language_there_is_a_reminder_and_the_flag_comes_off(house: House) -> None:
    house.person("Ann Sample", ANNA, circles=())
    rig = memory(house)
    rig.set_flag(rig.add_mail("INBOX", letter(7, NOW - 9 * DAY, ANNA, Subject="?")), "kith-reply")
    house.enable()
    house.cycle()
    assert not rig.drafts()
    assert [(r.kind, r.purpose) for r in house.ledger()] == [("reminder", "reply")]
    assert len(rig.reminders()) == 1 and asked_for(house) == set()


@pytest.mark.memory_only
@pytest.mark.parametrize("state", ["paused", "do-not-contact", "deceased"])
def test_nothing_is_written_to_people_the_user_closed_the_door_to(house: House, state: str) -> None:
    who = house.person("Анна Образцова", ANNA, circles=(), language="ru")
    flagged(house, 7, "kith-reply")
    house.enable()
    house.cycle()
    assert len(mail_rig(house).drafts()) == 1
    with house.store.write() as conn:
        conn.execute(contact.update().where(contact.c.id == who).values(state=state))
    flagged(house, 8, "kith-thanks")
    house.cycle()
    assert not mail_rig(house).drafts() and len(mail_rig(house).trashed()) == 1
    assert asked_for(house) == {"thanks"}


@pytest.mark.memory_only
def test_a_kill_between_the_draft_and_the_flag_leaves_one_of_each(house: House) -> None:
    house.person("Анна Образцова", ANNA, circles=(), language="ru")
    flagged(house, 7, "kith-reply")
    house.enable()
    rig = memory(house)

    def killed(name: str) -> None:
        if name == "mail.clear_ask":
            raise KeyboardInterrupt

    rig.server.on_call = killed
    with pytest.raises(KeyboardInterrupt):
        house.cycle()
    rig.server.on_call = lambda name: None
    house.cycle()
    assert len(rig.drafts()) == 1 and asked_for(house) == set() and flags_left(house) == []


@pytest.mark.memory_only
def test_contacts_merged_meanwhile_keep_the_one_draft(house: House) -> None:

    anna = house.person("Анна Образцова", ANNA, circles=(), language="ru")
    other = house.person("Анна О.", BORIS, language="ru")
    flagged(house, 7, "kith-reply")
    house.enable()
    house.cycle()
    with house.store.write() as conn:
        merge(conn, Rules(Policies(), house.clock), other, [anna])
    house.cycle()
    house.cycle()
    assert len(mail_rig(house).drafts()) == 1 and not mail_rig(house).trashed()


# -- strangers ---------------------------------------------------------------------------------------


def asked(house: House) -> list[str]:
    with house.store.read() as conn:
        return overview.overview(conn, house.settings, house.clock).questions


@pytest.mark.memory_only
def test_a_flag_on_a_strangers_message_proposes_the_person_first(house: House) -> None:
    flagged(house, 7, "kith-reply", f'"Нина Незнакомая" <{STRANGER}>')
    house.enable()
    house.cycle()
    house.cycle()
    assert not mail_rig(house).drafts()
    (sentence,) = asked(house)
    assert "Нина Незнакомая" in sentence and STRANGER in sentence and "reply" in sentence
    with house.store.write() as conn:
        (question,) = questions.open_rows(conn)
        hand.confirm(conn, house.settings, question.id, True, house.clock, secret=SECRET)
        (made,) = conn.execute(select(contact))
        conn.execute(contact.update().where(contact.c.id == made.id).values(language="ru"))
    house.cycle()
    (raw,) = mail_rig(house).drafts()
    assert shown(raw)["To"].addresses[0].addr_spec == STRANGER
    assert asked(house) == []


@pytest.mark.memory_only
def test_a_no_leaves_nothing_of_the_stranger(house: House) -> None:
    flagged(house, 7, "kith-reply", f"Nina <{STRANGER}>")
    house.cycle()
    with house.store.write() as conn:
        (question,) = questions.open_rows(conn)
        hand.confirm(conn, house.settings, question.id, False, house.clock, secret=SECRET)
    house.cycle()
    assert STRANGER not in repr(house.facts()) and "Nina" not in repr(house.facts())
    with house.store.write() as conn:
        from daemon.store.tables import cursor

        conn.execute(cursor.update().values(cursor="", progress=""))
    house.cycle()
    assert asked(house) == [], "asked once"


@pytest.mark.memory_only
def test_a_flag_on_mail_from_an_address_several_share_asks_whose_it_is(house: House) -> None:
    bob = house.person("Bob Example", ANNA, circles=(), language="en")
    with house.store.write() as conn:
        assign(conn, Rules(Policies(), house.clock), ANNA, None)
    house.person("Ann Example", ANNA, circles=(), language="en")
    flagged(house, 7, "kith-reply", f"The studio <{ANNA}>")
    house.enable()
    house.cycle()
    (sentence,) = asked(house)
    assert f"`kith contacts assign {ANNA} NAME`" in sentence and "no contact" not in sentence
    with house.store.write() as conn:
        (question,) = questions.open_rows(conn)
    with pytest.raises(UserMistake, match="contacts assign"), house.store.write() as conn:
        hand.confirm(conn, house.settings, question.id, True, house.clock, secret=SECRET)
    assert asked(house) == [sentence], "a yes says nothing: it waits for who it is"
    with house.store.write() as conn:
        assign(conn, Rules(Policies(), house.clock), ANNA, bob)
    house.cycle()
    (raw,) = mail_rig(house).drafts()
    assert shown(raw)["To"].addresses[0].display_name == "Bob Example"
    assert asked(house) == [] and flags_left(house) == []


@pytest.mark.memory_only
def test_a_stranger_added_by_hand_settles_the_question(house: House) -> None:
    flagged(house, 7, "kith-reply", f"Nina <{STRANGER}>")
    house.enable()
    house.cycle()
    assert len(asked(house)) == 1
    house.person("Nina", STRANGER, circles=(), language="en")
    house.cycle()
    assert asked(house) == [] and len(mail_rig(house).drafts()) == 1


@pytest.mark.memory_only
def test_no_flag_brings_a_recruiter_into_an_employers_account(house: House) -> None:
    from dataclasses import replace

    (account,) = house.settings.accounts
    house.settings = replace(
        house.settings, accounts=(replace(account, account=replace(account.account, employer=True)),)
    )
    house.person("Анна Образцова", ANNA, circles=("recruiter",), language="ru")
    flagged(house, 7, "kith-reply")
    house.enable()
    house.cycle()
    assert not mail_rig(house).drafts() and not memory(house).reminders()


@pytest.mark.memory_only
def test_the_sender_gets_the_answer_though_their_other_address_was_in_copy(house: House) -> None:
    house.person("Анна Образцова", ANNA, BORIS, circles=(), language="ru")
    flagged(house, 7, "kith-reply", BORIS, Cc=ANNA)
    house.enable()
    house.cycle()
    (raw,) = mail_rig(house).drafts()
    assert shown(raw)["To"].addresses[0].addr_spec == BORIS


@pytest.mark.memory_only
@pytest.mark.parametrize("field", ["language", "name"])
def test_what_is_not_known_any_more_takes_no_asked_for_draft_back(house: House, field: str) -> None:
    who = house.person("Ann Sample", ANNA, circles=(), language="en")
    rig = memory(house)
    rig.set_flag(rig.add_mail("INBOX", letter(7, NOW - 9 * DAY, ANNA, Subject="?")), "kith-reply")
    house.enable()
    house.cycle()
    with house.store.write() as conn:
        conn.execute(contact.update().where(contact.c.id == who).values({field: ""}))
    house.cycle()
    assert len(rig.drafts()) == 1 and not rig.trashed() and not rig.reminders()


@pytest.mark.memory_only
def test_the_flag_stays_until_the_draft_stands(house: House) -> None:
    from connectors.memory import Fault

    house.person("Анна Образцова", ANNA, circles=(), language="ru")
    flagged(house, 7, "kith-reply")
    house.enable()
    memory(house).server.faults.append(Fault.LOST_REQUEST)
    house.cycle()
    assert not mail_rig(house).drafts() and asked_for(house) == {"reply"}
    for state, off in (("pending", 0), ("failed", 0), ("written", 1), ("pending", 0)):
        with house.store.write() as conn:
            conn.execute(ledger.update().values(state=state))
            assert len(asks.settled(conn)) == off
    house.cycle(after=timedelta(hours=1))
    assert len(mail_rig(house).drafts()) == 1 and asked_for(house) == set()


@pytest.mark.memory_only
def test_a_flag_seen_before_two_contacts_were_merged_is_not_lost(house: House) -> None:

    anna = house.person("Анна Образцова", ANNA, circles=(), language="ru")
    other = house.person("Анна О.", BORIS, language="ru")
    flagged(house, 7, "kith-reply")
    house.cycle()
    with house.store.write() as conn:
        merge(conn, Rules(Policies(), house.clock), other, [anna])
    house.enable()
    house.cycle()
    assert len(mail_rig(house).drafts()) == 1 and asked_for(house) == set()


def test_an_answer_goes_where_its_writer_wants_it_from_the_address_they_wrote_to(house: House) -> None:
    alias = "petra.alias@example.org"
    first, *rest = house.settings.accounts
    house.settings = replace(
        house.settings,
        me=replace(house.settings.me, addresses=(ME, alias)),
        accounts=(replace(first, aliases=(alias,)), *rest),
    )
    house.person("Анна Образцова", ANNA, language="ru")
    flagged(house, 7, "kith-reply", to=alias, Reply_To="Anna <anna.at.home@example.com>")
    house.enable()
    house.cycle()
    draft = shown(*mail_rig(house).drafts())
    assert draft["To"].addresses[0].addr_spec == "anna.at.home@example.com"
    assert draft["From"].addresses[0].addr_spec == alias


@pytest.mark.memory_only
@pytest.mark.parametrize(
    "header",
    [
        {"Reply_To": "noreply@example.com"},
        {"Reply_To": ME},
        {"Reply_To": f"{ANNA}, desk@example.com"},
        {"Reply_To": BORIS},  # somebody else one knows
        {"Reply_To": "hr@example.com"},
        {"Reply_To": "garden.club@example.com"},  # of which the user said that several share it
        {"Reply_To": "talk@example.com", "List_Id": "<talk.example.com>"},
    ],
)
def test_an_answer_never_goes_to_a_list_a_desk_a_machine_oneself_or_another(
    house: House, header: dict[str, str]
) -> None:
    house.person("Анна Образцова", ANNA, "garden.club@example.com", language="ru")
    house.person("Борис Титов", BORIS, language="ru")
    with house.store.write() as conn:
        addresses.assign(conn, "garden.club@example.com", None, shared=True)
    flagged(house, 7, "kith-reply", to="petra.elsewhere@example.org", **header)
    house.enable()
    house.cycle()
    draft = shown(*mail_rig(house).drafts())
    assert draft["To"].addresses[0].addr_spec == ANNA
    assert draft["From"].addresses[0].addr_spec == ME


@pytest.mark.memory_only
def test_an_address_answers_are_wanted_at_is_forgotten_with_its_person(house: House) -> None:
    anna = house.person("Анна Образцова", ANNA, language="ru")
    house.person("Борис Титов", BORIS, language="ru")
    mail_rig(house).add_mail("INBOX", letter(7, NOW - 9 * DAY, ANNA, Cc=BORIS, Reply_To="anna.at.home@example.com"))
    house.cycle()
    with house.store.write() as conn:
        assert conn.execute(select(evidence.c.reply_to)).scalars().all() == ["anna.at.home@example.com"]
        forget(conn, anna, SECRET, house.clock, list(house.rigs))
    house.cycle()
    with house.store.read() as conn:
        assert conn.execute(select(evidence.c.reply_to)).scalars().all() == [""]
