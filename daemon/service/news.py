"""The quarter's news as planning uses them: whichever quarter's window is open now, in all its languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from daemon.core.errors import UserMistake
from daemon.core.pieces import marks
from daemon.core.wants import Part, UpdateNews
from daemon.core.wording import mostly_in_script
from daemon.service.updates import Update, quarter_ends, quarter_of, read_editions

OPEN_AFTER = timedelta(days=30)
"""News of a quarter may still be told so long after it ended."""


@dataclass(frozen=True, slots=True)
class News:
    """One quarter's letter in the languages it was written in. Moments are UTC."""

    quarter: str
    editions: Mapping[str, Update]
    closes_at: datetime

    def edition(self, language: str) -> Update | None:
        """The letter for a reader of ``language``; one whose language nothing tells serves whoever reads its script."""
        found = self.editions.get(language)
        if found is None and (unsaid := self.editions.get("")) is not None:
            found = unsaid if mostly_in_script("\n".join(text for _, text in unsaid.parts), language) else None
        return found

    @property
    def written_at(self) -> datetime:
        """When the first of its files was written."""
        return min(e.written_at for e in self.editions.values())

    @property
    def named(self) -> frozenset[str]:
        """The circles it names anywhere."""
        return frozenset().union(*(e.named for e in self.editions.values()))

    def to_plan(self, languages: Iterable[str], begun_at: datetime | None) -> dict[str, UpdateNews]:
        """What planning reads of it, by language. ``begun_at``: when the first letter with it was begun.

        A file without a date of its own is as old as its last change; but once a letter has been begun the news were
        written: who was met since has heard them, whatever slip of the pen was mended afterwards.
        """
        written = self.written_at
        if begun_at is not None and not any(e.dated for e in self.editions.values()):
            written = min(written, begun_at)
        return {
            language: UpdateNews(
                self.quarter,
                edition.audience,
                written,
                self.closes_at,
                edition.written_at,
                tuple(Part(circles, marks(text)) for circles, text in edition.parts),
            )
            for language in languages
            if (edition := self.edition(language)) is not None
        }


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
        editions = read_editions(folder, quarter, zone)
        if editions and now < closes:
            return News(quarter, editions, closes)
    return None
