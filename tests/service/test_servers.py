"""On real Dovecot and Radicale: a round that finds nothing new leaves no trace on either."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.contract.rig import ME
from tests.contract.rig_caldav import CaldavRig
from tests.contract.rig_imap import ImapRig
from tests.contract.samples import ANNA, NOW
from tests.service.house import House, letter, meeting

pytestmark = pytest.mark.servers_only
DAY = timedelta(days=1)
READING = {"OPTIONS", "GET", "HEAD", "PROPFIND", "REPORT"}
FOLDERS = ("INBOX", "Sent", "Drafts", "Trash", "Archive")


def counters(box: ImapRig) -> dict[str, dict[str, int]]:
    """UIDNEXT, HIGHESTMODSEQ and their like of every folder, as Dovecot itself says."""
    return {folder: box.server.status(box.user, folder) for folder in FOLDERS}


def test_a_round_with_nothing_new_leaves_no_trace_on_the_servers(house: House) -> None:
    box, dav = house.rigs["mail"], house.rigs["dav"]
    assert isinstance(box, ImapRig)
    assert isinstance(dav, CaldavRig)
    house.person("Анна Образцова", ANNA, language="ru")
    house.person("Boris", "boris@example.net")
    box.add_mail("Sent", letter(1, NOW - 200 * DAY, ME, "boris@example.net"))
    box.add_mail("INBOX", letter(2, NOW - 5 * DAY, ANNA))
    dav.add_event(meeting("m1", NOW - DAY, ANNA))
    house.enable()
    house.cycle()
    assert {(r.kind, r.state) for r in house.ledger()} == {("draft", "written"), ("reminder", "written")}
    house.cycle()
    facts, before = house.facts(), counters(box)
    dav.account.server.log()
    assert before["Drafts"]["highestmodseq"] > 0

    house.cycle()

    assert house.facts() == facts
    assert counters(box) == before
    asked = dav.account.server.log()
    assert asked, "the round has looked at the calendars"
    assert {method for method, _ in asked} <= READING
