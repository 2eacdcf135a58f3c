"""Streaming notifications: the server tells, a round begins; what is not told is found all the same."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from daemon.core.errors import SignInRefused, TryLater
from daemon.core.ports import Watcher
from daemon.service.signals import Doorbell
from daemon.service.watching import Watchers
from tests.contract.rig import ME
from tests.contract.rig_exchange import ExchangeRig
from tests.contract.samples import ANNA
from tests.doubles.ews import server as double
from tests.doubles.ews.server import PASSWORD, Ews
from tests.service.house import letter
from tests.support.processes import PATIENCE, hear, installation, service


class Ear:
    """A watcher in a thread of its own."""

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher
        self.heard = threading.Semaphore(0)
        self.error: Exception | None = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.watcher.watch(self.heard.release)
        except Exception as error:
            self.error = error

    def ended(self) -> bool:
        self.thread.join(60)
        return not self.thread.is_alive()


@pytest.fixture
def watcher(rig: ExchangeRig) -> Iterator[Watcher]:
    rig.options["watch"] = True
    found = rig.fresh_connection().watcher
    assert found is not None
    yield found


def listening(ews: Ews) -> None:
    """Wait until the server has somebody to tell."""
    assert ews.listener.wait(60)


def test_news_are_heard_and_stopping_ends_it(watcher: Watcher, ews: Ews) -> None:
    ear = Ear(watcher)
    listening(ews)
    ews.notify()
    assert ear.heard.acquire(timeout=60)
    ews.notify()
    assert ear.heard.acquire(timeout=60)
    watcher.stop()
    assert ear.ended() and ear.error is None


def test_a_stream_the_server_ends_is_no_error(watcher: Watcher, ews: Ews) -> None:
    ear = Ear(watcher)
    listening(ews)
    ews.hang_up()
    assert ear.ended() and ear.error is None
    assert ews.calls == {"Subscribe": 1, "GetStreamingEvents": 1}


def test_a_refused_password_is_one_attempt_here_too(rig: ExchangeRig, ews: Ews, watcher: Watcher) -> None:
    rig.secrets.password = "wrong"
    ear = Ear(watcher)
    assert ear.ended() and isinstance(ear.error, SignInRefused)
    assert ews.attempts == 1


def test_a_server_that_is_busy_is_listened_to_later(ews: Ews, watcher: Watcher) -> None:
    ews.faults.append(("Subscribe", double.BUSY_500))
    ear = Ear(watcher)
    assert ear.ended() and isinstance(ear.error, TryLater)


def test_nobody_is_listened_to_unless_asked(rig: ExchangeRig) -> None:
    assert rig.connection().watcher is None


def test_the_service_is_woken_by_a_server(rig: ExchangeRig, ews: Ews) -> None:
    rig.options["watch"] = True
    bell = Doorbell()
    watchers = Watchers(lambda name: rig.fresh_connection(), bell.ring)
    watchers.follow({"work"})
    listening(ews)
    assert not watchers.news()
    ews.notify()
    assert bell.wait(60)
    assert watchers.news() == {"work"}
    watchers.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "watch work"]
    bell.close()


CONFIG = f"""
[me]
name = "Petra Example"
addresses = ["{ME}"]
time_zone = "Europe/Berlin"

[store]
state = "state"

[schedule]
every = "1d"

[account.work]
kind = "exchange"
address = "{ME}"
ews_url = "%s"
user = 'EXAMPLE\\petra'
auth = "basic"
password_command = "echo {PASSWORD}"
watch = true
"""


def test_a_service_is_woken_by_a_message_and_stops_when_it_is_asked_to(
    rig: ExchangeRig, ews: Ews, tmp_path: Path
) -> None:
    """A process of its own, whose next round by the clock is a day away; its stream would go on for half an hour."""
    yesterday = datetime.now(UTC) - timedelta(days=1)
    with installation(tmp_path / "home", CONFIG % ews.url) as home:
        home.ok("contacts", "add", "Anna Sample", "--address", ANNA, "--circle", "partner")
        with service(home, "ear", "tests.support.brisk") as (process, ear, log):
            hear(ear, "went well")
            assert ews.listener.wait(PATIENCE)
            rig.add_mail("INBOX", letter("news", yesterday, ANNA))
            ews.notify()
            hear(ear, "went well")
            assert "Message news" in home.ok("why", "Anna")
            assert ews.streams, "it goes on listening"
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0, log.read_text()
            hear(ear, "STOPPING=1")
    assert not any(word in log.read_text() for word in ("Traceback", PASSWORD, ANNA))
