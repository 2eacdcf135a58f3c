"""The shell around the commands: lazy, one sentence a failure, the right exit code, plain tables."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import pytest

from daemon.cli import main as shell
from daemon.cli import output
from daemon.cli.context import Ctx, default_config_path
from daemon.core.errors import NeedsUser, UserMistake

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "daemon.cli", *arguments], capture_output=True, text=True, timeout=60)


def test_help_imports_nothing_heavy_and_names_every_command() -> None:
    script = (
        "import sys\nfrom daemon.cli.main import run\ncode = run(['--help'])\n"
        "heavy = {'sqlalchemy', 'rich', 'jinja2', 'requests', 'imapclient', 'alembic', 'schedule', 'tomllib', 'dns'}\n"
        "print('HEAVY', sorted(heavy & set(sys.modules)), code)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert "HEAVY [] 0" in done.stdout
    for name in shell.COMMANDS:
        assert f"  {name} " in done.stdout


@pytest.mark.parametrize("name", sorted(shell.COMMANDS))
def test_every_command_is_there_and_explains_itself(name: str) -> None:
    command = shell.LazyGroup().get_command(click.Context(shell.cli), name)
    assert command is not None
    assert command.name == name
    assert command.get_short_help_str(200)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("stauts",), "Did you mean status?"),
        (("xyzzy",), "`kith --help` lists them all."),
        (("--colour",), "No such option"),
        (("--config", "/nowhere/config.toml", "status"), "There is no configuration at /nowhere/config.toml"),
    ],
)
def test_wrong_use_is_one_sentence_and_2(arguments: tuple[str, ...], sentence: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_version() -> None:
    assert run("--version").stdout.startswith("kith, version ")


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    @click.command()
    def command() -> None:
        raise error

    monkeypatch.setattr(shell.LazyGroup, "get_command", lambda *_: command)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (UserMistake("That day has passed."), 2, "kith: That day has passed.\n"),
        (NeedsUser("The password is wrong.", "Check it."), 1, "kith: The password is wrong. Check it.\n"),
        (KeyboardInterrupt(), 130, "Stopped."),
    ],
)
def test_a_failure_is_its_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException, code: int, said: str
) -> None:
    failing(monkeypatch, error)
    assert shell.run(["status"]) == code
    assert said in capsys.readouterr().err


def test_a_defect_names_the_place_but_quotes_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.delenv("KITH_DEBUG", raising=False)
    failing(monkeypatch, RuntimeError("Subject: secret@example.com"))
    assert shell.run(["status"]) == 1
    said = capsys.readouterr().err
    log = tmp_path / "kithd" / "errors.log"
    assert str(log) in said
    assert "RuntimeError" in said
    assert "Traceback" not in said
    kept = log.read_text()
    assert "test_cli_main.py" in kept
    assert "secret@example.com" not in kept + said
    assert log.stat().st_mode & 0o777 == 0o600


def test_a_defect_shows_all_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITH_DEBUG", "1")
    failing(monkeypatch, RuntimeError("boom"))
    with pytest.raises(RuntimeError, match="boom"):
        shell.run(["status"])


def test_a_reader_that_leaves_early_is_no_failure() -> None:
    command = f"{sys.executable} -m daemon.cli --help | true"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""


def test_a_number_returned_is_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command()
    def command() -> int:
        return 1

    monkeypatch.setattr(shell.LazyGroup, "get_command", lambda *_: command)
    assert shell.run(["status"]) == 1


def test_where_the_configuration_is_looked_for() -> None:
    assert default_config_path({"XDG_CONFIG_HOME": "/x"}) == Path("/x/kithd/config.toml")
    assert default_config_path({"XDG_CONFIG_HOME": "x"}) == Path.home() / ".config/kithd/config.toml"
    assert default_config_path({"KITH_CONFIG": "/y/c.toml", "XDG_CONFIG_HOME": "/x"}) == Path("/y/c.toml")


def test_the_context_has_the_clock_it_was_given() -> None:
    assert Ctx(clock=lambda: NOW).now() == NOW
    assert Ctx().now().tzinfo is UTC


def test_tables_are_aligned_and_steer_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(("name", "due"), [("Анна", "today"), ("Bo\x1b[31m\nx", None), ("漢字", 3)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "NAME       DUE"
    assert lines[1] == "Анна       today"
    assert lines[2] == "Bo [31m x"
    assert lines[3] == "漢字       3"  # two columns a letter
    output.table(("name",), [], empty="Nobody.")
    assert capsys.readouterr().out == "Nobody.\n"


def test_json_is_stable_and_readable(capsys: pytest.CaptureFixture[str]) -> None:
    output.emit_json({"name": "Анна", "at": NOW, "on": date(2026, 3, 12), "circles": {"b", "a"}})
    text = capsys.readouterr().out
    assert "Анна" in text
    assert json.loads(text) == {
        "name": "Анна",
        "at": "2026-11-21T12:00:00+00:00",
        "on": "2026-03-12",
        "circles": ["a", "b"],
    }


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (None, "never"),
        (NOW, "today"),
        (datetime(2026, 11, 20, 22, 59, tzinfo=UTC), "yesterday"),  # 23:59 in Berlin
        (datetime(2026, 11, 20, 23, 1, tzinfo=UTC), "today"),  # 0:01 in Berlin
        (NOW - timedelta(days=3), "3 days ago"),
        (NOW - timedelta(days=20), "3 weeks ago"),
        (NOW + timedelta(days=1), "tomorrow"),
        (date(2026, 11, 30), "in 9 days"),
        (NOW + timedelta(days=30), "in 4 weeks"),
        (datetime(2026, 3, 12, tzinfo=UTC), "12 Mar"),
        (datetime(2024, 3, 12, tzinfo=UTC), "12 Mar 2024"),
    ],
)
def test_days_in_plain_words(moment: datetime | date | None, said: str) -> None:
    assert output.ago(moment, NOW, BERLIN) == said


def test_today_is_the_users_own_day() -> None:
    late = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)  # already the 22nd in Berlin
    assert output.ago(date(2026, 11, 22), late, BERLIN) == "today"
    assert output.ago(date(2026, 11, 22), late, UTC) == "tomorrow"


def test_progress_is_silent_off_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with output.progress() as report:
        report("reading", 1, 2)
    assert capsys.readouterr() == ("", "")


def test_no_library_writes_to_the_service_s_log() -> None:
    """They tell addresses, tokens and whole answers; msal even in warnings."""
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "import logging, exchangelib, msal, requests_ntlm, requests_oauthlib, spnego\n"
            "from daemon.cli import logs\n"
            "logs.set_up('debug')\n"
            "for name in list(logging.root.manager.loggerDict):\n"
            "    if name.partition('.')[0] not in ('daemon', 'connectors', 'asyncio', 'concurrent'):\n"
            "        logging.getLogger(name).error('%s', name)\n",
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert said.stderr.split() == []
