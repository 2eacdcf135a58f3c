"""Threads that listen: whom to, what they post, and that they end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue

import pytest

from daemon.core.errors import KithError, SignInRefused, TryLater
from daemon.core.model import Account
from daemon.core.ports import Connection
from daemon.service.watching import Watchers


class Line:
    """A server's line: `say` is heard, `end` ends it."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.heard: SimpleQueue[str] = SimpleQueue()
        self.listening = threading.Event()
        self.closed = threading.Event()

    def watch(self, news: Callable[[], None]) -> None:
        self.listening.set()
        if self.error is not None:
            raise self.error
        while self.heard.get() == "news":
            news()

    def stop(self) -> None:
        self.heard.put("end")


class Lines:
    """Accounts by name, opened anew each time."""

    def __init__(self) -> None:
        self.opened: list[tuple[str, Line]] = []
        self.errors: dict[str, Exception] = {}
        self.rung = threading.Event()
        self.watchers = Watchers(self.open, self.rung.set)

    def open(self, name: str) -> Connection:
        line = Line(self.errors.get(name))
        self.opened.append((name, line))
        return Connection(Account(name, "memory"), watcher=line, close=line.closed.set)


@pytest.fixture
def lines() -> Lines:
    return Lines()


def test_what_is_heard_is_posted_and_rings(lines: Lines) -> None:
    lines.watchers.follow(["a", "b"])
    (name, line), _ = lines.opened
    line.heard.put("news")
    line.heard.put("news")
    assert lines.rung.wait(60)
    line.heard.put("end")
    assert line.closed.wait(60)
    assert name == "a" and lines.watchers.news() == frozenset({"a"}) and not lines.watchers.news()
    lines.watchers.stop()
    assert all(each.closed.is_set() for _, each in lines.opened)


def test_one_that_listens_is_left_and_one_that_ended_begins_anew(lines: Lines) -> None:
    lines.watchers.follow(["a", "b"])
    lines.opened[0][1].stop()
    assert lines.opened[0][1].closed.wait(60)
    for thread in threading.enumerate():
        if thread.name == "watch a":
            thread.join(60)
    lines.watchers.follow(["a", "b"])
    assert [name for name, _ in lines.opened] == ["a", "b", "a"]
    lines.watchers.stop()


def test_an_account_in_trouble_is_not_listened_to(lines: Lines) -> None:
    lines.watchers.follow(["a"])
    lines.watchers.follow([])
    assert lines.opened[0][1].closed.is_set()
    lines.watchers.stop()
    lines.watchers.follow(["a"])
    assert lines.opened[-1][1].closed.is_set() and not lines.opened[-1][1].listening.is_set()


@pytest.mark.parametrize("error", [TryLater("away"), SignInRefused("no", "mend it"), ValueError("a letter")])
def test_a_watcher_that_fails_ends_and_tells_only_a_refused_password(
    lines: Lines, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    lines.errors["a"] = error
    lines.watchers.follow(["a"])
    assert lines.opened[0][1].closed.wait(60)
    assert set(lines.watchers.refused()) == ({"a"} if isinstance(error, SignInRefused) else set())
    assert not lines.watchers.refused()
    assert isinstance(error, KithError) or "a letter" not in caplog.text
    lines.watchers.stop()
