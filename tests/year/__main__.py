"""A year of 300 people, day by day: `make year`. Nothing is shown but what it came to; a broken promise is an error."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from daemon.store.engine import Store
from tests.year.town import DAY, QUIET, a_town
from tests.year.watch import Watch

NEWS = """+++
circles = []
language = "en"
+++
Here is what is new with me this quarter.
"""


def live(store: Store, folder: Path, *, people: int, weeks: int, seed: int) -> Watch:
    """Live so many weeks, a round each morning; what must hold is looked at after each."""
    with a_town(store, folder, people, seed) as town:
        house = town.house
        town.settle(people)
        updates = folder / "updates"
        updates.mkdir(exist_ok=True)
        house.cycle(after=0 * DAY)
        house.enable()
        watch = Watch(town)
        for day in range(weeks * 7):
            if day == 10:
                (updates / "2026-Q4.md").write_text(NEWS.replace("circles", f"written = {town.today}\ncircles"))
            house.cycle(after=0 * DAY)
            watch.look()
            house.clock += DAY / 2  # evening
            town.live()
            house.clock += DAY / 2
        return watch


def main() -> int:
    """Say what the year came to."""
    given = argparse.ArgumentParser(prog="make year")
    given.add_argument("--people", type=int, default=300)
    given.add_argument("--weeks", type=int, default=52)
    given.add_argument("--seed", type=int, default=1)
    said = given.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/kith.db")
        store.upgrade()
        watch = live(store, Path(folder), people=said.people, weeks=said.weeks, seed=said.seed)
        store.close()
    print(f"{said.people} people, {said.weeks} weeks, seed {said.seed}, {time.monotonic() - begun:.0f} seconds.")  # noqa: T201
    for kind, n in sorted(watch.made.items()):
        print(f"  {n:5} {kind}")  # noqa: T201
    print(f"Longest due without a reminder: {watch.wait.days} days (quiet days {len(QUIET)} times). All promises held.")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
