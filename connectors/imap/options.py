"""The settings of an IMAP account. Nothing of the provider's library is imported here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
        options = account.options
        tls = _text(options.get("tls")) or "tls"
        return cls(
            account=account.name,
            host=_text(options.get("host")),
            port=int(_text(options.get("port")) or (993 if tls == "tls" else 143)),
            user=_text(options.get("user")) or account.address,
            tls=tls,
            ca_file=_text(options.get("ca_file")),
            auth=_text(options.get("auth")) or "password",
            folders=_texts(options.get("folders")),
            exclude=_texts(options.get("exclude")),
            drafts_folder=_text(options.get("drafts_folder")),
            sent_folder=_text(options.get("sent_folder")),
            trash_folder=_text(options.get("trash_folder")),
            timeout=float(_text(options.get("timeout")) or 30),
        )


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, (list, tuple)) else ()
