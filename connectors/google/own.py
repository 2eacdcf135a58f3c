"""The calendar of our own that reminders go to: its id remembered, its mark looked for where that is lost."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

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
                self._id = str(json.loads(self._path.read_text("utf-8"))["id"])
            except (OSError, ValueError, KeyError, TypeError):
                self._id = ""
        return self._id

    def keep(self, name: str) -> None:
        """Remember another id, or none."""
        if name == self.id:
            return
        self._id = name
        temporary = self._path.with_name(f".{self._path.name}.{os.getpid()}.tmp")
        with suppress(OSError):  # a full disk is told where it matters
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary.write_text(json.dumps({"id": name}), "utf-8")
            temporary.replace(self._path)
