"""The rhythm of past contact."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.rhythm import STEPS, proposed, rhythm

START = date(2025, 1, 1)


def days(*gaps: int) -> list[date]:
    found = [START]
    for gap in gaps:
        found.append(found[-1] + timedelta(days=gap))
    return found


@pytest.mark.parametrize(
    ("gaps", "expected"),
    [
        ((30, 30, 30, 30), 30),
        ((28, 33, 29, 31), 30),
        ((90, 95, 88, 92), 91),
        ((30, 1, 1, 30, 2, 30, 30), 30),  # a conversation of some days is one
        ((30, 30, 400, 30, 30), 30),  # one long silence changes nothing
        ((7, 7, 7, 7, 7), 7),
        ((7, 7, 7, 7, 300, 7, 7, 400), 42),  # some busy weeks in two years are no weekly rhythm
        ((900, 900, 900, 900), 365),
        ((30, 30, 30), None),  # too few
        ((1, 1, 1, 1, 1, 1), None),
    ],
)
def test_the_usual_time_between_conversations(gaps: tuple[int, ...], expected: int | None) -> None:
    found = rhythm(days(*gaps))
    assert (found.days if found else None) == expected


def test_only_a_clear_difference_is_proposed() -> None:
    monthly = days(*[30] * 8)
    assert proposed(monthly, timedelta(days=91)) == timedelta(days=30)
    assert proposed(monthly, timedelta(days=30)) is None
    assert proposed(monthly, timedelta(days=42)) is None
    assert proposed(monthly, timedelta(days=7)) == timedelta(days=30)


@given(st.lists(st.dates(date(2024, 1, 1), date(2026, 12, 31)), max_size=60), st.randoms())
def test_it_is_a_human_step_whatever_the_order(found: list[date], chance: object) -> None:
    assert rhythm(found) in (None, *STEPS)
    assert rhythm(found) == rhythm(reversed(found)) == rhythm(found * 2)
