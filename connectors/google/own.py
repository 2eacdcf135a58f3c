"""The calendar of our own that reminders go to: its id remembered, its mark looked for where that is lost."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from connectors.google import kept

MARK = "[kith:reminders]"
"""Stands in the calendar's description: so it is found again by an installation that has lost its files."""

DESCRIPTION = f"Reminders to keep in touch, put here by kith. The last line tells kith that it is its own.\n{MARK}"


class Remembered:
    """The calendar's id, kept in the account's own state folder. A hint: without the file it is looked for."""

    def __init__(self, state: str) -> None:
        self._path = Path(state) / "reminders-calendar.json"
        self._id: str | None = None

    @property
    def id(self) -> str:
        """The id; "" where none is known."""
        if self._id is None:
            try:
                self._id = str(kept.read(self._path)["id"])
            except (OSError, ValueError, KeyError, TypeError):
                self._id = ""
        return self._id

    def keep(self, name: str) -> None:
        """Remember another id, or none."""
        if name == self.id:
            return
        self._id = name
        with suppress(OSError):  # a full disk is told where it matters
            kept.write(self._path, {"id": name})
