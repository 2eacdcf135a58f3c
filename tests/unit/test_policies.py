"""Which policy holds, forms in turn, quiet days and holidays: pure decisions."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.cadence import LastContact, first_due, next_turn, proposes_pause
from daemon.core.desired import desired
from daemon.core.due import due
from daemon.core.policy import MONTH, QUARTER, YEAR, Policies, Policy, Quiet, WorkingHours
from daemon.core.resolve import ACCEPTED, resolve
from daemon.core.wants import CONGRATULATIONS, KEEP_IN_TOUCH, THANKS, Asked, Met, Promise
from daemon.service.daysoff import days_off
from tests.unit.test_plan import HOURS, NOW, POLICY, WORLD, person, plan, row_of, wants

DAY = timedelta(days=1)
TODAY = date(2026, 11, 18)
FORMS = (("mail", MONTH), ("talk", QUARTER), ("meeting", YEAR))
IN_TURN = replace(POLICY, forms=FORMS)


def zoned(day: date, hour: int = 12) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=ZoneInfo(WORLD.zone))


# -- the nearest wins -----------------------------------------------------------------------------------


def test_each_thing_comes_from_the_nearest_who_says_it() -> None:
    policies = Policies(
        default=Policy(cadence=QUARTER, language="en", drafts=frozenset({"update"})),
        circles={
            "mentor": Policy(cadence=MONTH, forms=FORMS, language="de", max_people=3),
            "friend": Policy(cadence=YEAR, form="familiar", days=frozenset({6}), max_people=20),
        },
        tiers={"key": Policy(drafts=frozenset({"thanks"}))},
        contacts={"Ada Example": Policy(language="fr")},
    )
    found = resolve(policies, {"ada example"}, ["mentor", "friend"], "key")
    assert (found.cadence, found.forms, found.rule) == (MONTH, FORMS, "circle mentor")
    assert (found.drafts, found.sources["drafts"]) == (frozenset({"thanks"}), "tier key")
    assert (found.language, found.sources["language"]) == ("fr", "contact")
    assert (found.form, found.sources["form"]) == ("familiar", "circle friend")
    assert (found.days, found.hours) == (frozenset({6}), None)
    assert (found.caps.max_people, found.sources["max_people"]) == (3, "circle mentor")
    assert found.sources["max_recipients"] == "default"


def test_an_accepted_cadence_ranks_after_the_contacts_own_and_before_the_tier() -> None:
    policies = Policies(contacts={"Ada": Policy(cadence=QUARTER), "Bob": Policy(language="en")})
    for name, cadence, rule in (("ada", QUARTER, "contact"), ("bob", 10 * DAY, ACCEPTED), ("eve", 10 * DAY, ACCEPTED)):
        found = resolve(policies, {name}, ["mentor"], "key", accepted=10 * DAY)
        assert (found.cadence, found.rule) == (cadence, rule)
    forms = Policies(circles={"mentor": Policy(cadence=MONTH, forms=FORMS)})
    assert resolve(forms, set(), ["mentor"], "", accepted=10 * DAY).forms == ()  # forms go with their cadence


def test_circles_that_do_not_agree_say_nothing_of_the_language_and_are_formal() -> None:
    circles = {"a": Policy(language="de", form="familiar"), "b": Policy(language="en", form="formal")}
    found = resolve(Policies(circles=circles), set(), ["a", "b"], "")
    assert (found.language, found.form) == ("", "formal")


def test_circles_that_do_not_agree_on_days_and_hours_leave_what_suits_all() -> None:
    weekend, morning = Policy(days=frozenset({6, 7})), Policy(days=frozenset({7, 1}), hours=(time(8), time(12)))
    noon, night = Policy(hours=(time(11), time(14))), Policy(days=frozenset({2}), hours=(time(20), time(22)))
    circles = {"a": weekend, "b": morning, "c": noon, "d": night}
    found = resolve(Policies(circles=circles), set(), ["a", "b", "c"], "")
    assert (found.days, found.sources["days"]) == (frozenset({7}), "circle a, circle b")
    assert found.hours == (time(11), time(12))
    for names in (["a", "d"], ["d", "a"]):
        assert resolve(Policies(circles=circles), set(), names, "").days is None
    assert resolve(Policies(circles=circles), set(), ["b", "d"], "").hours is None


def test_of_two_circles_equally_often_the_one_with_forms_in_turn_goes() -> None:
    circles = {"a": Policy(cadence=MONTH), "mentor": Policy(cadence=MONTH, forms=FORMS), "z": Policy(cadence=7 * DAY)}
    found = resolve(Policies(circles=circles), set(), ["a", "mentor"], "")
    assert (found.forms, found.rule) == (FORMS, "circle mentor")
    assert resolve(Policies(circles=circles), set(), ["mentor", "z"], "").forms == (), "the shortest goes before"


def test_a_cadence_is_proposed_over_all_but_the_contacts_own_policy() -> None:
    policies = Policies(
        contacts={
            "Ada": Policy(cadence=DAY),
            "Bob": Policy(language="en"),
            "Cyd": Policy(cadence=DAY, until=TODAY, then="mentor"),
            "Dan": Policy(cadence=DAY, until=TODAY),
        }
    )
    own = {n: resolve(policies, {n}, (), "key", today=TODAY + DAY).own for n in ("ada", "bob", "cyd", "dan")}
    assert own == {"ada": True, "bob": False, "cyd": True, "dan": False}


def test_a_tie_until_a_day_and_then_another_policy() -> None:
    policies = Policies(
        circles={
            "project": Policy(cadence=7 * DAY, until=TODAY, then="expert"),
            "expert": Policy(cadence=YEAR),
            "spent": Policy(cadence=DAY, until=TODAY),
            "loop": Policy(cadence=DAY, until=TODAY, then="spent"),
        }
    )
    assert resolve(policies, set(), ["project"], "", today=TODAY).cadence == 7 * DAY
    after = resolve(policies, set(), ["project"], "", today=TODAY + DAY)
    assert (after.cadence, after.rule) == (YEAR, "circle expert, after circle project")
    before = resolve(policies, set(), ["project"], "", today=TODAY)
    assert before.rule == f"circle project until {TODAY}"
    for ended in ("spent", "loop"):  # as if it were not there
        assert resolve(policies, set(), [ended], "", today=TODAY + DAY).rule == "default"


# -- forms in turn --------------------------------------------------------------------------------------


def turn(mail: int | None = None, talk: int | None = None, meeting: int | None = None, kept: int = 100) -> str:
    """Whose turn it is, so many days after the last of each."""
    at = {
        name: NOW - n * DAY for name, n in (("outbound", mail), ("call", talk), ("meeting", meeting)) if n is not None
    }
    last = LastContact(**at, logged=at.get("call"))
    found = next_turn(IN_TURN, last, last.reset(("outbound", "meeting", "logged")), NOW - kept * DAY)
    days = ((found.since or NOW) + found.cadence - NOW).days
    return f"{found.form} in {days}"


def test_each_form_has_its_own_interval_and_a_heavier_one_does_for_the_lighter() -> None:
    assert turn(mail=10, talk=10, meeting=10) == "mail in 20"
    assert turn(mail=10, talk=50, meeting=200) == "mail in 20"
    assert turn(mail=3, talk=88, meeting=200) == "talk in 3"
    assert turn(mail=3, talk=50, meeting=360) == "meeting in 5"
    assert turn(meeting=10) == "mail in 20"  # the meeting was a letter and a talk, too


def test_nobody_is_asked_to_write_today_and_to_call_tomorrow() -> None:
    assert turn(mail=30, talk=88, meeting=200) == "talk in 3"
    assert turn(mail=30, talk=60, meeting=200) == "mail in 0"


def test_a_form_there_never_was_is_counted_from_the_day_they_were_kept() -> None:
    assert turn(mail=1, kept=80) == "talk in 11"
    assert turn(mail=29, kept=10) == "mail in 1"


def test_a_letter_between_leaves_the_reminder_to_talk_where_it_is() -> None:
    talked = NOW - 91 * DAY
    before = person(policy=IN_TURN, last=LastContact(outbound=NOW - 20 * DAY, meeting=talked), reset_at=NOW - 20 * DAY)
    after = replace(before, last=replace(before.last, outbound=NOW), reset_at=NOW)
    assert wants(before)[1, KEEP_IN_TOUCH].key == wants(after)[1, KEEP_IN_TOUCH].key
    met = replace(before, last=LastContact(meeting=NOW), reset_at=NOW)
    assert wants(met)[1, KEEP_IN_TOUCH].key != wants(before)[1, KEEP_IN_TOUCH].key


# -- without history, without answers -------------------------------------------------------------------


def test_those_without_history_come_up_spread_over_their_cadence_key_ties_in_its_first_half() -> None:
    regular = [due(person(n, reset_at=None, last=LastContact(), kept_since=NOW)) for n in range(400)]
    key = [first_due(f"uid{n}", "key", NOW, MONTH) for n in range(400)]
    weeks = [sum(1 for at in regular if at and n * MONTH / 4 <= at - NOW < (n + 1) * MONTH / 4) for n in range(4)]
    assert min(weeks) > 70
    assert all(NOW <= at < NOW + MONTH / 2 for at in key)
    assert regular == [due(person(n, reset_at=None, last=LastContact(), kept_since=NOW)) for n in range(400)]


@pytest.mark.parametrize(("unanswered", "expected"), [(0, False), (3, False), (4, True), (9, True)])
def test_four_letters_without_an_answer_propose_a_pause(unanswered: int, expected: bool) -> None:
    assert proposes_pause(unanswered) is expected


# -- where reminders may stand --------------------------------------------------------------------------


def test_a_policy_may_have_days_and_hours_of_its_own() -> None:
    saturdays = replace(POLICY, days=frozenset({6}), hours=(time(18), time(21)))
    (created,) = plan(desired([person(policy=saturdays)], WORLD, NOW)).creates
    assert created.slot is not None
    assert created.slot.start == zoned(date(2026, 11, 21), 18)
    usual = person(2)
    both = plan(desired([person(policy=saturdays), usual], WORLD, NOW)).creates
    assert {c.slot.start.isoweekday() for c in both if c.slot} == {6, 3}


def test_nothing_is_placed_on_holidays_and_in_quiet_time() -> None:
    closed = replace(WORLD, off=frozenset({date(2026, 11, 18)}), quiet=(Quiet(date(2026, 11, 19), date(2026, 11, 22)),))
    (created,) = plan(desired([person()], closed, NOW), world=closed).creates
    assert created.slot is not None
    assert created.slot.start.date() == date(2026, 11, 23)


def test_the_holidays_of_the_users_country_and_of_its_part() -> None:
    year = date(2026, 1, 1), date(2026, 12, 31)
    germany, _ = days_off(WorkingHours(country="DE"), *year)
    berlin, fault = days_off(WorkingHours(country="DE", subdivision="BE"), *year)
    assert not fault
    assert date(2026, 12, 25) in germany
    assert date(2026, 3, 8) in berlin - germany
    assert days_off(WorkingHours(), *year) == (frozenset(), "")
    whole, fault = days_off(WorkingHours(country="DE", subdivision="QQ"), *year)
    assert whole == germany
    assert "DE-QQ" in fault
    none, fault = days_off(WorkingHours(country="XX"), *year)
    assert not none
    assert "none are kept free" in fault


# -- quiet time: nothing is drafted, nothing is lost ----------------------------------------------------

QUIET = Quiet(date(2026, 12, 24), date(2027, 1, 6))
HOLIDAYS = replace(WORLD, quiet=(QUIET,))


def test_in_quiet_time_nothing_is_drafted_but_what_was_asked_for() -> None:
    inside = zoned(date(2026, 12, 28))
    met = person(met=(Met("e1", inside - DAY, 2, False, False),), asked=(Asked(THANKS, "<m@x>", inside),))
    found = plan(desired([met], HOLIDAYS, inside), world=HOLIDAYS, now=inside)
    assert [c.want.period for c in found.creates] == ["ask:<m@x>"]


@pytest.mark.parametrize(("born", "made"), [("--01-02", True), ("--12-29", True), ("--12-24", False)])
def test_what_came_up_in_quiet_time_follows_after_it_if_not_too_late(born: str, made: bool) -> None:
    after = zoned(date(2027, 1, 7))
    who = person(birthday=born, reset_at=after - DAY)
    found = plan(desired([who], HOLIDAYS, after), world=HOLIDAYS, now=after)
    assert [c.want.purpose for c in found.creates] == [CONGRATULATIONS] * made
    for day in range(5):  # it stays for some days, and then its time has passed
        wanted = desired([who], HOLIDAYS, after + day * DAY)
        assert (CONGRATULATIONS in {w.purpose for w in wanted}) == (made and day < 5)
    assert CONGRATULATIONS not in {w.purpose for w in desired([who], HOLIDAYS, after + 5 * DAY)}


def test_the_last_day_of_quiet_time_is_quiet_and_what_came_up_before_it_is_not_made_up_for() -> None:
    who = person(birthday="--01-05")
    evening = zoned(QUIET.last)
    found = plan(desired([who], HOLIDAYS, evening), world=HOLIDAYS, now=evening)
    assert CONGRATULATIONS not in {c.want.purpose for c in found.creates}
    short = replace(WORLD, quiet=(Quiet(date(2026, 12, 28), date(2026, 12, 29)),))
    after = desired([person(birthday="--12-24")], short, zoned(date(2026, 12, 30)))
    assert CONGRATULATIONS not in {w.purpose for w in after}


@pytest.mark.parametrize("circle", ["recruiter", "hr", "employer", "candidate", "mentor"])
def test_of_whom_an_employer_must_not_hear(circle: str) -> None:
    assert person(circles=("friend", circle)).job_hunting is (circle != "mentor")


def test_who_was_written_to_in_quiet_time_is_not_congratulated_after_it() -> None:
    after, wrote = zoned(date(2027, 1, 7)), zoned(date(2027, 1, 3))
    who = person(birthday="--01-02", reset_at=wrote, last=LastContact(outbound=wrote))
    assert CONGRATULATIONS not in {w.purpose for w in desired([who], HOLIDAYS, after)}


@given(
    first=st.integers(0, 40), length=st.integers(0, 30), off=st.sets(st.integers(0, 60)), start=st.integers(0, 24 * 20)
)
def test_no_slot_of_ours_falls_on_a_day_that_is_closed(first: int, length: int, off: set[int], start: int) -> None:
    quiet = Quiet(TODAY + first * DAY, TODAY + (first + length) * DAY)
    closed = replace(WORLD, quiet=(quiet,), off=frozenset(TODAY + n * DAY for n in off))
    now = NOW + timedelta(hours=start)
    people = [person(n, promises=(Promise(f"p{n}", TODAY, "it"),)) for n in range(12)]
    passed = row_of(wants(person(50))[50, KEEP_IN_TOUCH], start=now - 3 * DAY)
    found = plan(desired([*people, person(50)], closed, now), [passed], world=closed, now=now)
    for slot in [c.slot for c in found.creates if c.slot] + [m.slot for m in found.moves]:
        day = slot.start.astimezone(ZoneInfo(HOURS.zone)).date()
        assert not closed.closed(day)
        assert day.isoweekday() in HOURS.days
