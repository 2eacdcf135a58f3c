"""A skipped test fails the run where KITH_NO_SKIP says so, as `.ci/run` does: with one process and with several."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("more", [(), ("-n", "2")])
@pytest.mark.parametrize(("switch", "code"), [("", 0), ("1", 1)])
def test_a_skip_fails_the_run_where_none_may_be(tmp_path: Path, more: tuple[str, ...], switch: str, code: int) -> None:
    (tmp_path / "conftest.py").write_text("from tests.conftest import pytest_sessionfinish\n")
    (tmp_path / "test_it.py").write_text("import pytest\n\ndef test_it():\n    pytest.skip('not here')\n")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--rootdir",
            str(tmp_path),
            *more,
            str(tmp_path),
        ],
        cwd=TOP,
        env={**os.environ, "KITH_NO_SKIP": switch},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
