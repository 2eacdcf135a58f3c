"""What the commands that ask for letters to many have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from daemon.cli.output import counted, emit_json, table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Connection

    from daemon.cli.context import Ctx
    from daemon.service.telling import Asked


def taken_back(kith: Ctx, done: Callable[[Connection], bool], *, missing: str, said: str) -> int:
    """Take back one thing that was told, by its number or name.

    Raises:
        UserMistake: there is no such thing; ``missing`` is the sentence.
    """
    from daemon.core.errors import UserMistake

    with kith.store_upgraded.write() as conn:
        if not done(conn):
            raise UserMistake(missing)
    click.echo(said)
    return 0


def listed(
    as_json: bool,
    objects: Sequence[Mapping[str, object]],
    head: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    empty: str,
) -> int:
    """Show what was told: all of it as JSON, or what matters as a table. ``empty`` is said where there is nothing."""
    if as_json:
        emit_json(list(objects))
    else:
        table(head, rows, empty=empty)
    return 0


def say(asked: Asked) -> None:
    """To whom there will be a draft, and to whom none and why."""
    if asked.names:
        n = len(asked.names)
        click.echo(f"{counted(n, 'draft')} to {', '.join(asked.names)}: with the next round.")
    say_without(asked.without)
    if asked.doubt:
        click.echo(asked.doubt)


def say_without(without: Sequence[tuple[str, str]]) -> None:
    """To whom there will be none, a line for each reason; with the remedy where a word of the user's is one."""
    from daemon.service.telling import UNKNOWN_LANGUAGE

    for why in dict.fromkeys(why for _, why in without):
        names = [name for name, reason in without if reason == why]
        remedy = " (`kith contacts edit NAME --language en` says it)" if why == UNKNOWN_LANGUAGE else ""
        click.echo(f"None to {', '.join(names)}: {why}{remedy}.")


def only_watching(kith: Ctx) -> None:
    """Say so where nothing is written yet: what is asked for before `kith enable` makes no letter afterwards either."""
    from daemon.store import enablement

    with kith.store.read() as conn:
        enabled = enablement.all_since(conn)
    if not enabled:
        click.echo("But kith only watches until you say `kith enable`; ask again after that.")


def spoken(kith: Ctx) -> tuple[str, ...]:
    """The languages there are templates in."""
    from daemon.config.shipped import shipped_folder
    from daemon.service.render import Renderer

    return Renderer(shipped_folder("templates"), kith.settings.templates).languages()
