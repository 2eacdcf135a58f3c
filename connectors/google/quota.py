"""Google's quota units: what was spent, and a budget for each minute that is never exceeded.

What the last minute cost stands in a file of the account's folder, so that a command started beside the daemon, or a
daemon started anew, keeps within the same minute.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from daemon.core.errors import Paced, StoreBusy

UNITS = {
    "gmail.users.getProfile": 1,
    "gmail.users.labels.list": 1,
    "gmail.users.history.list": 2,
    "gmail.users.messages.list": 5,
    "gmail.users.messages.get": 20,
    "gmail.users.messages.modify": 5,
    "gmail.users.messages.trash": 20,
    "gmail.users.drafts.create": 10,
    "gmail.users.drafts.get": 20,
    "gmail.users.drafts.list": 5,
}
"""Gmail's price list for projects made since 2026-05; where it is not known here, the dearest reading is taken."""

MINUTE = timedelta(minutes=1)

RESERVE = 600
"""Units of each minute that reading leaves to drafts, or a first scan would keep them waiting for half an hour."""


class Meter:
    """Counts what one connection spends and keeps the account within its budget. Times are the clock's (UTC)."""

    def __init__(self, folder: Path, budget: int, now: Callable[[], datetime]) -> None:
        self.spent = 0
        self.budget = budget
        self._reserve = min(RESERVE, budget // 4)
        self._folder = folder
        self._now = now

    def bulk(self, each: int) -> int:
        """How many calls of this price a full minute has room for beside the reserve; at least one."""
        return max(1, (self.budget - self._reserve) // each)

    def take(self, units: int, *, bulk: bool = False) -> None:
        """Spend so many units, now. ``bulk`` calls leave the reserve alone.

        Raises:
            Paced: the minute's budget does not allow it; nothing was spent.
        """
        if not units:
            return
        budget = self.budget - (self._reserve if bulk else 0)
        with self._ledger() as entries:
            now = self._now().timestamp()
            # a clock set back leaves entries in the future: they count as of now
            entries[:] = [[min(at, now), cost] for at, cost in entries if at > now - MINUTE.total_seconds()]
            used = sum(cost for _, cost in entries)
            if used + units > budget:
                # until the whole minute is free again: a few units at a time would make a round of each page
                free = max((at for at, _ in entries), default=now) + MINUTE.total_seconds() - now
                raise Paced(
                    f"Gmail's quota of {self.budget} units a minute is used up for now.", timedelta(seconds=free + 1)
                )
            entries.append([now, units])
        self.spent += units

    @contextmanager
    def _ledger(self) -> Iterator[list[list[float]]]:
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with (self._folder / "quota.json").open("a+") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                file.seek(0)
                try:
                    entries = [[float(at), int(cost)] for at, cost in json.loads(file.read() or "[]")]
                except (ValueError, TypeError):
                    entries = []  # cut off by a crash: a minute of it is all there was
                yield entries
                file.seek(0)
                file.truncate()
                file.write(json.dumps(entries))
        except OSError as error:
            raise StoreBusy(f"What Gmail's quota was spent on cannot be written down ({error.strerror}).") from None
