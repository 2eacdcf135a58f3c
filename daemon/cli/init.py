"""`kith init`: a few questions, and a first configuration that was tried."""

from __future__ import annotations

import os
from pathlib import Path

import click

from daemon.cli.context import Ctx, pass_ctx
from daemon.cli.init_answers import Answers, ask
from daemon.cli.init_server import ask_server
from daemon.config.load import system_zone
from daemon.config.values import email, language, zone
from daemon.config.writing import Value, to_toml, write_new
from daemon.core.errors import UserMistake
from daemon.service.discovery import Internet

HEADING = """kithd. Written by `kith init`; config.example.toml explains every setting there is.
No password stands here: only where to find it."""


@click.command()
@click.option("--name", default="", help="Your name, as letters are signed.")
@click.option("--address", default="", help="Your mail address.")
@click.option("--language", default="", help="The language of your reminders: en or ru.")
@click.option("--time-zone", default="", help="Your time zone, like Europe/Berlin; else this machine's.")
@click.option("--password-command", default="", metavar="COMMAND", help="A program that prints the password.")
@click.option("--password-file", default="", metavar="FILE", help="A file that holds the password.")
@click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input and keep it in a 0600 file."
)
@click.option("--imap-host", default="", help="The IMAP server; else it is looked for.")
@click.option("--imap-port", default=0, type=click.IntRange(0, 65535), help="Its port.")
@click.option("--imap-tls", default="", type=click.Choice(["", "tls", "starttls", "plain"]), help="How it is secured.")
@click.option("--imap-user", default="", help="The login name; else the address.")
@click.option("--caldav-url", default="", metavar="URL", help="The calendar server; else it is looked for.")
@click.option("--no-calendar", is_flag=True, help="Look for no calendar server.")
@click.option(
    "--client-id", default="", metavar="ID", help="At Microsoft: the application ID of your app registration."
)
@click.option("--tenant", default="", help="At Microsoft: the directory ID, consumers, organizations or common.")
@click.option("--maildir", default="", metavar="FOLDER", help="A Maildir on this disk, instead of a server.")
@click.option("--calendars", default="", metavar="FOLDER", help="A folder of .ics files on this disk.")
@click.option("--contacts", default="", metavar="FOLDER", help="A folder of .vcf files on this disk.")
@click.option("--google-client", default="", metavar="FILE", help="Gmail: the JSON file of your OAuth client.")
@click.option("--yes", is_flag=True, help="Ask nothing; take what was found.")
@click.option("--no-check", is_flag=True, help="Do not try the accounts afterwards.")
@pass_ctx
def init(kith: Ctx, /, no_check: bool, **given: object) -> int:
    """Ask for an account, find its servers, write the configuration and try it.

    With --yes nothing is asked: what is needed then comes from the options.
    """
    path = kith.path
    assert path is not None  # noqa: S101 - the group's callback sets it
    if path.exists():
        raise UserMistake(f"There is {path} already; it stays as it is. Edit it, or name another by --config.")
    answers = Answers(**given)  # type: ignore[arg-type]
    _who(answers)
    if not (answers.local or answers.yes or answers.imap_host or answers.google_client):
        click.echo("Where is your mail? On a server (IMAP), or on this disk (a Maildir that mbsync or mutt keeps)?")
        if click.prompt("server or disk", type=click.Choice(["server", "disk"]), default="server") == "disk":
            _disk(answers)
    if answers.local:
        _local(answers)
    else:
        ask_server(answers, path, kith.network or Internet())
    write_new(path, to_toml(_all(answers), HEADING))
    click.echo(f"Written: {path}")
    if answers.sign_in:
        click.echo(f"Next: `kith login {answers.sign_in}`, then `kith check`.")
        return 0
    if no_check:
        return 0
    from daemon.cli.check import check_all, show

    found = check_all(kith)
    show(kith, found)
    click.echo(
        "Next: `kith once` reads everything for the first time; nothing is written until `kith enable`."
        if found.ok
        else f"Mend what failed in {path} and run `kith check` again."
    )
    return 0 if found.ok else 1


def _who(a: Answers) -> None:
    a.name = ask(a, "name", "Your name, as you sign letters", _full_name())
    a.address = ask(a, "address", "Your mail address", "", email)
    a.language = ask(a, "language", "Language of your reminders (en, ru)", _locale_language(), language)
    a.time_zone = ask(a, "time_zone", "Your time zone", system_zone(), zone)


def _disk(a: Answers) -> None:
    a.maildir = click.prompt("Folder of the Maildir (empty: none)", default="", show_default=False)
    a.calendars = click.prompt("Folder of .ics calendars (empty: none)", default="", show_default=False)
    a.contacts = click.prompt("Folder of .vcf contacts (empty: none)", default="", show_default=False)
    if not a.local:
        raise UserMistake("Without mail, calendars or contacts there is nothing to read.")


def _local(a: Answers) -> None:
    table: dict[str, Value] = {"kind": "local", "address": a.address}
    for key in ("maildir", "calendars", "contacts"):
        if said := getattr(a, key):
            folder = Path(said).expanduser().absolute()
            if not folder.exists():
                raise UserMistake(f"There is no {folder}.")
            table[key] = str(folder)
    a.tables["account.home"] = table


def _all(a: Answers) -> dict[str, dict[str, Value]]:
    me: dict[str, Value] = {
        "name": a.name,
        "addresses": [a.address],
        "language": a.language,
        "time_zone": a.time_zone,
    }
    return {"me": me, **a.tables}


def _full_name() -> str:
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_gecos.partition(",")[0]
    except KeyError:
        return ""


def _locale_language() -> str:
    said = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "ru" if said.startswith("ru") else "en"
