"""What a user installs is whole: the wheel, from `/`, with its templates and units; and the lock holds everything."""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest

import daemon
from daemon.config.shipped import shipped_folder

TOP = Path(__file__).parents[2]
PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(TOP)],
        check=True,
        capture_output=True,
        timeout=120,
    )
    return next(out.glob("kithd-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel in it; its libraries are this one's (but not this checkout)."""
    home = tmp_path_factory.mktemp("env") / "v"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True, timeout=120)
    site = next((home / "lib").glob("python3*/site-packages"))
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip = [sys.executable, "-m", "pip", "--python", str(home / "bin" / "python"), "install", "--no-deps", "--no-index"]
    # Its libraries' metadata show an editable kithd as well: pip would take the wheel for installed already.
    subprocess.run([*pip, "--ignore-installed", str(wheel)], check=True, capture_output=True, timeout=120)
    return home


def kith(installed: Path, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_STATE_HOME": str(home / "state"),
    }
    return subprocess.run(
        [str(installed / "bin" / "kith"), *arguments],
        cwd="/",
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_wheel_holds_what_the_program_needs_and_no_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for folder in ("templates", "systemd"):
        shipped = {f"daemon/{p.relative_to(TOP)}" for p in (TOP / folder).rglob("*") if p.is_file()}
        assert shipped
        assert shipped <= set(names)
    assert "daemon/store/migrations/env.py" in names or any("migrations/" in name for name in names)
    assert not [name for name in names if name.startswith(("tests/", "docs/", "bench/"))]
    assert {name.partition("/")[0] for name in names} == {
        "daemon",
        "connectors",
        f"kithd-{daemon.__version__}.dist-info",
    }


def test_from_a_wheel_the_command_works_anywhere(installed: Path, tmp_path: Path) -> None:
    done = kith(installed, tmp_path, "--help")
    assert done.returncode == 0, done.stderr
    assert "It never sends" in " ".join(done.stdout.split())
    assert kith(installed, tmp_path, "--version").stdout.strip().endswith(daemon.__version__)


def test_from_a_wheel_a_whole_round_is_run(installed: Path, tmp_path: Path) -> None:
    for part in ("cur", "new", "tmp"):
        (tmp_path / "mail" / part).mkdir(parents=True)
    who = ("--name", "Anna Example", "--address", "anna@example.org", "--yes", "--maildir", str(tmp_path / "mail"))
    done = kith(installed, tmp_path, "init", *who)
    assert done.returncode == 0, done.stderr
    done = kith(installed, tmp_path, "once")  # makes the store: the migrations are in the wheel
    assert done.returncode == 0, done.stderr
    done = kith(installed, tmp_path, "templates", "list", "--json")
    assert done.returncode == 0, done.stderr
    assert {t["path"].startswith(str(installed)) for t in json.loads(done.stdout)} == {True}


def test_from_a_wheel_the_unit_names_the_wheels_own_program(installed: Path, tmp_path: Path) -> None:
    done = kith(installed, tmp_path, "service", "install")
    assert done.returncode == 0, done.stderr
    unit = (tmp_path / "config" / "systemd" / "user" / "kithd.service").read_text()
    assert f"ExecStart={installed}/bin/kith run" in unit


def test_in_the_checkout_the_same_resolver_serves() -> None:
    assert shipped_folder("templates") == TOP / "templates"
    assert shipped_folder("systemd") == TOP / "systemd"


def locked(name: str) -> dict[str, str]:
    """Package -> its lines in a lock file."""
    entries = re.split(r"\n(?=\S)", (TOP / name).read_text("utf-8"))
    found = {}
    for entry in entries:
        if match := re.match(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==\S+", entry):
            found[canonical(match[1])] = entry
    return found


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def requirement(text: str) -> str:
    match = re.match(r"[A-Za-z0-9._-]+", text)
    assert match
    return canonical(match[0])


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_the_lock_names_every_dependency_with_its_hashes(name: str) -> None:
    found = locked(name)
    groups = PROJECT["dependency-groups"]
    wanted = [*PROJECT["project"]["dependencies"], *PROJECT["build-system"]["requires"], *groups["build"]]
    if "dev" in name:
        wanted += [entry for entry in groups["dev"] if isinstance(entry, str)]
    assert {requirement(w) for w in wanted} <= set(found)
    assert all("--hash=sha256:" in entry for entry in found.values())


def test_urllib3_is_the_genuine_one() -> None:
    """niquests brings a fork that replaces it for the whole environment (PROVIDERS: CalDAV)."""
    assert set(importlib.metadata.packages_distributions()["urllib3"]) == {"urllib3"}
    for name in ("requirements.lock", "requirements-dev.lock"):
        assert not {"urllib3-future", "niquests", "caldav"} & set(locked(name))


def test_the_shells_scripts_are_whole() -> None:
    for script in (".ci/run", "tests/support/system-packages"):
        path = TOP / script
        assert path.stat().st_mode & 0o111
        subprocess.run(["bash", "-n", str(path)], check=True, timeout=30)


@pytest.mark.parametrize("target", ["venv", "demo", "test", "lint", "help"])
def test_makes_targets_can_be_planned(target: str) -> None:
    done = subprocess.run(["make", "--dry-run", "-C", str(TOP), target], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
