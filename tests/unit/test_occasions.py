"""core.occasions, core.own_news, core.one_letter: which letters there is a reason for, and when no more."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.config.holidays import shipped
from daemon.core.cadence import LastContact
from daemon.core.desired import desired
from daemon.core.holidays import Holiday
from daemon.core.one_letter import STRENGTH, Choice, one_letter
from daemon.core.plan import Row
from daemon.core.policy import Quiet, ReminderRules
from daemon.core.reasons import Noted, OwnNews, Trip, Yearly
from daemon.core.resolve import Resolved
from daemon.core.states import EDITED, OPEN, SUPERSEDED, WRITTEN
from daemon.core.verdict import Caps
from daemon.core.wants import (
    CHECK_IN,
    CONGRATULATIONS,
    DRAFT,
    NEWS,
    REMINDER,
    THANKS,
    UPDATE,
    VISIT,
    Met,
    Part,
    Person,
    UpdateNews,
    Want,
    World,
)

DAY = timedelta(days=1)
ZONE = "Europe/Berlin"
NOW = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)  # a Wednesday
TODAY = NOW.date()
POLICY = Resolved(30 * DAY, "default", frozenset({THANKS, CONGRATULATIONS, UPDATE}), frozenset({"outbound"}), Caps())
WORLD = World(zone=ZONE, rules=ReminderRules(), enabled_since=NOW - 60 * DAY)


def person(**facts: object) -> Person:
    base = Person(
        contact_id=1,
        uid="uid1",
        name="Anna Example",
        circles=("mentor",),
        tier="",
        state="",
        policy=POLICY,
        reset_at=NOW - DAY,
        last=LastContact(outbound=NOW - 20 * DAY),
        kept_since=NOW - 100 * DAY,
        speaks="en",
    )
    return replace(base, **facts)  # type: ignore[arg-type]


def letters(who: Person, world: World = WORLD, now: datetime = NOW) -> list[Want]:
    return [w for w in desired([who], world, now) if w.kind == DRAFT]


def noted(kind: str, day: date = TODAY, at: datetime = NOW, title: str = "") -> Noted:
    return Noted(kind, f"{kind}:{day}", day, at, title, "kith note")


def wrote(at: datetime) -> LastContact:
    return LastContact(outbound=at)


def test_a_birthday_without_a_letter_is_reminded_of_on_the_day_itself() -> None:
    soon = TODAY + timedelta(days=5)
    mute = person(birthday=f"--{soon:%m-%d}", speaks="")
    (want,) = (w for w in desired([mute], WORLD, NOW) if w.purpose == CONGRATULATIONS)
    assert (want.kind, want.occasion_date, WORLD.day(want.due)) == (REMINDER, soon, soon)
    assert desired([mute], WORLD, want.due + timedelta(hours=9))[-1].key == want.key, "and it is the same one then"
    far = person(birthday=f"--{TODAY + timedelta(days=9):%m-%d}", speaks="")
    assert not [w for w in desired([far], WORLD, NOW) if w.purpose == CONGRATULATIONS]
    assert letters(replace(mute, speaks="en")) == [], "a letter lies there on its day"


# -- meetings ----------------------------------------------------------------------------------------


def met(hours_ago: float = 5, **more: object) -> Met:
    base = Met("m1", NOW - timedelta(hours=hours_ago), people=2, recurring=False, inside=False, source="home")
    return replace(base, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("meeting", "occasion"),
    [
        (met(), "meeting:m1"),
        (met(first=True), "first-meeting:m1"),
        (met(interview=True), "interview:m1"),
        (met(interview=True, inside=True), "interview:m1"),  # with one's own organisation: only where marked
        (met(inside=True), None),
        (met(people=5), "meeting:m1"),
        (met(people=6), None),
        (met(recurring=True), None),
    ],
)
def test_what_kind_of_meeting_is_thanked_for(meeting: Met, occasion: str | None) -> None:
    assert [w.occasion for w in letters(person(met=(meeting,)))] == ([occasion] if occasion else [])


def test_of_several_meetings_the_interview_is_thanked_for() -> None:
    other = replace(met(2), identity="m2")
    (found,) = letters(person(met=(met(5, interview=True), other)))
    assert (found.period, found.source) == ("m1", "calendar of home")


def test_a_policy_that_asks_for_none_gets_none() -> None:
    everything = person(
        met=(met(),),
        noted=tuple(noted(kind) for kind in ("job", "achievement", "recommendation", "introduction")),
        birthday="--11-18",
        yearly=(Yearly("work", "2020-11-18", "hand"),),
        policy=replace(POLICY, drafts=frozenset()),
    )
    news = UpdateNews("2026-Q4", frozenset(), NOW, NOW + DAY, NOW, (Part(frozenset(), frozenset({"a"})),))
    assert letters(everything, replace(WORLD, news={"": news})) == []
    assert {w.purpose for w in letters(replace(everything, policy=POLICY), replace(WORLD, news={"": news}))} == {
        THANKS,
        CONGRATULATIONS,
        UPDATE,
    }


# -- noted -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["job", "achievement"])
def test_congratulations_on_what_was_noted_end_with_a_letter_or_three_days(kind: str) -> None:
    who = person(noted=(noted(kind, title="Head of Data"),))
    (found,) = letters(who)
    assert (found.purpose, found.occasion, found.source) == (CONGRATULATIONS, kind, "kith note")
    assert dict(found.details) == {"title": "Head of Data"}
    assert letters(who, now=NOW + 3 * DAY + timedelta(minutes=1)) == []
    assert letters(replace(who, last=wrote(NOW + timedelta(hours=1))), now=NOW + 2 * timedelta(hours=1)) == []
    assert letters(replace(who, last=wrote(NOW - timedelta(hours=1)))) != []  # written before anything was noted


def test_what_was_noted_late_counts_from_that_moment_and_of_the_future_from_its_day() -> None:
    late = person(noted=(noted("job", TODAY - 30 * DAY),))
    assert [w.occasion_date for w in letters(late)] == [TODAY - 30 * DAY]
    ahead = person(noted=(noted("job", TODAY + 2 * DAY),))
    assert letters(ahead) == []
    assert len(letters(ahead, now=NOW + 2 * DAY)) == 1


@pytest.mark.parametrize("kind", ["recommendation", "introduction"])
def test_who_helped_is_thanked_whenever_thanked_last(kind: str) -> None:
    who = person(noted=(noted(kind),), thanked=(("m0", NOW - 10 * DAY),))
    assert [w.purpose for w in letters(who)] == [THANKS]
    assert letters(who, now=NOW + 7 * DAY + timedelta(minutes=1)) == []


def test_after_a_conference_everybody_is_thanked_who_was_not_of_late() -> None:
    who = person(noted=(noted("event", TODAY, NOW - 9 * DAY, "PyCon"),))
    evening = datetime.combine(TODAY, time(18), ZoneInfo(ZONE))
    assert letters(who, now=evening - timedelta(minutes=1)) == []
    (found,) = letters(who, now=evening)
    assert found.reason == "you met at PyCon"
    own = replace(who, thanked=((found.period, evening),))
    assert [w.key for w in letters(own, now=evening + DAY)] == [found.key]  # its own letter does not end it
    assert letters(replace(who, thanked=(("m0", NOW - 10 * DAY),)), now=evening) == []


# -- days that come back -----------------------------------------------------------------------------


def test_years_are_counted_and_the_first_day_is_none() -> None:
    who = person(yearly=(Yearly("work", "2021-11-17", "hand"),))
    (found,) = letters(who)
    assert (found.occasion, found.period, found.reason) == ("work", "work:2026", "5 years at their work")
    assert (dict(found.details)["years"], found.source) == ("5", "a date you set")
    assert letters(person(yearly=(Yearly("work", "2026-11-17", "hand"),))) == []
    assert letters(person(yearly=(Yearly("work", "2027-11-17", "hand"),))) == []
    (unknown,) = letters(person(yearly=(Yearly("company", "--11-18", "vcard", "Acme"),)))
    assert (unknown.reason, dict(unknown.details)) == ("another year of Acme", {"company": "Acme"})


def test_a_conference_told_of_long_after_it_thanks_nobody() -> None:
    for days, made in ((0, 1), (30, 1), (31, 0), (300, 0)):
        assert (
            len(letters(person(noted=(noted("event", TODAY - days * DAY, title="PyCon"),)), now=NOW + DAY / 2)) == made
        )


def test_congratulations_are_begun_within_two_days_for_on_the_third_they_go() -> None:
    midnight = datetime(2026, 11, 18, tzinfo=ZoneInfo(ZONE))
    assert [w.create_until for w in letters(person(birthday="--11-18"))] == [midnight + 2 * DAY]
    assert [w.create_until for w in letters(person(noted=(noted("job"),)))] == [NOW + 2 * DAY]


def test_nobody_is_congratulated_on_a_birth_that_is_still_ahead() -> None:
    for born in ("2026-11-18", "2030-11-18"):
        assert letters(person(birthday=born)) == [], born
    assert len(letters(person(birthday="2025-11-18"))) == 1


@given(
    when=st.dates(date(1960, 1, 1), date(2019, 12, 31)),
    yearless=st.booleans(),
    zone=st.sampled_from(["Europe/Moscow", "Pacific/Auckland", "America/Los_Angeles", ""]),
    minutes=st.integers(0, 3 * 366 * 24 * 60),
    kind=st.sampled_from(["birthday", "work"]),
)
def test_a_yearly_letter_is_wanted_on_its_day_there_and_three_more_and_never_twice(
    when: date, yearless: bool, zone: str, minutes: int, kind: str
) -> None:
    text = f"--{when:%m-%d}" if yearless else when.isoformat()
    facts: dict[str, object] = {"birthday": text} if kind == "birthday" else {"yearly": (Yearly(kind, text, "hand"),)}
    who = person(zone=zone, last=LastContact(), **facts)
    now = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    world = replace(WORLD, enabled_since=datetime(2020, 1, 1, tzinfo=UTC))
    found = [w for w in desired([who], world, now) if w.purpose == CONGRATULATIONS]
    local = now.astimezone(ZoneInfo(zone or ZONE)).date()
    kept = []
    for year in (local.year - 1, local.year):
        try:
            day = date(year, when.month, when.day)
        except ValueError:
            day = date(year, 2, 28)
        if day <= local <= day + 3 * DAY:
            kept.append(day)
    assert [w.occasion_date for w in found] == kept
    assert [w.period for w in found] == [f"{kind}:{day.year}" for day in kept]


# -- holidays ----------------------------------------------------------------------------------------

PROGRAMMER = Holiday("programmer", "day 256", {"en": "Programmers' Day"}, ("software developer",), ("DE", "RU"))


@pytest.mark.parametrize(
    ("facts", "wanted"),
    [
        ({"profession": "Senior Software Developer", "country": "DE"}, True),
        ({"profession": "Software Sales Developer", "country": "DE"}, False),  # not these words in a row
        ({"profession": "Senior Software Developer", "country": ""}, False),
        ({"profession": "Senior Software Developer", "country": "FR"}, False),
        ({"profession": "", "country": "DE"}, False),
        ({"profession": "Software Developer", "country": "DE", "speaks": "ru"}, False),  # has no name in Russian
    ],
)
def test_a_holiday_is_of_a_known_profession_and_country_and_has_a_name_there(
    facts: dict[str, object], wanted: bool
) -> None:
    now = datetime(2026, 9, 13, 9, tzinfo=UTC)
    world = replace(WORLD, holidays=(PROGRAMMER,), enabled_since=now - DAY)
    who = person(last=LastContact(), **facts)
    found = [w for w in letters(who, world, now) if w.purpose == CONGRATULATIONS]
    assert [w.period for w in found] == (["holiday:programmer:2026"] if wanted else [])
    assert not [w for w in letters(who, replace(world, holidays=()), now) if w.purpose == CONGRATULATIONS]


def test_a_holiday_at_the_years_end_is_kept_into_the_next() -> None:
    eve = replace(PROGRAMMER, rule="31 december")
    now = datetime(2027, 1, 2, 9, tzinfo=UTC)
    found = letters(person(profession="software developer", country="DE"), replace(WORLD, holidays=(eve,)), now)
    assert [w.period for w in found] == ["holiday:programmer:2026"]


def test_hr_people_are_known_by_their_circle() -> None:
    assert shipped()["hr"].concerns("", ("hr",), "DE")
    assert not shipped()["hr"].concerns("", ("mentor",), "DE")


# -- the user's own ----------------------------------------------------------------------------------

TRIP = Trip("trip:kazan", ("Казань", "Kazan"), TODAY + 5 * DAY, TODAY + 8 * DAY, NOW - DAY)


def test_who_lives_there_is_told_of_a_visit_before_it() -> None:
    world = replace(WORLD, trips=(TRIP,))
    who = person(city="Kazan, RU")
    (found,) = letters(who, world)
    assert (found.purpose, dict(found.details)["place"]) == (VISIT, "Kazan")
    assert found.create_until == datetime(2026, 11, 24, tzinfo=ZoneInfo(ZONE))  # to the end of the first day there
    assert letters(person(city="Berlin"), world) == []
    assert letters(replace(who, last=wrote(NOW)), world, NOW + DAY) == []
    assert letters(replace(who, next_meeting=NOW + 6 * DAY), world) == []
    assert len(letters(replace(who, next_meeting=NOW + 9 * DAY), world)) == 1  # after it
    assert len(letters(replace(who, last=wrote(NOW - 36 * timedelta(hours=1))), world)) == 1  # before it was told of
    assert letters(who, replace(world, trips=(replace(TRIP, begins=TODAY + 40 * DAY, ends=TODAY + 41 * DAY),))) == []
    assert letters(who, world, NOW + 9 * DAY) == []


def test_new_york_is_not_york() -> None:
    world = replace(WORLD, trips=(replace(TRIP, cities=("York",)),))
    assert letters(person(city="New York"), world) == []
    assert letters(person(city="York"), world) != []


MOVE = OwnNews(
    "news:1",
    {"en": "I have moved to Sample Ltd."},
    NOW - DAY,
    old=frozenset({"old.example"}),
    new=frozenset({"sample"}),
    reach={"en": "New address."},
)


@pytest.mark.parametrize(
    ("belongs", "what"),
    [(set(), "change"), ({"old.example"}, "old-colleague"), ({"sample", "old.example"}, "new-colleague")],
)
def test_colleagues_are_told_in_words_of_their_own(belongs: set[str], what: str) -> None:
    (found,) = letters(person(belongs=frozenset(belongs)), replace(WORLD, own_news=(MOVE,)))
    assert (found.purpose, found.occasion) == (NEWS, f"{what}:news:1")
    assert dict(found.details) == {"news": "I have moved to Sample Ltd.", "reach": "New address."}


def test_news_are_told_to_the_circles_named_in_a_language_there_is_and_not_to_who_heard_them() -> None:
    world = replace(WORLD, own_news=(replace(MOVE, circles=frozenset({"mentor"})),))
    assert len(letters(person(), world)) == 1
    assert letters(person(circles=("partner",)), world) == []
    assert letters(person(speaks="ru"), world) == []
    assert NEWS not in {w.purpose for w in desired([person(speaks="")], world, NOW)}  # no reminder stands in for them
    assert letters(person(last=LastContact(meeting=NOW)), world) == []
    assert letters(person(), world, NOW + 30 * DAY) == []


# -- what holds for all of them ----------------------------------------------------------------------

facts_of_anybody = st.fixed_dictionaries(
    {
        "met": st.lists(st.builds(met, st.floats(0, 300), first=st.booleans(), interview=st.booleans()), max_size=2),
        "noted": st.lists(
            st.builds(
                noted,
                st.sampled_from(["job", "achievement", "recommendation", "introduction", "event"]),
                st.dates(TODAY - 10 * DAY, TODAY + 10 * DAY),
                st.datetimes(datetime(2026, 11, 1), datetime(2026, 11, 18), timezones=st.just(UTC)),  # noqa: DTZ001
            ),
            max_size=3,
            unique_by=lambda n: n.token,
        ),
        "birthday": st.sampled_from(["", "1985-11-17", "--11-18", "1984-02-29"]),
        "birthday_source": st.just("hand"),
        "yearly": st.sets(
            st.sampled_from([Yearly("work", "2020-11-16", "hand"), Yearly("company", "--11-18", "vcard")])
        ),
        "city": st.sampled_from(["", "Kazan"]),
        "speaks": st.sampled_from(["", "en"]),
        "reachable": st.booleans(),
        "state": st.sampled_from(["", "paused", "do-not-contact", "deceased"]),
    }
)


def anybody(facts: dict[str, object]) -> Person:
    return person(**{name: tuple(v) if isinstance(v, list | set) else v for name, v in facts.items()})


BUSY_WORLD = replace(WORLD, trips=(TRIP,), own_news=(MOVE,))


@given(facts_of_anybody)
def test_nothing_from_before_it_was_enabled_and_nothing_for_whoever_is_not_active(facts: dict[str, object]) -> None:
    who = anybody(facts)
    for since in (None, NOW + DAY):
        kinds = {w.purpose for w in desired([who], replace(BUSY_WORLD, enabled_since=since), NOW)}
        assert not kinds & {THANKS, CONGRATULATIONS, NEWS, VISIT}
    if who.state:
        assert desired([who], BUSY_WORLD, NOW) == []


@given(facts_of_anybody)
def test_every_letter_says_why_and_from_what_and_has_a_key_of_its_own(facts: dict[str, object]) -> None:
    found = [w for w in desired([anybody(facts)], BUSY_WORLD, NOW) if w.purpose in {p for p, _ in STRENGTH}]
    assert all(w.reason for w in found)
    assert all(w.source for w in found)
    assert len({w.key for w in found}) == len(found)
    assert all(w.kind == (DRAFT if facts["reachable"] and facts["speaks"] else REMINDER) for w in found)


@given(facts_of_anybody, st.integers(0, 12))
def test_a_letter_of_the_users_ends_every_reason_that_was_there_before_it(facts: dict[str, object], days: int) -> None:
    who = replace(anybody(facts), last=wrote(NOW))
    for w in desired([who], WORLD, NOW + days * DAY):
        if w.purpose in (THANKS, CONGRATULATIONS):
            assert w.due > NOW


# -- one letter a day --------------------------------------------------------------------------------


def want(purpose: str, occasion: str = "", *, who: int = 1, due: datetime = NOW, until: datetime | None = None) -> Want:
    name = f"{who}/{purpose}/{occasion}"
    return Want(name, DRAFT, purpose, who, occasion or "p", due, "r", create_until=until, occasion=occasion)


def row(of: Want, state: str = WRITTEN, made: datetime = NOW - timedelta(hours=2)) -> Row:
    return Row(of.key, DRAFT, of.purpose, of.contact_id, of.period, state, created_at=made, occasion=of.occasion)


BIRTHDAY = want(CONGRATULATIONS, "birthday")
WORK = want(CONGRATULATIONS, "work")
MEETING = want(THANKS, "meeting:x")
NEWS_OF_Q = want(UPDATE, "2026-Q4")
HELLO = want(CHECK_IN)


def choose(wants: list[Want], rows: list[Row], now: datetime = NOW) -> tuple[set[str], set[str], set[str]]:
    """Closed, withdrawn, aside."""
    found = one_letter(wants, rows, held=(), world=WORLD, now=now)
    assert all(w.state == SUPERSEDED for w in found.withdrawn)
    return {s.want.key for s in found.closed}, {w.row.key for w in found.withdrawn}, set(found.aside)


def test_two_reasons_at_once_make_the_letter_of_the_stronger() -> None:
    assert choose([MEETING, WORK, BIRTHDAY], []) == (
        {MEETING.key, WORK.key},
        set(),
        {MEETING.key, WORK.key},
    )


def test_what_has_weeks_waits_and_is_not_lost() -> None:
    assert choose([NEWS_OF_Q, BIRTHDAY], []) == (set(), set(), {NEWS_OF_Q.key})
    assert choose([NEWS_OF_Q, BIRTHDAY], [row(BIRTHDAY)]) == (set(), set(), {NEWS_OF_Q.key})
    assert choose([NEWS_OF_Q, BIRTHDAY], [row(BIRTHDAY, made=NOW - DAY)]) == (set(), set(), set())


def test_a_weaker_one_that_stands_untouched_makes_room_first() -> None:
    assert choose([HELLO, BIRTHDAY], [row(HELLO)]) == (set(), {HELLO.key}, {BIRTHDAY.key})
    gone = replace(row(HELLO), state=SUPERSEDED)
    assert choose([HELLO, BIRTHDAY], [gone]) == (set(), set(), set())


def test_one_the_user_edited_stays_and_the_newcomer_is_superseded() -> None:
    assert choose([HELLO, BIRTHDAY], [row(HELLO, EDITED)]) == ({BIRTHDAY.key}, set(), {BIRTHDAY.key})
    assert choose([BIRTHDAY], [row(HELLO, EDITED)]) == ({BIRTHDAY.key}, set(), {BIRTHDAY.key})  # its reason has passed
    prize, talk = (replace(want(CONGRATULATIONS, "achievement"), key=key, period=key) for key in ("a", "b"))
    assert choose([prize, talk], [row(talk)]) == ({"a"}, set(), {"a"})  # one as good makes no room for another


def test_a_letter_of_another_day_or_person_or_one_asked_for_disturbs_nobody() -> None:
    asked = replace(want(THANKS, "mail:x"), period="ask:x", key="asked")
    nothing: tuple[set[str], set[str], set[str]] = (set(), set(), set())
    assert choose([MEETING, BIRTHDAY], [row(MEETING, made=NOW - DAY)]) == nothing
    assert choose([MEETING, want(CONGRATULATIONS, "birthday", who=2)], []) == nothing
    assert choose([asked, BIRTHDAY], []) == nothing
    assert choose([BIRTHDAY], [row(asked)]) == nothing


def test_of_one_purpose_the_weaker_of_the_day_is_closed_and_behind_yesterdays_it_waits() -> None:
    assert choose([BIRTHDAY, WORK], [row(BIRTHDAY)]) == ({WORK.key}, set(), {WORK.key})
    assert choose([BIRTHDAY, WORK], [row(BIRTHDAY, made=NOW - DAY)]) == (set(), set(), set())


def test_behind_a_reminder_that_is_leaving_it_does_not_wait() -> None:
    """The language is known at last: a check-in had been begun for the while, and taken back in the same round."""
    instead = replace(row(MEETING), key="reminder", kind=REMINDER)
    assert choose([MEETING, HELLO], [instead]) == ({HELLO.key}, set(), {HELLO.key})
    stays = replace(MEETING, key="reminder", kind=REMINDER)
    assert choose([stays, MEETING, HELLO], [instead]) == (set(), set(), set())


def test_what_is_not_begun_now_closes_nothing() -> None:
    late = replace(BIRTHDAY, create_until=NOW - timedelta(hours=1))
    assert choose([MEETING, late], []) == (set(), set(), set())
    quiet = replace(WORLD, quiet=(Quiet(TODAY, TODAY),))
    assert one_letter([MEETING, BIRTHDAY], [], held=(), world=quiet, now=NOW) == Choice()
    assert one_letter([MEETING, BIRTHDAY], [], held={1}, world=WORLD, now=NOW) == Choice()


letters_of_two = st.lists(
    st.builds(
        want,
        st.sampled_from([THANKS, CONGRATULATIONS, UPDATE, NEWS, VISIT, CHECK_IN]),
        st.sampled_from(["birthday", "work", "job", "meeting:x", "interview:y", "event:z", "change:n"]),
        who=st.integers(1, 2),
        due=st.sampled_from([NOW - DAY, NOW, NOW + DAY]),
        until=st.sampled_from([None, NOW - timedelta(hours=1), NOW + DAY]),
    ),
    unique_by=lambda w: w.key,
    max_size=8,
)


@given(letters_of_two, st.data())
def test_at_most_one_letter_is_begun_for_a_person_on_a_day(wants: list[Want], data: st.DataObject) -> None:
    stands = data.draw(st.lists(st.sampled_from(wants), unique_by=lambda w: (w.contact_id, w.purpose)) if wants else
                       st.just([]))  # fmt: skip
    rows = [
        row(w, data.draw(st.sampled_from([WRITTEN, EDITED])), NOW - data.draw(st.sampled_from([0, 1])) * DAY)
        for w in stands
    ]
    found = one_letter(wants, rows, held=(), world=WORLD, now=NOW)
    known = {r.key for r in rows}
    occupied = {(r.contact_id, r.purpose) for r in rows if r.state in OPEN}
    begun = [
        w
        for w in wants
        if w.key not in known | found.aside
        and (w.contact_id, w.purpose) not in occupied
        and w.due <= NOW
        and (w.create_until is None or w.create_until >= NOW)
    ]
    today = [r for r in rows if r.created_at == NOW and r.key not in {w.row.key for w in found.withdrawn}]
    for who in (1, 2):
        stays = [r for r in today if r.contact_id == who]
        new = [w for w in begun if w.contact_id == who]
        assert len(new) <= 1
        assert not (new and stays)
    assert not {w.row.state for w in found.withdrawn} & {EDITED}
