"""A mailbox renumbered under our hands, five thousand messages moved about, and places that are suddenly empty."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

import connectors.imap
from connectors.imap.session import Box, Session
from connectors.local import mail as local_mail
from daemon.core.model import Account
from daemon.service.cycle import run_cycle
from daemon.store import cursors, questions
from daemon.store.tables import contact, interaction
from tests.contract.rig import ME, Rig
from tests.contract.rig_caldav import CaldavRig
from tests.contract.rig_imap import ImapRig
from tests.contract.rig_local import LocalRig
from tests.contract.samples import ANNA, NOW, card
from tests.service.house import House, letter, meeting

DAY = timedelta(days=1)


def box_of(house: House) -> Rig:
    return next(iter(house.rigs.values()))


def dav_of(house: House) -> Rig:
    return list(house.rigs.values())[-1]


def asked(house: House) -> list[tuple[str, int]]:
    with house.store.read() as conn:
        return sorted((q.kind, q.count) for q in questions.open_rows(conn))


def known(house: House) -> tuple[set[Any], int]:
    """All interactions, and how many people there are."""
    with house.store.read() as conn:
        i = interaction.c
        seen = {tuple(r) for r in conn.execute(select(i.contact_id, i.identity, i.at, i.counted, i.rule))}
        return seen, conn.execute(select(func.count()).select_from(contact)).scalar_one()


# -- renumbered ----------------------------------------------------------------------------------------


def in_the_end(house: House) -> None:
    """Rounds until one goes well: Dovecot may hang up on whoever has a folder open that is renumbered."""
    for _ in range(8):
        house.clock += timedelta(hours=7)
        if not run_cycle(house.deps()).failed:
            return
    raise AssertionError("it did not come to an end")


@pytest.mark.servers_only
@pytest.mark.parametrize("times", [1, 2, 5, 10_000])
def test_renumbered_again_and_again_it_comes_to_an_end(
    house: House, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    anna = house.person("Anna", ANNA)
    box = box_of(house)
    assert isinstance(box, ImapRig)
    for n in range(1, 9):
        box.add_mail("INBOX", letter(n, NOW - n * DAY, ANNA))
    house.cycle()
    before = house.interactions(anna)
    real: Callable[..., Box] = Session.open
    left = [times]

    def renumbering(session: Session, folder: str, *, write: bool = False) -> Box:
        if folder == "INBOX" and left[0]:
            left[0] -= 1
            box.server.renumber(box.user, folder, box.server.status(box.user, folder)["uidvalidity"] + 1)
        return real(session, folder, write=write)

    monkeypatch.setattr(Session, "open", renumbering)
    box.add_mail("INBOX", letter(99, NOW - DAY / 2, ANNA))
    in_the_end(house)
    assert len(house.interactions(anna)) == len(before) + 1
    in_the_end(house)
    house.person("Vera", "vera@example.net")  # a back-fill under the same circumstances
    in_the_end(house)
    assert len(house.interactions(anna)) == len(before) + 1
    assert left[0] < times


# -- moved about ---------------------------------------------------------------------------------------

MANY = 5_000


def fill(folder: Path) -> None:
    """A Maildir of many letters from a few known people and some strangers."""
    for part in ("cur", "new", "tmp"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for n in range(MANY):
        sender = "stranger@example.test" if n % 10 == 0 else f"person{n % 20}@example.net"
        raw = letter(f"many{n}", NOW - timedelta(minutes=7 * n + 60), sender)
        (folder / "cur" / f"{1_700_000_000 + n}.M{n}P1.host:2,S").write_bytes(raw)


def twenty(house: House) -> None:
    for n in range(20):
        house.person(f"Person {n}", f"person{n}@example.net")


def test_five_thousand_messages_moved_copied_and_renumbered_change_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = box_of(house)
    twenty(house)
    if isinstance(box, LocalRig):
        monkeypatch.setattr(local_mail, "PAGE", 2_000)
        fill(box.maildir)
        archive = box.folder("Archive") / "cur"

        def move() -> None:
            for number, path in enumerate(sorted((box.maildir / "cur").iterdir())):
                path.rename(archive / f"9{number}.renamed.host:2,S")

        def copy() -> None:
            for number, path in enumerate(sorted(archive.iterdir())):
                (box.maildir / "new" / f"8{number}.copied.host").write_bytes(path.read_bytes())

        def renumber() -> None:
            with house.store.write() as conn:
                for place in cursors.rows(conn, "home"):
                    if place.kind == "mail":
                        lost = box.expire_mail_cursor(place.stream.name, place.position)
                        cursors.put(conn, "home", "mail", place.stream, lost)

    elif isinstance(box, ImapRig):
        options = {"host": "127.0.0.1", "port": box.net.port, "user": box.user, "tls": "plain", "timeout": 30}
        box._connection = connectors.imap.connect(Account("mail", "imap", ME, options=options), box.around)
        own = box.server.base / "home" / box.user / "Maildir"
        fill(own)
        user = own.parent.parent.stat()
        for path in (own.parent, own, *own.rglob("*")):
            os.chown(path, user.st_uid, user.st_gid)

        def move() -> None:
            box.server.doveadm("move", "-u", box.user, "Archive", "mailbox", "INBOX", "all")

        def copy() -> None:
            box.server.doveadm("copy", "-u", box.user, "INBOX", "mailbox", "Archive", "all")

        def renumber() -> None:
            for folder in ("INBOX", "Archive"):
                box.server.renumber(box.user, folder, box.server.status(box.user, folder)["uidvalidity"] + 7)

    else:
        return  # in memory, three to a page: the contract's tests move messages there
    house.cycle()
    before = known(house)
    assert len(before[0]) == MANY - MANY // 10
    for upheaval in (move, copy, renumber):
        upheaval()
        house.cycle()
        assert known(house) == before, upheaval.__name__


# -- emptied -------------------------------------------------------------------------------------------


def test_an_emptied_mailbox_takes_nothing_back(house: House) -> None:
    anna = house.person("Anna", ANNA)
    box = box_of(house)
    letters = [box.add_mail("INBOX", letter(n, NOW - n * DAY, ANNA)) for n in range(1, 9)]
    house.cycle()
    before, last = house.interactions(anna), house.last(anna)
    for one in letters:
        box.delete_mail(one)
    for _ in range(2):
        house.cycle()
        assert (house.interactions(anna), house.last(anna)) == (before, last)


@pytest.mark.parametrize("forgotten", [False, True], ids=["told", "after-a-full-pass"])
def test_an_emptied_calendar_takes_nothing_back_and_asks(house: House, forgotten: bool) -> None:
    anna = house.person("Anna", ANNA)
    cal = dav_of(house)
    ahead = [cal.add_event(meeting(f"m{n}", house.clock + n * DAY, ANNA)) for n in range(1, 9)]
    house.cycle()
    before = known(house)
    for one in ahead:
        cal.delete_event(one)
    if forgotten:
        with house.store.write() as conn:
            for place in cursors.rows(conn):
                if place.kind == "calendar":
                    moved = cal.expire_calendar_cursor(place.stream.name, place.position)
                    cursors.put(conn, place.account, "calendar", place.stream, moved)
    house.cycle()
    assert known(house) == before
    assert asked(house) == [("events-gone", 8)]
    house.cycle()
    assert asked(house) == [("events-gone", 8)], "asked once"
    assert house.interactions(anna)


def test_an_emptied_address_book_removes_nobody_and_asks(house: House) -> None:
    book = dav_of(house)
    cards = [book.add_card(card(f"c{n}", f"Person {n}", f"person{n}@example.net")) for n in range(8)]
    house.cycle()
    before = known(house)
    assert before[1] == 8
    for one in cards:
        book.delete_card(one)
    house.cycle()
    house.cycle()
    assert known(house) == before
    assert asked(house) == [("cards-gone", 8)]


def crowded(house: House) -> None:
    """Seven reminders and as many drafts stand."""
    from dataclasses import replace

    from daemon.core.policy import ReminderRules

    house.settings = replace(house.settings, reminders=ReminderRules(a_day=9, a_week=20))
    for n in range(7):
        house.person(f"Person {n}", f"person{n}@example.net", language="en", birthday=f"1980-{NOW:%m-%d}")
        box_of(house).add_mail("Sent", letter(n, NOW - (200 + n) * DAY, ME, f"person{n}@example.net"))
    house.enable()
    house.cycle()
    assert (len(box_of(house).drafts()), len(dav_of(house).reminders())) == (7, 7)


def test_an_emptied_calendar_of_reminders_is_asked_about(house: House) -> None:
    crowded(house)
    for shown in dav_of(house).reminders():
        dav_of(house).user_deletes_event(shown.uid)
    house.cycle()
    house.cycle()
    assert asked(house) == [("reminders-gone", 7)]
    assert {r.state for r in house.ledger(kind="reminder")} == {"written"}
    assert not dav_of(house).reminders(), "nothing comes back before the user has answered"


def test_emptied_drafts_are_asked_about(house: House) -> None:
    from tests.contract.samples import message_id

    crowded(house)
    box = box_of(house)
    for raw in box.drafts():
        box.user_deletes_draft(message_id(raw))
    house.cycle()
    house.cycle()
    assert asked(house) == [("drafts-gone", 7)]
    assert {r.state for r in house.ledger(kind="draft")} == {"written"}
    assert not box.drafts()


@pytest.mark.servers_only
def test_a_calendar_and_a_book_that_vanished_altogether_take_nothing_back(house: House) -> None:
    house.person("Anna", ANNA)
    dav = dav_of(house)
    assert isinstance(dav, CaldavRig)
    for n in range(1, 7):
        dav.add_event(meeting(f"m{n}", house.clock + n * DAY, ANNA))
        dav.add_card(card(f"c{n}", f"Person {n}", f"person{n}@example.net"))
    house.cycle()
    before = known(house)
    dav.account.delete(dav.account.calendar)
    dav.account.delete(dav.account.book)
    for _ in range(2):
        house.cycle()
        assert known(house) == before


# -- clocks --------------------------------------------------------------------------------------------


@pytest.mark.memory_only
@pytest.mark.parametrize(
    ("zone", "changes"),
    [
        ("Europe/Berlin", datetime(2027, 3, 28, 1, 0, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 10, 25, 1, 0, tzinfo=UTC)),
        ("America/New_York", datetime(2027, 3, 14, 7, 0, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 11, 1, 6, 0, tzinfo=UTC)),
    ],
)
def test_a_change_to_or_from_summer_time_moves_and_doubles_nothing(house: House, zone: str, changes: datetime) -> None:
    from dataclasses import replace
    from zoneinfo import ZoneInfo

    from daemon.core.policy import WorkingHours

    house.settings = replace(house.settings, hours=WorkingHours(zone=zone))
    house.clock = changes - 3 * DAY
    anna = house.person("Anna", ANNA)
    box_of(house).add_mail("Sent", letter(1, house.clock - 200 * DAY, ME, ANNA))
    dav_of(house).add_event(meeting("s", changes - 2 * DAY, ANNA, "RRULE:FREQ=DAILY;COUNT=3"))
    house.enable()
    house.cycle()
    house.clock = changes - timedelta(minutes=50)
    for _ in range(10):  # two hours and a half across the change, a round every quarter of an hour
        house.cycle()
    seen = dav_of(house).reminders()
    house.clock = changes + 2 * DAY
    house.cycle()
    held = [i for i in house.interactions(anna) if i[0] == "meeting" and i[2]]
    assert len(held) == 3, "each instance once"
    rows = house.ledger(kind="reminder")
    assert len({(r.contact_id, r.purpose, r.period) for r in rows}) == len(rows)
    for shown in seen:
        local = shown.start.astimezone(ZoneInfo(zone))
        assert 10 <= local.hour < 18, "in working hours on both sides of the change"


@pytest.mark.memory_only
@pytest.mark.parametrize("jump", [-400 * DAY, -2 * DAY, timedelta(hours=-3), timedelta(hours=3), 6 * DAY])
def test_a_clock_set_forward_or_back_and_set_right_again_doubles_and_loses_nothing(
    house: House, jump: timedelta
) -> None:
    anna = house.person("Анна", ANNA, language="ru")
    boris = house.person("Boris", "boris@example.net", language="en")
    box_of(house).add_mail("Sent", letter(1, NOW - 200 * DAY, ME, "boris@example.net"))
    dav_of(house).add_event(meeting("m1", NOW - DAY / 2, ANNA))
    house.enable()
    house.cycle()
    before = (house.last(anna), house.last(boris), known(house)[0])
    house.clock += jump
    for _ in range(4):
        house.cycle()
        open_now = [(r.contact_id, r.purpose) for r in house.ledger() if r.state in ("pending", "written")]
        assert len(open_now) == len(set(open_now))
    house.clock -= jump
    for _ in range(3):
        house.cycle()
    assert (house.last(anna), house.last(boris), known(house)[0]) == before
    keys = [(r.contact_id, r.purpose, r.period) for r in house.ledger()]
    assert len(keys) == len(set(keys))
    assert len(dav_of(house).reminders()) <= 1
