"""The settings of a Microsoft 365 or Outlook.com account. Nothing of the network is imported here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connectors.chosen import chosen
from daemon.core.model import Account
from daemon.core.ports import Option

OPTIONS: Sequence[Option] = (
    Option("client_id", required=True, help="The application (client) ID of your app registration in Microsoft Entra."),
    Option(
        "tenant",
        default="common",
        help="Who signs in: the directory (tenant) ID of one organisation; organizations for any; consumers for "
        "Outlook.com; common for both.",
    ),
    Option(
        "sign_in",
        default="browser",
        choices=("browser", "device"),
        help="How `kith login` signs in: by a browser on this machine, or by a code typed in on any device.",
    ),
    Option(
        "folders", "list", help="Only these mail folders are read. Default: all but junk, deleted items and drafts."
    ),
    Option("exclude", "list", help="Mail folders not to be read."),
    Option("calendars", "list", help="Only these calendars are read, by name. Default: all of your own."),
    Option(
        "reminders_calendar",
        help="The calendar reminders go to, made when first needed. Default: your main calendar, the only one whose "
        "alarms every Outlook shows.",
    ),
    Option("time_zone", default="UTC", help="The zone in which whole days begin."),
    Option("timeout", "int", default=30, help="Seconds to wait for the server, before each answer."),
)


PAGE = 200
"""Items asked for at once."""


@dataclass(frozen=True, slots=True)
class Settings:
    """An account's options, read once."""

    account: str
    client_id: str
    address: str = ""
    tenant: str = "common"
    sign_in: str = "browser"
    folders: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    calendars: tuple[str, ...] = ()
    reminders_calendar: str = ""
    time_zone: str = "UTC"
    timeout: float = 30.0
    page: int = PAGE

    @classmethod
    def of(cls, account: Account, page: int | None = None) -> Settings:
        """The settings of one account; its options have been validated against `OPTIONS`."""
        return cls(account=account.name, address=account.address, page=page or PAGE, **chosen(account, OPTIONS))
