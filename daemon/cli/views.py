"""Looking: status, interactions, ledger, digest, quarantine. These commands read the store and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click
from sqlalchemy import select

from daemon.cli.context import Ctx, pass_ctx
from daemon.cli.output import ago, counted, day, emit_json, moment, table

if TYPE_CHECKING:
    from daemon.core.wants import Person
    from daemon.service.overview import Digest, Overview

json_option = click.option("--json", "as_json", is_flag=True, help="As JSON, in a form that stays.")


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


DUE_SHOWN = 10
"""So many of those who are due stand in `kith status`, the longest overdue first."""


def _show_due(kith: Ctx, kept: Sequence[Person]) -> None:
    from daemon.cli.why import cadence
    from daemon.core.due import due

    now, zone = kith.now(), kith.zone
    late = sorted((at, p.name, p) for p in kept if p.active and (at := due(p)) is not None and at <= now)
    if late:
        click.echo()
        table(
            ("due", "since", "last contact", "because of"),
            [(name, ago(at, now, zone), ago(p.reset_at, now, zone), cadence(p)) for at, name, p in late[:DUE_SHOWN]],
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
    click.echo(f"{counted(found.contacts, 'contact')}, {len(found.people)} kept, {found.due} due.")
    counts = ", ".join(f"{n} {state}" for state, n in found.open_reminders) or "none"
    drafts = ", ".join(f"{n} {state}" for state, n in found.open_drafts) or "none"
    click.echo(f"Reminders: {counts}. Drafts: {drafts}. Waiting in the digest: {found.waiting}.")
    _show_due(kith, found.people)
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
    if found.quarantined:
        click.echo(f"\n{counted(found.quarantined, 'item')} could not be read: `kith quarantine list`.")
    for question in found.questions:
        click.echo(f"\n{question}")
    if found.observing:
        click.echo("\nNothing is written to your calendar or Drafts yet: `kith enable` shows the plan and asks.")


@click.command()
@click.option("--contact", "name", help="Only with this person.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only from this day on.")
@click.option("--all", "everything", is_flag=True, help="Also what does not count.")
@click.option("--limit", type=click.IntRange(1), default=None, help="The latest so many.")
@json_option
@pass_ctx
def interactions(
    kith: Ctx, name: str | None, since: datetime | None, everything: bool, limit: int | None, as_json: bool
) -> int:
    """Every exchange that was logged, the latest first (as JSON: also what does not count)."""
    from daemon.service import contacts as book
    from daemon.store.tables import contact, interaction

    query = select(interaction, contact.c.name).join(contact, contact.c.id == interaction.c.contact_id)
    query = query.order_by(interaction.c.at.desc(), interaction.c.id)
    with kith.store.read() as conn:
        if name:
            query = query.where(interaction.c.contact_id == book.find(conn, name))
        if since:
            query = query.where(interaction.c.at >= since.replace(tzinfo=kith.zone))
        if not everything and not as_json:
            query = query.where(interaction.c.counted.is_(True))
        rows = list(conn.execute(query.limit(limit) if limit else query))
    if as_json:
        emit_json(
            [
                {
                    "id": r.id,
                    "contact": r.name,
                    "kind": r.form,
                    "direction": r.direction,
                    "at": r.at,
                    "counted": r.counted,
                    "rule": r.rule,
                    "subject": r.subject,
                    "account": r.account,
                }
                for r in rows
            ]
        )
        return 0
    arrows = {"in": "←", "out": "→"}
    table(
        ("id", "when", "contact", "form", "", "verdict", "subject"),
        [
            (
                r.id,
                moment(r.at, kith.zone),
                r.name,
                r.form,
                arrows.get(r.direction, "↔"),
                "" if r.counted else r.rule,
                r.subject,
            )
            for r in rows
        ],
        empty="Nothing was logged yet.",
    )
    return 0


@click.command()
@click.option("--open", "only_open", is_flag=True, help="Only what stands now.")
@json_option
@pass_ctx
def ledger(kith: Ctx, only_open: bool, as_json: bool) -> int:
    """What was written, where, and what became of it."""
    from daemon.core.states import OPEN
    from daemon.store.tables import contact, outbox
    from daemon.store.tables import ledger as rows_of

    query = select(rows_of, contact.c.name).join(contact, contact.c.id == rows_of.c.contact_id)
    if only_open:
        query = query.where(rows_of.c.state.in_(OPEN))
    with kith.store.read() as conn:
        rows = list(conn.execute(query.order_by(rows_of.c.created_at, rows_of.c.key)))
        waits = {r.key: r for r in conn.execute(select(outbox).order_by(outbox.c.id))}
    if as_json:
        emit_json(
            [
                {
                    "key": r.key,
                    "kind": r.kind,
                    "purpose": r.purpose,
                    "contact": r.name,
                    "state": r.state,
                    "account": r.account,
                    "remote_id": r.remote_id,
                    "period": r.period,
                    "reason": r.reason,
                    "source": r.source,
                    "title": r.title,
                    "starts_at": r.starts_at,
                    "created_at": r.created_at,
                    "changed_at": r.changed_at,
                    "attempts": waits[r.key].attempts if r.key in waits else 0,
                    "error": waits[r.key].error if r.key in waits else "",
                }
                for r in rows
            ]
        )
        return 0
    table(
        ("kind", "purpose", "contact", "state", "when", "account", "title"),
        [
            (
                r.kind,
                r.purpose,
                r.name,
                r.state + (f" ({waits[r.key].error})" if r.key in waits and waits[r.key].error else ""),
                moment(r.starts_at or r.created_at, kith.zone),
                r.account,
                r.title,
            )
            for r in rows
        ],
        empty="Nothing was written yet.",
    )
    return 0


@click.command()
@json_option
@pass_ctx
def digest(kith: Ctx, as_json: bool) -> int:
    """Who is due and has no reminder of their own, which drafts were made this week, and what came to nothing."""
    from daemon.service import overview

    with kith.store.read() as conn:
        found = overview.digest(conn, kith.settings, kith.now())
    if as_json:
        emit_json(_digest_json(found))
        return 0
    now, zone = kith.now(), kith.zone
    table(
        ("contact", "due", "last contact", "why"),
        [(p.name, ago(p.due, now, zone), ago(p.last, now, zone), p.why) for p in found.waiting],
        empty="Nobody waits: everyone who is due has a reminder.",
    )
    for title, rows in (("Drafted in the last week", found.drafted), ("Came to nothing", found.lapsed)):
        if rows:
            click.echo(f"\n{title}:")
            table(
                ("contact", "what", "when", "state", "because of"),
                [(r.name, f"{r.purpose} {r.kind}", ago(r.at, now, zone), r.state, r.reason) for r in rows],
            )
    return 0


def _digest_json(found: Digest) -> list[dict[str, Any]]:
    """The documented form: who waits first, as it always was; what is not said of an entry is null."""
    empty: dict[str, Any] = {
        "kind": None,
        "purpose": None,
        "state": None,
        "at": None,
        "due": None,
        "last_contact": None,
    }
    waits: list[dict[str, Any]] = [
        {"contact": p.name, "due": p.due, "why": p.why, "last_contact": p.last} for p in found.waiting
    ]
    rest = [("drafted", r) for r in found.drafted] + [("lapsed", r) for r in found.lapsed]
    happened: list[dict[str, Any]] = [
        {
            "what": what,
            "contact": r.name,
            "why": r.reason,
            "kind": r.kind,
            "purpose": r.purpose,
            "state": r.state,
            "at": r.at,
        }
        for what, r in rest
    ]
    return [empty | {"what": "waiting"} | entry for entry in waits] + [empty | entry for entry in happened]


@click.group()
def quarantine() -> None:
    """Messages and events that could not be read."""


@quarantine.command("list")
@json_option
@pass_ctx
def quarantine_list(kith: Ctx, as_json: bool) -> int:
    """What could not be read, and why."""
    from daemon.store import cursors
    from daemon.store import quarantine as rows_of

    with kith.store.read() as conn:
        rows, labels = rows_of.rows(conn), cursors.labels(conn)
    if as_json:
        emit_json(
            [
                {
                    "id": r.id,
                    "account": r.account,
                    "kind": r.kind,
                    "stream": r.stream,
                    "item": r.item_id,
                    "reason": r.reason,
                    "at": r.at,
                    "retry": r.retry,
                }
                for r in rows
            ]
        )
        return 0
    table(
        ("id", "account", "kind", "in", "item", "reason", "since"),
        [
            (
                r.id,
                r.account,
                r.kind,
                labels.get((r.account, r.kind, r.stream)) or r.stream,
                r.item_id,
                r.reason,
                ago(r.at, kith.now(), kith.zone),
            )
            for r in rows
        ],
        empty="Nothing is in quarantine.",
    )
    return 0


@quarantine.command("retry")
@click.argument("ids", nargs=-1, type=int)
@pass_ctx
def quarantine_retry(kith: Ctx, ids: tuple[int, ...]) -> int:
    """Try again with the next round: all, or those with these IDS."""
    from daemon.service import hand

    with kith.store.write() as conn:
        count = hand.retry_quarantined(conn, ids or None)
    click.echo(f"{count} to be tried again with the next round." if count else "Nothing to try again.")
    return 0
