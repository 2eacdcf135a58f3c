"""What watches the simulated year sees what it is there to see."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from daemon.core.states import EDITED, WRITTEN
from daemon.core.wants import DRAFT
from tests.year.town import QUIET, START
from tests.year.watch import Watch


def watch(**town: Any) -> Watch:
    house = SimpleNamespace(clock=START, settings=SimpleNamespace(quiet=QUIET), rigs={"home": town.pop("rig", None)})
    return Watch(SimpleNamespace(house=house, **town))  # type: ignore[arg-type]


def letter(days: int, state: str = WRITTEN, purpose: str = "thanks") -> Any:
    return SimpleNamespace(
        kind=DRAFT, purpose=purpose, state=state, period="m1", created_at=START - timedelta(days=days)
    )


def test_a_letter_that_outlasts_its_reason_is_seen() -> None:
    watch()._passed([letter(8), letter(30, EDITED), letter(4, purpose="congratulations"), letter(90, purpose="update")])
    for late in (letter(9), letter(5, purpose="congratulations")):
        with pytest.raises(AssertionError):
            watch()._passed([late])


def test_a_letter_of_the_users_that_changed_by_one_byte_is_seen() -> None:
    rig = SimpleNamespace(drafts=lambda: [b"as I left it"])
    watch(rig=rig, edited={"<1>": ("home", b"as I left it")})._untouched()
    with pytest.raises(AssertionError):
        watch(rig=rig, edited={"<1>": ("home", b"as I left it.")})._untouched()
