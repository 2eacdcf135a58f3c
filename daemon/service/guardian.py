"""A thread beside the main one: signs of life for systemd's watchdog while there is life, and an end within the limit.

It sends signs only as long as the main thread keeps its word (`Guardian.expect`): a cycle that hangs in spite of all
deadlines falls silent, and systemd starts the service anew.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable

from daemon.service.notify import Notifier
from daemon.service.signals import Doorbell

log = logging.getLogger(__name__)

SILENCE = 600.0
"""How long (seconds) a cycle may go without asking whether to stop: longer than any page or action takes under its
deadlines; the cycle's lease runs out then as well."""

BREAK_OFF_AFTER = 1.5
LEAVE_AFTER = 3.5
"""Seconds after the wish to stop: a wait is broken off; the process ends, whatever it does. 5 are promised."""

FOLLOW = 0.25


class Guardian:
    """Started by `with`. ``clock`` is monotonic seconds; ``leave`` ends the process without further ado."""

    def __init__(
        self,
        notifier: Notifier,
        stopping: Callable[[], bool],
        *,
        clock: Callable[[], float] = time.monotonic,
        break_off: Callable[[], None] | None = None,
        leave: Callable[[int], object] = os._exit,
    ) -> None:
        self._notifier = notifier
        self._stopping = stopping
        self._clock = clock
        self._main = threading.get_ident()
        self._break_off = break_off or self._interrupt
        self._leave = leave
        self._silent_until = clock() + SILENCE
        self._stop_seen: float | None = None
        self._broken_off = False
        self._over = False
        self.bell = Doorbell()
        """Rung when the wish to stop comes."""
        self._thread = threading.Thread(target=self._run, name="guardian", daemon=True)

    def __enter__(self) -> Guardian:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        self.bell.ring()
        self._thread.join(timeout=1)
        self.bell.close()

    def expect(self, seconds: float = 0.0) -> None:
        """The main thread's word: it will be heard again within so many seconds and `SILENCE`."""
        self._silent_until = self._clock() + seconds + SILENCE

    def look(self) -> None:
        """One round of the thread: a sign of life if there is life; the way out if it takes too long."""
        now = self._clock()
        if self._stopping():
            if self._stop_seen is None:
                self._stop_seen = now
            waited = now - self._stop_seen
            if waited >= LEAVE_AFTER:
                log.warning("stopped in the middle of something; the next start looks before it writes")
                self._leave(0)
            elif waited >= BREAK_OFF_AFTER and not self._broken_off:
                self._broken_off = True
                self._break_off()
        elif now > self._silent_until:
            log.error("nothing was heard of the cycle for %d seconds", now - self._silent_until + SILENCE)
            return
        self._notifier.alive()

    def _run(self) -> None:
        while True:
            self.bell.wait(self._pause())
            if self._over:
                return
            self.look()

    def _pause(self) -> float | None:
        if self._stopping():
            return FOLLOW
        watchdog = self._notifier.watchdog
        return watchdog / 3 if watchdog else None  # systemd asks for a sign at every half of its time

    def _interrupt(self) -> None:
        signal.pthread_kill(self._main, signal.SIGALRM)
