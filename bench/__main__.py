"""The whole bench, in order. Exit status: 0 all limits kept, 1 some missed, 2 it could not run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from bench import google, house, mailbox, report
from tests.support.dovecot import PASSWORD, Dovecot, available, dovecot

ROOT = Path(__file__).parent.parent
SMALL = bool(os.environ.get("BENCH_SMALL"))
MESSAGES = 10_000 if SMALL else 100_000
FEW = 1_000
PEOPLE, EACH = (1_000, 20) if SMALL else (10_000, 100)
RUNS = 3 if SMALL else 5
BESIDE = 1 if SMALL else 3
"""Runs of what is measured for scale only."""


def side(name: str, *given: object) -> dict[str, float]:
    """One run of one side, in a process of its own."""
    command = [sys.executable, "-m", "bench.sides", name, *map(str, given)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stderr[-3000:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> int:
    """Lay the mail, run everything, print and write the figures."""
    if not available():
        print("Dovecot is not installed: apt-get install dovecot-imapd", file=sys.stderr)
        return 2
    results = report.Results(MESSAGES, SMALL, RUNS, report.load())
    print(f"{report.machine()}; {results.load}\n", flush=True)
    with dovecot() as server, tempfile.TemporaryDirectory(prefix="kith-bench-") as folder:
        base = Path(folder)
        begin = time.perf_counter()
        for user, count in (("few", FEW), ("tenth", MESSAGES // 10), ("all", MESSAGES)):
            mailbox.lay(server, user, count)
        print(f"laid {MESSAGES:,} messages in {time.perf_counter() - begin:.0f} s\n", flush=True)
        scans(server, base, results)
        beside(server, base, results)
        local(base, results)
    google.quota(results, 5_000 if SMALL else 50_000)
    results.write()
    missed = results.missed()
    print("\n" + ("All limits are kept." if not missed else "Missed: " + "; ".join(missed)), flush=True)
    return 1 if missed and not SMALL else 0


def scans(server: Dovecot, base: Path, results: report.Results) -> None:
    """Raw drain against first scan by turns; memory; a scan with nothing new."""
    drains, ours = [], []
    for turn in range(RUNS + 1):
        drained = side("drain", server.port, "all")
        scanned = side("scan", server.port, "all", fresh(base / "scan"))
        if not scanned["scanned"] == MESSAGES or not scanned["logged"] == mailbox.known(MESSAGES):
            raise RuntimeError(f"the scan found {scanned}, not {mailbox.known(MESSAGES)} of {MESSAGES}")
        if turn:  # the first one warmed the server's caches
            drains.append(drained)
            ours.append(scanned)
    raw, first = median(d["seconds"] for d in drains), median(s["seconds"] for s in ours)
    size = drains[0]["megabytes"]
    results.note(f"raw drain of the FETCH ({size:.0f} MB)", spread([d["seconds"] for d in drains]))
    results.note("first scan into a fresh store", spread([s["seconds"] for s in ours]))
    results.note("  its processor time", f"{median(s['cpu'] for s in ours):.2f} s")
    results.note("  ratio to the raw drain", f"{first / raw:.2f}", "scan_ratio", first / raw)
    many = median(s["peak_mb"] for s in ours)
    few = median(side("scan", server.port, "tenth", fresh(base / "tenth"))["peak_mb"] for _ in range(3))
    shown = f"{few:.1f} -> {many:.1f} MB: {many - few:+.1f} MB"
    results.note(f"peak memory, {MESSAGES // 10:,} -> {MESSAGES:,} messages", shown, "peak_growth_mb", many - few)
    for user, name, count in (("few", "noop_round_trips_1k", FEW), ("all", "noop_round_trips_100k", MESSAGES)):
        found = side("quiet", server.port, user, fresh(base / "quiet"))
        what = f"round trips of a scan with nothing new, {count:,} messages"
        results.note(what, f"{found['round_trips']} ({found['seconds'] * 1000:.0f} ms)", name, found["round_trips"])


def beside(server: Dovecot, base: Path, results: report.Results) -> None:
    """What other programs need for the same folder, for scale."""
    took = [side("plain", server.port, "all")["seconds"] for _ in range(BESIDE)]
    results.note("beside it: imapclient's fetch of the same fields", spread(took))
    if shutil.which("mbsync") is None:
        results.note("beside it: mbsync fetching the folder", "not installed (isync)")
        return
    results.note(
        "beside it: mbsync fetching the folder", spread([mbsync(server, base / "near") for _ in range(BESIDE)])
    )


def mbsync(server: Dovecot, near: Path) -> float:
    """Seconds mbsync needs to fetch the folder whole into a new Maildir."""
    fresh(near)
    file = near / "mbsyncrc"
    file.write_text(
        f"FSync no\nIMAPAccount far\nHost 127.0.0.1\nPort {server.port}\nUser all\nPass {PASSWORD}\nSSLType None\n"
        f"AuthMechs LOGIN\n\nIMAPStore far\nAccount far\n\nMaildirStore near\nPath {near}/mail/\n"
        f"Inbox {near}/mail/INBOX\n\nChannel all\nFar :far:INBOX\nNear :near:INBOX\nSync Pull\nCreate Near\n"
        f"SyncState {near}/state-\n"
    )
    (near / "mail").mkdir()
    begin = time.perf_counter()
    subprocess.run(["mbsync", "-q", "-c", str(file), "all"], check=True, capture_output=True, timeout=600)
    took = time.perf_counter() - begin
    shutil.rmtree(near)
    return took


def local(base: Path, results: report.Results) -> None:
    """What needs no server: a command from cold, and planning out of a full store."""
    results.note("kith status, cold, on the store of the scan", *status(base / "scan"))
    full = Path(fresh(base / "full"))
    house.make_full_store(full, PEOPLE, EACH)
    took = [side("plan", full) for _ in range(RUNS + 1)][1:]
    seconds = median(t["seconds"] for t in took)
    what = f"planning, {PEOPLE:,} contacts with {PEOPLE * EACH:,} interactions"
    results.note(what, spread([t["seconds"] for t in took]), "plan_seconds", seconds)
    results.note("kith status, cold, on that store", status(full)[0])


def status(folder: Path) -> tuple[str, str, float]:
    """How long the whole process takes, as shown and as a figure."""
    file = house.config(folder)
    command = [str(Path(sys.executable).with_name("kith")), "--config", str(file), "status"]
    took = []
    for _ in range(RUNS + 1):
        begin = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        took.append(time.perf_counter() - begin)
    return spread(took[1:]), "status_seconds", median(took[1:])


def fresh(folder: Path) -> str:
    """The folder, empty."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return str(folder)


def spread(took: list[float]) -> str:
    """Median and both ends, in seconds."""
    return f"{median(took):.2f} s ({min(took):.2f}-{max(took):.2f})"


if __name__ == "__main__":
    sys.exit(main())
