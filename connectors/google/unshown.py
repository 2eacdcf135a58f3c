"""Messages Google fails to show while it shows others: passed over for now, and asked for again by and by."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import Path

from connectors.google import kept
from daemon.core.errors import StoreBusy

MANY = 20
"""So many may be owed. More is no matter of single messages: Google is ill, and is left alone as a whole."""

SOONEST, LATEST = 60, 86_400
"""Seconds from one attempt to the next: each time as long as the message has been failing, within these."""


class Unshown:
    """Their ids, in a file of the account's folder, each with when it first failed and when to try again."""

    def __init__(self, folder: Path, now: Callable[[], datetime]) -> None:
        self._file = folder / "unshown.json"
        self._now = now

    def due(self) -> list[str]:
        """Those to be tried now; one of the future counts too: the clock was set back."""
        now = self._now().timestamp()
        return sorted(i for i, (first, again) in self._read().items() if again <= now or first > now)

    def room(self, ids: Collection[str]) -> int:
        """How many of these may fail and yet be passed over."""
        return max(0, MANY - len(self._read().keys() - set(ids)))

    def failed(self, ids: Collection[str]) -> None:
        """They were asked for and not shown.

        Raises:
            StoreBusy: that cannot be written down, so they must not be passed over.
        """
        now = self._now().timestamp()
        held = self._read()
        for one in ids:
            first = min(held.get(one, (now, now))[0], now)
            held[one] = (first, now + min(max(now - first, SOONEST), LATEST))
        self._write(held)

    def settled(self, ids: Collection[str]) -> None:
        """They have been shown, or are there no more."""
        self._write({i: when for i, when in self._read().items() if i not in ids})

    def _read(self) -> dict[str, tuple[float, float]]:
        try:
            return {str(i): (float(first), float(again)) for i, (first, again) in kept.read(self._file).items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def _write(self, held: dict[str, tuple[float, float]]) -> None:
        try:
            if held:
                kept.write(self._file, held)
            else:
                self._file.unlink(missing_ok=True)
        except OSError as error:
            raise StoreBusy(f"What Gmail failed to show cannot be kept ({error.strerror}).") from None
