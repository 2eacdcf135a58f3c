"""Killed before every single thing it does to the disk, the next run ends with exactly one.

The child is a fork, killed by signal 9 from an audit hook: before its first step, its second, and so on until one
child comes through. Nothing is simulated but the moment.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daemon.core.model import Whereabouts
from daemon.core.ports import Connection, DraftTarget, ReminderTarget
from tests.contract.rig_local import LocalRig
from tests.contract.samples import draft, message_id, reminder

STEPS = {"open", "os.link", "os.remove", "os.rename", "os.mkdir"}
MOST = 60


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[LocalRig]:
    with pytest.MonkeyPatch.context() as patch:
        yield LocalRig(tmp_path, patch)


def killed_before(step: int, act: Callable[[], object], root: Path) -> str:
    """Run ``act`` in a child that dies before its ``step``-th touch of a file below ``root``.

    Returns what it was about to do, or "" where it came through.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        count = 0

        def hook(name: str, args: tuple[object, ...]) -> None:
            nonlocal count
            if name in STEPS and str(root) in str(args[0]):
                count += 1
                if count == step:
                    os.write(writer, f"{name} {args[0]!s}".encode())
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        try:
            act()
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        where = pipe.read().decode()
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) == bool(where), "killed exactly where it said"
    return where


def drafts(connection: Connection) -> DraftTarget:
    assert connection.drafts is not None
    return connection.drafts


def reminders(connection: Connection) -> ReminderTarget:
    assert connection.reminders is not None
    return connection.reminders


def points(rig: LocalRig, act: Callable[[], object]) -> Iterator[str]:
    """Every place the child can die at, one after the other; the caller sets the stage anew for each."""
    for step in range(1, MOST):
        where = killed_before(step, act, rig.root)
        yield where
        if not where:
            return
    raise AssertionError("it never comes to an end")


def test_a_draft_created_under_fire_is_one(rig: LocalRig) -> None:
    wanted = draft()
    seen = []
    for where in points(rig, lambda: drafts(rig.connection()).create(wanted)):
        seen.append(where.partition(" ")[0])
        target = drafts(rig.fresh_connection())
        whole = [raw for raw in rig.drafts() if message_id(raw) == wanted.message_id]
        assert len(rig.drafts()) == len(whole) <= 1, "what is in the folder is whole"
        found = target.find(wanted.key, wanted.message_id, "")
        assert (found.where is Whereabouts.PRESENT) == bool(whole)
        made = target.create(wanted)
        assert made.where is Whereabouts.PRESENT and len(rig.drafts()) == 1
        assert not list((rig.folder("Drafts") / "tmp").iterdir()) or found.where is Whereabouts.PRESENT
        rig.user_deletes_draft(wanted.message_id)
    assert {"os.link", "os.remove", "open"} <= set(seen)


def test_a_draft_withdrawn_under_fire_is_in_the_trash_once(rig: LocalRig) -> None:
    made = drafts(rig.connection()).create(draft())

    def act() -> object:
        return drafts(rig.connection()).withdraw(made.remote_id, made.message_id, made.digest)

    seen = []
    for where in points(rig, act):
        seen.append(where.partition(" ")[0])
        assert len(rig.drafts()) + len(rig.trashed()) >= 1, "never nowhere"
        target = drafts(rig.fresh_connection())
        after = target.withdraw(made.remote_id, made.message_id, made.digest)
        assert after.where is Whereabouts.TRASHED
        assert (len(rig.drafts()), len(rig.trashed())) == (0, 1)
        for path in (rig.folder("Trash") / "cur").iterdir():
            path.unlink()
        assert drafts(rig.fresh_connection()).create(draft()).digest == made.digest
    assert {"os.link", "os.remove"} <= set(seen)


def test_a_reminder_created_under_fire_is_one(rig: LocalRig) -> None:
    wanted = reminder()
    seen = []
    for where in points(rig, lambda: reminders(rig.connection()).create(wanted)):
        seen.append(where.partition(" ")[0])
        target = reminders(rig.fresh_connection())
        if target.find(wanted.key, wanted.uid).where is Whereabouts.GONE:
            assert not rig.reminders()
            target.create(wanted)
        (made,) = rig.reminders()
        assert (made.uid, made.summary) == (wanted.uid, wanted.summary)
        rig.user_deletes_event(wanted.uid)
    assert {"os.mkdir", "os.link", "os.remove"} <= set(seen)


def test_a_reminder_changed_under_fire_is_the_old_or_the_new(rig: LocalRig) -> None:
    made = reminders(rig.connection()).create(reminder())
    later = reminder(summary="later")

    def act() -> object:
        return reminders(rig.connection()).update(made.remote_id, made.version, later)

    seen = []
    for where in points(rig, act):
        seen.append(where.partition(" ")[0])
        (now,) = reminders(rig.fresh_connection()).look([(made.remote_id, made.uid)])
        assert now.summary in (made.summary, "later") and len(rig.reminders()) == 1
        if now.version != made.version:
            now = reminders(rig.connection()).update(now.remote_id, now.version, reminder())
        assert now.version == made.version
    assert "os.rename" in seen


def test_a_reminder_withdrawn_under_fire_is_gone_or_untouched(rig: LocalRig) -> None:
    made = reminders(rig.connection()).create(reminder())

    def act() -> object:
        return reminders(rig.connection()).withdraw(made.remote_id, made.version)

    for _ in points(rig, act):
        target = reminders(rig.fresh_connection())
        target.withdraw(made.remote_id, made.version)
        assert not rig.reminders()
        assert target.look([(made.remote_id, made.uid)])[0].where is Whereabouts.GONE
        assert target.create(reminder()).version == made.version


def test_a_missing_drafts_folder_made_under_fire(rig: LocalRig) -> None:
    for folder in ("Drafts", "Trash"):
        for sub in ("cur", "new", "tmp"):
            (rig.folder(folder) / sub).rmdir()
        rig.folder(folder).rmdir()
    for _ in points(rig, lambda: drafts(rig.connection()).create(draft())):
        made = drafts(rig.fresh_connection()).create(draft())
        assert made.remote_id.startswith(".Drafts/") and len(rig.drafts()) == 1
        for path in sorted(rig.folder("Drafts").rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        rig.folder("Drafts").rmdir()
