"""A letter and the reminder in its place: one reason, dealt with once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from daemon.core.desired import desired
from daemon.core.instead import after_reminders
from daemon.core.making import ADDRESS, LACKING, LANGUAGE
from daemon.core.plan import Row
from daemon.core.states import DONE, EDITED, FAILED, LAPSED, MOVED, SENT, SKIPPED, WITHDRAWN, WRITTEN
from daemon.core.wants import CHECK_IN, DRAFT, KEEP_IN_TOUCH, REMINDER, THANKS, Want
from tests.unit.test_plan import NOW, POLICY, WORLD, person, wants

LETTER = Want("letter", DRAFT, THANKS, 1, "p", NOW, "", create_until=NOW - timedelta(days=1))


def reminder(state: str, **other: object) -> Row:
    return replace(Row("reminder", REMINDER, THANKS, 1, "p", state), **other)  # type: ignore[arg-type]


@pytest.mark.parametrize("state", [WRITTEN, MOVED, WITHDRAWN, EDITED, LAPSED])
def test_while_its_reminder_stood_it_is_not_too_late_for_the_letter(state: str) -> None:
    (found,) = after_reminders([LETTER], [reminder(state)])
    assert found.create_until is None
    assert after_reminders([replace(LETTER, period="p~1")], [reminder(state)])[0].create_until is None


def test_else_it_is() -> None:
    assert after_reminders([LETTER], [reminder(FAILED)]) == [LETTER]
    assert after_reminders([LETTER], [reminder(WRITTEN, contact_id=2), reminder(WRITTEN, period="q")]) == [LETTER]


@pytest.mark.parametrize("state", [SKIPPED, DONE])
def test_a_reminder_deleted_or_ticked_off_was_the_answer_for_the_letter_too_unless_that_stands(state: str) -> None:
    assert after_reminders([LETTER], [reminder(state)]) == []
    stands = Row(LETTER.key, DRAFT, THANKS, 1, "p", WRITTEN)
    assert after_reminders([LETTER], [reminder(state), stands]) == [LETTER]
    assert after_reminders([LETTER], [reminder(WITHDRAWN), reminder(state, key="2", period="p~1")]) == []


@pytest.mark.parametrize("state", [SKIPPED, SENT])
def test_a_letter_sent_or_thrown_away_was_the_answer_for_the_reminder_too(state: str) -> None:
    instead = replace(LETTER, key="reminder", kind=REMINDER)
    assert after_reminders([instead], [Row("letter", DRAFT, THANKS, 1, "p", state)]) == []
    assert after_reminders([instead], [Row("letter", DRAFT, THANKS, 1, "p", WITHDRAWN)]) == [instead]


def test_a_reminder_says_what_keeps_the_check_in_from_being_written() -> None:
    writes = replace(POLICY, drafts=frozenset({CHECK_IN}))
    for facts, why in (({"speaks": ""}, LANGUAGE), ({"reachable": False}, ADDRESS), ({}, None)):
        found = wants(person(policy=writes, **facts))
        assert dict(found[1, KEEP_IN_TOUCH].details).get(LACKING) == why
        assert ((1, CHECK_IN) in found) is (why is None)
        none = wants(person(policy=replace(POLICY, drafts=frozenset()), **facts))[1, KEEP_IN_TOUCH]
        assert not none.details, "nobody asked for a letter"
    only_watching = desired([person(policy=writes, speaks="")], replace(WORLD, enabled_since=None), NOW)
    assert not any(w.details for w in only_watching)
