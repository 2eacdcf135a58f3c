"""`kith agenda NAME`: what to talk about with somebody next time."""

from __future__ import annotations

import click

from daemon.cli.context import Ctx, pass_ctx
from daemon.cli.output import day, emit_json, table


@click.command()
@click.argument("name")
@click.argument("verb", type=click.Choice(["list", "add", "done"]), default="list")
@click.argument("words", nargs=-1)
@click.option("--confidential", is_flag=True, help="With add: it may not appear in an event.")
@click.option("--all", "everything", is_flag=True, help="With list: also what was talked about.")
@click.option("--json", "as_json", is_flag=True, help="With list: as JSON.")
@pass_ctx
def agenda(
    kith: Ctx, name: str, verb: str, words: tuple[str, ...], confidential: bool, everything: bool, as_json: bool
) -> int:
    """What to talk about with NAME next time; the reminder that stands says it after the next round.

    kith agenda NAME add TEXT, kith agenda NAME, kith agenda NAME done NUMBER
    """
    from daemon.core.errors import UserMistake
    from daemon.service import contacts as book
    from daemon.store import agendas

    text = " ".join(words).strip()
    if verb == "add":
        if not text:
            raise click.UsageError("Say what to talk about: kith agenda NAME add TEXT")
        with kith.store.write() as conn:
            number = agendas.add(conn, book.find(conn, name), text, kith.now(), confidential=confidential)
        click.echo(f"Noted as {number} (`kith agenda {name!r} done {number}` once you have talked about it).")
    elif verb == "done":
        if not text.isdigit():
            raise click.UsageError("Say which, by its number: kith agenda NAME done 3")
        with kith.store.write() as conn:
            if not agendas.settle(conn, book.find(conn, name), int(text), kith.now()):
                raise UserMistake(f"Nothing open has the number {text} there: `kith agenda {name!r}` shows them.")
        click.echo("Noted as done.")
    else:
        _list(kith, name, everything, as_json)
    return 0


def _list(kith: Ctx, name: str, everything: bool, as_json: bool) -> None:
    from daemon.service import contacts as book
    from daemon.store import agendas

    with kith.store.read() as conn:
        rows = agendas.of_contact(conn, book.find(conn, name), done=everything)
    if as_json:
        fields = ("id", "text", "confidential", "added_at", "done_at")
        emit_json([{field: getattr(r, field) for field in fields} for r in rows])
        return
    today = kith.today()
    table(
        ("number", "since", "what", ""),
        [(r.id, day(r.added_at, kith.zone, today), r.text, "done" if r.done_at else "") for r in rows],
        empty="Nothing is on the agenda.",
    )
