"""Calendars read from Google: by token, series whole, nothing missed as tokens and pages run out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors.google.calendar import merged
from connectors.google.own import DESCRIPTION
from daemon.core.errors import CursorExpired, NeedsUser, Refused
from daemon.core.model import EventItem, Meeting, Position, Stream, Window
from daemon.core.ports import CalendarSource
from daemon.formats import ics
from tests.contract.reading import Seen, read
from tests.contract.rig import ME
from tests.contract.samples import ANNA, BORIS, KNOWN, NOW, STRANGER, WINDOW, reminder
from tests.doubles.google import GoogleDouble
from tests.doubles.google.diary import Calendars
from tests.google.signed_in import SignedIn

WEEK, DAY, HOUR = timedelta(weeks=1), timedelta(days=1), timedelta(hours=1)
FIRST = datetime(2026, 10, 13, 8, tzinfo=UTC)
HOME = Stream(ME, ME)
NONE = Position()


def source(signed_in: SignedIn) -> CalendarSource:
    found = signed_in.connection().calendar
    assert found is not None
    return found


def go(
    signed_in: SignedIn,
    since: Position = NONE,
    *,
    stream: Stream = HOME,
    stop: int | None = None,
    window: Window = WINDOW,
) -> Seen:
    return read(source(signed_in).pages(stream, since, KNOWN, window), since, stop)


def items(*passes: Seen) -> dict[str, EventItem]:
    """The last word on each item."""
    return {i.item_id: i for seen in passes for i in seen.items if isinstance(i, EventItem)}


def meetings(*passes: Seen) -> list[Meeting]:
    gone = set[str]()
    for seen in passes:
        gone = (gone | seen.gone) - seen.listed
    held = [m for name, item in items(*passes).items() if name not in gone for m in item.meetings]
    return sorted(held, key=lambda m: (m.start, m.uid))


def told(at: datetime, zone: str = "Europe/Berlin") -> dict[str, str]:
    return {"dateTime": at.astimezone(ZoneInfo(zone)).isoformat(), "timeZone": zone}


def event(at: datetime = NOW - 2 * DAY, *people: str, **more: Any) -> dict[str, Any]:
    everybody = (ME, *(people or (ANNA,)))
    return {
        "summary": "Coffee",
        "start": told(at),
        "end": told(at + HOUR),
        "organizer": {"email": ME},
        "attendees": [{"email": p, "responseStatus": "accepted"} for p in everybody],
        **more,
    }


def weekly(*people: str, count: str = ";COUNT=8", **more: Any) -> dict[str, Any]:
    return event(FIRST, *people, recurrence=[f"RRULE:FREQ=WEEKLY{count}"], **more)


def nth(number: int) -> datetime:
    """The start of an instance of the weekly series: at ten in Berlin, summer and winter."""
    local = FIRST.astimezone(ZoneInfo("Europe/Berlin")).replace(tzinfo=None) + number * WEEK
    return local.replace(tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)


@pytest.fixture
def paged(google: GoogleDouble, tmp_path: Path) -> Iterator[SignedIn]:
    """Two items on a page."""
    made = SignedIn(google, tmp_path, page=2)
    yield made
    made.close()


@pytest.fixture
def diary(google: GoogleDouble) -> Calendars:
    return google.account(ME).calendar


# -- a series' life -------------------------------------------------------------------------------------


def test_a_series_is_one_item_with_what_can_be_expanded_later(signed_in: SignedIn, diary: Calendars) -> None:
    name = diary.add(weekly(count=""))
    seen = go(signed_in)
    assert list(items(seen)) == [name]
    assert [m.original for m in meetings(seen)][:8] == [nth(n) for n in range(8)]
    again = go(signed_in, seen.position)
    assert not again.items, "a token never tells what came within reach"
    later = Window(WINDOW.end, WINDOW.end + 60 * DAY)
    coming = ics.expand(items(seen)[name].master, KNOWN, later, "Europe/Berlin")
    assert 8 <= len(coming) <= 9
    assert all(m.attendees for m in coming)


def test_a_series_through_its_life(signed_in: SignedIn, diary: Calendars) -> None:
    name = diary.add(weekly())
    seen = [go(signed_in)]

    def step() -> dict[datetime, Meeting]:
        seen.append(go(signed_in, seen[-1].position))
        assert not seen[-1].full
        return {m.original: m for m in meetings(*seen)}

    diary.except_instance(name, nth(1), start=told(nth(1) + DAY), end=told(nth(1) + DAY + HOUR))
    assert step()[nth(1)].start == nth(1) + DAY

    diary.cancel_instance(name, nth(3))
    now = step()
    assert now[nth(3)].cancelled
    assert now[nth(1)].start == nth(1) + DAY, "what was known of another instance is not lost"
    assert len(now) == 8

    diary.except_instance(name, nth(5), attendees=[{"email": ME}, {"email": STRANGER}])
    now = step()
    assert nth(5) not in now
    assert now[nth(3)].cancelled

    diary.change(name, summary="Tea")
    now = step()
    assert {m.subject for m in now.values() if m.original in (nth(0), nth(6))} == {"Tea"}
    assert now[nth(1)].start == nth(1) + DAY

    diary.delete(name)
    seen.append(go(signed_in, seen[-1].position))
    assert name in seen[-1].gone
    assert not meetings(*seen)


def test_somebody_known_in_one_instance_only(paged: SignedIn, diary: Calendars) -> None:
    for number in range(3):
        diary.add(event(NOW - DAY, STRANGER, summary=f"filler {number}"))
    name = diary.add(weekly(STRANGER))
    other = diary.add(weekly(STRANGER))
    for number in range(3):
        diary.add(event(NOW - DAY, STRANGER, summary=f"more filler {number}"))
    diary.except_instance(name, nth(2), attendees=[{"email": ME}, {"email": ANNA}])
    seen = go(paged)
    assert [m.original for m in meetings(seen)] == [nth(2)]
    assert items(seen)[name].master
    assert not items(seen)[other].master


def test_an_exception_listed_before_its_series_survives_a_stop_in_between(paged: SignedIn, diary: Calendars) -> None:
    name = diary.add(weekly(STRANGER))
    diary.except_instance(name, nth(2), attendees=[{"email": ME}, {"email": ANNA}])
    diary.add(event(NOW - DAY, STRANGER))
    diary.change(name, summary="listed last by now")
    first = go(paged, stop=1)
    assert first.position.progress
    second = go(paged, first.position)
    assert [m.original for m in meetings(first, second)] == [nth(2)]
    assert name in first.listed | second.listed


def test_asked_to_single_instances_of_somebody_elses_series(signed_in: SignedIn, diary: Calendars) -> None:
    name = diary.add(weekly())
    kept, later = diary.except_instance(name, nth(2)), diary.except_instance(name, nth(6))
    shelf = diary.primary
    del shelf.events[name], shelf.changed[name]  # the series itself was never ours
    seen = go(signed_in)
    assert [(m.original, m.recurring) for m in meetings(seen)] == [(nth(2), True), (nth(6), True)]
    assert {kept, later} <= seen.listed
    assert source(signed_in).gone(HOME, [kept, later]) == frozenset()
    diary.primary.store({**diary.primary.events[later], "status": "cancelled"})
    second = go(signed_in, seen.position)
    assert later in second.gone
    assert [m.original for m in meetings(seen, second)] == [nth(2)]


def test_the_exceptions_of_a_time_still_out_of_reach_are_kept(signed_in: SignedIn, diary: Calendars) -> None:
    name = diary.add(weekly(count=""))
    beyond = next(nth(n) for n in range(100) if nth(n) > WINDOW.end + 20 * DAY)
    diary.cancel_instance(name, beyond)
    master = items(go(signed_in))[name].master
    found = ics.expand(master, KNOWN, Window(beyond - HOUR, beyond + HOUR), "Europe/Berlin")
    assert [m.cancelled for m in found] == [True]


# -- tokens and pages -----------------------------------------------------------------------------------


def test_an_answer_is_told_by_token(signed_in: SignedIn, diary: Calendars) -> None:
    name = diary.add(event())
    seen = go(signed_in)
    diary.change(name, attendees=[{"email": ME, "self": True, "responseStatus": "declined"}, {"email": ANNA}])
    (found,) = meetings(seen, go(signed_in, seen.position))
    assert found.answer == "declined"


def test_a_token_goes_without_any_filter(paged: SignedIn, diary: Calendars, google: GoogleDouble) -> None:
    for number in range(5):
        diary.add(event(NOW - number * DAY))
    seen = go(paged)
    for number in range(5):
        diary.add(event(NOW - number * DAY))
    google.traffic.clear()
    again = go(paged, seen.position)
    assert len(again.pages) > 1
    asked = [arguments for method, arguments, _ in google.traffic if method == "calendar.events.list"]
    assert asked
    for arguments in asked:
        assert "syncToken" in arguments
        assert not {"timeMin", "timeMax", "q", "showDeleted", "orderBy", "updatedMin"} & set(arguments)


def test_nothing_that_is_long_over_is_listed(signed_in: SignedIn, diary: Calendars) -> None:
    diary.add(event(WINDOW.start - 400 * DAY))
    ended = diary.add(event(WINDOW.start - 400 * DAY, recurrence=["RRULE:FREQ=DAILY;COUNT=5"]))
    running = diary.add(event(WINDOW.start - 400 * DAY, recurrence=["RRULE:FREQ=WEEKLY"]))
    near = diary.add(event())
    seen = go(signed_in)
    assert seen.listed == {near, running}
    assert ended not in seen.listed


def test_an_empty_page_is_not_the_last(signed_in: SignedIn, diary: Calendars) -> None:
    diary.add(event())
    diary.empty_first_page = True
    seen = go(signed_in)
    assert len(seen.pages) == 2
    assert len(meetings(seen)) == 1


def test_a_token_that_expires_between_two_pages(paged: SignedIn, diary: Calendars) -> None:
    names = [diary.add(event(NOW - number * DAY)) for number in range(5)]
    for first in (go(paged, stop=1), None):
        position = first.position if first else go(paged).position
        if not first:
            for name in names:
                diary.change(name, summary="Tea")
            position = go(paged, position, stop=1).position
        assert position.progress
        diary.expire()
        with pytest.raises(CursorExpired):
            next(iter(source(paged).pages(HOME, position, KNOWN, WINDOW)))
    again = go(paged)
    assert again.full
    assert len(meetings(again)) == 5


def test_the_page_expires_under_our_hands(paged: SignedIn, diary: Calendars) -> None:
    for number in range(5):
        diary.add(event(NOW - number * DAY))
    pages = iter(source(paged).pages(HOME, NONE, KNOWN, WINDOW))
    next(pages)
    diary.expire()
    with pytest.raises(CursorExpired):
        next(pages)


def test_a_position_that_is_none(signed_in: SignedIn) -> None:
    for position in (Position("", "no json"), Position("sync-1.0", "[]"), Position("other")):
        with pytest.raises(CursorExpired):
            next(iter(source(signed_in).pages(HOME, position, KNOWN, WINDOW)))


def test_nothing_new_is_one_question(signed_in: SignedIn, diary: Calendars, google: GoogleDouble) -> None:
    for number in range(30):
        diary.add(event(NOW - number * DAY))
    connection = signed_in.connection().calendar
    assert connection is not None
    seen = read(connection.pages(HOME, NONE, KNOWN, WINDOW))
    google.calls.clear()
    assert not list(connection.pages(HOME, seen.position, KNOWN, WINDOW))
    assert dict(google.calls) == {"calendar.events.list": 1}


def test_strangers_series_cost_no_further_question_in_a_full_pass(
    signed_in: SignedIn, diary: Calendars, google: GoogleDouble
) -> None:
    for _ in range(10):
        diary.add(weekly(STRANGER))
    diary.add(weekly(ANNA))
    go(signed_in)
    assert google.calls["calendar.events.instances"] == 1
    assert google.calls["calendar.events.get"] == 0


# -- absence --------------------------------------------------------------------------------------------


def test_gone_is_what_was_deleted_or_is_not_there(signed_in: SignedIn, diary: Calendars) -> None:
    names = [diary.add(event(NOW - number * DAY)) for number in range(4)]
    diary.delete(names[1])
    diary.delete(names[2])
    diary.purge(names[2])
    assert source(signed_in).gone(HOME, names) == {names[1], names[2]}


def test_what_a_meeting_is_about_is_never_asked_for(
    signed_in: SignedIn, diary: Calendars, google: GoogleDouble
) -> None:
    name = diary.add(weekly(ANNA))
    position = go(signed_in).position
    diary.except_instance(name, nth(2), summary="told apart")
    go(signed_in, position)
    source(signed_in).gone(HOME, [name])
    asked = [arguments for method, arguments, _ in google.traffic if method.startswith("calendar.events.")]
    assert len(asked) >= 4
    assert not [a for a in asked if not a.get("fields") or "description" in a["fields"] or "location" in a["fields"]]


def test_many_are_asked_about_at_little_cost(signed_in: SignedIn, diary: Calendars, google: GoogleDouble) -> None:
    names = [diary.add(event(NOW - number * HOUR)) for number in range(60)]
    diary.delete(names[7])
    assert source(signed_in).gone(HOME, names) == {names[7]}
    assert google.calls["calendar.events.get"] == 1


# -- several calendars ----------------------------------------------------------------------------------


def test_all_the_users_own_calendars_and_nobody_elses(signed_in: SignedIn, diary: Calendars) -> None:
    team = diary.add_calendar("Team")
    diary.add_calendar("Boss", role="writer")
    diary.add_calendar("Holidays", role="reader")
    diary.add_calendar("Colleague", role="freeBusyReader")
    reminders = signed_in.connection().reminders
    assert reminders is not None
    reminders.create(reminder())
    assert [s.name for s in source(signed_in).streams()] == [ME, team.id]
    diary.add(event(), team)
    assert len(meetings(go(signed_in, stream=Stream(team.id, "Team")))) == 1


@pytest.mark.parametrize("name", ["team", "TEAM", "c1@group.calendar.google.com"])
def test_the_chosen_ones(google: GoogleDouble, tmp_path: Path, name: str) -> None:
    chosen = SignedIn(google, tmp_path, calendars=[name, "primary"])
    diary = chosen.person.calendar
    team = diary.add_calendar("Team", role="reader")
    diary.add_calendar("Other")
    assert {s.name for s in source(chosen).streams()} == {ME, team.id}
    chosen.close()


def test_a_chosen_one_that_is_not_there_or_not_to_be_read(google: GoogleDouble, tmp_path: Path) -> None:
    chosen = SignedIn(google, tmp_path, calendars=["Team"])
    with pytest.raises(NeedsUser, match="no calendar called 'Team'"):
        source(chosen).streams()
    chosen.person.calendar.add_calendar("Team", role="freeBusyReader")
    with pytest.raises(NeedsUser, match="only free and busy"):
        source(chosen).streams()
    chosen.close()


def test_a_calendar_removed_is_no_stream_and_takes_nothing_back(signed_in: SignedIn, diary: Calendars) -> None:
    team = diary.add_calendar("Team")
    diary.add(event(), team)
    stream = Stream(team.id, "Team")
    seen = go(signed_in, stream=stream)
    diary.remove_calendar(team.id)
    assert [s.name for s in source(signed_in).streams()] == [ME]
    with pytest.raises(Refused):
        go(signed_in, seen.position, stream=stream)
    with pytest.raises(Refused):
        source(signed_in).gone(stream, list(items(seen)))


def test_the_same_meeting_in_two_calendars_is_one_by_its_identity(signed_in: SignedIn, diary: Calendars) -> None:
    team = diary.add_calendar("Team")
    diary.add(event(iCalUID="same@google.com"), team)
    diary.add(event(iCalUID="same@google.com"))
    found = [meetings(go(signed_in, stream=Stream(name, name)))[0] for name in (ME, team.id)]
    assert len({(m.uid, m.original) for m in found}) == 1


# -- free time ------------------------------------------------------------------------------------------


def test_busy_is_asked_for_in_pieces_google_takes(signed_in: SignedIn, diary: Calendars) -> None:
    for _ in range(60):
        diary.add_calendar("one more")
    diary.add_calendar("Colleague", role="reader")
    start = NOW + DAY
    diary.add(event(start))
    diary.add(event(start + 100 * DAY, ANNA), diary.add_calendar("last"))
    diary.add(event(start + 2 * HOUR, transparency="transparent"))
    window = Window(NOW, NOW + 150 * DAY)
    assert list(source(signed_in).busy(window)) == [
        Window(start, start + HOUR),
        Window(start + 100 * DAY, start + 100 * DAY + HOUR),
    ]


def test_a_meeting_over_the_end_of_a_piece_is_one(signed_in: SignedIn, diary: Calendars) -> None:
    edge = NOW + 60 * DAY
    diary.add(event(edge - HOUR, end=told(edge + HOUR)))
    assert list(source(signed_in).busy(Window(NOW, NOW + 90 * DAY))) == [Window(edge - HOUR, edge + HOUR)]


def test_somebody_elses_calendar_takes_no_time_of_mine(signed_in: SignedIn, diary: Calendars) -> None:
    diary.add(event(NOW + DAY, BORIS), diary.add_calendar("Boss", role="writer"))
    assert list(source(signed_in).busy(Window(NOW, NOW + 5 * DAY))) == []


def test_a_reminder_of_ours_takes_no_time_even_where_the_user_made_it_busy(
    signed_in: SignedIn, diary: Calendars
) -> None:
    ours = diary.add_calendar("kith", by_app=True)
    ours.description = DESCRIPTION
    diary.add(event(NOW + DAY), ours)
    assert list(source(signed_in).busy(Window(NOW, NOW + 5 * DAY))) == []


def test_spans_are_merged_and_ascending() -> None:
    spans = [Window(NOW + DAY, NOW + 2 * DAY), Window(NOW, NOW + HOUR), Window(NOW + HOUR, NOW + 2 * HOUR)]
    assert merged(spans) == [Window(NOW, NOW + 2 * HOUR), Window(NOW + DAY, NOW + 2 * DAY)]
    assert merged([]) == []
