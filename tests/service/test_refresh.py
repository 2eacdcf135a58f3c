"""Reminders that stand are kept up to date until the user touches them, on every backend."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from daemon.core.errors import Refused, TryLater
from daemon.core.model import Form, OutgoingEvent, RemoteEvent
from daemon.service import hand, planning
from daemon.service.cycle import run_cycle
from daemon.service.deps import CycleReport
from daemon.service.judging import Rules
from daemon.store import agendas
from daemon.store.tables import ledger
from tests.contract.rig import ME
from tests.contract.samples import NOW, description_of
from tests.service.house import House, letter
from tests.service.rigs_of import dav_rig, mail_rig, memory

DAY = timedelta(days=1)
NINA = "nina@example.net"
BOOK, GARDEN = "книга о садах", "её сад"


def standing(house: House, **person: Any) -> int:
    """Somebody of whom a reminder stands, for tomorrow."""
    house.clock = NOW + timedelta(hours=9)
    nina = house.person("Нина Образцова", NINA, **person)
    mail_rig(house).add_mail("Sent", letter("old", NOW - 200 * DAY, ME, NINA))
    house.enable()
    house.cycle()
    (there,) = dav_rig(house).reminders()
    assert there.start > house.clock + timedelta(hours=1), "it is the evening before"
    assert BOOK not in description_of(there.raw)
    return nina


def note(house: House, nina: int, text: str = BOOK, **more: bool) -> int:
    with house.store.write() as conn:
        return agendas.add(conn, nina, text, house.clock, **more)


def text(house: House) -> str:
    (there,) = dav_rig(house).reminders()
    return description_of(there.raw)


def refreshed(report: CycleReport) -> list[str]:
    return [verb for verb, *_ in report.done]


def at_rest(house: House) -> None:
    """Nothing more is done, and nothing stored changes, on that day or the next."""
    before, shown = house.facts(), [e.raw for e in dav_rig(house).reminders()]
    for after in (timedelta(minutes=15), timedelta(minutes=15)):
        assert house.cycle(after=after).done == []
    assert house.facts() == before and [e.raw for e in dav_rig(house).reminders()] == shown


def test_what_is_noted_later_appears_and_what_is_done_goes_again(house: House) -> None:
    nina = standing(house)
    (before,) = dav_rig(house).reminders()
    number = note(house, nina)
    assert refreshed(house.cycle()) == ["refresh"]
    (there,) = dav_rig(house).reminders()
    assert BOOK in description_of(there.raw)
    assert (there.uid, there.start, there.end, there.summary) == (before.uid, before.start, before.end, before.summary)
    at_rest(house)
    with house.store.write() as conn:
        agendas.settle(conn, nina, number, house.clock)
        by = (NOW + 30 * DAY).date()
        rules, then = Rules(house.settings.policies, house.clock), NOW - 210 * DAY
        hand.log_contact(conn, rules, nina, Form.CALL, then, topic=GARDEN, next_step="прислать чертёж", by=by)
    assert refreshed(house.cycle()) == ["refresh"]
    assert BOOK not in text(house) and GARDEN in text(house) and "прислать чертёж" in text(house)
    assert [r.state for r in house.ledger()] == ["written"]


@pytest.mark.parametrize("how", ["text", "title"])
def test_what_the_user_rewrote_is_never_touched_again(house: House, how: str) -> None:
    nina = standing(house)
    (there,) = dav_rig(house).reminders()
    if how == "text":
        dav_rig(house).user_rewrites_event(there.uid, "Спросить про отпуск.")
    else:
        dav_rig(house).user_retitles_event(there.uid, "Нина, про отпуск")
    (theirs,) = dav_rig(house).reminders()
    note(house, nina)
    for _ in range(2):
        assert house.cycle().done == []
    assert [e.raw for e in dav_rig(house).reminders()] == [theirs.raw]
    assert [r.state for r in house.ledger()] == ["edited"]


def test_snoozed_by_the_user_it_is_kept_up_to_date_in_its_new_place(house: House) -> None:
    nina = standing(house)
    (there,) = dav_rig(house).reminders()
    theirs = there.start + 6 * DAY
    dav_rig(house).user_drags_event(there.uid, theirs)
    note(house, nina)
    house.cycle()
    (now,) = dav_rig(house).reminders()
    assert (now.start, now.summary) == (theirs, there.summary) and BOOK in description_of(now.raw)
    at_rest(house)
    assert [r.state for r in house.ledger()] == ["moved"]


def test_a_refresh_whose_answer_was_lost_is_taken_over_and_made_once(house: House) -> None:
    nina = standing(house)
    note(house, nina)
    dav_rig(house).lose_next_response()
    house.clock += timedelta(minutes=15)
    run_cycle(house.deps())
    for rig in house.rigs.values():
        rig.fresh_connection()
    (there,) = dav_rig(house).reminders()
    assert BOOK in description_of(there.raw)
    house.cycle(after=timedelta(minutes=30))
    assert [e.raw for e in dav_rig(house).reminders()] == [there.raw], "not written a second time"
    at_rest(house)
    assert [r.state for r in house.ledger()] == ["written"]
    note(house, nina, GARDEN)
    house.cycle()
    assert GARDEN in text(house), "it is ours still"


# -- what depends on no backend ------------------------------------------------------------------------


@pytest.mark.memory_only
def test_lost_and_overtaken_by_news_it_is_taken_over_and_written_anew(house: House) -> None:
    nina = standing(house)
    note(house, nina)
    dav_rig(house).lose_next_response()
    house.clock += timedelta(minutes=15)
    run_cycle(house.deps())
    note(house, nina, GARDEN)
    house.cycle(after=timedelta(minutes=30))
    assert BOOK in text(house) and GARDEN in text(house)
    at_rest(house)
    assert [r.state for r in house.ledger()] == ["written"]


@pytest.mark.memory_only
@pytest.mark.parametrize("verb", ["create", "move"])
def test_written_without_an_answer_and_overtaken_by_news_it_is_ours_and_written_anew(house: House, verb: str) -> None:
    if verb == "create":
        dav_rig(house).lose_next_response()
    nina = standing(house)
    if verb == "move":
        dav_rig(house).lose_next_response()
        house.clock += 2 * DAY  # it passed unanswered
        run_cycle(house.deps())
    note(house, nina)
    house.cycle(after=timedelta(minutes=30))
    assert BOOK in text(house)
    at_rest(house)
    assert [(r.state, r.moves) for r in house.ledger()] == [("written", int(verb == "move"))]


@pytest.mark.memory_only
@pytest.mark.parametrize("deed", ["text", "title", "drag", "delete"])
def test_touched_just_as_we_write_it_it_stays_as_the_user_left_it(house: House, deed: str) -> None:
    nina = standing(house)
    (there,) = dav_rig(house).reminders()
    box, server = dav_rig(house), memory(house).server

    def on_call(name: str) -> None:
        if name == "reminders.update":
            server.on_call = lambda name: None
            {
                "text": lambda: box.user_rewrites_event(there.uid, "Спросить про отпуск."),
                "title": lambda: box.user_retitles_event(there.uid, "Нина, про отпуск"),
                "drag": lambda: box.user_drags_event(there.uid, there.start + 6 * DAY),
                "delete": lambda: box.user_deletes_event(there.uid),
            }[deed]()

    server.on_call = on_call
    note(house, nina)
    house.cycle()
    assert not [e for e in box.reminders() if BOOK in description_of(e.raw)]
    left = [e.raw for e in box.reminders()]
    house.cycle()
    (row,) = house.ledger()
    assert row.state == {"text": "edited", "title": "edited", "drag": "moved", "delete": "skipped"}[deed]
    if deed == "drag":
        house.cycle()
        assert BOOK in text(house)
    else:
        assert [e.raw for e in box.reminders()] == left


@pytest.mark.memory_only
def test_alarms_a_whole_day_and_what_else_the_user_set_stay(house: House) -> None:
    nina = standing(house)
    calendar = memory(house).server.calendars["kith"]
    (item,) = calendar.items.values()
    assert isinstance(item.content, bytes)
    theirs = item.content.replace(b"TRIGGER:P0D", b"TRIGGER:-PT45M").replace(b"END:VALARM", b"X-SEEN:1\r\nEND:VALARM")
    theirs = theirs.replace(b"CLASS:PRIVATE", b"CLASS:CONFIDENTIAL\r\nCOLOR:teal")
    assert b"-PT45M" in theirs and b"COLOR" in theirs
    calendar.change(item.item_id, theirs)
    note(house, nina)
    house.cycle()
    (now,) = dav_rig(house).reminders()
    assert BOOK in description_of(now.raw)
    lines = set(theirs.split(b"\r\n"))
    gone = {line for line in lines - set(now.raw.split(b"\r\n")) if not line.startswith((b"DESCRIPTION", b" "))}
    assert not gone, "only its text is another"


@pytest.mark.memory_only
@pytest.mark.parametrize("detail", ["name", "none"])
def test_with_less_detail_it_tells_nothing_more(house: House, detail: str) -> None:
    house.settings = replace(house.settings, reminders=replace(house.settings.reminders, detail=detail))
    nina = standing(house)
    note(house, nina)
    assert house.cycle().done == []
    assert BOOK not in text(house)


@pytest.mark.memory_only
def test_with_less_detail_than_before_it_tells_less(house: House) -> None:
    nina = standing(house)
    note(house, nina)
    house.cycle()
    house.settings = replace(house.settings, reminders=replace(house.settings.reminders, detail="none"))
    house.cycle()
    (there,) = dav_rig(house).reminders()
    assert "Нина" not in there.raw.decode() and BOOK not in there.raw.decode()
    at_rest(house)


@pytest.mark.memory_only
def test_confidential_it_never_appears(house: House) -> None:
    nina = standing(house)
    note(house, nina, confidential=True)
    assert house.cycle().done == []


@pytest.mark.memory_only
def test_of_what_stands_from_before_nobody_knows_who_worded_it(house: House) -> None:
    nina = standing(house)
    with house.store.write() as conn:
        conn.execute(update(ledger).values(words=""))
    note(house, nina)
    assert house.cycle().done == []


@pytest.mark.memory_only
def test_what_it_says_is_the_same_on_every_day(house: House) -> None:
    standing(house)
    (there,) = dav_rig(house).reminders()
    dav_rig(house).user_drags_event(there.uid, there.start + 40 * DAY)
    house.cycle()
    for _ in range(5):
        found, _errors = planning.make(house.deps(), house.clock)
        assert not found.plan.refreshes, "promise 4: with nothing new nothing is written"
        house.clock += 7 * DAY


@pytest.mark.memory_only
def test_what_has_begun_and_what_may_not_be_written_to_is_left(house: House) -> None:
    from daemon.store import enablement

    nina = standing(house)
    (there,) = dav_rig(house).reminders()
    note(house, nina)
    with house.store.write() as conn:
        enablement.disable(conn, "home")
    assert house.cycle().done == []
    house.enable()
    house.clock = there.start
    assert house.cycle().done == []


@pytest.mark.memory_only
def test_refused_it_stands_as_it_is_and_is_not_tried_with_the_same_words(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    nina = standing(house)
    asked: list[str] = []

    def refuse(self: object, remote_id: str, version: str, event: OutgoingEvent) -> RemoteEvent:
        asked.append(event.description)
        raise Refused("No.")

    monkeypatch.setattr("connectors.memory.reminders.MemoryReminders.update", refuse)
    note(house, nina)
    for _ in range(3):
        house.cycle()
    assert len(asked) == 1 and [r.state for r in house.ledger()] == ["written"]
    note(house, nina, GARDEN)
    house.cycle()
    assert len(asked) == 2


@pytest.mark.memory_only
def test_an_account_out_of_reach_gets_what_is_known_once_it_is_back(house: House) -> None:
    nina = standing(house)
    note(house, nina)
    server = memory(house).server

    def on_call(name: str) -> None:
        if name == "reminders.update":
            raise TryLater("No network.")

    server.on_call = on_call
    house.clock += timedelta(minutes=15)
    assert run_cycle(house.deps()).failed
    server.on_call = lambda name: None
    note(house, nina, GARDEN)
    house.cycle(after=timedelta(minutes=30))
    house.cycle()
    assert BOOK in text(house) and GARDEN in text(house)
    at_rest(house)
