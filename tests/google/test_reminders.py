"""Reminders in Google Calendar: one per key, in a calendar of our own, whatever the user does to either."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.google.own import MARK
from daemon.core.errors import Conflict, LeaseLost, NeedsUser, Refused, TryLater
from daemon.core.fate import reminder_fate, split_digest
from daemon.core.model import RemoteEvent, Whereabouts
from daemon.core.ports import ReminderTarget
from daemon.core.states import EDITED, MOVED, WRITTEN
from tests.contract.samples import NOW, reminder
from tests.doubles.google import Fault, GoogleDouble
from tests.doubles.google.diary import Shelf
from tests.google.signed_in import SCOPES, SignedIn

ONE = reminder()
LATER = NOW + timedelta(days=9)


def target(signed_in: SignedIn) -> ReminderTarget:
    found = signed_in.connection().reminders
    assert found is not None
    return found


def ours(signed_in: SignedIn) -> Shelf:
    (found,) = [s for s in signed_in.person.calendar.shelves.values() if s.by_app]
    return found


def find(signed_in: SignedIn) -> RemoteEvent:
    return target(signed_in).find(ONE.key, ONE.uid)


def look(signed_in: SignedIn, made: RemoteEvent) -> RemoteEvent:
    (found,) = target(signed_in).look([(made.remote_id, made.uid)])
    return found


def asked(google: GoogleDouble, method: str) -> int:
    return google.calls[f"calendar.{method}"]


# -- what is written ------------------------------------------------------------------------------------


def test_the_event_as_google_holds_it(signed_in: SignedIn) -> None:
    target(signed_in).create(ONE)
    (event,) = signed_in.person.calendar.live(ours(signed_in))
    assert event["id"] == ONE.key
    assert event["extendedProperties"]["private"]["kith"] == ONE.key
    assert (event["transparency"], event["visibility"]) == ("transparent", "private")
    assert event["reminders"] == {"useDefault": False, "overrides": [{"method": "popup", "minutes": 10}]}
    assert event["start"]["timeZone"] == "Europe/Berlin"
    assert "attendees" not in event


def test_the_first_reminder_makes_the_calendar_and_the_second_does_not(
    signed_in: SignedIn, google: GoogleDouble
) -> None:
    for number in (1, 2):
        target(signed_in).create(reminder(number))
    assert ours(signed_in).summary == "kith"
    assert asked(google, "calendars.insert") == 1


def test_looking_makes_no_calendar(signed_in: SignedIn, google: GoogleDouble) -> None:
    assert find(signed_in).where is Whereabouts.GONE
    assert asked(google, "calendars.insert") == 0


def test_a_calendar_whose_making_was_not_answered_is_found_by_its_mark(
    signed_in: SignedIn, google: GoogleDouble
) -> None:
    google.faults.append(Fault("drop-after", "calendar.calendars.insert"))
    with pytest.raises(TryLater):
        target(signed_in).create(ONE)
    target(signed_in).create(ONE)
    assert MARK in ours(signed_in).description


def test_with_the_state_lost_the_calendar_is_found_and_nothing_doubled(signed_in: SignedIn, tmp_path: Path) -> None:
    made = target(signed_in).create(ONE)
    (tmp_path / "state" / "reminders-calendar.json").unlink()
    assert find(signed_in) == made
    with pytest.raises(Conflict):
        target(signed_in).create(ONE)
    assert len(signed_in.person.calendar.live(ours(signed_in))) == 1


def few(google: GoogleDouble, folder: Path, *scopes: str, **options: Any) -> SignedIn:
    """An account that granted no more than this of its calendars."""
    return SignedIn(google, folder, scopes=frozenset(f"https://www.googleapis.com/auth/{s}" for s in scopes), **options)


def test_without_its_calendars_being_read_it_is_found_in_the_list(google: GoogleDouble, tmp_path: Path) -> None:
    account = few(google, tmp_path, "calendar.app.created", "calendar.calendarlist.readonly", calendar=False)
    made = target(account).create(ONE)
    (tmp_path / "state" / "reminders-calendar.json").unlink()
    assert find(account) == made
    with pytest.raises(Conflict):
        target(account).create(ONE)
    assert len(account.person.calendar.live(ours(account))) == 1
    account.close()


def test_where_none_can_be_listed_the_reminders_say_where_they_are(google: GoogleDouble, tmp_path: Path) -> None:
    account = few(google, tmp_path, "calendar.app.created")
    made = target(account).create(ONE)
    (tmp_path / "state" / "reminders-calendar.json").unlink()
    again = account.connection().reminders
    assert again is not None
    theirs = account.person.calendar.primary.id
    moved = [(f"{home}/abcdef", "x") for home in ("0@example.org", theirs)]
    assert again.look([*moved, (made.remote_id, made.uid)])[2] == made
    again.create(reminder(2))
    assert len(account.person.calendar.live(ours(account))) == 2
    account.close()


def test_a_calendar_the_user_calls_the_same_is_not_ours(signed_in: SignedIn) -> None:
    theirs = signed_in.person.calendar.add_calendar("kith")
    target(signed_in).create(ONE)
    assert not signed_in.person.calendar.live(theirs)


def test_somebody_elses_calendar_that_bears_our_mark_is_not_ours(signed_in: SignedIn) -> None:
    theirs = signed_in.person.calendar.add_calendar("kith", role="writer")
    theirs.description = MARK
    target(signed_in).create(ONE)
    assert not signed_in.person.calendar.live(theirs)
    assert len(signed_in.person.calendar.live(ours(signed_in))) == 1


def test_the_calendar_renamed_is_still_ours(signed_in: SignedIn) -> None:
    target(signed_in).create(ONE)
    ours(signed_in).summary = "Люди"
    target(signed_in).create(reminder(2))
    assert len(signed_in.person.calendar.live(ours(signed_in))) == 2


def test_a_process_whose_turn_is_over_writes_nothing(signed_in: SignedIn) -> None:
    made = target(signed_in).create(ONE)

    def over() -> None:
        raise LeaseLost("another process has it")

    signed_in.before_write = over
    with pytest.raises(LeaseLost):
        target(signed_in).create(reminder(2))
    with pytest.raises(LeaseLost):
        target(signed_in).update(made.remote_id, made.version, reminder(start=LATER))
    with pytest.raises(LeaseLost):
        target(signed_in).withdraw(made.remote_id, made.version)
    assert [e["id"] for e in signed_in.person.calendar.live(ours(signed_in))] == [ONE.key]


def test_an_update_leaves_what_is_not_about_it(signed_in: SignedIn) -> None:
    made = target(signed_in).create(ONE)
    signed_in.person.calendar.change(ONE.key, colorId="7")
    seen = look(signed_in, made)
    assert split_digest(seen.digest) == split_digest(made.digest), "a colour is no answer"
    target(signed_in).update(seen.remote_id, seen.version, reminder(start=LATER))
    (event,) = signed_in.person.calendar.live(ours(signed_in))
    assert event["colorId"] == "7"
    assert event["transparency"] == "transparent"


def test_a_popup_no_earlier_than_google_takes(signed_in: SignedIn) -> None:
    target(signed_in).create(replace(ONE, alarm=timedelta(days=90)))
    (event,) = signed_in.person.calendar.live(ours(signed_in))
    assert event["reminders"]["overrides"][0]["minutes"] == 40320


def test_a_key_google_would_not_take_is_never_sent(signed_in: SignedIn, google: GoogleDouble) -> None:
    with pytest.raises(Refused):
        target(signed_in).create(replace(ONE, key="no-such-letters"))
    assert asked(google, "events.insert") == 0


# -- what the user does ---------------------------------------------------------------------------------


def test_what_the_user_deleted_is_known_as_deleted_and_never_made_again(
    signed_in: SignedIn, google: GoogleDouble
) -> None:
    made = target(signed_in).create(ONE)
    signed_in.person.calendar.delete(ONE.key)
    before = asked(google, "events.insert")
    assert find(signed_in).where is Whereabouts.TRASHED
    assert look(signed_in, made).where is Whereabouts.GONE
    with pytest.raises(Conflict):
        target(signed_in).create(ONE)
    assert asked(google, "events.insert") == before
    assert not signed_in.person.calendar.live(ours(signed_in))


def test_a_tombstone_that_says_no_more_than_its_id_is_ours(signed_in: SignedIn) -> None:
    target(signed_in).create(ONE)
    signed_in.person.calendar.delete(ONE.key)
    shelf = ours(signed_in)
    shelf.events[ONE.key] = {k: shelf.events[ONE.key][k] for k in ("id", "status", "etag", "kind")}
    assert find(signed_in).where is Whereabouts.TRASHED


def test_an_id_used_up_long_ago_is_given_up(signed_in: SignedIn) -> None:
    target(signed_in).create(ONE)
    signed_in.person.calendar.delete(ONE.key)
    signed_in.person.calendar.purge(ONE.key)
    assert find(signed_in).where is Whereabouts.GONE
    with pytest.raises(Refused):
        target(signed_in).create(ONE)


def test_somebody_quicker_is_a_conflict(signed_in: SignedIn, google: GoogleDouble) -> None:
    target(signed_in).create(reminder(2))
    shelf = ours(signed_in)

    def quicker(method: str) -> None:
        if method == "calendar.events.insert" and ONE.key not in shelf.events:
            google.on_call = lambda _: None
            event = {**shelf.events[reminder(2).key], "id": ONE.key}
            event["extendedProperties"] = {"private": {"kith": ONE.key, "kith-uid": ONE.uid}}
            shelf.store(event)

    google.on_call = quicker
    with pytest.raises(Conflict):
        target(signed_in).create(ONE)
    assert find(signed_in).where is Whereabouts.PRESENT


def test_moved_to_another_calendar_it_is_there_and_the_users(signed_in: SignedIn) -> None:
    made = target(signed_in).create(ONE)
    signed_in.person.calendar.move(ONE.key, signed_in.person.calendar.primary)
    for seen in (find(signed_in), look(signed_in, made)):
        assert seen.where is Whereabouts.PRESENT
        assert seen.start == ONE.start
        fate = reminder_fate(WRITTEN, made.start, made.digest, made.summary, seen)
        assert fate is not None
        assert fate.state == EDITED
    seen = look(signed_in, made)
    with pytest.raises(Conflict):
        target(signed_in).update(seen.remote_id, seen.version, reminder(start=LATER))
    with pytest.raises(Conflict):
        target(signed_in).withdraw(seen.remote_id, seen.version)
    signed_in.person.calendar.delete(ONE.key)
    assert look(signed_in, seen).where is Whereabouts.GONE
    asked = [a for m, a, _ in signed_in.google.traffic if m == "calendar.events.list"]
    assert {a["calendarId"] for a in asked} <= {made.remote_id.partition("/")[0]}, "the user's own are not listed"


def test_dragged_is_moved_and_nothing_else(signed_in: SignedIn) -> None:
    made = target(signed_in).create(ONE)
    times = [{"dateTime": at.isoformat(), "timeZone": "UTC"} for at in (LATER, LATER + timedelta(minutes=15))]
    signed_in.person.calendar.change(ONE.key, start=times[0], end=times[1])
    fate = reminder_fate(WRITTEN, made.start, made.digest, made.summary, look(signed_in, made))
    assert fate is not None
    assert fate.state == MOVED


def test_a_copy_the_user_made_is_their_own(signed_in: SignedIn) -> None:
    made = target(signed_in).create(ONE)
    shelf = ours(signed_in)
    signed_in.person.calendar.add({**shelf.events[ONE.key], "id": "copied0copied"}, shelf)
    signed_in.person.calendar.delete(ONE.key)
    assert look(signed_in, made).where is Whereabouts.GONE


def test_a_reminder_of_long_ago_is_asked_for_by_itself(signed_in: SignedIn) -> None:
    made = target(signed_in).create(ONE)
    signed_in.clock = NOW + timedelta(days=200)
    assert look(signed_in, made) == made


def test_one_listing_answers_for_all_that_stand(signed_in: SignedIn, google: GoogleDouble) -> None:
    made = [target(signed_in).create(reminder(n)) for n in range(1, 8)]
    google.calls.clear()
    seen = target(signed_in).look([(one.remote_id, one.uid) for one in made])
    assert list(seen) == made
    assert asked(google, "events.get") == 0
    assert asked(google, "events.list") == 1


def test_the_calendar_deleted_with_all_in_it(signed_in: SignedIn) -> None:
    made = target(signed_in).create(ONE)
    signed_in.person.calendar.remove_calendar(ours(signed_in).id)
    assert look(signed_in, made).where is Whereabouts.GONE
    assert find(signed_in).where is Whereabouts.GONE
    with pytest.raises(Conflict):
        target(signed_in).update(made.remote_id, made.version, reminder(start=LATER))
    assert target(signed_in).withdraw(made.remote_id, made.version).where is Whereabouts.GONE
    assert not [s for s in signed_in.person.calendar.shelves.values() if s.by_app], "nothing was made for it"
    target(signed_in).create(reminder(2))
    assert [e["id"] for e in signed_in.person.calendar.live(ours(signed_in))] == [reminder(2).key]


def test_a_calendar_that_cannot_be_asked_leaves_it_open(signed_in: SignedIn, google: GoogleDouble) -> None:
    made = target(signed_in).create(ONE)
    signed_in.person.calendar.delete(ONE.key)
    again = target(signed_in)
    assert again.find(ONE.key, ONE.uid).where is Whereabouts.TRASHED
    signed_in.person.calendar.primary.role = "freeBusyReader"  # since it was listed
    assert again.find(ONE.key, ONE.uid).where is Whereabouts.UNKNOWN
    (seen,) = again.look([(made.remote_id, made.uid)])
    assert seen.where is Whereabouts.UNKNOWN


# -- what the user allowed ------------------------------------------------------------------------------

BASE = "https://www.googleapis.com/auth/"


def test_allowed_no_more_than_a_calendar_of_our_own_it_still_works(google: GoogleDouble, tmp_path: Path) -> None:
    least = SignedIn(google, tmp_path, scopes=frozenset({BASE + "calendar.app.created"}))
    connection = least.connection()
    assert connection.calendar is None
    made = target(least).create(ONE)
    assert find(least) == look(least, made) == made
    least.person.calendar.delete(ONE.key)
    assert find(least).where is Whereabouts.TRASHED
    least.close()


def test_without_the_permission_there_is_no_place_for_reminders(google: GoogleDouble, tmp_path: Path) -> None:
    for number, more in enumerate(({"scopes": SCOPES - {BASE + "calendar.app.created"}}, {"reminders": False})):
        folder = tmp_path / str(number)
        folder.mkdir()
        made = SignedIn(google, folder, **more)  # type: ignore[arg-type]
        assert made.connection().reminders is None
        made.close()


def test_a_permission_taken_back_later_is_named(signed_in: SignedIn, google: GoogleDouble) -> None:
    kept = target(signed_in)
    kept.create(ONE)
    for token, grant in list(google.sign.access.items()):
        google.sign.access[token] = replace(grant, scopes=frozenset({BASE + "gmail.modify"}))
    with pytest.raises(NeedsUser):
        kept.create(reminder(2))


def test_a_user_quicker_than_our_write_wins(signed_in: SignedIn, google: GoogleDouble) -> None:
    made = target(signed_in).create(ONE)

    def quicker(method: str) -> None:
        if method in ("calendar.events.patch", "calendar.events.delete"):
            signed_in.person.calendar.change(ONE.key, summary="mine now")

    google.on_call = quicker
    with pytest.raises(Conflict):
        target(signed_in).update(made.remote_id, made.version, reminder(start=LATER))
    now = look(signed_in, made)
    with pytest.raises(Conflict):
        target(signed_in).withdraw(now.remote_id, now.version)
    assert (look(signed_in, made).summary, look(signed_in, made).start) == ("mine now", ONE.start)
