"""The layers hold, and each contract that says so fails for a planted violation."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from connectors.registry import KINDS

TOP = Path(__file__).parents[2]

PLANTED = {
    "Layers of docs/ARCHITECTURE.md": ("daemon/store/planted.py", "import daemon.service.deps"),
    "Only the wiring knows that there are connectors": ("daemon/cli/planted.py", "import connectors.registry"),
    "Connectors know core and formats, nothing else of the daemon": (
        "connectors/local/planted.py",
        "import daemon.config.settings",
    ),
    "Connectors do not see each other": ("connectors/imap/planted_sibling.py", "import connectors.caldav"),
    "Core is pure: no I/O, no clock, no library that has either": ("daemon/core/planted.py", "import socket"),
    "Formats and configuration touch neither network nor database": (
        "daemon/formats/planted.py",
        "from urllib3 import PoolManager",
    ),
    "Nobody can send: no SMTP anywhere": ("connectors/imap/planted.py", "from smtplib import SMTP"),
    "imapclient stays in the imap connector": ("connectors/caldav/planted.py", "from imapclient import IMAPClient"),
    "lxml stays in the caldav connector": ("connectors/imap/planted_lxml.py", "import lxml.etree"),
    "requests stays where HTTP is spoken": ("daemon/service/planted.py", "import requests"),
    "Google's libraries stay in the google connector": (
        "daemon/service/planted_google.py",
        "def late():\n    import googleapiclient.discovery",
    ),
    "exchangelib stays in the exchange connector": (
        "connectors/imap/planted_ews.py",
        "from exchangelib import Account",
    ),
    "msal stays in the microsoft connector": ("connectors/caldav/planted_msal.py", "def late():\n    import msal"),
    "cryptography stays where tokens are sealed": ("daemon/service/planted_crypto.py", "import cryptography.fernet"),
    "alembic stays in the store": ("daemon/cli/planted_alembic.py", "import alembic.command"),
    "click and rich stay in the command line": ("daemon/service/planted_click.py", "import click"),
    "schedule stays in the loop": ("daemon/cli/planted_schedule.py", "import schedule"),
    "jinja2 stays in the templating": ("daemon/service/planted_jinja.py", "import jinja2"),
    "dnspython stays where servers are found": ("daemon/cli/planted_dns.py", "import dns.resolver"),
}


def lint(folder: Path) -> tuple[int, str]:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def violated(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the linter says of a copy with every violation planted."""
    copy = tmp_path_factory.mktemp("copy")
    for name in ("daemon", "connectors"):
        shutil.copytree(TOP / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(TOP / "pyproject.toml", copy)
    for file, line in PLANTED.values():
        assert not (copy / file).exists()
        (copy / file).write_text(line + "\n")
    code, said = lint(copy)
    assert code == 1, said
    return said


def test_the_layers_hold() -> None:
    code, said = lint(TOP)
    assert code == 0, said


def test_every_contract_has_a_violation_to_prove_it() -> None:
    contracts = tomllib.loads((TOP / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    assert {c["name"] for c in contracts} == set(PLANTED)


@pytest.mark.parametrize("contract", PLANTED)
def test_a_planted_violation_breaks_its_contract(violated: str, contract: str) -> None:
    assert f"{contract} BROKEN" in violated
    broken = violated.partition("Broken contracts")[2]
    section = re.split(r"\n.*\n-{5,}\n", broken.partition(f"{contract}\n---")[2])[0]
    planted = PLANTED[contract][0].removesuffix(".py").replace("/", ".")
    assert planted in section


def test_siblings_are_all_named() -> None:
    contracts = tomllib.loads((TOP / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    independent = next(c for c in contracts if c["type"] == "independence")
    assert set(independent["modules"]) == set(KINDS.values())
