"""The service on Google's calendars and contacts: what only Google brings about, lived through to its end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from daemon.core.policy import ReminderRules
from daemon.service import contacts as book
from daemon.store import questions
from daemon.store.engine import Store
from tests.contract.rig import ME
from tests.contract.rig_google import GoogleRig, GoogleRigs
from tests.contract.samples import ANNA, NOW, card
from tests.doubles.google.diary import Shelf
from tests.service.house import House, letter, meeting

DAY = timedelta(days=1)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[GoogleRig]:
    folder = tmp_path / "google"
    folder.mkdir()
    with GoogleRigs().rig(folder) as made:
        yield made


@pytest.fixture
def house(rig: GoogleRig, store: Store, tmp_path: Path) -> Iterator[House]:
    yield House(store, tmp_path, {"google": rig}, reminders=ReminderRules(a_day=9, a_week=20))
    rig.connection().close()


def reminded(house: House, rig: GoogleRig, count: int) -> list[int]:
    """So many people with a reminder each."""
    made = []
    for number in range(count):
        address = f"person{number}@example.net"
        made.append(house.person(f"Person {number}", address, language="en"))
        rig.add_mail("Sent", letter(number, NOW - (200 + number) * DAY, ME, address))
    house.enable()
    house.cycle()
    assert len(rig.reminders()) == count
    return made


def ours(rig: GoogleRig) -> list[Shelf]:
    return [shelf for shelf in rig.person.calendar.shelves.values() if shelf.by_app]


def test_the_calendar_of_reminders_deleted_is_a_question_and_no_flood(house: House, rig: GoogleRig) -> None:
    reminded(house, rig, 6)
    rig.person.calendar.remove_calendar(ours(rig)[0].id)
    for _ in range(3):
        house.cycle()
    with house.store.read() as conn:
        assert [(q.kind, q.count) for q in questions.open_rows(conn)] == [("reminders-gone", 6)]
    assert {r.state for r in house.ledger(kind="reminder")} == {"written"}
    assert not ours(rig), "none is made before there is something new to put into it"


def test_a_few_deleted_with_their_calendar_are_skipped_once(house: House, rig: GoogleRig) -> None:
    reminded(house, rig, 2)
    rig.person.calendar.remove_calendar(ours(rig)[0].id)
    for _ in range(3):
        house.cycle()
    assert {r.state for r in house.ledger(kind="reminder")} == {"skipped"}
    assert not rig.reminders()
    rig.add_mail("Sent", letter("new", NOW - 300 * DAY, ME, "late@example.net"))
    house.person("Late", "late@example.net", language="en")
    house.cycle()
    assert len(rig.reminders()) == len(ours(rig)) == 1


def test_every_token_worthless_at_once_is_one_full_pass_and_no_new_fact(house: House, rig: GoogleRig) -> None:
    house.person("Anna", ANNA)
    for number in range(5):
        rig.add_event(meeting(f"m{number}", NOW - (number + 1) * DAY, ANNA))
        rig.add_card(card(f"c{number}", f"Person {number}", f"person{number}@example.net"))
    house.cycle()
    house.cycle()
    before = house.facts()
    rig.person.calendar.expire()
    rig.person.people.expire()
    rig.double.calls.clear()
    house.cycle()
    assert house.facts() == before
    assert rig.double.calls["calendar.events.list"] >= 3, "a refused token and the pages of a full pass"


def test_put_into_another_calendar_it_is_the_users_even_when_the_person_is_paused(house: House, rig: GoogleRig) -> None:
    (who,) = reminded(house, rig, 1)
    (row,) = house.ledger(kind="reminder")
    rig.person.calendar.move(row.key, rig.person.calendar.primary)
    house.cycle()
    assert [r.state for r in house.ledger(kind="reminder")] == ["edited"]
    with house.store.write() as conn:
        book.pause(conn, who, None)
    house.cycle()
    house.cycle()
    assert row.key in {e["id"] for e in rig.person.calendar.live(rig.person.calendar.primary)}


def test_with_calendars_switched_off_reminders_still_have_a_place(house: House, rig: GoogleRig) -> None:
    rig.signed_in.options["calendar"] = False
    rig.fresh_connection()
    reminded(house, rig, 1)
    house.cycle()
    assert [r.state for r in house.ledger(kind="reminder")] == ["written"]


def test_a_reminder_deleted_while_the_store_was_lost_is_not_made_again(house: House, rig: GoogleRig) -> None:
    reminded(house, rig, 1)
    (row,) = house.ledger(kind="reminder")
    rig.person.calendar.delete(row.key)
    house.wipe()
    house.person("Person 0", "person0@example.net", language="en")
    house.enable()
    for _ in range(3):
        house.cycle()
    assert not rig.reminders()
    assert [r.state for r in house.ledger(kind="reminder")] == ["skipped"]
