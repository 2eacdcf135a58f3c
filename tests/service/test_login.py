"""`kith login` at the command line; what each provider asks is tested with its connector."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

import daemon.wiring
from daemon.cli.context import Ctx
from daemon.cli.login import Terminal
from daemon.cli.main import run
from daemon.core.errors import NeedsUser
from daemon.core.model import Account
from daemon.core.ports import Connection, LoginUI
from daemon.store import health
from daemon.store.engine import Store

NOW = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(
        '[me]\nname = "Anna Example"\naddresses = ["anna@example.org"]\n'
        f'[store]\nstate = "{tmp_path / "state"}"\n'
        f'[account.home]\nkind = "local"\naddress = "anna@example.org"\nmaildir = "{tmp_path}"\n'
    )
    return path


@pytest.fixture
def sign_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[LoginUI], None] | None], None]:
    """Gives the account this way to sign in."""

    def give(login: Callable[[LoginUI], None] | None) -> None:
        made = Connection(Account("home", "local"), login=login)
        monkeypatch.setattr(daemon.wiring, "connect", lambda *_, **__: {"home": made})

    return give


def kith(config: Path, *arguments: str) -> int:
    return run(["--config", str(config), *arguments], Ctx(clock=lambda: NOW))


def test_an_account_without_a_sign_in_says_so(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert kith(config, "login", "home") == 2
    assert "no sign-in for home" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["hom", ""])
def test_an_account_that_does_not_exist(config: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert kith(config, "login", name) == 2
    assert "There is no account" in capsys.readouterr().err


def test_the_person_is_shown_and_asked(
    config: Path,
    sign_in: Callable[[Callable[[LoginUI], None]], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers: list[object] = []

    def login(ui: LoginUI) -> None:
        ui.show("Open this address.")
        answers.append(ui.open("https://login.example.org"))
        answers.append(ui.ask("The address you came to:"))

    sign_in(login)
    monkeypatch.setattr("webbrowser.open", lambda _: pytest.fail("no browser was wanted"))
    monkeypatch.setattr("sys.stdin", io.StringIO("  http://127.0.0.1/?code=1 \n"))
    assert kith(config, "login", "home", "--no-browser") == 0
    assert answers == [False, "http://127.0.0.1/?code=1"]
    assert "Open this address.\nThe address you came to: Signed in to home." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("platform", "surroundings", "opened"),
    [
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("linux", {"BROWSER": "firefox"}, True),
        ("linux", {}, False),
        ("linux", {"SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"}, False),
        ("linux", {"SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22", "DISPLAY": "localhost:10.0"}, True),
        ("darwin", {}, True),
        ("darwin", {"SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"}, False),
    ],
)
def test_a_browser_is_opened_only_where_the_user_sees_it(
    monkeypatch: pytest.MonkeyPatch, platform: str, surroundings: dict[str, str], opened: bool
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in surroundings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.platform", platform)
    asked: list[str] = []

    def open_it(url: str) -> bool:
        asked.append(url)
        return True

    monkeypatch.setattr("webbrowser.open", open_it)
    assert Terminal(browser=True).open("https://login.example.org") is opened
    assert bool(asked) is opened


def test_nobody_there_to_answer(
    config: Path,
    sign_in: Callable[[Callable[[LoginUI], None]], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sign_in(lambda ui: answered(ui))
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert kith(config, "login", "home") == 2
    assert "in a terminal" in capsys.readouterr().err


def answered(ui: LoginUI) -> None:
    ui.ask("A code:")


def test_what_waited_for_the_user_goes_on_only_when_they_signed_in(
    config: Path, sign_in: Callable[[Callable[[LoginUI], None]], None], tmp_path: Path
) -> None:
    store = Store(Ctx(config).settings.store_url)
    store.upgrade()
    with store.write() as conn:
        health.failed(conn, "home", "mail", NOW, "Signed out.", needs_user=True)

    def refuse(_: LoginUI) -> None:
        raise NeedsUser("It was refused.", "Try again.")

    sign_in(refuse)
    assert kith(config, "login", "home") == 1
    with store.read() as conn:
        assert not health.due(conn, "home", "mail", NOW)
    sign_in(lambda _: None)
    assert kith(config, "login", "home") == 0
    with store.read() as conn:
        assert health.due(conn, "home", "mail", NOW)
    store.close()
