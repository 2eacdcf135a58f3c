"""The service as systemd sees it: units that verify, and a real `kith run` on a notify socket."""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from daemon.cli.main import run
from daemon.cli.service import MARK, program, unit_text
from daemon.store import lease
from daemon.store.engine import Store

CONFIG = """
[me]
name = "Anna Example"
addresses = ["anna@example.org"]
time_zone = "Europe/Berlin"

[log]
level = "info"

[account.home]
kind = "local"
maildir = "mail"
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    (tmp_path / "run").mkdir(mode=0o700)
    for part in ("cur", "new", "tmp"):
        (tmp_path / "mail" / part).mkdir(parents=True)
    (tmp_path / "config.toml").write_text(CONFIG)
    return tmp_path


# -- units -------------------------------------------------------------------------------------------------------


def need_systemd() -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed: apt-get install systemd")


def verify(unit: Path, *mode: str) -> None:
    need_systemd()
    done = subprocess.run(["systemd-analyze", "verify", *mode, str(unit)], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_user_unit_is_put_in_place_and_verifies(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    unit = home / "xdg" / "systemd" / "user" / "kithd.service"
    assert run(["service", "install"]) == 0
    assert "systemctl --user enable --now kithd" in capsys.readouterr().out
    verify(unit, "--user")
    assert f"ExecStart={program()[0]}" in unit.read_text()
    before = unit.stat().st_mtime_ns
    assert run(["service", "install"]) == 0
    assert "Already in place" in capsys.readouterr().out
    assert unit.stat().st_mtime_ns == before
    assert run(["service", "uninstall"]) == 0
    assert not unit.exists()
    assert run(["service", "uninstall"]) == 0


def test_the_system_unit_is_put_in_place_verifies_and_is_hardened(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unit = home / "root" / "etc" / "systemd" / "system" / "kithd.service"
    assert run(["service", "install", "--system", "--root", str(home / "root")]) == 0
    assert "systemctl enable --now kithd" in capsys.readouterr().out
    assert re.search(r"^ExecStart=.* --config /etc/kithd/config\.toml run$", unit.read_text(), re.MULTILINE)
    verify(unit)
    need_systemd()
    security = ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(unit)]
    done = subprocess.run(security, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-300:]
    assert run(["service", "uninstall", "--system", "--root", str(home / "root")]) == 0
    assert not unit.exists()


def test_somebody_elses_unit_stays(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    unit = home / "xdg" / "systemd" / "user" / "kithd.service"
    unit.parent.mkdir(parents=True)
    unit.write_text("[Service]\nExecStart=/bin/true\n")
    for command in ("install", "uninstall"):
        assert run(["service", command]) == 2
        assert "stays as it is" in capsys.readouterr().err
    assert unit.read_text() == "[Service]\nExecStart=/bin/true\n"


def test_an_older_unit_of_ours_is_renewed(home: Path) -> None:
    unit = home / "xdg" / "systemd" / "user" / "kithd.service"
    unit.parent.mkdir(parents=True)
    unit.write_text(f"{MARK}\n[Service]\nExecStart=/gone/kith run\n")
    assert run(["service", "install"]) == 0
    assert "/gone/kith" not in unit.read_text()


def test_an_unusual_configuration_is_named_and_quoted(home: Path) -> None:
    text = unit_text(False, home / "my 100% config.toml")
    assert f'--config "{home}/my 100%% config.toml" run' in text
    assert "--config" not in re.sub(r"#.*", "", unit_text(False, home / "xdg" / "kithd" / "config.toml"))


def test_units_watch_and_keep_a_state_folder(home: Path) -> None:
    for system in (True, False):
        text = unit_text(system, home / "config.toml")
        for line in ("Type=notify", "WatchdogSec=", "StateDirectory=kithd", "NoNewPrivileges=yes", "UMask=0077"):
            assert f"\n{line}" in text
        assert "MAINPID" in text


# -- the running service -----------------------------------------------------------------------------------------


class Service:
    """A real `kith run` with the test at the other end of its notify socket."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.ear.bind(str(home / "notify"))
        self.log = home / "log"
        environment = {**os.environ, "NOTIFY_SOCKET": str(home / "notify"), "WATCHDOG_USEC": "600000"}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "daemon.cli", "--config", str(home / "config.toml"), "run"],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def hears(self, wanted: str, seconds: float = 60) -> str:
        """Wait until a state with this text comes."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self.ear], [], [], left)[0]:
                said = self.ear.recv(8192).decode()
                if wanted in said:
                    return said
        raise AssertionError(f"{wanted} never came; {self.log.read_text()}")

    def stop(self, number: int = signal.SIGTERM) -> None:
        """It ends by this signal, long before a server that is silent for two minutes would let it."""
        self.process.send_signal(number)
        self.process.wait(timeout=60)


@contextmanager
def service(home: Path) -> Iterator[Service]:
    running = Service(home)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.kill()
            running.process.wait()
        running.ear.close()


def test_it_tells_ready_lives_reloads_and_stops(home: Path) -> None:
    with service(home) as kith:
        kith.hears("READY=1")
        kith.hears("went well")  # a whole round
        kith.hears("WATCHDOG=1")
        kith.hears("WATCHDOG=1")

        kith.process.send_signal(signal.SIGHUP)
        assert "MONOTONIC_USEC=" in kith.hears("RELOADING=1")
        assert "Reloaded." in kith.hears("READY=1")

        (home / "config.toml").write_text(CONFIG.replace('"info"', '"loud"').replace("maildir", "mialdir"))
        kith.process.send_signal(signal.SIGHUP)
        kith.hears("RELOADING=1")
        assert "the old one holds" in kith.hears("READY=1")
        told = kith.log.read_text()
        assert "log.level" in told
        assert "Did you mean maildir?" in told

        kith.stop()
        kith.hears("STOPPING=1")
        assert kith.process.returncode == 0
        assert "Traceback" not in kith.log.read_text()
    assert stat.S_IMODE((home / "state" / "kithd" / "kith.db").stat().st_mode) == 0o600


def test_ctrl_c_stops_it_as_well(home: Path) -> None:
    with service(home) as kith:
        kith.hears("READY=1")
        kith.stop(signal.SIGINT)
        assert kith.process.returncode == 0


def test_a_server_that_never_answers_does_not_hold_up_the_end(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        (home / "password").write_text("secret\n")
        (home / "password").chmod(0o600)
        (home / "config.toml").write_text(
            CONFIG.replace(
                'kind = "local"\nmaildir = "mail"',
                'kind = "imap"\nhost = "127.0.0.1"\ntls = "plain"\n'
                f'user = "anna"\ntimeout = 120\npassword_file = "password"\nport = {silent.getsockname()[1]}',
            )
        )
        with service(home) as kith:
            kith.hears("READY=1")
            silent.settimeout(60)
            connection, _ = silent.accept()  # now it waits for our greeting, for two minutes if need be
            with connection:
                kith.stop()
            kith.hears("STOPPING=1")
            assert kith.process.returncode == 0
            assert "Traceback" not in kith.log.read_text()


def test_another_daemon_is_told_plainly(home: Path) -> None:
    from datetime import UTC, datetime

    store = Store(f"sqlite:///{home}/state/kithd/kith.db")
    store.upgrade()
    held = lease.acquire(store, "another:1:x", datetime.now(UTC))
    assert held is not None
    with service(home) as kith:
        assert "is at work on this store" in kith.hears("Another")
        assert "is at work on this store" in kith.log.read_text()
        assert kith.process.poll() is None  # it stays and takes over later
        kith.stop()
    lease.release(store, held)
    store.close()


@pytest.mark.parametrize(
    ("config", "code", "sentence"),
    [
        (CONFIG + "\n[scheduel]\n", 2, "Did you mean schedule?"),
        (CONFIG + '\n[store]\nstate = "/proc/nowhere"\n', 1, "The database cannot be made."),
    ],
)
def test_what_cannot_work_does_not_even_start(home: Path, config: str, code: int, sentence: str) -> None:
    (home / "config.toml").write_text(config)
    with service(home) as kith:
        kith.process.wait(timeout=60)
        assert kith.process.returncode == code
        assert sentence in kith.log.read_text()
        assert not select.select([kith.ear], [], [], 0)[0]  # READY was never said


def test_an_idle_service_sleeps(home: Path) -> None:
    with service(home) as kith:
        kith.hears("went well")
        kith.hears("WATCHDOG=1")
        before = cpu(kith.process.pid)
        for _ in range(5):  # a second of watchdog signs
            kith.hears("WATCHDOG=1")
        assert cpu(kith.process.pid) - before <= 3  # hundredths of a second
        kith.stop()


def cpu(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
