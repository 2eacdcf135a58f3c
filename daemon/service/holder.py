"""Who holds the cycle's lease, in a text from which another process can tell whether that one still lives.

A lease left by a process that was killed need not run out: on the same machine, under the same kernel, a process
that is no more is no more. Where that is not sure (another machine, another container, no /proc) it counts as alive,
and its lease has to run out.
"""

from __future__ import annotations

import os
import secrets
import socket
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_MACHINE = Path("/etc/machine-id")
_SEPARATOR = "|"


def myself() -> str:
    """A name for this process that no other ever had."""
    pid = os.getpid()
    return _SEPARATOR.join((socket.gethostname(), str(pid), *_place(), _started(pid), secrets.token_hex(4)))


def shown(holder: str) -> str:
    """The holder in words for the user."""
    parts = holder.split(_SEPARATOR)
    return f"process {parts[1]} on {parts[0]}" if len(parts) > 1 else holder


def dead(holder: str) -> bool:
    """Whether that process certainly lives no more."""
    try:
        host, pid_text, machine, boot, space, started, _ = holder.split(_SEPARATOR)
        pid = int(pid_text)
    except ValueError:
        return False
    here = _place()
    # a machine id alone is not enough: copies of one disk image share it
    if not boot or not here[1] or (host, machine) != (socket.gethostname(), here[0]):
        return False
    if boot != here[1]:
        return bool(machine)  # the machine has been started anew since
    if not space or space != here[2] or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False  # somebody else's: it lives
    now = _started(pid)
    return now == "over" or ("" not in (now, started) and now != started)  # ended and not yet buried; its number reused


def _place() -> tuple[str, str, str]:
    """Machine, boot and process namespace; "" for what this system does not tell."""
    try:
        space = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        space = ""
    return _line(_MACHINE), _line(_BOOT), space


def _line(path: Path) -> str:
    try:
        return path.read_text("ascii").strip()
    except (OSError, ValueError):
        return ""


def _started(pid: int) -> str:
    """When the process began, in the kernel's own ticks (proc(5)); "over" for one that has ended, "" if not told."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return ""
    if len(fields) < 20:
        return ""
    return "over" if fields[0] in "ZX" else fields[19]
