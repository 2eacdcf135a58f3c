"""The figures as a table, as `bench/RESULTS.md` and as `bench/results.json`; and which limits they miss."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).parent
LIMITS: dict[str, float] = {
    "scan_ratio": 2.0,
    "peak_growth_mb": 5.0,
    "status_seconds": 0.5,
    "plan_seconds": 5.0,
    "gmail_quota_ratio": 1.05,
}
"""The most each may be; `noop_round_trips_100k` must be `noop_round_trips_1k`."""

_READING = """\
## How to read this

- **Raw drain**: a plain socket logs in, opens the folder, sends the very FETCH our first scan sends and throws the
  answer away. No client can be faster; it is Dovecot's speed on this machine.
- **First scan**: `Ingest.run()` on a fresh SQLite store that knows 500 people: connect, list, fetch, match, judge,
  and commit, page by page, with its cursor. The daemon runs the same code. The clock starts before the first byte is
  sent and stops after the last commit.
- On a machine that has other work both sides get slower, ours more: `chrt -f 1 make bench` (as root) goes ahead of it.
- Both were warmed once and then run by turns, each run in a process of its own; the figure is the median, the ratio
  that of the medians. Server and client share the machine: where it is busy with other things both get slower, and the
  load at the start is noted above.
- **Peak memory** is the kernel's VmHWM of the scanning process, for the same scan over a folder of a tenth the size.
- **Round trips**: commands counted by a proxy during a second scan with nothing new (all folders, connections open).
- **kith status** is a whole process, started cold by the shell's measure, on the store the first scan made.
- **Planning** is `planning.make` on a store written by plain SQL: every contact kept, 4 in 100 interactions meetings.
- **Gmail quota** is counted by the strict double of Google's API, at the prices for projects made since 2026-05, over
  whole rounds of the product until the scan is through and the last moments before it have been searched for once more;
  a minute's budget is 5,400 units.
- `mbsync` fetches whole messages into a new Maildir with fsync off; imapclient's `fetch` parses the same fields into
  dictionaries and looks at none of them. They stand here for scale; neither does what a scan does.
"""


@dataclass
class Results:
    """What was measured. ``rows`` are (what, figure, limit) as shown."""

    messages: int
    small: bool
    runs: int
    load: str = ""
    rows: list[tuple[str, str, str]] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)

    def note(self, what: str, shown: str, name: str = "", value: float = 0.0) -> None:
        """One line of the table; with a name it is a figure of results.json as well."""
        limit = f"≤ {LIMITS[name]:g}" if name in LIMITS else ""
        if name:
            self.figures[name] = round(value, 3)
        self.rows.append((what, shown, limit))
        print(f"{what:<58} {shown:>24}  {limit}", flush=True)

    def missed(self) -> list[str]:
        """The limits these figures do not keep, as sentences."""
        found = [f"{n}: {self.figures[n]:g} > {limit:g}" for n, limit in LIMITS.items() if self.figures[n] > limit]
        few, many = self.figures["noop_round_trips_1k"], self.figures["noop_round_trips_100k"]
        if few != many:
            found.append(f"round trips of a quiet scan grow: {few:g} -> {many:g}")
        return found

    def write(self) -> None:
        """Both files; a small try leaves the figures of the last full run alone."""
        if self.small:
            return
        (HERE / "results.json").write_text(json.dumps(self.figures, indent=2) + "\n")
        width = max(len(what) for what, _, _ in self.rows)
        table = "\n".join(f"| {what:<{width}} | {shown} | {limit} |" for what, shown, limit in self.rows)
        missed = self.missed()
        verdict = "All limits are kept." if not missed else "**Missed:** " + "; ".join(missed) + "."
        (HERE / "RESULTS.md").write_text(
            f"# Results of `make bench`\n\n{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {machine()}; {self.load}.\n"
            f"{self.messages:,} messages, {self.runs} runs a side.\n\n"
            f"| what | measured | limit |\n| --- | --- | --- |\n{table}\n\n{verdict}\n\n{_READING}"
        )


def machine() -> str:
    """What this ran on, in a few words."""
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    server = subprocess.run(["dovecot", "--version"], capture_output=True, text=True, check=False).stdout.split()
    return (
        f"{os.cpu_count()} × {cpu}, Linux, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}, Dovecot {server[0] if server else '?'}"
    )


def load() -> str:
    """How busy the machine is with other things, and whether the bench went first all the same."""
    first = os.sched_getscheduler(0) != os.SCHED_OTHER
    return f"load average at the start {os.getloadavg()[0]:.1f}" + (
        ", server and sides ahead of all other work (`chrt -f 1`)" if first else ""
    )
