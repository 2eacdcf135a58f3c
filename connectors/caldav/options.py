"""The settings of a CalDAV and CardDAV account. Nothing of the network is imported here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connectors.chosen import chosen
from daemon.core.model import Account
from daemon.core.ports import Option

OPTIONS: Sequence[Option] = (
    Option("url", required=True, help="The server: a URL, or just its host; the rest is found (RFC 6764)."),
    Option("user", help="The login name; the account's address where it is not said."),
    Option(
        "auth",
        default="auto",
        choices=("auto", "basic", "digest", "bearer"),
        help="auto asks the server; bearer sends the access token a command prints.",
    ),
    Option("ca_file", "path", help="A certificate authority of your own, in PEM form, trusted for this server."),
    Option("calendars", "list", help="Only these calendars are read, by name. Default: all."),
    Option("books", "list", help="Only these address books are read, by name. Default: all."),
    Option("reminders_calendar", default="kith", help="The calendar reminders go to; made when first needed."),
    Option("time_zone", default="UTC", help="The zone of times in the calendars that name none."),
    Option("batch", "int", default=50, help="How many objects are asked for at once."),
    Option("timeout", "int", default=30, help="Seconds to wait for the server, before each answer."),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """An account's options, read once."""

    account: str
    url: str
    user: str
    address: str = ""
    auth: str = "auto"
    ca_file: str = ""
    calendars: tuple[str, ...] = ()
    books: tuple[str, ...] = ()
    reminders_calendar: str = "kith"
    time_zone: str = "UTC"
    batch: int = 50
    timeout: float = 30.0

    @classmethod
    def of(cls, account: Account) -> Settings:
        """The settings of one account; its options have been validated against `OPTIONS`."""
        said = chosen(account, OPTIONS)
        said["user"] = said["user"] or account.address
        said["batch"] = max(1, said["batch"])
        return cls(account=account.name, address=account.address, **said)
