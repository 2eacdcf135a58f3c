"""Giving first: what is asked for is written once, to nobody behind a closed door, and not for ever."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.desired import desired
from daemon.core.favours import GAVE, GOT, KINDS, RECOMMENDATION, Errand, Favour, Other, one_sided
from daemon.core.policy import Policies, ReminderRules
from daemon.core.resolve import Resolver
from daemon.core.wants import DRAFT, GIVEN, INTRODUCE, OUTCOME, REMINDER, SHARE, Dismissal, Person, Want, World

NOW = datetime(2026, 11, 18, 9, tzinfo=UTC)
DAY = timedelta(days=1)
WORLD = World(zone="UTC", rules=ReminderRules(), enabled_since=NOW - 200 * DAY)
POLICY = Resolver(Policies(), NOW.date()).of(set(), (), "")
BORIS = Other("Boris Titov", "Director, Example", closed=False, job_hunting=False)
ANN = Person(1, "u1", "Ann Example", ("partner",), "", "", POLICY, speaks="en")
LINK = Errand(SHARE, "share:x", NOW, {"link": "https://example.org/"})
KNOWS = Errand(INTRODUCE, "introduce:x", NOW, {}, {"en": "You both garden."}, BORIS)
HELPED = Favour(GOT, RECOMMENDATION, "got:recommendation:2026-08-01", date(2026, 8, 1), "the post")
TOLD = replace(HELPED, outcome={"en": "I start in May."}, outcome_at=NOW)

favours = st.builds(
    Favour,
    st.sampled_from([GAVE, GOT]),
    st.sampled_from(KINDS),
    st.text(max_size=3),
    st.dates(date(2026, 1, 1), date(2026, 11, 18)),
)


def wants(person: Person, world: World = WORLD, now: datetime = NOW) -> list[Want]:
    return [w for w in desired([person], world, now) if w.purpose in GIVEN]


@given(st.lists(favours), st.integers(0, 5))
def test_an_account_is_one_sided_only_while_they_gave_more(done: list[Favour], by_letter: int) -> None:
    gave = sum(f.direction == GAVE for f in done) + by_letter
    assert one_sided(done, by_letter) == (len(done) - sum(f.direction == GAVE for f in done) > gave)
    assert replace(ANN, favours=tuple(done), given=by_letter).one_sided == one_sided(done, by_letter)


@given(
    st.lists(st.sampled_from([LINK, KNOWS, replace(KNOWS, other=replace(BORIS, closed=True))])),
    st.lists(st.sampled_from([HELPED, TOLD]), max_size=1),
    st.sampled_from(["", "paused", "do-not-contact", "deceased", "forgetting"]),
    st.sampled_from(["en", "ru", ""]),
    st.integers(-5, 400),
)  # fmt: skip
def test_nothing_for_a_closed_door_and_nothing_for_ever(
    errands: list[Errand], done: list[Favour], state: str, speaks: str, days: int
) -> None:
    person = replace(ANN, errands=tuple(errands), favours=tuple(done), state=state, speaks=speaks)
    now = NOW + days * DAY
    found = wants(person, now=now)
    assert not state or not found
    for want in found:
        assert want.due <= now or want.kind == REMINDER
        assert (want.kind == DRAFT) <= (0 <= days < 30)
        assert want.kind == REMINDER or person.speaks
        if want.purpose == INTRODUCE:
            assert dict(want.details)["other"] == "Boris Titov" and speaks == "en"


def test_whoever_is_known_gets_what_was_asked_for_but_only_the_kept_are_asked_about() -> None:
    known = replace(ANN, circles=(), errands=(LINK,), favours=(HELPED,))
    assert [w.purpose for w in wants(known)] == [SHARE]


def test_an_introduction_speaks_of_the_other_and_knows_who_must_not_hear_of_them() -> None:
    hunting = replace(KNOWS, other=replace(BORIS, job_hunting=True))
    assert [w.about_hunting for w in wants(replace(ANN, errands=(KNOWS,)))] == [False]
    assert [w.about_hunting for w in wants(replace(ANN, errands=(hunting,)))] == [True]


def test_what_was_asked_for_is_wanted_for_thirty_days_and_never_about_somebody_behind_a_closed_door() -> None:
    asked = replace(ANN, errands=(LINK, KNOWS))
    assert {w.create_until for w in wants(asked)} == {NOW + 30 * DAY}
    assert len(wants(asked, now=NOW + 30 * DAY - timedelta(seconds=1))) == 2
    assert wants(asked, now=NOW + 30 * DAY) == []
    assert wants(replace(ANN, errands=(replace(KNOWS, other=replace(BORIS, closed=True)),))) == []


def kinds(found: Iterable[Want]) -> list[tuple[str, str]]:
    return [(w.kind, w.purpose) for w in found]


def test_an_outcome_is_asked_for_after_months_and_told_once_it_is_known() -> None:
    person = replace(ANN, favours=(HELPED,))
    (want,) = wants(person)
    assert (want.kind, want.due) == (REMINDER, datetime(2026, 10, 31, tzinfo=UTC))
    assert wants(person, now=want.due + 60 * DAY) == []
    dealt = Dismissal(OUTCOME, HELPED.token, 0, None, NOW)
    assert wants(replace(person, dismissals=(dealt,))) == []
    assert kinds(wants(replace(ANN, favours=(TOLD,)))) == [(DRAFT, OUTCOME)]
    assert wants(replace(ANN, favours=(replace(HELPED, direction=GAVE),))) == []
    assert wants(replace(ANN, favours=(replace(HELPED, kind="advice"),))) == []
    assert wants(replace(ANN, favours=(TOLD,)), now=NOW + 30 * DAY) == []
    met = replace(ANN, favours=(TOLD,), last=replace(ANN.last, meeting=NOW + DAY))
    assert wants(met, now=NOW + 2 * DAY) == []


@pytest.mark.parametrize("since", [None, NOW + DAY])
def test_nothing_is_written_for_what_was_asked_before_writing_was_allowed(since: datetime | None) -> None:
    person = replace(ANN, errands=(LINK, KNOWS), favours=(TOLD,))
    assert wants(person, replace(WORLD, enabled_since=since), NOW + 2 * DAY) == []
