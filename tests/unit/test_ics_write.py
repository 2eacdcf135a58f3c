"""Reminders as iCalendar: written safely, recognised, read back for what the user did."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import icalendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.core.errors import BrokenItem
from daemon.core.keys import event_uid
from daemon.core.model import Interest, OutgoingEvent, Window
from daemon.formats import ics

KEY = "0123456789abcdefghijklmnopqrstuv"
EVENT = OutgoingEvent(
    key=KEY,
    uid=event_uid(KEY, "example.org"),
    start=datetime(2026, 3, 28, 9, tzinfo=UTC),
    end=datetime(2026, 3, 28, 9, 15, tzinfo=UTC),
    zone="Europe/Berlin",
    summary="Анна Образцова",
    description="Последний контакт: 2 сентября.\nСледующий шаг: позвонить; спросить, как дела",
    alarm=timedelta(minutes=10),
)
NOBODY = Interest(frozenset({"anna@example.com"}), frozenset({"petra@example.org"}))
WINDOW = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))


def text() -> str:
    return ics.write_event(EVENT).decode().replace("\r\n ", "")


def state(data: bytes | str) -> tuple[str, datetime | None, str]:
    found = ics.event_state("x", "v", data.encode() if isinstance(data, str) else data)
    return found.digest, found.start, found.summary


def test_what_a_reminder_says() -> None:
    found: Any = icalendar.Calendar.from_ical(ics.write_event(EVENT).decode()).walk("VEVENT")[0]
    assert str(found["UID"]) == EVENT.uid and str(found["SUMMARY"]) == EVENT.summary
    assert str(found["DESCRIPTION"]) == EVENT.description
    assert found["DTSTART"].dt.astimezone(UTC) == EVENT.start and found["DTEND"].dt.astimezone(UTC) == EVENT.end
    assert found["DTSTART"].params["TZID"] == "Europe/Berlin"
    assert (str(found["CLASS"]), str(found["TRANSP"])) == ("PRIVATE", "TRANSPARENT")
    (alarm,) = found.walk("VALARM")
    assert str(alarm["ACTION"]) == "DISPLAY" and alarm["TRIGGER"].dt == timedelta(minutes=-10)
    assert "ATTENDEE" not in found and "ORGANIZER" not in found
    assert "BEGIN:VTIMEZONE" in text() and "TZID:Europe/Berlin" in text()
    assert ics.write_event(EVENT) == ics.write_event(EVENT)


def test_in_utc_no_zone_is_shipped() -> None:
    written = ics.write_event(replace(EVENT, zone="UTC")).decode()
    assert "DTSTART:20260328T090000Z" in written and "VTIMEZONE" not in written


def test_the_shipped_zone_is_right_even_for_those_who_know_no_names() -> None:
    summer = replace(EVENT, start=EVENT.start + timedelta(days=30), end=EVENT.end + timedelta(days=30))
    for event in (EVENT, summer):
        renamed = ics.write_event(event).replace(b"Europe/Berlin", b"Our Own Name")
        assert ics.event_state("x", "v", renamed).start == event.start


def test_it_is_known_for_ours_and_never_evidence() -> None:
    data = ics.write_event(EVENT)
    item = ics.read("x", data, NOBODY, WINDOW)
    assert item.ours and not item.meetings and not item.master and ics.is_reminder(data)
    assert ics.busy([data.replace(b"TRANSPARENT", b"OPAQUE")], WINDOW) == []
    without = "\r\n".join(line for line in text().split("\r\n") if not line.startswith("X-KITH")).encode()
    assert ics.is_reminder(without), "a server may drop X- properties"


def test_a_copy_the_user_made_is_their_own() -> None:
    copied = text().replace(EVENT.uid, "another@example.net").encode()
    assert not ics.is_reminder(copied)
    shared = copied.replace(b"CLASS:PRIVATE", b"ATTENDEE:mailto:anna@example.com")
    assert ics.read("x", shared, NOBODY, WINDOW).meetings


def test_read_back() -> None:
    found = ics.event_state("/p", '"1"', ics.write_event(EVENT))
    assert (found.remote_id, found.version, found.uid) == ("/p", '"1"', EVENT.uid)
    assert (found.start, found.end, found.summary, found.cancelled) == (EVENT.start, EVENT.end, EVENT.summary, False)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("SUMMARY:Анна Образцова", "SUMMARY:✓ Анна Образцова"),
        ("TZID=Europe/Berlin:20260328T100000", "TZID=Europe/Berlin:20260328T100100"),
        ("TZID=Europe/Berlin:20260328T101500", "TZID=Europe/Berlin:20260328T111500"),
        ("Последний", "Первый"),
        ("TRANSP:TRANSPARENT", "TRANSP:OPAQUE"),
        ("CLASS:PRIVATE", "CLASS:PRIVATE\r\nRRULE:FREQ=WEEKLY"),
        ("CLASS:PRIVATE", "CLASS:PRIVATE\r\nLOCATION:Café"),
        ("CLASS:PRIVATE", "CLASS:PRIVATE\r\nATTENDEE:mailto:anna@example.com"),
        ("CLASS:PRIVATE", "CLASS:PRIVATE\r\nSTATUS:CANCELLED"),
    ],
)
def test_an_edit_of_the_user_shows(old: str, new: str) -> None:
    assert old in text()
    assert state(text().replace(old, new))[0] != state(text())[0]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (r"DTSTAMP:\w+", "DTSTAMP:20300101T000000Z"),
        ("CLASS:PRIVATE", "CLASS:PRIVATE\r\nSEQUENCE:3\r\nLAST-MODIFIED:20300101T000000Z\r\nSTATUS:CONFIRMED"),
        ("CLASS:PRIVATE", "X-SERVER;X=1:y"),
        (r"DTSTART;TZID=Europe/Berlin:20260328T100000", "DTSTART:20260328T090000Z"),
        (r"DTEND;TZID=Europe/Berlin:20260328T101500", "DURATION:PT15M"),
        ("PRODID:.*", "PRODID:-//Some Server//EN"),
        ("\r\n", "\n"),
        ("END:VALARM", "ACKNOWLEDGED:20260328T090000Z\r\nEND:VALARM"),
        (r"(?s)BEGIN:VTIMEZONE.*END:VTIMEZONE\s*", ""),
    ],
)
def test_what_a_server_rewrites_does_not(old: str, new: str) -> None:
    changed = re.sub(old, new, text())
    assert changed != text() and state(changed) == state(text())


def test_folding_does_not_matter() -> None:
    assert state(ics.write_event(EVENT)) == state(text())


def test_an_object_without_an_event_has_no_state() -> None:
    for data in (b"", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", ics.write_event(EVENT).replace(b"DTSTART", b"X-START")):
        with pytest.raises(BrokenItem):
            ics.event_state("x", "v", data)


ALLOWED = {
    *("BEGIN", "END", "VERSION", "PRODID", "UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "DESCRIPTION", "CLASS"),
    *("TRANSP", "CATEGORIES", "X-KITH-KEY", "ACTION", "TRIGGER"),
}


@settings(max_examples=150, deadline=None)
@given(
    st.text(max_size=80),
    st.text(max_size=200),
    st.sampled_from(["", "\r\n", "\n", "\r", "\x0b", "\x85", "\u2028", "\\n"]),
)
def test_no_text_can_add_a_line(summary: str, description: str, end: str) -> None:
    smuggled = f"{end}ATTENDEE:mailto:victim@example.com{end}END:VEVENT{end}"
    made = replace(EVENT, zone="UTC", summary=summary + smuggled, description=smuggled + description)
    data = ics.write_event(made)
    lines = re.split(rb"\r\n|\n|\r", re.sub(rb"\r\n[ \t]", b"", data))
    assert {re.split(r"[;:]", line.decode())[0] for line in lines if line} <= ALLOWED
    (event,) = icalendar.Calendar.from_ical(data.decode()).walk("VEVENT")
    assert "ATTENDEE" not in event
    assert ics.event_state("x", "v", data).uid == EVENT.uid
