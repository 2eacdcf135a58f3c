"""What Google says of an event, translated: people, times and series, as every other calendar's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.google.events import Calendar, as_ics, concerns, differs, is_ours, uid_of
from daemon.core.errors import BrokenItem
from daemon.core.model import Answer, EventItem, Interest, Meeting
from daemon.formats import ics
from tests.contract.rig import ME
from tests.contract.samples import ANNA, BORIS, KNOWN, NOW, STRANGER, WINDOW

OWN = Calendar(ME, ME, zone="Europe/Berlin", primary=True)
TEAM = Calendar("c1@group.calendar.google.com", "Team", zone="Europe/Berlin")
BOSS = Calendar("boss@example.org", "Boss", primary=False, mine=False)
START = NOW - timedelta(days=2)


def told(at: datetime, zone: str = "UTC") -> dict[str, str]:
    return {"dateTime": at.astimezone(ZoneInfo(zone)).isoformat(), "timeZone": zone}


def event(*people: dict[str, Any], at: datetime = START, zone: str = "UTC", **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": "one",
        "iCalUID": "one@google.com",
        "status": "confirmed",
        "summary": "Кофе",
        "start": told(at, zone),
        "end": told(at + timedelta(hours=1), zone),
        "organizer": {"email": ME, "self": True},
    }
    return made | ({"attendees": list(people)} if people else {}) | more


def read(*parts: dict[str, Any], calendar: Calendar = OWN, interest: Interest = KNOWN) -> EventItem:
    me = min(interest.me, default="")
    return ics.read("one", as_ics(parts, calendar, me), interest, WINDOW, "Europe/Berlin")


def meeting(*parts: dict[str, Any], calendar: Calendar = OWN) -> Meeting:
    (found,) = read(*parts, calendar=calendar).meetings
    return found


SELF = {"email": ME, "self": True, "responseStatus": "accepted"}
WITH_ANNA = {"email": ANNA, "responseStatus": "accepted"}


# -- people ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("needsAction", Answer.NONE),
        ("declined", Answer.DECLINED),
        ("tentative", Answer.TENTATIVE),
        ("accepted", Answer.ACCEPTED),
    ],
)
def test_answers(said: str, meant: Answer) -> None:
    boris = {"email": BORIS, "organizer": True, "responseStatus": "accepted"}
    mine = {**SELF, "responseStatus": said}
    found = meeting(event(mine, {**WITH_ANNA, "responseStatus": said}, boris, organizer={"email": BORIS}))
    assert found.answer is meant
    assert {a.address: a.answer for a in found.attendees}[ANNA] is meant
    assert found.organiser == BORIS
    assert found.people == 3


def test_myself_under_an_alias_nobody_configured() -> None:
    alias = {"email": "petra.alias@example.org", "self": True, "responseStatus": "declined"}
    found = meeting(event(alias, WITH_ANNA, organizer={"email": ANNA}))
    assert found.answer is Answer.DECLINED
    assert found.people == 2


def test_in_somebody_elses_calendar_self_is_not_me() -> None:
    boss = {"email": "boss@example.org", "self": True, "responseStatus": "declined"}
    found = meeting(event(boss, WITH_ANNA, organizer={"email": ANNA}), calendar=BOSS)
    assert found.answer is Answer.NONE
    assert found.people == 3


def test_a_calendar_that_leads_a_meeting_is_nobody() -> None:
    found = meeting(
        event(SELF | {"self": False}, WITH_ANNA, organizer={"email": TEAM.id, "self": True}, creator={"email": ME}),
        calendar=TEAM,
    )
    assert found.organiser == ME
    assert found.people == 2


def test_rooms_are_no_people() -> None:
    room = {"email": "room@resource.calendar.google.com", "resource": True, "responseStatus": "accepted"}
    assert meeting(event(SELF, WITH_ANNA, room)).people == 2


def test_guests_somebody_brings_along_are_people() -> None:
    assert meeting(event(SELF, WITH_ANNA | {"additionalGuests": 4})).people == 6


def test_a_guest_list_cut_short_is_a_crowd_however_few_are_told() -> None:
    item = read(event(SELF, WITH_ANNA, attendeesOmitted=True))
    (found,) = item.meetings
    assert found.people > 500
    assert ics.expand(item.master, KNOWN, WINDOW) == item.meetings


def test_an_event_without_guests_or_with_strangers_alone_is_nobodys() -> None:
    for one in (event(), event(SELF, {"email": STRANGER})):
        assert not read(one).meetings
        assert not read(one).master
        assert STRANGER not in repr(read(one))


def test_an_organiser_we_know_is_somebody() -> None:
    assert meeting(event(organizer={"email": ANNA})).organiser == ANNA


# -- kinds ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "special"),
    [
        ("default", ""),
        ("fromGmail", ""),
        ("focusTime", "focus-time"),
        ("outOfOffice", "out-of-office"),
        ("workingLocation", "working-location"),
        ("birthday", "birthday"),
        ("somethingNewIn2030", "something-new-in2030"),
    ],
)
def test_only_ordinary_events_are_meetings(kind: str, special: str) -> None:
    item = read(event(SELF, WITH_ANNA, eventType=kind))
    assert [m.special for m in item.meetings] == [special]
    assert ics.expand(item.master, KNOWN, WINDOW) == item.meetings


def test_ours_and_the_copy_the_user_made_of_it() -> None:
    ours = event(id="key0key", extendedProperties={"private": {"kith": "key0key", "kith-uid": "key0key@example.org"}})
    assert is_ours(ours)
    assert uid_of(ours) == "key0key@example.org"
    assert not is_ours({**ours, "id": "other"})
    assert not is_ours(event(SELF))


# -- times ----------------------------------------------------------------------------------------------


def test_a_whole_day() -> None:
    found = meeting(event(SELF, WITH_ANNA, start={"date": "2026-11-16"}, end={"date": "2026-11-17"}))
    assert found.all_day
    assert found.start == datetime(2026, 11, 15, 23, tzinfo=UTC), "midnight in Berlin"
    assert found.end - found.start == timedelta(days=1)


def test_a_time_without_an_offset_is_in_the_zone_beside_it() -> None:
    times = {"dateTime": "2026-11-16T10:00:00", "timeZone": "Asia/Tokyo"}
    found = meeting(event(SELF, WITH_ANNA, start=times, end={"dateTime": "2026-11-16T11:00:00Z"}))
    assert found.start == datetime(2026, 11, 16, 1, tzinfo=UTC)


def test_a_zone_given_as_an_offset() -> None:
    times = [{"dateTime": f"2026-11-16T{hour}:00:00", "timeZone": "GMT+02:00"} for hour in (10, 11)]
    found = meeting(event(SELF, WITH_ANNA, start=times[0], end=times[1]))
    assert found.start == datetime(2026, 11, 16, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    "broken",
    [
        {"start": {}},
        {"start": {"dateTime": "soon"}},
        {"start": {"dateTime": "2026-11-16T10:00:00", "timeZone": "Nowhere/Atlantis"}},
        {"start": {"date": "2026-02-30"}},
        {"recurrence": ["DTSTART:1"]},
    ],
)
def test_what_cannot_be_read_is_broken(broken: dict[str, Any]) -> None:
    with pytest.raises(BrokenItem):
        read(event(SELF, WITH_ANNA, **broken))


WEEKLY = event(SELF, WITH_ANNA, at=datetime(2026, 10, 13, 8, tzinfo=UTC), zone="Europe/Berlin") | {
    "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=8"]
}


def instance(original: datetime, **more: Any) -> dict[str, Any]:
    made = {name: value for name, value in WEEKLY.items() if name != "recurrence"}
    return made | {
        "id": f"one_{original:%Y%m%dT%H%M%SZ}",
        "recurringEventId": "one",
        "originalStartTime": told(original, "Europe/Berlin"),
        "start": told(original, "Europe/Berlin"),
        "end": told(original + timedelta(hours=1), "Europe/Berlin"),
        **more,
    }


def test_a_series_keeps_its_clock_through_the_change_of_time() -> None:
    starts = [m.start for m in read(WEEKLY).meetings]
    assert starts[1] == datetime(2026, 10, 20, 8, tzinfo=UTC)
    assert starts[2] == datetime(2026, 10, 27, 9, tzinfo=UTC)
    assert len(starts) == 8


def test_a_moved_instance_is_known_by_its_original_start() -> None:
    original = datetime(2026, 10, 20, 8, tzinfo=UTC)
    moved = instance(
        original, start=told(original + timedelta(days=1)), end=told(original + timedelta(days=1, hours=2))
    )
    found = {m.original: m for m in read(WEEKLY, moved).meetings}
    assert len(found) == 8
    assert found[original].start == original + timedelta(days=1)
    assert found[original].end == original + timedelta(days=1, hours=2)


def test_an_instance_cancelled_with_nothing_but_its_ids() -> None:
    original = datetime(2026, 10, 20, 8, tzinfo=UTC)
    gone = {
        "id": "one_x",
        "status": "cancelled",
        "recurringEventId": "one",
        "originalStartTime": told(original, "Europe/Berlin"),
    }
    found = {m.original: m for m in read(WEEKLY, gone).meetings}
    assert found[original].cancelled
    assert [o for o, m in found.items() if m.cancelled] == [original]
    assert found[original].attendees, "it says who would have come"


def test_an_instance_alone_without_its_series() -> None:
    original = datetime(2026, 11, 10, 9, tzinfo=UTC)
    (found,) = read(instance(original)).meetings
    assert (found.original, found.uid, found.recurring) == (original, "one@google.com", True)


def test_what_tells_an_instance_apart() -> None:
    original = datetime(2026, 10, 27, 9, tzinfo=UTC)
    plain = instance(original)
    assert not differs(plain, WEEKLY, OWN, ME)
    assert not differs(plain | {"etag": "x", "sequence": 3}, WEEKLY, OWN, ME)
    later = told(original + timedelta(minutes=5))
    for changed in (
        {"start": later},
        {"end": later},
        {"status": "cancelled"},
        {"summary": "Tea"},
        {"attendees": [SELF]},
        {"attendees": [{**SELF, "responseStatus": "declined"}, WITH_ANNA]},
        {"eventType": "focusTime"},
    ):
        assert differs(plain | changed, WEEKLY, OWN, ME), changed


# -- for any event --------------------------------------------------------------------------------------

texts = st.text(max_size=40)
moments = st.integers(-40 * 86_400, 40 * 86_400).map(lambda seconds: NOW + timedelta(seconds=seconds))
zones = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Nowhere/Atlantis", ""])


@given(summary=texts, address=texts, uid=texts, rule=texts)
def test_text_smuggles_nothing_in(summary: str, address: str, uid: str, rule: str) -> None:
    one = event(SELF, WITH_ANNA, {"email": address}, summary=summary, iCalUID="u" + uid, recurrence=[rule])
    try:
        lines = as_ics([one], OWN, ME).decode().replace("\r\n ", "").split("\r\n")
    except BrokenItem:
        return
    known = "BEGIN VERSION PRODID UID SEQUENCE DTSTART DTEND RRULE EXRULE RDATE EXDATE SUMMARY ORGANIZER ATTENDEE END"
    assert {line.partition(":")[0].partition(";")[0].upper() for line in lines if line} <= set(known.split())
    assert sum(line.startswith("ATTENDEE") for line in lines) <= 3


@given(start=moments, minutes=st.integers(1, 3000), zone=zones, calendar_zone=zones)
def test_a_single_event_is_when_google_says(start: datetime, minutes: int, zone: str, calendar_zone: str) -> None:
    end = start + timedelta(minutes=minutes)
    one = event(SELF, WITH_ANNA) | {
        "start": {"dateTime": start.isoformat(), "timeZone": zone},
        "end": {"dateTime": end.isoformat()},
    }
    found = read(one, calendar=Calendar(ME, ME, zone=calendar_zone, primary=True))
    assert [(m.start, m.end, m.original) for m in found.meetings] == [(start, end, start)]


@given(st.lists(st.sampled_from([ANNA, BORIS, STRANGER, ANNA.upper(), "x", ""]), max_size=4))
def test_nobody_known_is_overlooked(addresses: list[str]) -> None:
    one = event(SELF, *({"email": a} for a in addresses))
    assert concerns(one, KNOWN) >= bool(read(one).meetings)


def test_whole_days_of_a_series_are_no_exceptions() -> None:
    days: dict[str, Any] = {"start": {"date": "2026-10-13"}, "end": {"date": "2026-10-14"}}
    master = event(SELF, WITH_ANNA, **days, recurrence=["RRULE:FREQ=WEEKLY;COUNT=3"])
    week: dict[str, Any] = {
        "start": {"date": "2026-10-20"},
        "end": {"date": "2026-10-21"},
        "originalStartTime": {"date": "2026-10-20"},
    }
    one = event(SELF, WITH_ANNA, id="one_20261020", recurringEventId="one", **week)
    assert not differs(one, master, OWN, ME)
    assert len(read(master).meetings) == 3


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["email", "date", "x"]), inner),
    max_leaves=5,
)
FIELDS = (
    "attendees organizer creator start end originalStartTime recurrence extendedProperties eventType sequence".split()
)


@given(st.dictionaries(st.sampled_from(FIELDS), anything, min_size=1))
def test_an_event_of_another_form_breaks_itself_alone(odd: dict[str, Any]) -> None:
    one = event(SELF, WITH_ANNA, **odd)
    concerns(one, KNOWN)
    is_ours(one)
    try:
        read(one)
        differs(one, WEEKLY, OWN, ME)
    except BrokenItem:
        pass
