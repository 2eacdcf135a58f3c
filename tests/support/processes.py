"""Real `kith` processes on an installation of the test's own, with clocks that may run ahead."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

from tests.support.paused import pipes

NOT_AHEAD = timedelta(0)

PATIENCE = 60
"""Seconds after which a process that should have ended, or said something, has hung."""

LOCAL = """
[me]
name = "Petra Example"
addresses = ["petra@example.org"]
time_zone = "Europe/Berlin"

[store]
state = "state"

[account.home]
kind = "local"
maildir = "Maildir"
calendars = "calendars"
contacts = "contacts"
"""


@dataclass
class Paused:
    """A `kith` that waits at one place."""

    process: subprocess.Popen[str]
    folder: Path

    def arrive(self) -> None:
        """Wait until it is there."""
        fd = os.open(self.folder / "reached", os.O_RDONLY | os.O_NONBLOCK)
        try:
            assert select.select([fd], [], [], PATIENCE)[0], "it never came to that place"
        finally:
            os.close(fd)

    def go(self) -> tuple[int, str]:
        """Let it go on to its end: its exit code and all it said."""
        (self.folder / "go").write_bytes(b"!")
        return self.end()

    def end(self) -> tuple[int, str]:
        """Wait for its end."""
        said = "".join(self.process.communicate(timeout=PATIENCE))
        return self.process.returncode, said

    def kill(self) -> None:
        """Gone, without a word."""
        self.process.kill()
        self.process.wait(PATIENCE)


class Installation:
    """One person's kith in ``folder``: Anna's last letter is 200 days old, and she was met yesterday."""

    def __init__(self, folder: Path, config: str = LOCAL) -> None:
        self.folder = folder
        self.maildir = folder / "Maildir"
        self.config = folder / "config.toml"
        self.now = datetime.now(UTC)
        self._paused: list[Paused] = []
        if self.config.exists():  # a copy of one laid out before
            return
        for name in ("", ".Sent", ".Drafts", ".Trash"):
            for part in ("cur", "new", "tmp"):
                (self.maildir / name / part).mkdir(parents=True)
        for name in ("calendars/personal", "contacts"):
            (folder / name).mkdir(parents=True)
        self.config.write_text(config)

    def settle(self) -> None:
        """Anna and Boris are kept, writing is enabled; nothing has been read yet."""
        self.put_mail("1", ".Sent", letter("1", self.now - timedelta(days=200), to="boris@example.net"))
        self.put_meeting("m1", self.now - timedelta(days=1), "anna@example.com")
        self.ok(
            "contacts", "add", "Anna Sample", "--address", "anna@example.com", "--circle", "partner", "--language", "en"
        )
        self.ok("contacts", "add", "Boris Sample", "--address", "boris@example.net", "--circle", "partner")
        self.ok("enable", "--yes", "--since", "3 weeks")

    def put_mail(self, name: str, folder: str, raw: bytes) -> Path:
        path = self.maildir / folder / "cur" / f"{name}.host:2,S"
        path.write_bytes(raw)
        return path

    def put_meeting(self, uid: str, start: datetime, attendee: str) -> Path:
        from tests.contract.samples import event

        path = self.folder / "calendars" / "personal" / f"{uid}.ics"
        path.write_bytes(event(uid, start, attendee=attendee))
        return path

    def drafts(self) -> list[Path]:
        return sorted(p for part in ("cur", "new") for p in (self.maildir / ".Drafts" / part).iterdir())

    def reminders(self) -> list[Path]:
        return sorted((self.folder / "calendars" / "kith").glob("*.ics"))

    # -- processes

    def environment(self, **more: str) -> dict[str, str]:
        found = {**os.environ, "HOME": str(self.folder), "XDG_STATE_HOME": str(self.folder / "xdg"), **more}
        found.pop("KITH_DEBUG", None)
        return found

    def command(self, *arguments: str, ahead: timedelta = NOT_AHEAD) -> list[str]:
        """The command line; ``ahead`` is how far its clock runs before ours."""
        program = ["tests.support.ahead", str(ahead.total_seconds())] if ahead else ["daemon.cli"]
        return [sys.executable, "-m", *program, "--config", str(self.config), *arguments]

    def kith(self, *arguments: str, ahead: timedelta = NOT_AHEAD, **more: str) -> tuple[int, str]:
        """Run one command to its end: exit code, and all it said."""
        done = subprocess.run(
            self.command(*arguments, ahead=ahead),
            env=self.environment(**more),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert "Traceback" not in done.stdout + done.stderr
        return done.returncode, done.stdout + done.stderr

    def ok(self, *arguments: str, ahead: timedelta = NOT_AHEAD) -> str:
        """Run one command, which must go well."""
        code, said = self.kith(*arguments, ahead=ahead)
        assert code == 0, (arguments, said)
        return said

    def paused(self, target: str, when: str = "before", *arguments: str) -> Paused:
        """Start a process that will wait at ``target`` (see `tests.support.paused`); it is there on return."""
        folder = self.folder / f"pause{len(self._paused)}"
        pipes(folder)
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.support.paused", target, when, str(folder)),
                *("--config", str(self.config), *(arguments or ("once",))),
            ],
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        made = Paused(process, folder)
        self._paused.append(made)
        made.arrive()
        return made

    def close(self) -> None:
        """Nothing is left running."""
        for one in self._paused:
            if one.process.poll() is None:
                one.process.send_signal(signal.SIGCONT)
                one.kill()
            for stream in (one.process.stdout, one.process.stderr):
                if stream is not None:
                    stream.close()


def letter(number: str, at: datetime, sender: str = "petra@example.org", to: str = "petra@example.org") -> bytes:
    """A message."""
    fields: Sequence[str] = (
        f"From: {sender}",
        f"To: {to}",
        f"Subject: Letter {number}",
        f"Date: {format_datetime(at)}",
        f"Message-ID: <{number}@example.com>",
        "Content-Type: text/plain",
    )
    return "\r\n".join((*fields, "", "BODY-THAT-NOBODY-READS", "")).encode()


@contextmanager
def installation(folder: Path, config: str = LOCAL) -> Iterator[Installation]:
    """An installation whose processes end with the block."""
    made = Installation(folder, config)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def service(
    home: Installation, name: str, program: str = "daemon.cli"
) -> Iterator[tuple[subprocess.Popen[bytes], socket.socket, Path]]:
    """A real `kith run`, with the test at the other end of its notify socket; and its log.

    ``program`` is the module that is run as `kith`.
    """
    ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    ear.bind(str(home.folder / name))
    log = home.folder / f"{name}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", program, "--config", str(home.config), "run"],
            env=home.environment(NOTIFY_SOCKET=str(home.folder / name)),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
    try:
        yield process, ear, log
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(PATIENCE)
        ear.close()


def hear(ear: socket.socket, wanted: str) -> None:
    """Wait until the service says this to systemd."""
    end = time.monotonic() + PATIENCE
    while (left := end - time.monotonic()) > 0 and select.select([ear], [], [], left)[0]:
        if wanted in ear.recv(8192).decode():
            return
    raise AssertionError(f"{wanted!r} was never said")
