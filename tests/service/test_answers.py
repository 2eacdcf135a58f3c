"""What the service does with answers, silence, trouble and corrections; on the memory connector."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from connectors.memory import Fault
from daemon.core.errors import NeedsUser, TryLater, UserMistake
from daemon.core.model import Form
from daemon.core.policy import ReminderRules
from daemon.service import contacts, digest, forgetting, hand
from daemon.service.cycle import run_cycle
from daemon.service.judging import Rules
from daemon.store import cursors, enablement, health, quarantine, questions
from daemon.store.tables import address_state, contact_source, hand_log, interaction
from daemon.store.tables import cursor as cursor_table
from tests.contract.rig import ME
from tests.contract.rig_memory import MemoryRig
from tests.contract.samples import ANNA, BORIS, NOW, card
from tests.service.house import SECRET, House, letter, meeting

pytestmark = pytest.mark.memory_only
DAY = timedelta(days=1)


def rig(house: House) -> MemoryRig:
    found = house.rigs["home"]
    assert isinstance(found, MemoryRig)
    return found


def rules(house: House) -> Rules:
    return Rules(house.settings.policies, house.clock)


def overdue(house: House, count: int = 1) -> list[int]:
    people = []
    for n in range(count):
        address = f"p{n}@example.net"
        people.append(house.person(f"Person {n}", address))
        rig(house).add_mail("Sent", letter(f"old{n}", NOW - (200 + n) * DAY, ME, address))
    house.enable()
    house.cycle()
    return people


# -- many at once ------------------------------------------------------------------------------------


def roomy(house: House) -> None:
    house.settings = replace(house.settings, reminders=ReminderRules(a_day=20, a_week=60))


def test_many_reminders_gone_at_once_are_asked_about_and_not_believed(house: House) -> None:
    roomy(house)
    overdue(house, 8)
    shown = rig(house).reminders()
    assert len(shown) == 8
    for one in shown[:6]:
        rig(house).user_deletes_event(one.uid)
    house.cycle()
    assert {r.state for r in house.ledger()} == {"written"}
    with house.store.read() as conn:
        (question,) = questions.open_rows(conn)
    house.cycle()
    with house.store.write() as conn:
        assert len(questions.open_rows(conn)) == 1, "asked once"
        hand.confirm(conn, house.settings, question.id, True, house.clock)
    house.cycle()
    assert sorted(r.state for r in house.ledger()) == ["skipped"] * 6 + ["written"] * 2


def test_a_few_reminders_deleted_are_skipped_at_once(house: House) -> None:
    roomy(house)
    overdue(house, 8)
    for one in rig(house).reminders()[:3]:
        rig(house).user_deletes_event(one.uid)
    house.cycle()
    assert sorted(r.state for r in house.ledger()) == ["skipped"] * 3 + ["written"] * 5


def test_a_calendar_suddenly_empty_takes_nothing_back(house: House) -> None:
    anna = house.person("Anna", ANNA)
    handles = [rig(house).add_event(meeting(f"m{n}", NOW + n * DAY, ANNA)) for n in range(1, 7)]
    house.cycle()
    before = house.interactions(anna)
    for handle in handles:
        rig(house).delete_event(handle)
    house.cycle()
    assert house.interactions(anna) == before
    with house.store.write() as conn:
        (question,) = questions.open_rows(conn)
        hand.confirm(conn, house.settings, question.id, True, house.clock)
    assert {rule for *_, rule in house.interactions(anna)} == {"removed"}


def test_an_event_missing_from_a_full_listing_is_asked_for(house: House) -> None:
    anna = house.person("Anna", ANNA)
    handle = rig(house).add_event(meeting("m1", NOW + DAY, ANNA))
    house.cycle()
    (calendar,) = [c for c in rig(house).server.calendars.values() if c.items]
    assert handle
    calendar.hidden.update(calendar.items)
    calendar.expire()
    house.cycle()
    assert house.interactions(anna) == [("meeting", "mutual", False, "upcoming")]


def test_an_event_missing_from_a_full_listing_is_asked_for_later_where_nobody_answered(house: House) -> None:
    anna = house.person("Anna", ANNA)
    for n in range(4):
        rig(house).add_event(meeting(f"m{n}", NOW + (n + 1) * DAY, ANNA))
    house.cycle()
    server = rig(house).server
    calendar = server.calendars["Calendar"]
    calendar.delete(next(iter(calendar.items)))
    calendar.expire()

    def on_call(name: str) -> None:
        if name == "calendar.get":
            raise TryLater("No network.")

    server.on_call = on_call  # the full pass comes to its end, its cursor is kept, and then the line is cut
    house.clock += timedelta(minutes=15)
    assert run_cycle(house.deps()).failed
    server.on_call = lambda name: None
    house.cycle(after=timedelta(hours=1))
    assert sorted(rule for *_, rule in house.interactions(anna)) == ["removed", *["upcoming"] * 3]


def test_a_card_missing_from_a_full_listing_is_asked_for_later_where_nobody_answered(house: House) -> None:
    for n in range(3):
        rig(house).add_card(card(f"uid-{n}", f"Card {n}", f"card{n}@example.net"))
    house.cycle()
    server = rig(house).server
    book = server.books["Contacts"]
    book.delete(next(iter(book.items)))
    book.expire()

    def on_call(name: str) -> None:
        if name == "contacts.get":
            raise TryLater("No network.")

    server.on_call = on_call
    house.clock += timedelta(minutes=15)
    assert run_cycle(house.deps()).failed
    server.on_call = lambda name: None
    house.cycle(after=timedelta(hours=1))
    with house.store.read() as conn:
        gone = list(conn.execute(select(contact_source.c.record_id).where(contact_source.c.gone_at.is_not(None))))
    assert len(gone) == 1


# -- silence -----------------------------------------------------------------------------------------


def test_a_reminder_that_passes_is_moved_once_then_lapses_into_the_digest(house: House) -> None:
    (who,) = overdue(house)
    (first,) = rig(house).reminders()
    house.cycle(after=DAY)
    (second,) = rig(house).reminders()
    assert second.start > first.start
    assert [(r.state, r.moves) for r in house.ledger()] == [("written", 1)], "our own move is not the user's"
    house.cycle(after=3 * DAY)
    assert [r.state for r in house.ledger()] == ["lapsed"]
    with house.store.read() as conn:
        waiting = digest.digest(conn, house.settings, house.clock).waiting
    assert [w.name for w in waiting] == ["Person 0"]
    house.cycle(after=80 * DAY)
    assert len(house.ledger()) == 1
    house.cycle(after=15 * DAY)
    assert sorted(r.state for r in house.ledger()) == ["lapsed", "written"]
    assert who


def who_waits(house: House) -> list[tuple[str, str]]:
    with house.store.read() as conn:
        return [(w.name, w.why) for w in digest.digest(conn, house.settings, house.clock).waiting]


def test_what_passed_unanswered_is_no_reason_any_more_once_they_were_in_touch(house: House) -> None:
    overdue(house)
    for days in (1, 3):
        house.cycle(after=days * DAY)
    assert who_waits(house) == [("Person 0", "two reminders passed unanswered")]
    rig(house).add_mail("Sent", letter(9, house.clock, ME, "p0@example.net"))
    house.cycle()
    assert who_waits(house) == []
    house.clock += 200 * DAY  # two letters without an answer: twice the interval
    assert who_waits(house) == [("Person 0", "no room for a reminder yet")]


def test_somebody_without_history_stands_in_the_digest_like_others(house: House) -> None:
    house.person("Anna", ANNA, tier="key")
    house.enable()
    for _ in range(30):
        house.cycle(after=DAY)
        if [r.state for r in house.ledger()] == ["lapsed"]:
            break
    assert [r.state for r in house.ledger()] == ["lapsed"]
    assert who_waits(house) == [("Anna", "two reminders passed unanswered")]


def test_a_letter_that_waits_for_an_answer_is_reminded_of_until_it_is_answered(house: House) -> None:
    house.person("Anna", ANNA)
    rig(house).add_mail("INBOX", letter(1, NOW - 6 * DAY, ANNA))
    rig(house).add_mail("Sent", letter(2, NOW - 20 * DAY, ME, ANNA))
    house.enable()
    house.cycle()
    assert [r.purpose for r in house.ledger()] == ["reply-owed"]
    rig(house).add_mail("Sent", letter(3, house.clock, ME, ANNA))
    house.cycle()
    assert [r.state for r in house.ledger()] == ["withdrawn"]


def test_two_letters_without_an_answer_double_the_interval(house: House) -> None:
    house.person("Anna", ANNA)
    for n, ago in enumerate((130, 100)):
        rig(house).add_mail("Sent", letter(n, NOW - ago * DAY, ME, ANNA))
    house.enable()
    house.cycle()
    assert not house.ledger()
    house.cycle(after=85 * DAY)
    assert [r.purpose for r in house.ledger()] == ["keep-in-touch"]


# -- trouble -----------------------------------------------------------------------------------------


def failing(house: House, error: Exception) -> None:
    def on_call(name: str) -> None:
        if name.startswith("mail"):
            raise error

    rig(house).server.on_call = on_call


def places(house: House) -> list[Any]:
    with house.store.read() as conn:
        return [(r.kind, r.stream.name, r.position) for r in cursors.rows(conn)]


def test_trouble_with_one_part_is_noted_moves_no_cursor_and_stops_nothing_else(house: House) -> None:
    anna = house.person("Anna", ANNA)
    house.cycle()
    before = [p for p in places(house) if p[0] == "mail"]
    rig(house).add_mail("INBOX", letter(1, NOW - DAY, ANNA))
    rig(house).add_event(meeting("m1", NOW - DAY, ANNA))
    failing(house, NeedsUser("The password was refused.", "Give the right one."))
    house.clock += timedelta(hours=1)
    report = run_cycle(house.deps())
    assert report.failed
    assert [p for p in places(house) if p[0] == "mail"] == before
    assert house.last(anna) == (None, None, NOW - DAY)
    with house.store.read() as conn:
        state = {h.part: (h.needs_user, h.error) for h in health.rows(conn)}
    assert state["mail"] == (True, "The password was refused. Give the right one.")
    assert state["calendar"] == (False, "")
    rig(house).server.on_call = lambda name: None
    with house.store.write() as conn:
        health.retry_now(conn)
    house.cycle()
    assert house.last(anna)[0] == NOW - DAY


def test_a_busy_server_is_left_alone_as_long_as_it_asks(house: House) -> None:
    house.person("Anna", ANNA)
    failing(house, TryLater("The server is busy.", timedelta(hours=3)))
    run_cycle(house.deps())
    calls = rig(house).server.calls["mail.streams"]
    house.clock += timedelta(hours=2)
    run_cycle(house.deps())
    assert rig(house).server.calls["mail.streams"] == calls
    house.clock += timedelta(hours=2)
    run_cycle(house.deps())
    assert rig(house).server.calls["mail.streams"] == calls + 1


def test_while_an_account_is_unread_for_a_day_nothing_is_guessed_from_it(house: House) -> None:
    overdue(house)
    (shown,) = rig(house).reminders()
    failing(house, TryLater("No network."))
    house.clock += timedelta(minutes=20)
    run_cycle(house.deps())
    house.clock += 2 * DAY
    run_cycle(house.deps())
    assert [r.state for r in house.ledger()] == ["written"]
    assert rig(house).reminders() == [shown], "passed, but an answer may lie in the mail nobody could read"


def test_a_broken_message_is_quarantined_and_the_next_is_read(house: House) -> None:
    anna = house.person("Anna", ANNA)
    rig(house).add_broken_mail("INBOX")
    rig(house).add_mail("INBOX", letter(1, NOW - DAY, ANNA))
    house.cycle()
    assert house.last(anna)[0] == NOW - DAY
    with house.store.read() as conn:
        (row,) = quarantine.rows(conn)
    assert row.reason
    house.cycle()
    with house.store.write() as conn:
        assert len(quarantine.rows(conn)) == 1
        assert hand.retry_quarantined(conn, [row.id]) == 1
    house.cycle()
    with house.store.read() as conn:
        assert len(quarantine.rows(conn)) == 1, "still broken: back in quarantine"


def test_a_bounce_freezes_the_address_until_the_user_says_otherwise(house: House) -> None:
    house.person("Anna", ANNA)
    rig(house).add_mail("Sent", letter(1, NOW - 200 * DAY, ME, ANNA))
    rig(house).add_mail(
        "INBOX",
        letter(
            2,
            NOW - DAY,
            "mailer-daemon@example.net",
            Subject="Undelivered Mail Returned to Sender",
            X_Failed_Recipients=ANNA,
            Auto_Submitted="auto-replied",
            Return_Path="<>",
        ),
    )
    house.cycle()
    with house.store.write() as conn:
        (frozen,) = conn.execute(select(address_state).where(address_state.c.frozen_at.is_not(None)))
        assert frozen.address == ANNA
        hand.unfreeze(conn, ANNA, house.clock)
        conn.execute(update(cursor_table).values(cursor="", progress=""))
    house.cycle()
    with house.store.read() as conn:
        assert not list(conn.execute(select(address_state).where(address_state.c.frozen_at.is_not(None))))


# -- by hand -----------------------------------------------------------------------------------------


def test_contact_logged_by_hand_counts_is_edited_and_undone(house: House) -> None:
    anna = house.person("Anna", ANNA)
    with house.store.write() as conn:
        entry = hand.log_contact(conn, rules(house), anna, Form.MEETING, NOW - DAY, topic="plans")
    assert house.last(anna)[2] == NOW - DAY
    with house.store.write() as conn:
        hand.edit_log(conn, rules(house), entry, {"at": NOW - 2 * DAY})
    assert house.last(anna)[2] == NOW - 2 * DAY
    with house.store.write() as conn:
        hand.undo_log(conn, rules(house), entry)
    assert house.last(anna)[2] is None
    with house.store.write() as conn, pytest.raises(UserMistake, match="not happened yet"):
        hand.log_contact(conn, rules(house), anna, Form.CALL, house.clock + DAY)


def test_a_next_step_with_a_day_is_reminded_of_and_ticked_off(house: House) -> None:
    anna = house.person("Anna", ANNA)
    house.enable()
    with house.store.write() as conn:
        day = (NOW + 2 * DAY).date()
        hand.log_contact(conn, rules(house), anna, Form.CALL, NOW, next_step="send the paper", by=day)
    house.cycle()
    (row,) = house.ledger()
    assert row.purpose == "promise"
    (shown,) = rig(house).reminders()
    assert shown.start.date() == day
    assert b"send the paper" in shown.raw.replace(b"\r\n ", b"")
    rig(house).user_retitles_event(shown.uid, "done")
    house.cycle()
    with house.store.read() as conn:
        assert conn.execute(select(hand_log.c.next_done_at).where(hand_log.c.next_by != "")).scalar_one() is not None


def test_the_place_of_somebody_forgotten_is_given_away_in_the_same_round(house: House) -> None:
    house.settings = replace(house.settings, reminders=ReminderRules(a_day=1, a_week=1, ahead=2 * DAY))
    first, second = overdue(house, 2)
    (row,) = house.ledger()
    if row.contact_id == second:
        first, second = second, first
    house.clock += timedelta(hours=8)  # it stood today, and counts as this week's
    with house.store.write() as conn:
        assert not forgetting.forget(conn, first, SECRET, house.clock, list(house.rigs))
    house.cycle(after=timedelta())
    assert [(r.contact_id, r.state) for r in house.ledger()] == [(second, "written")]


def test_confidential_topics_never_leave_the_store(house: House) -> None:
    (who,) = overdue(house)
    rig(house).user_deletes_event(rig(house).reminders()[0].uid)
    house.cycle()
    with house.store.write() as conn:
        at = house.clock - timedelta(minutes=1)
        hand.log_contact(
            conn, rules(house), who, Form.CALL, at, topic="resignation", next_step="secret plan", confidential=True
        )
    house.cycle(after=100 * DAY)
    (shown,) = rig(house).reminders()
    assert b"resignation" not in shown.raw
    assert b"secret" not in shown.raw


def test_the_users_word_on_an_interaction_outlives_a_rescan(house: House) -> None:
    anna = house.person("Anna", ANNA)
    rig(house).add_mail("INBOX", letter(1, NOW - DAY, ANNA))
    house.cycle()
    with house.store.write() as conn:
        number = conn.execute(select(interaction.c.id)).scalar_one()
        assert hand.set_overrule(conn, rules(house), number, False) == "Anna"
        conn.execute(update(cursor_table).values(cursor="", progress=""))
    house.cycle()
    assert house.interactions(anna) == [("mail", "in", False, "overruled")]
    with house.store.write() as conn:
        hand.set_overrule(conn, rules(house), number, None)
    assert house.interactions(anna) == [("mail", "in", True, "counted")]


def test_snooze_and_skip_by_hand_reach_the_calendar_with_the_next_round(house: House) -> None:
    (who,) = overdue(house)
    until = house.clock + 10 * DAY
    with house.store.write() as conn:
        hand.snooze(conn, who, until, house.clock)
    house.cycle()
    (shown,) = rig(house).reminders()
    assert shown.start >= until
    with house.store.write() as conn:
        back = hand.skip(conn, house.settings, who, house.clock)
    house.cycle()
    assert not rig(house).reminders()
    house.clock = back - house.settings.reminders.ahead - DAY
    house.cycle()
    assert not rig(house).reminders()
    house.cycle(after=2 * DAY)
    (again,) = rig(house).reminders()
    assert again.start.date() >= back.date()  # a keep-in-touch is due by its day, whatever the hour


# -- whose account -----------------------------------------------------------------------------------


def test_an_employers_account_hears_nothing_of_recruiters(house: House) -> None:
    (account,) = house.settings.accounts
    house.settings = replace(
        house.settings, accounts=(replace(account, account=replace(account.account, employer=True)),)
    )
    house.person("Rita Recruiter", ANNA, circles=("recruiter", "friend"))
    house.person("Boris", BORIS, circles=("colleague",))
    for n, who in enumerate((ANNA, BORIS)):
        rig(house).add_mail("Sent", letter(n, NOW - 200 * DAY, ME, who))
    house.enable()
    house.cycle()
    assert [e.summary for e in rig(house).reminders() if "Rita" in e.summary or "Рит" in e.summary] == []
    assert len(rig(house).reminders()) == 1


def test_an_account_that_is_disabled_again_gets_nothing_more(house: House) -> None:
    house.enable()
    with house.store.write() as conn:
        enablement.disable(conn, "home")
    house.person("Anna", ANNA)
    rig(house).add_mail("Sent", letter(1, NOW - 200 * DAY, ME, ANNA))
    house.cycle()
    assert not house.ledger()


def test_what_stands_in_an_account_disabled_again_stays_as_it_is(house: House) -> None:
    (overdue_one,) = overdue(house)
    house.person("Anna", ANNA, language="en")
    rig(house).add_event(meeting("m1", NOW - DAY, ANNA))
    house.cycle()
    assert {(r.kind, r.state) for r in house.ledger()} == {("draft", "written"), ("reminder", "written")}
    with house.store.write() as conn:
        enablement.disable(conn, "home")
    rig(house).add_mail("Sent", letter("now", house.clock, ME, "p0@example.net"))
    before, written = (rig(house).drafts(), rig(house).reminders()), rig(house).server.written
    house.cycle()
    house.cycle(after=9 * DAY)
    assert (rig(house).drafts(), rig(house).reminders()) == before
    assert rig(house).server.written == written
    with house.store.write() as conn:
        contacts.do_not_contact(conn, overdue_one)
    house.cycle()
    assert not rig(house).reminders(), "the user's word on a person goes everywhere"


def test_what_was_intended_before_an_account_was_disabled_waits(house: House) -> None:
    rig(house).server.faults.append(Fault.LOST_REQUEST)
    house.person("Anna", ANNA)
    rig(house).add_mail("Sent", letter(1, NOW - 200 * DAY, ME, ANNA))
    house.enable()
    house.cycle()
    with house.store.write() as conn:
        enablement.disable(conn, "home")
    house.cycle(after=timedelta(hours=1))
    assert not rig(house).reminders()
    house.enable()
    house.cycle()  # its place has passed meanwhile: it is planned anew, in the same round
    assert len(rig(house).reminders()) == 1


def test_a_move_that_comes_too_late_is_planned_anew_in_the_same_round(house: House) -> None:
    overdue(house)
    rig(house).server.faults.append(Fault.LOST_REQUEST)
    house.cycle(after=10 * DAY)  # it passed unanswered: the move is lost
    (row,) = house.ledger()
    assert row.starts_at < house.clock
    house.cycle(after=2 * DAY)  # and the place it was to go to has passed as well
    (row,) = house.ledger()
    assert (row.state, row.moves) == ("written", 1)
    assert row.starts_at > house.clock


@pytest.mark.parametrize("touched", [False, True])
def test_a_draft_without_an_answer_is_known_though_it_would_say_something_else_by_now(
    house: House, touched: bool
) -> None:
    house.person("Anna", ANNA, language="en")
    rig(house).add_event(meeting("m1", NOW - DAY, ANNA))
    house.enable()
    rig(house).server.faults.append(Fault.LOST_ANSWER)
    house.cycle()
    (row,) = house.ledger(kind="draft")
    assert row.state == "pending"
    house.settings = replace(house.settings, me=replace(house.settings.me, name="Petra Renamed"))
    if touched:
        rig(house).user_edits_draft(row.message_id, "My own words.")
    house.cycle(after=timedelta(hours=1))
    (row,) = house.ledger(kind="draft")
    assert row.state == ("edited" if touched else "written")
    house.cycle(after=30 * DAY)  # too late for thanks
    assert len(rig(house).drafts()) == int(touched), "it is taken back with its reason, unless it is the user's"


def test_a_changed_cap_replays_the_verdicts_without_the_server(house: House) -> None:
    from daemon.core.policy import DEFAULT_POLICY, Policies

    anna = house.person("Anna", ANNA)
    rig(house).add_mail("INBOX", letter(1, NOW - DAY, ANNA, f"{ME}, a@example.test, b@example.test"))
    house.cycle()
    assert house.interactions(anna) == [("mail", "in", True, "counted")]
    house.settings = replace(house.settings, policies=Policies(default=replace(DEFAULT_POLICY, max_recipients=2)))
    house.cycle()
    assert house.interactions(anna) == [("mail", "in", False, "mass-mail")]


def test_a_file_of_news_that_cannot_be_used_stops_the_news_alone(house: House) -> None:
    folder = house.settings.updates
    assert folder is not None
    folder.mkdir()
    (folder / "2026-Q4.md").write_text("+++\nsubject = \n+++\nHello {name}\n")
    people = [house.person("Person 0", "p0@example.net")]
    rig(house).add_mail("Sent", letter("old", NOW - 200 * DAY, ME, "p0@example.net"))
    house.enable()
    report = run_cycle(house.deps())
    assert any("2026-Q4.md" in e for e in report.errors)
    assert len(rig(house).reminders()) == len(people)


def test_thanks_mention_what_was_logged_of_that_meeting_and_nothing_older(house: House) -> None:
    anna = house.person("Anna", ANNA, language="en")
    rig(house).add_event(meeting("m1", NOW - DAY, ANNA))
    with house.store.write() as conn:
        hand.log_contact(conn, rules(house), anna, Form.CALL, NOW - 40 * DAY, topic="the old budget")
    house.enable()
    house.cycle()
    assert b"old budget" not in rig(house).drafts()[0]


def test_our_own_withdrawal_with_its_answer_lost_is_not_taken_for_the_users(house: House) -> None:
    (who,) = overdue(house)
    with house.store.write() as conn:
        hand.log_contact(conn, rules(house), who, Form.CALL, house.clock)
    rig(house).lose_next_response()
    house.clock += timedelta(minutes=15)
    run_cycle(house.deps())
    assert not rig(house).reminders()
    house.cycle(after=timedelta(hours=1))
    assert [r.state for r in house.ledger()] == ["withdrawn"]


def test_an_account_taken_out_of_the_configuration_holds_nothing_up(house: House) -> None:
    overdue(house)
    house.settings = replace(house.settings, accounts=())
    house.rigs = {}
    house.cycle()
    with house.store.write() as conn:
        from daemon.service.forgetting import forget
        from tests.service.house import SECRET

        (who,) = {r.contact_id for r in house.ledger()}
        assert forget(conn, who, SECRET, house.clock, [])


def test_what_is_withdrawn_makes_room_within_the_same_round(house: House) -> None:
    (who,) = overdue(house)
    with house.store.write() as conn:
        hand.log_contact(conn, rules(house), who, Form.CALL, house.clock - 100 * DAY)
    house.cycle()
    assert sorted(r.state for r in house.ledger()) == ["withdrawn", "written"]
    facts = house.facts()
    assert not house.cycle().done
    assert house.facts() == facts
