"""What people really do to our reminders and drafts, with the clients they use, and what is made of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime

import pytest

from connectors.memory.server import Collection
from daemon.core.model import FolderRole, Form
from daemon.core.policy import Policies, Policy, ReminderRules
from daemon.service import hand
from daemon.service.judging import Rules
from daemon.service.planning import situation
from daemon.store.tables import contact
from tests.contract.rig import ME, Marking
from tests.contract.samples import ANNA, BORIS, NOW, dragged, message_id, retitled, rewritten, stamp
from tests.service.house import House, letter, meeting
from tests.service.rigs_of import dav_rig, mail_rig, memory, shown

DAY = timedelta(days=1)


def met(house: House) -> int:
    anna = house.person("Анна Образцова", ANNA, language="ru")
    dav_rig(house).add_event(meeting("m1", NOW - DAY, ANNA))
    house.enable()
    house.cycle()
    return anna


def states(house: House, kind: str = "draft") -> list[str]:
    return [r.state for r in house.ledger(kind=kind)]


# -- drafts: saved anew by the user's client -----------------------------------------------------------


def saved_anew(house: House, text: str = "Совсем другой текст.", **changes: str) -> bytes:
    """As Thunderbird: a new message with its own id and headers is appended, the old one deleted."""
    (old,) = mail_rig(house).drafts()
    new = shown(rewritten(old, text))
    for name, value in {"Message-ID": "<4b0ac21d-anew@example.org>", **changes}.items():
        del new[name]
        new[name] = value
    new["X-Mozilla-Draft-Info"] = "internal/draft; vcard=0; receipt=0; DSN=0; uuencode=0"
    raw = new.as_bytes(policy=policy.SMTP)
    mail_rig(house).add_mail("Drafts", raw, draft=True)
    mail_rig(house).user_deletes_draft(message_id(old))
    return raw


def test_a_draft_saved_under_another_id_is_followed_and_never_made_again(house: House) -> None:
    met(house)
    saved_anew(house)
    house.cycle()
    (row,) = house.ledger(kind="draft")
    assert (row.state, row.message_id) == ("edited", "<4b0ac21d-anew@example.org>")
    left = mail_rig(house).drafts()
    mail_rig(house).add_mail("Sent", letter(2, house.clock, ME, ANNA))
    house.cycle()
    house.cycle(after=9 * DAY)
    assert mail_rig(house).drafts() == left, "its reason passed, and it is the user's"
    assert states(house) == ["edited"]


def test_the_copy_of_a_store_that_was_lost_is_not_doubled(house: House) -> None:
    met(house)
    saved_anew(house)
    left = mail_rig(house).drafts()
    house.wipe()
    house.person("Анна Образцова", ANNA, language="ru")
    house.enable()
    house.cycle()
    assert mail_rig(house).drafts() == left
    assert states(house) == ["edited"]


@pytest.mark.memory_only
def test_a_draft_out_of_the_folder_while_it_is_edited_is_found_when_it_comes_back(house: House) -> None:
    met(house)
    (old,) = mail_rig(house).drafts()
    mail_rig(house).user_deletes_draft(message_id(old))  # mutt has it open
    house.cycle()
    assert states(house) == ["unknown"]
    new = shown(rewritten(old, "Другой текст"))
    new.replace_header("Message-ID", "<mutt.1@example.org>")
    mail_rig(house).add_mail("Drafts", new.as_bytes(policy=policy.SMTP), draft=True)
    house.cycle()
    assert states(house) == ["edited"]
    assert len(mail_rig(house).drafts()) == 1


@pytest.mark.memory_only
def test_a_copy_edited_again_and_sent_under_another_subject_is_known_as_sent(house: House) -> None:
    met(house)
    saved_anew(house)
    house.cycle()
    (raw,) = mail_rig(house).drafts()
    mail_rig(house).user_edits_draft(message_id(raw), "Ещё раз")
    (raw,) = mail_rig(house).drafts()
    again = shown(raw)
    again.replace_header("Subject", "Про вчерашнее")
    mail_rig(house).user_deletes_draft(message_id(raw))
    mail_rig(house).add_mail("Drafts", again.as_bytes(policy=policy.SMTP), draft=True)
    house.cycle()
    assert states(house) == ["edited"]
    (raw,) = mail_rig(house).drafts()
    mail_rig(house).user_deletes_draft(message_id(raw))
    mail_rig(house).add_mail(
        "Sent", letter("sent", house.clock, ME, ANNA, Subject="=?utf-8?b?0J/RgNC+INCy0YfQtdGA0LDRiNC90LXQtQ==?=")
    )
    house.cycle()
    assert states(house) == ["sent"]


def saved_by_gmail(house: House, number: int) -> None:
    """As Gmail: each save destroys the message and makes another, under an id of Google's; All Mail shows it, too."""
    folders = memory(house).server.folders
    (old,) = mail_rig(house).drafts()
    new = shown(rewritten(old, f"Черновик, версия {number}."))
    new.replace_header("Message-ID", f"<CAF{number}@mail.gmail.com>")
    mail_rig(house).user_deletes_draft(message_id(old))
    mail_rig(house).add_mail("Drafts", new.as_bytes(policy=policy.SMTP), draft=True)
    everything = folders.setdefault("[Gmail]/All Mail", Collection("[Gmail]/All Mail", FolderRole.ALL))
    for item in list(everything.items):
        everything.delete(item)
    everything.add(new.as_bytes(policy=policy.SMTP), flags=frozenset({"\\Draft"}))


@pytest.mark.memory_only
def test_gmail_makes_another_message_at_each_save_and_sends_yet_another(house: House) -> None:
    anna = met(house)
    for number in range(6):  # twice between two looks
        saved_by_gmail(house, number)
        if number % 2:
            house.cycle()
            (row,) = house.ledger(kind="draft")
            assert (row.state, row.message_id) == ("edited", f"<CAF{number}@mail.gmail.com>")
    i_write(house)
    house.cycle()
    house.cycle(after=3 * DAY)
    (left,) = mail_rig(house).drafts()
    assert message_id(left) == "<CAF5@mail.gmail.com>", "what would take an untouched one back has no say in it"
    assert [counted for _, way, counted, _ in house.interactions(anna) if way == "out"].count(True) == 1

    sent = shown(left)
    sent.replace_header("Message-ID", "<CAFsent@mail.gmail.com>")
    sent.replace_header("Date", format_datetime(house.clock))
    mail_rig(house).user_deletes_draft(message_id(left))
    mail_rig(house).add_mail("Sent", sent.as_bytes(policy=policy.SMTP))
    house.cycle()
    assert states(house) == ["sent"]


@pytest.mark.parametrize("away", ["marked", "trashed", "kept"])
def test_thunderbird_saves_a_new_message_whatever_it_does_with_the_old(house: House, away: str) -> None:
    """Its three ways to delete: mark as deleted, move to the trash; and old versions that are left where they were."""
    met(house)
    (old,) = mail_rig(house).drafts()
    new = shown(rewritten(old, "Совсем другой текст."))
    new.replace_header("Message-ID", "<4b0ac21d-anew@example.org>")
    new["X-Mozilla-Draft-Info"] = "internal/draft; vcard=0; receipt=0; DSN=0; uuencode=0"
    mail_rig(house).add_mail("Drafts", new.as_bytes(policy=policy.SMTP), draft=True)
    rig = mail_rig(house)
    if away == "trashed":
        rig.user_trashes_draft(message_id(old))
    elif away == "marked" and isinstance(rig, Marking):
        rig.user_marks_draft_deleted(message_id(old))
    elif away == "marked":  # no such state in memory
        rig.user_deletes_draft(message_id(old))
    house.cycle()
    house.cycle()
    assert states(house) == ["written" if away == "kept" else "edited"]
    mail_rig(house).add_mail("Sent", letter(2, house.clock, ME, ANNA))
    house.cycle()
    house.cycle(after=9 * DAY)
    left = [shown(raw)["Message-ID"] for raw in mail_rig(house).drafts()]
    assert left.count("<4b0ac21d-anew@example.org>") == 1, "the user's version stays"
    assert len(house.ledger(kind="draft")) == 1, "and nothing is made beside it"


@pytest.mark.memory_only
def test_a_client_that_keeps_old_versions_in_the_trash_did_not_delete_it(house: House) -> None:
    met(house)
    (old,) = mail_rig(house).drafts()
    new = shown(rewritten(old, "Другой текст"))
    new.replace_header("Message-ID", "<apple.1@example.org>")
    mail_rig(house).user_trashes_draft(message_id(old))
    mail_rig(house).add_mail("Drafts", new.as_bytes(policy=policy.SMTP), draft=True)
    house.cycle()
    assert states(house) == ["edited"]


@pytest.mark.memory_only
def test_the_users_own_letter_under_way_is_not_joined_by_ours(house: House) -> None:
    house.person("Анна Образцова", ANNA, language="ru")
    mail_rig(house).add_mail("INBOX", letter(7, NOW - 3 * DAY, ANNA, Subject="Coffee on Tuesday"))
    own = letter("own", NOW - DAY, ME, ANNA, Subject="Re: Coffee on Tuesday", In_Reply_To="<7@example.com>")
    mail_rig(house).add_mail("Drafts", own, draft=True)
    dav_rig(house).add_event(meeting("m1", NOW - DAY, ANNA))
    house.enable()
    house.cycle()
    assert mail_rig(house).drafts() == [own]
    assert states(house) == ["edited"]


# -- drafts: sent or deleted ---------------------------------------------------------------------------


def vanished(house: House) -> EmailMessage:
    """The draft deleted, leaving nothing; what it said."""
    (raw,) = mail_rig(house).drafts()
    mail_rig(house).user_deletes_draft(message_id(raw))
    return shown(raw)


@pytest.mark.memory_only
@pytest.mark.parametrize(
    ("to", "same", "late", "fate"),
    [
        (ANNA, True, timedelta(hours=3), "sent"),  # another program sent it under an id of its own
        (ANNA, True, timedelta(hours=30), "unknown"),
        (BORIS, True, timedelta(hours=3), "unknown"),
        (ANNA, False, timedelta(hours=3), "unknown"),
    ],
)
def test_a_vanished_draft_was_sent_if_a_letter_like_it_was(
    house: House, to: str, same: bool, late: timedelta, fate: str
) -> None:
    met(house)
    house.person("Boris", BORIS)
    old = vanished(house)
    house.cycle()
    assert states(house) == ["unknown"]
    house.clock += late
    subject = str(old["Subject"]) if same else "Nothing like it"
    sent = shown(letter("sent", house.clock, ME, to))
    sent.replace_header("Subject", subject)
    mail_rig(house).add_mail("Sent", sent.as_bytes(policy=policy.SMTP))
    house.cycle()
    assert states(house) == [fate]
    assert not mail_rig(house).drafts()


@pytest.mark.memory_only
def test_a_vanished_answer_was_sent_if_one_in_the_same_thread_was(house: House) -> None:
    house.person("Анна Образцова", ANNA, language="ru")
    mail_rig(house).add_mail("INBOX", letter(7, NOW - 3 * DAY, ANNA, Subject="Coffee on Tuesday"))
    dav_rig(house).add_event(meeting("m1", NOW - DAY, ANNA))
    house.enable()
    house.cycle()
    vanished(house)
    mail_rig(house).add_mail(
        "Sent", letter("sent", house.clock, ME, ANNA, Subject="Thanks again", In_Reply_To="<7@example.com>")
    )
    house.cycle()
    assert states(house) == ["sent"]


@pytest.mark.memory_only
def test_a_letter_to_somebody_else_with_them_in_copy_is_not_that_draft(house: House) -> None:
    met(house)
    house.person("Boris", BORIS)
    subject = str(vanished(house)["Subject"])
    sent = shown(letter("sent", house.clock, ME, BORIS, Cc=ANNA))
    sent.replace_header("Subject", subject)
    mail_rig(house).add_mail("Sent", sent.as_bytes(policy=policy.SMTP))
    house.cycle()
    assert states(house) == ["unknown"]


@pytest.mark.memory_only
def test_a_draft_in_the_trash_may_turn_out_to_be_sent_within_a_day(house: House) -> None:
    met(house)
    (raw,) = mail_rig(house).drafts()
    mail_rig(house).user_trashes_draft(message_id(raw))
    house.cycle()
    assert states(house) == ["skipped"]
    sent = shown(letter("sent", house.clock + timedelta(minutes=10), ME, ANNA))
    sent.replace_header("Subject", str(shown(raw)["Subject"]))
    mail_rig(house).add_mail("Sent", sent.as_bytes(policy=policy.SMTP))
    house.cycle()
    assert states(house) == ["sent"]


@pytest.mark.memory_only
def test_a_server_that_stores_otherwise_than_it_was_given_has_touched_nothing(house: House) -> None:
    """What is compared is what the server gave back after it was made, never what we sent."""
    server = memory(house).server
    server.stores = lambda raw: (
        raw.replace(b"BEGIN:VALARM", b"X-SERVER:1\r\nBEGIN:VALARM", 1)
        if raw.startswith(b"BEGIN:VCALENDAR")
        else b"X-Server: 1\r\n" + raw.replace(b"\r\n\r\n", b"\r\n\r\n\r\n").rstrip() + b"\r\n"
    )
    boris = house.person("Boris", BORIS)
    mail_rig(house).add_mail("Sent", letter("old", NOW - 200 * DAY, ME, BORIS))
    met(house)
    house.cycle()
    assert (states(house), states(house, "reminder")) == (["written"], ["written"])
    i_write(house)
    with house.store.write() as conn:
        rules = Rules(house.settings.policies, house.clock)
        hand.log_contact(conn, rules, boris, Form.CALL, house.clock)
    house.cycle()
    assert (states(house), states(house, "reminder")) == (["withdrawn"], ["withdrawn"]), "untouched: taken back"
    assert len(mail_rig(house).trashed()) == 1 and not dav_rig(house).reminders()


# -- drafts: taken back --------------------------------------------------------------------------------


def born(house: House) -> None:
    house.person("Анна Образцова", ANNA, language="ru", birthday=f"1980-{NOW:%m-%d}")
    house.enable()
    house.cycle()


def news(house: House) -> None:
    house.person("Анна Образцова", ANNA, language="ru")
    house.enable()
    folder = house.settings.updates
    assert folder is not None
    folder.mkdir()
    (folder / "2026-Q4.md").write_text(
        f"+++\nwritten = {NOW - DAY:%Y-%m-%d}\n+++\nВ этом квартале мы переехали всей командой в новый офис и рады.\n"
    )
    house.cycle()


def check_in(house: House) -> None:
    wished = Policy(drafts=frozenset({"check-in"}), cadence=30 * DAY)
    house.settings = replace(house.settings, policies=Policies(circles={"mentor": wished}))
    house.person("Анна Образцова", ANNA, circles=("mentor",), language="ru")
    mail_rig(house).add_mail("Sent", letter("old", NOW - 40 * DAY, ME, ANNA))
    house.enable()
    house.cycle()


def they_write(house: House) -> None:
    mail_rig(house).add_mail("INBOX", letter("in", house.clock, ANNA))


def i_write(house: House) -> None:
    mail_rig(house).add_mail("Sent", letter("out", house.clock, ME, ANNA))


def we_met(house: House) -> None:
    dav_rig(house).add_event(meeting("m9", house.clock - timedelta(hours=2), ANNA, more=""))


def we_talked(house: House) -> None:
    with house.store.write() as conn:
        who = conn.execute(contact.select()).one().id
        hand.log_contact(conn, Rules(house.settings.policies, house.clock), who, Form.CALL, house.clock)


def days_pass(days: int) -> Callable[[House], None]:
    def pass_(house: House) -> None:
        house.clock += days * DAY

    return pass_


@pytest.mark.memory_only
def test_what_follows_upon_a_reminder_that_lapsed_is_written_in_the_same_round(house: House) -> None:
    check_in(house)
    they_write(house)
    lapsed = False
    for _ in range(40):
        house.cycle(after=DAY)
        lapsed |= "lapsed" in states(house, "reminder")
        with house.store.read() as conn:
            assert situation(house.deps(), conn, house.clock).plan.empty
    assert lapsed


@pytest.mark.memory_only
@pytest.mark.parametrize(
    ("reason", "event", "stays"),
    [
        (met, i_write, False),
        (met, they_write, True),
        (met, days_pass(5), True),
        (met, days_pass(7), False),
        (born, i_write, False),
        (born, they_write, True),
        (born, days_pass(3), True),
        (born, days_pass(4), False),
        (news, i_write, True),
        (news, they_write, True),
        (news, we_met, False),
        (news, we_talked, False),
        (news, days_pass(60), True),
        (news, days_pass(80), False),
        (check_in, i_write, False),
        (check_in, they_write, False),
        (check_in, we_met, False),
        (check_in, we_talked, False),
        (check_in, days_pass(20), True),
    ],
)
def test_the_table_of_what_takes_a_draft_back(
    house: House, reason: Callable[[House], object], event: Callable[[House], None], stays: bool
) -> None:
    reason(house)
    (row,) = house.ledger(kind="draft")
    before = [raw for raw in mail_rig(house).drafts() if message_id(raw) == row.message_id]
    assert len(before) == 1
    event(house)
    house.cycle()
    left = [raw for raw in mail_rig(house).drafts() if message_id(raw) == row.message_id]
    thrown = [raw for raw in mail_rig(house).trashed() if message_id(raw) == row.message_id]
    assert (left, thrown) == ((before, []) if stays else ([], before)), "in Drafts or in the trash, never lost"


@pytest.mark.memory_only
@pytest.mark.parametrize("reason", [met, born, news, check_in])
def test_what_was_edited_is_not_taken_back_by_anything(house: House, reason: Callable[[House], object]) -> None:
    reason(house)
    (row,) = house.ledger(kind="draft")
    mail_rig(house).user_edits_draft(row.message_id, "Моё письмо")
    mine = mail_rig(house).drafts()
    for event in (i_write, we_met, we_talked, days_pass(90)):
        event(house)
        house.cycle()
    assert [raw for raw in mail_rig(house).drafts() if raw in mine] == mine
    assert not [raw for raw in mail_rig(house).trashed() if message_id(raw) == row.message_id]


# -- reminders -----------------------------------------------------------------------------------------


def overdue(house: House) -> int:
    anna = house.person("Анна Образцова", ANNA)
    mail_rig(house).add_mail("Sent", letter(1, NOW - 200 * DAY, ME, ANNA))
    house.enable()
    house.cycle()
    return anna


def change(house: House, edit: Callable[[bytes], bytes]) -> None:
    """The user changes the one reminder with another program."""
    calendar = memory(house).server.calendars["kith"]
    (item,) = calendar.items.values()
    assert isinstance(item.content, bytes)
    calendar.change(item.item_id, edit(item.content))


def whole_day(raw: bytes, day: date) -> bytes:
    raw = re.sub(rb"DTSTART[^\r\n]*", f"DTSTART;VALUE=DATE:{day:%Y%m%d}".encode(), raw, count=1)
    return re.sub(rb"DTEND[^\r\n]*", f"DTEND;VALUE=DATE:{day + DAY:%Y%m%d}".encode(), raw, count=1)


@pytest.mark.memory_only
def test_dragged_within_the_day_it_stays_where_the_user_put_it(house: House) -> None:
    overdue(house)
    (there,) = dav_rig(house).reminders()
    change(house, lambda raw: dragged(raw, there.start + timedelta(hours=3)))
    house.cycle()
    house.cycle()
    assert states(house, "reminder") == ["moved"]
    assert [e.start for e in dav_rig(house).reminders()] == [there.start + timedelta(hours=3)]
    i_write(house)
    house.cycle()
    assert not dav_rig(house).reminders(), "still a reminder of ours: contact takes it back"


@pytest.mark.memory_only
def test_dragged_just_as_we_take_it_back_it_is_looked_at_again_before_anything_is_recorded(house: House) -> None:
    overdue(house)
    (there,) = dav_rig(house).reminders()
    server = memory(house).server

    def on_call(name: str) -> None:
        if name == "reminders.withdraw":
            server.on_call = lambda name: None
            dav_rig(house).user_drags_event(there.uid, there.start + DAY)

    server.on_call = on_call
    i_write(house)
    house.cycle()
    assert (len(dav_rig(house).reminders()), states(house, "reminder")) == (1, ["written"])
    house.cycle()
    assert (len(dav_rig(house).reminders()), states(house, "reminder")) == (0, ["withdrawn"])


@pytest.mark.memory_only
def test_dragged_just_as_we_move_it_it_stays_where_the_user_put_it(house: House) -> None:
    overdue(house)
    (there,) = dav_rig(house).reminders()
    server, theirs = memory(house).server, NOW + 9 * DAY

    def on_call(name: str) -> None:
        if name == "reminders.update":
            server.on_call = lambda name: None
            dav_rig(house).user_drags_event(there.uid, theirs)

    server.on_call = on_call
    house.cycle(after=2 * DAY)  # passed unanswered: moved by us
    assert server.calls["reminders.update"] == 1
    assert [e.start for e in dav_rig(house).reminders()] == [theirs]
    house.cycle()
    assert [(r.state, r.moves) for r in house.ledger()] == [("moved", 0)]


@pytest.mark.memory_only
def test_made_longer_it_is_still_a_reminder(house: House) -> None:
    overdue(house)
    calendar = memory(house).server.calendars["kith"]
    (there,) = dav_rig(house).reminders()
    change(house, lambda raw: re.sub(rb"DTEND[^\r\n]*", f"DTEND:{stamp(there.end + DAY / 12)}".encode(), raw, count=1))
    house.cycle()
    assert states(house, "reminder") == ["moved"]
    i_write(house)
    house.cycle()
    assert not calendar.items


@pytest.mark.memory_only
def test_made_a_whole_day_it_is_snoozed_to_that_day_and_passes_with_it(house: House) -> None:
    overdue(house)
    day = (NOW + 2 * DAY).date()
    change(house, lambda raw: whole_day(raw, day))
    house.cycle()
    (row,) = house.ledger()
    assert row.state == "moved"
    house.cycle(after=2 * DAY)
    assert house.ledger()[0].state == "moved", "its own day is not over"
    house.cycle(after=2 * DAY)
    (row,) = house.ledger()
    assert (row.state, row.moves) == ("written", 1), "passed unanswered: moved once"


@pytest.mark.memory_only
def test_retitled_it_is_the_users_and_nothing_of_ours_writes_over_it(house: House) -> None:
    overdue(house)
    change(house, lambda raw: retitled(raw, "Позвонить про отпуск"))
    house.cycle()
    assert states(house, "reminder") == ["edited"]
    for _ in range(12):
        house.cycle(after=DAY)
        assert [e.summary for e in dav_rig(house).reminders()] == ["Позвонить про отпуск"]
    assert states(house, "reminder") == ["lapsed"], "it passed: into the digest, not moved"


@pytest.mark.memory_only
def test_retitled_and_dragged_at_once_it_is_the_users_too(house: House) -> None:
    overdue(house)
    there = NOW + 6 * DAY
    change(house, lambda raw: retitled(dragged(raw, there), "Позвонить про отпуск"))
    house.cycle()
    assert states(house, "reminder") == ["edited"]
    i_write(house)
    house.cycle()
    assert [(e.summary, e.start) for e in dav_rig(house).reminders()] == [("Позвонить про отпуск", there)]
    assert states(house, "reminder") == ["done"]


@pytest.mark.memory_only
def test_made_a_series_it_is_the_users(house: House) -> None:
    anna = overdue(house)
    change(house, lambda raw: raw.replace(b"BEGIN:VALARM", b"RRULE:FREQ=WEEKLY\r\nBEGIN:VALARM", 1))
    house.cycle()
    assert states(house, "reminder") == ["edited"]
    house.cycle(after=30 * DAY)
    assert house.last(anna)[2] is None, "it is no meeting with anybody"


@pytest.mark.memory_only
def test_a_copy_the_user_made_is_their_own_event(house: House) -> None:
    overdue(house)
    (there,) = dav_rig(house).reminders()
    copy = there.raw.replace(there.uid.encode(), b"copy-of-it@example.org")  # all else is copied, our mark as well
    handle = memory(house).server.calendars["kith"].add(copy).item_id
    house.cycle()
    assert states(house, "reminder") == ["written"]
    i_write(house)
    house.cycle()
    assert list(memory(house).server.calendars["kith"].items) == [handle], "ours is taken back, theirs stays"


@pytest.mark.memory_only
def test_moved_into_another_calendar_it_is_found_there_and_still_answered(house: House) -> None:
    anna = overdue(house)
    server = memory(house).server
    (item,) = server.calendars["kith"].items.values()
    server.calendars["kith"].delete(item.item_id)
    moved = server.calendars["Calendar"].add(item.content)
    house.cycle()
    assert states(house, "reminder") == ["written"]
    assert isinstance(moved.content, bytes)
    server.calendars["Calendar"].change(moved.item_id, retitled(moved.content, "готово созвон"))
    house.cycle()
    assert ("call", "mutual", True, "counted") in house.interactions(anna)
    assert states(house, "reminder") == ["done"]


@pytest.mark.memory_only
def test_ticked_after_it_lapsed_it_is_logged_all_the_same(house: House) -> None:
    anna = overdue(house)
    house.cycle(after=DAY)
    house.cycle(after=3 * DAY)
    assert states(house, "reminder") == ["lapsed"]
    change(house, lambda raw: retitled(raw, "✓ звонок"))
    house.cycle()
    assert states(house, "reminder") == ["done"]
    assert ("call", "mutual", True, "counted") in house.interactions(anna)
    before = house.facts()
    house.cycle()
    assert house.facts() == before


@pytest.mark.memory_only
def test_ticked_before_we_knew_it_was_written_it_is_logged(house: House) -> None:
    from connectors.memory import Fault

    anna = house.person("Анна Образцова", ANNA)
    mail_rig(house).add_mail("Sent", letter(1, NOW - 200 * DAY, ME, ANNA))
    house.enable()
    memory(house).server.faults.append(Fault.LOST_ANSWER)
    house.cycle()
    change(house, lambda raw: retitled(raw, "done call"))
    house.cycle(after=timedelta(hours=1))
    house.cycle()
    assert ("call", "mutual", True, "counted") in house.interactions(anna)
    assert states(house, "reminder") == ["done"]


@pytest.mark.memory_only
def test_where_an_answer_is_owed_keep_in_touch_gives_way(house: House) -> None:
    overdue(house)
    (first,) = dav_rig(house).reminders()
    dav_rig(house).user_drags_event(first.uid, NOW + 20 * DAY)
    they_write(house)
    for _ in range(6):
        house.cycle(after=DAY)
        assert len(dav_rig(house).reminders()) == 1
    assert [(r.purpose, r.state) for r in house.ledger()] == [("keep-in-touch", "withdrawn"), ("reply-owed", "written")]
    # never answered: after that time keep-in-touch comes back, within one cadence of its withdrawal
    house.cycle(after=45 * DAY)
    assert not house.ledger(state="written")
    house.cycle(after=45 * DAY)
    assert [r.purpose for r in house.ledger(state="written")] == ["keep-in-touch"]


@pytest.mark.memory_only
def test_a_dismissed_answer_is_not_asked_for_again_but_the_next_letter_is(house: House) -> None:
    house.person("Анна Образцова", ANNA)
    i_write(house)
    house.enable()
    mail_rig(house).add_mail("INBOX", letter("a", NOW + timedelta(hours=1), ANNA))
    mail_rig(house).add_mail("INBOX", letter("b", NOW + DAY, ANNA))
    house.cycle(after=6 * DAY)
    (there,) = dav_rig(house).reminders()
    dav_rig(house).user_deletes_event(there.uid)
    house.cycle()
    house.cycle(after=2 * DAY)
    assert not dav_rig(house).reminders(), "both letters were there when it was dismissed"
    mail_rig(house).add_mail("INBOX", letter("c", house.clock, ANNA))
    house.cycle(after=6 * DAY)
    assert [r.state for r in house.ledger(purpose="reply-owed")] == ["skipped", "written"]


@pytest.mark.memory_only
@pytest.mark.parametrize("detail", ["full", "name", "none"])
def test_an_event_shows_no_more_than_it_may(house: House, detail: str) -> None:
    house.settings = replace(house.settings, reminders=ReminderRules(detail=detail))
    anna = house.person("Анна Образцова", ANNA, organisation="Ромашка", city="Тверь")
    with house.store.write() as conn:
        conn.execute(contact.update().values(notes="любит розовые слоны"))
        rules = Rules(house.settings.policies, house.clock)
        hand.log_contact(
            conn,
            rules,
            anna,
            Form.CALL,
            NOW - 150 * DAY,
            topic="бюджет проекта",
            note="заметка для себя",
            next_step="послать смету",
            by=(NOW - 140 * DAY).date(),
        )
        hand.log_contact(
            conn, rules, anna, Form.CALL, NOW - 160 * DAY, topic="увольнение", next_step="молчать", confidential=True
        )
    house.enable()
    house.cycle()
    raws = [e.raw.replace(b"\r\n ", b"").decode() for e in dav_rig(house).reminders()]
    text = "\n".join(raws)
    assert raws
    for never in ("увольнение", "молчать", "розовые", "заметка", ANNA, "Ромашка", "Тверь"):
        assert never not in text
    assert ("Анна" in text) == (detail != "none")
    assert ("Образцова" in text) == (detail != "none")
    assert ("бюджет" in text) == (detail == "full")
    assert ("смету" in text) == (detail == "full")


@pytest.mark.memory_only
def test_each_promise_is_told_in_its_own_reminder(house: House) -> None:
    anna = house.person("Анна Образцова", ANNA)
    with house.store.write() as conn:
        rules = Rules(house.settings.policies, house.clock)
        for n, what in enumerate(("послать смету", "познакомить с Борисом")):
            day = (NOW + (n + 1) * DAY).date()
            hand.log_contact(conn, rules, anna, Form.CALL, NOW - DAY, next_step=what, by=day)
    house.enable()
    house.cycle()
    first, second = sorted(dav_rig(house).reminders(), key=lambda e: e.start)
    told = [e.raw.replace(b"\r\n ", b"").decode() for e in (first, second)]
    assert ["смету" in text for text in told] == [True, False]
    assert ["Борисом" in text for text in told] == [False, True]
    assert [e.start.date() for e in (first, second)] == [(NOW + (n + 1) * DAY).date() for n in range(2)]


@pytest.mark.memory_only
def test_a_promise_outlives_a_pause(house: House) -> None:
    """Pausing takes its reminder back; that is no word of the user's on the promise."""
    from daemon.service import contacts as book

    anna = house.person("Анна Образцова", ANNA)
    with house.store.write() as conn:
        day = (NOW + 5 * DAY).date()
        rules = Rules(house.settings.policies, house.clock)
        hand.log_contact(conn, rules, anna, Form.CALL, NOW - DAY, next_step="послать смету", by=day)
    house.enable()
    house.cycle()
    assert len(dav_rig(house).reminders()) == 1
    with house.store.write() as conn:
        book.pause(conn, anna, None)
    house.cycle()
    assert not dav_rig(house).reminders()
    with house.store.write() as conn:
        book.resume(conn, rules, anna)
    house.cycle()
    (event,) = dav_rig(house).reminders()
    assert event.start.date() == day
    house.cycle()
    assert len(dav_rig(house).reminders()) == 1


# -- an employer's account -----------------------------------------------------------------------------


def employer(house: House) -> None:
    (account,) = house.settings.accounts
    house.settings = replace(
        house.settings, accounts=(replace(account, account=replace(account.account, employer=True)),)
    )


@pytest.mark.memory_only
def test_an_account_that_becomes_the_employers_is_cleaned(house: House) -> None:
    house.person("Рита", ANNA, circles=("recruiter",), language="ru")
    mail_rig(house).add_mail("Sent", letter(1, NOW - 200 * DAY, ME, ANNA))
    dav_rig(house).add_event(meeting("m1", NOW - DAY, ANNA))
    house.enable()
    house.cycle()
    house.person("Вера", BORIS, circles=("hr",))
    mail_rig(house).add_mail("Sent", letter(2, NOW - 200 * DAY, ME, BORIS))
    house.cycle()
    assert len(mail_rig(house).drafts()) == 1 and len(dav_rig(house).reminders()) == 1
    employer(house)
    house.cycle()
    assert not mail_rig(house).drafts() and not dav_rig(house).reminders()
    house.cycle(after=200 * DAY)
    assert not mail_rig(house).drafts() and not dav_rig(house).reminders()


@pytest.mark.memory_only
def test_an_account_that_is_to_take_none_any_more_is_cleaned_and_filled_again_when_it_may(house: House) -> None:
    house.person("Вера", ANNA, language="ru")
    house.person("Ян", BORIS)
    mail_rig(house).add_mail("Sent", letter(1, NOW - 200 * DAY, ME, BORIS))
    dav_rig(house).add_event(meeting("m1", NOW - DAY, ANNA))
    house.enable()
    house.cycle()
    assert len(mail_rig(house).drafts()) == 1 and len(dav_rig(house).reminders()) == 1
    (account,) = house.settings.accounts
    house.settings = replace(house.settings, accounts=(replace(account, reminders=False),))
    house.cycle()
    assert len(mail_rig(house).drafts()) == 1 and not dav_rig(house).reminders()
    house.settings = replace(house.settings, accounts=(replace(account, drafts=False, reminders=False),))
    house.cycle()
    assert not mail_rig(house).drafts()
    house.settings = replace(house.settings, accounts=(account,))
    house.cycle()
    assert len(mail_rig(house).drafts()) == 1 and len(dav_rig(house).reminders()) == 1, (
        "at once, not in a cadence's time"
    )


@pytest.mark.memory_only
def test_whoever_becomes_a_recruiter_leaves_the_employers_account(house: House) -> None:
    from daemon.service import contacts as book

    employer(house)
    anna = overdue(house)
    assert len(dav_rig(house).reminders()) == 1
    with house.store.write() as conn:
        book.edit(conn, Rules(house.settings.policies, house.clock), anna, book.Change(circles=("recruiter",)))
    house.cycle()
    assert not dav_rig(house).reminders()
