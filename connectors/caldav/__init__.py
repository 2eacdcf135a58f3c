"""CalDAV calendars (read, and reminders written) and CardDAV address books, over requests and lxml.

The caldav package is not used: it brings niquests, which replaces urllib3 for everything else in the environment.
"""

from __future__ import annotations

from daemon.core.model import Account
from daemon.core.ports import Connection, Surroundings

__all__ = ["connect"]


def connect(account: Account, around: Surroundings) -> Connection:
    """The account as an object; the network is touched only when it is used."""
    # here and not above: `kith status` asks for the options alone
    from connectors.caldav.books import DavBooks
    from connectors.caldav.calendars import DavCalendars
    from connectors.caldav.discovery import BOOKS, CALENDARS, Finder, NothingThere
    from connectors.caldav.http import Client
    from connectors.caldav.objects import Objects
    from connectors.caldav.options import Settings
    from connectors.caldav.reminders import DavReminders

    settings = Settings.of(account)
    client = Client(settings, around.secrets, around.before_write)
    calendars = Finder(client, CALENDARS, settings.calendars)
    books = Finder(client, BOOKS, settings.books)
    events = Objects(client, calendars, CALENDARS)

    def check() -> list[str]:
        lines: list[str] = []
        missing: NothingThere | None = None
        for what, finder in (("Calendars", calendars), ("Address books", books)):
            try:
                lines.append(f"{what}: {', '.join(c.name for c in finder.wanted()) or 'none'}.")
            except NothingThere as error:
                missing = missing or error
        if not lines and missing is not None:
            raise missing
        return lines

    return Connection(
        account=account,
        calendar=DavCalendars(client, calendars, events),
        contacts=DavBooks(client, books, Objects(client, books, BOOKS)),
        reminders=DavReminders(client, calendars, events),
        check=check,
        close=client.close,
    )
