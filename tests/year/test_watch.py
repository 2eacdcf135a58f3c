"""What watches the simulated year sees what it is there to see."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from daemon.core.states import EDITED, WRITTEN
from daemon.core.wants import DRAFT
from tests.year.people import DAY, Held, Neighbour, Reason
from tests.year.town import QUIET, START, Journey, Town
from tests.year.watch import Watch

NOW = START + 5 * DAY


def town(now: datetime = NOW, **what: Any) -> Any:
    house = SimpleNamespace(clock=now, settings=SimpleNamespace(quiet=QUIET), rigs={})
    return Town(house, {}, None, **what)  # type: ignore[arg-type]


def neighbour(**what: Any) -> Neighbour:
    return Neighbour(1, 1, "Person N1", "person1@example1.net", "home", 0.0, **what)


def letter(purpose: str, days: float = 0, state: str = WRITTEN, period: str = "x", now: datetime = NOW) -> Any:
    made = now - timedelta(days=days)
    return SimpleNamespace(
        kind=DRAFT, purpose=purpose, state=state, period=period, created_at=made, contact_id=1, occasion="", key="k"
    )


def looked_at(row: Any, one: Neighbour, now: datetime = NOW, **what: Any) -> None:
    there = town(now, neighbours={1: one}, **what)
    Watch(there)._reasons([row])


def met(days: float, people: int = 2, routine: bool = False) -> Held:
    end = NOW - timedelta(days=days)
    return Held("m", end - timedelta(hours=1), end, people, routine)


RIGHT = [
    ("thanks", {"met": [met(7)]}, 6.9),
    ("thanks", {"reasons": [Reason("recommendation", NOW - 6 * DAY)]}, 6),
    ("congratulations", {"reasons": [Reason("job", NOW - 3 * DAY)]}, 3),
    ("congratulations", {"birthday": "12-05"}, 3),
    ("check-in", {"heard": [NOW - 3 * DAY]}, 2),
    ("share", {"shared": [NOW - 29 * DAY]}, 29),
    ("outcome", {"outcomes": [NOW - 29 * DAY], "logged": [NOW - 30 * DAY]}, 29),
]
OVER = [
    ("thanks", {"met": [met(7.1)]}, 7),
    ("thanks", {"met": [met(2, people=6)]}, 2),
    ("thanks", {"met": [met(2, routine=True)]}, 2),
    ("thanks", {"met": [met(2, people=4)], "circle": "mentor"}, 2),
    ("thanks", {"met": [met(2)], "wrote": [NOW - DAY]}, 2),
    ("thanks", {"reasons": [Reason("recommendation", NOW - 8 * DAY)]}, 8),
    ("thanks", {"reasons": [Reason("advice", NOW - DAY)]}, 1),
    ("congratulations", {"reasons": [Reason("job", NOW - 4 * DAY)]}, 3),
    ("congratulations", {"birthday": "12-04"}, 3),
    ("congratulations", {"birthday": "12-05", "wrote": [NOW - DAY]}, 3),
    ("check-in", {"heard": [NOW - DAY]}, 2),
    ("share", {"shared": [NOW - 30 * DAY]}, 29),
    ("outcome", {"outcomes": [NOW - 29 * DAY], "logged": [NOW - DAY]}, 29),
    ("share", {"shared": [NOW], "closed": True}, 0),
    ("update", {}, 0),
    ("news", {}, 0),
    ("visit", {"city": "Lyon"}, 0),
    ("introduce", {}, 0),
]


@pytest.mark.parametrize(("purpose", "diary", "made"), RIGHT)
def test_a_letter_with_a_reason_is_left_alone(purpose: str, diary: dict[str, Any], made: float) -> None:
    looked_at(letter(purpose, made), neighbour(**diary))


@pytest.mark.parametrize(("purpose", "diary", "made"), OVER)
def test_a_letter_that_outlasts_its_reason_is_seen(purpose: str, diary: dict[str, Any], made: float) -> None:
    looked_at(letter(purpose, made, EDITED), neighbour(**diary))
    with pytest.raises(AssertionError):
        looked_at(letter(purpose, made), neighbour(**diary))


def test_news_and_visits_have_their_time() -> None:
    trip = Journey("Lyon", NOW.date() + DAY, NOW.date() + 2 * DAY, NOW - DAY)
    looked_at(letter("visit"), neighbour(city="Lyon"), journeys=[trip])
    quarter = {"2025-Q4": START.date()}
    looked_at(letter("update", period="2025-Q4"), neighbour(), quarters=quarter)
    looked_at(letter("update", period="2025-Q4~1"), neighbour(), quarters=quarter)  # taken back once
    looked_at(letter("news"), neighbour(), tidings=[START])
    introduced = neighbour(introduced=[(START, neighbour())])
    looked_at(letter("introduce"), introduced)
    for row, one, now in (
        (letter("visit"), neighbour(city="Lyon", logged=[NOW]), NOW),
        (letter("visit"), neighbour(city="Oslo"), NOW),
        (letter("visit"), neighbour(city="Lyon"), NOW + 3 * DAY),
        (letter("update", period="2025-Q4"), neighbour(logged=[NOW]), NOW),
        (letter("update", period="2025-Q4"), neighbour(), START + 60 * DAY),
        (letter("news"), neighbour(logged=[NOW]), NOW),
        (letter("news"), neighbour(), START + 30 * DAY),
        (letter("introduce"), neighbour(introduced=[(START, neighbour(closed=True))]), NOW),
    ):
        with pytest.raises(AssertionError):
            looked_at(row, one, now, journeys=[trip], quarters=quarter, tidings=[START])


def test_after_quiet_time_what_came_up_in_it_may_follow_for_five_days() -> None:
    over = datetime(2026, 1, 7, 7, tzinfo=NOW.tzinfo)
    one = neighbour(birthday="12-30")
    looked_at(letter("congratulations", now=over), one, over + 4 * DAY)
    with pytest.raises(AssertionError):
        looked_at(letter("congratulations", now=over), one, over + 5 * DAY)
    with pytest.raises(AssertionError):
        looked_at(letter("congratulations", now=over), neighbour(birthday="12-24"), over + DAY)


def test_a_letter_of_the_users_that_changed_by_one_byte_is_seen() -> None:
    Watch(town(edited={"<1>": ("home", b"as I left it")}))._untouched({"home": [b"as I left it"]}, {})
    with pytest.raises(AssertionError):
        Watch(town(edited={"<1>": ("home", b"as I left it.")}))._untouched({"home": [b"as I left it"]}, {})
