"""A zone's name stands in two places of a calendar object, written in two ways (RFC 5545 3.1.1, 3.3.11)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from daemon.core.model import Interest, Window
from daemon.formats import ics

INTEREST = Interest(frozenset({"anna@example.org"}), frozenset({"petra@example.org"}))
WINDOW = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
ZONE = r"""BEGIN:VTIMEZONE
TZID:Our Office\, Second Floor
BEGIN:STANDARD
DTSTART:19700101T000000
TZOFFSETFROM:+0300
TZOFFSETTO:+0300
END:STANDARD
END:VTIMEZONE"""


@pytest.mark.parametrize(
    "name", ['"Our Office, Second Floor"', "Our Office, Second Floor", r"Our Office\, Second Floor"]
)
def test_a_comma_in_a_zones_name(name: str) -> None:
    lines = [
        "BEGIN:VCALENDAR",
        *ZONE.split("\n"),
        "BEGIN:VEVENT",
        "UID:comma@example.org",
        f"DTSTART;TZID={name}:20261102T120000",
        "DURATION:PT1H",
        "ATTENDEE:mailto:anna@example.org",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    item = ics.read("1", "\r\n".join(lines).encode(), INTEREST, WINDOW)
    assert [m.start for m in item.meetings] == [datetime(2026, 11, 2, 9, tzinfo=UTC)]
    assert ics.expand(item.master, INTEREST, WINDOW) == item.meetings
