"""The weekly event: who waits, what was drafted, what lapsed; one a week, and only if there is something to say."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from daemon.core.policy import Quiet, ReminderRules
from daemon.core.states import SENT
from daemon.core.wants import DRAFT, THANKS
from daemon.service import week_digest
from daemon.service.digest import Digest, Happened, Waiting
from daemon.store import enablement
from tests.contract.rig import ME, SeenEvent
from tests.contract.samples import NOW
from tests.service.house import House, letter

pytestmark = pytest.mark.memory_only
BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = date(2026, 11, 23)
RULES = ReminderRules(a_day=1, a_week=1, weekly_digest=(1, time(9)))


def at(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), BERLIN).astimezone(NOW.tzinfo)


def cycle(house: House, moment: datetime) -> None:
    house.clock = moment
    house.cycle(after=timedelta(0))


def digests(house: House) -> list[SeenEvent]:
    keys = {r.uid for r in house.ledger(purpose="digest")}
    return [e for rig in house.rigs.values() for e in rig.reminders() if e.uid in keys]


def words(event: SeenEvent) -> str:
    return event.raw.decode().replace("\r\n ", "")


def crowd(house: House, **more: object) -> None:
    """Three people long overdue, and room for one."""
    rig = next(iter(house.rigs.values()))
    for n in range(3):
        address = f"person{n}@example.net"
        house.person(f"Person N{n}", address, language="en", **more)  # type: ignore[arg-type]
        rig.add_mail("Sent", letter(f"old{n}", NOW - timedelta(days=300), ME, address))
    house.settings = replace(house.settings, reminders=RULES)
    house.enable()


def test_once_a_week_it_says_who_waits(house: House) -> None:
    crowd(house)
    cycle(house, at(MONDAY, 6))
    assert digests(house) == []
    cycle(house, at(MONDAY, 8))
    (event,) = digests(house)
    assert event.start == at(MONDAY, 9)
    assert "Ждут вашего внимания" in words(event) and "Person N" in words(event)
    cycle(house, at(MONDAY, 8) + timedelta(minutes=30))
    assert len(digests(house)) == 1
    cycle(house, at(MONDAY, 12))
    assert digests(house) == [event]  # for who was busy at that hour
    cycle(house, at(MONDAY + timedelta(days=1), 8))
    assert digests(house) == []
    cycle(house, at(MONDAY + timedelta(days=7), 8))
    assert len(digests(house)) == 1
    assert len(house.ledger(purpose="digest")) == 2


def test_it_is_deleted_for_good_and_ticked_off_without_a_contact_made(house: House) -> None:
    crowd(house)
    cycle(house, at(MONDAY, 8))
    (event,) = digests(house)
    rig = next(iter(house.rigs.values()))
    rig.user_retitles_event(event.uid, f"✓ {event.summary}")
    cycle(house, at(MONDAY, 8) + timedelta(minutes=10))
    assert [r.state for r in house.ledger(purpose="digest")] == ["done"]
    assert not [r for r in house.facts()["hand_log"] if r]
    cycle(house, at(MONDAY, 8) + timedelta(minutes=20))
    assert len(house.ledger(purpose="digest")) == 1


def test_nothing_to_say_or_quiet_time_makes_none(house: House) -> None:
    house.settings = replace(house.settings, reminders=RULES)
    house.enable()
    cycle(house, at(MONDAY, 8))
    assert house.ledger(purpose="digest") == []
    crowd(house)
    house.settings = replace(house.settings, quiet=(Quiet(MONDAY, MONDAY),))
    cycle(house, at(MONDAY, 8) + timedelta(minutes=5))
    assert house.ledger(purpose="digest") == []


def test_an_employers_calendar_hears_nothing_of_recruiters(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    (only,) = house.settings.accounts
    house.settings = replace(house.settings, accounts=(replace(only, account=replace(only.account, employer=True)),))
    crowd(house, circles=("recruiter",))
    cycle(house, at(MONDAY, 8))
    assert digests(house) == []
    house.person("Zoe Colleague", "kim@example.org", circles=("colleague",))  # the last by name
    next(iter(house.rigs.values())).add_mail("Sent", letter("k", NOW - timedelta(days=300), ME, "kim@example.org"))
    house.settings = replace(house.settings, reminders=replace(RULES, a_week=0))
    cycle(house, at(MONDAY + timedelta(days=7), 8))
    (event,) = digests(house)
    assert "Zoe Colleague" in words(event)
    assert "Person N" not in words(event)
    rita, kim = Happened("Rita", DRAFT, THANKS, SENT, NOW, "", 1, True), Happened("Kim", DRAFT, THANKS, SENT, NOW, "")
    everybody = (Waiting("Rita", NOW, None, "", 1, True), Waiting("Kim", NOW, None, ""))
    monkeypatch.setattr(week_digest, "digest", lambda *_: Digest(everybody, (rita, kim), (rita, kim)))
    with house.store.read() as conn:
        said = week_digest.named_in(house.deps(), conn, only.account.name, NOW)
    assert said == Digest(everybody[1:], (kim,), (kim,))
    with house.store.read() as conn:
        assert enablement.all_since(conn)
