"""`make crash`: the daemon is killed at every step of a life, on every backend that outlives it."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter

from tests.crash.matrix import Outcome, whole_matrix
from tests.crash.points import STEPS
from tests.service.conftest import HOUSES

COLUMNS = "{:8} {:22} {:>8} {:>7} {:>6}  {}"


def main() -> int:
    """Run the backends named, or all that outlive a process; 1 where anything differs or was not tried."""
    bad = 0
    say(COLUMNS.format("backend", "round", "recorded", "killed", "kinds", "of these " + ", ".join(STEPS)))
    for backend in sys.argv[1:] or [name for name in HOUSES if name != "memory"]:
        started = time.monotonic()
        every = whole_matrix(HOUSES[backend], os.cpu_count() or 1)
        for o in every:
            say(_row(backend, o.name, o))
        half = sum((o.half for o in every), Counter[str]())
        wrong = [w for o in every for w in o.wrong]
        total = Outcome("", [p for o in every for p in o.points], [k for o in every for k in o.killed])
        say(_row(backend, f"all, {time.monotonic() - started:.0f} s", total))
        say(f"  died while the server had it and the store did not: {_counted(half)}")
        say(f"  differences: {len(wrong)}")
        for w in wrong[:20]:
            say(f"    {w[:2000]}")
        bad += bool(wrong) or len(total.killed) != len(total.points)
    return min(bad, 1)


def _row(backend: str, name: str, o: Outcome) -> str:
    steps = Counter(step.split()[0] for step in o.killed)
    how = ", ".join(str(steps[s]) for s in STEPS)
    return COLUMNS.format(backend, name, len(o.points), len(o.killed), len(set(o.killed)), how)


def _counted(what: Counter[str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted(what.items()))


def say(line: str) -> None:
    """One line, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
