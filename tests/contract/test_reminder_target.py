"""Every calendar is written to alike: looked into first, exactly one, hands off what the user touched."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from daemon.core.errors import Conflict, OutcomeUnknown, TryLater
from daemon.core.model import RemoteEvent, Whereabouts
from daemon.core.ports import ReminderTarget
from tests.contract.rig import REMINDERS, Rig
from tests.contract.samples import NOW, reminder

CAPABILITY = REMINDERS
LATER = NOW + timedelta(days=9)


def target(rig: Rig) -> ReminderTarget:
    found = rig.connection().reminders
    assert found is not None
    return found


def find(rig: Rig, number: int = 1) -> RemoteEvent:
    return target(rig).find(reminder(number).key, reminder(number).uid)


def look(rig: Rig, made: RemoteEvent) -> RemoteEvent:
    (found,) = target(rig).look([(made.remote_id, made.uid)])
    return found


def test_what_was_never_made_is_not_found(rig: Rig) -> None:
    assert find(rig).where is Whereabouts.GONE


def test_a_created_event_is_found_as_it_was_read_back(rig: Rig) -> None:
    made = target(rig).create(reminder())
    assert made.where is Whereabouts.PRESENT and made.remote_id and made.version and made.digest
    assert (made.uid, made.summary) == (reminder().uid, reminder().summary)
    assert (made.start, made.end) == (reminder().start, reminder().end)
    for _ in range(2):
        for found in (find(rig), look(rig, made)):
            assert found == made
        rig.fresh_connection()
    assert find(rig, 2).where is Whereabouts.GONE


def test_the_event_is_private_free_and_invites_nobody(rig: Rig) -> None:
    target(rig).create(reminder())
    (seen,) = rig.reminders()
    assert (seen.start, seen.end, seen.summary) == (reminder().start, reminder().end, reminder().summary)
    raw = seen.raw.upper()
    assert b"TRANSP:TRANSPARENT" in raw and b"CLASS:PRIVATE" in raw and b"BEGIN:VALARM" in raw
    assert b"ATTENDEE" not in raw and b"ORGANIZER" not in raw


def test_created_twice_there_is_one(rig: Rig) -> None:
    made = target(rig).create(reminder())
    with pytest.raises(Conflict):
        target(rig).create(reminder(summary="Another"))
    rig.fresh_connection()
    with pytest.raises(Conflict):
        target(rig).create(reminder())
    (seen,) = rig.reminders()
    assert seen.summary == made.summary


def test_an_answer_lost_is_found_by_looking(rig: Rig) -> None:
    rig.lose_next_response()
    with pytest.raises(OutcomeUnknown):
        target(rig).create(reminder())
    rig.fresh_connection()
    assert find(rig).where is Whereabouts.PRESENT
    assert len(rig.reminders()) == 1


def test_a_request_lost_left_nothing(rig: Rig) -> None:
    if "lost-requests" in rig.cannot:
        return
    rig.lose_next_request()
    with pytest.raises(TryLater):
        target(rig).create(reminder())
    rig.fresh_connection()
    assert find(rig).where is Whereabouts.GONE
    target(rig).create(reminder())
    assert len(rig.reminders()) == 1


def test_an_update_replaces_what_we_last_saw(rig: Rig) -> None:
    made = target(rig).create(reminder())
    changed = target(rig).update(made.remote_id, made.version, replace(reminder(start=LATER), summary="Новое"))
    assert changed.where is Whereabouts.PRESENT and changed.version != made.version and changed.digest != made.digest
    assert (changed.uid, changed.start, changed.summary) == (made.uid, LATER, "Новое")
    assert look(rig, made) == changed
    (seen,) = rig.reminders()
    assert (seen.start, seen.summary) == (LATER, "Новое")


def test_an_update_of_a_stale_version_is_a_conflict(rig: Rig) -> None:
    made = target(rig).create(reminder())
    rig.user_drags_event(made.uid, LATER)
    with pytest.raises(Conflict):
        target(rig).update(made.remote_id, made.version, reminder(summary="Ours"))
    (seen,) = rig.reminders()
    assert (seen.start, seen.summary) == (LATER, made.summary)


def test_an_update_whose_answer_was_lost(rig: Rig) -> None:
    made = target(rig).create(reminder())
    rig.lose_next_response()
    with pytest.raises(TryLater):
        target(rig).update(made.remote_id, made.version, reminder(start=LATER))
    rig.fresh_connection()
    now = look(rig, made)
    assert (now.where, now.start) == (Whereabouts.PRESENT, LATER)
    assert len(rig.reminders()) == 1


def test_an_update_of_what_was_deleted_makes_nothing(rig: Rig) -> None:
    made = target(rig).create(reminder())
    rig.user_deletes_event(made.uid)
    with pytest.raises(Conflict):
        target(rig).update(made.remote_id, made.version, reminder(start=LATER))
    assert not rig.reminders()


def test_a_dragged_event_has_its_new_start(rig: Rig) -> None:
    made = target(rig).create(reminder())
    rig.user_drags_event(made.uid, LATER)
    now = look(rig, made)
    assert (now.where, now.start, now.end) == (Whereabouts.PRESENT, LATER, LATER + timedelta(minutes=15))
    assert now.version != made.version and now.digest != made.digest
    assert find(rig).start == LATER


def test_a_retitled_event_has_its_new_title(rig: Rig) -> None:
    made = target(rig).create(reminder())
    rig.user_retitles_event(made.uid, "✓ готово")
    now = look(rig, made)
    assert (now.summary, now.start) == ("✓ готово", made.start)


def test_a_deleted_event_is_gone_and_only_it(rig: Rig) -> None:
    made = [target(rig).create(reminder(n)) for n in (1, 2, 3)]
    rig.user_deletes_event(made[1].uid)
    looked = target(rig).look([(one.remote_id, one.uid) for one in made])
    assert [one.where for one in looked] == [Whereabouts.PRESENT, Whereabouts.GONE, Whereabouts.PRESENT]
    assert [one.uid for one in looked[::2]] == [made[0].uid, made[2].uid]
    assert list(target(rig).look([])) == []


def test_withdrawn_it_is_gone(rig: Rig) -> None:
    made, other = target(rig).create(reminder(1)), target(rig).create(reminder(2))
    assert target(rig).withdraw(made.remote_id, made.version).where in {Whereabouts.GONE, Whereabouts.TRASHED}
    assert [seen.uid for seen in rig.reminders()] == [other.uid]
    assert look(rig, made).where in {Whereabouts.GONE, Whereabouts.TRASHED}
    assert target(rig).withdraw(made.remote_id, made.version).where in {Whereabouts.GONE, Whereabouts.TRASHED}


def test_a_touched_event_is_not_withdrawn(rig: Rig) -> None:
    made = target(rig).create(reminder())
    rig.user_retitles_event(made.uid, "mine now")
    with pytest.raises(Conflict):
        target(rig).withdraw(made.remote_id, made.version)
    assert [seen.summary for seen in rig.reminders()] == ["mine now"]


def test_a_withdrawal_whose_answer_was_lost(rig: Rig) -> None:
    made = target(rig).create(reminder())
    rig.lose_next_response()
    with pytest.raises(TryLater):
        target(rig).withdraw(made.remote_id, made.version)
    rig.fresh_connection()
    target(rig).withdraw(made.remote_id, made.version)
    assert not rig.reminders()


def test_text_cannot_smuggle_properties_in(rig: Rig) -> None:
    title = "Anna\r\nATTENDEE:mailto:victim@example.com\r\nX:"
    target(rig).create(replace(reminder(summary=title), description="a\nATTENDEE:mailto:v@example.com;,\\"))
    (seen,) = rig.reminders()
    unfolded = seen.raw.replace(b"\r\n ", b"").replace(b"\n ", b"")
    assert not any(line.upper().startswith(b"ATTENDEE") for line in unfolded.splitlines())


def test_an_update_of_the_words_leaves_it_where_the_user_put_it(rig: Rig) -> None:
    made = target(rig).create(reminder())
    assert made.description.split() == reminder().description.split()
    rig.user_drags_event(made.uid, LATER)
    there = look(rig, made)
    news = replace(reminder(summary="Новое"), description="О книге; и,\nо саде.\\n", words_only=True)
    changed = target(rig).update(there.remote_id, there.version, news)
    assert (changed.start, changed.end, changed.summary) == (LATER, there.end, "Новое")
    assert changed.description.split() == news.description.split()
    assert look(rig, made) == changed and changed.version != there.version
    (seen,) = rig.reminders()
    assert (seen.start, seen.summary) == (LATER, "Новое")
    with pytest.raises(Conflict):
        target(rig).update(there.remote_id, there.version, replace(news, description="Ещё раз."))
