"""Drafts in Maildirs: other programs rename, move and rewrite the same files at any time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import connectors.local
from connectors.local import disk
from daemon.core.errors import Conflict, NeedsUser, TryLater
from daemon.core.model import Account, Whereabouts
from daemon.core.ports import DraftTarget
from tests.contract.rig import ME
from tests.contract.rig_local import LocalRig, make_maildir
from tests.contract.rig_memory import around
from tests.contract.samples import draft, mail, message_id


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[LocalRig]:
    with pytest.MonkeyPatch.context() as patch:
        yield LocalRig(tmp_path, patch)


def target(rig: LocalRig) -> DraftTarget:
    found = rig.connection().drafts
    assert found is not None
    return found


def connect(folder: Path, **options: str) -> DraftTarget:
    options = {"maildir": str(folder / "Mail")} | options
    found = connectors.local.connect(Account("local", "local", ME, options=options), around(folder)).drafts
    assert found is not None
    return found


def held(rig: LocalRig, folder: str = "Drafts") -> Path:
    (path,) = (rig.folder(folder) / "cur").iterdir()
    return path


def test_it_lies_there_as_a_draft_that_was_seen(rig: LocalRig) -> None:
    target(rig).create(draft())
    assert held(rig).name.endswith(":2,DS")
    assert not list((rig.folder("Drafts") / "tmp").iterdir())


def test_flags_and_mbsync_s_names_change_nothing(rig: LocalRig) -> None:
    made = target(rig).create(draft())
    path = held(rig)
    path.rename(path.with_name(path.name.replace(":2,DS", ",U=17:2,DFS")))
    (now,) = target(rig).look([(made.remote_id, made.message_id)])
    assert (now.where, now.digest) == (Whereabouts.PRESENT, made.digest)
    assert target(rig).create(draft()).remote_id == now.remote_id
    assert target(rig).withdraw(made.remote_id, made.message_id, made.digest).where is Whereabouts.TRASHED


def test_edited_in_place_it_is_left_alone(rig: LocalRig) -> None:
    made = target(rig).create(draft())
    path = held(rig)
    path.write_bytes(path.read_bytes().replace(b"</p>", b"!</p>"))
    with pytest.raises(Conflict):
        target(rig).withdraw(made.remote_id, made.message_id, made.digest)
    assert path.exists() and not rig.trashed()


def test_edited_in_place_while_it_is_withdrawn_it_goes_back(rig: LocalRig, monkeypatch: pytest.MonkeyPatch) -> None:
    made = target(rig).create(draft())
    path = held(rig)
    real = disk.link

    def edit_first(source: Path, other: Path) -> None:
        path.write_bytes(path.read_bytes().replace(b"</p>", b"!</p>"))
        real(source, other)

    monkeypatch.setattr(disk, "link", edit_first)
    with pytest.raises(Conflict):
        target(rig).withdraw(made.remote_id, made.message_id, made.digest)
    assert path.exists() and not rig.trashed()


def test_moved_to_another_folder_by_the_user_it_is_theirs(rig: LocalRig) -> None:
    made = target(rig).create(draft())
    rig.move_mail(str(held(rig)), "Archive")
    (now,) = target(rig).look([(made.remote_id, made.message_id)])
    assert (now.where, now.remote_id.partition("/")[0]) == (Whereabouts.PRESENT, ".Archive")
    with pytest.raises(Conflict, match="Archive"):
        target(rig).withdraw(made.remote_id, made.message_id, made.digest)
    assert target(rig).create(draft()).remote_id == now.remote_id and not rig.drafts()


def test_a_drafts_folder_that_went_says_nothing_of_what_was_in_it(rig: LocalRig) -> None:
    made = target(rig).create(draft())
    rig.folder("Drafts").rename(rig.root / "away")
    (now,) = target(rig).look([(made.remote_id, made.message_id)])
    assert now.where is Whereabouts.UNKNOWN


def test_something_else_in_the_trash_under_its_name_is_not_touched(rig: LocalRig) -> None:
    made = target(rig).create(draft())
    other = rig.folder("Trash") / "cur" / held(rig).name
    other.write_bytes(mail("other"))
    with pytest.raises(Conflict):
        target(rig).withdraw(made.remote_id, made.message_id, made.digest)
    assert message_id(other.read_bytes()) == "<other@example.com>" and len(rig.drafts()) == 1


@pytest.mark.parametrize(
    ("folders", "options", "expected"),
    [
        ([""], {}, ".Drafts"),
        (["", ".Sent"], {"drafts_folder": "Черновики"}, ".&BCcENQRABD0EPgQyBDgEOgQ4-"),
        (["INBOX", "Sent"], {}, "Drafts"),
        (["", "Sent"], {"drafts_folder": "Mine/Unsent"}, "Mine/Unsent"),
    ],
)
def test_a_missing_folder_is_made_in_the_layout_of_the_others(
    tmp_path: Path, folders: list[str], options: dict[str, str], expected: str
) -> None:
    for name in folders:
        make_maildir(tmp_path / "Mail" / name)
    drafts = connect(tmp_path, **options)
    made = drafts.create(draft())
    assert made.remote_id.rpartition("/")[0] == expected
    assert len(list((tmp_path / "Mail" / expected / "cur").iterdir())) == 1
    assert drafts.find(draft().key, draft().message_id, "").where is Whereabouts.PRESENT


def test_a_full_disk_is_a_sentence_and_leaves_nothing(rig: LocalRig, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(fd: int, data: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(TryLater, match="full"):
            target(rig).create(draft())
    assert not rig.drafts()
    assert target(rig).create(draft()).where is Whereabouts.PRESENT


def test_a_read_only_disk_is_for_the_user_to_mend(rig: LocalRig, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*args: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(disk, "_write", denied)
    with pytest.raises(NeedsUser, match="access"):
        target(rig).create(draft())


def test_where_links_are_impossible_it_is_renamed(rig: LocalRig, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*args: object, **more: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", denied)
    made = target(rig).create(draft())
    assert target(rig).create(draft()) == made and len(rig.drafts()) == 1
    assert target(rig).withdraw(made.remote_id, made.message_id, made.digest).where is Whereabouts.TRASHED
    assert (len(rig.drafts()), len(rig.trashed())) == (0, 1)
