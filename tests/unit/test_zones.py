"""Time zones of iCalendar objects: named, shipped, from tables; never silently UTC."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from daemon.core.errors import BrokenItem
from daemon.formats.zones import Zones

CUSTOM = "\n".join(
    [
        "TZID:Our Office",
        "BEGIN:STANDARD",
        "DTSTART:16011028T030000",
        "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10",
        "TZOFFSETFROM:+0300",
        "TZOFFSETTO:+0200",
        "END:STANDARD",
        "BEGIN:DAYLIGHT",
        "DTSTART:16010325T020000",
        "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3",
        "TZOFFSETFROM:+0200",
        "TZOFFSETTO:+0300",
        "END:DAYLIGHT",
    ]
)


def utc(name: str, wall: str, shipped: dict[str, str] | None = None) -> str:
    zone = Zones("Asia/Tokyo", shipped or {}).find(name)
    return f"{zone.to_utc(datetime.fromisoformat(wall)):%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("name", "wall", "expected"),
    [
        ("Europe/Berlin", "2026-07-01T12:00", "07-01 10:00"),
        ("Europe/Berlin", "2026-12-01T12:00", "12-01 11:00"),
        ("W. Europe Standard Time", "2026-07-01T12:00", "07-01 10:00"),
        ("Russian Standard Time", "2026-07-01T12:00", "07-01 09:00"),
        ("russian standard time", "2026-07-01T12:00", "07-01 09:00"),
        ("/freeassociation.sourceforge.net/Europe/Berlin", "2026-07-01T12:00", "07-01 10:00"),
        ("/Europe/Berlin", "2026-07-01T12:00", "07-01 10:00"),
        ("/vendor.example/2026/America/Argentina/Buenos_Aires", "2026-07-01T12:00", "07-01 15:00"),
        ("UTC", "2026-07-01T12:00", "07-01 12:00"),
        ("GMT+0330", "2026-07-01T12:00", "07-01 08:30"),
        ("(UTC-05:00)", "2026-07-01T12:00", "07-01 17:00"),
        ('"Europe/Moscow"', "2026-07-01T12:00", "07-01 09:00"),
        # no such hour: by the offset before it; twice: the first (RFC 5545 3.3.5)
        ("Europe/Berlin", "2026-03-29T02:30", "03-29 01:30"),
        ("Europe/Berlin", "2026-10-25T02:30", "10-25 00:30"),
    ],
)
def test_names(name: str, wall: str, expected: str) -> None:
    assert utc(name, wall) == expected


@pytest.mark.parametrize(
    ("wall", "expected"),
    [
        ("2026-07-01T12:00", "07-01 09:00"),
        ("2026-12-01T12:00", "12-01 10:00"),
        ("1975-12-01T12:00", "12-01 10:00"),
        ("2026-03-29T02:30", "03-29 00:30"),
        ("2026-10-25T02:30", "10-24 23:30"),
        ("2026-10-25T03:00", "10-25 01:00"),
    ],
)
def test_a_shipped_zone_has_its_own_summer_time(wall: str, expected: str) -> None:
    shipped = {"Our Office": CUSTOM}
    assert utc("Our Office", wall, shipped) == expected
    zone = Zones("UTC", shipped).find("Our Office")
    moment = zone.to_utc(datetime.fromisoformat(wall))
    if wall != "2026-03-29T02:30":
        assert zone.to_wall(moment) == datetime.fromisoformat(wall)
    assert zone.to_utc(zone.to_wall(moment)) == moment


def test_what_is_shipped_decides_over_the_tables() -> None:
    assert utc("W. Europe Standard Time", "2026-07-01T12:00", {"W. Europe Standard Time": CUSTOM}) == "07-01 09:00"
    assert utc("EST", "2026-07-01T12:00", {"EST": CUSTOM}) == "07-01 09:00"


def test_an_iana_name_decides_over_what_is_shipped() -> None:
    assert utc("Europe/London", "2026-07-01T12:00", {"Europe/London": CUSTOM}) == "07-01 11:00"


def test_a_shipped_zone_that_says_nothing_is_passed_over() -> None:
    assert utc("Russian Standard Time", "2026-07-01T12:00", {"Russian Standard Time": "TZID:x"}) == "07-01 09:00"
    endless = CUSTOM.replace("FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10", "FREQ=SECONDLY")
    with pytest.raises(BrokenItem):
        utc("Our Office", "2026-07-01T12:00", {"Our Office": endless})


@pytest.mark.parametrize(
    "name", ["Nowhere", "", "Customized Time Zone", "../../etc/passwd", "localtime", "(UTC+01:00) Bern"]
)
def test_an_unknown_zone_is_never_silently_utc(name: str) -> None:
    with pytest.raises(BrokenItem, match="time zone"):
        Zones("Europe/Berlin", {}).find(name)


def test_moments_on_the_wall() -> None:
    zone = Zones("UTC", {}).find("Europe/Berlin")
    assert zone.to_wall(datetime(2026, 7, 1, 10, tzinfo=UTC)).isoformat() == "2026-07-01T12:00:00"
