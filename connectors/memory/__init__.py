"""The reference connector: a server in memory, stricter than the real ones, that fails on demand.

It shows what the ports mean where a real provider leaves room, and lets the service be tested against failing, slow,
lying and half-applied answers. Not for use with anybody's mail: it holds nothing beyond the process.
"""

from __future__ import annotations

from connectors.chosen import chosen
from connectors.memory.books import MemoryContacts
from connectors.memory.calendars import MemoryCalendars
from connectors.memory.drafts import MemoryDrafts
from connectors.memory.mail import MemoryMail
from connectors.memory.options import OPTIONS
from connectors.memory.reminders import MemoryReminders
from connectors.memory.server import Fault, MemoryServer
from daemon.core.model import Account
from daemon.core.ports import Connection, Surroundings

__all__ = ["Fault", "MemoryServer", "connect"]


def connect(account: Account, around: Surroundings) -> Connection:
    """Another connection to the `MemoryServer` named in the options; many may be open at once."""
    said = chosen(account, OPTIONS)
    server, size = MemoryServer.named(said["server"]), said["page_size"]

    def check() -> list[str]:
        with server.call("check"):
            return [f"{len(server.folders)} folders, {len(server.calendars)} calendars, {len(server.books)} books"]

    mail = MemoryMail(server, size)
    return Connection(
        account=account,
        mail=mail,
        texts=mail,
        calendar=MemoryCalendars(server, size),
        contacts=MemoryContacts(server, size),
        drafts=MemoryDrafts(server, account.address),
        reminders=MemoryReminders(server, said["reminders_calendar"]),
        check=check,
    )
