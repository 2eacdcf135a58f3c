"""The settings of an Exchange account. Nothing of exchangelib is imported here: it takes a second."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from connectors.chosen import chosen
from daemon.core.errors import NeedsUser
from daemon.core.model import Account
from daemon.core.ports import Option

OPTIONS: Sequence[Option] = (
    Option("server", help="The Exchange server's host; https://HOST/EWS/Exchange.asmx is asked."),
    Option("ews_url", help="The whole URL of its web services, where that is another. Default: found by the address."),
    Option("user", help="The login name: DOMAIN\\name or an address. Default: the account's address."),
    Option(
        "auth",
        default="ntlm",
        choices=("ntlm", "basic", "kerberos", "oauth2"),
        help="How to sign in; basic wants TLS, kerberos a ticket, oauth2 the secret of an application.",
    ),
    Option("tenant", help="oauth2: the directory (tenant) the application is registered in."),
    Option("client_id", help="oauth2: the application's id; its secret is the account's password."),
    Option("token_url", help="oauth2: where tokens are issued, if not at Microsoft (AD FS)."),
    Option("scope", help="oauth2: what the token is for. Default: https://SERVER/.default"),
    Option("ca_file", "path", help="A certificate authority of your own, in PEM form, trusted for this server."),
    Option(
        "folders", "list", help="Only these mail folders are read, by name. Default: all but Junk, Deleted, Drafts."
    ),
    Option("exclude", "list", help="Mail folders not to be read."),
    Option("calendars", "list", help="Only these calendars are read, by name. Default: all."),
    Option("reminders_calendar", help="A calendar of its own for reminders. Default: the main one, category kith."),
    Option("time_zone", default="UTC", help="Your time zone, for birthdays and whole days."),
    Option("batch", "int", default=200, help="How many items are asked for at once, at most 500."),
    Option("timeout", "int", default=60, help="Seconds to wait for the server, before each answer."),
    Option("watch", "bool", default=False, help="Let the server tell at once when something is new."),
)

ONLINE = (
    "outlook.com",
    "office.com",
    "office365.com",
    "office365.us",
    "outlook.cn",
    "outlook.de",
    "cloud.microsoft",
    "live.com",
)
"""Ends of the names of Exchange Online's hosts, those of Outlook on the web among them."""


@dataclass(frozen=True, slots=True)
class Settings:
    """An account's options, read once. ``url`` is "" where the server is to be found by the address."""

    account: str
    address: str
    url: str
    user: str
    auth: str = "ntlm"
    tenant: str = ""
    client_id: str = ""
    token_url: str = ""
    scope: str = ""
    ca_file: str = ""
    folders: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    calendars: tuple[str, ...] = ()
    reminders_calendar: str = ""
    time_zone: str = "UTC"
    batch: int = 200
    timeout: float = 60.0
    watch: bool = False

    @classmethod
    def of(cls, account: Account) -> Settings:
        """The settings of one account; its options have been validated against `OPTIONS`."""
        said = chosen(account, OPTIONS)
        server, url = said.pop("server"), said.pop("ews_url")
        said["url"] = url or (f"https://{server}/EWS/Exchange.asmx" if server else "")
        said["user"] = said["user"] or account.address
        said["batch"] = min(500, max(1, said["batch"]))
        return cls(account=account.name, address=account.address, **said)


def host_of(url: str) -> str:
    """The host a URL names, with its port where it says one."""
    return urlsplit(url).netloc.rpartition("@")[2].lower()


def is_online(url: str) -> bool:
    """Whether the URL is one of Exchange Online's."""
    return is_online_host(urlsplit(url).hostname or "")


def is_online_host(name: str) -> bool:
    """Whether a host is one of Exchange Online's."""
    host = name.lower().rstrip(".")
    return any(host == end or host.endswith(f".{end}") for end in ONLINE)


def online_error(account: str, what: str) -> NeedsUser:
    """What to tell about an account in Exchange Online."""
    return NeedsUser(
        f"Account {account} is in Exchange Online ({what}), where EWS is being switched off: since 1 October 2026 for "
        "organisations that did not ask for an exception, on 1 April 2027 for all.",
        'Let its section say kind = "microsoft" (docs/microsoft.md).',
    )


def check_url(account: str, url: str) -> None:
    """See that the server is one to talk to.

    Raises:
        NeedsUser: it is Exchange Online, no URL of a server, or would be sent a password in the open.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise NeedsUser(f"{url!r} is no address of an Exchange server.", "Check server or ews_url.")
    if is_online(url):
        raise online_error(account, host_of(url))
    if parts.scheme == "http" and not _loopback(parts.hostname):
        raise NeedsUser(f"{host_of(url)} would be spoken to in the open.", "Let ews_url begin with https.")


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
