"""`kith check`: each account tried, where things go, and whether the installation is whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import click

import daemon
from daemon.cli.context import Ctx, pass_ctx
from daemon.cli.output import emit_json, json_option, moment
from daemon.config.settings import AccountSettings, Settings
from daemon.core.errors import KithError, NeedsUser, UserMistake
from daemon.core.ports import Connection

OURS = frozenset("cli config core formats service store templates systemd __init__.py wiring.py py.typed".split())


@dataclass
class AccountCheck:
    """One account: the lines it answered with, or the sentence of what is wrong and the one that mends it."""

    name: str
    kind: str
    lines: list[str] = field(default_factory=list)
    error: str = ""
    remedy: str = ""
    reminders: bool = False
    drafts: bool = False
    employer: bool = False
    since: datetime | None = None

    @property
    def ok(self) -> bool:
        """Whether it works."""
        return not self.error


@dataclass
class Findings:
    """All of it. ``reminders_to`` is the account that takes reminders, "" where none can."""

    accounts: list[AccountCheck]
    reminders_to: str
    warnings: list[str]

    @property
    def ok(self) -> bool:
        """Whether every account works."""
        return all(a.ok for a in self.accounts)


@click.command()
@click.option("--account", default="", metavar="NAME", help="Only this account.")
@json_option
@pass_ctx
def check(kith: Ctx, account: str, as_json: bool) -> int:
    """Try every account and say what is wrong and how to mend it. Reads only."""
    found = check_all(kith, account)
    if as_json:
        emit_json(to_json(found))
    else:
        show(kith, found)
    return 0 if found.ok else 1


def to_json(found: Findings) -> dict[str, object]:
    """The documented form of `kith check --json`."""
    return {
        "ok": found.ok,
        "reminders_to": found.reminders_to,
        "warnings": found.warnings,
        "accounts": [
            {
                "name": a.name,
                "kind": a.kind,
                "ok": a.ok,
                "found": a.lines,
                "error": a.error,
                "remedy": a.remedy,
                "reminders": a.reminders,
                "drafts": a.drafts,
                "employer": a.employer,
                "enabled_since": a.since,
            }
            for a in found.accounts
        ],
    }


def show(kith: Ctx, found: Findings) -> None:
    """In plain words, a block an account."""
    name = max((len(a.name) for a in found.accounts), default=0)
    for a in found.accounts:
        first, *rest = [*a.lines, *([] if a.ok else [a.error, a.remedy])] or ["nothing to try"]
        indent = " " * (name + 10)
        click.echo(f"{a.name:<{name}}  {'ok' if a.ok else 'failed':<6}  {first}")
        for line in rest:
            if line:
                click.echo(f"{indent}{line}")
        if a.ok:
            click.echo(f"{indent}{_writes(kith, a, found.reminders_to)}")
            if not a.reminders and found.reminders_to:
                click.echo(f"{indent}has no calendar for reminders: they go to {found.reminders_to}")
    if not found.reminders_to:
        click.echo("No account takes reminders: give one a calendar (kind caldav, or calendars of kind local).")
    for warning in found.warnings:
        click.echo(f"Note: {warning}", err=True)


def _writes(kith: Ctx, a: AccountCheck, reminders_to: str) -> str:
    kinds = [
        *(["reminders"] if a.name == reminders_to else []),
        *(["drafts"] if a.drafts else []),
    ]
    if not kinds:
        return "is only read; nothing is written here"
    what = " and ".join(kinds)
    kept = " (never about recruiters, HR, employers or candidates)" if a.employer else ""
    when = f"since {moment(a.since, kith.zone)}" if a.since else "once you say `kith enable`"
    return f"takes {what}{kept} {when}"


def check_all(kith: Ctx, only: str = "") -> Findings:
    """Try every account; one that fails does not stop the others.

    Raises:
        UserMistake: the configuration is wrong, or ``only`` is no account.
    """
    from daemon.wiring import connect

    settings = kith.settings
    enabled = _enabled(kith)
    connections = connect(settings, kith.now, only=only)
    try:
        chosen = [
            (each, connections[each.account.name]) for each in settings.accounts if each.account.name in connections
        ]
        accounts = [_check(each, connection, enabled) for each, connection in chosen]
    finally:
        for connection in connections.values():
            connection.close()
    warnings = [
        *settings.warnings,
        *_of_nobody(kith),
        *_holidays(kith),
        *_news(kith),
        *_left_behind(kith),
        *foreign_files(),
    ]
    return Findings(accounts, _reminders_to(settings, accounts), warnings)


def _of_nobody(kith: Ctx) -> list[str]:
    """Policies for one person whom nobody is known as: a slip of the pen, or somebody still to be imported."""
    from difflib import get_close_matches

    from daemon.store import contacts

    meant = kith.settings.policies.contacts
    if not meant:
        return []
    try:
        with kith.store.read() as conn:
            known = list(contacts.load(conn).values())
    except UserMistake:
        return []  # there is no store yet
    names = [c.fields["name"] for c in known]
    all_ = {name.casefold() for name in (*names, *(a for c in known for a in c.addresses))}
    found = []
    for who in meant:
        if who.casefold() not in all_:
            near = get_close_matches(who, names, n=1, cutoff=0.75)
            hint = f" Did you mean {near[0]}?" if near else ""
            found.append(f'[policy.contact."{who}"]: nobody is known by this name or address.{hint}')
    return found


def _holidays(kith: Ctx) -> list[str]:
    from daemon.service.daysoff import days_off

    today = kith.today()
    _, fault = days_off(kith.settings.hours, today, today)
    return [fault] if fault else []


def _news(kith: Ctx) -> list[str]:
    from daemon.service.news import told_news

    _, fault = told_news(kith.settings.updates, kith.now(), kith.settings.hours.zone)
    return [fault] if fault else []


def _left_behind(kith: Ctx) -> list[str]:
    """What stands under accounts that are configured no more; nothing where there is no store yet."""
    from daemon.service.left_behind import standing

    try:
        store = kith.store
    except UserMistake:
        return []
    with store.read() as conn:
        found = standing(conn, {each.account.name for each in kith.settings.accounts})
    return [
        f"{len(keys)} of our reminders and drafts stand under “{account}”, an account your configuration names no "
        "more, and nobody looks after them. If you renamed it, give it its old name back; if it is gone for good, say "
        "so when `kith status` asks after the next round."
        for account, keys in found.items()
    ]


def _check(each: AccountSettings, connection: Connection, enabled: Mapping[str, datetime]) -> AccountCheck:
    found = AccountCheck(each.account.name, each.account.kind, employer=each.account.employer)
    found.since = enabled.get(each.account.name)
    found.reminders = each.reminders and connection.reminders is not None
    found.drafts = each.drafts and connection.drafts is not None
    try:
        found.lines += connection.check()
        for source in (connection.mail, connection.calendar, connection.contacts):
            if source is not None:
                source.streams()
    except NeedsUser as e:
        found.error, found.remedy = e.what, e.remedy
    except KithError as e:
        found.error = str(e)
    return found


def _reminders_to(settings: Settings, accounts: list[AccountCheck]) -> str:
    able = [a.name for a in accounts if a.reminders]
    return settings.reminders_to if settings.reminders_to in able else next(iter(able), "")


def _enabled(kith: Ctx) -> Mapping[str, datetime]:
    """Accounts that may be written to; none where there is no store yet."""
    from daemon.store import enablement

    try:
        store = kith.store
    except UserMistake:
        return {}
    with store.read() as conn:
        return enablement.all_since(conn)


def foreign_files(package: Path | None = None) -> list[str]:
    """Whether another distribution (python-daemon) has put files into our package, as sentences."""
    folder = package or Path(daemon.__file__ or "").parent
    strange = sorted(
        entry.name for entry in folder.iterdir() if entry.name not in OURS and not entry.name.startswith(("__py", "."))
    )
    if not strange:
        return []
    return [
        f"Files of something else lie in kith's own package {folder}: {', '.join(strange[:5])}. python-daemon uses "
        "the same name: install kithd into an environment of its own (pipx install kithd)."
    ]
