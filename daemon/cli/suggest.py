"""`kith suggest`: guesses that wait for the user's word. `kith holidays`: the professional holidays there are."""

from __future__ import annotations

import click

from daemon.cli.contacts_common import rules
from daemon.cli.context import Ctx, pass_ctx
from daemon.cli.output import ago, emit_json, json_option, table


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def suggest(ctx: click.Context, as_json: bool) -> int | None:
    """Guesses that wait for your word: a new job, an introduction, an anniversary, a pause.

    Nothing follows from one until you accept it; declined once it is never asked again.
    """
    if ctx.invoked_subcommand is not None:
        return None
    kith = ctx.find_object(Ctx)
    assert kith is not None  # noqa: S101 - the group above has made it
    return _list(kith, as_json)


def _list(kith: Ctx, as_json: bool) -> int:
    from daemon.service import suggesting
    from daemon.store import suggestions

    with kith.store_upgraded.write() as conn:
        suggesting.gather(conn, kith.settings, kith.now())
        found = suggestions.rows(conn)
    if as_json:
        emit_json(
            [
                {
                    "id": s.id,
                    "kind": s.guess.kind,
                    "contact": s.name,
                    "question": s.guess.question,
                    "source": s.guess.source,
                    "found_at": s.found_at,
                }
                for s in found
            ]
        )
        return 0
    table(
        ("id", "suggestion", "because of", "since"),
        [(s.id, s.guess.question, s.guess.source, ago(s.found_at, kith.now(), kith.zone)) for s in found],
        empty="There is nothing to suggest.",
    )
    if found:
        click.echo("\n`kith suggest accept ID ...` or `kith suggest decline ID ...`")
    return 0


@suggest.command()
@click.argument("numbers", nargs=-1, type=int, required=True, metavar="ID ...")
@pass_ctx
def accept(kith: Ctx, numbers: tuple[int, ...]) -> int:
    """Yes: do what the suggestion says."""
    from daemon.service import suggesting

    for number in numbers:
        with kith.store_upgraded.write() as conn:
            click.echo(suggesting.accept(conn, rules(kith), kith.settings, number))
    return 0


@suggest.command()
@click.argument("numbers", nargs=-1, type=int, required=True, metavar="ID ...")
@pass_ctx
def decline(kith: Ctx, numbers: tuple[int, ...]) -> int:
    """No, and never ask it again."""
    from daemon.service import suggesting

    for number in numbers:
        with kith.store_upgraded.write() as conn:
            suggesting.decline(conn, number, kith.now())
    click.echo("Noted: it is not asked again.")
    return 0


@click.command()
@click.option("--year", type=click.IntRange(1970, 2100), help="Default: this year.")
@json_option
@pass_ctx
def holidays(kith: Ctx, year: int | None, as_json: bool) -> int:
    """The professional holidays there are, their days, and which of them are switched on."""
    from daemon.config.holidays import shipped

    year = year or kith.now().astimezone(kith.zone).year
    on = {h.id: h for h in kith.settings.holidays}
    rows = [(day, h) for h in {**shipped(), **on}.values() if (day := h.day(year)) is not None]
    rows.sort(key=lambda row: (row[0], row[1].id))
    language = kith.settings.me.language
    if as_json:
        emit_json(
            [
                {
                    "id": h.id,
                    "day": day,
                    "names": dict(h.names),
                    "countries": list(h.countries),
                    "enabled": h.id in on,
                    "source": h.source,
                }
                for day, h in rows
            ]
        )
        return 0
    table(
        ("", "day", "id", "name", "countries", "set by"),
        [
            (
                "on" if h.id in on else "",
                day,
                h.id,
                h.names.get(language) or next(iter(h.names.values())),
                " ".join(h.countries),
                h.source,
            )
            for day, h in rows
        ],
    )
    return 0
