"""Letters wanted once more: under which key."""

from __future__ import annotations

from dataclasses import replace

import pytest

from daemon.core.again import again, base_period
from daemon.core.plan import Row
from daemon.core.states import EDITED, FAILED, PENDING, SENT, SKIPPED, SUPERSEDED, UNKNOWN, WITHDRAWN, WRITTEN
from daemon.core.wants import ASKED, DRAFT, REMINDER, THANKS, UPDATE, Want
from tests.unit.test_plan import NOW, WORLD, person

ANN = person(1)


def want(purpose: str = THANKS, period: str = "p", kind: str = DRAFT) -> Want:
    return Want(WORLD.key(ANN.uid, kind, purpose, period), kind, purpose, 1, period, NOW, "")


def made(state: str, key: str = "", period: str = "p", purpose: str = THANKS) -> Row:
    return Row(key or want(purpose, period).key, DRAFT, purpose, 1, period, state)


def under(wanted: Want, *rows: Row) -> tuple[str, str]:
    (found,) = again([wanted], rows, {1: ANN}, WORLD)
    return found.key, found.period


@pytest.mark.parametrize("state", [PENDING, WRITTEN, EDITED, SENT, SKIPPED, UNKNOWN, FAILED, SUPERSEDED])
def test_what_stands_or_was_settled_by_the_user_keeps_its_key(state: str) -> None:
    assert under(want(), made(state)) == (want().key, "p")


def test_what_was_taken_back_and_is_wanted_again_takes_the_next_period_each_time() -> None:
    assert under(want()) == (want().key, "p")
    first = made(WITHDRAWN)
    key, period = under(want(), first)
    assert (period, base_period(period)) == ("p~1", "p") and key != want().key
    second = made(WRITTEN, key, period)
    assert under(want(), first, second) == (key, "p~1")
    assert under(want(), first, replace(second, state=WITHDRAWN))[1] == "p~2"
    assert under(want(), first, replace(second, state=SKIPPED)) == (key, "p~1")  # the user's word is final


def test_a_letter_that_has_weeks_comes_back_when_it_made_room_and_others_do_not() -> None:
    assert under(want(UPDATE), made(SUPERSEDED, purpose=UPDATE))[1] == "p~1"
    assert under(want(THANKS), made(SUPERSEDED))[1] == "p"


def test_what_one_of_two_merged_contacts_was_told_was_told() -> None:
    theirs = made(WRITTEN, "other's")
    assert under(want(), theirs) == ("other's", "p")
    assert under(want(), made(WRITTEN), made(SENT, "other's")) == ("other's", "p")
    assert under(want(), made(WRITTEN), made(EDITED, "other's")) == ("other's", "p")
    assert under(want(), made(FAILED), theirs) == ("other's", "p")


def test_a_reminder_in_place_of_a_letter_comes_again_like_the_letter_and_apart_from_it() -> None:
    reminder = want(kind=REMINDER)
    gone = replace(made(WITHDRAWN, reminder.key), kind=REMINDER)
    key, period = under(reminder, gone)
    assert period == "p~1" and key not in (reminder.key, under(want(), made(WITHDRAWN))[0])
    assert under(reminder, replace(gone, state=SKIPPED)) == (reminder.key, "p")
    assert under(want(), gone) == (want().key, "p")
    assert under(reminder, made(WITHDRAWN)) == (reminder.key, "p")


def test_reminders_whose_periods_count_and_what_was_asked_for_by_a_flag_are_left_alone() -> None:
    reminder = want(period="p/0", kind=REMINDER)
    assert under(reminder, replace(made(WITHDRAWN, period="p/0"), kind=REMINDER)) == (reminder.key, "p/0")
    flagged = want(period=f"{ASKED}m")
    assert under(flagged, made(WITHDRAWN, period=f"{ASKED}m")) == (flagged.key, f"{ASKED}m")
