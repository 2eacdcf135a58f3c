"""A year of 300 people, day by day: `make year`. A broken promise is an error.

In memory by default; ``--backend servers`` lives on a real Dovecot and a real Radicale.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from daemon.store.engine import Store
from tests.year.homes import BACKENDS
from tests.year.people import DAY
from tests.year.town import a_town
from tests.year.user import User
from tests.year.watch import Watch

MANY = 40
"""So many promises broken, it makes no sense to go on."""

MEMORY = Path("/dev/shm")
"""A folder that is no disk, where there is one: a year is many thousand commits."""


def live(
    store: Store,
    folder: Path,
    *,
    people: int,
    weeks: int,
    seed: int,
    backend: str = "memory",
    each_week: Callable[[int, Watch], None] = lambda week, watch: None,
) -> Watch:
    """Live so many weeks, a round each morning; what must hold is looked at after each."""
    with a_town(store, folder, seed, backend, people) as town:
        house = town.house
        town.settle(people)
        house.cycle(after=0 * DAY)
        house.enable()
        user, watch = User(town), Watch(town)
        for day in range(weeks * 7):
            house.cycle(after=0 * DAY)
            watch.look()
            assert len(watch.broken) < MANY, "\n".join(watch.broken)
            house.clock += DAY / 2  # evening
            user.live()
            house.clock += DAY / 2
            if day % 7 == 6:
                each_week(day // 7 + 1, watch)
        return watch


def main() -> int:
    """Say how it goes each week, and what the whole came to."""
    given = argparse.ArgumentParser(prog="make year")
    given.add_argument("--people", type=int, default=300)
    given.add_argument("--weeks", type=int, default=52)
    given.add_argument("--seed", type=int, default=1)
    given.add_argument("--backend", choices=sorted(BACKENDS), default="memory")
    said = given.parse_args()
    begun = time.monotonic()
    told: list[str] = []

    def tell(week: int, watch: Watch) -> None:
        say(
            f"week {week:2} to {watch.town.today}: {sum(watch.made.values()):5} written, "
            f"longest waits: {waits(watch)}; {time.monotonic() - begun:.0f} s"
        )
        for broken in watch.broken[len(told) :]:
            say(f"BROKEN on {broken}")
        told.extend(watch.broken[len(told) :])

    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        store = Store(f"sqlite:///{folder}/kith.db")
        store.upgrade()
        watch = live(
            store,
            Path(folder),
            people=said.people,
            weeks=said.weeks,
            seed=said.seed,
            backend=said.backend,
            each_week=tell,
        )
        fates = Counter(f"{r.kind}s {r.state}" for r in watch.town.house.ledger())
        store.close()
    took = time.monotonic() - begun
    say(f"{said.people} people, {said.weeks} weeks on {said.backend}, seed {said.seed}, {took:.0f} s.")
    for counted in (watch.made, fates, watch.town.deeds):
        say(", ".join(f"{n} {kind}" for kind, n in sorted(counted.items())) + ".")
    say(f"Longest due without a reminder: {waits(watch)}.")
    say(f"{len(watch.broken)} promises broken." if watch.broken else "All promises held.")
    return 1 if watch.broken else 0


def waits(watch: Watch) -> str:
    """How long somebody of each tier waited at most, and might have."""
    return (
        ", ".join(f"{tier} {w.days} of {most.days} days" for tier, (w, most) in sorted(watch.waits.items())) or "none"
    )


def say(line: str) -> None:
    """To whoever watches."""
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
