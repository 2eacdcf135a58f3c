"""The loop, its guardian, its signals and what it tells systemd, on clocks of the test's own."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from daemon.config.settings import AccountSettings, Settings
from daemon.core.errors import Paced, StoreBusy, TryLater, UserMistake
from daemon.core.model import Account
from daemon.core.policy import Me
from daemon.core.ports import Connection
from daemon.service import guardian as guarding
from daemon.service.deps import CycleReport
from daemon.service.guardian import Guardian
from daemon.service.loop import Clocks, Service
from daemon.service.notify import Notifier
from daemon.service.signals import Doorbell, HardStop, Wishes, handled
from daemon.service.watching import Watchers

SETTINGS = Settings(Path("c.toml"), Path("state"), "sqlite://", Me("Anna", ("anna@example.org",)), ())


class Ear:
    """The other end of $NOTIFY_SOCKET."""

    def __init__(self, path: Path | None) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path) if path else "\0kith-test-" + os.urandom(6).hex())
        self.socket.setblocking(False)
        name = self.socket.getsockname()
        self.address = name if isinstance(name, str) else "@" + name[1:].decode()

    def heard(self) -> list[str]:
        out = []
        try:
            while True:
                out.append(self.socket.recv(4096).decode())
        except BlockingIOError:
            return out


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[Ear]:
    made = Ear(tmp_path / "notify")
    yield made
    made.socket.close()


@pytest.fixture(autouse=True)
def unchanged_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")


class Time:
    """A wall clock and a monotonic one that move together, unless told otherwise."""

    def __init__(self) -> None:
        self.wall, self.monotonic = 1_800_000_000.0, 50.0

    def pass_(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds

    def clocks(self) -> Clocks:
        return Clocks(lambda: self.wall, lambda: self.monotonic)


# -- sd_notify ---------------------------------------------------------------------------------------------------


def test_states_go_out_as_datagrams(ear: Ear) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": ear.address})
    notifier.ready("Started.")
    notifier.status("two\nlines\r\nREADY=1")
    notifier.stopping()
    assert ear.heard() == ["READY=1\nSTATUS=Started.", "STATUS=two lines READY=1", "STOPPING=1\nSTATUS=Stopping."]
    notifier.reloading()
    first, second = ear.heard()[0].split("\n")
    assert first == "RELOADING=1"
    assert int(second.removeprefix("MONOTONIC_USEC=")) > 0


def test_an_abstract_socket_is_spoken_to() -> None:
    ear = Ear(None)
    assert ear.address.startswith("@")
    Notifier({"NOTIFY_SOCKET": ear.address}).alive()
    assert ear.heard() == ["WATCHDOG=1"]
    ear.socket.close()


@pytest.mark.parametrize("address", ["", "/nowhere/notify", "vsock:2:1234", "relative"])
def test_nobody_listening_is_no_failure(address: str) -> None:
    Notifier({"NOTIFY_SOCKET": address}).ready("x")


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),  # meant for our parent
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "x"}, None),
    ],
)
def test_the_watchdogs_time(environment: dict[str, str], seconds: float | None) -> None:
    assert Notifier(environment).watchdog == seconds


# -- the guardian ------------------------------------------------------------------------------------------------


class Watch:
    """A guardian whose thread does not run: the test looks for it."""

    def __init__(self, ear: Ear) -> None:
        self.time = Time()
        self.stopping = False
        self.done: list[str] = []
        self.ear = ear
        self.guardian = Guardian(
            Notifier({"NOTIFY_SOCKET": ear.address, "WATCHDOG_USEC": "30000000"}),
            lambda: self.stopping,
            clock=lambda: self.time.monotonic,
            break_off=lambda: self.done.append("break off"),
            leave=lambda code: self.done.append(f"leave {code}"),
        )

    def look_after(self, seconds: float) -> list[str]:
        self.time.pass_(seconds)
        self.guardian.look()
        return self.ear.heard()


def test_a_cycle_that_hangs_is_not_kept_alive(ear: Ear) -> None:
    watch = Watch(ear)
    assert watch.look_after(1) == ["WATCHDOG=1"]
    assert watch.look_after(guarding.SILENCE - 2) == ["WATCHDOG=1"]
    assert watch.look_after(2) == []  # systemd will end it
    watch.guardian.expect()
    assert watch.look_after(1) == ["WATCHDOG=1"]


def test_waiting_as_announced_is_life(ear: Ear) -> None:
    watch = Watch(ear)
    watch.guardian.expect(3600)
    assert watch.look_after(3600 + guarding.SILENCE - 1) == ["WATCHDOG=1"]
    assert watch.look_after(2) == []


def test_stopping_is_broken_off_and_then_ended(ear: Ear) -> None:
    watch = Watch(ear)
    watch.stopping = True
    watch.look_after(0)
    watch.look_after(guarding.BREAK_OFF_AFTER - 0.1)
    assert watch.done == []
    watch.look_after(0.2)
    watch.look_after(0.2)
    assert watch.done == ["break off"]
    watch.look_after(guarding.LEAVE_AFTER)
    assert watch.done == ["break off", "leave 0"]
    assert guarding.LEAVE_AFTER + 2 * guarding.FOLLOW <= 5.0


def test_the_thread_tells_of_life_and_breaks_off_a_wait(ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarding, "BREAK_OFF_AFTER", 0.0)
    bell = Doorbell()
    wishes = Wishes(bell)
    notifier = Notifier({"NOTIFY_SOCKET": ear.address, "WATCHDOG_USEC": "30000"})
    left: list[int] = []
    with handled(wishes), Guardian(notifier, lambda: wishes.stopping, leave=left.append) as guardian:
        wishes.bells.append(guardian.bell)
        ear.socket.setblocking(True)
        assert ear.socket.recv(100) == b"WATCHDOG=1"
        hanging, other = socket.socketpair()  # a server that never answers
        with pytest.raises(HardStop):
            os.kill(os.getpid(), signal.SIGTERM)
            hanging.recv(1)
    assert wishes.stopping
    assert left == []
    for each in (hanging, other):
        each.close()
    bell.close()


# -- signals -----------------------------------------------------------------------------------------------------


def test_a_bell_rung_before_the_wait_ends_it() -> None:
    bell = Doorbell()
    for _ in range(100_000):  # more than the pipe holds
        bell.ring()
    assert bell.wait(60) is True
    assert bell.wait(0) is False
    bell.close()


def test_signals_become_wishes_and_handlers_go_back() -> None:
    bell = Doorbell()
    wishes = Wishes(bell)
    before = [signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM)]
    with handled(wishes):
        os.kill(os.getpid(), signal.SIGHUP)
        assert bell.wait(60)
        assert wishes.take_reload()
        assert not wishes.take_reload()
        assert not wishes.stopping
        os.kill(os.getpid(), signal.SIGINT)
        assert bell.wait(60)
        assert wishes.stopping
    assert [signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM)] == before
    bell.close()


# -- the loop ----------------------------------------------------------------------------------------------------


class Recorder(Notifier):
    """Tells a list instead of systemd."""

    def __init__(self, heard: list[str]) -> None:
        super().__init__({})
        self._heard = heard

    def send(self, *states: str) -> None:
        self._heard.append("\n".join(states))


class Played:
    """A service whose cycles are the test's own, and whose waits pass at once unless the script says otherwise."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, script: list[Callable[[], CycleReport]]) -> None:
        self.time = Time()
        self.cycles: list[Settings] = []
        self.waits: list[float] = []
        self.at_wait: dict[int, Callable[[], None]] = {}
        self.fresh: Settings | Exception = replace(SETTINGS, every=timedelta(minutes=5))
        self.script = script
        self.heard: list[str] = []
        self.service = Service(SETTINGS, self.cycle, self.reload, Recorder(self.heard), clocks=self.time.clocks())
        monkeypatch.setattr(self.service.bell, "wait", self.wait)
        monkeypatch.setattr("schedule.datetime.datetime", self.datetime())

    def datetime(self) -> type:
        import datetime as module

        time = self.time

        class Moved(module.datetime):
            @classmethod
            def now(cls, tz: module.tzinfo | None = None) -> module.datetime:  # type: ignore[override]
                return module.datetime.fromtimestamp(time.wall, tz)

        return Moved

    def cycle(self, settings: Settings, should_stop: Callable[[], bool]) -> CycleReport:
        self.cycles.append(settings)
        assert should_stop() is self.service.wishes.stopping
        number = len(self.cycles)
        if number >= len(self.script):
            self.service.wishes.ask_stop()
        return self.script[number - 1]()

    def reload(self) -> Settings:
        if isinstance(self.fresh, Exception):
            raise self.fresh
        return self.fresh

    def wait(self, seconds: float | None) -> bool:
        assert seconds is not None
        self.waits.append(seconds)
        assert len(self.waits) < 300, "a busy loop"
        act = self.at_wait.pop(len(self.waits), None)
        if act is not None:
            act()
            return True
        self.time.pass_(seconds)
        return False


def fine() -> CycleReport:
    return CycleReport()


def failing(error: Exception) -> Callable[[], CycleReport]:
    def cycle() -> CycleReport:
        raise type(error)(*error.args)

    return cycle


def test_a_round_at_once_and_then_every_quarter_of_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    played = Played(monkeypatch, [fine, fine, fine])
    started = played.time.wall
    played.service.run()
    assert len(played.cycles) == 3
    assert 1800 <= played.time.wall - started < 1805
    assert len(played.waits) <= 6  # it waits for the time, it does not look for it every second
    heard = played.heard
    assert heard[0].startswith("READY=1")
    assert heard[-1].startswith("STOPPING=1")


def test_of_two_daemons_the_idle_one_looks_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    def busy() -> CycleReport:
        raise TryLater("Another kithd is at work.", timedelta(minutes=1))

    played = Played(monkeypatch, [busy, busy, fine, fine])
    started = played.time.wall
    played.service.run()
    assert len(played.cycles) == 4
    # a minute, another minute, and then as ever
    assert 900 <= played.time.wall - started < 910


def test_who_has_used_up_a_minutes_quota_goes_on_when_it_has_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    def reading() -> CycleReport:
        report = CycleReport()
        told = Paced("Gmail's quota is used up for now.", timedelta(seconds=40))
        report.account("google").trouble("google: quota", told)
        report.account("other").trouble("other: busy", TryLater("busy", timedelta(hours=1)))
        report.account("other").errors.clear()
        assert not report.failed
        return report

    played = Played(monkeypatch, [reading, reading, fine, fine])
    started = played.time.wall
    played.service.run()
    assert len(played.cycles) == 4
    assert not any("quota" in heard for heard in played.heard), "it is no trouble"
    assert 900 <= played.time.wall - started < 910


class Heard(Watchers):
    """Watchers without threads: the test says what was heard, and sees whom they were to listen to."""

    def __init__(self) -> None:
        super().__init__(lambda name: Connection(Account(name, "memory")), lambda: None)
        self.followed: list[set[str]] = []
        self.told: set[str] = set()
        self.ended = False

    def follow(self, well: Collection[str]) -> None:
        self.followed.append(set(well))

    def news(self) -> frozenset[str]:
        told, self.told = frozenset(self.told), set()
        return told

    def stop(self) -> None:
        self.ended = True


def test_a_server_s_word_brings_a_round_but_no_storm(monkeypatch: pytest.MonkeyPatch) -> None:
    played = Played(monkeypatch, [fine, fine, fine, fine])
    played.service.watchers = heard = Heard()
    started = played.time.wall
    times: list[float] = []
    whole = played.cycle

    def cycle(settings: Settings, should_stop: Callable[[], bool]) -> CycleReport:
        times.append(played.time.wall - started)
        return whole(settings, should_stop)

    def told() -> None:
        heard.told.add("work")

    monkeypatch.setattr(played.service, "_cycle", cycle)

    def told_late() -> None:
        played.time.pass_(200)
        told()

    # three at once, just after a round: one more round, a minute after it; and one long after: at once
    played.at_wait = {1: told, 2: told, 3: told, 5: told_late}
    played.service.run()
    assert times[0] == 0 and 60 <= times[1] < 63, times
    assert 200 <= times[2] - times[1] < 205, times
    assert heard.ended


def test_only_accounts_in_good_health_are_listened_to(monkeypatch: pytest.MonkeyPatch) -> None:
    def mixed() -> CycleReport:
        report = CycleReport()
        for name in ("well", "deaf", "ill", "waiting"):
            report.account(name)
        report.account("ill").errors.append("The password was refused.")
        report.account("waiting").left_out = True
        return report

    played = Played(monkeypatch, [mixed])
    played.service.watchers = heard = Heard()
    accounts = tuple(
        AccountSettings(Account(name, "exchange", options={"watch": name != "deaf"}))
        for name in ("well", "deaf", "ill", "waiting")
    )
    played.service.settings = replace(SETTINGS, accounts=accounts)
    played.service.run()
    assert heard.followed == [{"well"}]


@pytest.mark.parametrize("error", [RuntimeError("Subject: a@example.com"), TryLater("busy"), StoreBusy("locked")])
def test_whatever_goes_wrong_the_loop_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    caplog.set_level(logging.INFO, "daemon")
    played = Played(monkeypatch, [failing(error), failing(error), fine])
    played.service.run()
    assert len(played.cycles) == 3
    warnings = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert len(warnings) == 1  # the same sentence is not repeated every quarter of an hour
    assert "a@example.com" not in caplog.text
    assert "all is well again" in caplog.text
    assert any(warnings[0] in heard for heard in played.heard)


def test_an_accounts_trouble_is_told(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    report = CycleReport()
    report.account("work").errors.append("work: The password is wrong.")
    report.account("work").scanned = 5
    caplog.set_level(logging.INFO, "daemon")
    Played(monkeypatch, [lambda: report]).service.run()
    assert "work: The password is wrong." in caplog.text
    assert "work: 5 read, 0 logged, 0 unreadable" in caplog.text


def test_a_new_configuration_is_taken_and_a_broken_one_is_not(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    played = Played(monkeypatch, [fine, fine, fine])
    played.at_wait[1] = played.service.wishes.ask_reload

    def break_it() -> None:
        played.fresh = UserMistake("has 2 mistakes")
        played.service.wishes.ask_reload()

    played.at_wait[2] = break_it
    played.service.run()
    assert [s.every for s in played.cycles] == [timedelta(minutes=15), timedelta(minutes=5), timedelta(minutes=5)]
    assert "has 2 mistakes" in caplog.text
    # signs of life are sent by a thread of its own, between the others or not at all
    lines = [h.split("\n")[0] for h in played.heard if "STATUS=Working" not in h and "Last round" not in h]
    assert [line for line in lines if line != "WATCHDOG=1"] == [
        "READY=1",
        "RELOADING=1",
        "READY=1",
        "RELOADING=1",
        "READY=1",
        "STOPPING=1",
    ]


@pytest.mark.parametrize("hours", [-30, -1, 1, 8, 24 * 30])
def test_a_clock_that_jumps_makes_no_storm_and_no_hole(monkeypatch: pytest.MonkeyPatch, hours: int) -> None:
    played = Played(monkeypatch, [fine, fine, fine])

    def jump() -> None:
        played.time.wall += hours * 3600

    played.at_wait[1] = jump
    started = played.time.monotonic
    played.service.run()
    # one round at the start, one when the jump is seen, the third a quarter of an hour later by real time
    assert 900 <= played.time.monotonic - started < 905


def test_a_long_wait_still_looks_at_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    played = Played(monkeypatch, [fine, fine])
    played.service.settings = replace(SETTINGS, every=timedelta(days=1))
    played.service.run()
    assert len(played.cycles) == 2
    assert max(played.waits) <= 600


def test_asked_to_stop_during_a_round_nothing_more_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    played = Played(monkeypatch, [fine])
    played.service.run()
    assert played.waits == []
    assert len(played.cycles) == 1


def test_a_wait_broken_off_in_a_round_ends_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    def hard() -> CycleReport:
        raise HardStop

    played = Played(monkeypatch, [hard, fine])
    played.service.run()
    assert played.heard[-1].startswith("STOPPING=1")
    assert not any(t.name == "guardian" and t.is_alive() for t in threading.enumerate())
