"""Past mail of new people: what came of late is listed, the rest is searched for, and listed where a search cannot do.

Of a message's people ``$filter`` reaches the sender alone, so recipients can only be searched for: ``$search`` with
``participants:`` (KQL). It finds words by their beginning, wants an index that lags behind, and ends at 1,000 hits. So
each hit is looked at again, the last days are listed, and a search that comes to its end is not believed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import timedelta

from connectors.microsoft import messages
from connectors.microsoft.errors import Status
from connectors.microsoft.http import Client, Json, query, seg
from daemon.core.errors import CursorExpired
from daemon.core.model import Stream

LIMIT = 1000
"""Hits after which Microsoft says nothing more, without saying so."""

LAG = timedelta(days=3)
"""So far back mail is listed, for the index may not have it yet."""

TOGETHER = 10
"""Addresses in one question; longer ones are refused."""

_PLAIN = re.compile(r"[A-Za-z0-9._-]+@(?!.*xn--)[A-Za-z0-9.-]+")
"""What means nothing else in KQL, and is written one way only."""


class Search:
    """One search in one folder. Its progress names the step and the link to go on with."""

    def __init__(self, client: Client, stream: Stream, addresses: Sequence[str]) -> None:
        self._client = client
        self._folder = f"/me/mailFolders/{seg(stream.name)}/messages"
        self._questions = [
            " OR ".join(map(_clause, addresses[start : start + TOGETHER]))
            for start in range(0, len(addresses), TOGETHER)
        ]
        if not all(_PLAIN.fullmatch(a) for a in addresses):
            self._questions = []

    def pages(self, progress: str) -> Iterator[tuple[list[Json], str]]:
        """The messages that may be theirs, page by page, and the progress after each; "" after the last."""
        step, link, hits = _read(progress)
        anew: set[str] = set()
        while True:
            try:
                items, further = self._one(step, link)
            except (CursorExpired, Status):
                if link and step not in anew:
                    anew.add(step)
                    link, hits = "", 0  # the link has expired: this step anew, once
                    continue
                if step == "all":
                    raise
                step, link, hits = "all", "", 0  # the question is refused, or its links never hold
                continue
            hits += len(items)
            if step.isdecimal() and hits >= LIMIT:
                step, link, hits = "all", "", 0
            elif further:
                link = further
            else:
                step, link, hits = self._after(step), "", 0
            yield items, json.dumps([step, link, hits]) if step else ""
            if not step:
                return

    def _after(self, step: str) -> str:
        """The step after this one; "" after the last."""
        if step == "all":
            return ""
        if not self._questions:
            return "all"
        number = 0 if step == "new" else int(step) + 1
        return str(number) if number < len(self._questions) else ""

    def _one(self, step: str, link: str) -> tuple[list[Json], str]:
        if not link:
            if step.isdecimal():
                link = query(self._folder, search=f'"{self._questions[int(step)]}"', select=messages.SELECT)
            else:
                since = f"{self._client.now() - LAG:%Y-%m-%dT%H:%M:%SZ}"
                recent = f"receivedDateTime ge {since}" if step == "new" else ""
                link = query(self._folder, filter=recent, select=messages.SELECT)
        return next(self._client.pages(link))


def _clause(address: str) -> str:
    """Whoever has this address, or it with a ``+tag``: both halves, by their beginning."""
    local, _, domain = address.partition("@")
    return f"(participants:{local}* AND participants:{domain})"


def _read(progress: str) -> tuple[str, str, int]:
    try:
        step, link, hits = json.loads(progress) if progress else ("new", "", 0)
        return str(step), str(link), int(hits)
    except (ValueError, TypeError):
        return "new", "", 0
