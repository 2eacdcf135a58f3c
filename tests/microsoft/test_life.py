"""A life with a Microsoft account beside another: its troubles are its own, and nothing is lost to them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.microsoft.transport import Reply, Transport
from daemon.service import contacts
from daemon.service.cycle import run_cycle
from daemon.store import health
from daemon.store.engine import Store
from tests.contract.rig_graph import GraphRig
from tests.contract.rig_memory import MemoryBackend
from tests.contract.samples import ANNA, BORIS, NOW
from tests.doubles.graph import Fault
from tests.doubles.graph.mail import WRITABLE
from tests.service.house import House, letter, meeting

DAY = timedelta(days=1)


@pytest.fixture
def house(rig: GraphRig, store: Store, tmp_path: Path) -> Iterator[House]:
    """The Microsoft account first, one in memory beside it."""
    with ExitStack() as stack:
        folder = tmp_path / "home"
        folder.mkdir()
        other = stack.enter_context(MemoryBackend().rig(folder))
        yield House(store, tmp_path, {"cloud": rig, "home": other})


def errors(house: House, account: str) -> list[str]:
    with house.store.read() as conn:
        return [row.error for row in health.rows(conn) if row.account == account and row.error]


def test_a_revoked_grant_stops_this_account_alone_until_the_next_sign_in(house: House, rig: GraphRig) -> None:
    anna, boris = house.person("Anna", ANNA), house.person("Boris", BORIS)
    house.cycle()
    rig.double.sign.revoke()
    rig.fresh_connection()
    rig.add_mail("INBOX", letter(1, NOW - DAY, ANNA))
    house.rigs["home"].add_mail("INBOX", letter(2, NOW - DAY, BORIS))
    asked = rig.double.sign.asked.count("refresh_token")
    for _ in range(2):
        house.clock += timedelta(minutes=15)
        run_cycle(house.deps())
    assert rig.double.sign.asked.count("refresh_token") == asked + 1, "one attempt for all its parts"
    assert house.last(boris)[0] == NOW - DAY and house.last(anna)[0] is None
    said, *others = errors(house, "cloud")
    assert others == [said] * 4, "what is written is not tried either"
    assert "revoked" in said and "kith login cloud" in said
    assert not errors(house, "home")
    rig.person.sign_in()
    with house.store.write() as conn:  # as `kith login` does
        health.retry_now(conn, "cloud")
    house.cycle()
    assert house.last(anna)[0] == NOW - DAY and not errors(house, "cloud")


def test_a_busy_server_is_left_alone_as_long_as_it_asks(house: House, rig: GraphRig) -> None:
    anna = house.person("Anna", ANNA)
    house.cycle()
    rig.add_mail("INBOX", letter(1, NOW - DAY, ANNA))
    rig.double.faults.append(Fault(429, "messages.delta", code="ApplicationThrottled", retry_after="3600"))
    house.clock += timedelta(minutes=15)
    run_cycle(house.deps())
    before = rig.double.calls["GET mailFolders/{id}/messages/delta"]
    house.clock += timedelta(minutes=15)
    run_cycle(house.deps())
    assert rig.double.calls["GET mailFolders/{id}/messages/delta"] == before
    house.cycle(after=timedelta(hours=1))
    assert house.last(anna)[0] == NOW - DAY


def test_links_that_expire_in_the_middle_of_a_pass_mean_one_full_pass(house: House, rig: GraphRig) -> None:
    anna = house.person("Anna", ANNA)
    for number in range(9):
        rig.add_mail("INBOX", letter(number, NOW - (number + 1) * DAY, ANNA))
    rig.add_event(meeting("m", NOW - DAY, ANNA))
    rig.double.faults.append(Fault(410, r"messages/delta", code="syncStateNotFound"))
    seen: list[str] = []

    def expire(what: str) -> None:
        seen.append(what)
        if seen.count("GET mailFolders/{id}/messages/delta") == 3:
            rig.double.on_call = lambda name: None
            rig.box.folders["inbox"].generation += 1

    rig.double.on_call = expire
    house.cycle()
    assert len([i for i in house.interactions(anna) if i[0] == "mail"]) == 9
    written = house.facts()
    for shelf in (rig.box.folders, rig.box.calendars, rig.box.books):
        for one in shelf.values():
            one.generation += 1
    house.cycle()
    assert house.facts() == written, "read anew, nothing is new"


def test_what_a_delta_repeats_is_no_news(house: House, rig: GraphRig) -> None:
    rig.double.replay = True
    anna = house.person("Anna", ANNA)
    for number in range(5):
        rig.add_mail("INBOX", letter(number, NOW - (number + 1) * DAY, ANNA))
        rig.add_event(meeting(f"m{number}", NOW - (number + 1) * DAY, ANNA))
    house.cycle()
    before = house.interactions(anna)
    rig.add_mail("INBOX", letter("new", NOW - DAY / 2, ANNA))
    rig.add_event(meeting("new", NOW - DAY / 2, ANNA))
    house.cycle()
    assert len(house.interactions(anna)) == len(before) + 2


def test_the_window_moves_and_what_leaves_it_was_held_all_the_same(house: House, rig: GraphRig) -> None:
    anna = house.person("Anna", ANNA)
    rig.add_event(meeting("long ago", NOW - timedelta(days=3 * 365 - 10), ANNA))
    rig.add_event(meeting("weekly", NOW - 20 * DAY, ANNA, "RRULE:FREQ=WEEKLY"))
    house.cycle()
    held = len([i for i in house.interactions(anna) if i[2]])
    assert held == 4
    house.cycle(after=35 * DAY)
    assert len([i for i in house.interactions(anna) if i[2]]) == held + 5


class Died(BaseException):
    """The process is no more."""


@pytest.mark.parametrize("wanted", [True, False])
def test_a_reply_that_was_half_begun_is_gone_on_with_or_taken_away(
    house: House, rig: GraphRig, monkeypatch: pytest.MonkeyPatch, wanted: bool
) -> None:
    rig.double.reply_drops = frozenset(WRITABLE)
    anna = house.person("Anna", ANNA, language="en")
    asked = rig.add_mail("INBOX", letter(1, NOW - DAY, ANNA))
    house.enable()
    house.cycle()
    rig.set_flag(asked, "kith-reply")
    real = Transport.exchange

    def dies_after_the_reply(self: Transport, method: str, url: str, **more: Any) -> Reply:
        answer = real(self, method, url, **more)
        if url.endswith("/createReply"):
            raise Died
        return answer

    with monkeypatch.context() as patch, pytest.raises(Died):
        patch.setattr(Transport, "exchange", dies_after_the_reply)
        house.cycle()
    (begun,) = rig.box.folders["drafts"].items.values()
    assert "somebody, quoted" in begun["body"]["content"] and not rig.trashed()
    rig.fresh_connection()
    if not wanted:
        with house.store.write() as conn:
            contacts.do_not_contact(conn, anna)
    house.cycle(after=timedelta(hours=1))
    house.cycle(after=timedelta(hours=1))
    (row,) = house.ledger(kind="draft")
    if wanted:
        (held,) = rig.box.folders["drafts"].items.values()
        assert (row.state, row.remote_id, held["id"]) == ("written", held["id"], begun["id"])
        assert "somebody, quoted" not in held["body"]["content"] and not rig.trashed()
    else:
        assert row.state == "withdrawn"
        assert not rig.drafts() and len(rig.trashed()) == 1
