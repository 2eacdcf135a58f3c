"""Recurrence rules: the same starts as dateutil gives, and an end where dateutil knows none."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from itertools import islice

import pytest
from dateutil.rrule import rrulestr  # type: ignore[import-untyped]
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from daemon.core.errors import BrokenItem
from daemon.formats import recur

WD = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]


def wall(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M")  # noqa: DTZ007 - wall time


def starts(rule: str, start: str, first: str = "1900-01-01 00:00", last: str = "2100-01-01 00:00") -> list[str]:
    found = recur.occurrences(recur.parse(rule), wall(start), wall(first), wall(last))
    return [f"{moment:%Y-%m-%d %H:%M}" for moment in found]


@st.composite
def rules(draw: st.DrawFn) -> str:
    freq = draw(st.sampled_from([*recur.PERIODS, "HOURLY", "MINUTELY"]))
    parts = [f"FREQ={freq}", f"INTERVAL={draw(st.integers(1, 5))}"]

    def maybe(name: str, values: st.SearchStrategy[object], chance: int = 3) -> None:
        if draw(st.integers(0, chance)) == 0:
            chosen = draw(st.lists(values, min_size=1, max_size=3, unique=True))
            parts.append(f"{name}=" + ",".join(map(str, chosen)))

    maybe("BYMONTH", st.integers(1, 12))
    if freq != "WEEKLY":
        maybe("BYMONTHDAY", st.sampled_from([1, 2, 13, 15, 28, 29, 30, 31, -1, -2, -31]))
    if freq == "YEARLY":
        maybe("BYYEARDAY", st.sampled_from([1, 59, 60, 100, 365, 366, -1, -366]), 8)
    days = st.sampled_from(WD)
    if freq in ("MONTHLY", "YEARLY"):
        days |= st.builds(lambda n, d: f"{n}{d}", st.sampled_from([1, 2, 5, -1, -2]), st.sampled_from(WD))
    maybe("BYDAY", days, 2)
    maybe("BYHOUR", st.integers(0, 23))
    maybe("BYMINUTE", st.integers(0, 59))
    if any(p.startswith("BY") for p in parts) and freq in recur.PERIODS:
        maybe("BYSETPOS", st.sampled_from([1, 2, -1, -2]))
    if draw(st.booleans()):
        parts.append(f"WKST={draw(st.sampled_from(WD))}")
    if draw(st.integers(0, 2)) == 0:
        parts.append(f"COUNT={draw(st.integers(1, 40))}")
    return ";".join(parts)


@settings(max_examples=120, deadline=None)
@given(rules(), st.datetimes(wall("2015-01-01 00:00"), wall("2024-12-31 23:59")), st.integers(0, 700))
@example("FREQ=MONTHLY;BYMONTHDAY=31", wall("2020-01-31 09:00"), 30)
@example("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", wall("2020-02-29 09:00"), 400)
@example("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;WKST=SU", wall("2021-03-01 09:00"), 100)
def test_the_starts_are_those_dateutil_gives(rule: str, start: datetime, skip: int) -> None:
    # "TH,1MO" is every Thursday and the first Monday (RFC 5545 3.3.10); dateutil wants a day to be both
    named = re.search(r"BYDAY=([^;]*)", rule)
    assume(named is None or len({len(day) > 2 for day in named[1].split(",")}) == 1)
    start = start.replace(second=0, microsecond=0)
    days = {"MINUTELY": 2, "HOURLY": 40}.get(rule.partition(";")[0].removeprefix("FREQ="), 400)
    first = start + timedelta(days=min(skip, days))
    last = first + timedelta(days=days)
    try:
        mine = list(islice(recur.occurrences(recur.parse(rule), start, first, last), 500))
    except BrokenItem:
        assume(False)  # too dense: what the budget is for
        return
    # dateutil cannot stop a rule that gives nothing: only such as gave something are asked, up to the last of it
    if not mine:
        return
    theirs = []
    for moment in rrulestr(rule, dtstart=start):
        if moment >= first:
            theirs.append(moment)
        if moment >= mine[-1]:
            break
    assert theirs == mine


@pytest.mark.parametrize(
    ("rule", "start", "between", "expected"),
    [
        ("FREQ=WEEKLY", "2026-11-02", "2026-11-10 2026-11-24", "2026-11-16 2026-11-23"),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "2026-01-30", "2026-05-01 2026-06-01", "2026-05-29"),
        ("FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO", "2024-01-01", "2024-06-01 2027-01-01", "2024-12-30 2025-12-29"),
        ("FREQ=YEARLY;BYWEEKNO=-1", "2020-12-28", "2021-01-01 2022-01-09", "2021-12-27"),
        ("FREQ=YEARLY", "2020-02-29", "2021-01-01 2029-01-01", "2024-02-29 2028-02-29"),
        ("FREQ=MONTHLY;BYDAY=2TU", "2026-11-10", "2026-12-01 2027-02-01", "2026-12-08 2027-01-12"),
        ("FREQ=HOURLY;INTERVAL=24;BYDAY=MO", "2026-11-02", "2026-11-09 2026-11-18", "2026-11-09 2026-11-16"),
        ("FREQ=DAILY;COUNT=3", "2026-11-02", "2026-11-03 2030-01-01", "2026-11-03 2026-11-04"),
        ("FREQ=DAILY;COUNT=-1", "2026-11-02", "2026-11-30 2026-12-01", "2026-11-30"),
        ("freq=daily;x-name=1", "2026-11-02", "2026-11-30 2026-12-01", "2026-11-30"),
    ],
)
def test_rules_of_which_the_answer_is_known(rule: str, start: str, between: str, expected: str) -> None:
    first, last = between.split()
    assert starts(rule, f"{start} 09:00", f"{first} 00:00", f"{last} 00:00") == [f"{d} 09:00" for d in expected.split()]


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=WEEKLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MINUTELY;BYHOUR=3;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=HOURLY;BYHOUR=2;INTERVAL=12",
        "FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=4;COUNT=5",
    ],
)
def test_a_rule_that_never_gives_anything_ends(rule: str) -> None:
    assert starts(rule, "2020-01-01 09:00", "2026-01-01 00:00", "2028-01-01 00:00") == []


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY",
        "FREQ=SECONDLY;COUNT=100000000",
        "FREQ=MINUTELY",
        "FREQ=MINUTELY;BYSECOND=1;COUNT=1000000",
        "FREQ=YEARLY;BYHOUR=0,1,2,3,4,5,6,7;BYMINUTE=" + ",".join(map(str, range(60))) + ";BYDAY=" + ",".join(WD),
    ],
)
def test_a_rule_too_dense_is_refused_with_a_reason(rule: str) -> None:
    with pytest.raises(BrokenItem, match="recurs"):
        starts(rule, "2020-01-01 09:00", "2026-01-01 00:00", "2028-01-01 00:00")


def test_a_series_from_ages_ago_is_not_walked_through() -> None:
    for freq in ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY"):
        assert starts(f"FREQ={freq}", "0001-01-01 09:00".zfill(16), "2026-01-01 00:00", "2026-01-09 00:00")


@pytest.mark.parametrize(
    "rule",
    ["", "FREQ=OFTEN", "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;BYDAY=XX", "FREQ=DAILY;BYHOUR=24", "FREQ=DAILY;BYNOSE=1",
     "FREQ=DAILY;FREQ=WEEKLY", "FREQ=MONTHLY;BYMONTHDAY=0", "RSCALE=CHINESE;FREQ=YEARLY", "FREQ=DAILY;COUNT=x",
     "FREQ=DAILY;WKST=1"],
)  # fmt: skip
def test_nonsense_is_refused(rule: str) -> None:
    with pytest.raises(BrokenItem):
        recur.parse(rule)


def test_every_thursday_and_the_first_monday() -> None:
    rule = recur.parse("FREQ=MONTHLY;BYDAY=TH,1MO")
    first, last = wall("2026-11-01 00:00"), wall("2026-11-30 00:00")
    assert [day.day for day in recur.occurrences(rule, first, first, last)] == [2, 5, 12, 19, 26]


def test_days_counted_from_both_ends_of_a_month() -> None:
    rule = recur.parse("FREQ=MONTHLY;BYMONTHDAY=1,-1")
    first, last = wall("2026-02-01 00:00"), wall("2026-03-31 00:00")
    assert [(d.month, d.day) for d in recur.occurrences(rule, first, first, last)] == [(2, 1), (2, 28), (3, 1), (3, 31)]
