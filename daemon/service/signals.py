"""What reaches the service from outside while it waits or works: signals, and one day the watchers' wake-ups."""

from __future__ import annotations

import contextlib
import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class HardStop(BaseException):
    """The time to stop is nearly over and something still waits (a server that does not answer): leave it.

    No `Exception`: nothing on the way up takes it for a failure of its own. Whatever it interrupts is made for being
    killed there.
    """


class Doorbell:
    """A wait that ends when it is rung. Ringing is safe inside a signal handler and in any thread.

    (`threading.Event` is not: its `set` takes a lock that the interrupted `wait` may hold.)
    """

    def __init__(self) -> None:
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def ring(self) -> None:
        """End the present wait, or the next one."""
        with contextlib.suppress(BlockingIOError):  # rung often enough already
            os.write(self._write, b"!")

    def wait(self, seconds: float | None) -> bool:
        """Wait until rung, for so long at most (None: as long as it takes); whether it was."""
        ready, _, _ = select.select([self._read], [], [], None if seconds is None else max(0.0, seconds))
        if ready:
            with contextlib.suppress(BlockingIOError):
                while os.read(self._read, 1024):
                    pass
        return bool(ready)

    def close(self) -> None:
        """Let go of the pipe."""
        os.close(self._read)
        os.close(self._write)


class Wishes:
    """What the user or systemd asked for by a signal."""

    def __init__(self, *bells: Doorbell) -> None:
        self.bells = list(bells)
        self._stop = False
        self._reload = False

    @property
    def stopping(self) -> bool:
        """Whether to stop."""
        return self._stop

    def ask_stop(self) -> None:
        """As SIGTERM does."""
        self._stop = True
        for bell in self.bells:
            bell.ring()

    def ask_reload(self) -> None:
        """As SIGHUP does."""
        self._reload = True
        for bell in self.bells:
            bell.ring()

    def take_reload(self) -> bool:
        """Whether a reload was asked for since the last time this was."""
        asked, self._reload = self._reload, False
        return asked


@contextmanager
def handled(wishes: Wishes) -> Iterator[None]:
    """SIGTERM and SIGINT stop, SIGHUP reloads, SIGALRM breaks off what waits; as before afterwards."""

    def stop(_: int, __: FrameType | None) -> None:
        wishes.ask_stop()

    def reload(_: int, __: FrameType | None) -> None:
        wishes.ask_reload()

    def break_off(_: int, __: FrameType | None) -> None:
        raise HardStop

    handlers = {signal.SIGTERM: stop, signal.SIGINT: stop, signal.SIGHUP: reload, signal.SIGALRM: break_off}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
