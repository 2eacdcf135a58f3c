"""Series, exceptions, whole days and time zones, from what a server says of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import DAILY, MONTHLY, WEEKLY, YEARLY, rrule  # type: ignore[import-untyped]
from lxml import etree

from connectors.exchange import events
from daemon.core.errors import BrokenItem
from daemon.core.model import Answer, EventItem, Meeting, Position, Window
from daemon.formats import ics
from tests.contract.reading import read
from tests.contract.rig import ME
from tests.contract.rig_exchange import ExchangeRig
from tests.contract.samples import ANNA, KNOWN, NOW, WINDOW, event, exception, reminder
from tests.doubles.ews import people
from tests.doubles.ews.mailbox import Item
from tests.doubles.ews.server import Ews
from tests.doubles.ews.xml import TYPES, make

BERLIN = ZoneInfo("Europe/Berlin")
WIDE = Window(datetime(2024, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC))


def element(start: datetime, *more: Any, hours: float = 1, zone: str = "W. Europe Standard Time", **texts: str) -> Any:
    """A calendar item's element as GetItem gives it, Anna invited."""
    said = {
        "Subject": "Coffee",
        "UID": "one",
        "Start": people.stamp(start),
        "End": people.stamp(start + timedelta(hours=hours)),
        "IsAllDayEvent": "false",
        "LegacyFreeBusyStatus": "Busy",
        "IsMeeting": "true",
        "MyResponseType": "Accept",
        **texts,
    }
    attendee = make("t:Attendee", make("t:Mailbox", make("t:EmailAddress", ANNA)), make("t:ResponseType", "Accept"))
    return make(
        "t:CalendarItem",
        make("t:ItemId", Id="id", ChangeKey="ck"),
        *(make(f"t:{name}", text) for name, text in said.items()),
        make("t:RequiredAttendees", attendee),
        *more,
        make("t:StartTimeZone", Id=zone) if zone else None,
    )


def meetings(item: Any, exceptions: dict[str, Any] | None = None, window: Window = WIDE) -> list[Meeting]:
    raw = events.calendar(item, exceptions or {}, ME, "Europe/Berlin")
    return sorted(ics.read("id", raw, KNOWN, window, "Europe/Berlin").meetings, key=lambda m: m.start)


def series(
    pattern: str, end: str = "<t:NoEndRecurrence><t:StartDate>2026-01-01</t:StartDate></t:NoEndRecurrence>"
) -> Any:
    return etree.fromstring(
        f'<t:Recurrence xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types">{pattern}{end}</t:Recurrence>'
    )


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=BERLIN)  # type: ignore[misc,arg-type]


WEEKLY_PATTERN = (
    "<t:WeeklyRecurrence><t:Interval>{n}</t:Interval><t:DaysOfWeek>{days}</t:DaysOfWeek>"
    "<t:FirstDayOfWeek>Monday</t:FirstDayOfWeek></t:WeeklyRecurrence>"
)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("<t:DailyRecurrence><t:Interval>3</t:Interval></t:DailyRecurrence>", {"freq": DAILY, "interval": 3}),
        (WEEKLY_PATTERN.format(n=2, days="Tuesday Thursday"), {"freq": WEEKLY, "interval": 2, "byweekday": (1, 3)}),
        (WEEKLY_PATTERN.format(n=1, days="Weekday"), {"freq": WEEKLY, "byweekday": (0, 1, 2, 3, 4)}),
        (
            "<t:AbsoluteMonthlyRecurrence><t:Interval>1</t:Interval><t:DayOfMonth>31</t:DayOfMonth>"
            "</t:AbsoluteMonthlyRecurrence>",
            {"freq": MONTHLY, "bymonthday": -1},  # the last day, where there is no 31st
        ),
        (
            "<t:RelativeMonthlyRecurrence><t:Interval>2</t:Interval><t:DaysOfWeek>Weekday</t:DaysOfWeek>"
            "<t:DayOfWeekIndex>Last</t:DayOfWeekIndex></t:RelativeMonthlyRecurrence>",
            {"freq": MONTHLY, "interval": 2, "byweekday": (0, 1, 2, 3, 4), "bysetpos": -1},
        ),
        (
            "<t:AbsoluteYearlyRecurrence><t:DayOfMonth>29</t:DayOfMonth><t:Month>February</t:Month>"
            "</t:AbsoluteYearlyRecurrence>",
            {"freq": YEARLY, "bymonth": 2, "bymonthday": -1},
        ),
        (
            "<t:RelativeYearlyRecurrence><t:DaysOfWeek>Thursday</t:DaysOfWeek><t:DayOfWeekIndex>Third"
            "</t:DayOfWeekIndex><t:Month>November</t:Month></t:RelativeYearlyRecurrence>",
            {"freq": YEARLY, "bymonth": 11, "byweekday": 3, "bysetpos": 3},
        ),
    ],
)
def test_every_pattern_gives_the_days_it_says(pattern: str, expected: dict[str, Any]) -> None:
    first = next(iter(rrule(dtstart=datetime(2024, 1, 2, 9, 30), count=1, **expected)))  # noqa: DTZ001 - wall times
    found = meetings(element(first.replace(tzinfo=BERLIN), series(pattern)))
    wanted = [d.replace(tzinfo=BERLIN) for d in rrule(dtstart=first, until=datetime(2028, 1, 1), **expected)]  # noqa: DTZ001
    assert [m.start for m in found] == [d.astimezone(UTC) for d in wanted]
    assert {m.start.astimezone(BERLIN).strftime("%H:%M") for m in found} == {"09:30"}, "summer and winter"
    assert all(m.recurring and m.original == m.start for m in found)


def test_an_end_date_is_a_day_where_the_series_is() -> None:
    end = (
        "<t:EndDateRecurrence><t:StartDate>2026-01-05</t:StartDate><t:EndDate>2026-01-19Z</t:EndDate>"
        "</t:EndDateRecurrence>"
    )
    mondays = WEEKLY_PATTERN.format(n=1, days="Monday")
    late = element(local(2026, 1, 5, 23, 30), series(mondays, end))
    assert [m.start.astimezone(BERLIN).day for m in meetings(late)] == [5, 12, 19]
    numbered = (
        "<t:NumberedRecurrence><t:StartDate>2026-01-05</t:StartDate>"
        "<t:NumberOfOccurrences>3</t:NumberOfOccurrences></t:NumberedRecurrence>"
    )
    assert (
        len(meetings(element(local(2026, 1, 5, 9), series(WEEKLY_PATTERN.format(n=1, days="Monday"), numbered)))) == 3
    )


def test_moved_cancelled_and_deleted_instances_keep_their_original_start() -> None:
    start = local(2026, 3, 16, 9)  # the clocks change on 29 March
    weeks = [start + timedelta(weeks=n) for n in range(5)]
    moved = element(weeks[1] + timedelta(days=1), zone="")
    off = element(weeks[2], zone="", IsCancelled="true")

    def info(id_: str, original: datetime, at: datetime) -> Any:
        return make(
            "t:Occurrence",
            make("t:ItemId", Id=id_),
            make("t:Start", people.stamp(at)),
            make("t:End", people.stamp(at + timedelta(hours=1))),
            make("t:OriginalStart", people.stamp(original)),
        )

    item = element(
        start,
        series(WEEKLY_PATTERN.format(n=1, days="Monday")),
        make("t:ModifiedOccurrences", info("x", weeks[1], weeks[1] + timedelta(days=1)), info("y", weeks[2], weeks[2])),
        make("t:DeletedOccurrences", make("t:DeletedOccurrence", make("t:Start", people.stamp(weeks[3])))),
    )
    window = Window(start.astimezone(UTC), weeks[4].astimezone(UTC) + timedelta(hours=2))
    found = {m.original.astimezone(BERLIN): m for m in meetings(item, {"x": moved, "y": off}, window)}
    assert set(found) == {weeks[0], weeks[1], weeks[2], weeks[4]}
    assert found[weeks[1]].start.astimezone(BERLIN) == weeks[1] + timedelta(days=1)
    assert [original for original, m in found.items() if m.cancelled] == [weeks[2]]
    assert events.exceptions_of(item, window.start) == ["x", "y"]
    assert events.exceptions_of(item, window.start + timedelta(days=900)) == []


def test_a_cancelled_meeting_by_either_sign() -> None:
    assert [m.cancelled for m in meetings(element(NOW, IsCancelled="true"))] == [True]
    assert [m.cancelled for m in meetings(element(NOW, AppointmentState="7"))] == [True]
    assert [m.cancelled for m in meetings(element(NOW, AppointmentState="3"))] == [False]


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("Accept", Answer.ACCEPTED),
        ("Organizer", Answer.ACCEPTED),
        ("Decline", Answer.DECLINED),
        ("Tentative", Answer.TENTATIVE),
        ("NoResponseReceived", Answer.NONE),
        ("Unknown", Answer.NONE),
    ],
)
def test_the_user_s_own_answer(said: str, answer: Answer) -> None:
    (found,) = meetings(element(NOW, MyResponseType=said))
    assert found.answer is answer
    assert {a.address: a.answer for a in found.attendees} == {ANNA: Answer.ACCEPTED}


def test_people_without_an_address_of_the_internet_are_counted() -> None:
    item = element(NOW)
    for name in ("Viktor", "Olga", "Olga"):
        mailbox = make("t:Mailbox", make("t:Name", name), make("t:EmailAddress", f"/o=Example/cn={name}"))
        item.find("{*}RequiredAttendees").append(make("t:Attendee", mailbox, make("t:ResponseType", "Unknown")))
    (found,) = meetings(item)
    assert found.people == 4  # the user, Anna, Viktor, Olga
    assert [a.address for a in found.attendees] == [ANNA]


# -- whole days and zones -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("windows", "zone"),
    [
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("Russian Standard Time", "Europe/Moscow"),
        ("New Zealand Standard Time", "Pacific/Auckland"),
        ("Hawaiian Standard Time", "Pacific/Honolulu"),
        ("tzone://Microsoft/Utc", "UTC"),
    ],
)
def test_whole_days_are_the_days_where_they_were_entered(windows: str, zone: str) -> None:
    midnight = datetime(2026, 3, 29, tzinfo=ZoneInfo(zone))
    until = datetime(2026, 3, 31, tzinfo=ZoneInfo(zone))
    item = element(midnight, zone=windows, IsAllDayEvent="true", End=people.stamp(until))
    (found,) = meetings(item)
    assert found.all_day
    assert found.start.astimezone(BERLIN).date() == midnight.date()
    assert found.end.astimezone(BERLIN).date() == until.date()


def test_a_series_in_every_windows_zone_stays_at_its_hour() -> None:
    from exchangelib.winzone import CLDR_TO_MS_TIMEZONE_MAP

    tried = 0
    for zone, (windows, territory) in sorted(CLDR_TO_MS_TIMEZONE_MAP.items()):
        if territory != "001":
            continue
        try:
            start = datetime(2026, 1, 7, 10, 15, tzinfo=ZoneInfo(zone))
        except (KeyError, ValueError):
            continue
        found = meetings(element(start, series(WEEKLY_PATTERN.format(n=1, days="Wednesday")), zone=windows))
        walls = {m.start.astimezone(ZoneInfo(zone)).strftime("%a %H:%M") for m in found if m.start.year == 2026}
        assert walls == {"Wed 10:15"}, (zone, windows, walls)
        tried += 1
    assert tried > 100


CUSTOM = f"""<t:StartTimeZone xmlns:t="{TYPES}" Id="Customized Time Zone" Name="Customized Time Zone"><t:Periods>
<t:Period Bias="-PT1H30M" Name="Standard" Id="std"/><t:Period Bias="-PT2H30M" Name="Daylight" Id="dlt"/></t:Periods>
<t:TransitionsGroups><t:TransitionsGroup Id="0">
<t:RecurringDayTransition><t:To Kind="Period">dlt</t:To><t:TimeOffset>PT2H</t:TimeOffset><t:Month>3</t:Month>
<t:DayOfWeek>Sunday</t:DayOfWeek><t:Occurrence>-1</t:Occurrence></t:RecurringDayTransition>
<t:RecurringDayTransition><t:To Kind="Period">std</t:To><t:TimeOffset>PT3H</t:TimeOffset><t:Month>10</t:Month>
<t:DayOfWeek>Sunday</t:DayOfWeek><t:Occurrence>-1</t:Occurrence></t:RecurringDayTransition>
</t:TransitionsGroup></t:TransitionsGroups>
<t:Transitions><t:Transition><t:To Kind="Group">0</t:To></t:Transition></t:Transitions></t:StartTimeZone>"""


def test_a_zone_the_server_defines_word_for_word() -> None:
    winter = datetime(2026, 1, 5, 9, 0, tzinfo=UTC) - timedelta(minutes=90)
    item = element(winter, series(WEEKLY_PATTERN.format(n=1, days="Monday")), zone="")
    item.append(etree.fromstring(CUSTOM))
    found = {m.start.date().isoformat(): m.start.strftime("%H:%M") for m in meetings(item) if m.start.year == 2026}
    assert found["2026-01-05"] == "07:30" and found["2026-03-23"] == "07:30"
    assert found["2026-03-30"] == "06:30" and found["2026-07-06"] == "06:30" and found["2026-10-19"] == "06:30"
    assert found["2026-10-26"] == "07:30"


def test_a_zone_nobody_knows_is_said_and_never_guessed() -> None:
    for zone in ("Middle of Nowhere Time", "Customized Time Zone", ""):
        with pytest.raises(BrokenItem):
            meetings(element(NOW, series(WEEKLY_PATTERN.format(n=1, days="Monday")), zone=zone))
    (single,) = meetings(element(NOW, zone="Middle of Nowhere Time"))
    assert single.start == NOW, "a single event says its moment itself"


def test_a_recurrence_nobody_knows_is_said() -> None:
    for pattern in (
        "<t:LunarRecurrence><t:Interval>1</t:Interval></t:LunarRecurrence>",
        WEEKLY_PATTERN.format(n=1, days="Caturday"),
        "<t:AbsoluteMonthlyRecurrence><t:Interval>1</t:Interval><t:DayOfMonth>0</t:DayOfMonth></t:AbsoluteMonthlyRecurrence>",
    ):
        with pytest.raises(BrokenItem):
            meetings(element(NOW, series(pattern)))


@pytest.mark.parametrize("zone", ["Europe/Moscow", "America/New_York", "Asia/Kolkata", "Antarctica/Troll", "UTC", ""])
def test_a_reminder_is_at_its_moment_in_every_zone(rig: ExchangeRig, zone: str) -> None:
    from dataclasses import replace

    target = rig.connection().reminders
    assert target is not None
    made = target.create(replace(reminder(), zone=zone))
    assert (made.start, made.end) == (reminder().start, reminder().end)
    (item,) = [i for _, i in rig.box.items()]
    written = item.props["StartTimeZone"].get("Id")
    assert written == {
        "Europe/Moscow": "Russian Standard Time",
        "America/New_York": "Eastern Standard Time",
        "Asia/Kolkata": "India Standard Time",
    }.get(zone, written)


# -- free time ------------------------------------------------------------------------------------


def test_free_time_of_a_crowded_calendar_is_asked_in_smaller_views(rig: ExchangeRig, ews: Ews) -> None:
    source = rig.connection().calendar
    assert source is not None
    start = NOW.replace(hour=0)
    for number in range(1100):
        item = Item("CalendarItem")
        item.put("UID", str(number))
        item.put("Start", people.stamp(start + timedelta(hours=number)))
        item.put("End", people.stamp(start + timedelta(hours=number, minutes=60)))
        item.put("LegacyFreeBusyStatus", "Busy")
        rig.box.distinguished("calendar").add(item)
    window = Window(start, start + timedelta(days=60))
    assert list(source.busy(window)) == [Window(start, start + timedelta(hours=1100))]
    assert ews.calls["FindItem"] > 3
    assert list(source.busy(Window(start, start + timedelta(days=1500)))) == [
        Window(start, start + timedelta(hours=1100))
    ]


def test_the_whole_life_of_a_series_through_the_server(rig: ExchangeRig) -> None:
    start = NOW - timedelta(days=20)
    moved = exception("series", start + timedelta(days=7), start + timedelta(days=8))
    rig.add_event(event("series", start, "RRULE:FREQ=WEEKLY;COUNT=9", more=moved))
    source = rig.connection().calendar
    assert source is not None
    stream = source.streams()[0]
    (item,) = read(source.pages(stream, Position(), KNOWN, WINDOW)).items
    assert isinstance(item, EventItem) and item.master
    again = ics.expand(item.master, KNOWN, Window(WINDOW.start + timedelta(days=1), WINDOW.end + timedelta(days=1)))
    assert len(again) == 9


def _weekly_with_one_moved(rig: ExchangeRig, week: int) -> tuple[datetime, EventItem, Item]:
    """A series through the server: the moment its moved instance is at now, the item, and the instance's own."""
    start = NOW - timedelta(days=20)
    original = start + timedelta(weeks=week)
    moved = original + timedelta(days=2, hours=1)
    rig.add_event(event("series", start, "RRULE:FREQ=WEEKLY", more=exception("series", original, moved)))
    source = rig.connection().calendar
    assert source is not None
    apart = next(i for _, i in rig.box.items() if i.text("CalendarItemType") == "Exception")
    if week < 9:
        apart.corrupt = True
    (item,) = read(source.pages(source.streams()[0], Position(), KNOWN, WINDOW)).items
    assert isinstance(item, EventItem)
    return moved, item, apart


def test_an_instance_moved_beyond_the_window_is_moved_when_the_window_comes_to_it(rig: ExchangeRig) -> None:
    moved, item, _ = _weekly_with_one_moved(rig, 40)
    later = timedelta(days=240)
    seen = ics.expand(item.master, KNOWN, Window(WINDOW.start + later, WINDOW.end + later))
    assert moved in {m.start for m in seen}
    assert moved - timedelta(days=2, hours=1) not in {m.start for m in seen}


def test_a_moved_instance_the_server_cannot_give_is_where_the_series_says(rig: ExchangeRig) -> None:
    moved, item, _ = _weekly_with_one_moved(rig, 1)
    assert moved in {m.start for m in item.meetings}
    assert moved - timedelta(days=2, hours=1) not in {m.start for m in item.meetings}
