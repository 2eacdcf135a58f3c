"""Kinds of account: found by name, loaded late, and sensible about what is missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from connectors import registry
from daemon.core.errors import NeedsUser, UserMistake
from daemon.core.model import Account
from tests.contract.rig_memory import around


def test_an_unknown_kind_names_the_nearest() -> None:
    with pytest.raises(UserMistake, match=r"Did you mean imap\?"):
        registry.options("imapp")
    with pytest.raises(UserMistake) as caught:
        registry.options("zzz")
    assert "Did you mean" not in str(caught.value) and "local" in str(caught.value)
    assert "memory" not in str(caught.value)


def test_every_kind_has_options_without_its_library() -> None:
    code = (
        "import sys; from connectors import registry\n"
        "for kind in registry.KINDS:\n"
        "    for option in registry.options(kind): assert option.name.isidentifier()\n"
        "heavy = {'imapclient', 'requests', 'lxml', 'icalendar', 'vobject', 'exchangelib', 'googleapiclient', 'msal'}\n"
        "heavy &= set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    root = Path(registry.__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


def test_connecting_goes_to_the_kind(tmp_path: Path) -> None:
    made = registry.connect(Account("m", "memory", options={"server": "registry-test"}), around(tmp_path))
    assert made.mail is not None and made.check()


def test_a_missing_library_is_a_clear_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "kithfake"
    package.mkdir()
    (package / "__init__.py").write_text("import nowhere_to_be_found.inner\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(registry.KINDS, "fake", "kithfake")
    with pytest.raises(NeedsUser, match="nowhere_to_be_found"):
        registry.connect(Account("f", "fake"), around(tmp_path))


def test_a_defect_of_ours_is_not_blamed_on_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.KINDS, "fake", "connectors.not_there")
    with pytest.raises(ModuleNotFoundError):
        registry.options("fake")
