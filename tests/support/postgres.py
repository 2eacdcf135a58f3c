"""A PostgreSQL server of the tests' own, from Debian's packages: temporary folder, socket only, nothing kept.

It runs as an unprivileged user (PostgreSQL refuses root) and is stopped by its pid.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

USER = "kith"
_number = count(1)


def binaries() -> Path | None:
    """The folder with initdb and postgres of the newest version installed, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: int(p.parts[-3]))
    return found[-1].parent if found else None


def _unprivileged() -> dict[str, Any]:
    """How subprocess becomes the user that runs the server: ourselves, unless we are root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise RuntimeError("there is no unprivileged user to run PostgreSQL as")


@dataclass(frozen=True)
class Postgres:
    """A running server."""

    sockets: Path

    def url(self, database: str) -> str:
        return f"postgresql://{USER}@/{database}?host={self.sockets}"

    def create(self, template: str = "template0") -> str:
        """A database of its own, made after another; its name."""
        name = f"t{next(_number)}"
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def drop(self, name: str) -> None:
        self._run(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _run(self, statement: str) -> None:
        url = self.url("postgres").replace("postgresql:", "postgresql+psycopg:")
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as conn:
            conn.execute(text(statement))
        engine.dispose()


@contextmanager
def running() -> Iterator[Postgres]:
    """Start a server, and stop it at the end of the block."""
    bin_folder = binaries()
    if bin_folder is None:
        raise RuntimeError("PostgreSQL is not installed")
    who = _unprivileged()
    # not pytest's folder: a socket's path has room for about a hundred characters, and the user must get in
    home = Path(tempfile.mkdtemp(prefix="kith-pg-", dir="/tmp"))
    try:
        if who:
            os.chown(home, who["user"], who["group"])
        data = home / "data"
        env = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
        subprocess.run(
            [bin_folder / "initdb", "-D", data, "-U", USER, "-E", "UTF8", "--no-locale", "-A", "trust", "--no-sync"],
            check=True, capture_output=True, cwd=home, env=env, **who,
        )  # fmt: skip
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(home),
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "max_connections": "250",
            "shared_buffers": "32MB",
        }
        settings = [f"--{name}={value}" for name, value in options.items()]
        server = subprocess.Popen(
            # setpriv becomes the server, which then ends with us even if we are killed
            ["setpriv", "--pdeathsig", "QUIT", bin_folder / "postgres", "-D", data, *settings],
            stderr=subprocess.PIPE, text=True, cwd=home, env=env, start_new_session=True, **who,
        )  # fmt: skip
        assert server.stderr is not None
        try:
            said = []
            for line in server.stderr:
                said.append(line)
                if "ready to accept connections" in line:
                    break
            else:
                raise RuntimeError("PostgreSQL did not start: " + "".join(said))
            threading.Thread(target=server.stderr.read, daemon=True).start()  # so that it never waits for a reader
            yield Postgres(home)
        finally:
            os.kill(server.pid, signal.SIGQUIT)  # at once: nothing is kept
            server.wait(30)
    finally:
        shutil.rmtree(home, ignore_errors=True)
