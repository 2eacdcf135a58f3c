"""The quarter's news as planning uses them: whichever quarter's window is open now, in all its languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from daemon.core.errors import UserMistake
from daemon.service.updates import Update, quarter_ends, quarter_of, read_editions

OPEN_AFTER = timedelta(days=30)
"""News of a quarter may still be told so long after it ended."""


@dataclass(frozen=True, slots=True)
class News:
    """One quarter's letter in the languages it was written in. Moments are UTC."""

    quarter: str
    editions: Mapping[str, Update]
    written_at: datetime
    closes_at: datetime

    def edition(self, language: str) -> Update | None:
        """The letter for a reader of ``language``; one whose language nothing tells serves anybody."""
        return self.editions.get(language) or self.editions.get("")

    @property
    def circles(self) -> frozenset[str]:
        """The circles any edition names; empty where one is for all the kept."""
        named = [e.audience for e in self.editions.values()]
        return frozenset().union(*named) if all(named) else frozenset()

    @property
    def named(self) -> frozenset[str]:
        """The circles its sections are for."""
        return frozenset().union(*(e.named for e in self.editions.values()))


def told_news(folder: Path | None, now: datetime, zone: str) -> tuple[News | None, str]:
    """The news that may be told now, and what is wrong with the file ("" where nothing is).

    A file that cannot be used stops the news alone: reminders and other letters go on.
    """
    try:
        return current_news(folder, now, zone), ""
    except UserMistake as e:
        return None, str(e)


def current_news(folder: Path | None, now: datetime, zone: str) -> News | None:
    """The news that may be told now: this quarter's, else the last one's while its window is open.

    Raises:
        UserMistake: the file is there and cannot be used.
    """
    if folder is None or not folder.is_dir():
        return None
    here = ZoneInfo(zone)
    today = now.astimezone(here).date()
    for quarter in (quarter_of(today), quarter_of(today - OPEN_AFTER)):
        closes = datetime.combine(quarter_ends(quarter), time(), here).astimezone(UTC) + OPEN_AFTER
        editions = read_editions(folder, quarter)
        if editions and now < closes:
            written = max(e.written_at for e in editions.values())
            return News(quarter, editions, written, closes)
    return None
