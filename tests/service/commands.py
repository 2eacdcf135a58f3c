"""The `kith` command in a test: on a copy of the demonstration, with a clock set by hand."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from daemon.cli.context import Ctx
from daemon.cli.main import run

NOW = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)


class Kith:
    """The command on a copy of the demonstration."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self.folder, self.capsys, self.patch = folder, capsys, patch
        self.now = NOW + timedelta(minutes=30)

    def __call__(self, *arguments: str, answers: str = "", code: int = 0) -> str:
        self.patch.setattr("sys.stdin", io.StringIO(answers))
        self.capsys.readouterr()
        found = run(["--config", str(self.folder / "config.toml"), *arguments], Ctx(clock=lambda: self.now))
        out, self.err = self.capsys.readouterr()
        assert found == code, (arguments, found, out, self.err)
        assert "Traceback" not in out + self.err
        return out

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "--json"))
