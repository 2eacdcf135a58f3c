"""What a text tells, piece by piece."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.pieces import marks, untold

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


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Here is what is new.\n\n- We have moved to the river\n- A course begins",
         "Here is what is new.\n\n- A course begins"),
        ("We have moved to the **river**.\n\nA course\nbegins.", "A course\nbegins."),
        ("### Home\n\nNew there:\n- We have moved to the river.\n\n### Work\n\nNew here:\n- A course begins.",
         "### Work\n\nNew here:\n- A course begins."),
        ("### All\nOne:\n- We have moved to the river\n\nTwo:\n- A course begins",
         "### All\n\nTwo:\n- A course begins"),
        ("Here is what is new.\n\n- We have moved to the river\n\nHere is what is new.", ""),
        ("1. We have moved to the river\n2. A course begins\n3) In 2027. It ends.",
         "1. A course begins\n2) In 2027. It ends."),
        ("Only this.\n\n  \n* * *", "Only this.\n\n  \n* * *"),
    ],
)  # fmt: skip
def test_what_was_told_is_left_out_and_what_leads_over_goes_with_it(text: str, left: str) -> None:
    assert untold(text, marks(FIRST) | marks("Here is what is new.")) == left


@given(st.text(alphabet="ab:#- \n.", max_size=40), st.text(alphabet="ab:#- \n.", max_size=20))
def test_nothing_new_is_lost_and_nothing_known_is_left_but_what_leads_over(text: str, before: str) -> None:
    told = marks(before)
    left = untold(text, told)
    assert marks(text) - told <= marks(left) and (left == text or marks(text) & told)
    assert bool(left.strip()) == bool(marks(text) - told) or left == text
