"""A bounded part of `make crash`: on each backend some of the steps, every kind among them."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.crash.matrix import laboratory, matrix
from tests.crash.points import STEPS
from tests.service.conftest import HOUSES

EVERY = {"local": 61, "servers": 199}
WRITES = ("applied drafts.create", "applied drafts.withdraw", "applied reminders.create", "applied reminders.update")


def chosen(names: list[str], phase: int, every: int) -> list[int]:
    """Every so manieth step, and the last time each kind of remote write was applied."""
    last = {name: n for n, name in enumerate(names, 1) if name.startswith(WRITES)}
    return sorted({*range(1 + phase, len(names) + 1, every), *last.values()})


@pytest.mark.parametrize("backend", EVERY)
def test_whatever_is_killed_when_the_world_comes_out_the_same(backend: str) -> None:
    with laboratory(HOUSES[backend]) as lab:
        outcomes = list(matrix(lab, lambda phase, names: chosen(names, phase, EVERY[backend])))
    assert not [w for o in outcomes for w in o.wrong]
    assert {step.split()[0] for o in outcomes for step in o.killed} == set(STEPS)
    half = sum((o.half for o in outcomes), Counter[str]())
    assert set(half) >= {"create draft", "create reminder", "update reminder", "withdraw draft"}
