"""The settings of an IMAP account. Nothing of the provider's library is imported here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connectors.chosen import chosen
from daemon.core.model import Account
from daemon.core.ports import Option

OPTIONS: Sequence[Option] = (
    Option("host", required=True, help="The IMAP server."),
    Option("port", "int", help="993 with tls, else 143."),
    Option("user", help="The login name; the account's address where it is not said."),
    Option(
        "tls",
        default="tls",
        choices=("tls", "starttls", "plain"),
        help="How the connection is kept private; plain only for a server on your own machine.",
    ),
    Option("ca_file", "path", help="A certificate authority of your own, in PEM form, trusted for this server."),
    Option(
        "auth",
        default="password",
        choices=("password", "xoauth2"),
        help="password (an app password, usually), or xoauth2 with the access token a command prints.",
    ),
    Option("folders", "list", help="Only these folders are read. Default: all but Junk, Trash and Drafts."),
    Option("exclude", "list", help="Folders not to be read."),
    Option("drafts_folder", help="Where drafts are left, if the server does not say."),
    Option("sent_folder", help="Where sent mail is, if the server does not say."),
    Option("trash_folder", help="Where withdrawn drafts go, if the server does not say."),
    Option("timeout", "int", default=30, help="Seconds to wait for the server, before each answer."),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """An account's options, read once."""

    account: str
    host: str
    port: int
    user: str
    tls: str = "tls"
    ca_file: str = ""
    auth: str = "password"
    folders: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    drafts_folder: str = ""
    sent_folder: str = ""
    trash_folder: str = ""
    timeout: float = 30.0

    @classmethod
    def of(cls, account: Account) -> Settings:
        """The settings of one account; its options have been validated against `OPTIONS`."""
        said = chosen(account, OPTIONS)
        said["user"] = said["user"] or account.address
        said["port"] = said["port"] or (993 if said["tls"] == "tls" else 143)
        return cls(account=account.name, **said)
