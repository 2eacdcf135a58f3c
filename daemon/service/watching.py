"""Threads that listen to servers and post the names of accounts where something is new. They never touch the store.

A watcher is begun only for an account whose last round went well, and not begun anew before the next round did: so it
never tries a password that was refused, and one that fails costs an attempt a round.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Mapping
from queue import Empty, SimpleQueue
from typing import TypeVar

from daemon.core.errors import KithError, SignInRefused
from daemon.core.ports import Connection

log = logging.getLogger(__name__)

T = TypeVar("T")
Open = Callable[[str], Connection]
"""Opens an account anew, for one thread: by its name."""

LEAVE = 1.0
"""Seconds a thread is given to end; it holds nothing that could be lost."""


class Watchers:
    """All threads of one service. ``ring`` wakes the main thread."""

    def __init__(self, open_account: Open, ring: Callable[[], None]) -> None:
        self._open = open_account
        self._ring = ring
        self._posted: SimpleQueue[str] = SimpleQueue()
        self._refused: SimpleQueue[tuple[str, SignInRefused]] = SimpleQueue()
        self._running: dict[str, tuple[threading.Thread, Connection]] = {}
        self._over = False

    def follow(self, well: Collection[str]) -> None:
        """Listen to these accounts, and to no others."""
        self._running = {name: each for name, each in self._running.items() if each[0].is_alive()}
        for name in set(self._running) - set(well):
            self._stop(name)
        for name in sorted(set(well) - set(self._running)):
            connection = self._open(name)
            if self._over or connection.watcher is None:
                connection.close()
                continue
            thread = threading.Thread(target=self._listen, args=(name, connection), name=f"watch {name}", daemon=True)
            self._running[name] = (thread, connection)
            thread.start()

    def news(self) -> frozenset[str]:
        """The accounts of which something was heard since the last time this was asked."""
        return frozenset(_all(self._posted))

    def refused(self) -> Mapping[str, SignInRefused]:
        """Accounts that refused a watcher's sign-in: for the service to write down, so that nobody tries again."""
        return dict(_all(self._refused))

    def stop(self) -> None:
        """End all threads."""
        self._over = True
        for name in list(self._running):
            self._stop(name)

    def _stop(self, name: str) -> None:
        thread, connection = self._running.pop(name)
        if connection.watcher is not None:
            connection.watcher.stop()
        thread.join(LEAVE)

    def _listen(self, name: str, connection: Connection) -> None:
        try:
            if connection.watcher is not None:
                connection.watcher.watch(lambda: self._post(name))
        except SignInRefused as error:
            self._refused.put((name, error))
        except KithError as error:
            log.info("account %s is not listened to: %s", name, error)
        except Exception as error:  # not the text: it may quote a letter
            log.warning("listening to account %s ended by a defect (%s)", name, type(error).__name__)
        finally:
            connection.close()

    def _post(self, name: str) -> None:
        self._posted.put(name)
        self._ring()


def _all(queue: SimpleQueue[T]) -> list[T]:
    found: list[T] = []
    while True:
        try:
            found.append(queue.get_nowait())
        except Empty:
            return found
