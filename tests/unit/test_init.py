"""`kith init`, `check`, `enable` and `disable`, with a network that needs no name server."""

from __future__ import annotations

import io
import json
import stat
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from daemon.cli.check import foreign_files
from daemon.cli.context import Ctx
from daemon.cli.main import run
from daemon.config.writing import Value, to_toml, write_new
from daemon.core.errors import UserMistake
from daemon.service.discovery import Server, find
from daemon.store import enablement
from daemon.store.engine import Store

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@dataclass
class Net:
    """A made-up network. ``asked`` lists what was asked of it."""

    srvs: dict[str, list[tuple[int, int, int, str]]] = field(default_factory=dict)
    txts: dict[str, list[str]] = field(default_factory=dict)
    mxs: dict[str, list[str]] = field(default_factory=dict)
    open: set[tuple[str, int]] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def srv(self, name: str) -> Sequence[tuple[int, int, int, str]]:
        self.asked.append(name)
        return self.srvs.get(name, [])

    def txt(self, name: str) -> Sequence[str]:
        return self.txts.get(name, [])

    def mx(self, domain: str) -> Sequence[str]:
        return self.mxs.get(domain, [])

    def reaches(self, host: str, port: int) -> bool:
        self.asked.append(f"{host}:{port}")
        return (host, port) in self.open


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    for part in ("cur", "new", "tmp"):
        (tmp_path / "mail" / part).mkdir(parents=True)
    (tmp_path / "calendars" / "personal").mkdir(parents=True)
    return tmp_path


def kith(home: Path, *arguments: str, net: Net | None = None) -> int:
    context = Ctx(clock=lambda: NOW, network=net or Net())
    return run(["--config", str(home / "c" / "config.toml"), *arguments], context)


def written(home: Path) -> dict[str, Any]:
    return tomllib.loads((home / "c" / "config.toml").read_text("utf-8"))


WHO = ("--name", "Anna Example", "--address", "anna@example.org", "--yes")
PASSWORD = ("--password-command", "pass show mail")


# -- finding servers ---------------------------------------------------------------------------------------------


def test_srv_records_win_by_priority_and_weight() -> None:
    net = Net(
        srvs={
            "_imaps._tcp.example.org": [
                (10, 1, 993, "b.example.org"),
                (5, 1, 993, "a.example.org"),
                (5, 9, 994, "A2.example.org"),
            ],
            "_caldavs._tcp.example.org": [(0, 0, 8443, "dav.example.org")],
        },
        txts={"_caldavs._tcp.example.org": ["v=1", "path=/dav/"]},
    )
    found = find("anna@example.org", net)
    assert found.imap == Server("a2.example.org", 994, "tls", "SRV record")
    assert found.caldav == "https://dav.example.org:8443/dav/"
    assert found.foreign == ()


def test_starttls_is_taken_where_only_that_is_named() -> None:
    net = Net(
        srvs={
            "_imaps._tcp.example.org": [(0, 0, 0, ".")],  # decidedly not there
            "_imap._tcp.example.org": [(0, 0, 143, "mail.example.org")],
        }
    )
    assert find("anna@example.org", net).imap == Server("mail.example.org", 143, "starttls", "SRV record")


def test_calendars_are_never_looked_for_without_tls() -> None:
    net = Net(srvs={"_caldav._tcp.example.org": [(0, 0, 80, "dav.example.org")]})
    assert find("anna@example.org", net).caldav == ""


def test_servers_elsewhere_are_named_as_such() -> None:
    net = Net(srvs={"_imaps._tcp.example.org": [(0, 0, 993, "imap.example.net")]})
    assert find("anna@example.org", net).foreign == ("imap.example.net",)
    assert find("anna@example.org", Net(srvs={"_imaps._tcp.example.org": [(0, 0, 993, "badexample.org")]})).foreign


def test_usual_names_come_last() -> None:
    net = Net(open={("mail.example.org", 993), ("imap.example.org", 143), ("cloud.example.org", 443)})
    found = find("anna@example.org", net)
    assert found.imap == Server("mail.example.org", 993, "tls", "usual name")
    assert found.caldav == "https://cloud.example.org/.well-known/caldav"


def test_known_providers_need_no_questions() -> None:
    net = Net()
    found = find("anna@yandex.ru", net)
    assert found.imap is not None
    assert found.imap.host == "imap.yandex.ru"
    assert "app password" in found.note
    assert net.asked == []
    assert "kind google" in find("anna@gmail.com", net).note
    assert (find("anna@outlook.com", net).kind, find("anna@hotmail.com", net).personal) == ("microsoft", True)


def test_a_domain_of_ones_own_is_recognised_by_its_exchangers() -> None:
    net = Net(mxs={"example.org": ["in1-smtp.messagingengine.com"]})
    found = find("anna@example.org", net)
    assert found.imap is not None
    assert found.imap.host == "imap.fastmail.com"
    assert found.note.startswith("example.org keeps its mail at Fastmail.")
    assert find("anna@example.org", Net(mxs={"example.org": ["notmessagingengine.com"]})).imap is None


def test_a_domain_in_microsoft_s_cloud_is_recognised_by_its_exchangers() -> None:
    found = find("anna@example.org", Net(mxs={"example.org": ["example-org.mail.protection.outlook.com"]}))
    assert (found.kind, found.personal, found.imap) == ("microsoft", False, None)
    assert "docs/microsoft.md" in found.note


def test_gmail_with_a_client_file_is_an_account_of_its_own(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    client = home / "client.json"
    client.write_text("{}")
    who = [said.replace("@example.org", "@gmail.com") for said in WHO]
    assert kith(home, "init", *who, "--google-client", str(client), "--no-check") == 0
    assert written(home)["account"] == {
        "google": {"kind": "google", "address": "anna@gmail.com", "client_file": str(client)}
    }
    assert "kith login google" in capsys.readouterr().out


def test_gmail_with_a_client_file_that_is_not_there_writes_nothing(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kith(home, "init", *WHO, "--google-client", str(home / "nothing.json"), "--no-check") == 2
    assert "docs/google.md" in capsys.readouterr().err
    assert not (home / "c" / "config.toml").exists()


# -- init --------------------------------------------------------------------------------------------------------


def test_a_mailbox_in_microsoft_s_cloud(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    who = ("--name", "Anna Example", "--address", "anna@outlook.com", "--yes")
    assert kith(home, "init", *who) == 2
    assert "docs/microsoft.md" in capsys.readouterr().err
    assert kith(home, "init", *who, "--client-id", "an-id") == 0
    assert "kith login microsoft" in capsys.readouterr().out
    assert written(home)["account"]["microsoft"] == {
        "kind": "microsoft",
        "address": "anna@outlook.com",
        "client_id": "an-id",
        "tenant": "consumers",
    }


def test_a_maildir_from_nothing_to_a_working_configuration(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = kith(home, "init", *WHO, "--maildir", str(home / "mail"), "--calendars", str(home / "calendars"))
    out = capsys.readouterr().out
    assert code == 0
    assert "home  ok" in out
    assert "takes reminders and drafts once you say `kith enable`" in out
    file = home / "c" / "config.toml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert written(home)["account"]["home"]["maildir"] == str(home / "mail")


def test_servers_are_found_and_written(home: Path) -> None:
    net = Net(open={("imap.example.org", 993), ("dav.example.org", 443)})
    assert kith(home, "init", *WHO, *PASSWORD, "--time-zone", "Europe/Berlin", "--no-check", net=net) == 0
    content = written(home)
    assert content["me"] == {
        "name": "Anna Example",
        "addresses": ["anna@example.org"],
        "language": content["me"]["language"],
        "time_zone": "Europe/Berlin",
    }
    assert content["account"]["mail"] == {
        "kind": "imap",
        "address": "anna@example.org",
        "host": "imap.example.org",
        "port": 993,
        "tls": "tls",
        "user": "anna@example.org",
        "password_command": "pass show mail",
    }
    assert content["account"]["calendar"]["url"] == "https://dav.example.org/.well-known/caldav"


def test_an_exchange_server_is_offered_where_there_is_nothing_else(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    net = Net(open={("autodiscover.example.org", 443)})
    answers = ["Anna", "anna@example.org", "en", "Europe/Berlin", "server", "y", "EXAMPLE\\anna", "pass show mail"]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(answers) + "\n"))
    assert kith(home, "init", "--no-check", net=net) == 0
    assert written(home)["account"] == {
        "work": {
            "kind": "exchange",
            "address": "anna@example.org",
            "user": "EXAMPLE\\anna",
            "password_command": "pass show mail",
        }
    }
    both = Net(open={("autodiscover.example.org", 443), ("imap.example.org", 993)})
    assert find("anna@example.org", both).kind == ""
    (home / "c" / "config.toml").unlink()
    answers[5:] = ["n", "mail.example.org", "", "pass show mail"]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(answers) + "\n"))
    assert kith(home, "init", "--no-check", net=net) == 0
    assert set(written(home)["account"]) == {"mail"}


def test_an_existing_file_is_never_touched(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = home / "c" / "config.toml"
    file.parent.mkdir()
    file.write_text("mine")
    assert kith(home, "init", *WHO, "--maildir", str(home / "mail")) == 2
    assert file.read_text() == "mine"
    assert "stays as it is" in capsys.readouterr().err


def test_a_password_given_is_kept_in_a_file_of_ones_own(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("hunter2\n"))
    assert (
        kith(home, "init", *WHO, "--password-stdin", "--imap-host", "imap.example.org", "--no-calendar", "--no-check")
        == 0
    )
    file = home / "c" / "password"
    assert file.read_text() == "hunter2\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert written(home)["account"]["mail"]["password_file"] == str(file)
    assert "hunter2" not in (home / "c" / "config.toml").read_text()
    assert "hunter2" not in str(capsys.readouterr())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((*WHO, "--imap-host", "imap.example.org", "--no-calendar"), "Say where the password is"),
        ((*WHO, *PASSWORD), "No IMAP server was found for anna@example.org: name it by --imap-host"),
        (("--name", "A", "--yes"), "--address is needed"),
        (("--name", "A", "--address", "anna", "--yes"), "--address: 'anna' is not allowed here"),
        ((*WHO, "--time-zone", "Mars/Olympus"), "--time-zone"),
        ((*WHO, "--maildir", "/nowhere/at/all"), "There is no /nowhere/at/all."),
    ],
)
def test_what_is_missing_is_said_and_nothing_written(
    home: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], sentence: str
) -> None:
    assert kith(home, "init", *arguments) == 2
    assert sentence in capsys.readouterr().err
    assert not (home / "c").exists()


def test_servers_elsewhere_must_be_confirmed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    net = Net(srvs={"_imaps._tcp.example.org": [(0, 0, 993, "imap.example.net")]})
    assert kith(home, "init", *WHO, *PASSWORD, "--no-check", net=net) == 2
    assert "confirm them by --imap-host" in capsys.readouterr().err
    assert not (home / "c").exists()
    assert (
        kith(home, "init", *WHO, *PASSWORD, "--imap-host", "imap.example.net", "--no-calendar", "--no-check", net=net)
        == 0
    )


def test_asked_one_by_one(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    answers = [
        "Anna Example",
        "not an address",
        "anna@example.org",
        "en",
        "Europe/Berlin",
        "server",
        "",
        "pass show mail",
    ]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(answers) + "\n"))
    net = Net(open={("imap.example.org", 993)})
    assert kith(home, "init", "--no-check", net=net) == 0
    out = capsys.readouterr().out
    assert "'not an address' is not allowed here" in out
    assert "secret-tool" in out
    assert written(home)["account"]["mail"]["host"] == "imap.example.org"
    assert "calendar" not in written(home)["account"]


def test_a_server_nobody_finds_is_asked_for(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = ["Anna", "anna@example.org", "en", "Europe/Berlin", "server"]
    answers += ["mail.example.org:many", "mail.example.org:143", "", "pass show mail"]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(answers) + "\n"))
    assert kith(home, "init", "--no-check") == 0
    account = written(home)["account"]["mail"]
    assert (account["host"], account["port"], account["tls"]) == ("mail.example.org", 143, "starttls")


def test_the_calendar_may_have_a_password_of_its_own(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [
        "Anna",
        "anna@yandex.ru",
        "en",
        "Europe/Berlin",
        "server",
        "",
        "mail-secret",
        "n",
        "anna",
        "",
        "cal-secret",
    ]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(answers) + "\n"))
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr("click.termui.hidden_prompt_func", input)
    assert kith(home, "init", "--no-check") == 0
    account = written(home)["account"]
    assert Path(account["mail"]["password_file"]).read_text() == "mail-secret\n"
    assert Path(account["calendar"]["password_file"]).read_text() == "cal-secret\n"
    assert (account["mail"]["user"], account["calendar"]["user"]) == ("anna@yandex.ru", "anna")


def test_a_disk_asked_for(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = ["Anna", "anna@example.org", "ru", "Asia/Yekaterinburg", "disk", str(home / "mail"), "", ""]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(answers) + "\n"))
    assert kith(home, "init") == 0
    assert written(home)["account"] == {
        "home": {"kind": "local", "address": "anna@example.org", "maildir": str(home / "mail")}
    }


def test_a_broken_off_interview_writes_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("Anna\n"))
    assert kith(home, "init") == 130
    assert not (home / "c").exists()


def test_what_is_written_is_toml_whatever_is_in_it() -> None:
    table: dict[str, Value] = {
        "name": 'Анна "A" \\ \x7f\x01 Example',
        "addresses": ["a", "b"],
        "port": 993,
        "employer": True,
    }
    assert tomllib.loads(to_toml({"me": table}, "two\nlines")) == {"me": table}


# -- check, enable, disable --------------------------------------------------------------------------------------


@pytest.fixture
def ready(home: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert (
        kith(home, "init", *WHO, "--maildir", str(home / "mail"), "--calendars", str(home / "calendars"), "--no-check")
        == 0
    )
    capsys.readouterr()
    return home


def test_check_says_what_is_wrong_and_goes_on(ready: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (ready / "c" / "config.toml").open("a") as file:
        file.write(
            '\n[account.work]\nkind = "imap"\nhost = "127.0.0.1"\nport = 9\ntls = "plain"\nuser = "x"\n'
            'password_file = "/nowhere/password"\ntimeout = 2\n'
        )
    assert kith(ready, "check") == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("home  ok ")
    assert any(line.startswith("work  failed") for line in lines)
    assert kith(ready, "check", "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert found["ok"] is False
    assert found["reminders_to"] == "home"
    assert [(a["name"], a["ok"], bool(a["error"])) for a in found["accounts"]] == [
        ("home", True, False),
        ("work", False, True),
    ]
    assert kith(ready, "check", "--account", "home") == 0
    assert kith(ready, "check", "--account", "hom") == 2


def test_an_account_without_a_calendar_is_named_with_where_its_reminders_go(
    ready: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (ready / "c" / "config.toml").open("a") as file:
        file.write(f'\n[account.letters]\nkind = "local"\nmaildir = "{ready / "mail"}"\n')
    assert kith(ready, "check") == 0
    blocks = capsys.readouterr().out.partition("letters  ok")
    assert "has no calendar for reminders: they go to home" in blocks[2]
    assert "has no calendar" not in blocks[0]
    assert kith(ready, "once") == 0
    capsys.readouterr()
    assert kith(ready, "status") == 0
    assert "Without a calendar for reminders: letters. They go to home." in capsys.readouterr().out


def test_check_makes_no_store(ready: Path) -> None:
    assert kith(ready, "check") == 0
    assert not (ready / "state" / "kithd" / "kith.db").exists()


def test_files_of_another_package_are_noticed(tmp_path: Path) -> None:
    for name in ("__init__.py", "core", "__pycache__", "wiring.py"):
        (tmp_path / name).touch()
    assert foreign_files(tmp_path) == []
    (tmp_path / "pidfile.py").touch()
    assert "pidfile.py" in foreign_files(tmp_path)[0]
    assert foreign_files() == []


def enabled(home: Path) -> dict[str, datetime]:
    store = Store(f"sqlite:///{home}/state/kithd/kith.db")
    try:
        with store.read() as conn:
            return dict(enablement.all_since(conn))
    finally:
        store.close()


def test_enable_shows_the_plan_and_asks(
    ready: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kith(ready, "enable") == 2  # no store yet
    assert kith(ready, "once") == 0
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert kith(ready, "enable") == 0
    assert "Nothing was changed." in capsys.readouterr().out
    assert enabled(ready) == {}
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert kith(ready, "enable", "--since", "3 weeks ago") == 0
    assert enabled(ready) == {"home": datetime(2026, 10, 31, 12, tzinfo=UTC)}
    assert kith(ready, "disable") == 0
    assert enabled(ready) == {}
    assert kith(ready, "disable", "--account", "nobody") == 2


def test_enable_without_questions(ready: Path) -> None:
    config = ready / "c" / "config.toml"
    config.write_text(config.read_text().replace("time_zone = ", 'time_zone = "Asia/Yekaterinburg" # '))
    assert kith(ready, "once") == 0
    assert kith(ready, "enable", "--yes", "--since", "2026-11-01", "--account", "home") == 0
    assert enabled(ready) == {"home": datetime(2026, 10, 31, 19, tzinfo=UTC)}  # midnight there


@pytest.mark.parametrize("text", ["tomorrow", "2026-12-01", "2026-13-01", "9999-12-31"])
def test_a_since_that_makes_no_sense(ready: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert kith(ready, "once") == 0
    assert kith(ready, "enable", "--yes", "--since", text) == 2
    assert "--since is" in capsys.readouterr().err
    assert enabled(ready) == {}


def test_the_writer_refuses_what_it_cannot_write(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserMistake, match="cannot be made"):
        write_new(tmp_path / "file" / "below", "x")
