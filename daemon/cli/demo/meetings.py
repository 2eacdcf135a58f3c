"""The sample person's calendar: meetings held and to come, and what is none, on days relative to today."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vCalAddress, vText

from daemon.cli.demo.people import BY_UID, ME, MY_ADDRESSES, ZONE


@dataclass(frozen=True, slots=True)
class SampleMeeting:
    """One event. ``declined_by`` and ``cancelled`` say why it was not held."""

    uid: str
    summary: str
    day: date
    hour: int
    hours: float = 1.0
    people: tuple[str, ...] = ()
    guests: int = 0  # invited people nobody knows
    cancelled: bool = False
    declined_by: str = ""  # "me" or a person
    weekly: bool = False
    all_day: bool = False


def working_day(today: date, back: int) -> date:
    """The ``back``-th working day before ``today`` (after it, where negative)."""
    day, step = today, -1 if back > 0 else 1
    for _ in range(abs(back)):
        day += timedelta(days=step)
        while day.isoweekday() > 5:
            day += timedelta(days=step)
    return day


def coffee(now: datetime) -> datetime:
    """When the coffee with Laura began: the last working day's afternoon, never more than three days ago.

    From Monday noon on that would be too long ago for a letter of thanks: then it was this morning. ``now`` is in
    the sample person's zone.
    """
    day = now.date()
    this_morning = day.isoweekday() == 1 and now.hour >= 12
    when, hour = (day, 9) if this_morning else (working_day(day, 1), 15)
    return datetime(when.year, when.month, when.day, hour, tzinfo=now.tzinfo)


def meetings(now: datetime) -> tuple[SampleMeeting, ...]:
    """All of them. What counts lies on working days, whatever day ``now`` (in the sample person's zone) is."""
    today, met = now.date(), coffee(now)
    last_monday = today - timedelta(days=today.weekday())
    return (
        SampleMeeting("coffee", "Coffee with Laura", met.date(), met.hour, people=("laura",)),
        SampleMeeting("article", "Обсуждение статьи", working_day(today, 2), 11, people=("nikolai",)),
        SampleMeeting("lunch", "Lunch with Laura and Peter", working_day(today, 20), 13, people=("laura", "peter")),
        SampleMeeting("weekly", "Планёрка", last_monday - timedelta(weeks=8), 10, 0.5, ("dmitri",), weekly=True),
        SampleMeeting("called-off", "Call with Helen", working_day(today, 3), 16, people=("helen",), cancelled=True),
        SampleMeeting("no-time", "Interview with Tom", working_day(today, 4), 12, people=("tom",), declined_by="me"),
        SampleMeeting("she-cannot", "Звонок", working_day(today, 5), 17, people=("marina",), declined_by="marina"),
        SampleMeeting("panel", "Panel on calendars", working_day(today, 6), 14, 2.0, ("sam", "greta"), guests=20),
        SampleMeeting("planning", "Planning with Alex", working_day(today, -4), 14, people=("alex",)),
        SampleMeeting("trip", "Поездка", today - timedelta(days=12), 0, people=("anastasia",), all_day=True),
        SampleMeeting("dentist", "Dentist", working_day(today, -2), 9),
    )  # fmt: skip


def written(meeting: SampleMeeting, today: date) -> bytes:
    """The .ics file, one event in it, as vdirsyncer keeps them."""
    zone = ZoneInfo(ZONE)
    calendar = Calendar()
    calendar.add("prodid", "-//example.org//sample calendar//EN")
    calendar.add("version", "2.0")
    event = Event()
    event.add("uid", f"demo-{meeting.uid}@example.org")
    event.add("dtstamp", datetime(meeting.day.year, meeting.day.month, meeting.day.day, 8, tzinfo=ZoneInfo("UTC")))
    event.add("summary", meeting.summary)
    if meeting.all_day:
        event.add("dtstart", meeting.day)
        event.add("dtend", meeting.day + timedelta(days=2))
    else:
        start = datetime(meeting.day.year, meeting.day.month, meeting.day.day, meeting.hour, tzinfo=zone)
        event.add("dtstart", start)
        event.add("dtend", start + timedelta(hours=meeting.hours))
    if meeting.weekly:
        event.add("rrule", {"freq": "weekly", "count": 11})  # eight held, three to come
    if meeting.cancelled:
        event.add("status", "CANCELLED")
    for attendee in _attendees(meeting):
        event.add("attendee", attendee)
    if meeting.people:
        organiser = vCalAddress(f"mailto:{MY_ADDRESSES[0]}")
        organiser.params["CN"] = vText(ME)
        event["organizer"] = organiser
    calendar.add_component(event)
    if not meeting.all_day:
        calendar.add_missing_timezones(first_date=date(today.year - 2, 1, 1), last_date=date(today.year + 2, 1, 1))
    return bytes(calendar.to_ical())


def _attendees(meeting: SampleMeeting) -> Iterator[vCalAddress]:
    if not meeting.people:
        return
    guests = [(f"guest{n}@example.net", f"Guest {n}", "") for n in range(1, meeting.guests + 1)]
    known = [(BY_UID[uid].address, BY_UID[uid].name, uid) for uid in meeting.people]
    for address, name, uid in [(MY_ADDRESSES[0], ME, "me"), *known, *guests]:
        attendee = vCalAddress(f"mailto:{address}")
        attendee.params["CN"] = vText(name)
        attendee.params["PARTSTAT"] = vText("DECLINED" if uid and uid == meeting.declined_by else "ACCEPTED")
        yield attendee
