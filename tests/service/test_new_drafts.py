"""The morning event that lists new drafts: one a day, only where there are any, and only what may be told there."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, update

from daemon.config.settings import AccountSettings
from daemon.core.model import Account
from daemon.core.reasons import ACHIEVEMENT, RECOMMENDATION, OwnNews
from daemon.service import noting
from daemon.service.new_drafts import listed
from daemon.store import reasons
from daemon.store.tables import contact, hand_log, ledger
from tests.contract.rig import ME, SeenEvent
from tests.contract.rig_memory import MemoryRig
from tests.contract.samples import ANNA, BORIS, NOW
from tests.service.house import House

pytestmark = pytest.mark.memory_only
MORNING = time(9)
BERLIN = ZoneInfo("Europe/Berlin")


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), BERLIN).astimezone(NOW.tzinfo)


TODAY = NOW.date()
TOMORROW = TODAY + timedelta(days=1)


def cycle(house: House, moment: datetime) -> None:
    house.clock = moment
    house.cycle(after=timedelta(0))


def lists(house: House) -> list[SeenEvent]:
    rig = list(house.rigs.values())[-1]
    keys = {r.uid for r in house.ledger(purpose="new-drafts")}
    return [e for e in rig.reminders() if e.uid in keys]


def words(event: SeenEvent) -> str:
    """Everything the object says, its folded lines put together."""
    return event.raw.decode().replace("\r\n ", "").replace("\n ", "")


def praised(house: House, name: str, address: str, **more: object) -> None:
    who = house.person(name, address, language="en", **more)  # type: ignore[arg-type]
    with house.store.write() as conn:
        noting.note(conn, who, ACHIEVEMENT, "a prize", house.clock.astimezone(BERLIN).date(), house.clock)


@pytest.fixture
def early(house: House) -> House:
    house.settings = replace(house.settings, morning_event=MORNING)
    house.enable()
    return house


def test_each_morning_there_are_new_ones_and_no_other(early: House) -> None:
    praised(early, "Ann Example", ANNA)
    cycle(early, at(TODAY, 12))
    assert lists(early) == []
    cycle(early, at(TOMORROW, 6, 59))
    assert lists(early) == []
    cycle(early, at(TOMORROW, 7, 30))
    (event,) = lists(early)
    assert event.start == at(TOMORROW, 9)
    assert "Ann Example" in words(event)
    cycle(early, at(TOMORROW, 8, 30))
    assert len(lists(early)) == 1
    cycle(early, at(TOMORROW, 12))
    cycle(early, at(TOMORROW, 23))
    assert lists(early) == [event]  # for who was busy in the morning; nothing moves it
    cycle(early, at(TOMORROW + timedelta(days=1), 8))
    assert lists(early) == []  # its day is over, and nothing new since
    assert len(early.ledger(purpose="new-drafts")) == 1


def test_nothing_where_the_user_does_not_want_it(house: House) -> None:
    house.enable()
    praised(house, "Ann Example", ANNA)
    cycle(house, at(TODAY, 12))
    cycle(house, at(TOMORROW, 8))
    assert house.ledger(purpose="new-drafts") == []


def test_one_list_for_all_and_only_what_came_since_the_last(early: House) -> None:
    praised(early, "Ann Example", ANNA)
    cycle(early, at(TODAY, 12))
    cycle(early, at(TOMORROW, 8))
    praised(early, "Boris Titov", BORIS)
    cycle(early, at(TOMORROW, 13))
    cycle(early, at(TOMORROW + timedelta(days=1), 8))
    (event,) = lists(early)
    assert "Boris Titov" in words(event) and "Ann Example" not in words(event)


def test_what_is_taken_back_that_very_morning_is_not_listed(early: House) -> None:
    praised(early, "Ann Example", ANNA)
    praised(early, "Boris Titov", BORIS)
    cycle(early, at(TODAY, 12))
    with early.store.write() as conn:
        conn.execute(update(contact).where(contact.c.name == "Ann Example").values(state="paused"))
    cycle(early, at(TOMORROW, 8))
    (event,) = lists(early)
    assert "Boris Titov" in words(event) and "Ann Example" not in words(event)


def test_an_employers_calendar_hears_nothing_of_recruiters(early: House, work: MemoryRig) -> None:
    """Reminders go to the employer's calendar, letters to the user's own mailbox."""
    early.rigs = {**early.rigs, "work": work}
    (own,) = early.settings.accounts
    employers = AccountSettings(Account("work", "memory", ME, employer=True), drafts=False)
    early.settings = replace(early.settings, accounts=(replace(own, reminders=False), employers))
    early.enable()
    praised(early, "Ann Example", ANNA)
    praised(early, "Boris Titov", BORIS, circles=("recruiter",))
    cycle(early, at(TODAY, 12))
    assert {r.account for r in early.ledger(kind="draft")} == {"home"}
    cycle(early, at(TOMORROW, 8))
    (event,) = lists(early)
    assert "Ann Example" in words(event) and "Boris" not in words(event)
    with early.store.write() as conn:
        who = conn.execute(select(contact.c.id).where(contact.c.name == "Ann Example")).scalar_one()
        noting.note(conn, who, RECOMMENDATION, "for the lead's post", TOMORROW, early.clock)
    cycle(early, at(TOMORROW, 12))
    assert len(early.ledger(kind="draft")) == 3
    cycle(early, at(TOMORROW + timedelta(days=1), 8))
    assert "new-drafts" not in {r.purpose for r in early.ledger() if r.created_at > at(TOMORROW, 12)}
    accounts = (own, replace(employers, reminders=True))
    early.settings = replace(early.settings, accounts=accounts, reminders_to="work")
    cycle(early, at(TOMORROW + timedelta(days=2), 12))
    with early.store.write() as conn:  # nor of a move of one's own
        reasons.put_own_news(conn, OwnNews("n", {"en": "I move to Sample."}, early.clock))
    cycle(early, at(TOMORROW + timedelta(days=2), 13))
    cycle(early, at(TOMORROW + timedelta(days=3), 8))
    rows = [r for r in early.ledger(purpose="new-drafts") if r.created_at > at(TOMORROW, 12)]
    assert [(r.account, r.state) for r in rows] == [("home", "withdrawn"), ("home", "written")]


def test_ticking_it_off_logs_no_contact(early: House) -> None:
    praised(early, "Ann Example", ANNA)
    cycle(early, at(TODAY, 12))
    cycle(early, at(TOMORROW, 8))
    (event,) = lists(early)
    list(early.rigs.values())[-1].user_retitles_event(event.uid, "✓ read")
    cycle(early, at(TOMORROW, 8, 30))
    assert [r.state for r in early.ledger(purpose="new-drafts")] == ["done"]
    with early.store.read() as conn:
        assert conn.execute(select(func.count()).select_from(hand_log)).scalar_one() == 0


def test_a_machine_that_was_off_in_the_morning_makes_it_when_it_is_on_again(early: House) -> None:
    praised(early, "Ann Example", ANNA)
    cycle(early, at(TODAY, 12))
    assert lists(early) == []
    cycle(early, at(TOMORROW, 9, 42))
    (event,) = lists(early)
    assert event.start == at(TOMORROW, 9, 45) and "Ann Example" in words(event)
    praised(early, "Boris Titov", BORIS)
    cycle(early, at(TOMORROW, 10, 30))
    cycle(early, at(TOMORROW, 11))
    assert len(early.ledger(purpose="new-drafts")) == 1  # what comes in the course of the day is listed tomorrow
    cycle(early, at(TOMORROW + timedelta(days=1), 16))
    assert len(early.ledger(purpose="new-drafts")) == 1  # and in the afternoon it is no morning any more


def test_a_draft_that_waited_for_its_mailbox_is_listed_when_it_stands(early: House) -> None:
    praised(early, "Ann Example", ANNA)
    early.cycle(after=timedelta(0))
    praised(early, "Boris Titov", BORIS)
    cycle(early, at(TODAY, 12))
    with early.store.write() as conn:  # as if its mailbox had been away till the next noon
        late = at(TOMORROW, 12)
        who = conn.execute(select(contact.c.id).where(contact.c.name == "Boris Titov")).scalar_one()
        conn.execute(update(ledger).where(ledger.c.contact_id == who).values(state="pending"))
        cycle_at = at(TOMORROW, 8)
    early.clock = cycle_at
    with early.store.read() as conn:
        assert [d.name for d in listed(early.deps(), conn, "home", cycle_at)] == ["Ann Example"]
    cycle(early, cycle_at)
    with early.store.write() as conn:
        conn.execute(update(ledger).where(ledger.c.contact_id == who).values(state="written", changed_at=late))
    with early.store.read() as conn:
        assert [d.name for d in listed(early.deps(), conn, "home", at(TOMORROW, 13))] == ["Boris Titov"]
