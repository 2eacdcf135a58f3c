"""Calendars over Graph: windows, series told in parts, zones, and what "removed" means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connectors.microsoft import events, moments
from daemon.core.errors import BrokenItem
from daemon.core.model import EventItem, Meeting, Position, Stream, Window
from tests.contract.reading import Seen, read
from tests.contract.rig import ME
from tests.contract.rig_graph import GraphRig
from tests.contract.samples import ANNA, BORIS, KNOWN, NOW, STRANGER, WINDOW, event
from tests.doubles.graph import translate

DAY = timedelta(days=1)


def home(rig: GraphRig) -> Stream:
    source = rig.connection().calendar
    assert source is not None
    return source.streams()[0]


def go(rig: GraphRig, since: Position = Position(), window: Window = WINDOW) -> Seen:  # noqa: B008
    source = rig.connection().calendar
    assert source is not None
    return read(source.pages(home(rig), since, KNOWN, window), since)


def meetings(seen: Seen) -> list[Meeting]:
    last = {item.item_id: item for item in seen.items if isinstance(item, EventItem)}
    return sorted((m for item in last.values() for m in item.meetings), key=lambda m: (m.start, m.uid))


def later(days: int) -> Window:
    return Window(WINDOW.start + days * DAY, WINDOW.end + days * DAY)


# -- windows -------------------------------------------------------------------------------------------


def test_the_window_goes_on_for_weeks_on_one_link(rig: GraphRig) -> None:
    rig.add_event(event("one"))
    first = go(rig)
    asked = rig.double.calls["GET calendars/{id}/calendarView/delta"]
    second = go(rig, first.position, later(20))
    assert not second.items and not second.full and second.position == first.position
    assert rig.double.calls["GET calendars/{id}/calendarView/delta"] == asked + 1


def test_then_a_new_round_is_made_and_what_left_the_window_is_asked_about(rig: GraphRig) -> None:
    rig.add_event(event("early", WINDOW.start + DAY))
    rig.add_event(event("ahead", WINDOW.end + 10 * DAY))
    gone = rig.add_event(event("deleted"))
    first = go(rig)
    known = {item.item_id: item.uid for item in first.items if isinstance(item, EventItem)}
    assert set(known.values()) == {"early", "deleted"}
    rig.delete_event(gone)
    second = go(rig, first.position, later(40))
    assert second.full and {m.uid for m in meetings(second)} == {"ahead"}
    missing = sorted(set(known) - second.listed)
    source = rig.connection().calendar
    assert source is not None
    assert {known[i] for i in source.gone(home(rig), missing)} == {"deleted"}, "leaving the window is no cancellation"


def test_moved_out_of_the_window_is_told_empty_and_not_gone(rig: GraphRig) -> None:
    handle = rig.add_event(event("one"))
    first = go(rig)
    rig.change_event(handle, event("one", WINDOW.end + 30 * DAY))
    second = go(rig, first.position)
    assert not second.gone and not meetings(second)
    assert [item.item_id for item in second.items if isinstance(item, EventItem)] == [handle]


def test_a_delta_that_repeats_itself(rig: GraphRig) -> None:
    rig.double.replay = True
    handles = [rig.add_event(event(f"e{n}", NOW - n * DAY)) for n in range(4)]
    first = go(rig)
    rig.change_event(handles[0], event("e0", NOW - 20 * DAY))
    second = go(rig, first.position)
    assert ("e0", NOW - 20 * DAY) in {(m.uid, m.start) for m in meetings(second)}
    assert not go(rig, second.position).items


# -- series --------------------------------------------------------------------------------------------


def test_who_is_invited_to_a_series_later_is_at_each_instance(rig: GraphRig) -> None:
    start = NOW - 14 * DAY
    handle = rig.add_event(event("weekly", start, "RRULE:FREQ=WEEKLY;COUNT=4", attendee=STRANGER))
    first = go(rig)
    assert not meetings(first)
    rig.change_event(handle, event("weekly", start, "RRULE:FREQ=WEEKLY;COUNT=4", attendee=ANNA))
    second = go(rig, first.position)
    assert [m.start for m in meetings(second)] == [start + n * 7 * DAY for n in range(4)]
    assert {m.uid for m in meetings(second)} == {"weekly"} and all(m.recurring for m in meetings(second))


def test_a_series_that_is_deleted_takes_its_instances_along(rig: GraphRig) -> None:
    handle = rig.add_event(event("weekly", NOW - 14 * DAY, "RRULE:FREQ=WEEKLY;COUNT=4"))
    rig.add_event(event("other"))
    first = go(rig)
    rig.delete_event(handle)
    second = go(rig, first.position)
    known = {item.item_id for item in first.items if isinstance(item, EventItem)}
    assert len(known & second.gone) == 4 and not second.items


def test_series_are_asked_for_once_a_pass(rig: GraphRig) -> None:
    rig.add_event(event("daily", NOW - 20 * DAY, "RRULE:FREQ=DAILY;COUNT=15"))
    assert len(meetings(go(rig))) == 15
    assert rig.double.calls["GET calendars/{id}/events/{id}"] == 0, "the master came with the first page"


def test_two_calendars_and_one_of_them_chosen(rig: GraphRig) -> None:
    from tests.doubles.graph.mailbox import Folder

    rig.box.calendars["Birthdays"] = Folder("AAMkbirthdays=", "Birthdays", kind="read-only")
    rig.box.add_event(event("there"), "Birthdays")
    source = rig.connection().calendar
    assert source is not None
    assert [s.label for s in source.streams()] == ["Calendar", "Birthdays"]
    only = rig.person.connection(calendars=["birthdays"]).calendar
    assert only is not None
    (stream,) = only.streams()
    assert {m.uid for m in meetings(read(only.pages(stream, Position(), KNOWN, WINDOW)))} == {"there"}
    assert len(source.busy(WINDOW)) == 1, "the user is taken, whatever is read"


def test_what_a_colleague_shares_is_not_the_users_own(rig: GraphRig) -> None:
    from tests.doubles.graph.mailbox import Folder

    rig.box.calendars["Boris"] = Folder("AAMkboris=", "Boris", parent="Boris@Example.org", kind="read-only")
    rig.box.add_event(event("theirs"), "Boris")
    source = rig.connection().calendar
    assert source is not None
    assert [s.label for s in source.streams()] == ["Calendar"] and not source.busy(WINDOW)
    named = rig.person.connection(calendars=["Boris"]).calendar
    assert named is not None and [s.label for s in named.streams()] == ["Boris"]


# -- one event -----------------------------------------------------------------------------------------


def told(**values: object) -> dict[str, object]:
    """An event as Graph tells it."""
    (made,) = translate.events_of(event("one"))
    return {"id": "x", **made, **values}


def one(**values: object) -> Meeting:
    (meeting,) = events.read(told(**values), KNOWN, WINDOW, "Europe/Berlin").meetings
    return meeting


@pytest.mark.parametrize(
    ("zone", "wall", "utc"),
    [
        ("UTC", "2026-11-16T09:00:00.0000000", 9),
        ("W. Europe Standard Time", "2026-11-16T10:00:00.0000000", 9),
        ("Russian Standard Time", "2026-11-16T12:00:00.0000000", 9),
        ("Europe/Berlin", "2026-11-16T10:00:00.0000000", 9),
        ("tzone://Microsoft/Utc", "2026-11-16T09:00:00.0000000", 9),
        ("", "2026-11-16T09:00:00.0000000", 9),
    ],
)
def test_a_start_in_each_kind_of_zone(zone: str, wall: str, utc: int) -> None:
    assert moments.instant({"dateTime": wall, "timeZone": zone}) == datetime(2026, 11, 16, utc, tzinfo=UTC)


@pytest.mark.parametrize("zone", ["tzone://Microsoft/Custom", "Nowhere Standard Time"])
def test_a_zone_nobody_knows_is_not_taken_for_utc(zone: str) -> None:
    with pytest.raises(BrokenItem, match="time zone"):
        moments.instant({"dateTime": "2026-11-16T09:00:00", "timeZone": zone})
    with pytest.raises(BrokenItem):
        one(start={"dateTime": "yesterday", "timeZone": "UTC"})


@pytest.mark.parametrize("zone", ["tzone://Microsoft/Custom", "W. Europe Standard Time", None])
def test_the_zone_an_event_was_made_in_decides_nothing_about_its_moment(zone: str | None) -> None:
    assert one(originalStartTimeZone=zone).start == NOW - 2 * DAY


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "Europe/Moscow", "America/New_York", "UTC", "Asia/Katmandu", "Europe/Vaduz"]
)
def test_a_moment_goes_out_and_comes_back(zone: str) -> None:
    at = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
    written = moments.date_time(at, zone)
    assert "/" not in written["timeZone"], "Graph does not take every IANA name"
    assert moments.instant(written) == at


@pytest.mark.parametrize(
    ("start", "zone"),
    [("2026-11-16T00:00:00", "W. Europe Standard Time"), ("2026-11-15T23:00:00", "W. Europe Standard Time"),
     ("2026-11-16T05:00:00", "Eastern Standard Time"), ("2026-11-15T21:00:00", "tzone://Microsoft/Custom"),
     ("2026-11-15T11:00:00", "New Zealand Standard Time")],
)  # fmt: skip
def test_whole_days_are_days_wherever_they_were_made(start: str, zone: str) -> None:
    at = {"dateTime": start, "timeZone": "UTC"}
    end = {"dateTime": (datetime.fromisoformat(start) + DAY).isoformat(), "timeZone": "UTC"}
    meeting = one(isAllDay=True, start=at, end=end, originalStartTimeZone=zone, originalEndTimeZone=zone)
    midnight = datetime(2026, 11, 15, 23, tzinfo=UTC)  # of the 16th in Berlin
    assert (meeting.start, meeting.end, meeting.all_day) == (midnight, midnight + DAY, True)


def test_an_exception_keeps_its_original_start() -> None:
    moved = one(type="exception", seriesMasterId="m", originalStart="2026-11-15T09:00:00Z")
    assert (moved.original, moved.start) == (datetime(2026, 11, 15, 9, tzinfo=UTC), NOW - 2 * DAY)
    assert moved.recurring


def test_uids_of_instances_are_those_of_their_series() -> None:
    series = "040000008200E00074C5B7101A82E008" + "00000000" + "D0A1B2C3D4E5F601" + "0" * 24
    instance = series[:32] + "07EA0B10" + series[40:]
    assert events.uid_of({"iCalUId": instance}) == series == events.uid_of({"iCalUId": series})
    assert events.uid_of({"iCalUId": "one@example.org"}) == "one@example.org"


def test_rooms_are_no_people_and_the_users_answer_is_their_own() -> None:
    people = [
        {"type": "resource", "status": {"response": "accepted"}, "emailAddress": {"address": BORIS}},
        {"type": "required", "status": {"response": "declined"}, "emailAddress": {"address": ANNA}},
        {"type": "optional", "status": {"response": "none"}, "emailAddress": {"name": "A list"}},
    ]
    meeting = one(attendees=people, responseStatus={"response": "tentativelyAccepted"}, organizer=None)
    assert [a.address for a in meeting.attendees] == [ANNA] and meeting.people == 3
    assert meeting.answer.value == "tentative" and meeting.organiser == ""
    assert one(organizer={"emailAddress": {"address": ME}}).organiser == ME


@pytest.mark.parametrize(
    ("values", "taken"),
    [
        ({}, True),
        ({"showAs": "free"}, False),
        ({"showAs": "workingElsewhere"}, False),
        ({"showAs": "tentative"}, True),
        ({"showAs": "oof"}, True),
        ({"isCancelled": True}, False),
        ({"responseStatus": {"response": "declined"}}, False),
        ({"isAllDay": True, "showAs": "tentative"}, False),
        ({"isAllDay": True, "showAs": "oof"}, True),
        ({"transactionId": "0" * 32}, False),
    ],
)
def test_what_takes_the_users_time(values: dict[str, object], taken: bool) -> None:
    assert events.busy(told(**values)) is taken


# -- contacts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("1974-07-22", "1974-07-22"),
        ("1974-07-22T11:59:00Z", "1974-07-22"),
        ("1604-02-29T11:59:00Z", "--02-29"),
        ("1974-07-21T22:00:00Z", "1974-07-22"),
        ("0001-01-01T00:00:00Z", ""),
        (None, ""),
        ("soon", ""),
    ],
)
def test_birthdays_are_days(value: str | None, day: str) -> None:
    assert moments.birthday(value) == day
