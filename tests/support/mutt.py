"""mutt in a pseudo-terminal, as its user sits before it: keys in, screen out, and an editor that writes for them."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

SECONDS = 30
"""How long mutt may take over one thing. A limit, not a wait."""

_COMMON = """
set charset = utf-8
set send_charset = us-ascii:utf-8
set realname = "Петра Ильина"
set from = {me}
set use_from = yes
set use_domain = no
set sendmail = /bin/false
set editor = {editor}
set edit_headers = yes
set record = ""
set postpone = yes
set quit = yes
set recall = yes
set beep = no
set help = yes
set mbox_type = Maildir
set header_cache = ""
set mail_check = 0
"""


@dataclass
class Mutt:
    """One mutt at work. ``screen`` is all it has drawn so far, control sequences and all."""

    pid: int
    terminal: int
    screen: bytes = b""
    _at: int = 0
    ended: bool = field(default=False)

    def see(self, pattern: str) -> None:
        """Wait until this has appeared since the last key."""
        wanted = re.compile(pattern.encode())
        until = time.monotonic() + SECONDS
        while not wanted.search(self.screen, self._at):
            if not self._read(until):
                raise AssertionError(
                    f"mutt never showed {pattern!r}:\n{self.screen[self._at :].decode(errors='replace')}"
                )

    def press(self, keys: str) -> None:
        """Type."""
        self._at = len(self.screen)
        os.write(self.terminal, keys.encode())

    def end(self) -> None:
        """Wait until it has ended by itself."""
        until = time.monotonic() + SECONDS
        while self._read(until):
            pass
        if not self.ended:
            raise AssertionError(f"mutt did not end:\n{self.screen[self._at :].decode(errors='replace')}")

    def _read(self, until: float) -> bool:
        ready, _, _ = select.select([self.terminal], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            return False
        try:
            got = os.read(self.terminal, 65536)
        except OSError:  # EIO: nobody at the other side any more
            got = b""
        self.screen += got
        self.ended = not got
        return bool(got)


@contextmanager
def mutt(folder: Path, settings: str, *, me: str, edits: str) -> Iterator[tuple[Mutt, Path]]:
    """``mutt -p``, and the file in which its editor leaves what it was first given.

    ``settings`` says where Drafts is (``set postponed = ...``). ``edits`` is what the editor does, as a shell command
    on the file ``$1``: headers and text. Skips where mutt is not installed.
    """
    program = shutil.which("mutt")
    if program is None:
        pytest.skip("mutt is not installed")
    given = folder / "given.txt"
    editor = folder / "editor"
    editor.write_text(f'#!/bin/sh\nset -e\n[ -e "{given}" ] || cat "$1" >"{given}"\n{edits}\n', "utf-8")
    editor.chmod(0o755)
    config = folder / "muttrc"
    config.write_text(_COMMON.format(me=me, editor=editor) + settings, "utf-8")
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TERM": "vt100",
        "LC_ALL": "C.UTF-8",
        "TMPDIR": str(folder),
        "TZ": "UTC",
    }
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(program, ["mutt", "-n", "-F", str(config), "-p"], env)  # noqa: S606
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 160, 0, 0))
    try:
        yield Mutt(pid, terminal), given
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)
