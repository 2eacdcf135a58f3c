"""Weeks of the simulated year, over Christmas: all that must hold is looked at each morning. `make year`: all of it."""

from __future__ import annotations

from pathlib import Path

from daemon.store.engine import Store
from tests.year.__main__ import live


def test_weeks_of_a_life_keep_every_promise(store: Store, tmp_path: Path) -> None:
    watch = live(store, tmp_path, people=24, weeks=6, seed=1)
    assert not watch.broken
    for kind in (
        "reminder keep-in-touch",
        "reminder reply-owed",
        "reminder digest",
        "draft thanks",
        "draft congratulations",
        "draft check-in",
        "draft update",
        "draft news",
        "draft visit",
        "draft share",
        "draft introduce",
    ):
        assert watch.made[kind], f"no {kind} in all these weeks: nothing was tried"
    assert watch.town.deeds["edit"]
