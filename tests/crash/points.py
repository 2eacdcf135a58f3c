"""Numbered steps of a process at work, and its death at one of them. The product knows nothing of it.

A connection's ports, `Store.write` and, inside a remote write, whatever the server or the disk answers are wrapped
from outside. Each step is one of

* ``sent``: a remote call is about to be made;
* ``applied``: inside a remote write the other side has answered or the disk has changed, and the connector has not
  heard of it yet (most of these are the write itself, some are looks before and after it);
* ``answered``: the connector has its answer, the service not yet;
* ``written``: a transaction's rows are written and not committed;
* ``committed``: it is committed, and nobody has gone on yet.
"""

from __future__ import annotations

import os
import signal
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import daemon.service
from daemon.core.ports import Connection as Account
from daemon.store.engine import Store

PORTS = ("mail", "calendar", "contacts", "drafts", "reminders")
PAGED = {"pages", "search"}
WRITING = {"create", "update", "withdraw", "clear_ask"}
DISK = ("link", "rename", "replace", "unlink", "mkdir", "fsync")
STEPS = ("sent", "applied", "answered", "written", "committed")
_SERVICE = str(Path(daemon.service.__file__).parent)


class Points:
    """Counts the steps this process passes; ``kill_at`` (from 1) is the last it sees.

    ``tell`` is given the step's name just before the death.
    """

    def __init__(self, kill_at: int | None = None, tell: Callable[[str], None] = lambda name: None) -> None:
        self.names: list[str] = []
        self._kill_at = kill_at
        self._tell = tell
        self._writing = ""
        self._waiting = False

    def reach(self, step: str, what: str) -> None:
        """A step: its name is noted, and this process may die here."""
        name = f"{step} {what}"
        self.names.append(name)
        if len(self.names) == self._kill_at:
            self._tell(name)
            os.kill(os.getpid(), signal.SIGKILL)

    # -- ports -----------------------------------------------------------------------------------------

    def watch(self, account: Account) -> Account:
        """The same connection with every call numbered."""
        held = {name: getattr(account, name) for name in PORTS}
        numbered: dict[str, Any] = {n: _Port(self, n, port) for n, port in held.items() if port is not None}
        return replace(account, **numbered)

    def call(self, name: str, real: Callable[..., Any], *args: Any) -> Any:
        """One remote call."""
        self.reach("sent", name)
        writing = name.rpartition(".")[2] in WRITING
        if writing:
            self._writing = name
        try:
            return real(*args)
        finally:
            self._writing = ""
            self.reach("answered", name)

    def paged(self, name: str, pages: Iterator[Any]) -> Iterator[Any]:
        """The same pages; fetching each is a call."""
        try:
            while True:
                page = self.call(name, next, pages, None)
                if page is None:
                    return
                yield page
        finally:
            pages.close()  # type: ignore[attr-defined]

    # -- store -----------------------------------------------------------------------------------------

    def install(self) -> None:
        """Number transactions, and what comes back inside a remote write. For a process that will not live long."""
        real = Store.write

        @contextmanager
        def write(store: Store, *, durable: bool = True) -> Iterator[Any]:
            where = _caller()
            with real(store, durable=durable) as conn:
                yield conn
                self.reach("written", where)
            self.reach("committed", where)

        Store.write = write  # type: ignore[method-assign,assignment]
        for name in DISK:
            setattr(os, name, self._heard(getattr(os, name)))
        for kind in (socket.socket, ssl.SSLSocket):
            for name in ("send", "sendall"):
                setattr(kind, name, self._asked(getattr(kind, name)))
            kind.recv_into = self._heard(kind.recv_into, socket=True)  # type: ignore[method-assign]

    def _asked(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def asked(*args: Any, **kw: Any) -> Any:
            self._waiting = True
            return real(*args, **kw)

        return asked

    def _heard(self, real: Callable[..., Any], *, socket: bool = False) -> Callable[..., Any]:
        def heard(*args: Any, **kw: Any) -> Any:
            answer = real(*args, **kw)
            # An answer may come in several pieces, one time so, another time so: its first is the step.
            if self._writing and (self._waiting or not socket):
                self._waiting = False
                self.reach("applied", self._writing)
            return answer

        return heard


class _Port:
    """A port of a connector, numbered. Only what the service calls is looked up."""

    def __init__(self, points: Points, name: str, real: Any) -> None:
        self._points, self._name, self._real = points, name, real

    def __getattr__(self, method: str) -> Callable[..., Any]:
        real, name = getattr(self._real, method), f"{self._name}.{method}"
        if method in PAGED:
            return lambda *args: self._points.paged(name, iter(real(*args)))
        return lambda *args: self._points.call(name, real, *args)


def _caller() -> str:
    """The function of the service this transaction is made for: ``ingest._pages``."""
    frame = sys._getframe(1)
    while frame is not None:
        path = frame.f_code.co_filename
        if path.startswith(_SERVICE):
            return f"{Path(path).stem}.{frame.f_code.co_name}"
        frame = frame.f_back  # type: ignore[assignment]
    return "elsewhere"
