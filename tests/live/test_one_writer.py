"""Of two real processes on one store one works and the other says so; whoever was held up writes nothing more."""

from __future__ import annotations

import hashlib
import shutil
import signal
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select as query

from daemon.store.engine import Store
from daemon.store.tables import metadata
from tests.support.dovecot import available, dovecot
from tests.support.processes import LOCAL, PATIENCE, Installation, hear, installation, letter, service
from tests.support.proxy import Way, proxy

LATER = timedelta(minutes=11)
"""By then a lease that was not renewed has run out."""

READING = "connectors.local.mail:LocalMail.pages"
PLANNING = "daemon.service.intents:store_intents"
WRITING_DRAFT = "connectors.local.drafts:build"  # the first thing `create` does: all its looking comes after
WRITING_EVENT = "connectors.local.reminders:LocalReminders._by_uid"


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with installation(tmp_path_factory.mktemp("settled")) as made:
        made.settle()
        return made.folder


@pytest.fixture
def home(settled: Path, tmp_path: Path) -> Iterator[Installation]:
    with installation(Path(shutil.copytree(settled, tmp_path / "home"))) as made:
        yield made


def everything(home: Installation) -> dict[str, str]:
    """A hash of each table."""
    store = Store(f"sqlite:///{home.folder}/state/kith.db")
    with store.read() as conn:
        found = {
            t.name: hashlib.sha256(repr(sorted(map(repr, conn.execute(query(t))))).encode()).hexdigest()
            for t in metadata.sorted_tables
        }
    store.close()
    return found


def outside(home: Installation) -> dict[str, bytes]:
    """All files of the mailbox and the calendars."""
    roots = (home.maildir, home.folder / "calendars")
    return {str(p): p.read_bytes() for root in roots for p in sorted(root.rglob("*")) if p.is_file()}


def test_one_works_the_other_says_so_and_hand_commands_work_all_the_while(home: Installation) -> None:
    worker = home.paused(READING)
    code, said = home.kith("once")
    assert code == 1
    assert f"Another kithd (process {worker.process.pid} on " in said
    assert said.count("kith:") == 1, said
    assert f"process {worker.process.pid}" in home.ok("status")

    home.ok("contacts", "add", "Vera Sample", "--address", "vera@example.net")
    home.ok("log", "Vera", "--kind", "call", "--topic", "the new office")
    home.ok("contacts", "edit", "Boris", "--city", "Leipzig")
    home.ok("snooze", "Boris", "--days", "40")
    home.ok("contacts", "list")
    assert not home.drafts()

    code, said = worker.go()
    assert code == 0, said
    assert len(home.drafts()) == 1, "thanks to Anna"
    assert not home.reminders(), "Boris was snoozed while the round was under way"
    assert "the new office" in home.ok("log", "--list")


@pytest.mark.parametrize("place", [READING, PLANNING, WRITING_DRAFT, WRITING_EVENT])
def test_killed_its_place_is_taken_at_once(home: Installation, place: str) -> None:
    worker = home.paused(place)
    assert home.kith("once")[0] == 1
    worker.kill()
    assert "At work now" not in home.ok("status")
    home.ok("once")
    assert (len(home.drafts()), len(home.reminders())) == (1, 1)
    before = everything(home)
    home.ok("once")
    after = everything(home)
    assert {t for t in after if after[t] != before[t]} <= {"cursor", "health", "lease", "meta"}


@pytest.mark.parametrize("place", [READING, PLANNING, WRITING_DRAFT, WRITING_EVENT])
def test_stopped_its_lease_runs_out_and_woken_again_it_writes_nothing(home: Installation, place: str) -> None:
    worker = home.paused(place)
    worker.process.send_signal(signal.SIGSTOP)
    home.ok("contacts", "edit", "Boris", "--city", "Leipzig")  # hand commands wait for nobody's round
    assert home.kith("once", ahead=LATER - timedelta(minutes=3))[0] == 1, "it still holds the lease"
    home.ok("once", ahead=LATER)
    assert (len(home.drafts()), len(home.reminders())) == (1, 1)
    for made in (*home.drafts(), *home.reminders()):
        made.unlink()  # the user's doing: were it written once more, it would show

    stored, files = everything(home), outside(home)
    worker.process.send_signal(signal.SIGCONT)
    code, said = worker.go()
    assert code == 1
    assert "taken over" in said, said
    assert said.count("kith:") == 1, said
    assert everything(home) == stored
    assert outside(home) == files


def test_of_two_daemons_the_other_takes_over(home: Installation) -> None:
    worker = home.paused(PLANNING, "before", "run")
    with service(home, "second") as (process, ear, log):
        hear(ear, f"Another kithd (process {worker.process.pid} on ")
        assert process.poll() is None, "it stays"
        code, said = home.kith("once")
        assert code == 1 and f"process {worker.process.pid} on " in said, "nor does a single round beside a daemon"
        assert f"(process {worker.process.pid} on " in log.read_text()
        worker.kill()
        process.send_signal(signal.SIGHUP)  # else it looks again within a minute
        hear(ear, "went well")
        assert (len(home.drafts()), len(home.reminders())) == (1, 1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


IMAP = (
    LOCAL
    + """
[account.work]
kind = "imap"
host = "127.0.0.1"
port = {port}
tls = "plain"
user = "{user}"
password_command = "echo correct-horse"
"""
)


def test_on_imap_woken_before_the_text_of_its_letter_it_appends_nothing(tmp_path: Path) -> None:
    if not available():
        pytest.skip("Dovecot is not installed: apt-get install dovecot-imapd")
    with dovecot() as server, proxy(server.port) as net, installation(tmp_path) as home:
        user = "writer"
        home.config.write_text(IMAP.format(port=net.port, user=user).replace('maildir = "Maildir"\n', ""))
        server.save(user, "INBOX", letter("1", home.now - timedelta(days=2), sender="anna@example.com"))
        home.settle()
        home.ok(
            "contacts", "add", "Vera Sample", "--address", "vera@example.net", "--circle", "partner", "--language", "en"
        )
        hold = net.hold(Way.DOWN, rb"\A\+ ")  # "go ahead with the text"
        worker = subprocess.Popen(
            home.command("once"),
            env=home.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            assert hold.reached.wait(PATIENCE), "it never got to the letter"
            worker.send_signal(signal.SIGSTOP)
            home.config.write_text(IMAP.format(port=server.port, user=user).replace('maildir = "Maildir"\n', ""))
            home.ok("once", ahead=LATER)
            assert server.status(user, "Drafts")["messages"] == 1
            stored = everything(home)
            hold.release.set()
            worker.send_signal(signal.SIGCONT)
            said = worker.communicate(timeout=PATIENCE)[0]
            assert worker.returncode == 1
            assert "taken over" in said
            assert server.status(user, "Drafts")["messages"] == 1
            assert everything(home) == stored
        finally:
            if worker.poll() is None:
                worker.send_signal(signal.SIGCONT)
                worker.kill()
                worker.wait(PATIENCE)
