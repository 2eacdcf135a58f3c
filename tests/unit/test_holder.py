"""Whether the process that holds a lease still lives: only what is certain counts."""

from __future__ import annotations

import subprocess
import sys

import pytest

from daemon.service import holder

HOST, PID, MACHINE, BOOT, SPACE, STARTED, RANDOM = range(7)


def changed(text: str, **parts: str) -> str:
    names = {"host": HOST, "pid": PID, "machine": MACHINE, "boot": BOOT, "space": SPACE, "started": STARTED}
    split = text.split("|")
    for name, value in parts.items():
        split[names[name]] = value
    return "|".join(split)


@pytest.fixture
def other() -> subprocess.Popen[str]:
    """A process that has told its own name and waits."""
    code = "from daemon.service import holder; print(holder.myself(), flush=True); input()"
    return subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_alive_then_killed_then_buried(other: subprocess.Popen[str]) -> None:
    assert other.stdout is not None
    name = other.stdout.readline().strip()
    assert not holder.dead(name)
    other.kill()
    assert other.stdout.read() == ""  # the pipe ends with the process, which nobody has waited for yet
    other.wait()
    assert holder.dead(name)
    if other.stdin is not None:
        other.stdin.close()
    other.stdout.close()


def test_no_two_names_are_alike_and_the_name_can_be_shown() -> None:
    mine = holder.myself()
    assert mine != holder.myself()
    assert not holder.dead(mine)
    assert holder.shown(mine) == f"process {mine.split('|')[PID]} on {mine.split('|')[HOST]}"
    assert holder.shown("another:1:x") == "another:1:x"


def test_only_what_is_certain_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holder, "_place", lambda: ("machine", "boot", "pid:[1]"))
    mine = holder.myself()
    gone = changed(mine, pid="4194304")  # beyond what Linux gives
    assert holder.dead(gone)
    assert holder.dead(changed(mine, started="1")), "its number was given to another"
    assert holder.dead(changed(gone, boot="earlier")), "the machine was started anew"
    for unsure in (
        changed(gone, host="elsewhere"),
        changed(gone, machine="copy"),
        changed(gone, space="pid:[2]"),
        changed(gone, space=""),
        changed(gone, boot=""),
        changed(gone, pid="0"),
        changed(gone, pid="x"),
        "another:1:x",
        "",
    ):
        assert not holder.dead(unsure), unsure
    monkeypatch.setattr(holder, "_place", lambda: ("machine", "", ""))
    assert not holder.dead(gone), "a system that tells nothing"
