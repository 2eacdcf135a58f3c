"""`kith status`: who is due, what is held, how the accounts are. Reads the store and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import click

from daemon.cli.context import Ctx, pass_ctx
from daemon.cli.output import ago, counted, day, emit_json, json_option, table
from daemon.cli.words import purpose, standing
from daemon.core.wants import DRAFT, REMINDER

if TYPE_CHECKING:
    from daemon.core.wants import Person
    from daemon.service.overview import Overview


@click.command()
@json_option
@pass_ctx
def status(kith: Ctx, as_json: bool) -> int:
    """Who is due, what is held, and how the accounts are."""
    from daemon.service import overview

    with kith.store.read() as conn:
        found = overview.overview(conn, kith.settings, kith.now())
    if as_json:
        emit_json(found.as_json())
    else:
        _show_status(kith, found)
    return 1 if found.trouble else 0


def _show_unwritten(found: Overview) -> None:
    reasons: dict[str, list[str]] = {}
    for each in found.unwritten:
        what = f"{purpose(each.purpose)} ({each.kind})"
        reasons.setdefault(each.error, []).append(f"{each.name}: {what}" if each.name else what)
    for error, what_waits in reasons.items():
        shown, more = what_waits[:DUE_SHOWN], len(what_waits) - DUE_SHOWN
        left = f"; and {more} more" if more > 0 else ""
        click.echo(f"\nNot written yet, and tried again: {'; '.join(shown)}{left}.\n{error}")


DUE_SHOWN = 10
"""So many of those who are due stand in `kith status`, the longest overdue first."""


def _show_due(kith: Ctx, kept: Sequence[Person], since: Mapping[int, datetime]) -> None:
    from daemon.cli.why import cadence
    from daemon.core.due import meets_soon

    now, zone = kith.now(), kith.zone
    late = sorted((p for p in kept if p.contact_id in since), key=lambda p: (since[p.contact_id], p.name))
    if late:
        click.echo()
        table(
            ("due", "since", "last contact", "because of", ""),
            [
                (
                    p.name,
                    ago(since[p.contact_id], now, zone),
                    ago(p.reset_at, now, zone),
                    cadence(p),
                    "a meeting is arranged" if meets_soon(p, now) else "",
                )
                for p in late[:DUE_SHOWN]
            ],
        )
    if len(late) > DUE_SHOWN:
        click.echo(f"and {len(late) - DUE_SHOWN} more: `kith contacts list --due`")
    held = [p.name for p in kept if p.active and p.held]
    if held:
        click.echo(
            f"\nHeld, because an account has not been read for a day: {', '.join(held[:DUE_SHOWN])}"
            + (f" and {len(held) - DUE_SHOWN} more." if len(held) > DUE_SHOWN else ".")
        )


def _show_status(kith: Ctx, found: Overview) -> None:
    now, zone = kith.now(), kith.zone
    today = now.astimezone(zone).date()
    click.echo(f"{counted(found.contacts, 'contact')}, {len(found.people)} kept, {len(found.late)} due.")
    for what, kind, states in (("Reminders", REMINDER, found.open_reminders), ("Drafts", DRAFT, found.open_drafts)):
        click.echo(f"{what}: {', '.join(f'{n} {standing(kind, state)}' for state, n in states) or 'none'}.")
    if found.waiting:
        who = counted(found.waiting, "person waits", "people wait")
        click.echo(f"{who} for you without a reminder: `kith digest` says why.")
    _show_due(kith, found.people, found.late)
    click.echo()
    rows = []
    for account in found.accounts:
        writing = f"writes since {day(account.since, zone, today)}" if account.since else "observes only"
        state = account.trouble or (
            f"goes on at {account.goes_on.astimezone(zone):%H:%M}" if account.goes_on else "fine"
        )
        rows.append((account.name, account.kind, ago(account.read_at, now, zone), writing, state))
    table(("account", "kind", "last read", "writing", "state"), rows, empty="No accounts configured.")
    without = [account.name for account in found.accounts if not account.takes]
    if without and found.reminders_to:
        click.echo(f"\nWithout a calendar for reminders: {', '.join(without)}. They go to {found.reminders_to}.")
    elif without:
        click.echo("\nNo account takes reminders: `kith check` says what is missing.")
    for account in found.accounts:
        if account.units is not None:
            click.echo(f"\n{account.name}: the last round spent {account.units:,} units of Gmail's quota.")
    if found.worker:
        click.echo(f"\nAt work now: {found.worker}.")
    if found.backfills:
        click.echo(f"\nHistory still to be fetched for {counted(found.backfills, 'new address', 'new addresses')}.")
    if found.news_fault:
        click.echo(f"\nNobody is told your news until this is mended: {found.news_fault}")
    if found.quarantined:
        click.echo(f"\n{counted(found.quarantined, 'item')} could not be read: `kith quarantine list`.")
    _show_unwritten(found)
    for question in found.questions:
        click.echo(f"\n{question}")
    if found.observing:
        click.echo("\nNothing is written to your calendar or Drafts yet: `kith enable` shows the plan and asks.")
