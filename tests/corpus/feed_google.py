"""Google Calendar's JSON through the product: translated and expanded as the connector does it with every event.

A guest the user knows is put into each, the clock set to shortly after; then the reduced series is expanded anew.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from connectors.google import events as said
from connectors.google.events import Calendar, Event
from daemon.core.errors import BrokenItem
from daemon.core.identity import meeting_identity
from daemon.core.model import EventItem, Interest, Window
from daemon.formats import ics
from daemon.service.calendar_in import window
from tests.contract.rig import ME
from tests.corpus.feed_calendars import GUEST
from tests.corpus.files import Sample
from tests.corpus.installation import NOW, GivenUp, timed, told
from tests.corpus.report import Row, Tally

KNOWN = Interest(frozenset({GUEST}), frozenset({ME}))
HOME = Calendar(ME, ME, zone="Europe/Berlin", primary=True)
FOLDER = "api/google-"
"""Folders of the kind ``api`` that hold Google's."""

_WIRE = {'"date_time"': '"dateTime"', '"timezone"': '"timeZone"'}
"""What gcal_sync's fixtures call by Python's names and the API by its own."""

_SPELLING = re.compile("|".join(_WIRE))
_YEAR = re.compile(r'"date(?:Time)?": "(\d{4})-')


def feed(files: Sequence[Sample]) -> Tally:
    """Every event in every file."""
    files = [one for one in files if one.path.startswith(FOLDER)]
    tally = Tally("api", len(files))
    for sample in files:
        try:
            items, spent = timed(partial(_read, sample, tally))
        except (Exception, GivenUp) as error:
            tally.crashed[sample.path] = told(error)
            continue
        tally.seconds[sample.path] = spent
        tally.rows += [row for item in items for row in _rows(sample, item)]
    tally.notes.append(f"with a guest in every event: {len(tally.rows)} instances")
    return tally


def events(value: object) -> Iterator[dict[str, Any]]:
    """Every event resource in an answer, however it is wrapped."""
    if isinstance(value, dict) and ("start" in value or "status" in value):
        yield value
    elif isinstance(value, dict):
        yield from events(value.get("items", ()))
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from events(one)


def _read(sample: Sample, tally: Tally) -> list[EventItem]:
    text = _SPELLING.sub(lambda found: _WIRE[found[0]], sample.data.decode())
    years = [int(year) for year in _YEAR.findall(text)]
    span = window(min(NOW, datetime(max(years, default=NOW.year) + 1, 6, 1, tzinfo=UTC)))
    found: list[EventItem] = []
    for name, parts in series(list(events(json.loads(text)))).items():
        if not said.series_of(parts[0]) and said.is_cancelled(parts[0]):
            continue
        try:
            item, same = read(name, parts, span)
        except BrokenItem as error:
            tally.quarantine(sample.path, f"{name}: {error}")
            continue
        if not same:
            tally.wrong.append(f"{sample.path}: {name} expanded anew is another")
        found.append(item)
    return found


def read(name: str, parts: Sequence[Event], span: Window) -> tuple[EventItem, bool]:
    """One event as the connector reads it, and whether what is stored of it gives the same again.

    Raises:
        BrokenItem: it cannot be read.
    """
    item = ics.read(name, said.as_ics(parts, HOME, ME), KNOWN, span, HOME.zone)
    return item, ics.expand(item.master, KNOWN, span, HOME.zone) == item.meetings


def series(told_of: Sequence[Event]) -> dict[str, list[Event]]:
    """The parts of each event, the recurring event before its exceptions."""
    found: dict[str, list[Event]] = {}
    for number, event in enumerate(told_of):
        asked = event.get("attendees")
        guests = [*(asked if isinstance(asked, list) else ()), {"email": GUEST, "responseStatus": "accepted"}]
        known: Mapping[str, Any] = {"id": f"unnamed-{number}", **event, "attendees": guests}
        parts = found.setdefault(said.series_of(known) or str(known["id"]), [])
        parts.insert(len(parts) if said.series_of(known) else 0, known)
    return found


def _rows(sample: Sample, item: EventItem) -> Iterator[Row]:
    for one in item.meetings:
        verdict = "not counted" if one.cancelled or one.all_day or one.special else "counted"
        yield Row("api", sample.path, meeting_identity(one), one.organiser, GUEST, one.start.isoformat(), verdict)
