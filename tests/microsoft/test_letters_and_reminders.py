"""Drafts and reminders over Graph, where it differs from other mailboxes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from connectors.microsoft import letters, properties
from connectors.microsoft.transport import Reply, Transport
from daemon.core.errors import Conflict, NeedsUser, Refused
from daemon.core.model import OutgoingDraft, RemoteDraft, RemoteEvent, Whereabouts
from daemon.core.ports import DraftTarget, ReminderTarget
from tests.contract.rig import ME
from tests.contract.rig_graph import GraphRig
from tests.contract.samples import ANNA, BORIS, draft, mail, reminder
from tests.doubles.graph import Fault, translate
from tests.doubles.graph.mail import WRITABLE
from tests.doubles.graph.mailbox import Folder


def drafts(rig: GraphRig) -> DraftTarget:
    found = rig.connection().drafts
    assert found is not None
    return found


def reminders(rig: GraphRig) -> ReminderTarget:
    found = rig.connection().reminders
    assert found is not None
    return found


EVERYTHING = frozenset(WRITABLE)
ANSWER = replace(draft(), in_reply_to="<7@example.com>", references=("<6@example.com>", "<7@example.com>"))


def look(rig: GraphRig, made: RemoteDraft) -> RemoteDraft:
    (found,) = drafts(rig).look([(made.remote_id, made.message_id)])
    return found


# -- replies -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keeps", [True, False])
def test_a_reply_is_begun_by_outlook_and_reads_as_we_want_it(rig: GraphRig, keeps: bool) -> None:
    rig.double.reply_drops = frozenset() if keeps else EVERYTHING
    answered = rig.add_mail("INBOX", mail(7, ANNA, f"{ME}, {BORIS}", Subject="Hello", Reply_To="list@example.net"))
    item = rig.box.message(answered)
    assert item is not None
    item[1]["replyTo"] = [{"emailAddress": {"name": "", "address": "list@example.net"}}]
    made = drafts(rig).create(ANSWER)
    assert rig.double.calls["POST messages/{id}/createReply"] == 1 and not rig.double.calls["POST messages"]
    assert rig.double.calls["PATCH messages/{id}"] == (0 if keeps else 1)
    (raw,) = rig.drafts()
    letter = message_from_bytes(raw, policy=policy.default)
    assert [a.addr_spec for a in letter["To"].addresses] == [ANNA] and not letter["Cc"]
    assert (letter["Subject"], letter["Message-ID"]) == (draft().subject, draft().message_id)
    assert letter["In-Reply-To"] == "<7@example.com>"
    assert b"somebody" not in raw
    (held,) = rig.box.folders["drafts"].items.values()
    assert held["conversationId"] == item[1]["conversationId"]
    assert made.digest == drafts(rig).expected(ANSWER)
    assert drafts(rig).find(ANSWER.key, "", "").remote_id == made.remote_id


def test_pictures_of_the_letter_answered_do_not_go_back_with_the_answer(rig: GraphRig) -> None:
    answered = rig.add_mail("INBOX", mail(7))
    pictures = [
        {"id": "AAMkat/1=", "name": "logo.png", "isInline": True},
        {"id": "AAMkat/2=", "name": "cv.pdf", "isInline": False},
    ]
    rig.box.change(answered, _attached=pictures)
    made = drafts(rig).create(ANSWER)
    (held,) = rig.box.folders["drafts"].items.values()
    assert held["_attached"] == [] and made.digest == drafts(rig).expected(ANSWER)
    found = rig.box.message(answered)
    assert found is not None and found[1]["_attached"] == pictures, "the letter itself keeps its own"


def test_a_reply_to_a_letter_that_is_not_there_any_more(rig: GraphRig) -> None:
    drafts(rig).create(ANSWER)
    (raw,) = rig.drafts()
    letter = message_from_bytes(raw, policy=policy.default)
    assert (letter["In-Reply-To"], letter["References"]) == ("<7@example.com>", "<6@example.com> <7@example.com>")
    assert rig.double.calls["POST messages"] == 1


class Died(BaseException):
    """The process is no more."""


def die_at(rig: GraphRig, monkeypatch: pytest.MonkeyPatch, number: int) -> bool:
    """Write ANSWER, and die as the answer to this request (from 1) arrives; False where it took fewer."""
    left = [number]
    real = Transport.exchange

    def mortal(self: Transport, *args: Any, **more: Any) -> Reply:
        answer = real(self, *args, **more)
        left[0] -= 1
        if not left[0]:
            raise Died
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(Transport, "exchange", mortal)
        try:
            drafts(rig).create(ANSWER)
        except Died:
            return True
        finally:
            rig.fresh_connection()
    return False


def notes(rig: GraphRig) -> list[Path]:
    return list(Path(rig.person.state, "replies").glob("*"))


@pytest.mark.parametrize(
    "drops",
    [
        set(),
        EVERYTHING,
        {"singleValueExtendedProperties", "internetMessageId"},
        {"singleValueExtendedProperties", "body"},
        {"internetMessageId", "body"},
    ],
    ids=lambda drops: " ".join(sorted(drops)) or "none",
)
def test_whenever_its_author_dies_a_reply_is_one_and_reads_as_ours(
    rig: GraphRig, monkeypatch: pytest.MonkeyPatch, drops: set[str]
) -> None:
    """Outlook began it in words of its own, and our process died before it could write ours over them."""
    rig.double.reply_drops = frozenset(drops)
    picture = {"id": "AAMkat/1=", "name": "logo.png", "isInline": True}
    rig.box.change(rig.add_mail("INBOX", mail(7)), _attached=[picture])
    rig.add_mail("Drafts", mail(8, ME, ANNA, Subject=ANSWER.subject), draft=True)
    (old,) = rig.box.folders["drafts"].items
    number = 1
    while die_at(rig, monkeypatch, number):
        found = drafts(rig).find(ANSWER.key, ANSWER.message_id, "")
        assert found.where is not Whereabouts.UNKNOWN
        if found.where in (Whereabouts.GONE, Whereabouts.BEGUN):
            found = drafts(rig).create(ANSWER)
        assert found.digest == drafts(rig).expected(ANSWER)
        (held,) = [one for one in rig.box.folders["drafts"].items.values() if one["id"] != old]
        assert (held["id"], held["_properties"][properties.KEY]) == (found.remote_id, ANSWER.key)
        assert held["internetMessageId"] == ANSWER.message_id and not held["_attached"]
        assert drafts(rig).find(ANSWER.key, ANSWER.message_id, "").where is Whereabouts.PRESENT
        assert not notes(rig)
        rig.delete_mail(held["id"])
        number += 1
    assert number > 6


def begin(rig: GraphRig, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A reply of ours that is Outlook's words yet."""
    rig.double.reply_drops = EVERYTHING
    rig.add_mail("INBOX", mail(7))
    before, number = set(rig.box.folders["drafts"].items), 1
    while die_at(rig, monkeypatch, number) and rig.box.folders["drafts"].items.keys() == before:
        number += 1
    (begun,) = [one for i, one in rig.box.folders["drafts"].items.items() if i not in before]
    return begun


def test_a_reply_half_begun_that_nobody_wants_any_more(rig: GraphRig, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(rig, monkeypatch)
    found = drafts(rig).find(ANSWER.key, ANSWER.message_id, "")
    assert found.where is Whereabouts.BEGUN
    assert drafts(rig).withdraw(found.remote_id, ANSWER.message_id, found.digest).where is Whereabouts.TRASHED
    assert not rig.drafts() and not notes(rig)
    assert drafts(rig).find(ANSWER.key, ANSWER.message_id, "").where is Whereabouts.GONE


@pytest.mark.parametrize(
    "words",
    [
        "<div>Dear Anna,</div>",
        '<img src="cid:1">',
        '<a href="https://x.example"></a>',
    ],
)
def test_a_reply_half_begun_that_the_user_went_on_with_is_theirs(
    rig: GraphRig, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    begun = begin(rig, monkeypatch)
    content = begun["body"]["content"].replace("<hr>", f"{words}<hr>")
    rig.box.change(begun["id"], body={"contentType": "html", "content": content})
    assert drafts(rig).find(ANSWER.key, ANSWER.message_id, "").where is Whereabouts.GONE
    (found,) = drafts(rig).similar(ANNA, ANSWER.subject, ANSWER.in_reply_to)
    assert found.remote_id == begun["id"], "the service takes it for the user's own and adds none"


def test_replies_the_user_began_before_or_to_others_are_theirs(rig: GraphRig, monkeypatch: pytest.MonkeyPatch) -> None:
    """They hold nothing but the quoted letter either; our own was never begun: the process died before it."""
    first, second = rig.add_mail("INBOX", mail(7)), rig.add_mail("INBOX", mail(9))
    conversations = [one[1]["conversationId"] for one in map(rig.box.message, (first, second)) if one]
    stub = translate.message_of(mail(8, ME, ANNA), rig.box.now(), draft=True)
    stub["body"] = {"contentType": "html", "content": "<html><body><hr>From: somebody</body></html>"}
    before = rig.box.add_message("drafts", {**stub, "conversationId": conversations[0]})
    number = 1
    while not notes(rig):
        assert die_at(rig, monkeypatch, number)
        number += 1
    if len(rig.drafts()) > 1:
        rig.delete_mail(list(rig.box.folders["drafts"].items)[-1])
    after = rig.box.add_message("drafts", {**stub, "conversationId": conversations[1]})
    assert drafts(rig).find(ANSWER.key, ANSWER.message_id, "").where is Whereabouts.GONE
    made = drafts(rig).create(ANSWER)
    assert made.remote_id not in (before, after) and len(rig.drafts()) == 3


# -- drafts --------------------------------------------------------------------------------------------


def test_a_draft_is_found_by_its_key_though_its_message_id_changed(rig: GraphRig) -> None:
    made = drafts(rig).create(draft())
    rig.box.change(made.remote_id, internetMessageId="<another@prod.outlook.com>")
    found = drafts(rig).find(draft().key, draft().message_id, "")
    assert (found.where, found.remote_id) == (Whereabouts.PRESENT, made.remote_id)


def test_a_draft_sent_from_outlook_is_told_by_its_id(rig: GraphRig) -> None:
    made = drafts(rig).create(draft())
    rig.user_sends_draft(made.message_id)
    rig.box.change(made.remote_id, internetMessageId="<another@prod.outlook.com>")
    assert look(rig, made).where is Whereabouts.SENT
    rig.move_mail(made.remote_id, "Archive")
    assert look(rig, made).where is Whereabouts.SENT


def test_another_change_key_is_no_edit(rig: GraphRig) -> None:
    made = drafts(rig).create(draft())
    rig.box.change(made.remote_id, isRead=False)
    assert look(rig, made).digest == made.digest
    assert drafts(rig).withdraw(made.remote_id, made.message_id, made.digest).where is Whereabouts.TRASHED


def test_a_draft_filed_elsewhere_is_the_users(rig: GraphRig) -> None:
    made = drafts(rig).create(draft())
    rig.move_mail(made.remote_id, "Archive")
    now = look(rig, made)
    assert now.where is Whereabouts.PRESENT and now.digest != made.digest
    with pytest.raises(Conflict):
        drafts(rig).withdraw(made.remote_id, made.message_id, made.digest)


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "Другое"},
        {"ccRecipients": [{"emailAddress": {"name": "", "address": BORIS}}]},
        {"toRecipients": []},
        {"hasAttachments": True},
        {"body": {"contentType": "html", "content": "<p>Спасибо за <b>встречу</b>!</p><p>Петра</p>"}},
    ],
)
def test_each_visible_change_is_one(rig: GraphRig, change: dict[str, object]) -> None:
    made = drafts(rig).create(draft())
    rig.box.change(made.remote_id, **change)
    assert look(rig, made).digest != made.digest


def test_html_is_the_same_however_exchange_wraps_it() -> None:
    plain = letters.canonical("<p>A &amp; B</p><p>see <a href='https://example.org/?a=1&amp;b=2'>there</a></p>")
    wrapped = letters.canonical(
        '<html>\r\n<head><style type="text/css">p{margin:0}</style><meta charset="utf-8"></head>\r\n<body>\r\n'
        '<p>A &amp; B</p>\r\n<p>see\r\n<a href="https://example.org/?a=1&amp;b=2">there</a></p>\r\n</body></html>\r\n'
    )
    assert plain == wrapped
    assert plain != letters.canonical("<p>A &amp; B</p><p>see <a href='https://example.org/'>there</a></p>")


@pytest.mark.parametrize(
    "letter",
    [replace(draft(), recipient=("A", "a@x, b@y")), replace(draft(), message_id="none")],
)
def test_a_letter_no_other_account_would_take(rig: GraphRig, letter: OutgoingDraft) -> None:
    with pytest.raises(Exception, match=r"plain address|Message-ID"):
        drafts(rig).create(letter)
    assert not rig.drafts()


# -- reminders -----------------------------------------------------------------------------------------


def see(rig: GraphRig, made: RemoteEvent) -> RemoteEvent:
    (found,) = reminders(rig).look([(made.remote_id, made.uid)])
    return found


def test_reminders_go_to_the_main_calendar_under_our_category(rig: GraphRig) -> None:
    made = reminders(rig).create(reminder())
    held = rig.box.calendars["Calendar"].items[made.remote_id]
    assert held["categories"] == ["kith"] and held["reminderMinutesBeforeStart"] == 10
    assert held["originalStartTimeZone"] == "W. Europe Standard Time"
    assert held["transactionId"] == reminder().key


def test_or_to_a_calendar_of_their_own_made_when_first_needed(rig: GraphRig) -> None:
    target = rig.person.connection(reminders_calendar="Kith").reminders
    assert target is not None
    assert target.find(reminder().key, reminder().uid).where is Whereabouts.GONE
    assert list(rig.box.calendars) == ["Calendar"]
    made = target.create(reminder())
    assert made.remote_id in rig.box.calendars["Kith"].items
    target.create(reminder(2))
    assert len(rig.box.calendars) == 2


def test_a_calendar_that_cannot_be_written_to(rig: GraphRig) -> None:
    rig.box.calendars["Shared"] = Folder("AAMkshared=", "Shared", kind="read-only")
    target = rig.person.connection(reminders_calendar="shared").reminders
    assert target is not None
    with pytest.raises(NeedsUser, match="reminders_calendar"):
        target.create(reminder())


def test_an_alarm_that_was_shown_is_no_change(rig: GraphRig) -> None:
    made = reminders(rig).create(reminder())
    rig._change(made.uid, isReminderOn=False)
    assert see(rig, made) == made
    later = replace(reminder(), start=reminder().start + timedelta(days=1), end=reminder().end + timedelta(days=1))
    assert reminders(rig).update(made.remote_id, made.version, later).start == later.start


def test_a_change_between_looking_and_writing_is_refused_by_the_server(rig: GraphRig) -> None:
    made = reminders(rig).create(reminder())

    def meddle(what: str) -> None:
        if what == "DELETE events/{id}":
            rig.double.on_call = lambda name: None
            rig.user_retitles_event(made.uid, "Mine now")

    rig.double.on_call = meddle
    with pytest.raises(Conflict):
        reminders(rig).withdraw(made.remote_id, made.version)
    assert see(rig, made).summary == "Mine now"


def test_a_reminder_moved_to_another_calendar_is_found_there(rig: GraphRig) -> None:
    made = reminders(rig).create(reminder())
    rig.box.calendars["Home"] = Folder("AAMkhome=", "Home")
    rig.box.calendars["Home"].items[made.remote_id] = rig.box.calendars["Calendar"].items.pop(made.remote_id)
    assert see(rig, made).where is Whereabouts.PRESENT
    assert reminders(rig).withdraw(made.remote_id, made.version).where is Whereabouts.GONE
    assert not rig.reminders()


def test_a_calendar_that_cannot_be_asked_makes_nothing_gone(rig: GraphRig) -> None:
    made = reminders(rig).create(reminder())
    rig.user_deletes_event(made.uid)
    rig.double.faults.append(Fault(400, r"/events$", inner=True, code="ErrorCalendarFolderIsBusy"))
    assert see(rig, made).where is Whereabouts.UNKNOWN
    assert see(rig, made).where is Whereabouts.GONE


def test_a_colleague_s_calendar_that_may_not_be_read_stands_in_no_reminder_s_way(rig: GraphRig) -> None:
    rig.box.calendars["Boris"] = Folder("AAMkboris=", "Boris", parent="Boris@Example.org", kind="closed")
    made = reminders(rig).create(reminder())
    assert see(rig, made).where is Whereabouts.PRESENT
    assert reminders(rig).withdraw(made.remote_id, made.version).where is Whereabouts.GONE
    assert see(rig, made).where is Whereabouts.GONE


def test_a_guest_the_user_invited_makes_it_theirs(rig: GraphRig) -> None:
    made = reminders(rig).create(reminder())
    rig._change(made.uid, attendees=[{"type": "required", "emailAddress": {"name": "", "address": ANNA}}])
    with pytest.raises(Conflict):  # deleting it would send a cancellation
        reminders(rig).withdraw(made.remote_id, made.version)


def test_an_event_that_is_not_ours_is_not_touched(rig: GraphRig) -> None:
    made = reminders(rig).create(reminder())
    held = rig.box.calendars["Calendar"].items[made.remote_id]
    held["_properties"] = {}
    with pytest.raises((Conflict, Refused)):
        reminders(rig).withdraw(made.remote_id, made.version)
    assert properties.of(held, properties.KEY) == ""
