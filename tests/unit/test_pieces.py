"""What a text tells, piece by piece."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.pieces import marks

FIRST = "We have moved to the river."


@pytest.mark.parametrize(
    "same",
    [
        "We have\nmoved to   the **river**",
        "- We have moved to the river",
        "1. We have moved to the [river](https://example.org/river)!",
        "### At home\n\nWe have moved to the river.",
        "This is new:\n\nWe have moved to the river.",
    ],
)
def test_layout_emphasis_and_what_leads_over_make_no_news(same: str) -> None:
    assert marks(same) == marks(FIRST)


def test_each_paragraph_and_each_item_is_a_piece_of_its_own_in_any_order() -> None:
    both = marks("- We have moved to the river\n- The course\n  begins\n")
    assert both == marks("The course begins.\n\nWe have moved to the river.")
    assert marks(FIRST) < both and len(both) == 2
    assert marks("We have not moved to the river.") != marks(FIRST)


def test_a_text_that_is_all_headings_still_tells_something() -> None:
    assert len(marks("## New:")) == 1 and marks("\U0001f600") == frozenset() == marks("")


@given(st.text())
def test_any_text_has_marks_and_the_same_each_time(text: str) -> None:
    assert marks(text) == marks(text.upper()) or text.casefold() != text.upper().casefold()
