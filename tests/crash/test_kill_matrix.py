"""A bounded part of `make crash`: every kind of step once, and those around remote writes on real servers and Google.

Graph and Exchange are died at by `make crash` alone: all tests together are to stay under eight minutes.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.crash.matrix import laboratory, matrix
from tests.crash.points import STEPS
from tests.service.conftest import HOUSES

WRITES = (
    *("drafts.create", "drafts.withdraw", "reminders.create", "reminders.update", "reminders.withdraw"),
    "mail.clear_ask",
)


class Some:
    """Picks each kind of step where a life first has it, in the middle of its kind; and some of one phase."""

    def __init__(self, kinds: tuple[str, ...], densely: int | None) -> None:
        self.kinds, self.densely = kinds, densely
        self.had: set[str] = set()

    def __call__(self, phase: int, names: list[str]) -> list[int]:
        """The numbers of the steps to die at."""
        again = {n for n in names if n.endswith("reminders.update")}  # a move is one thing, a refresh another
        # Whoever dies with the answer to a question in hand knows as much as before it.
        telling = [n for n in names if n.endswith(WRITES) or not n.startswith("answered ")]
        new = {n for n in telling if n.endswith(self.kinds)} - self.had | again
        self.had |= new
        where = {name: [number for number, n in enumerate(names, 1) if n == name] for name in new}
        picked = {numbers[len(numbers) // 2] for numbers in where.values()}
        if phase == self.densely:
            picked |= set(range(3, len(names) + 1, 16))
        return sorted(picked)


@pytest.mark.parametrize(
    ("backend", "some"),
    [
        ("local", Some(("",), 6)),
        ("servers", Some((*WRITES, "outgoing.record"), None)),
        ("google", Some((*WRITES, "outgoing.record"), None)),
    ],
)
def test_whatever_is_killed_when_the_world_comes_out_the_same(backend: str, some: Some) -> None:
    with laboratory(HOUSES[backend]) as lab:
        outcomes = list(matrix(lab, some))
    assert not [w for o in outcomes for w in o.wrong]
    died = {step for o in outcomes for step in o.killed}
    assert died >= some.had
    assert {step.split()[0] for step in died} == set(STEPS)
    half = sum((o.half for o in outcomes), Counter[str]())
    reminders = {f"{verb} reminder" for verb in ("create", "update", "refresh", "withdraw")}
    assert set(half) >= {"create draft", "withdraw draft"} | reminders
