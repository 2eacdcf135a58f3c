"""A bounded part of `make crash`: some of the steps, every kind of them."""

from __future__ import annotations

from pathlib import Path

from tests.crash.matrix import laboratory, matrix
from tests.crash.points import STEPS
from tests.service.conftest import HOUSES


def test_whatever_is_killed_when_the_world_comes_out_the_same(tmp_path: Path) -> None:
    with laboratory(tmp_path, HOUSES["local"]) as lab:
        outcomes = list(matrix(lab, lambda phase, names: range(7 + phase, len(names) + 1, 40)))
    assert not [w for o in outcomes for w in o.wrong]
    assert {name.split()[1] for o in outcomes for name in o.killed} == set(STEPS)
