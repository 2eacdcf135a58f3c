"""Subjects compared."""

from __future__ import annotations

import pytest

from daemon.core.subject import base_subject, same_subject, shares_a_word


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ("Re: Coffee on Tuesday", "Coffee", True),
        ("О встрече во вторник", "Встреча: Анна", True),
        ("Lunch with Ann", "Travel with Bob", False),
        ("Tea?", "Tea", False),
        ("Re: 2026 2026", "2026", False),
        ("", "", False),
    ],
)
def test_a_word_in_common_is_one_that_says_something(one: str, other: str, shared: bool) -> None:
    assert shares_a_word(one, other) == shares_a_word(other, one) == shared


def test_marks_of_answering_are_no_part_of_a_subject() -> None:
    assert base_subject("Re: AW[2]: Отв: Coffee ") == "Coffee"
    assert same_subject("Fwd: Coffee  now", "re: coffee now") and not same_subject("Re:", "")
