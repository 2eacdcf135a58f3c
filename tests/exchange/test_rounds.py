"""Rounds of the whole service: the second with nothing new leaves no trace, and costs the same for any mailbox."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

from daemon.store.engine import Store
from tests.contract.rig import ME
from tests.contract.rig_exchange import ExchangeRig
from tests.contract.samples import ANNA, NOW, STRANGER
from tests.doubles.ews import operations
from tests.doubles.ews.server import Ews
from tests.service.house import House, letter, meeting

DAY = timedelta(days=1)


def calls(house: House, ews: Ews) -> Counter[str]:
    """What one round asks the server for, through a new connection."""
    before = ews.calls.copy()
    rig = house.rigs["home"]
    rig.fresh_connection()
    house.cycle()
    return ews.calls - before


def test_a_round_with_nothing_new_leaves_no_trace_and_costs_the_same(
    rig: ExchangeRig, ews: Ews, store: Store, tmp_path: Path
) -> None:
    house = House(store, tmp_path, {"home": rig})
    house.person("Анна", ANNA, language="ru")
    house.person("Boris", "boris@example.net", language="en")
    rig.add_mail("Sent", letter(1, NOW - 200 * DAY, ME, "boris@example.net"))
    rig.add_event(meeting("m1", NOW - DAY, ANNA))
    house.enable()
    house.cycle()
    assert {(r.kind, r.state) for r in house.ledger()} == {("draft", "written"), ("reminder", "written")}
    house.cycle()
    facts, box = house.facts(), rig.mailbox()
    few = calls(house, ews)
    for number in range(60):
        rig.add_mail("INBOX", letter(f"n{number}", NOW - 3 * DAY, STRANGER if number % 2 else ANNA))
        rig.add_event(meeting(f"e{number}", NOW - (number + 2) * DAY, STRANGER))
    house.cycle()
    house.cycle()
    many_facts, many_box = house.facts(), rig.mailbox()
    many = calls(house, ews)
    assert few == many, "a round with nothing new costs more in a fuller mailbox"
    assert not set(many) & operations.WRITES
    assert (house.facts(), rig.mailbox()) == (many_facts, many_box)
    assert facts != many_facts and box != many_box
