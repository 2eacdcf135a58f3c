"""The settings of a Google account. No library of Google's is imported here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from connectors.chosen import chosen
from daemon.core.errors import UserMistake
from daemon.core.model import Account
from daemon.core.ports import Option

QUOTA = 5_400
"""Gmail's quota units a minute: Google grants 6,000 (to projects made since 2026-05), and others need some."""

LEAST_QUOTA = 1_000
"""What one batch of the dearest calls costs: with less some things could never be asked."""

OPTIONS: Sequence[Option] = (
    Option("client_file", "path", help="The JSON file of your Desktop client, as the Google Cloud console gives it."),
    Option(
        "service_account_file",
        "path",
        help="Workspace only, instead of client_file: the key of a service account with domain-wide delegation.",
    ),
    Option("mail", "bool", default=True, help="Read Gmail."),
    Option("drafts", "bool", default=True, help="Leave drafts in Gmail."),
    Option("calendar", "bool", default=True, help="Read the calendars."),
    Option("reminders", "bool", default=True, help="Put reminders into Google Calendar."),
    Option("contacts", "bool", default=True, help="Import Google Contacts."),
    Option(
        "change_mail",
        "bool",
        default=True,
        help="Take kith labels off and move withdrawn drafts to the trash (gmail.modify). Without it you do both.",
    ),
    Option("calendars", "list", help="Only these calendars are read, by name or id. Default: all your own."),
    Option("reminders_calendar", default="kith", help="The calendar reminders go to; made when first needed."),
    Option("time_zone", default="UTC", help="The zone whole days begin in, and that the calendar is made with."),
    Option("quota_per_minute", "int", default=QUOTA, help="Gmail quota units spent a minute at most."),
    Option("timeout", "int", default=30, help="Seconds to wait for Google, before each answer."),
    Option("endpoint", help="Another server in place of Google's, on this machine.", hidden=True),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """An account's options, read once. ``endpoint`` is "" for Google itself, else a URL without a slash at its end."""

    account: str
    address: str = ""
    client_file: str = ""
    service_account_file: str = ""
    mail: bool = True
    drafts: bool = True
    calendar: bool = True
    reminders: bool = True
    contacts: bool = True
    change_mail: bool = True
    calendars: tuple[str, ...] = ()
    reminders_calendar: str = "kith"
    time_zone: str = "UTC"
    quota_per_minute: int = QUOTA
    timeout: float = 30.0
    endpoint: str = ""

    @classmethod
    def of(cls, account: Account) -> Settings:
        """The settings of one account; its options have been validated against `OPTIONS`.

        Raises:
            UserMistake: there is no client, or an option makes no sense.
        """
        said = chosen(account, OPTIONS)
        said["endpoint"] = said["endpoint"].rstrip("/")
        made = cls(account=account.name, address=account.address, **said)
        made._sound()
        return made

    def _sound(self) -> None:
        named = [name for name in (self.client_file, self.service_account_file) if name]
        if len(named) != 1:
            wrong = "names two sign-ins" if named else "has no client to sign in with"
            raise UserMistake(
                f"The Google account {self.account} {wrong}: set client_file, or for Workspace service_account_file; "
                "docs/google.md says where the file comes from."
            )
        if not Path(named[0]).expanduser().is_file():
            raise UserMistake(f"There is no file {named[0]}, which the Google account {self.account} names.")
        if self.service_account_file and not self.address:
            raise UserMistake(f"The Google account {self.account} needs an address: whose mailbox is it to read?")
        if self.quota_per_minute < LEAST_QUOTA:
            raise UserMistake(f"quota_per_minute of {self.account} is at least {LEAST_QUOTA}.")
        if self.endpoint and not _loopback(self.endpoint):
            raise UserMistake(f"endpoint of {self.account} is for tests: it has to be on this machine.")


def _loopback(url: str) -> bool:
    parts = urlsplit(url)
    try:
        return parts.scheme == "http" and ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False
