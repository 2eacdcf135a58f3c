"""`kith quarantine`: what could not be read, and trying it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from daemon.cli.context import Ctx, pass_ctx
from daemon.cli.output import ago, emit_json, json_option, table

if TYPE_CHECKING:
    pass


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
                    "retry": False,  # kept for scripts: nobody waits, a retry has the stream read anew
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
