"""The whole corpus, kind by kind, in a folder of its own that is gone afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.corpus import feed_calendars, feed_exchange, feed_google, feed_graph, feed_mail, feed_people
from tests.corpus.files import KINDS, samples
from tests.corpus.installation import patience, template
from tests.corpus.report import Tally


def feed(root: Path, kinds: Iterable[str] = KINDS) -> list[Tally]:
    """What became of every file below ``root``; kinds whose folder is missing are left out."""
    found: list[Tally] = []
    with tempfile.TemporaryDirectory(prefix="kith-corpus-") as name, patience():
        work = Path(name)
        made = template(work)
        for kind in kinds:
            if not (root / kind).is_dir():
                continue
            held = list(samples(root, kind))
            if kind == "mail":
                found.append(feed_mail.feed(held, work / kind, made))
            elif kind == "ical":
                found.append(feed_calendars.feed(held, work / kind, made))
            elif kind == "api":
                found.append(feed_google.feed(held))
                feed_exchange.feed(held, found[-1])
                feed_graph.feed(held, found[-1])
            else:
                found.append(feed_people.feed(kind, held, root, work / kind, made))
    return found
