"""Drafts in Gmail: threads, edits as Gmail saves them, an index that lags, the trash; and never a letter sent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from daemon.core.errors import Conflict, OutcomeUnknown, Refused
from daemon.core.model import Whereabouts
from daemon.core.ports import DraftTarget
from tests.contract.rig import ME
from tests.contract.samples import ANNA, draft, mail, rewritten
from tests.doubles.google import Fault, Refusal
from tests.google.signed_in import SignedIn

CREATE, TRASH = "gmail.users.drafts.create", "gmail.users.messages.trash"


def target(account: SignedIn) -> DraftTarget:
    found = account.connection().drafts
    assert found is not None
    return found


def test_an_answer_stands_in_its_thread(signed_in: SignedIn) -> None:
    box = signed_in.person.gmail
    asked = box.add(mail(7, ANNA, Subject="Lunch?"), ["INBOX"])
    letter = replace(
        draft(),
        subject="Re: Lunch?",
        thread=asked.thread,
        in_reply_to="<7@example.com>",
        references=("<7@example.com>",),
    )
    made = target(signed_in).create(letter)
    assert made.where is Whereabouts.PRESENT and made.digest == target(signed_in).expected(letter)
    (held,) = [box.messages[m] for m in box.drafts.values()]
    assert held.thread == asked.thread
    assert signed_in.google.calls[CREATE] == 1


@pytest.mark.parametrize("thread", ["18c0ffee", "renamed"])
def test_where_google_refuses_the_thread_the_draft_stands_alone(signed_in: SignedIn, thread: str) -> None:
    box = signed_in.person.gmail
    asked = box.add(mail(7, ANNA, Subject="Something else by now"), ["INBOX"])
    known = asked.thread if thread == "renamed" else thread
    letter = replace(draft(), subject="Re: Lunch?", thread=known, in_reply_to="<7@example.com>")
    made = target(signed_in).create(letter)
    assert made.where is Whereabouts.PRESENT
    assert signed_in.google.calls[CREATE] == 2 and len(box.drafts) == 1


@pytest.mark.parametrize("reissues", [False, True])
def test_an_edit_is_told_whether_the_drafts_id_stays_or_not(signed_in: SignedIn, reissues: bool) -> None:
    box = signed_in.person.gmail
    box.reissues = reissues
    made = target(signed_in).create(draft())
    box.edit_draft(made.remote_id, rewritten(box.messages[box.drafts[made.remote_id]].raw, "My own words"))
    (now,) = target(signed_in).look([(made.remote_id, made.message_id)])
    assert now.where is Whereabouts.PRESENT and now.digest != made.digest
    assert (now.remote_id == made.remote_id) is not reissues
    with pytest.raises(Conflict):
        target(signed_in).withdraw(now.remote_id, made.message_id, made.digest)
    assert not signed_in.google.calls[TRASH]


@pytest.mark.parametrize("keeps", [False, True])
def test_withdrawn_to_the_trash_however_google_sees_a_draft_there(signed_in: SignedIn, keeps: bool) -> None:
    box = signed_in.person.gmail
    box.trash_keeps_draft = keeps
    made = target(signed_in).create(draft())
    assert target(signed_in).withdraw(made.remote_id, made.message_id, made.digest).where is Whereabouts.TRASHED
    (message,) = box.messages.values()
    assert "TRASH" in message.labels
    (now,) = target(signed_in).look([(made.remote_id, made.message_id)])
    assert now.where is Whereabouts.TRASHED
    assert target(signed_in).find(draft().key, made.message_id, "").where is Whereabouts.TRASHED
    assert target(signed_in).withdraw(made.remote_id, made.message_id, made.digest).where is Whereabouts.TRASHED
    assert signed_in.google.calls[TRASH] == 1


def test_an_edit_in_the_very_moment_of_the_withdrawal_wins(signed_in: SignedIn) -> None:
    box = signed_in.person.gmail
    made = target(signed_in).create(draft())

    def quick() -> None:
        box.edit_draft(made.remote_id, rewritten(box.messages[box.drafts[made.remote_id]].raw, "Wait!"))

    signed_in.before_write = quick
    with pytest.raises(Conflict):
        target(signed_in).withdraw(made.remote_id, made.message_id, made.digest)
    (message,) = box.messages.values()
    assert b"Wait!" in message.raw and message.labels == {"DRAFT"}


def test_without_the_permission_a_draft_stays_and_it_is_said(signed_in: SignedIn) -> None:
    signed_in.options["change_mail"] = False
    made = target(signed_in).create(draft())
    with pytest.raises(Refused, match="change_mail"):
        target(signed_in).withdraw(made.remote_id, made.message_id, made.digest)
    assert len(signed_in.person.gmail.drafts) == 1


def test_what_the_index_does_not_know_yet_is_found_by_history(signed_in: SignedIn) -> None:
    box = signed_in.person.gmail
    hint = target(signed_in).hint()
    signed_in.google.faults.append(Fault("drop-after", CREATE))
    with pytest.raises(OutcomeUnknown):
        target(signed_in).create(draft())
    for number in range(9):
        box.make_draft(mail(f"other{number}", ME, ANNA))
    box.lagging |= set(box.messages)
    assert target(signed_in).find(draft().key, draft().message_id, hint).where is Whereabouts.PRESENT
    box.floor = box.history  # too long ago even for that: then the newest few are looked at
    assert target(signed_in).find(draft().key, draft().message_id, hint).where is Whereabouts.GONE
    box.lagging.clear()
    assert target(signed_in).find(draft().key, draft().message_id, hint).where is Whereabouts.PRESENT


def test_a_fresh_draft_is_not_made_twice_for_a_lagging_index(signed_in: SignedIn) -> None:
    made = target(signed_in).create(draft())
    signed_in.person.gmail.lagging |= set(signed_in.person.gmail.messages)
    assert target(signed_in).create(draft()).remote_id == made.remote_id


def test_sent_by_the_user_it_is_told_by_its_message_id(signed_in: SignedIn) -> None:
    box = signed_in.person.gmail
    made = target(signed_in).create(draft())
    box.send_draft(made.remote_id)
    (now,) = target(signed_in).look([(made.remote_id, made.message_id)])
    assert now.where is Whereabouts.SENT


def test_a_write_that_may_not_be_made_is_not_sent(signed_in: SignedIn) -> None:
    class Lost(Exception):
        pass

    def lost() -> None:
        raise Lost

    signed_in.before_write = lost
    with pytest.raises(Lost):
        target(signed_in).create(draft())
    assert not signed_in.google.calls[CREATE]


def test_a_busy_answer_to_a_write_is_not_taken_for_a_refusal(signed_in: SignedIn) -> None:
    signed_in.google.faults.append(Fault("refuse", CREATE, Refusal(500, "backendError")))
    with pytest.raises(OutcomeUnknown):
        target(signed_in).create(draft())


def test_a_draft_is_found_behind_hundreds_of_savings_of_other_letters(signed_in: SignedIn) -> None:
    box = signed_in.person.gmail
    hint = target(signed_in).hint()
    signed_in.google.faults.append(Fault("drop-after", CREATE))
    with pytest.raises(OutcomeUnknown):
        target(signed_in).create(draft())
    other = box.make_draft(mail("other", ME, ANNA))
    for _ in range(60):  # what Gmail does by itself while the user writes
        box.edit_draft(other, mail("other", ME, ANNA))
    for number in range(9):
        box.make_draft(mail(f"other{number}", ME, ANNA))
    box.lagging |= set(box.messages)
    box.hollow = True
    before = signed_in.google.units
    assert target(signed_in).find(draft().key, draft().message_id, hint).where is Whereabouts.PRESENT
    assert signed_in.google.units - before < 400, "what is gone by now is not asked for"
