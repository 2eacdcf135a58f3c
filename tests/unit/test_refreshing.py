"""Which reminders may be worded anew: ours, untouched, to come. On made-up ledgers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.model import Window
from daemon.core.plan import Lapse, Move, Plan, Refresh, Release, Row, Withdraw
from daemon.core.refreshing import refreshable, refreshes, words_of
from daemon.core.states import EDITED, LAPSED, MOVED, PENDING, SKIPPED, UNKNOWN, WITHDRAWN, WRITTEN
from daemon.core.wants import DRAFT, KEEP_IN_TOUCH, LISTS, REMINDER, REPLY_OWED, Want

NOW = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)
STATES = (WRITTEN, MOVED, EDITED, PENDING, SKIPPED, LAPSED, WITHDRAWN, UNKNOWN)

rows = st.builds(
    Row,
    key=st.sampled_from("abcdef"),
    kind=st.sampled_from((REMINDER, REMINDER, DRAFT)),
    purpose=st.sampled_from((KEEP_IN_TOUCH, REPLY_OWED, *LISTS)),
    contact_id=st.integers(1, 3),
    period=st.just("p/0"),
    state=st.sampled_from((*STATES, WRITTEN, MOVED)),
    starts_at=st.one_of(st.none(), st.integers(-3, 9).map(lambda n: NOW + timedelta(hours=n))),
    queued=st.booleans(),
    words=st.sampled_from(("", "old", "new")),
)
ledgers = st.lists(rows, unique_by=lambda row: row.key, max_size=6)


def want(row: Row) -> Want:
    return Want(row.key, row.kind, row.purpose, row.contact_id, row.period, NOW, "")


@given(ledgers, st.sets(st.sampled_from("abcdef")), st.sets(st.integers(1, 3)), st.data())
def test_only_what_is_ours_untouched_wanted_and_to_come(
    found: list[Row], wanted: set[str], held: set[int], data: st.DataObject
) -> None:
    acted = data.draw(st.lists(st.sampled_from(found), max_size=2)) if found else []
    slot = Window(NOW, NOW + timedelta(minutes=15))
    kinds = [lambda r: Plan(moves=(Move(r, slot, True),)), lambda r: Plan(withdrawals=(Withdraw(r),))]
    kinds += [lambda r: Plan(lapses=(Lapse(r),)), lambda r: Plan(releases=(Release(r),))]
    plan = data.draw(st.sampled_from(kinds))(acted[0]) if acted else Plan()
    mine = refreshable(found, {r.key: want(r) for r in found if r.key in wanted}, plan, held=held, now=NOW)
    for row in found:
        may = (
            row.kind == REMINDER
            and row.state in (WRITTEN, MOVED)
            and row.purpose not in LISTS
            and row.words != ""
            and not row.queued
            and row.starts_at is not None
            and row.starts_at > NOW
            and row.key in wanted
            and row.contact_id not in held
            and not (acted and row.key == acted[0].key)
        )
        assert (row in mine) is may
    told = refreshes(mine, {row.key: "new" for row in mine})
    assert told == tuple(Refresh(row, "new") for row in mine if row.words == "old")
    assert not refreshes([replace(each.row, words=each.words) for each in told], {each.row.key: "new" for each in told})
    assert not refreshes(mine, {}), "where nobody could say what it would say"


STANDS = Row("a", REMINDER, KEEP_IN_TOUCH, 1, "p/0", WRITTEN, NOW + timedelta(hours=1), words="old")


@pytest.mark.parametrize(
    ("row", "plan", "held"),
    [
        (replace(STANDS, starts_at=NOW), Plan(), ()),
        (replace(STANDS, queued=True), Plan(), ()),
        (replace(STANDS, state=EDITED), Plan(), ()),
        (replace(STANDS, words=""), Plan(), ()),
        (STANDS, Plan(withdrawals=(Withdraw(STANDS),)), ()),
        (STANDS, Plan(moves=(Move(STANDS, Window(NOW, NOW), True),)), ()),
        (STANDS, Plan(lapses=(Lapse(STANDS),)), ()),
        (STANDS, Plan(), (1,)),
    ],
)
def test_one_thing_amiss_is_enough_to_leave_it(row: Row, plan: Plan, held: tuple[int, ...]) -> None:
    wants = {STANDS.key: want(STANDS)}
    assert refreshable([STANDS], wants, Plan(), held=(), now=NOW) == [STANDS]
    assert refreshable([row], wants, plan, held=held, now=NOW) == []


@given(st.text(), st.text())
def test_spaces_and_line_ends_are_no_words(summary: str, text: str) -> None:
    as_sent, as_kept = f"{text}\n\nOne line.\nAnother.", f"{text}\r\n\r\n One line. \r\nAnother.\r\n"
    assert words_of(summary, as_sent) == words_of(f" {summary} ", as_kept)
    assert words_of(summary, as_sent) != words_of(summary, f"{as_sent} More.")
    assert words_of(summary, f"x{as_sent}") != words_of(f"{summary} x", as_sent)
