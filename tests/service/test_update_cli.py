"""`kith update`: a file to write into, and who is told what is in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.service.commands import Kith


def test_new_makes_the_file_once_and_opens_it(kith: Kith, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.delenv("EDITOR", raising=False)
    path = Path(kith("update", "new", "--quarter", "2031-Q1").strip())
    assert path.name == "2031-Q1.md"
    assert "## mentor" in path.read_text(encoding="utf-8")
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nprintf "News for all.\\n" >> "$2"\n')
    editor.chmod(0o700)
    monkeypatch.setenv("VISUAL", f"{editor} --wait")
    assert "Written" in kith("update", "new", "--quarter", "2031-Q1")
    assert path.read_text(encoding="utf-8").count("News for all.") == 1
    kith("update", "new", "--quarter", "2031", code=2)
    assert "no quarter" in kith.err
    monkeypatch.setenv("VISUAL", "/nonexistent/editor")
    kith("update", "new", "--quarter", "2031-Q1", code=2)
    assert "cannot be started" in kith.err


def test_status_says_who_was_told_and_who_is_left_out(kith: Kith) -> None:
    found = kith.json("update", "status")
    assert set(found) == {
        "quarter", "written_at", "closes_at", "made", "now", "later", "left_out", "waiting", "behind", "outdated",
        "without", "problems",
    }  # fmt: skip
    assert found["outdated"] == []
    assert "lies ready" in kith("update", "status")
    path = Path(kith("update", "new", "--print").strip())
    path.write_text(path.read_text(encoding="utf-8") + "\n\nForgotten at first: we have moved.\n", encoding="utf-8")
    lying = {made["contact"] for made in found["made"] if made["state"] == "written"}
    late = set(kith.json("update", "status")["outdated"])
    assert late and late <= lying
    assert "Made before you changed the file" in kith("update", "status")


def test_status_names_who_cannot_be_told_and_circles_nobody_is_in(kith: Kith) -> None:
    kith("contacts", "add", "Nobody Address", "--language", "en", "--circle", "mentor")
    kith("contacts", "add", "No Language", "--address", "nobody.knows@example.com", "--circle", "mentor")
    folder = Path(kith("update", "new", "--print").strip()).parent
    for there in folder.glob("*.md"):
        there.unlink()
    (folder / "2026-Q4.md").write_bytes(
        b"\xef\xbb\xbf+++\r\ncircles = ['Mentor', 'Clubb']\r\n+++\r\nWe have moved to the river and like it there.\r\n"
    )
    found = kith.json("update", "status")
    reasons = {one["contact"]: one["why"] for one in found["without"]}
    assert reasons["Nobody Address"] == "no address works"
    assert reasons["No Language"] == "the language is not known"
    assert any("no words in ru" in why for why in reasons.values())
    assert "No Language: the language is not known (`kith contacts edit NAME --language" in kith("update", "status")
    assert found["problems"] == ["What is for clubb goes to nobody: nobody is in such a circle."]
    (folder / "2026-Q4.md").write_bytes("Привет, мы переехали.".encode("cp1251"))
    said = kith("update", "status")
    assert "save it as UTF-8" in kith.err and "No news" not in said
    assert "Nobody is told your news until this is mended" in kith("status") and "save it as UTF-8" in kith("status")
    assert "save it as UTF-8" in kith.json("status")["news_fault"]
    kith("check")
    assert "save it as UTF-8" in kith.err


def test_news_dated_ahead_and_a_folder_that_is_none_are_told(kith: Kith) -> None:
    folder = Path(kith("update", "new", "--print", "--quarter", "2031-Q1").strip()).parent
    for there in folder.glob("*.md"):
        there.unlink()
    (folder / "2026-Q4.md").write_text("+++\nwritten = 2026-12-24\n+++\nWe have moved to the river.\n")
    assert "dated 2026-12-24" in kith("update", "status")
    (folder / "2026-Q4.md").unlink()
    folder.rmdir()
    folder.touch()
    kith("update", "new", "--print", code=2)
    assert "cannot be written" in kith.err
