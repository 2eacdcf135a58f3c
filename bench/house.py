"""Installations for the bench: settings, 500 people, and a store as full as ten years make it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.mailbox import CONTACTS, ME, contact
from daemon import wiring
from daemon.config.settings import AccountSettings, Settings
from daemon.config.shipped import shipped_folder
from daemon.core.model import Account
from daemon.core.policy import Me, WorkingHours
from daemon.service import contacts as book
from daemon.service.deps import Deps
from daemon.service.judging import Rules
from daemon.service.render import Renderer
from daemon.store.engine import Store
from tests.support.dovecot import PASSWORD

SECRET = b"0" * 32
ACCOUNT = "mail"


class Secrets:
    """The one password there is."""

    def get(self, account: str, name: str) -> str | None:
        """As `SecretStore.get`."""
        return PASSWORD

    def put(self, account: str, name: str, value: str) -> None:
        """Nothing here rotates."""


def now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


def settings(folder: Path, port: int = 143, user: str = "nobody") -> Settings:
    """One person with one IMAP account, and a store in ``folder``."""
    options = {"host": "127.0.0.1", "port": port, "user": user, "tls": "plain", "timeout": 60}
    return Settings(
        path=folder / "config.toml",
        state=folder,
        store_url=f"sqlite:///{folder / 'kithd.db'}",
        me=Me("Petra Example", (ME,), language="en"),
        accounts=(AccountSettings(Account(ACCOUNT, "imap", ME, options=options)),),
        hours=WorkingHours(zone="Europe/Berlin"),
    )


def config(folder: Path) -> Path:
    """The same as a file for the command line."""
    file = folder / "config.toml"
    file.write_text(
        f'[me]\nname = "Petra Example"\naddresses = ["{ME}"]\nlanguage = "en"\ntime_zone = "Europe/Berlin"\n\n'
        f'[store]\nurl = "sqlite:///{folder / "kithd.db"}"\n\n'
        f'[account.{ACCOUNT}]\nkind = "imap"\naddress = "{ME}"\nhost = "127.0.0.1"\n'
    )
    return file


@contextmanager
def opened(wanted: Settings, *, connected: bool = True) -> Iterator[Deps]:
    """The service's objects on this store, connections made but not used."""
    store = Store(wanted.store_url)
    connections = wiring.connect(wanted, now, secrets=Secrets()) if connected else {}
    try:
        yield Deps(wanted, store, connections, SECRET, now, Renderer(shipped_folder("templates")), holder="bench")
    finally:
        for connection in connections.values():
            connection.close()
        store.close()


def make_store(folder: Path) -> None:
    """A new store that knows the made-up mailbox's people, one in five of them kept."""
    wanted = settings(folder)
    store = Store(wanted.store_url)
    store.upgrade()
    rules = Rules(wanted.policies, now())
    with store.write() as conn:
        for number in range(CONTACTS):
            name, address = contact(number)
            circles = ("colleague",) if number % 5 == 0 else ()
            book.add(conn, rules, name, book.Change(addresses=(address,), circles=circles), secret=SECRET)
    store.close()


def make_full_store(folder: Path, people: int, each: int) -> None:
    """A store with ``people`` kept contacts and ``each`` interactions of every one, mostly mail, some meetings.

    Written by plain SQL: it is not the writing that is measured.
    """
    wanted = settings(folder)
    store = Store(wanted.store_url)
    store.upgrade()
    start = now() - timedelta(days=3650)
    step = timedelta(days=3640) / each
    circles = ("colleague", "mentor", "recruiter", "partner", "expert")
    with store.write() as conn:
        run = conn.exec_driver_sql
        run("PRAGMA cache_size=-200000")
        for who in range(1, people + 1):
            name, address = f"Person {who:05}", f"person{who}@firm{who % 997}.example.com"
            run(
                "INSERT INTO contact (id, uid, name, given, origins, created_at) VALUES (?, ?, ?, 'Person', '{}', ?)",
                (who, f"uid-{who}", name, _text(start)),
            )
            run("INSERT INTO address (contact_id, address) VALUES (?, ?)", (who, address))
            run("INSERT INTO contact_circle (contact_id, circle) VALUES (?, ?)", (who, circles[who % len(circles)]))
            rows = [_exchange(who, n, start + step * n + timedelta(minutes=who)) for n in range(each)]
            run(_EVIDENCE, [(r.id, ACCOUNT, r.identity, r.form, r.at, r.ends, r.direction, r.subject) for r in rows])
            run(_PARTICIPANT, [(r.id, address, r.role) for r in rows])
            run(_INTERACTION, [(who, r.identity, r.form, r.direction, r.at, r.subject, ACCOUNT) for r in rows])
    store.close()


_EVIDENCE = (
    "INSERT INTO evidence (id, account, identity, form, at, ends_at, direction, subject, recipients)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 2)"
)
_PARTICIPANT = "INSERT INTO participant (evidence_id, address, role) VALUES (?, ?, ?)"
_INTERACTION = (
    "INSERT INTO interaction (contact_id, identity, form, direction, at, counted, rule, subject, account)"
    " VALUES (?, ?, ?, ?, ?, 1, 'counted', ?, ?)"
)


@dataclass(frozen=True, slots=True)
class _Row:
    id: int
    identity: str
    form: str
    direction: str
    role: str
    at: str
    ends: str | None
    subject: str


def _exchange(who: int, number: int, at: datetime) -> _Row:
    meeting = number % 25 == 24
    outbound = number % 3 == 0
    return _Row(
        id=who * 1_000_000 + number,
        identity=f"m{who * 7919 % 99991:05d}{who:06d}{number:06d}aaaaaaaaaaaaaaa",
        form="meeting" if meeting else "mail",
        direction="mutual" if meeting else "out" if outbound else "in",
        role="attendee" if meeting else "to" if outbound else "from",
        at=_text(at),
        ends=_text(at + timedelta(hours=1)) if meeting else None,
        subject=f"About the matter of {number}",
    )


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S.000000")
