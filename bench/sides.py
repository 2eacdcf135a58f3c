"""The things that are measured, each in a process of its own: ``python -m bench.sides NAME ARGUMENTS``.

The last line a side prints is its figures as JSON. A scan's clock starts when everything is imported and nothing yet
said to the server, and stops when the last page is committed.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench import house
from connectors.imap.stream import HEADERS
from daemon.service.cycle import alone
from daemon.service.deps import Deps
from daemon.service.ingest import Ingest
from tests.support.dovecot import PASSWORD

Figures = dict[str, float]

STRETCH = 5_000
"""Messages imapclient is asked for at a time."""


def drain(port: int, user: str) -> Figures:
    """The server's answer to the very FETCH of a first scan, read from a plain socket and thrown away."""
    begin = time.perf_counter()
    size = 0
    with socket.create_connection(("127.0.0.1", port), 60) as wire:
        wire.recv(4096)
        for tag, command in ((b"a", f"LOGIN {user} {PASSWORD}"), (b"b", "EXAMINE INBOX")):
            wire.sendall(tag + b" " + command.encode() + b"\r\n")
            said = b""
            while b"\r\n" + tag + b" OK" not in b"\r\n" + said:
                said += wire.recv(65536)
        wire.sendall(f"c UID FETCH 1:* {HEADERS}\r\n".encode())
        buffer = bytearray(1 << 18)
        tail = b""
        while b"\r\nc OK" not in tail:
            got = wire.recv_into(buffer)
            size += got
            tail = (tail + buffer[max(0, got - 256) : got])[-256:]
    return {"seconds": time.perf_counter() - begin, "megabytes": size / 1e6}


def plain(port: int, user: str) -> Figures:
    """imapclient's own parsed fetch of the same fields."""
    from imapclient import IMAPClient

    begin = time.perf_counter()
    client = IMAPClient("127.0.0.1", port=port, ssl=False, timeout=60, use_uid=False)
    client.login(user, PASSWORD)
    count = client.select_folder("INBOX", readonly=True)[b"EXISTS"]
    found = 0
    for first in range(1, count + 1, STRETCH):  # it lists every number it asks for: more would be too long a line
        found += len(client.fetch(range(first, min(first + STRETCH, count + 1)), HEADERS.strip("()").split(" ", 3)))
    seconds = time.perf_counter() - begin
    client.logout()
    return {"seconds": seconds, "messages": found}


def scan(port: int, user: str, folder: str) -> Figures:
    """Our first scan into a fresh store that knows 500 people: all of the product's ingest."""
    house.make_store(Path(folder))
    with house.opened(house.settings(Path(folder), port, user)) as deps:
        begin, used = time.perf_counter(), time.process_time()
        scanned, logged = _ingest(deps)
        return {
            "seconds": time.perf_counter() - begin,
            "cpu": time.process_time() - used,
            "scanned": scanned,
            "logged": logged,
            "peak_mb": _peak(),
        }


def quiet(port: int, user: str, folder: str) -> Figures:
    """A first scan, and after it one with nothing new: how many commands the second one sends."""
    from tests.support.proxy import proxy

    house.make_store(Path(folder))
    with proxy(port) as net, house.opened(house.settings(Path(folder), net.port, user)) as deps:
        _ingest(deps)
        before = len(net.sent)
        begin = time.perf_counter()
        scanned, logged = _ingest(deps)
        seconds = time.perf_counter() - begin
        assert not logged, "the second scan found something new"
        return {"round_trips": net.sent.count(b"\r\n", before), "seconds": seconds, "scanned": scanned}


def plan(folder: str) -> Figures:
    """What should exist now, out of a full store."""
    from daemon.service import planning

    with house.opened(house.settings(Path(folder)), connected=False) as deps:
        begin = time.perf_counter()
        found, errors = planning.make(deps, house.now())
        assert not errors, errors
        return {"seconds": time.perf_counter() - begin, "wants": len(found.wants), "people": len(found.people)}


def _ingest(deps: Deps) -> tuple[int, int]:
    from daemon.service.deps import AccountReport

    report = AccountReport()
    with alone(deps) as fence:
        Ingest(deps, house.ACCOUNT, deps.connections[house.ACCOUNT], fence, report).run()
    assert not report.errors, report.errors
    return report.scanned, report.logged


def _peak() -> float:
    """The most memory this process ever held, in MB (VmHWM of proc(5))."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no VmHWM in /proc/self/status: Linux is needed")


SIDES: dict[str, Callable[..., Figures]] = {f.__name__: f for f in (drain, plain, scan, quiet, plan)}

if __name__ == "__main__":
    name, *given = sys.argv[1:]
    print(json.dumps(SIDES[name](*(int(a) if a.isdigit() else a for a in given))))
