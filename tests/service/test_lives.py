"""Whole lives, on every backend: mail and meetings in, a true ledger, reminders and drafts out."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes, policy

import pytest

from daemon.service import contacts as book
from daemon.service.judging import Rules
from tests.contract.rig import ME, Rig
from tests.contract.samples import ANNA, BORIS, NOW, STRANGER, message_id
from tests.service.house import House, letter, meeting
from tests.service.rigs_of import dav_rig, mail_rig

DAY = timedelta(days=1)


# -- mail --------------------------------------------------------------------------------------------


def test_a_first_scan_logs_known_people_and_leaves_no_row_of_strangers(house: House) -> None:
    anna = house.person("Анна Образцова", ANNA)
    box = mail_rig(house)
    box.add_mail("INBOX", letter(1, NOW - 5 * DAY, ANNA))
    box.add_mail("INBOX", letter(2, NOW - 2 * DAY, STRANGER))
    box.add_mail("Sent", letter(3, NOW - 4 * DAY, ME, ANNA))
    house.cycle()
    assert house.last(anna) == (NOW - 5 * DAY, NOW - 4 * DAY, None)
    assert STRANGER not in repr(house.facts())


def test_order_of_arrival_and_copies_change_nothing(house: House) -> None:
    anna = house.person("Anna", ANNA)
    box = mail_rig(house)
    newer = letter(2, NOW - 2 * DAY, ANNA)
    box.add_mail("INBOX", newer)
    house.cycle()
    box.add_mail("Archive", letter(1, NOW - 9 * DAY, ANNA))
    box.add_mail("Archive", newer)
    house.cycle()
    assert house.last(anna)[0] == NOW - 2 * DAY
    assert len(house.interactions(anna)) == 2


def test_moving_and_deleting_mail_retracts_nothing(house: House) -> None:
    anna = house.person("Anna", ANNA)
    box = mail_rig(house)
    first, second = (box.add_mail("INBOX", letter(n, NOW - n * DAY, ANNA)) for n in (1, 2))
    house.cycle()
    before = house.interactions(anna)
    box.move_mail(first, "Archive")
    box.delete_mail(second)
    house.cycle()
    assert house.interactions(anna) == before


def test_junk_and_drafts_do_not_count_until_they_are_real_mail(house: House) -> None:
    anna = house.person("Anna", ANNA)
    box = mail_rig(house)
    spam = box.add_mail("Junk", letter(1, NOW - 2 * DAY, ANNA))
    box.add_mail("Archive", letter(2, NOW - 3 * DAY, ME, ANNA), draft=True)
    house.cycle()
    assert [rule for _, _, counted, rule in house.interactions(anna) if counted] == []
    box.move_mail(spam, "INBOX")
    house.cycle()
    assert house.last(anna)[0] == NOW - 2 * DAY


def test_a_renumbered_mailbox_means_one_full_pass_and_nothing_twice(house: House) -> None:
    anna = house.person("Anna", ANNA)
    box = mail_rig(house)
    for n in range(1, 8):
        box.add_mail("INBOX", letter(n, NOW - n * DAY, ANNA))
    house.cycle()
    before = house.interactions(anna)
    with house.store.read() as conn:
        from daemon.core.model import FolderRole
        from daemon.store import cursors

        read = (FolderRole.INBOX, FolderRole.ALL)
        place = next(r for r in cursors.rows(conn) if r.kind == "mail" and r.stream.role in read)
    moved = box.expire_mail_cursor(place.stream.name, place.position)
    if moved != place.position:
        with house.store.write() as conn:
            cursors.put(conn, place.account, "mail", place.stream, moved)
    box.add_mail("INBOX", letter(99, NOW - DAY / 2, ANNA))
    house.cycle()
    assert len(house.interactions(anna)) == len(before) + 1


def test_somebody_added_later_gets_their_history_without_a_second_scan(house: House) -> None:
    anna = house.person("Anna", ANNA)
    box = mail_rig(house)
    box.add_mail("INBOX", letter(1, NOW - 9 * DAY, BORIS, f"{ME}, {ANNA}"))
    box.add_mail("INBOX", letter(2, NOW - 8 * DAY, BORIS))
    box.add_mail("Sent", letter(3, NOW - 7 * DAY, ME, BORIS.upper()))
    box.add_mail("INBOX", letter(4, NOW - 2 * DAY, ANNA))
    house.cycle()
    boris = house.person("Борис Титов", BORIS)
    house.cycle()
    assert house.last(boris)[:2] == (NOW - 8 * DAY, NOW - 7 * DAY)
    assert ("mail", "in", True, "counted") in house.interactions(boris)
    assert len(house.interactions(anna)) == 2


def test_a_list_letter_counts_once_the_user_answered_it(house: House) -> None:
    anna = house.person("Anna", ANNA)
    box = mail_rig(house)
    box.add_mail("INBOX", letter(1, NOW - 5 * DAY, ANNA, List_Id="<talk.example.org>"))
    house.cycle()
    assert house.interactions(anna) == [("mail", "in", False, "unanswered-list-or-bulk")]
    box.add_mail("Sent", letter(2, NOW - 4 * DAY, ME, ANNA, In_Reply_To="<1@example.com>"))
    house.cycle()
    assert [counted for _, _, counted, _ in house.interactions(anna)] == [True, True]


# -- meetings ----------------------------------------------------------------------------------------


def test_no_reminder_comes_while_the_meeting_is_going_on(house: House) -> None:
    anna = house.person("Anna", ANNA, language="en", tier="key")
    mail_rig(house).add_mail("Sent", letter(1, NOW - 60 * DAY, ME, ANNA))
    dav_rig(house).add_event(meeting("m1", house.clock + timedelta(hours=1), ANNA, hours=3))
    house.enable()
    for _ in range(3):  # before it, in it, in it
        house.cycle(after=timedelta(minutes=50))
        assert not house.ledger(kind="reminder")
    house.cycle(after=timedelta(hours=3))
    assert not house.ledger(kind="reminder") and house.last(anna)[2] == NOW + timedelta(hours=1)


def test_a_meeting_counts_once_it_was_held(house: House) -> None:
    anna = house.person("Anna", ANNA)
    dav_rig(house).add_event(meeting("m1", house.clock + timedelta(hours=2), ANNA))
    house.cycle()
    assert house.interactions(anna) == [("meeting", "mutual", False, "upcoming")]
    house.cycle(after=timedelta(hours=4))
    assert house.interactions(anna) == [("meeting", "mutual", True, "counted")]
    assert house.last(anna)[2] == NOW + timedelta(hours=2)


def test_a_meeting_moved_counts_where_it_took_place(house: House) -> None:
    anna = house.person("Anna", ANNA)
    cal = dav_rig(house)
    handle = cal.add_event(meeting("m1", NOW - 2 * DAY, ANNA))
    house.cycle()
    cal.change_event(handle, meeting("m1", NOW - 3 * DAY, ANNA, "SEQUENCE:1"))
    house.cycle()
    assert house.last(anna)[2] == NOW - 3 * DAY


def test_a_meeting_cancelled_or_declined_is_taken_back(house: House) -> None:
    anna = house.person("Anna", ANNA)
    cal = dav_rig(house)
    if "cancellations" in cal.cannot:
        return
    handle = cal.add_event(meeting("m1", NOW - 2 * DAY, ANNA))
    house.cycle()
    assert house.last(anna)[2] == NOW - 2 * DAY
    cal.change_event(handle, meeting("m1", NOW - 2 * DAY, ANNA, "STATUS:CANCELLED", "SEQUENCE:1"))
    house.cycle()
    assert house.last(anna)[2] is None


def test_a_meeting_deleted_before_it_was_held_is_no_contact_and_one_cleaned_up_later_is(house: House) -> None:
    anna = house.person("Anna", ANNA)
    cal = dav_rig(house)
    held = cal.add_event(meeting("m1", NOW - 2 * DAY, ANNA))
    ahead = cal.add_event(meeting("m2", NOW + DAY, ANNA))
    house.cycle()
    cal.delete_event(held)
    cal.delete_event(ahead)
    house.cycle(after=3 * DAY)
    assert house.last(anna)[2] == NOW - 2 * DAY


def test_each_instance_of_a_series_is_its_own_meeting_as_time_goes_on(house: House) -> None:
    anna = house.person("Anna", ANNA)
    dav_rig(house).add_event(meeting("s1", NOW - 20 * DAY, ANNA, "RRULE:FREQ=WEEKLY"))
    house.cycle()
    held = [i for i in house.interactions(anna) if i[2]]
    assert len(held) == 3
    house.cycle(after=7 * DAY)
    assert len([i for i in house.interactions(anna) if i[2]]) == 4


# -- reminders and drafts ----------------------------------------------------------------------------


def test_nothing_is_written_before_it_is_enabled(house: House) -> None:
    house.person("Anna", ANNA)
    mail_rig(house).add_mail("Sent", letter(1, NOW - 200 * DAY, ME, ANNA))
    house.cycle()
    assert not dav_rig(house).reminders()
    assert not house.ledger()
    house.enable()
    house.cycle()
    assert len(dav_rig(house).reminders()) == 1


def overdue(house: House) -> int:
    """Somebody overdue, with the reminder standing."""
    anna = house.person("Анна Образцова", ANNA)
    mail_rig(house).add_mail("Sent", letter(1, NOW - 200 * DAY, ME, ANNA))
    house.enable()
    house.cycle()
    return anna


def test_a_reminder_dragged_is_snoozed_and_a_deleted_one_skipped(house: House) -> None:
    overdue(house)
    cal = dav_rig(house)
    (shown,) = cal.reminders()
    assert "Анна" in shown.summary
    there = shown.start + 3 * DAY
    cal.user_drags_event(shown.uid, there)
    house.cycle()
    assert [r.state for r in house.ledger()] == ["moved"]
    house.cycle()
    assert [e.start for e in cal.reminders()] == [there]
    cal.user_deletes_event(shown.uid)
    house.cycle()
    house.cycle()
    assert not cal.reminders()
    assert [r.state for r in house.ledger()] == ["skipped"]


def test_a_skip_is_no_silence_for_ever(house: House) -> None:
    overdue(house)
    cal = dav_rig(house)
    cal.user_deletes_event(cal.reminders()[0].uid)
    house.cycle()
    house.cycle(after=80 * DAY)
    assert not cal.reminders()
    house.cycle(after=12 * DAY)
    assert len(cal.reminders()) == 1


def test_contact_made_withdraws_the_reminder(house: House) -> None:
    anna = overdue(house)
    mail_rig(house).add_mail("Sent", letter(2, house.clock, ME, ANNA))
    house.cycle()
    assert not dav_rig(house).reminders()
    assert [r.state for r in house.ledger()] == ["withdrawn"]
    assert house.last(anna)[1] is not None


def test_a_ticked_reminder_is_logged_as_contact(house: House) -> None:
    anna = overdue(house)
    cal = dav_rig(house)
    (shown,) = cal.reminders()
    cal.user_retitles_event(shown.uid, "✓ встреча")
    house.cycle()
    assert ("meeting", "mutual", True, "counted") in house.interactions(anna)
    assert [r.state for r in house.ledger()] == ["done"]
    house.cycle()
    assert len(house.ledger()) == 1


def met(house: House) -> int:
    """Somebody met yesterday, with the thank-you draft standing."""
    anna = house.person("Анна Образцова", ANNA, language="ru")
    dav_rig(house).add_event(meeting("m1", NOW - DAY, ANNA))
    house.enable()
    house.cycle()
    return anna


def test_a_meeting_held_leaves_one_draft_of_thanks(house: House) -> None:
    met(house)
    (raw,) = mail_rig(house).drafts()
    shown = message_from_bytes(raw, policy=policy.default)
    assert shown["To"].addresses[0].addr_spec == ANNA
    assert shown["From"].addresses[0].addr_spec == ME
    text = shown.get_body(("plain",))
    assert text is not None
    assert any(word in shown["Subject"] + text.get_content() for word in ("пасибо", "лагодар"))
    assert shown.get_body(("html",)) is not None
    assert message_id(raw).endswith("@example.org>")
    assert b"kith" not in raw.lower()
    assert [(r.kind, r.purpose, r.state) for r in house.ledger(kind="draft")] == [("draft", "thanks", "written")]


def test_a_letter_of_thanks_goes_on_in_the_thread_there_is(house: House) -> None:
    house.person("Анна Образцова", ANNA, language="ru")
    mail_rig(house).add_mail("INBOX", letter(7, NOW - 3 * DAY, ANNA, Subject="Re: Coffee on Tuesday"))
    dav_rig(house).add_event(meeting("m1", NOW - DAY, ANNA))
    house.enable()
    house.cycle()
    (raw,) = mail_rig(house).drafts()
    shown = message_from_bytes(raw, policy=policy.default)
    assert (shown["Subject"], shown["In-Reply-To"], shown["References"]) == (
        "Re: Coffee on Tuesday",
        "<7@example.com>",
        "<7@example.com>",
    )


@pytest.mark.memory_only
@pytest.mark.parametrize(
    ("days", "subject", "goes_on"),
    [
        (3, "Re: The invoice of May", False),
        (12, "Coffee", True),
        (15, "Coffee", False),
        (0.5, "The coffees", True),
    ],
)
def test_thanks_are_not_hung_onto_a_thread_about_something_else(
    house: House, days: float, subject: str, goes_on: bool
) -> None:
    """The meeting "Coffee" was yesterday."""
    house.person("Анна Образцова", ANNA, language="ru")
    mail_rig(house).add_mail("INBOX", letter(7, NOW - days * DAY, ANNA, Subject=subject))
    mail_rig(house).add_mail("INBOX", letter(8, NOW - 2 * DAY, ANNA, Subject="Re: The invoice of May"))
    dav_rig(house).add_event(meeting("m1", NOW - DAY, ANNA))
    house.enable()
    house.cycle()
    (raw,) = mail_rig(house).drafts()
    shown = message_from_bytes(raw, policy=policy.default)
    assert shown["In-Reply-To"] == ("<7@example.com>" if goes_on else None)
    assert ("offee" in shown["Subject"]) == goes_on and "invoice" not in shown["Subject"]


def test_an_untouched_draft_is_withdrawn_when_its_reason_passes(house: House) -> None:
    met(house)
    box = mail_rig(house)
    box.add_mail("Sent", letter(2, house.clock, ME, ANNA))
    house.cycle()
    assert not box.drafts()
    assert len(box.trashed()) == 1
    assert [r.state for r in house.ledger(kind="draft")] == ["withdrawn"]


def test_an_edited_draft_is_the_users(house: House) -> None:
    met(house)
    box = mail_rig(house)
    box.user_edits_draft(message_id(box.drafts()[0]), "Совсем другой текст.")
    edited = box.drafts()
    house.cycle()
    assert [r.state for r in house.ledger(kind="draft")] == ["edited"]
    box.add_mail("Sent", letter(2, house.clock, ME, ANNA))
    house.cycle()
    house.cycle(after=9 * DAY)
    assert box.drafts() == edited


def test_a_draft_sent_is_known_as_sent_and_a_deleted_one_does_not_come_back(house: House) -> None:
    met(house)
    box = mail_rig(house)
    box.user_sends_draft(message_id(box.drafts()[0]))
    house.cycle()
    house.cycle()
    assert [r.state for r in house.ledger(kind="draft")] == ["sent"]
    assert not box.drafts()


def test_a_deleted_draft_does_not_come_back(house: House) -> None:
    met(house)
    box = mail_rig(house)
    box.user_deletes_draft(message_id(box.drafts()[0]))
    house.cycle()
    house.cycle(after=2 * DAY)
    assert not box.drafts()
    assert [r.state for r in house.ledger(kind="draft")] == ["unknown"]


def test_birthday_and_news_and_check_in(house: House) -> None:
    from dataclasses import replace

    from daemon.core.policy import Policies, Policy

    house.settings = replace(
        house.settings, policies=Policies(circles={"mentor": Policy(drafts=frozenset({"check-in"}))})
    )
    house.person("Boris Titov", BORIS, birthday=f"1980-{NOW:%m-%d}", language="en")
    house.person("Vera", "vera@example.net", circles=("mentor",), language="ru")
    mail_rig(house).add_mail("Sent", letter(1, NOW - 200 * DAY, ME, "vera@example.net"))
    house.enable()
    folder = house.settings.updates
    assert folder is not None
    folder.mkdir()
    (folder / "2026-Q4.md").write_text(
        f"+++\nsubject = 'News'\ncircles = ['partner']\nwritten = {NOW - DAY:%Y-%m-%d}\n+++\n"
        "This autumn we moved the whole team to a new office and it was great fun for all of us.\n"
    )
    house.cycle()
    made = {(r.purpose, r.state) for r in house.ledger(kind="draft")}
    assert made == {("congratulations", "written"), ("check-in", "written")}  # one letter a day to one person
    house.cycle(after=DAY)
    made = {(r.purpose, r.state) for r in house.ledger(kind="draft")}
    assert made == {("congratulations", "written"), ("update", "written"), ("check-in", "written")}
    assert len(mail_rig(house).drafts()) == 3


def birthday_and_meeting(house: House) -> Rig:
    """Thanks for yesterday's meeting stand; then it turns out that today is their birthday."""
    who = house.person("Boris Titov", BORIS, language="en")
    house.enable()
    dav_rig(house).add_event(meeting("m1", NOW - DAY, BORIS))
    house.cycle()
    assert [(r.purpose, r.state) for r in house.ledger(kind="draft")] == [("thanks", "written")]
    with house.store.write() as conn:
        given = book.Change(dates={"birthday": f"--{NOW:%m-%d}"})
        book.edit(conn, Rules(house.settings.policies, house.clock), who, given)
    return mail_rig(house)


def test_a_stronger_reason_of_the_day_takes_the_place_of_an_untouched_draft(house: House) -> None:
    box = birthday_and_meeting(house)
    house.cycle()
    states = {r.purpose: r.state for r in house.ledger(kind="draft")}
    assert states == {"thanks": "superseded", "congratulations": "written"}
    (left,) = box.drafts()
    assert "birthday" in str(message_from_bytes(left, policy=policy.default)["Subject"]).lower()
    house.cycle(after=DAY)
    assert {r.purpose: r.state for r in house.ledger(kind="draft")} == states


def test_a_draft_the_user_edited_stays_and_the_newcomer_is_superseded(house: House) -> None:
    box = birthday_and_meeting(house)
    box.user_edits_draft(message_id(box.drafts()[0]), "My own words.")
    house.cycle()
    house.cycle(after=DAY)
    states = {r.purpose: r.state for r in house.ledger(kind="draft")}
    assert states == {"thanks": "edited", "congratulations": "superseded"}
    assert len(box.drafts()) == 1


def test_a_second_run_with_nothing_new_writes_nothing(house: House) -> None:
    overdue(house)
    dav_rig(house).add_event(meeting("m1", NOW - DAY, ANNA))
    mail_rig(house).add_mail("INBOX", letter(5, NOW - 3 * DAY, ANNA))
    house.cycle()
    house.cycle()
    before, drafts, events = house.facts(), mail_rig(house).drafts(), dav_rig(house).reminders()
    box = mail_rig(house).mailbox()
    report = house.cycle()
    assert not report.done
    assert house.facts() == before
    assert mail_rig(house).drafts() == drafts
    assert dav_rig(house).reminders() == events
    assert mail_rig(house).mailbox() == box


def test_a_store_rebuilt_from_nothing_adopts_what_is_there(house: House) -> None:
    house.person("Анна Образцова", ANNA, language="ru")
    mail_rig(house).add_mail("Sent", letter(1, NOW - 200 * DAY, ME, ANNA))
    dav_rig(house).add_event(meeting("m1", NOW - DAY, ANNA))
    house.enable()
    house.cycle()
    drafts, events = mail_rig(house).drafts(), dav_rig(house).reminders()
    assert (len(drafts), len(events)) == (1, 0)
    house.wipe()
    house.person("Анна Образцова", ANNA, language="ru")
    house.enable()
    house.cycle()
    assert (mail_rig(house).drafts(), dav_rig(house).reminders()) == (drafts, events)
    assert [r.state for r in house.ledger(kind="draft")] == ["written"]


@pytest.mark.parametrize("purpose", ["draft", "reminder"])
def test_a_lost_answer_leaves_exactly_one(house: House, purpose: str) -> None:
    target = mail_rig(house) if purpose == "draft" else dav_rig(house)
    house.person("Анна Образцова", ANNA, language="ru")
    if purpose == "draft":
        dav_rig(house).add_event(meeting("m1", NOW - DAY, ANNA))
    else:  # overdue: who has no history comes up at some time within the first cadence
        mail_rig(house).add_mail("Sent", letter("old", NOW - 200 * DAY, ME, ANNA))
    house.enable()
    house.clock += timedelta(minutes=15)
    from daemon.service.cycle import run_cycle

    connection = target.connection()
    port = connection.drafts if purpose == "draft" else connection.reminders
    assert port is not None
    create = port.create

    def lossy(item):  # type: ignore[no-untyped-def]
        target.lose_next_response()
        return create(item)

    port.create = lossy  # type: ignore[method-assign]
    run_cycle(house.deps())
    house.cycle(after=timedelta(hours=1))
    made = target.drafts() if purpose == "draft" else target.reminders()
    assert len(made) == 1
    assert [r.state for r in house.ledger(kind=purpose)] == ["written"]


def test_a_contact_paused_or_forgotten_takes_everything_along(house: House) -> None:
    from daemon.service.forgetting import forget
    from tests.service.house import SECRET

    anna = met(house)
    with house.store.write() as conn:
        forget(conn, anna, SECRET, house.clock, list(house.rigs))
    house.cycle()
    house.cycle()
    assert not mail_rig(house).drafts()
    assert ANNA not in repr(house.facts())
