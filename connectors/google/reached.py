"""How far a mailbox has been read, as the text the store keeps."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from connectors.google import kept
from daemon.core.errors import StoreBusy

LAG = timedelta(hours=1)
"""Gmail's search knows a message seconds or minutes after it came; after so long a search is sure to find it."""


@dataclass(frozen=True, slots=True)
class Reached:
    """A historyId: what comes after it is told by the mailbox's history, what came before was searched for.

    ``taken`` (seconds of the epoch) is when that search began, where it has to be repeated: what came in the last
    moments before may not have been found, and the history does not tell of it. 0: nothing is owed.
    """

    history: str
    taken: int = 0

    @classmethod
    def now(cls, history: str, at: datetime) -> Reached:
        """A search begins."""
        return cls(history, int(at.timestamp()))

    @classmethod
    def read(cls, cursor: str) -> Reached:
        """From `text`; a plain historyId owes nothing."""
        history, _, taken = cursor.partition("@")
        return cls(history, int(taken) if taken.isdecimal() else 0)

    def text(self) -> str:
        """As stored."""
        return f"{self.history}@{self.taken}" if self.taken else self.history

    def at(self, history: str) -> Reached:
        """Read on up to another historyId; what is owed stays owed."""
        return Reached(history, self.taken)

    def due(self, now: datetime) -> bool:
        """Whether the search is to be repeated now; also where the clock was set back, so that it is not forgotten."""
        return bool(self.taken) and not timedelta(0) <= now - datetime.fromtimestamp(self.taken, UTC) < LAG


class Searched:
    """When the past mail of people added later was last searched for, in a file of the account's folder.

    That search, too, may have missed the last moments, and it moves no cursor that could say so.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / "searched.json"

    def note(self, at: datetime) -> None:
        """A search begins.

        Raises:
            StoreBusy: that cannot be written down.
        """
        try:
            kept.write(self._file, {"at": int(at.timestamp())})
        except OSError as error:
            raise StoreBusy(f"What Gmail was asked for cannot be kept ({error.strerror}).") from None

    def owed(self, reached: Reached) -> Reached:
        """The position with the later of both searches to be repeated; a day around it covers the other."""
        try:
            return Reached(reached.history, max(reached.taken, int(kept.read(self._file)["at"])))
        except (OSError, ValueError, KeyError, TypeError):
            return reached

    def settled(self) -> None:
        """It has been repeated."""
        with suppress(OSError):
            self._file.unlink(missing_ok=True)


def place(progress: str) -> tuple[str, str]:
    """Inside a full pass or a search: where it began (`Reached.text`) and the id read last; "" each where unknown."""
    try:
        found = json.loads(progress)
        return str(found.get("h", "")), str(found["last"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return "", ""
