"""Where the user's two lives are: in memory, or on a real Dovecot and a real Radicale. One is the employer's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import connectors.caldav
import connectors.imap
import connectors.memory
from connectors.memory import MemoryServer
from daemon.core.model import Account
from daemon.core.ports import Connection, Surroundings
from tests.contract.rig import ME
from tests.contract.rig_caldav import CaldavRig, Secrets
from tests.contract.rig_imap import ImapRig
from tests.contract.rig_memory import MemoryRig, NoSecrets
from tests.support.dav import dav_server
from tests.support.dovecot import dovecot
from tests.support.proxy import proxy

HOME, WORK = "home", "work"  # work is the employer's
PAGE = 500
Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Side:
    """One mailbox and one calendar of the user's. ``accounts`` are their names: one, or one for each."""

    name: str
    mail: ImapRig | MemoryRig
    calendar: CaldavRig | MemoryRig
    accounts: tuple[str, ...]
    sent: Callable[[], int]
    """How many messages are in Sent."""


class TimelyImapRig(ImapRig):
    """Mail arrives when the town's clock says so."""

    clock: Clock

    def fresh_connection(self) -> Connection:
        options = {"host": "127.0.0.1", "port": self.net.port, "user": self.user, "tls": "plain", "timeout": 30}
        around = Surroundings(self.around.secrets, self.around.state, self.clock)
        self._connection = connectors.imap.connect(Account("imap", "imap", ME, options=options), around, page=PAGE)
        return self._connection

    def _append(self, folder: str, raw: bytes, flags: tuple[bytes, ...] = ()) -> str:
        said = self.client.append(folder, raw, flags, msg_time=self.clock())
        return f"{folder}/{int(said.split(b']')[0].split()[-1])}"

    def sent(self) -> int:
        return int(self.client.folder_status("Sent", ["MESSAGES"])[b"MESSAGES"])


class TimelyCaldavRig(CaldavRig):
    """As above, for calendars."""

    clock: Clock

    def fresh_connection(self) -> Connection:
        options = {"url": f"http://127.0.0.1:{self.net.port}", "user": self.account.user, "batch": 50, "timeout": 30}
        around = Surroundings(Secrets(), self._around.state, self.clock)
        self._connection = connectors.caldav.connect(Account("dav", "caldav", ME, options=options), around)
        return self._connection


@contextmanager
def in_memory(folder: Path, clock: Clock) -> Iterator[dict[str, Side]]:
    """The reference: a server in this process for each."""
    sides = {}
    for name in (WORK, HOME):
        rig = MemoryRig(f"year-{name}-{id(clock)}", folder)
        account = Account("memory", "memory", ME, options={"server": rig.name, "page_size": PAGE})
        around = Surroundings(NoSecrets(), str(folder / "state"), clock)
        rig._connection = connectors.memory.connect(account, around)
        sent = rig.server.folders["Sent"].items.__len__
        sides[name] = Side(name, rig, rig, (name,), sent)
    try:
        yield sides
    finally:
        for name in (WORK, HOME):
            MemoryServer.forget(f"year-{name}-{id(clock)}")


@contextmanager
def on_servers(folder: Path, clock: Clock) -> Iterator[dict[str, Side]]:
    """Dovecot and Radicale on loopback; a mailbox and a calendar are an account each."""
    with ExitStack() as stack:
        mail = stack.enter_context(dovecot())
        dav = stack.enter_context(dav_server("radicale", folder / "radicale"))
        sides = {}
        for name in (WORK, HOME):
            client = stack.enter_context(mail.client(name))
            net = stack.enter_context(proxy(mail.port))
            letters = TimelyImapRig(mail, net, name, client, folder / name)
            account = stack.enter_context(dav.account())
            account.make_calendar(f"{account.home}kith/", "kith")
            events = TimelyCaldavRig(account, stack.enter_context(proxy(dav.port)), folder / name)
            letters.clock = events.clock = clock
            sides[name] = Side(name, letters, events, (name, f"{name}-calendar"), letters.sent)
            stack.callback(letters.connection().close)
            stack.callback(events.connection().close)
        yield sides


BACKENDS = {"memory": in_memory, "servers": on_servers}
