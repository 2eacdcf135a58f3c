"""What goes wrong on the wire, and what each of it means: nothing leaked, nothing doubled, nobody asleep."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest

from daemon.core.errors import CursorExpired, KithError, NeedsUser, OutcomeUnknown, Refused, SignInRefused, TryLater
from daemon.core.model import Mail, Position, Whereabouts
from tests.contract.reading import read
from tests.contract.rig import ME
from tests.contract.rig_exchange import ExchangeRig
from tests.contract.samples import ANNA, KNOWN, STRANGER, WINDOW, draft, mail, reminder
from tests.doubles.ews import reading
from tests.doubles.ews import server as double
from tests.doubles.ews.server import Ews
from tests.doubles.ews.xml import make


@pytest.mark.parametrize("what", [double.BUSY_500, double.BUSY_200])
def test_a_busy_server_is_left_alone_for_as_long_as_it_says(rig: ExchangeRig, ews: Ews, what: str) -> None:
    source = rig.connection().mail
    assert source is not None
    ews.faults.append(("GetFolder", what))
    with pytest.raises(TryLater) as caught:
        source.streams()
    assert caught.value.after == timedelta(milliseconds=297_749)
    assert ews.calls["GetFolder"] == 1, "it was asked again at once"
    assert source.streams()


def test_busy_in_the_answer_itself(rig: ExchangeRig, ews: Ews) -> None:
    source = rig.connection().mail
    assert source is not None
    stream = source.streams()[0]
    ews.faults.append(("SyncFolderItems", double.BUSY_MESSAGE))
    with pytest.raises(TryLater) as caught:
        next(iter(source.pages(stream, Position(), KNOWN)))
    assert caught.value.after is None


@pytest.mark.parametrize(("operation", "code"), [("GetFolder", "FolderNotFound"), ("GetItem", "InternalServerError")])
def test_one_answer_to_many_questions_is_nobody_s(rig: ExchangeRig, ews: Ews, operation: str, code: str) -> None:
    source = rig.connection().mail
    assert source is not None
    for number in (1, 2):
        rig.add_mail("INBOX", mail(number))
    ews.faults.append((operation, f"answer Error{code}"))
    with pytest.raises(TryLater, match="questions"):
        read(source.pages(source.streams()[0], Position(), KNOWN))
    assert len(read(source.pages(source.streams()[0], Position(), KNOWN)).items) == 2


def test_a_busy_server_has_not_written(rig: ExchangeRig, ews: Ews) -> None:
    connection = rig.connection()
    assert connection.drafts and connection.reminders
    for what in (double.BUSY_500, double.BUSY_200):
        ews.faults.append(("CreateItem", what))
        with pytest.raises(TryLater) as caught:
            connection.drafts.create(draft())
        assert not isinstance(caught.value, OutcomeUnknown)
    ews.faults.append(("CreateItem", double.INTERNAL))
    with pytest.raises(OutcomeUnknown):
        connection.reminders.create(reminder())
    assert not rig.drafts() and not rig.reminders()


@pytest.mark.parametrize("how", ["answer", "fault"])
@pytest.mark.parametrize("code", ["ErrorInvalidPropertySet", "ErrorSchemaValidation", "ErrorMimeContentInvalid"])
def test_what_the_server_will_never_take_is_not_tried_for_ever(rig: ExchangeRig, ews: Ews, how: str, code: str) -> None:
    connection = rig.connection()
    assert connection.drafts and connection.reminders
    for write in (lambda: connection.drafts.create(draft()), lambda: connection.reminders.create(reminder())):
        ews.faults.append(("CreateItem", f"{how} {code}"))
        with pytest.raises(Refused, match=code):
            write()
    ews.faults.append(("FindItem", f"{how} {code}"))  # and what cannot be asked so is no reason to give a write up
    with pytest.raises(TryLater):
        connection.drafts.create(draft())
    assert not rig.drafts() and not rig.reminders()


def test_a_draft_that_vanishes_under_our_hands_is_looked_for_anew(rig: ExchangeRig, ews: Ews) -> None:
    drafts = rig.connection().drafts
    assert drafts is not None
    made = drafts.create(draft())
    ews.faults.append(("MoveItem", "answer ErrorItemNotFound"))
    with pytest.raises(TryLater):
        drafts.withdraw(made.remote_id, made.message_id, made.digest)
    rig.user_deletes_draft(made.message_id)
    assert drafts.withdraw(made.remote_id, made.message_id, made.digest).where is Whereabouts.GONE


@pytest.mark.parametrize("what", [double.DROP_BEFORE, double.DROP_AFTER])
def test_a_connection_dropped_in_a_read_is_tried_later_or_again(rig: ExchangeRig, ews: Ews, what: str) -> None:
    source = rig.connection().mail
    assert source is not None
    ews.faults.append(("GetFolder", what))
    with pytest.raises(TryLater) as caught:
        source.streams()
    assert not isinstance(caught.value, OutcomeUnknown)
    assert source.streams()  # a kept connection that is found closed is no trouble at all
    if what == double.DROP_BEFORE:
        ews.faults.append(("FindFolder", what))
        assert source.streams()


def test_a_server_that_says_nothing_has_its_time(ews: Ews, rig: ExchangeRig) -> None:
    rig.options["timeout"] = 1
    source = rig.fresh_connection().mail
    assert source is not None
    ews.faults.append(("GetFolder", double.SILENT))
    with pytest.raises(TryLater, match="in time"):
        source.streams()


def test_a_state_the_server_forgot_means_a_full_pass(rig: ExchangeRig) -> None:
    connection = rig.connection()
    assert connection.mail and connection.calendar and connection.contacts
    for cursor in ('{"s":"bm90aGluZw=="}', '{"s":"!"}', "none of ours", "[]"):
        for pages in (
            connection.mail.pages(connection.mail.streams()[0], Position(cursor), KNOWN),
            connection.calendar.pages(connection.calendar.streams()[0], Position(cursor), KNOWN, WINDOW),
            connection.contacts.pages(connection.contacts.streams()[0], Position(cursor)),
        ):
            with pytest.raises(CursorExpired):
                next(iter(pages))


@pytest.mark.parametrize("state", ["", "the same"])
def test_a_list_of_changes_that_does_not_get_on_is_no_endless_pass(
    rig: ExchangeRig, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    for number in range(9):
        rig.add_mail("INBOX", mail(number))
    source = rig.connection().mail
    assert source is not None
    pages = source.pages(source.streams()[0], Position(), KNOWN)
    next(pages)
    monkeypatch.setattr(reading, "_since", lambda *_: 0)
    monkeypatch.setattr(reading, "_state", lambda *_: state)
    with pytest.raises(TryLater):
        for _ in zip(range(5), pages, strict=False):
            pass


@pytest.mark.parametrize(("status", "words"), [(404, "check server or ews_url"), (403, "switched off")])
def test_an_address_without_web_services_is_said_and_nothing_was_written(
    rig: ExchangeRig, monkeypatch: pytest.MonkeyPatch, status: int, words: str
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(double._Handler, "_answer", lambda self, raw: self._send(status, b"<html>no</html>"))
        connection = rig.connection()
        assert connection.drafts
        for ask in (connection.check, lambda: connection.drafts.create(draft())):
            with pytest.raises(TryLater, match=words) as caught:
                ask()
            assert not isinstance(caught.value, OutcomeUnknown)
    assert connection.check()


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, b"<html>Please sign in to the network</html>"), (200, b""), (302, b""), (500, b"<html>"), (440, b"")],
)
def test_somebody_else_answers_in_the_server_s_place(
    rig: ExchangeRig, monkeypatch: pytest.MonkeyPatch, status: int, body: bytes
) -> None:
    connection = rig.connection()
    assert connection.drafts
    connection.check()
    answer = double._Handler._answer

    def instead(self: double._Handler, raw: bytes) -> None:
        if b"CreateItem" in raw or b"FindFolder" in raw:
            self._send(status, body, "text/html")
        else:
            answer(self, raw)

    monkeypatch.setattr(double._Handler, "_answer", instead)
    with pytest.raises(TryLater):
        connection.check()
    with pytest.raises(OutcomeUnknown):
        connection.drafts.create(draft())


def test_no_error_quotes_a_letter_an_address_or_a_password(
    rig: ExchangeRig, ews: Ews, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    drafts = rig.connection().drafts
    assert drafts is not None
    for what in (double.BUSY_500, double.INTERNAL, double.DROP_BEFORE, double.DROP_AFTER):
        ews.faults.append(("CreateItem", what))
        with pytest.raises(KithError) as caught:
            drafts.create(draft())
        assert ANNA not in str(caught.value) and "Спасибо" not in str(caught.value)
    rig.secrets.password = "very-wrong"
    with pytest.raises(SignInRefused) as refused:
        rig.fresh_connection().check()
    assert "very-wrong" not in str(refused.value)
    said = caplog.text
    assert "very-wrong" not in said and ANNA not in said and ews.password not in said


def test_a_certificate_authority_that_is_no_file(rig: ExchangeRig) -> None:
    rig.options["ca_file"] = "/nowhere/ca.pem"
    rig.options["ews_url"] = "https://127.0.0.1:9/EWS/Exchange.asmx"
    with pytest.raises((NeedsUser, TryLater)):
        rig.fresh_connection().check()


# -- mail -----------------------------------------------------------------------------------------


def _inbox(rig: ExchangeRig) -> list[Mail]:
    source = rig.connection().mail
    assert source is not None
    stream = source.streams()[0]
    return [m for m in read(source.pages(stream, Position(), KNOWN)).items if isinstance(m, Mail)]


def test_letters_to_me_from_strangers_are_not_even_fetched(rig: ExchangeRig, ews: Ews) -> None:
    for number in range(9):
        rig.add_mail("INBOX", mail(number, STRANGER))
    assert _inbox(rig) == []
    assert ews.calls["GetItem"] == 0
    rig.add_mail("INBOX", mail("cc", STRANGER, Cc=ANNA))
    assert [m.message_id for m in _inbox(rig)] == ["<cc@example.com>"]


def test_an_invitation_and_a_bounce_are_told_by_their_class(rig: ExchangeRig) -> None:
    one = rig.add_mail("INBOX", mail("invitation", ANNA))
    other = rig.add_mail("INBOX", mail("bounce", "postmaster@example.org"))
    rig._item(one)[1].put("ItemClass", "IPM.Schedule.Meeting.Request")
    rig._item(other)[1].put("ItemClass", "REPORT.IPM.Note.NDR")
    found = {m.message_id: {s.value for s in m.signals} for m in _inbox(rig)}
    assert "invitation" in found["<invitation@example.com>"]
    assert "bounce" in found["<bounce@example.com>"]


def test_mail_sent_from_here_has_no_header_and_is_read_all_the_same(rig: ExchangeRig) -> None:
    written = mail("sent", f'"Илья, Петра" <{ME}>', f'"Образцова, Анна" <{ANNA}>', In_Reply_To="<0@example.com>")
    rig.add_mail("Sent", written.decode().encode())
    source = rig.connection().mail
    assert source is not None
    sent = next(s for s in source.streams() if s.role.value == "sent")
    (found,) = read(source.pages(sent, Position(), KNOWN)).items
    assert isinstance(found, Mail)
    assert (found.senders, found.to, found.in_reply_to) == ((ME,), (ANNA,), "<0@example.com>")


def test_a_sender_without_an_address_is_nobody_and_no_error(rig: ExchangeRig) -> None:
    handle = rig.add_mail("Sent", mail("list", ME, ANNA))
    item = rig._item(handle)[1]
    for mailbox in item.props["ToRecipients"]:
        mailbox.remove(mailbox[1])
        mailbox.insert(1, make("t:EmailAddress", "/o=Example/ou=First/cn=Recipients/cn=anna"))
    source = rig.connection().mail
    assert source is not None
    sent = next(s for s in source.streams() if s.role.value == "sent")
    seen = read(source.pages(sent, Position(), KNOWN))
    assert not seen.broken and not seen.items


# -- drafts and reminders -------------------------------------------------------------------------


def test_a_change_key_that_changed_by_itself_is_no_edit(rig: ExchangeRig) -> None:
    connection = rig.connection()
    assert connection.drafts and connection.reminders
    letter, event = connection.drafts.create(draft()), connection.reminders.create(reminder())
    for folder, item in list(rig.box.items()):
        folder.touch(item)
    (looked,) = connection.drafts.look([(letter.remote_id, letter.message_id)])
    assert looked.digest == letter.digest
    assert connection.drafts.withdraw(letter.remote_id, letter.message_id, letter.digest).where is Whereabouts.TRASHED
    assert connection.reminders.withdraw(event.remote_id, event.version).where is Whereabouts.GONE


def test_a_reminder_carries_its_key_and_a_letter_none(rig: ExchangeRig) -> None:
    connection = rig.connection()
    assert connection.drafts and connection.reminders
    connection.drafts.create(draft())
    connection.reminders.create(reminder())
    keys = {item.tag: {name[1] for name in item.extended} for _, item in rig.box.items() if item.tag}
    assert "kith-key" in keys["CalendarItem"]
    assert "kith-key" not in keys["Message"]


def test_a_reminder_in_a_calendar_of_its_own_and_moved_to_another(rig: ExchangeRig) -> None:
    rig.options["reminders_calendar"] = "Напоминания"
    target = rig.fresh_connection().reminders
    assert target is not None
    made = target.create(reminder())
    mine = rig.box.named("Напоминания")
    assert len(mine.items) == 1
    rig.box.move(made.remote_id, rig.box.distinguished("calendar"))
    (looked,) = target.look([(made.remote_id, made.uid)])
    assert (looked.where, looked.digest) == (Whereabouts.PRESENT, made.digest)
    assert looked.remote_id != made.remote_id
    assert target.find(reminder().key, reminder().uid) == looked
    target.create(reminder(2))
    assert len([f for f in rig.box.folders.values() if f.name == "Напоминания"]) == 1


def test_what_cannot_be_read_is_not_taken_for_gone(rig: ExchangeRig) -> None:
    connection = rig.connection()
    assert connection.drafts and connection.reminders
    letter, event = connection.drafts.create(draft()), connection.reminders.create(reminder())
    for pair in rig.box.items():
        pair[1].corrupt = True
    (looked,) = connection.drafts.look([(letter.remote_id, letter.message_id)])
    (seen,) = connection.reminders.look([(event.remote_id, event.uid)])
    assert looked.where is seen.where is Whereabouts.UNKNOWN
    assert connection.drafts.find(draft().key, letter.message_id, "").where is Whereabouts.UNKNOWN
    assert connection.reminders.find(reminder().key, event.uid).where is Whereabouts.UNKNOWN
    with pytest.raises(KithError):
        connection.reminders.withdraw(event.remote_id, event.version)
    assert connection.drafts.withdraw(letter.remote_id, letter.message_id, letter.digest).where is Whereabouts.UNKNOWN
    assert len(rig.drafts()) == 1 and len(rig.reminders()) == 1


@pytest.mark.parametrize("code", ["ErrorInvalidPropertyRequest", "ErrorInternalServerError", "ErrorItemCorrupt"])
def test_one_item_the_server_fails_at_hides_no_other(
    rig: ExchangeRig, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    rig.add_mail("INBOX", mail(1))
    rig.add_broken_mail("INBOX")
    rig.add_mail("INBOX", mail(2))
    monkeypatch.setattr(reading, "CORRUPT", code)
    source = rig.connection().mail
    assert source is not None
    seen = read(source.pages(source.streams()[0], Position(), KNOWN))
    assert {m.message_id for m in seen.items if isinstance(m, Mail)} == {"<1@example.com>", "<2@example.com>"}
    assert [code in broken.reason for broken in seen.broken] == [True]
