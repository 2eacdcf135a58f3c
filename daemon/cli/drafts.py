"""`kith drafts`: every draft with its reason, what that was seen in, and what became of it."""

from __future__ import annotations

import click

from daemon.cli.context import Ctx, pass_ctx
from daemon.cli.output import ago, emit_json, moment, table
from daemon.cli.words import fate, purpose

RECENT = 30
"""Days for which drafts that are dealt with are still shown."""


@click.command()
@click.option("--contact", "name", help="Only to this person.")
@click.option("--open", "only_open", is_flag=True, help="Only what lies in Drafts now.")
@click.option("--all", "everything", is_flag=True, help="Also what was dealt with more than 30 days ago.")
@click.option("--json", "as_json", is_flag=True, help="As JSON: all of them.")
@pass_ctx
def drafts(kith: Ctx, name: str | None, only_open: bool, everything: bool, as_json: bool) -> int:
    """The letters kith left in Drafts: to whom, why, from what, and what became of each."""
    from datetime import timedelta

    from sqlalchemy import select

    from daemon.core.states import OPEN
    from daemon.core.wants import DRAFT
    from daemon.service.finding import find
    from daemon.store.tables import contact, ledger

    query = select(ledger, contact.c.name).join(contact, contact.c.id == ledger.c.contact_id)
    query = query.where(ledger.c.kind == DRAFT).order_by(ledger.c.created_at.desc(), ledger.c.key)
    if only_open:
        query = query.where(ledger.c.state.in_(OPEN))
    elif not everything and not as_json:
        since = kith.now() - timedelta(days=RECENT)
        query = query.where(ledger.c.state.in_(OPEN) | (ledger.c.changed_at > since))
    with kith.store.read() as conn:
        if name:
            query = query.where(ledger.c.contact_id == find(conn, name))
        rows = list(conn.execute(query))
    if as_json:
        emit_json(
            [
                {
                    "key": r.key,
                    "contact": r.name,
                    "purpose": r.purpose,
                    "occasion": r.occasion.partition(":")[0],
                    "reason": r.reason,
                    "source": r.source,
                    "state": r.state,
                    "account": r.account,
                    "recipient": r.recipient,
                    "subject": r.title,
                    "created_at": r.created_at,
                    "changed_at": r.changed_at,
                }
                for r in rows
            ]
        )
        return 0
    now, zone = kith.now(), kith.zone
    table(
        ("to", "purpose", "why", "from", "what became of it", "made", "account", "subject"),
        [
            (
                r.name,
                purpose(r.purpose),
                r.reason,
                r.source,
                fate(r.kind, r.state) + (f", {ago(r.changed_at, now, zone)}" if r.state not in OPEN else ""),
                moment(r.created_at, zone),
                r.account,
                r.title,
            )
            for r in rows
        ],
        empty="There are no drafts.",
    )
    return 0
