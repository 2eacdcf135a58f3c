"""Calendars of other people's making (corpus/ical), read in place where the environment says where they are."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path

import icalendar
import pytest
import recurring_ical_events

from daemon.core.address import normalise
from daemon.core.model import Interest, Window
from daemon.formats import ics
from daemon.formats.ics_scan import scan

SHARED = os.environ.get("KITH_SHARED", "")
FILES = sorted(Path(SHARED, "corpus", "ical").rglob("*.ics")) if SHARED else []
WINDOW = Window(datetime(2000, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
ME = frozenset({"petra@example.org"})

if FILES:

    @pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
    def test_every_file_is_read(path: Path) -> None:
        data = path.read_bytes()
        found = {normalise(a.decode("utf-8", "replace")) for a in re.findall(rb'(?i)mailto:([^\s"\r\n;,]+)', data)}
        interest = Interest(frozenset(found - {""}), ME)
        items, broken = ics.read_all("f", data, interest, WINDOW, "Europe/Berlin")
        assert len(items) + len(broken) == len(scan(data))
        assert all(one.reason for one in broken)
        for item in items:
            assert bool(item.master) or not item.meetings
            assert ics.expand(item.master, interest, WINDOW, "Europe/Berlin") == item.meetings
            assert all(WINDOW.overlaps(m.start, m.end) for m in item.meetings)
        # a person found by the parser is never passed over by the look beforehand
        for scanned in scan(data):
            if not scanned.concerns(interest):
                assert not ics._reduced(scanned, interest)
        ics.busy([data], WINDOW, "Europe/Berlin")

    def test_most_series_are_laid_out_as_another_library_does() -> None:
        """Where the two differ, the other one was looked at: it knows no CALSCALE but one, or names zones otherwise."""
        agreed = differing = 0
        window = Window(datetime(2005, 1, 1, tzinfo=UTC), datetime(2008, 1, 1, tzinfo=UTC))
        for path in FILES:
            data = path.read_bytes()
            if b"RRULE" not in data or len(data) > 10_000 or re.search(rb"SECONDLY|MINUTELY|HOURLY", data):
                continue
            try:
                calendar = icalendar.Calendar.from_ical(data)
                theirs = {
                    (str(e.get("UID")), e["DTSTART"].dt.astimezone(UTC))
                    for e in recurring_ical_events.of(calendar).between(window.start, window.end)
                    if isinstance(e["DTSTART"].dt, datetime) and e["DTSTART"].dt.tzinfo
                }
            except Exception:  # noqa: S112 - theirs, not ours
                continue
            theirs = {(uid, at) for uid, at in theirs if at in window}
            guest = b"\r\nATTENDEE:mailto:anna@example.com\r\nEND:VEVENT"
            everybody = re.sub(rb"\r?\nEND:VEVENT", guest, data)
            items, broken = ics.read_all("f", everybody, Interest(frozenset({"anna@example.com"}), ME), window)
            if broken:
                continue
            ours = {(m.uid, m.start) for i in items for m in i.meetings if not m.all_day and m.start in window}
            if theirs <= ours:
                agreed += 1
            else:
                differing += 1
        assert agreed > 20 and differing <= agreed // 20, (agreed, differing)
