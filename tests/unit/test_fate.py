"""core.fate: what the user did, read from what a server says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from daemon.core.fate import Fate, draft_fate, reminder_fate, ticked
from daemon.core.model import Form, RemoteDraft, RemoteEvent, Whereabouts
from daemon.core.states import DONE, EDITED, LAPSED, MOVED, SENT, SKIPPED, UNKNOWN, WRITTEN

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
HERE = RemoteEvent(Whereabouts.PRESENT, "r1", "v1", "t1-w1", "u1", START, START + timedelta(minutes=15), "Write to Ada")


@pytest.mark.parametrize(
    ("title", "form"),
    [
        ("✓ Write to Ada", Form.CALL),
        ("✔️ Ada", Form.CALL),
        ("done", Form.CALL),
        ("Done: call Ada", Form.CALL),
        ("done meeting – Ada", Form.MEETING),
        ("DONE chat", Form.CHAT),
        ("готово", Form.CALL),
        ("Готово, встреча", Form.MEETING),
        ("готово письмо", Form.MAIL),
        ("✓ linkedin", Form.LINKEDIN),
        ("Write to Ada", None),
        ("undone", None),
        ("doner kebab with Ada", None),
        ("готовность", None),
        ("", None),
    ],
)
def test_a_ticked_title_names_the_form_of_contact(title: str, form: Form | None) -> None:
    assert ticked(title) == form


def reminder(remote: RemoteEvent, state: str = WRITTEN, title: str = "Write to Ada") -> Fate | None:
    return reminder_fate(state, START, "t1-w1", title, remote)


def test_a_reminder_nobody_touched_has_no_news() -> None:
    assert reminder(HERE) is None


def test_a_dragged_reminder_is_moved_and_a_deleted_one_skipped() -> None:
    from dataclasses import replace

    assert reminder(replace(HERE, start=START + timedelta(days=1), digest="t2-w1")) == Fate(MOVED)
    assert reminder(replace(HERE, where=Whereabouts.GONE)) == Fate(SKIPPED)
    assert reminder(replace(HERE, where=Whereabouts.TRASHED)) == Fate(SKIPPED)
    assert reminder(replace(HERE, cancelled=True)) == Fate(SKIPPED)
    assert reminder(replace(HERE, where=Whereabouts.UNKNOWN)) is None


def test_a_ticked_reminder_is_done_even_if_it_was_moved_too() -> None:
    from dataclasses import replace

    both = replace(HERE, summary="✓ meeting", start=START + timedelta(days=1), digest="t2-w2")
    assert reminder(both) == Fate(DONE, Form.MEETING)
    assert reminder(both, title="✓ meeting") != Fate(DONE, Form.MEETING), "seen before: not logged twice"


def test_a_rewritten_reminder_is_the_users() -> None:
    from dataclasses import replace

    assert reminder(replace(HERE, digest="t1-w2", summary="Ada!")) == Fate(EDITED)
    assert reminder(replace(HERE, digest="t1-w3", summary="Ada!"), EDITED) is None, "told already"


def test_a_title_rewritten_and_the_event_dragged_at_once_is_the_users() -> None:
    from dataclasses import replace

    both = replace(HERE, digest="t2-w2", summary="Ada!", start=START + timedelta(days=1))
    assert reminder(both) == Fate(EDITED)
    assert reminder(both, MOVED) == Fate(EDITED)
    assert reminder(replace(both, digest="t3-w1"), EDITED) is None, "the user's own event goes where they like"


def test_a_change_of_length_or_to_a_whole_day_is_a_move() -> None:
    from dataclasses import replace

    assert reminder(replace(HERE, digest="t2-w1", end=START + timedelta(hours=2))) == Fate(MOVED)


def test_what_lapsed_may_still_be_ticked_and_nothing_else() -> None:
    from dataclasses import replace

    assert reminder(replace(HERE, digest="t1-w2", summary="done call"), LAPSED) == Fate(DONE, Form.CALL)
    assert reminder(replace(HERE, where=Whereabouts.GONE), LAPSED) is None
    assert reminder(replace(HERE, start=START + timedelta(days=1), digest="t2-w1"), LAPSED) is None


def draft(where: Whereabouts, state: str = WRITTEN, digest: str = "d1", written: bool = False) -> Fate | None:
    return draft_fate(state, "d1", RemoteDraft(where, "r1", digest), written_since=written)


def test_a_draft_that_is_gone_is_sent_deleted_or_unknown_and_never_guessed() -> None:
    assert draft(Whereabouts.PRESENT) is None
    assert draft(Whereabouts.PRESENT, digest="d2") == Fate(EDITED)
    assert draft(Whereabouts.SENT) == Fate(SENT)
    assert draft(Whereabouts.GONE, written=True) == Fate(SENT)
    assert draft(Whereabouts.TRASHED, written=True) == Fate(SENT)
    assert draft(Whereabouts.TRASHED) == Fate(SKIPPED)
    assert draft(Whereabouts.GONE) == Fate(UNKNOWN)
    assert draft(Whereabouts.UNKNOWN, written=True) is None


def test_an_unknown_draft_stays_unknown_until_something_is_known() -> None:
    assert draft(Whereabouts.GONE, UNKNOWN) is None
    assert draft(Whereabouts.GONE, UNKNOWN, written=True) == Fate(SENT)
    assert draft(Whereabouts.PRESENT, UNKNOWN) == Fate(EDITED), "back again: the user's by now"


def test_a_copy_in_its_place_is_the_users_even_word_for_word() -> None:
    copy = RemoteDraft(Whereabouts.PRESENT, "r2", "d1", "<another@example.org>")
    assert draft_fate(WRITTEN, "d1", copy, written_since=False, replaced=True) == Fate(EDITED)
    assert draft_fate(UNKNOWN, "d1", copy, written_since=False, replaced=True) == Fate(EDITED)
    assert draft_fate(EDITED, "d1", copy, written_since=False, replaced=True) is None, "followed, not told again"


def test_a_deleted_draft_may_turn_out_to_be_sent_or_come_back() -> None:
    assert draft(Whereabouts.TRASHED, SKIPPED) is None
    assert draft(Whereabouts.GONE, SKIPPED) is None
    assert draft(Whereabouts.TRASHED, SKIPPED, written=True) == Fate(SENT)
    assert draft(Whereabouts.PRESENT, SKIPPED) == Fate(EDITED)
