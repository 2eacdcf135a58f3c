"""core.desired and core.plan: what is wanted, and what is done about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from daemon.core.cadence import LastContact
from daemon.core.desired import desired
from daemon.core.due import due
from daemon.core.making import stamp
from daemon.core.model import Window
from daemon.core.plan import Plan, Row, make_plan
from daemon.core.policy import Quiet, ReminderRules, WorkingHours
from daemon.core.resolve import Resolved
from daemon.core.states import EDITED, FAILED, LAPSED, MOVED, OPEN, PENDING, SKIPPED, WITHDRAWN, WRITTEN
from daemon.core.verdict import Caps
from daemon.core.wants import (
    CHECK_IN,
    CONGRATULATIONS,
    DRAFT,
    KEEP_IN_TOUCH,
    REMINDER,
    REPLY_OWED,
    THANKS,
    Asked,
    Dismissal,
    Met,
    Part,
    Person,
    Promise,
    UpdateNews,
    Want,
    World,
)

NOW = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)  # a Wednesday
MONTH = timedelta(days=30)
POLICY = Resolved(
    MONTH, "circle mentor", frozenset({THANKS, CONGRATULATIONS, "update"}), frozenset({"outbound"}), Caps()
)
RULES = ReminderRules()
HOURS = WorkingHours(zone="Europe/Berlin")
WORLD = World(zone="Europe/Berlin", rules=RULES, enabled_since=NOW - timedelta(days=60))


def person(number: int = 1, **facts: object) -> Person:
    base = Person(
        contact_id=number,
        uid=f"uid{number}",
        name=f"Person {number}",
        circles=("mentor",),
        tier="",
        state="",
        policy=POLICY,
        reset_at=NOW - timedelta(days=40),
        last=LastContact(outbound=NOW - timedelta(days=40)),
        kept_since=NOW - timedelta(days=100),
        speaks="en",
    )
    return replace(base, **facts)  # type: ignore[arg-type]


def wants(*people: Person, world: World = WORLD, now: datetime = NOW) -> dict[tuple[int, str], Want]:
    return {(w.contact_id, w.purpose): w for w in desired(people, world, now)}


def plan(found: list[Want], rows: list[Row] | None = None, now: datetime = NOW, **more: object) -> Plan:
    given: dict[str, object] = {"held": set(), "world": WORLD, "hours": HOURS, "busy": (), "now": now, **more}
    return make_plan(found, rows or [], **given)  # type: ignore[arg-type]


def row_of(want: Want, state: str = WRITTEN, start: datetime = NOW + timedelta(hours=3), **more: object) -> Row:
    base = Row(
        want.key,
        want.kind,
        want.purpose,
        want.contact_id,
        want.period,
        state,
        start if want.kind == REMINDER else None,
        start + timedelta(minutes=15) if want.kind == REMINDER else None,
    )
    return replace(base, **more)  # type: ignore[arg-type]


# -- wants -------------------------------------------------------------------------------------------


def test_somebody_overdue_gets_one_reminder_and_somebody_talked_to_lately_has_none_due() -> None:
    assert wants(person())[1, KEEP_IN_TOUCH].due == NOW - timedelta(days=10)
    lately = person(reset_at=NOW - timedelta(days=3))
    assert wants(lately)[1, KEEP_IN_TOUCH].due == NOW + timedelta(days=27)
    assert not plan(desired([lately], WORLD, NOW)).creates


def test_known_people_who_are_not_kept_want_nothing() -> None:
    assert not wants(person(circles=(), tier=""))


def test_paused_people_want_nothing_and_what_stands_is_withdrawn() -> None:
    want = wants(person())[1, KEEP_IN_TOUCH]
    assert not wants(person(state="paused"))
    assert [w.row.key for w in plan([], [row_of(want)]).withdrawals] == [want.key]


def test_a_skip_waits_one_cadence_and_comes_back_under_another_key() -> None:
    before = wants(person())[1, KEEP_IN_TOUCH]
    base = stamp(NOW - timedelta(days=40))
    skipped = person(dismissals=(Dismissal(KEEP_IN_TOUCH, base, 0, NOW + MONTH),))
    after = wants(skipped)[1, KEEP_IN_TOUCH]
    assert after.due == NOW + MONTH
    assert after.key != before.key
    assert not plan([after], [row_of(before, SKIPPED)]).creates
    late = plan([after], [row_of(before, SKIPPED)], now=NOW + MONTH)
    assert [c.want.key for c in late.creates] == [after.key]


def test_late_evidence_does_not_bring_back_what_was_dismissed() -> None:
    older = person(
        reset_at=NOW - timedelta(days=60),  # a later interaction was taken back: the base is another
        dismissals=(Dismissal(KEEP_IN_TOUCH, stamp(NOW - timedelta(days=40)), 0, NOW + MONTH),),
    )
    assert due(older) == NOW + MONTH


def test_what_was_put_off_for_another_reason_puts_keeping_in_touch_off_by_nothing() -> None:
    owed = Dismissal(REPLY_OWED, "x", 0, NOW + timedelta(days=90))
    assert due(person(dismissals=(owed,))) == due(person())


def test_contact_that_resets_nothing_makes_them_due_from_the_day_they_were_kept() -> None:
    heard = person(reset_at=None, last=LastContact(inbound=NOW - timedelta(days=3)), kept_since=NOW)
    assert due(heard) == NOW
    never = replace(heard, last=LastContact())
    at = due(never)
    assert at is not None
    assert NOW < at < NOW + MONTH


def test_an_arranged_meeting_holds_the_reminder_unless_it_is_far_away() -> None:
    assert (1, KEEP_IN_TOUCH) not in wants(person(next_meeting=NOW + timedelta(days=5)))
    assert (1, KEEP_IN_TOUCH) in wants(person(next_meeting=NOW + timedelta(days=200)))


def test_two_unanswered_letters_double_the_interval() -> None:
    assert due(person(unanswered=1)) == NOW - timedelta(days=10)
    assert due(person(unanswered=2)) == NOW + timedelta(days=20)


def test_thanks_follow_a_small_meeting_outside_the_own_organisation() -> None:
    met = Met("e1", NOW - timedelta(hours=20), people=2, recurring=False, inside=False)
    found = wants(person(met=(met,)))[1, THANKS]
    assert (found.kind, found.occasion_date) == (DRAFT, date(2026, 11, 17))
    for other in (replace(met, people=6), replace(met, recurring=True), replace(met, inside=True)):
        assert (1, THANKS) not in wants(person(met=(other,)))


def test_thanks_are_not_begun_after_three_days_and_not_wanted_after_seven() -> None:
    met = Met("e1", NOW - timedelta(days=4), people=2, recurring=False, inside=False)
    found = desired([person(met=(met,))], WORLD, NOW)
    thanks = [w for w in found if w.purpose == THANKS]
    assert thanks, "an existing draft stays for seven days"
    assert not [c for c in plan(found).creates if c.want.purpose == THANKS]
    assert not plan(found, [row_of(thanks[0])]).withdrawals
    older = person(met=(replace(met, ended_at=NOW - timedelta(days=8)),))
    assert (1, THANKS) not in wants(older)


def test_thanks_are_dropped_once_the_user_wrote_by_themselves() -> None:
    met = Met("e1", NOW - timedelta(days=1), people=2, recurring=False, inside=False)
    wrote = person(met=(met,), last=LastContact(outbound=NOW - timedelta(hours=1)))
    assert (1, THANKS) not in wants(wrote)


def test_thanks_once_in_ninety_days_and_the_letter_already_made_stays() -> None:
    first = Met("e1", NOW - timedelta(days=2), people=2, recurring=False, inside=False)
    second = Met("e2", NOW - timedelta(hours=2), people=2, recurring=False, inside=False)
    both = person(met=(first, second), thanked=(("e1", NOW - timedelta(days=2)),))
    assert wants(both)[1, THANKS].period == "e1"
    longer_ago = person(met=(second,), thanked=(("e0", NOW - timedelta(days=80)),))
    assert (1, THANKS) not in wants(longer_ago)
    long_ago = person(met=(second,), thanked=(("e0", NOW - timedelta(days=91)),))
    assert wants(long_ago)[1, THANKS].period == "e2"


def test_occasions_before_writing_was_enabled_make_no_draft() -> None:
    met = Met("e1", NOW - timedelta(days=1), people=2, recurring=False, inside=False)
    later = replace(WORLD, enabled_since=NOW - timedelta(hours=1))
    assert (1, THANKS) not in wants(person(met=(met,)), world=later)
    assert (1, THANKS) not in wants(person(met=(met,)), world=replace(WORLD, enabled_since=None))


def test_a_birthday_is_kept_in_the_contacts_own_zone() -> None:
    tokyo = person(birthday="--11-19", zone="Asia/Tokyo")
    assert (1, CONGRATULATIONS) not in wants(tokyo)
    evening = datetime(2026, 11, 18, 15, 30, tzinfo=UTC)  # past midnight over there
    found = wants(tokyo, now=evening)[1, CONGRATULATIONS]
    assert (found.occasion_date, found.due) == (date(2026, 11, 19), datetime(2026, 11, 18, 15, tzinfo=UTC))


def test_a_leap_day_birthday_falls_on_the_28th_in_common_years() -> None:
    born = person(birthday="1980-02-29")
    common = datetime(2027, 2, 28, 12, tzinfo=UTC)
    leap = datetime(2028, 2, 29, 12, tzinfo=UTC)
    assert wants(born, now=common)[1, CONGRATULATIONS].occasion_date == date(2027, 2, 28)
    assert wants(born, now=leap)[1, CONGRATULATIONS].occasion_date == date(2028, 2, 29)


def test_without_a_language_there_is_a_reminder_instead_of_a_draft() -> None:
    found = wants(person(birthday="1980-11-18", speaks=""))[1, CONGRATULATIONS]
    assert found.kind == REMINDER


def test_news_go_to_their_circles_and_to_nobody_met_since() -> None:
    day_before = NOW - timedelta(days=1)
    parts = (Part(frozenset(), frozenset({"first", "second"})),)
    news = UpdateNews("2026-Q4", frozenset({"mentor"}), day_before, NOW + timedelta(days=40), day_before, parts)
    world = replace(WORLD, news={"en": news})
    assert (1, "update") in wants(person(), world=world)
    assert (1, "update") not in wants(person(circles=("hr",)), world=world)
    assert (1, "update") in wants(person(told=(("2026-Q3", frozenset({"first"})),)), world=world)
    assert (1, "update") not in wants(person(told=(("2026-Q3", frozenset({"first", "second"})),)), world=world)
    assert (1, "update") in wants(person(told=(("2026-Q4", frozenset({"first", "second"})),)), world=world)
    met_since = person(last=LastContact(meeting=NOW - timedelta(hours=2)))
    assert (1, "update") not in wants(met_since, world=world)


def test_a_letter_of_theirs_waits_five_days_before_an_answer_is_owed() -> None:
    waits = person(owed=(NOW - timedelta(days=6),))
    assert wants(waits)[1, REPLY_OWED].kind == REMINDER
    assert (1, REPLY_OWED) not in wants(person(owed=(NOW - timedelta(days=4),)))
    assert (1, REPLY_OWED) not in wants(person(owed=(NOW - timedelta(days=100),)))


def test_an_answer_owed_and_dismissed_is_never_asked_for_again_for_that_letter() -> None:
    owed = NOW - timedelta(days=6)
    done = person(owed=(owed,), dismissals=(Dismissal(REPLY_OWED, stamp(owed), 0, None, NOW),))
    assert (1, REPLY_OWED) not in wants(done)
    ours = replace(done, dismissals=(replace(done.dismissals[0], withdrawn=True),))  # the reminder alone was taken back
    assert wants(ours)[1, REPLY_OWED].period == f"{stamp(owed)}/1"


def test_a_promise_is_reminded_of_on_its_day() -> None:
    promised = person(reset_at=NOW, promises=(Promise("l1", date(2026, 11, 20), "send the paper"),))
    found = [c for c in plan(desired([promised], WORLD, NOW)).creates if c.want.purpose == "promise"]
    assert found[0].slot is not None
    assert found[0].slot.start.date() == date(2026, 11, 20)
    skipped = replace(promised, dismissals=(Dismissal("promise", "l1", 0, None),))
    assert (1, "promise") not in wants(skipped)
    paused = replace(promised, dismissals=(Dismissal("promise", "l1", 0, None, withdrawn=True),))
    assert wants(paused)[1, "promise"].period == "l1/1"
    assert (1, "promise") not in wants(replace(paused, dismissals=(*paused.dismissals, *skipped.dismissals)))


def test_a_check_in_comes_with_the_reminder_only_where_the_policy_wants_it() -> None:
    assert (1, CHECK_IN) not in wants(person())
    wished = person(policy=replace(POLICY, drafts=frozenset({CHECK_IN})))
    assert wants(wished)[1, CHECK_IN].period == wants(wished)[1, KEEP_IN_TOUCH].period
    assert (1, CHECK_IN) not in wants(replace(wished, reset_at=NOW - timedelta(days=3)))  # the reminder is to come


# -- plan --------------------------------------------------------------------------------------------


def test_what_stands_is_left_alone() -> None:
    want = wants(person())[1, KEEP_IN_TOUCH]
    assert plan([want], [row_of(want)]).empty
    assert plan([want], [row_of(want, PENDING)]).empty
    assert plan([want], [row_of(want, MOVED, NOW + timedelta(days=9))]).empty


def test_an_edited_draft_stays_and_an_edited_reminder_becomes_the_users() -> None:
    met = Met("e1", NOW - timedelta(hours=20), people=2, recurring=False, inside=False)
    draft = wants(person(met=(met,)))[1, THANKS]
    assert plan([], [row_of(draft, EDITED)]).empty
    reminder = wants(person())[1, KEEP_IN_TOUCH]
    found = plan([], [row_of(reminder, EDITED)])
    assert not found.withdrawals
    assert [r.row.key for r in found.releases] == [reminder.key]


def test_people_seen_in_an_unread_account_are_left_as_they_are() -> None:
    want = wants(person())[1, KEEP_IN_TOUCH]
    assert plan([], [row_of(want)], held={1}).empty
    assert plan([want], [], held={1}).empty


def test_a_reminder_that_passed_is_moved_once_and_then_lapses() -> None:
    want = wants(person())[1, KEEP_IN_TOUCH]
    yesterday = row_of(want, start=NOW - timedelta(days=1))
    moved = plan([want], [yesterday]).moves
    assert [(m.row.key, m.ours) for m in moved] == [(want.key, True)]
    assert moved[0].slot.start >= NOW
    again = plan([want], [replace(yesterday, moves=1)])
    assert [x.row.key for x in again.lapses] == [want.key]
    assert not plan([want], [replace(yesterday, moves=1, state=LAPSED)]).creates


def test_one_that_passed_and_finds_no_other_place_still_takes_its_own_of_the_week() -> None:
    rules = replace(RULES, a_week=1)
    mondays = replace(POLICY, days=frozenset({1}))
    passed, ahead, new = (
        wants(person(n, policy=p))[n, KEEP_IN_TOUCH] for n, p in ((1, mondays), (2, POLICY), (3, POLICY))
    )
    rows = [row_of(passed, start=NOW - timedelta(days=1)), row_of(ahead, start=NOW + timedelta(days=6))]
    found = plan([passed, ahead, new], rows, world=replace(WORLD, rules=rules))
    assert not found.moves and not found.creates
    assert {w.key for w in found.waiting} == {passed.key, new.key}


def test_one_put_off_into_quiet_time_keeps_its_own_place_till_there_is_another() -> None:
    until = NOW + timedelta(days=60)
    quiet = (Quiet(until.date(), until.date() + timedelta(days=20)),)
    snoozed = person(dismissals=(Dismissal(KEEP_IN_TOUCH, "snooze", -1, until),))
    late, passed, today = (wants(p)[p.contact_id, KEEP_IN_TOUCH] for p in (snoozed, person(2), person(3)))
    rows = [row_of(late, start=NOW + timedelta(days=1)), row_of(passed, start=NOW - timedelta(days=1)), row_of(today)]
    found = plan([late, passed, today], rows, world=replace(WORLD, rules=replace(RULES, a_day=1), quiet=quiet))
    assert [(m.row.contact_id, m.slot.start.date()) for m in found.moves] == [(2, (NOW + timedelta(days=2)).date())]
    assert [w.key for w in found.waiting] == [late.key]


def test_a_meeting_holds_the_reminder_only_if_it_is_no_further_off_than_a_cadence() -> None:
    assert not wants(person(next_meeting=NOW + MONTH))
    assert (1, KEEP_IN_TOUCH) in wants(person(next_meeting=NOW + MONTH + timedelta(days=1)))


def test_a_snooze_moves_what_stands_but_not_what_the_user_moved() -> None:
    until = NOW + timedelta(days=20)
    after = wants(person(dismissals=(Dismissal(KEEP_IN_TOUCH, "snooze", -1, until),)))[1, KEEP_IN_TOUCH]
    assert plan([after], [row_of(after)]).moves
    assert not plan([after], [row_of(after, MOVED)]).moves and not plan([after], [row_of(after, EDITED)]).moves


def test_what_failed_takes_nobodys_place() -> None:
    want = wants(person(2))[2, KEEP_IN_TOUCH]
    tomorrow = NOW + timedelta(days=1)
    there = [row_of(wants(person(n))[n, KEEP_IN_TOUCH], start=NOW + timedelta(hours=n)) for n in (3, 4, 5)]
    (full,) = plan([want, *(wants(person(n))[n, KEEP_IN_TOUCH] for n in (3, 4, 5))], there).creates
    assert full.slot is not None and full.slot.start.date() == tomorrow.date()
    failed = [replace(row, state=FAILED) for row in there]
    (free,) = plan([want], failed).creates
    assert free.slot is not None and free.slot.start.date() == NOW.date()


def test_what_was_made_a_whole_day_has_passed_with_that_day() -> None:
    want = wants(person())[1, KEEP_IN_TOUCH]
    midnight = datetime(2026, 11, 17, 23, tzinfo=UTC)  # in Berlin, with which the day before ends
    row = replace(row_of(want, MOVED), starts_at=midnight - timedelta(days=1), ends_at=midnight)
    assert plan([want], [row]).moves
    assert not plan([want], [replace(row, ends_at=midnight + timedelta(minutes=1))]).moves


def test_a_snooze_moves_what_stands() -> None:
    until = NOW + timedelta(days=20)
    snoozed = person(dismissals=(Dismissal(KEEP_IN_TOUCH, "snooze", -1, until),))
    before, after = wants(person())[1, KEEP_IN_TOUCH], wants(snoozed)[1, KEEP_IN_TOUCH]
    assert before.key == after.key
    (move,) = plan([after], [row_of(before)]).moves
    assert move.slot.start >= until
    assert not move.ours


def test_one_open_per_contact_and_purpose() -> None:
    old = wants(person())[1, KEEP_IN_TOUCH]
    new = wants(person(reset_at=NOW - timedelta(days=35)))[1, KEEP_IN_TOUCH]
    found = plan([new], [row_of(old)])
    assert [w.row.key for w in found.withdrawals] == [old.key]
    assert not found.creates
    assert [c.want.key for c in plan([new], [row_of(old, WITHDRAWN)]).creates] == [new.key]


days = st.integers(min_value=0, max_value=400)


@given(
    ages=st.lists(days, min_size=1, max_size=60),
    busy=st.lists(st.tuples(st.integers(0, 10), st.integers(0, 23), st.integers(1, 6)), max_size=12),
    hour=st.integers(0, 23),
)
def test_caps_hours_and_busy_times_are_kept_whatever_is_due(
    ages: list[int], busy: list[tuple[int, int, int]], hour: int
) -> None:
    now = NOW.replace(hour=hour)
    people = [person(i, reset_at=now - timedelta(days=age)) for i, age in enumerate(ages)]
    taken = [
        Window(now + timedelta(days=d, hours=h), now + timedelta(days=d, hours=h + length)) for d, h, length in busy
    ]
    found = plan(desired(people, WORLD, now), busy=taken, now=now)
    slots = [c.slot for c in found.creates if c.slot]
    zone = __import__("zoneinfo").ZoneInfo(HOURS.zone)
    per_day: dict[date, int] = {}
    per_week: dict[tuple[int, int], int] = {}
    for slot in slots:
        local = slot.start.astimezone(zone)
        assert local.isoweekday() in HOURS.days
        assert HOURS.start <= local.time() and slot.end.astimezone(zone).time() <= HOURS.end
        assert slot.start >= now
        assert not any(t.start < slot.end and slot.start < t.end for t in taken)
        per_day[local.date()] = per_day.get(local.date(), 0) + 1
        week = local.isocalendar()[:2]
        per_week[week] = per_week.get(week, 0) + 1
    assert max(per_day.values(), default=0) <= RULES.a_day
    assert max(per_week.values(), default=0) <= RULES.a_week
    assert len({(s.start, s.end) for s in slots}) == len(slots)


@given(
    ages=st.lists(days, min_size=1, max_size=25),
    states=st.lists(st.sampled_from(sorted(OPEN | {SKIPPED, WITHDRAWN})), min_size=25, max_size=25),
)
def test_planning_twice_plans_nothing_more(ages: list[int], states: list[str]) -> None:
    """What the first plan creates stands; the second finds nothing left to create, and no key is ever reused."""
    people = [person(i, reset_at=NOW - timedelta(days=age)) for i, age in enumerate(ages)]
    found = desired(people, WORLD, NOW)
    rows = [row_of(w, s) for w, s in zip(found, states, strict=False)][: len(found) // 2]
    first = plan(found, rows)
    assert not {c.want.key for c in first.creates} & {r.key for r in rows}
    stands = [row_of(c.want, start=c.slot.start) for c in first.creates if c.slot]
    second = plan(found, rows + stands)
    assert not [c for c in second.creates if c.want.key in {r.key for r in stands}]
    assert {w.key for w in second.waiting} <= {w.key for w in first.waiting}
    assert not second.creates


# -- what the user asked for by a flag -----------------------------------------------------------------


def test_what_was_asked_for_is_wanted_of_anybody_known_and_of_nobody_closed_off() -> None:
    ask = Asked("reply", "mabc", NOW - timedelta(days=400))
    known = person(circles=(), asked=(ask,))
    (want,) = desired([known], WORLD, NOW)
    assert (want.kind, want.purpose, want.period, want.occasion) == (DRAFT, "reply", "ask:mabc", "mail:mabc")
    assert not desired([known], replace(WORLD, enabled_since=None), NOW)
    for state in ("paused", "do-not-contact", "deceased", "forgetting"):
        assert not desired([replace(known, state=state)], WORLD, NOW)


def test_what_was_asked_for_does_not_wait_for_another_and_is_never_too_late() -> None:
    asks = tuple(Asked("thanks", f"m{n}", NOW - timedelta(days=n)) for n in range(3))
    found = desired([person(circles=(), asked=asks)], WORLD, NOW)
    standing = row_of(found[0])
    assert {c.want.key for c in plan(found, [standing]).creates} == {w.key for w in found[1:]}


def test_what_was_made_for_a_flag_keeps_its_key_when_contacts_are_merged() -> None:
    (want,) = desired([person(circles=(), asked=(Asked("reply", "m", NOW, "the-first-key"),))], WORLD, NOW)
    assert want.key == "the-first-key"


def test_two_promises_have_two_reminders_even_where_one_stands() -> None:
    both = person(
        reset_at=NOW, promises=(Promise("l1", date(2026, 11, 24), "a"), Promise("l2", date(2026, 11, 20), "b"))
    )
    found = [w for w in desired([both], WORLD, NOW) if w.purpose == "promise"]
    assert {c.want.key for c in plan(found, [row_of(found[0])]).creates} == {found[1].key}


def test_an_edited_reminder_that_passes_is_not_moved() -> None:
    want = wants(person())[1, KEEP_IN_TOUCH]
    passed = row_of(want, EDITED, NOW - timedelta(days=1))
    found = plan([want], [passed])
    assert not found.moves and [x.row.key for x in found.lapses] == [want.key]


def test_the_two_were_in_touch_when_a_letter_may_have_been_an_answer() -> None:
    them, mine = NOW - timedelta(days=50), NOW - timedelta(days=21)
    assert LastContact(inbound=them, outbound=mine).in_touch() == mine
    assert LastContact(inbound=them, outbound=mine + timedelta(days=2)).in_touch() == them


def test_a_check_in_may_be_written_again_when_their_letter_is_long_past() -> None:
    wished = person(policy=replace(POLICY, drafts=frozenset({CHECK_IN})), reset_at=NOW - timedelta(days=100))
    for days, asks in ((44, False), (46, True)):
        wrote = LastContact(inbound=NOW - timedelta(days=days), outbound=NOW - timedelta(days=100))
        assert ((1, CHECK_IN) in wants(replace(wished, last=wrote))) is asks


def test_a_check_in_is_dropped_once_they_wrote_themselves() -> None:
    wished = person(policy=replace(POLICY, drafts=frozenset({CHECK_IN})))
    assert (1, CHECK_IN) in wants(wished)
    wrote = replace(wished, last=LastContact(outbound=wished.reset_at, inbound=NOW - timedelta(days=1)))
    assert (1, CHECK_IN) not in wants(wrote)
    assert (1, KEEP_IN_TOUCH) in wants(wrote), "what resets nothing leaves the reminder"
    before = replace(wished, last=LastContact(outbound=wished.reset_at, inbound=NOW - timedelta(days=12)))
    assert (1, CHECK_IN) in wants(before), "it came before they were due"
