"""Every calendar is read alike: instances, exceptions, cancellations; absence is a question."""

from __future__ import annotations

from datetime import timedelta

import pytest

from daemon.core.errors import CursorExpired
from daemon.core.model import Answer, EventItem, Meeting, Position, Stream, Window
from daemon.core.ports import CalendarSource
from tests.contract.reading import Seen, read, stopping_anywhere
from tests.contract.rig import CALENDAR, ME, Rig
from tests.contract.samples import ANNA, KNOWN, NOW, STRANGER, WINDOW, event, exception, reminder, stamp

CAPABILITY = CALENDAR


def source(rig: Rig) -> CalendarSource:
    found = rig.connection().calendar
    assert found is not None
    return found


def home(rig: Rig) -> Stream:
    """The calendar the rig's events are in: the only one with anything in it."""
    streams = source(rig).streams()
    for stream in streams:
        if read(source(rig).pages(stream, Position(), KNOWN, WINDOW)).listed:
            return stream
    return streams[0]


def go(
    rig: Rig,
    stream: Stream,
    since: Position = Position(),  # noqa: B008
    stop_after: int | None = None,
    window: Window = WINDOW,
) -> Seen:
    return read(source(rig).pages(stream, since, KNOWN, window), since, stop_after)


def meetings(seen: Seen) -> list[Meeting]:
    """The instances as the last word on each item leaves them."""
    last = {item.item_id: item for item in seen.items if isinstance(item, EventItem)}
    return sorted((m for item in last.values() for m in item.meetings), key=lambda m: (m.start, m.uid))


def uids(seen: Seen) -> set[str]:
    return {item.uid for item in seen.items if isinstance(item, EventItem) and item.meetings}


def fill(rig: Rig, count: int = 8) -> list[str]:
    return [rig.add_event(event(f"e{n}", NOW - timedelta(days=n + 1))) for n in range(count)]


ALL = {f"e{n}" for n in range(8)}


# -- what an event says -------------------------------------------------------------------------------


def test_the_facts_of_a_meeting(rig: Rig) -> None:
    start = NOW - timedelta(days=2)
    rig.add_event(event("one", start, "SUMMARY:Кофе", f"ATTENDEE;PARTSTAT=DECLINED:mailto:{STRANGER}"))
    (found,) = meetings(go(rig, home(rig)))
    assert found.uid == "one"
    assert (found.start, found.end, found.original) == (start, start + timedelta(hours=1), start)
    assert found.subject == "Кофе"
    assert found.organiser == ME
    assert {a.address: a.answer for a in found.attendees}[ANNA] is Answer.ACCEPTED
    assert STRANGER not in {a.address for a in found.attendees}
    assert found.people == 3
    assert found.answer is Answer.ACCEPTED
    assert not (found.all_day or found.cancelled or found.recurring)


def test_events_with_nobody_known_are_not_told(rig: Rig) -> None:
    rig.add_event(event("strangers", attendee=STRANGER))
    rig.add_event(event("alone", attendee=""))
    rig.add_event(event("known"))
    stream = home(rig)
    seen = go(rig, stream)
    assert {m.uid for m in meetings(seen)} == {"known"}
    assert not any(item.master for item in seen.items if isinstance(item, EventItem) and not item.meetings)
    assert len(seen.listed) == 3


def test_only_instances_inside_the_window(rig: Rig) -> None:
    rig.add_event(event("old", NOW - timedelta(days=400)))
    rig.add_event(event("far", NOW + timedelta(days=400)))
    rig.add_event(event("near"))
    assert {m.uid for m in meetings(go(rig, home(rig)))} == {"near"}


def test_a_series_with_an_exception_and_a_cancelled_instance(rig: Rig) -> None:
    first = NOW - timedelta(days=21)
    weeks = [first + timedelta(weeks=n) for n in range(6)]
    rig.add_event(
        event(
            "series",
            first,
            "RRULE:FREQ=WEEKLY;COUNT=6",
            f"EXDATE:{stamp(weeks[2])}",
            more=exception("series", weeks[1], weeks[1] + timedelta(days=1))
            + exception("series", weeks[4], weeks[4], "STATUS:CANCELLED"),
        )
    )
    found = meetings(go(rig, home(rig)))
    by_original = {m.original: m for m in found}
    assert {m.uid for m in found} == {"series"}
    live = {original for original, m in by_original.items() if not m.cancelled}
    assert live == {weeks[0], weeks[1], weeks[3], weeks[5]}
    assert by_original[weeks[1]].start == weeks[1] + timedelta(days=1)
    assert weeks[4] not in by_original or by_original[weeks[4]].cancelled
    assert all(m.recurring for m in found)


def test_a_series_without_end_stays_inside_the_window(rig: Rig) -> None:
    rig.add_event(event("daily", NOW - timedelta(days=300), "RRULE:FREQ=DAILY"))
    found = meetings(go(rig, home(rig)))
    assert 100 < len(found) <= 122
    assert all(WINDOW.overlaps(m.start, m.end) for m in found)


def test_a_cancelled_meeting_says_so(rig: Rig) -> None:
    handle = rig.add_event(event("one"))
    stream = home(rig)
    first = go(rig, stream)
    rig.change_event(handle, event("one", NOW - timedelta(days=2), "STATUS:CANCELLED", "SEQUENCE:1"))
    second = go(rig, stream, first.position)
    assert [m.cancelled for m in meetings(second)] == [True] or second.gone


def test_a_moved_meeting_has_its_new_time(rig: Rig) -> None:
    handle = rig.add_event(event("one"))
    rig.add_event(event("two"))
    stream = home(rig)
    first = go(rig, stream)
    rig.change_event(handle, event("one", NOW - timedelta(days=1), "SEQUENCE:1"))
    second = go(rig, stream, first.position)
    assert [(m.uid, m.start) for m in meetings(second)] == [("one", NOW - timedelta(days=1))]


def test_a_meeting_whose_people_left_is_told_empty(rig: Rig) -> None:
    handle = rig.add_event(event("one"))
    stream = home(rig)
    first = go(rig, stream)
    (item,) = (i for i in first.items if isinstance(i, EventItem))
    rig.change_event(handle, event("one", attendee=STRANGER))
    second = go(rig, stream, first.position)
    assert item.item_id in second.listed
    assert not meetings(second)


def test_one_broken_event_never_blocks_the_next(rig: Rig) -> None:
    rig.add_event(event("one"))
    rig.add_broken_event()
    rig.add_event(event("two"))
    stream = home(rig)
    seen = go(rig, stream)
    assert uids(seen) == {"one", "two"}
    assert len(seen.broken) == 1 and seen.broken[0].item_id and seen.broken[0].reason
    assert not go(rig, stream, seen.position).items


# -- passes and positions -----------------------------------------------------------------------------


def test_streams_are_stable(rig: Rig) -> None:
    rig.add_event(event("one"))
    before = list(source(rig).streams())
    rig.fresh_connection()
    assert before and list(source(rig).streams()) == before


def test_stopped_after_any_page_nothing_is_skipped(rig: Rig) -> None:
    fill(rig)
    stream = home(rig)
    pages = 0
    for before, after, bare in stopping_anywhere(lambda since: source(rig).pages(stream, since, KNOWN, WINDOW)):
        pages += 1
        assert uids(before) | uids(after) == ALL
        assert uids(before) | uids(bare) == ALL, "the cursor alone was ahead of what was read"
        assert not after.position.progress
    assert pages > 1 or "calendar" in rig.whole


def test_what_changes_while_a_pass_is_stopped_is_read(rig: Rig) -> None:
    handles = fill(rig)
    stream = home(rig)
    first = go(rig, stream, stop_after=1)
    rig.add_event(event("late"))
    rig.change_event(handles[0], event("e0", NOW - timedelta(days=30)))
    rig.change_event(handles[7], event("e7", NOW - timedelta(days=31)))
    second = go(rig, stream, first.position)
    third = go(rig, stream, second.position)
    assert uids(first) | uids(second) | uids(third) == {*ALL, "late"}
    starts: dict[str, object] = {}
    for seen in (first, second, third):
        for item in seen.items:
            if isinstance(item, EventItem) and item.meetings:
                starts[item.uid] = item.meetings[0].start
    assert (starts["e0"], starts["e7"]) == (NOW - timedelta(days=30), NOW - timedelta(days=31))


def test_nothing_new_is_nothing(rig: Rig) -> None:
    fill(rig)
    stream = home(rig)
    first = go(rig, stream)
    second = go(rig, stream, first.position)
    assert not second.items and not second.gone and second.position == first.position
    rig.fresh_connection()
    assert go(rig, stream, first.position).position == first.position


def test_only_what_is_new_the_second_time(rig: Rig) -> None:
    fill(rig)
    stream = home(rig)
    first = go(rig, stream)
    rig.add_event(event("new"))
    second = go(rig, stream, first.position)
    assert uids(second) == {"new"} and not second.gone and not second.full


def test_an_expired_cursor_means_a_full_pass(rig: Rig) -> None:
    fill(rig)
    stream = home(rig)
    position = rig.expire_calendar_cursor(stream.name, go(rig, stream).position)
    with pytest.raises(CursorExpired):
        next(iter(source(rig).pages(stream, position, KNOWN, WINDOW)))
    again = go(rig, stream)
    assert again.full and uids(again) == ALL and len(again.listed) == len(ALL)


# -- absence is a question ----------------------------------------------------------------------------


def test_a_deleted_event_is_gone_and_only_it(rig: Rig) -> None:
    handles = fill(rig, 4)
    stream = home(rig)
    first = go(rig, stream)
    known = {item.item_id: item.uid for item in first.items if isinstance(item, EventItem)}
    rig.delete_event(handles[1])
    second = go(rig, stream, first.position)
    gone = set(second.gone)
    if second.full:
        gone |= source(rig).gone(stream, sorted(set(known) - second.listed))
    assert {known[item] for item in gone} == {"e1"}
    assert not uids(second) & {"e1"}


def test_gone_is_answered_item_by_item(rig: Rig) -> None:
    handles = fill(rig, 4)
    stream = home(rig)
    known = {item.item_id: item.uid for item in go(rig, stream).items if isinstance(item, EventItem)}
    assert source(rig).gone(stream, list(known)) == frozenset()
    rig.delete_event(handles[2])
    assert {known[item] for item in source(rig).gone(stream, list(known))} == {"e2"}
    assert source(rig).gone(stream, []) == frozenset()


def test_what_was_deleted_while_the_cursor_expired_is_found_by_asking(rig: Rig) -> None:
    handles = fill(rig, 4)
    stream = home(rig)
    first = go(rig, stream)
    known = {item.item_id: item.uid for item in first.items if isinstance(item, EventItem)}
    rig.delete_event(handles[3])
    again = go(rig, stream)
    assert again.full
    missing = sorted(set(known) - again.listed)
    assert {known[item] for item in missing} == {"e3"}
    assert source(rig).gone(stream, missing) == frozenset(missing)


# -- reminders and free time --------------------------------------------------------------------------


def test_our_own_reminders_are_marked(rig: Rig) -> None:
    connection = rig.connection()
    if connection.reminders is None:
        return  # this provider's calendars are only read
    connection.reminders.create(reminder())
    found = [
        item
        for stream in source(rig).streams()
        for item in go(rig, stream).items
        if isinstance(item, EventItem) and item.uid == reminder().uid
    ]
    assert all(item.ours for item in found)
    assert not any(item.meetings for item in found)


def test_busy_is_what_is_shown_as_busy(rig: Rig) -> None:
    day = NOW + timedelta(days=3)
    rig.add_event(event("one", day, attendee=""))
    rig.add_event(event("two", day + timedelta(minutes=30), attendee=""))
    rig.add_event(event("free", day + timedelta(hours=5), "TRANSP:TRANSPARENT", attendee=""))
    rig.add_event(event("off", day + timedelta(hours=7), "STATUS:CANCELLED", attendee=""))
    rig.add_event(event("weekly", day - timedelta(days=14) + timedelta(hours=9), "RRULE:FREQ=WEEKLY", attendee=""))
    reminders = rig.connection().reminders
    if reminders is not None:
        reminders.create(reminder(start=day + timedelta(hours=3)))
    window = Window(day - timedelta(hours=2), day + timedelta(hours=12))
    assert list(source(rig).busy(window)) == [
        Window(day, day + timedelta(minutes=90)),
        Window(day + timedelta(hours=9), day + timedelta(hours=10)),
    ]


def test_busy_of_an_empty_calendar(rig: Rig) -> None:
    assert list(source(rig).busy(WINDOW)) == []
