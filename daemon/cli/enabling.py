"""`kith enable` and `kith disable`: from observing to writing and back."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

import click

from daemon.cli.context import Ctx, pass_ctx
from daemon.cli.output import moment
from daemon.core.errors import UserMistake

if TYPE_CHECKING:
    from daemon.service.deps import Deps


@click.command()
@click.option(
    "--since", "since_text", default="", metavar="DATE", help="Occasions from this day on make drafts; else now."
)
@click.option("--account", default="", metavar="NAME", help="Only this account.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_ctx
def enable(kith: Ctx, since_text: str, account: str, yes: bool) -> int:
    """Let kith write reminders and drafts. Shows first what it would write.

    DATE is a day like 2026-11-01, or how long ago: "3 weeks".
    """
    from daemon.cli.cycle import show_plan
    from daemon.service import planning
    from daemon.store import enablement
    from daemon.wiring import opened

    now = kith.now()
    since = parse_since(kith, since_text, now) if since_text else now
    with opened(kith.settings, kith.now, store=kith.store) as deps:
        names = _writable(deps, account)
        found, errors = planning.make(deps, now, since=since)
    show_plan(kith, found)
    for error in errors:
        click.echo(f"kith: {error}", err=True)
    where = ", ".join(names)
    click.echo(
        f"\nReminders and drafts would be written to: {where}. "
        f"Drafts for what happened since {moment(since, kith.zone)}."
    )
    if not yes and not click.confirm("Write from now on?", default=False):
        click.echo("Nothing was changed.")
        return 0
    with kith.store.write() as conn:
        for name in names:
            enablement.enable(conn, name, since, now)
    click.echo(
        f"Enabled: {where}. The next round writes: the service's own, or `kith once`. `kith disable` takes it back."
    )
    return 0


@click.command()
@click.option("--account", default="", metavar="NAME", help="Only this account.")
@pass_ctx
def disable(kith: Ctx, account: str) -> int:
    """Go back to reading only. What was written stays where it is."""
    from daemon.store import enablement

    with kith.store.write() as conn:
        known = {*enablement.all_since(conn), *(a.account.name for a in kith.settings.accounts)}
        if account and account not in known:
            raise UserMistake(f"There is no account {account!r}; there are {', '.join(sorted(known))}.")
        done = [name for name in sorted({account} if account else known) if enablement.disable(conn, name)]
    click.echo(f"Only read from now on: {', '.join(done)}." if done else "Nothing was enabled.")
    return 0


def _writable(deps: Deps, account: str) -> list[str]:
    """The accounts that can take anything.

    Raises:
        UserMistake: there is none, or ``account`` is none of them.
    """
    able = [
        name
        for name, connection in deps.connections.items()
        if (deps.accounts[name].drafts and connection.drafts)
        or (deps.accounts[name].reminders and connection.reminders)
    ]
    if account and account not in able:
        known = ", ".join(able) or "none"
        raise UserMistake(f"Nothing can be written to {account!r}; accounts that take reminders or drafts: {known}.")
    if not able:
        raise UserMistake("No account takes reminders or drafts: see `kith check`.")
    return [account] if account else able


_AGO = re.compile(r"(.+?)(?:\s+ago)?\Z")


def parse_since(kith: Ctx, text: str, now: datetime) -> datetime:
    """A day (its start in the user's zone) or a length of time ago, as UTC.

    Raises:
        UserMistake: it is neither, or lies ahead.
    """
    from daemon.config.values import parse_duration

    match = _AGO.match(text.strip())
    length = parse_duration(match[1]) if match else None
    if length is not None:
        return now - length
    try:
        since = datetime.combine(date.fromisoformat(text.strip()), time(), kith.zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UserMistake(
            f'--since is {text!r}; allowed is a day like 2026-11-01 or a length of time like "3 weeks".'
        ) from None
    if since > now:
        raise UserMistake(f"--since is {text}, which lies ahead; allowed is a day up to today.")
    return since
