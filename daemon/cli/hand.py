"""By hand: snooze, skip, overrule, confirm, unfreeze, forget. Short transactions; the next round does the rest."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

import click

from daemon.cli.contacts_common import rules, secret
from daemon.cli.context import Ctx, pass_ctx
from daemon.cli.output import DAY, ago

if TYPE_CHECKING:
    pass


@click.command()
@click.argument("name")
@click.option("--until", type=DAY, help="Not before this day.")
@click.option("--days", type=click.IntRange(1), help="Not before so many days from now.")
@pass_ctx
def snooze(kith: Ctx, name: str, until: datetime | None, days: int | None) -> int:
    """Remind me of NAME later."""
    from daemon.service import contacts as book
    from daemon.service import hand

    if (until is None) == (days is None):
        raise click.UsageError("Give either --until DAY or --days N.")
    day: date = until.date() if until else kith.today() + timedelta(days=days or 0)
    at = datetime.combine(day, time(), kith.zone)
    with kith.store.write() as conn:
        hand.snooze(conn, book.find(conn, name), at, kith.now())
    click.echo(f"Not before {day.isoformat()} ({ago(day, kith.now(), kith.zone)}).")
    return 0


@click.command()
@click.argument("name")
@pass_ctx
def skip(kith: Ctx, name: str) -> int:
    """Not this time: NAME comes back after one whole cadence."""
    from daemon.service import contacts as book
    from daemon.service import hand

    with kith.store.write() as conn:
        until = hand.skip(conn, kith.settings, book.find(conn, name), kith.now())
    click.echo(f"Skipped; due again {ago(until, kith.now(), kith.zone)}.")
    return 0


@click.command()
@click.argument("interaction_id", metavar="ID", type=int)
@click.option("--counts/--does-not-count", "counted", default=None, help="What it shall be.")
@click.option("--clear", is_flag=True, help="Leave it to the rules again.")
@pass_ctx
def overrule(kith: Ctx, interaction_id: int, counted: bool | None, clear: bool) -> int:
    """Say that the exchange with this ID counts, or does not (`kith why NAME` shows the IDs)."""
    from daemon.service import hand

    if clear == (counted is not None):
        raise click.UsageError("Give one of --counts, --does-not-count and --clear.")
    with kith.store.write() as conn:
        name = hand.set_overrule(conn, rules(kith), interaction_id, None if clear else counted)
    click.echo(f"{name}: noted.")
    return 0


@click.command()
@click.argument("question_id", metavar="[ID]", type=int, required=False)
@click.option("--yes/--no", default=None, help="The answer; asked for if not given.")
@pass_ctx
def confirm(kith: Ctx, question_id: int | None, yes: bool | None) -> int:
    """Answer the question ID kith held back on; without ID, show what is asked."""
    from daemon.service import hand
    from daemon.service.overview import asked
    from daemon.store import questions

    with kith.store.read() as conn:
        waiting = {q.id: asked(q) for q in questions.open_rows(conn)}
    if question_id is None:
        click.echo("\n".join(waiting.values()) or "Nothing waits for your word.")
        return 0
    if yes is None:
        if question_id in waiting:
            click.echo(waiting[question_id])
        yes = click.confirm("Take it for true?", default=False)
    with kith.store.write() as conn:
        said = hand.confirm(conn, kith.settings, question_id, yes, kith.now(), secret=secret(kith))
    click.echo(said)
    return 0


@click.command()
@click.argument("address")
@pass_ctx
def unfreeze(kith: Ctx, address: str) -> int:
    """Use ADDRESS again, though mail to it came back."""
    from daemon.core.address import normalise
    from daemon.service import hand

    with kith.store.write() as conn:
        hand.unfreeze(conn, normalise(address) or address, kith.now())
    click.echo(f"{address} is used again.")
    return 0


@click.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_ctx
def forget(kith: Ctx, name: str, yes: bool) -> int:
    """Remove NAME, all that was kept about them, and our reminders and drafts for them."""
    from daemon.service import contacts as book

    with kith.store.read() as conn:
        who = book.find(conn, name)
        title = book.name_of(conn, who)
    if not yes and not click.confirm(f"Forget {title}, with everything that was kept about them?", default=False):
        click.echo("Nothing was done.")
        return 1
    with kith.store.write() as conn:
        at_once = book.forget(conn, who, kith.settings, kith.now())
    if at_once:
        click.echo(f"{title} is forgotten.")
    else:
        click.echo(f"{title} is forgotten with the next round, once our reminders and drafts for them are withdrawn.")
    return 0
