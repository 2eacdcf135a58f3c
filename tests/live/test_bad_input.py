"""What a person runs into, through the real command: one clear sentence, the right code, the cursors where they were,
no traceback, and no secret, body or stranger's address in what is said, noted or stored.
"""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
import socket
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.dovecot import available, dovecot
from tests.support.processes import LOCAL, PATIENCE, Installation, installation, letter

PASSWORD = "s3cret-Wort"
STRANGER = "stranger@example.test"
UNTOLD = (PASSWORD, STRANGER, "BODY-THAT-NOBODY-READS", "Traceback")

SERVER = """
[account.work]
kind = "{kind}"
{where}
timeout = 3
password_command = "echo {password}"
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Installation]:
    with installation(tmp_path / "home") as made:
        yield made


def fill(home: Installation) -> None:
    """Something to read, some of it a stranger's, some of it broken."""
    home.ok("contacts", "add", "Anna Sample", "--address", "anna@example.com", "--circle", "partner")
    for n in range(1, 6):
        sender = STRANGER if n == 3 else "anna@example.com"
        home.put_mail(str(n), "", letter(str(n), home.now - timedelta(days=n), sender))
    home.put_meeting("m1", home.now - timedelta(days=2), "anna@example.com")


def database(home: Installation) -> Path:
    return home.folder / "state" / "kith.db"


def rows(home: Installation, table: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"file:{database(home)}?mode=ro", uri=True)) as db:
        return sorted(db.execute(f"SELECT * FROM {table}"), key=repr)  # noqa: S608


def one_sentence(said: str, *wanted: str) -> None:
    """What went wrong was told once, in plain words, and nothing that must not be told."""
    told = [line for line in said.splitlines() if line.startswith("kith: ")]
    assert len(told) == 1, said
    for word in wanted:
        assert word in told[0], said
    assert told[0].rstrip().endswith((".", "`")), said
    quiet(said)


def quiet(text: str) -> None:
    for untold in UNTOLD:
        assert untold not in text


def nothing_leaked(home: Installation) -> None:
    """Neither in the database nor in any file of the state folder."""
    for path in (home.folder / "state").rglob("*"):
        if path.is_file():
            raw = path.read_bytes()
            for untold in UNTOLD:
                assert untold.encode() not in raw, path


# -- servers -------------------------------------------------------------------------------------------


@contextmanager
def nobody() -> Iterator[int]:
    """A port that refuses."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def with_server(home: Installation, kind: str, where: str) -> None:
    home.config.write_text(LOCAL + SERVER.format(kind=kind, where=where, password=PASSWORD))


def fails_plainly(home: Installation, *wanted: str) -> None:
    """`once`, `check` and `status` tell the same; the other account was read all the same."""
    code, said = home.kith("once")
    assert code == 1
    one_sentence(said, *wanted)
    code, said = home.kith("check")
    assert code == 1
    assert all(word in " ".join(said.split()) for word in wanted), said
    assert "failed" in said
    quiet(said)
    code, said = home.kith("status")
    assert code == 1
    assert wanted[0] in said
    quiet(said)
    assert len(rows(home, "interaction")) == 5, "four letters of Anna's and the meeting, from the other account"
    assert [r for r in rows(home, "cursor") if r[0] == "work"] == []
    nothing_leaked(home)


@pytest.mark.parametrize("kind", ["imap", "caldav"])
def test_an_unreachable_host(home: Installation, kind: str) -> None:
    fill(home)
    with nobody() as port:
        where = f'host = "127.0.0.1"\nport = {port}' if kind == "imap" else f'url = "https://127.0.0.1:{port}"'
        with_server(home, kind, where + '\nuser = "petra"')
        fails_plainly(home, f"127.0.0.1:{port} cannot be reached", "check")


@pytest.mark.parametrize("kind", ["imap", "caldav"])
def test_a_host_that_does_not_exist(home: Installation, kind: str) -> None:
    fill(home)
    name = "host" if kind == "imap" else "url"
    with_server(home, kind, f'{name} = "nowhere.invalid"\nuser = "petra"')
    fails_plainly(home, "nowhere.invalid", "check")


def test_a_wrong_password_and_a_certificate_of_nobody_s(home: Installation) -> None:
    if not available():
        pytest.skip("Dovecot is not installed: apt-get install dovecot-imapd")
    fill(home)
    with dovecot() as server:
        where = f'host = "localhost"\nport = {server.tls_port}\nuser = "petra"\n'
        with_server(home, "imap", where + f'ca_file = "{server.ca_file}"')
        fails_plainly(home, "localhost refused the password of petra.", "app password")
        with_server(home, "imap", where)
        fails_plainly(home, f"The certificate of localhost:{server.tls_port} is not to be trusted", "ca_file")


def test_no_password_at_all_and_a_password_command_that_fails(home: Installation) -> None:
    fill(home)
    where = 'host = "127.0.0.1"\nport = 1\nuser = "petra"'
    with_server(home, "imap", where)
    text = home.config.read_text()
    home.config.write_text(text.replace(f'password_command = "echo {PASSWORD}"\n', ""))
    code, said = home.kith("once")
    assert code in (1, 2)
    quiet(said)
    home.config.write_text(text.replace(f"echo {PASSWORD}", f"echo {PASSWORD} >&2; exit 3"))
    code, said = home.kith("once")
    assert code == 1
    quiet(said.replace(f"echo {PASSWORD}", ""))


# -- the store -----------------------------------------------------------------------------------------


def test_a_database_somebody_else_holds(home: Installation) -> None:
    fill(home)
    before = rows(home, "cursor")
    with closing(sqlite3.connect(database(home), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        hasty = "from daemon.store import dialect; dialect.BUSY_SECONDS = 1; from daemon.cli.main import main; main()"
        for command in (["log", "Anna"], ["once"]):
            done = subprocess.run(
                [sys.executable, "-c", hasty, "--config", str(home.config), *command],
                env=home.environment(),
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
            assert done.returncode == 1
            one_sentence(done.stdout + done.stderr, "The database is busy", "try again")
        home.ok("status")
    assert rows(home, "cursor") == before
    home.ok("once")


def drop_rights() -> None:
    """Root may read and write everything: here it may not."""
    prctl = ctypes.CDLL(None).prctl
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2  # linux/prctl.h, linux/capability.h


def kith_as(home: Installation, *arguments: str, limit: int | None = None) -> tuple[int, str]:
    def prepare() -> None:
        drop_rights()
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run(
        home.command(*arguments),
        env=home.environment(PYTHONDONTWRITEBYTECODE="1"),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        stdin=subprocess.DEVNULL,
        preexec_fn=prepare,
    )
    assert "Traceback" not in done.stdout + done.stderr
    return done.returncode, done.stdout + done.stderr


def test_a_database_that_may_only_be_read(home: Installation) -> None:
    fill(home)
    before = rows(home, "cursor")
    folder = database(home).parent
    for path in (*folder.glob("kith.db*"), folder):
        path.chmod(stat.S_IMODE(path.stat().st_mode) & ~0o222)
    for command in ("once", "log"):
        code, said = kith_as(home, command, *(["Anna"] if command == "log" else []))
        assert code == 1
        one_sentence(said, "The database cannot be", "right")
    assert rows(home, "cursor") == before
    for path in (folder, *folder.glob("kith.db*")):
        path.chmod(stat.S_IMODE(path.stat().st_mode) | 0o600 | (0o100 if path.is_dir() else 0))
    code, said = kith_as(home, "once")
    assert code == 0, said


def test_a_disk_that_is_full(home: Installation) -> None:
    fill(home)
    for n in range(100, 700):
        home.put_mail(str(n), "", letter(str(n), home.now - timedelta(hours=n), "anna@example.com"))
    size = database(home).stat().st_size
    before = rows(home, "cursor")
    code, said = kith_as(home, "once", limit=size + 40_000)
    assert code == 1
    one_sentence(said, "The disk is full", "Nothing was lost", "make room")  # a limit is told as "disk I/O error"
    assert before == []
    moved = [r for r in rows(home, "cursor") if r[1] == "mail" and r[3]]
    assert len(rows(home, "interaction")) == 0
    assert moved == [], "no cursor without its facts"
    code, said = kith_as(home, "once")
    assert code == 0, said
    assert len(rows(home, "interaction")) == 605
    nothing_leaked(home)


def test_a_maildir_that_may_not_be_read_or_written(home: Installation) -> None:
    fill(home)
    home.ok("once")
    before = rows(home, "cursor")
    (home.maildir / "cur").chmod(0)
    (home.maildir / "new").chmod(0)
    code, said = kith_as(home, "once")
    assert code == 1
    one_sentence(said, "Maildir", "Permission denied", "access")
    after = rows(home, "cursor")
    assert [r[:5] for r in after] == [r[:5] for r in before]
    for part in ("cur", "new"):
        (home.maildir / part).chmod(0o700)
    code, said = kith_as(home, "once")
    assert code == 0, said


def test_a_maildir_that_may_only_be_read_takes_no_draft_and_says_so(home: Installation) -> None:
    home.settle()
    for path in (home.maildir, *home.maildir.rglob("*")):
        path.chmod(path.stat().st_mode & ~0o222)
    code, said = kith_as(home, "once")
    assert code == 1
    one_sentence(said, "Drafts", "access")
    assert len(home.reminders()) == 1, "what can be written is"
    for path in (home.maildir, *home.maildir.rglob("*")):
        path.chmod(path.stat().st_mode | 0o200)
    code, said = kith_as(home, "once")
    assert code == 0, said
    assert len(home.drafts()) == 1


# -- the configuration ---------------------------------------------------------------------------------


def test_all_mistakes_of_a_configuration_at_once(home: Installation) -> None:
    home.config.write_text(
        LOCAL.replace("maildir =", "mialdir =").replace("Europe/Berlin", "Europe/Berlinn")
        + '\n[schedule]\nevery = "1s"\n[reminder]\n[hours]\nstart = "25:00"\n'
        + SERVER.format(kind="imapp", where='host = "x"', password=PASSWORD)
    )
    for command in ("once", "check"):
        code, said = home.kith(command)
        assert code == 2
        for key, found, allowed in (
            ("mialdir", "", "Did you mean maildir?"),
            ("me.time_zone", "Europe/Berlinn", "IANA"),
            ("schedule.every", "1s", "1m"),
            ("reminder", "", "Did you mean reminders?"),
            ("hours.start", "25:00", "23:59"),
            ("account.work.kind", "imapp", "imap"),
        ):
            (line,) = [x for x in said.splitlines() if key in x and allowed in x]
            assert found in line
        quiet(said)


def test_what_is_no_toml_no_file_or_not_to_be_read(home: Installation) -> None:
    wrecks: tuple[tuple[Callable[[Path], object], str], ...] = (
        (lambda p: p.write_text('[me\nname = "x"\n'), "line"),
        (lambda p: p.write_bytes(b"\xff\xfe\x00"), "UTF-8"),
        (lambda p: p.unlink(), "kith init"),
    )
    for wreck, word in wrecks:
        wreck(home.config)
        code, said = home.kith("once")
        assert code == 2
        one_sentence(said, word)


# -- broken things -------------------------------------------------------------------------------------


def breakers(home: Installation) -> list[Callable[[], object]]:
    calendar, book = home.folder / "calendars" / "personal", home.folder / "contacts"
    deep = b"From: anna@example.com " + b"(" * 50_000 + b"\r\nTo: petra@example.org\r\n\r\n" + b"BODY-THAT-NOBODY-READS"
    return [
        lambda: home.put_mail("a-broken", "", deep),
        lambda: (home.maildir / "cur" / "b-broken:2,S").symlink_to("nowhere"),
        lambda: os.mkfifo(home.maildir / "cur" / "c-broken:2,S"),
        lambda: (home.maildir / "cur" / "d-broken:2,S").mkdir(),
        lambda: (calendar / "a.ics").write_bytes(b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n"),
        lambda: (calendar / "b.ics").write_bytes(b"\x00" * 1000),
        lambda: (calendar / "c.ics").symlink_to("nowhere"),
        lambda: (book / "a.vcf").write_bytes(b"BEGIN:VCARD\r\nVERSION:3.0\r\nEND:VCARD\r\n"),
        lambda: (book / "b.vcf").write_bytes(b"\xff" * 100),
    ]


def test_one_broken_thing_never_stops_the_next(home: Installation) -> None:
    fill(home)
    for wreck in breakers(home):
        wreck()
    (home.folder / "contacts" / "z.vcf").write_bytes(
        b"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:z\r\nFN:Zoe Sample\r\nEMAIL:zoe@example.net\r\nEND:VCARD\r\n"
    )
    code, said = home.kith("once")
    assert code == 0, said
    assert "kith quarantine list" in said
    quiet(said)
    assert len(rows(home, "interaction")) == 6, "comments without end are read"
    assert "Zoe" in home.ok("contacts", "list")
    listed = home.ok("quarantine", "list")
    assert [n for n in ("b-broken", "c-broken", "d-broken", "c.ics", "a.vcf") if n not in listed] == []
    quiet(listed)
    nothing_leaked(home)


def test_the_service_keeps_quiet_on_debug_too(home: Installation) -> None:
    fill(home)
    for wreck in breakers(home):
        wreck()
    with_server(home, "imap", 'host = "127.0.0.1"\nport = 1\nuser = "petra"')
    home.config.write_text(home.config.read_text() + '\n[log]\nlevel = "debug"\n')
    ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    ear.bind(str(home.folder / "notify"))
    ear.settimeout(PATIENCE)
    process = subprocess.Popen(
        home.command("run"),
        env=home.environment(NOTIFY_SOCKET=str(home.folder / "notify")),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        heard = ""
        while "cannot be reached" not in heard:
            heard += ear.recv(8192).decode()
        process.terminate()
        said = process.communicate(timeout=PATIENCE)[0]
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        ear.close()
    quiet(said)
    quiet(heard)
    assert "anna@example.com" not in said
    assert "cannot be reached" in said
    nothing_leaked(home)
    shutil.rmtree(home.folder / "state")
