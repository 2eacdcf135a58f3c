"""What goes wrong between us and Graph, and what is made of it."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest

from connectors.microsoft.transport import Transport
from daemon.core.errors import CursorExpired, NeedsUser, OutcomeUnknown, Refused, TryLater
from daemon.core.model import Position, Whereabouts
from tests.contract.reading import read
from tests.contract.rig_graph import GraphRig
from tests.contract.samples import KNOWN, draft, mail, reminder
from tests.doubles.graph import Fault, GraphDouble
from tests.microsoft.signed_in import SignedIn


def test_retry_after_is_handed_on_and_nobody_waits(rig: GraphRig) -> None:
    rig.double.faults.append(Fault(429, "mailFolders", code="ApplicationThrottled", retry_after="17"))
    with pytest.raises(TryLater) as caught:
        rig.connection().mail.streams()  # type: ignore[union-attr]
    assert caught.value.after == timedelta(seconds=17)
    assert rig.connection().mail.streams()  # type: ignore[union-attr]


def test_a_busy_part_of_a_batch_stops_the_whole(rig: GraphRig) -> None:
    made = rig.connection().drafts.create(draft())  # type: ignore[union-attr]
    rig.double.faults.append(Fault(429, "messages/", code="ApplicationThrottled", retry_after="3", inner=True))
    with pytest.raises(TryLater) as caught:
        rig.connection().drafts.look([(made.remote_id, made.message_id)])  # type: ignore[union-attr]
    assert caught.value.after == timedelta(seconds=3)


def test_a_part_that_is_refused_is_that_part_alone(rig: GraphRig) -> None:
    for number in (1, 2):
        rig.add_mail("INBOX", mail(number))
    source = rig.connection().mail
    assert source is not None
    inbox = next(s for s in source.streams() if s.label == "Inbox")
    rig.double.faults.append(Fault(400, "messages/", code="ErrorMessageNotReadable", inner=True))
    seen = read(source.pages(inbox, Position(), KNOWN))
    assert len(seen.items) == len(seen.broken) == 1


def test_a_letter_the_server_always_fails_at_hides_no_other(rig: GraphRig) -> None:
    for number in (1, 2, 3):
        rig.add_mail("INBOX", mail(number))
    bad = rig.add_mail("INBOX", mail("bad"))
    source = rig.connection().mail
    assert source is not None
    inbox = next(s for s in source.streams() if s.label == "Inbox")
    rig.double.faults.append(Fault(500, re.escape(quote(bad, safe="")), code="ErrorInternalServerError", lasting=True))
    seen = read(source.pages(inbox, Position(), KNOWN))
    assert len(seen.items) == 3 and [one.item_id for one in seen.broken] == [bad]


def test_a_letter_the_server_fails_at_once_is_read(rig: GraphRig) -> None:
    for number in (1, 2):
        rig.add_mail("INBOX", mail(number))
    source = rig.connection().mail
    assert source is not None
    inbox = next(s for s in source.streams() if s.label == "Inbox")
    rig.double.faults.append(Fault(500, "messages/", inner=True))
    seen = read(source.pages(inbox, Position(), KNOWN))
    assert len(seen.items) == 2 and not seen.broken


def test_a_server_that_fails_at_everything_is_asked_later(rig: GraphRig) -> None:
    for number in (1, 2):
        rig.add_mail("INBOX", mail(number))
    source = rig.connection().mail
    assert source is not None
    inbox = next(s for s in source.streams() if s.label == "Inbox")
    rig.double.faults.append(Fault(500, "messages/[^d]", lasting=True))
    with pytest.raises(TryLater):
        read(source.pages(inbox, Position(), KNOWN))


def test_links_that_lead_round_in_a_circle_are_not_followed(rig: GraphRig, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.doubles.graph import delta

    for number in range(9):
        rig.add_mail("INBOX", mail(number))
    source = rig.connection().mail
    assert source is not None
    inbox = next(s for s in source.streams() if s.label == "Inbox")
    monkeypatch.setattr(delta, "_page", lambda *_, **__: {"value": [], "_skip": "skip-1"})
    monkeypatch.setattr(delta, "go_on", lambda *_, **__: {"value": [], "_skip": "skip-1"})
    pages = source.pages(inbox, Position(), KNOWN)
    with pytest.raises(TryLater, match="circle"):
        for _ in zip(range(9), pages, strict=False):
            pass


@pytest.mark.parametrize(("status", "error"), [(500, TryLater), (503, TryLater), (504, TryLater), (400, Refused)])
def test_a_reading_that_fails(rig: GraphRig, status: int, error: type[Exception]) -> None:
    rig.double.faults.append(Fault(status, "GET .*calendars"))
    with pytest.raises(error) as caught:
        rig.connection().calendar.streams()  # type: ignore[union-attr]
    assert not isinstance(caught.value, OutcomeUnknown)


@pytest.mark.parametrize("path", ["openid", "token", "GET .*calendars", "batch"])
def test_somebody_else_answers_in_microsoft_s_place(double: GraphDouble, tmp_path: Path, path: str) -> None:
    someone = SignedIn(double, tmp_path)
    double.sign.run_out()
    double.faults.append(Fault("noise", path))
    with pytest.raises(TryLater):
        someone.connection().check()
    assert someone.connection().check()


def test_a_write_answered_by_somebody_else_is_open(rig: GraphRig) -> None:
    rig.double.faults.append(Fault("noise", writes=True))
    with pytest.raises(OutcomeUnknown):
        rig.connection().drafts.create(draft())  # type: ignore[union-attr]


@pytest.mark.parametrize("fault", [Fault(500, writes=True), Fault("drop-before", writes=True)])
def test_a_write_without_an_answer_is_not_tried_again(rig: GraphRig, fault: Fault) -> None:
    rig.double.faults.append(fault)
    with pytest.raises(OutcomeUnknown):
        rig.connection().reminders.create(reminder())  # type: ignore[union-attr]
    assert rig.double.calls["POST calendars/{id}/events"] == 1


def test_a_busy_server_has_written_nothing(rig: GraphRig) -> None:
    rig.double.faults.append(Fault(429, writes=True, retry_after="1"))
    with pytest.raises(TryLater) as caught:
        rig.connection().drafts.create(draft())  # type: ignore[union-attr]
    assert not isinstance(caught.value, OutcomeUnknown) and not rig.drafts()


def test_a_read_back_that_fails_leaves_it_open(rig: GraphRig) -> None:
    rig.double.faults.append(Fault(503, "GET .*/messages/"))
    with pytest.raises(OutcomeUnknown):
        rig.connection().drafts.create(draft())  # type: ignore[union-attr]
    assert len(rig.drafts()) == 1


def test_a_connection_that_died_meanwhile_is_made_anew(rig: GraphRig) -> None:
    rig.connection().check()
    rig.double.faults.append(Fault("drop-before", "calendars"))
    assert rig.connection().check()


def test_a_connection_that_ends_in_the_middle_of_an_answer(rig: GraphRig) -> None:
    rig.double.faults += [Fault("half", "calendars"), Fault("half", "calendars")]  # it is asked once more by itself
    with pytest.raises(TryLater) as caught:
        rig.connection().check()
    assert not isinstance(caught.value, OutcomeUnknown) and not rig.double.faults
    assert rig.connection().check()
    rig.double.faults.append(Fault("half", writes=True))
    with pytest.raises(OutcomeUnknown):
        rig.connection().drafts.create(draft())  # type: ignore[union-attr]
    assert len(rig.drafts()) == 1
    found = rig.connection().drafts.find(draft().key, draft().message_id, "")  # type: ignore[union-attr]
    assert found.where is Whereabouts.PRESENT and not rig.double.calls["POST messages"] > 1


def test_a_mailbox_on_a_server_of_ones_own(rig: GraphRig) -> None:
    rig.double.faults.append(Fault(404, "calendars", code="MailboxNotEnabledForRESTAPI"))
    with pytest.raises(NeedsUser, match="kind exchange"):
        rig.connection().calendar.streams()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("status", "code"), [(410, "syncStateNotFound"), (410, ""), (400, "SyncStateInvalid"), (410, "resyncRequired")]
)
def test_each_way_to_forget_a_position(rig: GraphRig, status: int, code: str) -> None:
    rig.add_mail("INBOX", mail(1))
    source = rig.connection().mail
    assert source is not None
    inbox = next(s for s in source.streams() if s.label == "Inbox")
    position = read(source.pages(inbox, Position(), KNOWN)).position
    rig.double.faults.append(Fault(status, "delta", code=code))
    with pytest.raises(CursorExpired):
        read(source.pages(inbox, position, KNOWN))


def test_a_position_that_is_none_of_ours(rig: GraphRig) -> None:
    source = rig.connection().mail
    assert source is not None
    inbox = next(s for s in source.streams() if s.label == "Inbox")
    for text in ("INBOX:12", '{"link":"https://elsewhere.example/","at":"2026-11-18T09:00:00+00:00"}', "{}"):
        with pytest.raises(CursorExpired):
            read(source.pages(inbox, Position(text), KNOWN))


def test_a_link_that_leads_elsewhere_gets_no_token(rig: GraphRig, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.doubles.graph import call

    for number in range(9):
        rig.add_mail("INBOX", mail(number))
    source = rig.connection().mail
    assert source is not None
    inbox = next(s for s in source.streams() if s.label == "Inbox")
    monkeypatch.setattr(call, "BASE", "https://graph.microsoft.com.example/v1.0")
    with pytest.raises(TryLater, match="not Microsoft's"):
        read(source.pages(inbox, Position(), KNOWN))


def test_each_write_is_announced_before(double: GraphDouble, tmp_path: Path) -> None:
    someone = SignedIn(double, tmp_path)
    connection = someone.connection()
    assert connection.drafts is not None and connection.reminders is not None
    made = connection.drafts.create(draft())
    assert someone.writes == 1
    connection.drafts.withdraw(made.remote_id, made.message_id, made.digest)
    put = connection.reminders.create(reminder())
    assert connection.reminders.withdraw(put.remote_id, put.version).where is Whereabouts.GONE
    assert someone.writes == 4


def test_many_are_read_in_batches_of_twenty(double: GraphDouble, tmp_path: Path) -> None:
    someone = SignedIn(double, tmp_path)
    someone.page = 100
    source = someone.connection().mail
    assert source is not None
    rig = GraphRig(double, tmp_path)
    for number in range(45):
        rig.add_mail("INBOX", mail(number))
    for number in range(45, 60):
        rig.add_mail("INBOX", mail(number, "stranger@example.test"))
    inbox = next(s for s in source.streams() if s.label == "Inbox")
    before = double.requests
    seen = read(source.pages(inbox, Position(), KNOWN))
    assert len(seen.items) == 45
    assert double.requests - before == 5, "how many there are, one page, three batches"
    assert double.calls["GET messages/{id}"] == 45, "strangers are not asked for"
    again = double.requests
    assert read(source.pages(inbox, seen.position, KNOWN), seen.position).position == seen.position
    assert double.requests - again == 1


def test_an_endpoint_is_on_this_machine() -> None:
    with pytest.raises(ValueError, match="this machine"):
        Transport(1, "https://elsewhere.example")
