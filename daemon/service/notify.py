"""Telling systemd how the service is: sd_notify(3), datagrams on $NOTIFY_SOCKET. Without one, nothing happens."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Mapping

log = logging.getLogger(__name__)


class Notifier:
    """Sends states; never raises and never waits for long: a service must not fail for want of a listener."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        # "@" stands for the zero byte of an abstract socket's name; other forms (vsock) are for machines, not services.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        if not address.startswith(("/", "@")):
            self._address = ""
        self.watchdog = _watchdog_seconds(environment)
        """How long systemd waits for a sign of life (seconds); None where it does not."""

    def send(self, *states: str) -> None:
        """Send assignments like "READY=1"; line breaks inside one are made spaces."""
        if not self._address:
            return
        message = "\n".join(" ".join(state.splitlines()) for state in states)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
                sock.settimeout(1.0)  # its queue may be full for a moment; READY must not be lost for that
                sock.sendto(message.encode(), self._address)
        except OSError as e:
            log.debug("systemd was not told: %s", e.strerror)

    def ready(self, status: str) -> None:
        """Started, or done with reloading."""
        self.send("READY=1", f"STATUS={status}")

    def reloading(self) -> None:
        """Reading the configuration anew; `ready` follows."""
        self.send("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> None:
        """On the way out."""
        self.send("STOPPING=1", "STATUS=Stopping.")

    def status(self, text: str) -> None:
        """One sentence for `systemctl status`."""
        self.send(f"STATUS={text}")

    def alive(self) -> None:
        """A sign of life for the watchdog."""
        self.send("WATCHDOG=1")


def _watchdog_seconds(environment: Mapping[str, str]) -> float | None:
    """sd_watchdog_enabled(3): $WATCHDOG_USEC, meant for us only if $WATCHDOG_PID is ours or missing."""
    microseconds, pid = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", "")
    if not microseconds.isdigit() or int(microseconds) == 0:
        return None
    if pid and pid != str(os.getpid()):
        return None
    return int(microseconds) / 1_000_000
