"""What `kith init` asked, or was told by options."""

from __future__ import annotations

from dataclasses import dataclass, field

import click

from daemon.config.values import NotAllowed, Reader
from daemon.config.writing import Value
from daemon.core.errors import UserMistake


@dataclass
class Answers:
    """What was asked; "" is: not said yet. On the command line each has an option of its own."""

    name: str = ""
    address: str = ""
    language: str = ""
    time_zone: str = ""
    password_command: str = ""
    password_file: str = ""
    password_stdin: bool = False
    imap_host: str = ""
    imap_port: int = 0
    imap_tls: str = ""
    imap_user: str = ""
    caldav_url: str = ""
    no_calendar: bool = False
    client_id: str = ""
    tenant: str = ""
    maildir: str = ""
    calendars: str = ""
    contacts: str = ""
    google_client: str = ""
    yes: bool = False
    tables: dict[str, dict[str, Value]] = field(default_factory=dict)
    sign_in: str = ""  # the account that has to be signed in to first

    @property
    def local(self) -> bool:
        """Whether everything lies on this disk."""
        return bool(self.maildir or self.calendars or self.contacts)


def ask(a: Answers, name: str, question: str, default: str, reader: Reader[str] | None = None) -> str:
    """The option's value, else the answer; asked again until it is allowed."""
    said = getattr(a, name) or (default if a.yes else "")
    if a.yes and not said:
        raise UserMistake(f"--{name.replace('_', '-')} is needed with --yes.")
    while True:
        value = said or str(click.prompt(question, default=default or None))
        try:
            return reader(value) if reader else value.strip()
        except NotAllowed as e:
            sentence = f"{value!r} is not allowed here; allowed is {e}."
            if said:
                raise UserMistake(f"--{name.replace('_', '-')}: {sentence}") from None
            click.echo(sentence)
