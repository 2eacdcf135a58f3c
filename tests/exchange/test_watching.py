"""Streaming notifications: the server tells, a round begins; what is not told is found all the same."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from daemon.core.errors import SignInRefused, TryLater
from daemon.core.ports import Watcher
from daemon.service.signals import Doorbell
from daemon.service.watching import Watchers
from tests.contract.rig_exchange import ExchangeRig
from tests.doubles.ews import server as double
from tests.doubles.ews.server import Ews


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
        self.thread.join(10)
        return not self.thread.is_alive()


@pytest.fixture
def watcher(rig: ExchangeRig) -> Iterator[Watcher]:
    rig.options["watch"] = True
    found = rig.fresh_connection().watcher
    assert found is not None
    yield found


def listening(ews: Ews) -> None:
    """Wait until the server has somebody to tell."""
    assert ews.listener.wait(10)


def test_news_are_heard_and_stopping_ends_it(watcher: Watcher, ews: Ews) -> None:
    ear = Ear(watcher)
    listening(ews)
    ews.notify()
    assert ear.heard.acquire(timeout=10)
    ews.notify()
    assert ear.heard.acquire(timeout=10)
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
    assert bell.wait(10)
    assert watchers.news() == {"work"}
    watchers.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "watch work"]
    bell.close()
