"""A bad network between a whole installation and real servers: every round comes to an end, nothing half-read is kept,
and the next round ends where an undisturbed one would have.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

import connectors.caldav
import connectors.imap
from connectors.caldav import http
from connectors.imap import session
from connectors.imap.cursor import Cursor
from daemon.core.model import Account
from daemon.service.cycle import run_cycle
from daemon.service.deps import CycleReport
from daemon.store import cursors, health
from daemon.store.engine import Store
from daemon.store.tables import evidence, interaction, participant
from tests.contract.rig import ME
from tests.contract.rig_caldav import CaldavRig
from tests.contract.rig_imap import ImapRig
from tests.contract.samples import ANNA, BORIS, NOW, PAGE, STRANGER, card
from tests.service.house import House, letter, meeting
from tests.support.dav import PASSWORD as DAV_PASSWORD
from tests.support.dovecot import PASSWORD
from tests.support.proxy import Proxy, Spoil

pytestmark = pytest.mark.servers_only
DAY = timedelta(days=1)


class Hung(BaseException):
    """A deadline did not hold. No `Exception`: nobody may take it for a failure of the network."""


LIMIT = 120
"""Seconds after which a test has hung. With the deadlines set here it takes a few; on a busy machine ten times that."""


@pytest.fixture(autouse=True)
def watchdog() -> Iterator[None]:
    def bark(*_: object) -> None:
        raise Hung

    before = signal.signal(signal.SIGALRM, bark)
    signal.alarm(LIMIT)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(autouse=True)
def patience(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deadlines of whole calls as long as those of a single answer, whatever a test sets them to."""
    monkeypatch.setattr(session, "PATIENCE", 1)
    monkeypatch.setattr(http, "PATIENCE", 1)
    connect(house)


def connect(house: House, hasty: str = "") -> None:
    """Both accounts opened anew, the hasty one with a second's patience; the other's server may be slow, or starved."""
    box, dav = box_of(house), dav_of(house)
    timeouts: dict[str, object] = {name: 1 if name == hasty else 20 for name in ("mail", "dav")}
    options = {"host": "127.0.0.1", "port": box.net.port, "user": box.user, "tls": "plain", "timeout": timeouts["mail"]}
    box._connection = connectors.imap.connect(Account("mail", "imap", ME, options=options), box.around, page=PAGE)
    url = f"http://127.0.0.1:{dav.net.port}"
    options = {"url": url, "user": dav.account.user, "batch": PAGE, "timeout": timeouts["dav"]}
    dav._connection = connectors.caldav.connect(Account("dav", "caldav", ME, options=options), dav._around)


def box_of(house: House) -> ImapRig:
    box = house.rigs["mail"]
    assert isinstance(box, ImapRig)
    return box


def dav_of(house: House) -> CaldavRig:
    dav = house.rigs["dav"]
    assert isinstance(dav, CaldavRig)
    return dav


def lay(house: House) -> None:
    """Mail over several pages in two folders, a calendar and an address book over several batches."""
    house.person("Анна Образцова", ANNA, language="ru")
    house.person("Boris", BORIS)
    box, dav = box_of(house), dav_of(house)
    for n in range(1, 11):
        box.add_mail("INBOX", letter(n, NOW - n * DAY, STRANGER if n % 4 == 0 else ANNA))
    for n in range(11, 15):
        box.add_mail("Sent", letter(n, NOW - (200 + n) * DAY, ME, BORIS))
    for n in range(1, 9):
        dav.add_event(meeting(f"m{n}", NOW - n * DAY, ANNA))
    for n in range(1, 6):
        dav.add_card(card(f"c{n}", f"Person {n}", f"person{n}@example.net"))
    house.enable()


def told(house: House) -> dict[str, set[tuple[Any, ...]]]:
    """What is known of the outside, without row numbers."""
    e, i = evidence.c, interaction.c
    with house.store.read() as conn:
        return {
            "evidence": {tuple(r) for r in conn.execute(select(e.account, e.stream, e.identity, e.at, e.direction))},
            "people": {
                tuple(r)
                for r in conn.execute(
                    select(e.account, e.identity, participant.c.address, participant.c.role).join(
                        participant, participant.c.evidence_id == e.id
                    )
                )
            },
            "interactions": {
                tuple(r) for r in conn.execute(select(i.identity, i.contact_id, i.counted, i.rule, i.direction))
            },
        }


def undisturbed(house: House, folder: Path) -> dict[str, set[tuple[Any, ...]]]:
    """What a round without trouble, that may not write, makes of the same servers."""
    store = Store(f"sqlite:///{folder}/reference.db")
    store.upgrade()
    other = House(store, folder, house.rigs)
    other.person("Анна Образцова", ANNA, language="ru")
    other.person("Boris", BORIS)
    other.clock = house.clock
    other.cycle()
    found = told(other)
    store.close()
    assert found["interactions"]
    return found


def no_cursor_is_ahead(house: House) -> None:
    """What lies below a folder's cursor is in the store."""
    box = box_of(house)
    with house.store.read() as conn:
        for place in cursors.rows(conn, "mail"):
            cursor = Cursor.read(place.position.cursor)
            if cursor is None:
                continue
            box.client.select_folder(place.stream.name, readonly=True)
            read = [uid for uid in box.client.search() if uid < cursor.next]
            wanted = {
                row[b"ENVELOPE"].message_id.decode()
                for row in box.client.fetch(read, ["ENVELOPE"]).values()
                if STRANGER
                not in f"{row[b'ENVELOPE'].from_[0].mailbox.decode()}@{row[b'ENVELOPE'].from_[0].host.decode()}"
            }
            stored = set(
                conn.execute(select(evidence.c.message_id).where(evidence.c.stream == place.stream.name)).scalars()
            )
            assert wanted <= stored


def disturbed(house: House) -> CycleReport:
    """A round that may fail."""
    house.clock += timedelta(minutes=15)
    return run_cycle(house.deps())


def health_is_plain(house: House, account: str) -> list[str]:
    """The sentences `kith status` would show of the account."""
    with house.store.read() as conn:
        said = [row.error for row in health.rows(conn) if row.account == account and row.error]
    for sentence in said:
        assert sentence.endswith((".", "later.", "network."))
        assert "\n" not in sentence
        for secret in (PASSWORD, DAV_PASSWORD, STRANGER, ANNA, "Traceback", "Error("):
            assert secret not in sentence
    return said


def ends_as(house: House, expected: dict[str, set[tuple[Any, ...]]], later: int = 1) -> None:
    """The next round, on a network that works, completes everything; and leaves nothing twice."""
    session.PATIENCE = http.PATIENCE = 20  # the fixture puts them right again
    house.cycle(after=timedelta(hours=later))
    assert told(house) == expected
    assert {(r.kind, r.state) for r in house.ledger()} == {("draft", "written"), ("reminder", "written")}
    assert len(box_of(house).drafts()) == 1
    assert len(dav_of(house).reminders()) == 1
    for account in house.rigs:
        assert not health_is_plain(house, account)
    house.cycle()  # cards read late: the history of their people
    before = house.facts()
    house.cycle()
    assert house.facts() == before


CUT, SILENCE, GARBAGE = Spoil


@pytest.mark.parametrize(
    ("how", "inside"),
    [(CUT, rb"Logged "), (CUT, rb"UIDVALIDITY"), (SILENCE, rb"LIST "), (GARBAGE, rb"APPENDUID")],
)
def test_mail_spoilt_in_the_middle_of_an_answer(house: House, tmp_path: Path, how: Spoil, inside: bytes) -> None:
    """Each place by name: in how many pieces an answer comes is the machine's affair."""
    connect(house, "mail")
    lay(house)
    expected = undisturbed(house, tmp_path)
    box = box_of(house)
    box.net.drop_all()
    happened = box.net.spoil(how, inside=inside)
    report = disturbed(house)
    assert happened.is_set()
    assert not report.account("dav").errors, "the other account goes on"
    assert {e for e in told(house)["evidence"] if e[0] == "dav"} == {e for e in expected["evidence"] if e[0] == "dav"}
    for kind, rows in told(house).items():
        if kind != "interactions":  # a verdict may still wait for what is not read yet
            assert rows <= expected[kind], f"{kind}: something half-read was kept"
    no_cursor_is_ahead(house)
    assert bool(report.account("mail").errors) == bool(health_is_plain(house, "mail"))
    ends_as(house, expected)


@pytest.mark.parametrize(
    ("how", "after", "inside"),
    [
        (CUT, 2, rb"HTTP/1.. 207"),
        (SILENCE, 4, rb"HTTP/1.. 207"),
        (GARBAGE, 0, rb"HTTP"),
        (GARBAGE, 0, rb"HTTP/1.. 201"),
    ],
)
def test_calendar_and_book_spoilt_in_the_middle_of_an_answer(
    house: House, tmp_path: Path, how: Spoil, after: int, inside: bytes
) -> None:
    connect(house, "dav")
    lay(house)
    expected = undisturbed(house, tmp_path)
    dav = dav_of(house)
    dav.net.drop_all()
    happened = dav.net.spoil(how, after, inside)
    report = disturbed(house)
    assert happened.is_set()
    assert not report.account("mail").errors, "the other account goes on"
    assert {e for e in told(house)["evidence"] if e[0] == "mail"} == {e for e in expected["evidence"] if e[0] == "mail"}
    for kind, rows in told(house).items():
        if kind != "interactions":
            assert rows <= expected[kind], f"{kind}: something half-read was kept"
    health_is_plain(house, "dav")
    ends_as(house, expected)


LITERAL = rb"BODY\[HEADER[^{]*\{\d+\}\r\n.{40}"
"""The header of a letter as a literal (RFC 9051 4.3), and forty bytes of it."""
MULTISTATUS = rb"<(?:\w+:)?multistatus.*?<(?:\w+:)?calendar-data[^>]*>.{40}"
"""A multistatus (RFC 4918 13) up to an object in it (RFC 4791 9.6), and forty bytes of that."""


@pytest.mark.parametrize("how", Spoil)
@pytest.mark.parametrize(("which", "inside"), [("mail", LITERAL), ("dav", MULTISTATUS)], ids=["literal", "multistatus"])
def test_spoilt_inside_a_literal_or_a_multistatus(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: str, inside: bytes, how: Spoil
) -> None:
    monkeypatch.setattr("requests.utils.DEFAULT_ACCEPT_ENCODING", "identity")  # else it is gzip that is spoilt
    connect(house, which)
    lay(house)
    expected = undisturbed(house, tmp_path)
    rig: Any = house.rigs[which]
    rig.net.drop_all()
    happened = rig.net.spoil(how, 1, inside)  # what came before it is kept
    disturbed(house)
    assert happened.is_set()
    for kind, rows in told(house).items():
        if kind != "interactions":
            assert rows <= expected[kind], f"{kind}: something half-read was kept"
    no_cursor_is_ahead(house)
    health_is_plain(house, which)
    ends_as(house, expected)


@contextmanager
def bad(net: Proxy, **how: Any) -> Iterator[None]:
    for name, value in how.items():
        setattr(net, name, value)
    net.drop_all()
    yield
    for name, value in {"black_hole": False, "trickle": 0, "delay": 0.0}.items():
        setattr(net, name, value)
    net.drop_all()


@pytest.mark.parametrize("which", ["mail", "dav"])
@pytest.mark.parametrize("how", [{"black_hole": True}, {"trickle": 1}, {"delay": 2.0}], ids=["hole", "trickle", "late"])
def test_a_server_that_is_too_slow_is_given_up_and_the_others_go_on(
    house: House, tmp_path: Path, which: str, how: dict[str, Any]
) -> None:
    connect(house, which)
    lay(house)
    expected = undisturbed(house, tmp_path)
    rig: Any = house.rigs[which]
    other = "dav" if which == "mail" else "mail"
    with bad(rig.net, **how):
        report = disturbed(house)
    assert report.account(which).errors
    assert not report.account(other).errors
    assert {e for e in told(house)["evidence"] if e[0] == other} == {e for e in expected["evidence"] if e[0] == other}
    assert not {e for e in told(house)["evidence"] if e[0] == which}
    assert health_is_plain(house, which)
    ends_as(house, expected)


def test_a_server_that_is_slow_but_within_its_time_is_read(house: House, tmp_path: Path) -> None:
    lay(house)
    expected = undisturbed(house, tmp_path)
    with bad(box_of(house).net, delay=0.02), bad(dav_of(house).net, delay=0.02):
        assert not disturbed(house).failed
    ends_as(house, expected)


@pytest.mark.parametrize("which", ["mail", "dav"])
def test_a_network_that_fails_again_and_again_still_gets_everything_through(
    house: House, tmp_path: Path, which: str
) -> None:
    lay(house)
    expected = undisturbed(house, tmp_path)
    rig: Any = house.rigs[which]
    for n in range(8):
        rig.net.spoil(Spoil.CUT, 8 + n)
        house.clock += timedelta(hours=1)
        run_cycle(house.deps())
        if which == "mail":
            no_cursor_is_ahead(house)
        rig.net.drop_all()
    rig.net._spoil = None
    ends_as(house, expected, later=13)
