"""`make crash`: the whole kill matrix, with a table at the end."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.crash.matrix import laboratory, matrix
from tests.service.conftest import HOUSES


def main() -> int:
    """Run the backends named, or all that outlive a process; 1 where anything differs."""
    wrong = 0
    for backend in sys.argv[1:] or [name for name in HOUSES if name != "memory"]:
        started = time.monotonic()
        with (
            tempfile.TemporaryDirectory(prefix="kith-crash-") as folder,
            laboratory(Path(folder), HOUSES[backend]) as lab,
        ):
            for o in matrix(lab, lambda phase, names: range(1, len(names) + 1)):
                seconds = time.monotonic() - started
                say(f"{backend} {len(o.points)} {len(o.killed)} {len(o.wrong)} {seconds:.0f} s")
                for w in o.wrong[:5]:
                    say(f"   {w[:1500]}")
                wrong += len(o.wrong)
    return min(wrong, 1)


def say(line: str) -> None:
    """One line, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
