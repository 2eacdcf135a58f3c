"""`kith init`: a few questions, and a first configuration that was tried."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

import click

from daemon.cli.context import Ctx, pass_ctx
from daemon.config.load import system_zone
from daemon.config.values import NotAllowed, Reader, email, language, zone
from daemon.config.writing import Value, to_toml, write_new
from daemon.core.address import domain_of
from daemon.core.errors import UserMistake
from daemon.service.discovery import Found, Internet, Network, Server, find

HEADING = """kithd. Written by `kith init`; config.example.toml explains every setting there is.
No password stands here: only where to find it."""

WHERE_SECRETS_ARE = """kith keeps no password of yours in its configuration. It can
  - run a program that prints it. To make one: `secret-tool store --label=kith service kith` asks for it once, and
    `secret-tool lookup service kith` prints it; or `pass insert mail/kith` and `pass show mail/kith`.
  - read it from a file only you can read, which can be written now."""


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
        _server(answers, path, kith.network or Internet())
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
    a.name = _ask(a, "name", "Your name, as you sign letters", _full_name())
    a.address = _ask(a, "address", "Your mail address", "", email)
    a.language = _ask(a, "language", "Language of your reminders (en, ru)", _locale_language(), language)
    a.time_zone = _ask(a, "time_zone", "Your time zone", system_zone(), zone)


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


def _server(a: Answers, path: Path, network: Network) -> None:
    found = Found() if a.google_client else _find(a, network)
    if a.google_client:  # said, or chosen just now
        _google(a)
        return
    if found.note:
        click.echo(found.note)
    if found.foreign and not a.yes:
        hosts = ", ".join(found.foreign)
        click.echo(f"Your domain's DNS names servers elsewhere: {hosts}. Your password will be sent there.")
        if not click.confirm("Is that right?", default=False):
            raise UserMistake("Stopped: nothing was written. Name the servers by --imap-host and --caldav-url.")
    if found.kind == "microsoft" and found.imap is None:
        _microsoft(a, found)
        return
    if found.kind == "exchange" and found.imap is None:
        _exchange(a, path)
        return
    if found.imap is None:
        raise UserMistake(
            found.note or f"No IMAP server was found for {a.address}: name it by --imap-host (and --imap-port)."
        )
    click.echo(f"IMAP: {found.imap.host}, port {found.imap.port} ({found.imap.how})")
    user = a.imap_user or a.address
    secret = _secret(a, path)
    a.tables["account.mail"] = {
        "kind": "imap",
        "address": a.address,
        "host": found.imap.host,
        "port": found.imap.port,
        "tls": found.imap.tls,
        "user": user,
        **secret,
    }
    if found.caldav:
        click.echo(f"Calendar: {found.caldav}")
        if not a.yes and not click.confirm("The same login name and password for the calendar?", default=True):
            user = click.prompt("Login name for the calendar", default=user)
            a.password_command, a.password_file, a.password_stdin = "", "", False
            secret = _secret(a, path, "calendar-password")
        a.tables["account.calendar"] = {
            "kind": "caldav",
            "address": a.address,
            "url": found.caldav,
            "user": user,
            **secret,
        }
    else:
        click.echo("No calendar server: reminders need one (an account of kind caldav, or local with calendars).")


def _microsoft(a: Answers, found: Found) -> None:
    usual = "consumers" if found.personal else "organizations"
    if not a.client_id and not a.yes:
        a.client_id = click.prompt("Application (client) ID of the app registration (empty: none yet)", default="")
    if not a.client_id:
        raise UserMistake("Without an app registration there is no sign-in: see docs/microsoft.md, then --client-id.")
    if not a.tenant:
        a.tenant = usual if a.yes else click.prompt("Directory (tenant) ID of your organisation, or", default=usual)
    a.tables["account.microsoft"] = {
        "kind": "microsoft",
        "address": a.address,
        "client_id": a.client_id,
        "tenant": a.tenant,
    }
    a.sign_in = "microsoft"


def _exchange(a: Answers, path: Path) -> None:
    """An account on an Exchange server, which Autodiscover names when it is first used."""
    user = a.imap_user or a.address
    if not a.yes and not a.imap_user:
        user = click.prompt("Login name (DOMAIN\\name, or the address)", default=user)
    a.tables["account.work"] = {"kind": "exchange", "address": a.address, "user": user, **_secret(a, path)}


def _find(a: Answers, network: Network) -> Found:
    found = Found()
    if not a.imap_host or not (a.caldav_url or a.no_calendar):
        click.echo(f"Looking for the servers of {domain_of(a.address)} ...")
        found = find(a.address, network)
        if found.kind == "google" and not a.yes and _wants_google(a):
            return found
    imap, caldav, foreign = found.imap, found.caldav, found.foreign
    if found.kind == "exchange":
        question = "There seems to be an Exchange server. Is your mailbox on it?"
        if not a.imap_host and (a.yes or click.confirm(question, default=True)):
            return found
        found = Found()
    if imap is None and not (a.imap_host or a.yes or found.note):
        click.echo(f"No IMAP server was found for {a.address}; your provider's help names it.")
        _ask_host(a)
    if a.imap_host:
        tls = a.imap_tls or ("starttls" if a.imap_port == 143 else "tls")
        imap = Server(a.imap_host, a.imap_port or (993 if tls == "tls" else 143), tls, "as you said")
    if a.caldav_url or a.no_calendar:
        caldav = a.caldav_url
    elif not caldav and not a.yes and not found.kind:
        caldav = click.prompt("Address of your calendar server (CalDAV; empty: none)", default="", show_default=False)
    named = f"{imap.host if imap else ''} {caldav}"
    if a.yes and (strange := [h for h in foreign if h in named]):
        # Nobody is there to confirm what an unprotected DNS answer says.
        raise UserMistake(
            f"The DNS of your domain names servers elsewhere ({', '.join(strange)}): confirm them by --imap-host and "
            "--caldav-url, or run `kith init` without --yes."
        )
    return Found(imap, caldav, found.note, foreign, found.kind, found.personal)


def _wants_google(a: Answers) -> bool:
    """Sign in with Google, or by an app password?"""
    click.echo(
        "With Google's sign-in kith reads mail, calendars and contacts; it needs an OAuth client of your own, which is "
        "free and takes ten minutes (docs/google.md). With an app password it reads mail only."
    )
    way = click.prompt("google or password", type=click.Choice(["google", "password"]), default="google")
    if way == "google":
        a.google_client = click.prompt("JSON file of the client, as downloaded")
    return way == "google"


def _google(a: Answers) -> None:
    file = Path(a.google_client).expanduser().absolute()
    if not file.is_file():
        raise UserMistake(f"There is no {file}. docs/google.md says where to download it; nothing was written.")
    a.tables["account.google"] = {"kind": "google", "address": a.address, "client_file": str(file)}
    a.sign_in = "google"


def _ask_host(a: Answers) -> None:
    while not a.imap_host:
        host, _, port = click.prompt("IMAP server (like imap.example.org, or imap.example.org:143)").partition(":")
        if port and not (port.isdecimal() and 0 < int(port) < 65536):
            click.echo(f"{port!r} is no port: a number from 1 to 65535.")
            continue
        a.imap_host, a.imap_port = host.strip(), int(port or 0)


def _secret(a: Answers, path: Path, name: str = "password") -> dict[str, Value]:
    if not (a.password_command or a.password_file or a.password_stdin) and not a.yes:
        click.echo(WHERE_SECRETS_ARE)
        usual = "secret-tool lookup service kith" if shutil.which("secret-tool") else ""
        a.password_command = click.prompt(
            "Program that prints the password (empty: write a file now)", default=usual, show_default=bool(usual)
        )
        if not a.password_command:
            password = click.prompt("Password (an app password, if your provider has them)", hide_input=True)
            return {"password_file": _keep(password, path, name)}
    if a.password_stdin:
        return {"password_file": _keep(sys.stdin.readline().rstrip("\r\n"), path, name)}
    if a.password_command:
        return {"password_command": a.password_command}
    if a.password_file:
        return {"password_file": str(Path(a.password_file).expanduser().absolute())}
    raise UserMistake("Say where the password is: --password-command, --password-file or --password-stdin.")


def _keep(password: str, path: Path, name: str) -> str:
    if not password:
        raise UserMistake("The password is empty; nothing was written.")
    file = path.parent / name
    write_new(file, password + "\n")
    click.echo(f"Written: {file} (only you can read it)")
    return str(file)


def _all(a: Answers) -> dict[str, dict[str, Value]]:
    me: dict[str, Value] = {
        "name": a.name,
        "addresses": [a.address],
        "language": a.language,
        "time_zone": a.time_zone,
    }
    return {"me": me, **a.tables}


def _ask(a: Answers, name: str, question: str, default: str, reader: Reader[str] | None = None) -> str:
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


def _full_name() -> str:
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_gecos.partition(",")[0]
    except KeyError:
        return ""


def _locale_language() -> str:
    said = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "ru" if said.startswith("ru") else "en"
