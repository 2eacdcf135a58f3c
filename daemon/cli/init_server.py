"""`kith init` for mail on a server: found by the address, signed in to, or with a password kept elsewhere."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

from daemon.cli.init_answers import Answers
from daemon.config.writing import Value, write_new
from daemon.core.address import domain_of
from daemon.core.errors import UserMistake
from daemon.service.discovery import Found, Network, Server, find

WHERE_SECRETS_ARE = """kith keeps no password of yours in its configuration. It can
  - run a program that prints it. To make one: `secret-tool store --label=kith service kith` asks for it once, and
    `secret-tool lookup service kith` prints it; or `pass insert mail/kith` and `pass show mail/kith`.
  - read it from a file only you can read, which can be written now."""


def ask_server(a: Answers, path: Path, network: Network) -> None:
    """Find the servers and ask for what is missing; the accounts go into ``a.tables``.

    Raises:
        UserMistake: no server was found, or one the user does not want.
    """
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
