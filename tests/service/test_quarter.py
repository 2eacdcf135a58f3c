"""The quarter's news through a whole house: sections, caps, the event that asks for them, nothing twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from daemon.core.model import Form
from daemon.service import hand
from daemon.service.joining import merge
from daemon.service.judging import Rules
from daemon.service.planning import situation
from tests.contract.samples import ANNA, BORIS, VERA
from tests.service.house import House

pytestmark = pytest.mark.memory_only
DAY = timedelta(days=1)


def letters(house: House) -> dict[str, str]:
    """Address -> the text of the draft to it."""
    found = {}
    for raw in next(iter(house.rigs.values())).drafts():
        message = message_from_bytes(raw, policy=policy.default)
        assert isinstance(message, EmailMessage)
        body = message.get_body(("plain",))
        assert body is not None
        found[str(message["To"].addresses[0].addr_spec)] = str(body.get_content()).replace("\r\n", "\n")
    return found


def write(house: House, text: str, name: str = "2026-Q4.md") -> Path:
    folder = house.settings.updates
    assert folder is not None
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"+++\nwritten = {house.clock.date()}\n+++\n{text}", encoding="utf-8")
    return path


def test_each_hears_what_is_for_their_circles_and_what_was_talked_about_last(house: House) -> None:
    ann = house.person("Ann Example", ANNA, language="en", circles=("mentor", "expert"))
    house.person("Boris Titov", BORIS, language="en", circles=("friend",))
    house.person("Vera Sample", VERA, language="en", circles=("hr",))
    house.enable()
    with house.store.write() as conn:
        rules = Rules(house.settings.policies, house.clock)
        hand.log_contact(conn, rules, ann, Form.CALL, house.clock - 30 * DAY, topic="the garden book")
    write(house, "## mentor\nThe course begins.\n\n## friend, mentor\nWe have moved.\n\n## mentr\nNobody is in here.\n")
    house.cycle()
    found = letters(house)
    assert set(found) == {ANNA, BORIS}  # nothing is for hr
    assert "The course begins.\n\nWe have moved." in found[ANNA] and "the garden book" in found[ANNA]
    assert "We have moved." in found[BORIS] and "course" not in found[BORIS]


def test_caps_win_and_the_nearest_are_told_first(house: House) -> None:
    house.settings = replace(house.settings, updates_a_day=1, updates_a_week=2)
    house.person("Ann Example", ANNA, language="en", tier="supporting")
    house.person("Boris Titov", BORIS, language="en", tier="key")
    house.person("Vera Sample", VERA, language="en")
    house.enable()
    write(house, "All is well.\n")
    house.cycle()
    assert set(letters(house)) == {BORIS}
    house.cycle(after=timedelta(hours=2))
    assert set(letters(house)) == {BORIS}
    house.cycle(after=DAY)
    assert set(letters(house)) == {BORIS, VERA}
    house.cycle(after=DAY)
    assert set(letters(house)) == {BORIS, VERA}  # two this week
    with house.store.read() as conn:
        shares = situation(house.deps(), conn, house.clock).shares
    assert [len(s) for s in (shares.now, shares.later, shares.left)] == [0, 1, 0]
    house.cycle(after=5 * DAY)
    assert ANNA in letters(house)


def test_an_event_asks_for_the_news_before_the_quarter_ends_and_goes_when_they_are_written(house: House) -> None:
    house.person("Ann Example", ANNA, language="en", circles=("hr",))
    house.enable()
    house.cycle()
    assert house.ledger(purpose="write-news") == []
    house.clock = datetime(2026, 12, 15, 9, tzinfo=UTC)
    for _ in range(3):
        house.cycle()
    (row,) = house.ledger(purpose="write-news")
    assert (row.period, row.state, row.starts_at) == ("2026-Q4", "written", datetime(2026, 12, 18, 9, tzinfo=UTC))
    (event,) = [e for e in next(iter(house.rigs.values())).reminders() if e.uid == row.uid]
    assert "Ann" not in event.raw.decode() and "kith update new" in event.raw.decode().replace("\r\n ", "")
    write(house, "News.\n")
    house.cycle()
    assert [r.state for r in house.ledger(purpose="write-news")] == ["withdrawn"]
    house.cycle()
    assert len(house.ledger(purpose="write-news")) == 1


def test_one_who_was_told_under_another_name_is_not_told_twice(house: House) -> None:
    ann = house.person("Ann Example", ANNA, language="en")
    other = house.person("A. Example", BORIS, language="en")
    house.settings = replace(house.settings, updates_a_day=1)
    house.enable()
    write(house, "News.\n")
    house.cycle()
    (row,) = house.ledger(purpose="update")
    told, still = (ann, other) if row.contact_id == ann else (other, ann)
    with house.store.write() as conn:
        merge(conn, Rules(house.settings.policies, house.clock), still, [told])
    house.cycle(after=2 * DAY)
    assert len(house.ledger(purpose="update")) == 1


def test_nobody_is_told_who_heard_it_in_person(house: House) -> None:
    ann = house.person("Ann Example", ANNA, language="en")
    house.enable()
    write(house, "News.\n")
    house.clock += 2 * DAY
    with house.store.write() as conn:
        hand.log_contact(conn, Rules(house.settings.policies, house.clock), ann, Form.CALL, house.clock)
    house.cycle()
    assert house.ledger(purpose="update") == []
