"""How far a delta query has come, as the text the store keeps."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from daemon.core.errors import CursorExpired
from daemon.core.model import Window

REFRESH = timedelta(days=1)
"""A delta link this old is replaced even where nothing was new: Outlook forgets old ones as its cache fills."""


@dataclass(frozen=True, slots=True)
class Place:
    """A delta link or next link, without the host. ``at`` is when the server gave it.

    Of a pass: ``full`` where it lists everything there is. Of a calendar: ``span`` is the window the link is for.
    """

    link: str
    at: datetime
    full: bool = False
    span: Window | None = None

    def text(self) -> str:
        """As stored."""
        told: dict[str, object] = {"link": self.link, "at": self.at.astimezone(UTC).isoformat()}
        if self.full:
            told["full"] = True
        if self.span is not None:
            told["span"] = [self.span.start.isoformat(), self.span.end.isoformat()]
        return json.dumps(told, separators=(",", ":"))

    @classmethod
    def read(cls, text: str) -> Place | None:
        """The place; None for "".

        Raises:
            CursorExpired: it was not written by this connector.
        """
        if not text:
            return None
        try:
            told = json.loads(text)
            link, at, span = str(told["link"]), datetime.fromisoformat(told["at"]), told.get("span")
            window = Window(*map(datetime.fromisoformat, span)) if span else None
            if not link.startswith("/") or at.tzinfo is None:
                raise ValueError("no place")
        except (ValueError, TypeError, KeyError, AttributeError):
            raise CursorExpired("The position is none of ours.") from None
        return cls(link, at, told.get("full") is True, window)
