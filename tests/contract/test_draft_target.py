"""Every Drafts folder is written to alike: looked into first, exactly one, hands off what the user touched."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from daemon.core.errors import Conflict, OutcomeUnknown, TryLater
from daemon.core.model import RemoteDraft, Whereabouts
from daemon.core.ports import DraftTarget
from tests.contract.rig import DRAFTS, ME, Marking, Rig
from tests.contract.samples import ANNA, draft, rewritten

CAPABILITY = DRAFTS
AWAY = {Whereabouts.GONE, Whereabouts.UNKNOWN}


def target(rig: Rig) -> DraftTarget:
    found = rig.connection().drafts
    assert found is not None
    return found


def find(rig: Rig, number: int = 1, hint: str | None = None) -> RemoteDraft:
    wanted = draft(number)
    return target(rig).find(wanted.key, wanted.message_id, target(rig).hint() if hint is None else hint)


def parsed(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def test_what_was_never_made_is_not_found(rig: Rig) -> None:
    assert find(rig).where is Whereabouts.GONE


def test_a_created_draft_is_found_as_it_was_read_back(rig: Rig) -> None:
    hint = target(rig).hint()
    made = target(rig).create(draft())
    assert made.where is Whereabouts.PRESENT and made.remote_id and made.digest
    assert made.message_id == draft().message_id
    for _ in range(2):
        found = find(rig, hint=hint)
        assert (found.where, found.remote_id, found.digest) == (Whereabouts.PRESENT, made.remote_id, made.digest)
        rig.fresh_connection()
    assert find(rig, hint="").where is Whereabouts.PRESENT, "a store rebuilt from nothing has no hint"
    assert find(rig, 2).where is Whereabouts.GONE


def test_the_letter_reads_as_it_was_meant(rig: Rig) -> None:
    target(rig).create(draft())
    (raw,) = rig.drafts()
    message = parsed(raw)
    assert message["Message-ID"] == draft().message_id
    assert message["Subject"] == draft().subject
    assert message["From"].addresses[0].addr_spec == ME
    assert [a.addr_spec for a in message["To"].addresses] == [ANNA]
    assert message["To"].addresses[0].display_name == "Анна Образцова"
    assert not message["Cc"] and not message["Bcc"]
    body = message.get_body(("plain",))
    assert body is not None and body.get_content().replace("\r\n", "\n").strip() == draft().text
    assert b"kith" not in raw.lower()


def test_a_letter_nobody_touched_is_known_for_ours_without_a_record_of_it(rig: Rig) -> None:
    answer = replace(draft(2), in_reply_to="<7@example.com>", references=("<7@example.com>",))
    for letter in (draft(1), answer, draft(3, text="First line,\nand the second.\n\n  Петра")):
        made = target(rig).create(letter)
        assert made.digest == target(rig).expected(letter)
        assert made.digest != target(rig).expected(replace(letter, html=letter.html + "<p>!</p>", text="!"))


def test_created_twice_there_is_one(rig: Rig) -> None:
    first = target(rig).create(draft())
    assert target(rig).create(draft()).remote_id == first.remote_id
    rig.fresh_connection()
    assert target(rig).create(draft()).remote_id == first.remote_id
    assert len(rig.drafts()) == 1


def test_two_letters_are_two(rig: Rig) -> None:
    first, second = target(rig).create(draft(1)), target(rig).create(draft(2))
    assert first.remote_id != second.remote_id
    assert len(rig.drafts()) == 2
    looked = target(rig).look([(second.remote_id, second.message_id), (first.remote_id, first.message_id)])
    assert [one.message_id for one in looked] == [draft(2).message_id, draft(1).message_id]


def test_an_answer_lost_is_found_by_looking(rig: Rig) -> None:
    hint = target(rig).hint()
    rig.lose_next_response()
    with pytest.raises(OutcomeUnknown):
        target(rig).create(draft())
    rig.fresh_connection()
    assert find(rig, hint=hint).where is Whereabouts.PRESENT
    assert len(rig.drafts()) == 1
    target(rig).create(draft())
    assert len(rig.drafts()) == 1


def test_a_request_lost_left_nothing(rig: Rig) -> None:
    if "lost-requests" in rig.cannot:
        return
    hint = target(rig).hint()
    rig.lose_next_request()
    with pytest.raises(TryLater):
        target(rig).create(draft())
    rig.fresh_connection()
    assert find(rig, hint=hint).where is Whereabouts.GONE
    target(rig).create(draft())
    assert len(rig.drafts()) == 1


def test_look_answers_in_order_and_of_each(rig: Rig) -> None:
    made = [target(rig).create(draft(n)) for n in (1, 2, 3)]
    rig.user_deletes_draft(made[1].message_id)
    looked = target(rig).look([(one.remote_id, one.message_id) for one in made])
    assert [one.where for one in looked] == [Whereabouts.PRESENT, Whereabouts.GONE, Whereabouts.PRESENT]
    assert [one.digest for one in looked[::2]] == [made[0].digest, made[2].digest]
    assert list(target(rig).look([])) == []


def test_an_edited_draft_differs_and_is_left_alone(rig: Rig) -> None:
    made = target(rig).create(draft())
    rig.user_edits_draft(made.message_id, "Something of my own")
    (now,) = target(rig).look([(made.remote_id, made.message_id)])
    assert now.where is Whereabouts.PRESENT and now.digest != made.digest
    for remote_id in {made.remote_id, now.remote_id}:
        with pytest.raises(Conflict):
            target(rig).withdraw(remote_id, made.message_id, made.digest)
    (left,) = rig.drafts()
    assert b"Something of my own" in left
    target(rig).create(draft())
    assert len(rig.drafts()) == 1


def test_a_deleted_draft_is_gone(rig: Rig) -> None:
    made = target(rig).create(draft())
    rig.user_deletes_draft(made.message_id)
    (now,) = target(rig).look([(made.remote_id, made.message_id)])
    assert now.where is Whereabouts.GONE
    assert target(rig).withdraw(made.remote_id, made.message_id, made.digest).where in AWAY


def test_a_draft_in_the_trash(rig: Rig) -> None:
    made = target(rig).create(draft())
    rig.user_trashes_draft(made.message_id)
    (now,) = target(rig).look([(made.remote_id, made.message_id)])
    assert now.where is Whereabouts.TRASHED
    assert find(rig).where is Whereabouts.TRASHED
    assert target(rig).withdraw(made.remote_id, made.message_id, made.digest).where is Whereabouts.TRASHED
    assert len(rig.trashed()) == 1


def test_a_draft_marked_as_deleted_is_thrown_away_unless_it_was_replaced_by_its_like(rig: Rig) -> None:
    if not isinstance(rig, Marking):
        return
    made = target(rig).create(draft())
    (raw,) = rig.drafts()
    rig.user_marks_draft_deleted(made.message_id)
    (now,) = target(rig).look([(made.remote_id, made.message_id)])
    assert now.where in {*AWAY, Whereabouts.TRASHED}
    assert find(rig).where in {*AWAY, Whereabouts.TRASHED}
    assert not target(rig).similar(ANNA, draft().subject, "")
    rig.add_mail("Drafts", rewritten(raw, "Something of my own"), draft=True)  # edited, under the same Message-ID
    (now,) = target(rig).look([(made.remote_id, made.message_id)])
    assert now.where is Whereabouts.PRESENT and now.digest != made.digest
    assert find(rig).digest == now.digest


def test_a_sent_draft_is_told(rig: Rig) -> None:
    made = target(rig).create(draft())
    rig.user_sends_draft(made.message_id)
    (now,) = target(rig).look([(made.remote_id, made.message_id)])
    if "tells-sent" in rig.cannot:
        assert now.where in AWAY
        return
    assert now.where is Whereabouts.SENT
    assert find(rig).where is Whereabouts.SENT
    assert target(rig).withdraw(made.remote_id, made.message_id, made.digest).where is Whereabouts.SENT


def test_an_untouched_draft_is_withdrawn_to_the_trash(rig: Rig) -> None:
    made, other = target(rig).create(draft(1)), target(rig).create(draft(2))
    after = target(rig).withdraw(made.remote_id, made.message_id, made.digest)
    assert after.where is Whereabouts.TRASHED
    assert len(rig.drafts()) == 1 and len(rig.trashed()) == 1
    (now, still) = target(rig).look([(made.remote_id, made.message_id), (other.remote_id, other.message_id)])
    assert (now.where, still.where) == (Whereabouts.TRASHED, Whereabouts.PRESENT)
    assert target(rig).withdraw(made.remote_id, made.message_id, made.digest).where is Whereabouts.TRASHED
    assert len(rig.trashed()) == 1


def test_a_withdrawal_whose_answer_was_lost(rig: Rig) -> None:
    made = target(rig).create(draft())
    rig.lose_next_response()
    with pytest.raises(TryLater):
        target(rig).withdraw(made.remote_id, made.message_id, made.digest)
    rig.fresh_connection()
    assert target(rig).withdraw(made.remote_id, made.message_id, made.digest).where is Whereabouts.TRASHED
    assert not rig.drafts() and len(rig.trashed()) == 1


def test_other_people_s_drafts_are_left_alone(rig: Rig) -> None:
    made = target(rig).create(draft(1))
    target(rig).create(draft(2))
    target(rig).withdraw(made.remote_id, made.message_id, made.digest)
    assert [parsed(raw)["Message-ID"] for raw in rig.drafts()] == [draft(2).message_id]


def saved_anew(rig: Rig, number: int = 1, **changes: str) -> str:
    """The user edits a draft in a client that saves it as a new message with an id of its own, and deletes the old."""
    old = next(raw for raw in rig.drafts() if parsed(raw)["Message-ID"] == draft(number).message_id)
    new = parsed(rewritten(old, "Something of my own"))
    for name, value in {"Message-ID": f"<anew{number}@client.example.org>", **changes}.items():
        del new[name]
        new[name] = value
    new["X-Mozilla-Draft-Info"] = "internal/draft; vcard=0; receipt=0; DSN=0; uuencode=0"
    rig.add_mail("Drafts", new.as_bytes(policy=policy.SMTP), draft=True)
    rig.user_deletes_draft(draft(number).message_id)
    return str(new["Message-ID"])


def similar(rig: Rig, number: int = 1, in_reply_to: str = "") -> list[str]:
    found = target(rig).similar(ANNA, draft(number).subject, in_reply_to)
    assert all(one.where is Whereabouts.PRESENT and one.remote_id and one.digest for one in found)
    return [one.message_id for one in found]


def test_a_draft_saved_anew_is_recognised_by_person_and_subject(rig: Rig) -> None:
    made = target(rig).create(draft(1))
    target(rig).create(draft(2))
    assert similar(rig) == [made.message_id]
    anew = saved_anew(rig)
    (now,) = target(rig).look([(made.remote_id, made.message_id)])
    assert now.where is Whereabouts.GONE
    assert similar(rig) == [anew]
    assert similar(rig, 2) == [draft(2).message_id]
    (copy,) = target(rig).similar(ANNA, "Re: " + draft(1).subject, "")
    (followed,) = target(rig).look([(copy.remote_id, copy.message_id)])
    assert (followed.where, followed.digest) == (Whereabouts.PRESENT, copy.digest)


def test_a_draft_under_another_subject_is_recognised_by_the_message_it_answers(rig: Rig) -> None:
    target(rig).create(replace(draft(1), in_reply_to="<7@example.com>", references=("<7@example.com>",)))
    anew = saved_anew(rig, Subject="Something else")
    assert similar(rig) == []
    assert similar(rig, in_reply_to="<8@example.com>") == []
    assert similar(rig, in_reply_to="<7@example.com>") == [anew]


def test_a_letter_to_somebody_else_is_not_similar(rig: Rig) -> None:
    target(rig).create(draft(1))
    saved_anew(rig, To="Boris <boris.titov@example.net>")
    assert similar(rig) == []
