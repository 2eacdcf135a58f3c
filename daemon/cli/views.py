"""Looking: interactions, ledger, digest. These commands read the store and nothing else."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click
from sqlalchemy import select

from daemon.cli.context import Ctx, pass_ctx
from daemon.cli.output import DAY, ago, emit_json, json_option, moment, table
from daemon.cli.words import fate, purpose
from daemon.core.wants import REMINDER

if TYPE_CHECKING:
    from daemon.service.digest import Digest, Happened


@click.command()
@click.option("--contact", "name", help="Only with this person.")
@click.option("--since", type=DAY, help="Only from this day on.")
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
    from daemon.core.wants import whom
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
                    "contact": whom(r.purpose, r.name),
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
                whom(r.purpose, r.name),
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
    from daemon.service.digest import digest as gather

    with kith.store.read() as conn:
        found = gather(conn, kith.settings, kith.now())
    if as_json:
        emit_json(_digest_json(found))
        return 0
    now, zone = kith.now(), kith.zone
    table(
        ("contact", "due", "last contact", "why"),
        [(p.name, ago(p.due, now, zone), ago(p.last, now, zone), p.why) for p in found.waiting],
        empty="Nobody waits: whoever is due has a reminder, or a meeting arranged.",
    )
    for title, rows in (("Drafted in the last week", found.drafted), ("Came to nothing", found.lapsed)):
        if rows:
            click.echo(f"\n{title}:")
            table(
                ("contact", "what", "when", "what became of it", "because of"),
                [(r.name, _what(r), ago(r.at, now, zone), fate(r.kind, r.state), r.reason) for r in rows],
            )
    return 0


def _what(entry: Happened) -> str:
    return purpose(entry.purpose) + " (reminder)" * (entry.kind == REMINDER)


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
