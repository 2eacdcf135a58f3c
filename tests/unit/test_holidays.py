"""Professional holidays: the days of the shipped table, and the user's own rows."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.config.holidays import read_holidays, shipped
from daemon.config.reading import Problems, Section
from daemon.core.countries import country_code
from daemon.core.holidays import day_of, is_rule


@pytest.mark.parametrize(
    ("name", "days"),
    [
        # as published: 13 September, the 12th in leap years
        ("programmer", ["2020-09-12", "2021-09-13", "2023-09-13", "2024-09-12", "2026-09-13", "2040-09-12"]),
        ("sysadmin", ["2020-07-31", "2021-07-30", "2023-07-28", "2024-07-26", "2026-07-31"]),
        ("medic-ru", ["2020-06-21", "2021-06-20", "2023-06-18", "2024-06-16", "2026-06-21"]),
        ("builder-ru", ["2020-08-09", "2021-08-08", "2023-08-13", "2024-08-11"]),
        ("geologist-ru", ["2021-04-04", "2023-04-02", "2024-04-07"]),
        ("architect", ["2020-10-05", "2021-10-04", "2023-10-02", "2024-10-07"]),
        # the first full week from Sunday on: in 2023 and 2029 the first Tuesday is not in it
        ("teacher-us", ["2021-05-04", "2023-05-09", "2024-05-07", "2029-05-08"]),
        ("assistant-us", ["2020-04-22", "2026-04-22", "2027-04-21", "2030-04-24"]),
        ("hr-manager-ru", ["2023-09-20", "2024-09-18", "2025-09-17"]),
        ("project-manager", ["2011-11-03", "2014-11-06", "2024-11-07"]),
        ("hr-ru", ["2026-05-24"]),
        ("hr-ru-october", ["2026-10-12"]),
        ("recruiter-ru", ["2026-09-20"]),
        ("accountant-ru", ["2020-11-21", "2026-11-21"]),
        ("teacher", ["2020-10-05", "2040-10-05"]),
        ("hr", ["2020-05-20", "2040-05-20"]),
    ],
)
def test_the_day_of_a_year(name: str, days: list[str]) -> None:
    for day in map(date.fromisoformat, days):
        assert shipped()[name].day(day.year) == day


def _grid(year: int, month: int) -> list[list[int]]:
    """A printed calendar's month: weeks from Sunday to Saturday, 0 where the day is another month's."""
    return calendar.Calendar(calendar.SUNDAY).monthdayscalendar(year, month)


def _column(weekday: str, n: int) -> Callable[[int, int], date]:
    """The n-th (from 0) or last (-1) day of a column of that grid."""
    at = ("sun", "mon", "tue", "wed", "thu", "fri", "sat").index(weekday)
    return lambda year, month: date(year, month, [week[at] for week in _grid(year, month) if week[at]][n])


def _full_week(n: int, weekday: int) -> Callable[[int, int], date]:
    """A day of the first or last row of that grid without a gap."""
    return lambda year, month: date(year, month, [week for week in _grid(year, month) if all(week)][n][weekday])


MOVABLE: dict[str, tuple[int, Callable[[int, int], date]]] = {
    "sysadmin": (7, _column("fri", -1)),
    "hr-manager-ru": (9, _column("wed", 2)),
    "teacher-by": (10, _column("sun", 0)),
    "teacher-us": (5, _full_week(0, 2)),
    "medic-ru": (6, _column("sun", 2)),
    "builder-ru": (8, _column("sun", 1)),
    "geologist-ru": (4, _column("sun", 0)),
    "architect": (10, _column("mon", 0)),
    "project-manager": (11, _column("thu", 0)),
    "assistant-us": (4, _full_week(-1, 3)),
}


@pytest.mark.parametrize("name", sorted(shipped()))
def test_movable_days_stand_where_a_printed_calendar_has_them(name: str) -> None:
    """From 2020 to 2040, read off the grid of the month, with nothing of the rules' own arithmetic."""
    row = shipped()[name]
    for year in range(2020, 2041):
        if name in MOVABLE:
            month, read_off = MOVABLE[name]
            assert row.day(year) == read_off(year, month), year
        elif name == "programmer":
            assert row.day(year) == date(year, 9, 12 if calendar.isleap(year) else 13)
        else:
            fixed = re.fullmatch(r"(\d+) (\w+)", row.rule)
            assert fixed, "a movable day wants a line in MOVABLE"
            assert row.day(year) == date(year, list(calendar.month_name).index(fixed[2]), int(fixed[1]))


@pytest.mark.parametrize("name", sorted(shipped()))
def test_every_row_is_whole(name: str) -> None:
    row = shipped()[name]
    for year in range(2020, 2041):
        day = row.day(year)
        assert day is not None
        assert day.year == year
    assert len(row.source) > 20
    assert row.names["en"]
    assert row.professions
    assert all(c == "*" or country_code(c) == c for c in row.countries)
    assert "ru" in row.names or set(row.countries) <= {"US", "CA"}


def test_nothing_was_kept_before_it_began() -> None:
    assert shipped()["hr"].day(2018) is None


@given(
    n=st.sampled_from(["first", "second", "third", "fourth", "last"]),
    weekday=st.integers(0, 6),
    month=st.integers(1, 12),
    year=st.integers(2020, 2040),
)
def test_the_nth_weekday_is_that_weekday_in_that_week(n: str, weekday: int, month: int, year: int) -> None:
    names = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    months = date(2024, month, 1).strftime("%B").lower()
    day = day_of(f"{n} {names[weekday]} of {months}", year)
    assert day is not None
    assert (day.weekday(), day.month, day.year) == (weekday, month, year)
    same = [d for d in range(1, 32) if _is(year, month, d, weekday)]
    assert day.day == (same[-1] if n == "last" else same[("first", "second", "third", "fourth").index(n)])


def _is(year: int, month: int, day: int, weekday: int) -> bool:
    try:
        return date(year, month, day).weekday() == weekday
    except ValueError:
        return False


def test_rules_that_are_none() -> None:
    for text in ("", "fifth friday of july", "32 January", "day 0", "day 400", "friday", "last day of july", "13 13"):
        assert not is_rule(text), text
    for text in ("2 days beside 1 May", "2 days after", "after 1 May", "two days after 1 May"):
        assert not is_rule(text), text
    assert day_of("1 day before 1 January", 2025) is None, "another year's"
    assert day_of("29 February", 2025) == date(2025, 2, 28)
    assert day_of("day 366", 2025) is None


def read(table: dict[str, object]) -> tuple[list[str], list[str]]:
    problems = Problems(Path("none"), {})
    found = read_holidays(Section(problems, ("holidays",), table))
    return [h.id for h in found], [p.what for p in problems._found]


def test_of_somebody_in_no_known_country_nothing_is_assumed() -> None:
    everywhere = shipped()["programmer"]
    assert everywhere.countries == ("*",)
    assert everywhere.concerns("programmer", (), "MX")
    assert not everywhere.concerns("programmer", (), "")
    assert not shipped()["hr"].concerns("", ("hr",), "")


def test_off_until_switched_on_and_extended_by_rows_of_ones_own() -> None:
    makers = {"rule": "third saturday of march", "names": {"en": "Makers' Day"}, "professions": ["maker"]}
    assert read({"own": {"makers": makers}}) == ([], [])
    assert read({"enabled": ["makers", "hr"], "own": {"makers": makers}}) == (["makers", "hr"], [])
    ids, wrong = read({"enabled": ["programer"]})
    assert ids == []
    assert "programmer" in wrong[0]


@pytest.mark.parametrize(
    "row",
    [
        {"rule": "sometimes", "names": {"en": "X"}, "professions": ["x"]},
        {"rule": "1 May", "professions": ["x"]},
        {"rule": "1 May", "names": {"en": "X"}},
        {"rule": "1 May", "names": {"en": "X"}, "professions": ["x"], "countries": ["Atlantis"]},
        {"rule": "1 May", "names": {"en": "X"}, "professions": ["x"], "colour": "blue"},
    ],
)
def test_a_wrong_row_is_told(row: dict[str, object]) -> None:
    assert read({"own": {"x": row}})[1]


def test_countries_as_people_write_them() -> None:
    for text in ("RU", "ru", "Russia", "Россия", "Russian Federation"):
        assert country_code(text) == "RU"
    assert (country_code("U.S.A."), country_code("Deutschland"), country_code("Nowhere")) == ("US", "DE", "")
    assert (country_code("MX"), country_code("Мексика"), country_code("uae"), country_code("is")) == (
        "MX",
        "MX",
        "AE",
        "IS",
    )
    assert (country_code("XX"), country_code("UK"), country_code("")) == ("", "GB", "")
