"""`kith contacts`: add, import, sort out and look up the people you know."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from daemon.cli.contacts_common import (
    DATES,
    change,
    note_new_circles,
    note_shared,
    refuse_own,
    rules,
    secret,
    what_to_set,
)
from daemon.cli.contacts_ties import COMMANDS
from daemon.cli.context import Ctx, pass_ctx
from daemon.cli.output import emit_json, json_option
from daemon.core.policy import TIERS

if TYPE_CHECKING:
    from daemon.service.importing import Report

MANY = 10
"""So many lines of a kind are shown of an import's outcome."""


@click.group()
def contacts() -> None:
    """Add, import, sort out and look up the people you know.

    WHO is a name, the beginning of one, an address, or # and a number.
    """


@contacts.command()
@click.argument("name")
@click.option("--shared", is_flag=True, help="The address is used by another contact as well.")
@what_to_set
@pass_ctx
def add(kith: Ctx, /, name: str, shared: bool, **said: Any) -> int:
    """Add NAME by hand. Brings back somebody you had asked to be forgotten."""
    from daemon.service import contacts as book

    wanted = change(said)
    refuse_own(kith, wanted.addresses)
    note_new_circles(kith, wanted.circles)
    with kith.store_upgraded.write() as conn:
        who = book.add(conn, rules(kith), name, wanted, secret=secret(kith), shared=shared)
        title = book.name_of(conn, who)
        note_shared(conn, wanted.addresses)
    history = " Their past mail is read with the next round." if wanted.addresses else ""
    click.echo(f"{title} is added (#{who}).{history}")
    return 0


@contacts.command()
@click.argument("who")
@click.option("--name", default=None, help="Their name.")
@what_to_set
@click.option("--remove-address", "without", multiple=True, metavar="ADDRESS", help="Not theirs, whoever says so.")
@click.option("--clear", multiple=True, metavar="FIELD", help="Empty a field (or a date) for good.")
@click.option("--remove-circle", "not_circles", multiple=True, metavar="CIRCLE", help="Take out of a circle.")
@click.option("--no-tier", is_flag=True, help="Take the tier away.")
@pass_ctx
def edit(kith: Ctx, /, who: str, name: str | None, clear: Sequence[str], no_tier: bool, **said: Any) -> int:
    """Change what is known of WHO. Your word wins over every address book from now on."""
    from dataclasses import replace

    from daemon.core.errors import UserMistake
    from daemon.service import contacts as book

    wanted = change(said)
    fields, dates = dict(wanted.fields), dict(wanted.dates)
    for text in clear:
        (dates if text in DATES else fields)[text.replace("-", "_")] = ""
    if name is not None:
        fields["name"] = name
    wanted = replace(wanted, fields=fields, dates=dates, tier="" if no_tier else wanted.tier)
    if wanted == book.Change():
        raise UserMistake("Say what to change: `kith contacts edit --help` lists it.")
    refuse_own(kith, wanted.addresses)
    note_new_circles(kith, wanted.circles)
    with kith.store_upgraded.write() as conn:
        found = book.find(conn, who)
        book.edit(conn, rules(kith), found, wanted)
        title = book.name_of(conn, found)
        note_shared(conn, wanted.addresses)
    click.echo(f"{title} is changed.")
    return 0


@contacts.command()
@click.argument("who")
@json_option
@pass_ctx
def show(kith: Ctx, who: str, as_json: bool) -> int:
    """Everything known of WHO, and where each piece came from."""
    from daemon.cli.contacts_view import show_one

    show_one(kith, who, as_json)
    return 0


@contacts.command("list")
@click.argument("text", required=False)
@click.option("--circle", default=None, help="Only this circle.")
@click.option("--tier", type=click.Choice(TIERS), default=None, help="Only this tier.")
@click.option("--kept/--known", "kept", default=None, help="Only those kept, or only those not yet sorted.")
@click.option("--due", "due_only", is_flag=True, help="Only those who are due.")
@json_option
@pass_ctx
def list_(
    kith: Ctx,
    text: str | None,
    circle: str | None,
    tier: str | None,
    kept: bool | None,
    due_only: bool,
    as_json: bool,
) -> int:
    """Who is known, with circles, tier, last contact and when they are due. TEXT narrows it down."""
    from daemon.cli.contacts_view import Filter, list_all

    list_all(kith, Filter(text or "", circle or "", tier or "", kept, due_only), as_json)
    return 0


@contacts.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="The outcome as JSON.")
@pass_ctx
def import_(kith: Ctx, paths: Sequence[Path], as_json: bool) -> int:
    """Take people from vCard files, Google or Outlook CSV, LinkedIn's Connections.csv, or folders of these.

    Importing again brings people up to date and never doubles them; what you set by hand stays.
    """
    from daemon.service import importing

    batches = importing.read_paths(paths)
    with kith.store_upgraded.write() as conn:
        report = importing.import_batches(
            conn, rules(kith), batches, secret=secret(kith), me=kith.settings.me.addresses
        )
    if as_json:
        emit_json(
            {
                "new": report.new,
                "updated": report.updated,
                "unchanged": report.unchanged,
                "passed_over": report.passed_over,
                "broken": [{"item": b.item_id, "reason": b.reason} for b in report.broken],
                "twins": report.twins,
                "shared": [{"address": a, "names": names} for a, names in report.shared],
            }
        )
    else:
        _tell(report)
    return 1 if report.broken and not (report.new or report.updated or report.unchanged) else 0


def _tell(report: Report) -> None:
    click.echo(f"{report.new} new, {report.updated} updated, {report.unchanged} unchanged.")
    if report.passed_over:
        click.echo(f"{report.passed_over} passed over: your own card, or people you asked to be forgotten.")
    _some(
        f"{len(report.broken)} could not be read, or only in part:",
        [f"{item.item_id}: {item.reason}" for item in report.broken],
    )
    _some(
        "Used by several, so contact through it counts for nobody (`kith contacts assign` or `merge` settles it):",
        [f"{address}: {', '.join(names)}" for address, names in report.shared],
    )
    _some(
        "Perhaps the same person (nobody is merged by name alone; `kith contacts merge` does it):",
        [a if a == b else f"{a} / {b}" for a, b in report.twins],
    )
    if report.new:
        click.echo(
            "\nThey are known now: their mail is logged. `kith contacts triage` asks whom to keep in touch with."
        )


def _some(title: str, lines: Sequence[str]) -> None:
    if lines:
        click.echo(f"\n{title}")
        for line in lines[:MANY]:
            click.echo(f"  {line}")
        if len(lines) > MANY:
            click.echo(f"  and {len(lines) - MANY} more (--json lists all)")


@contacts.command()
@click.argument("who", nargs=-1)
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="A file; else standard output.")
@pass_ctx
def export(kith: Ctx, who: Sequence[str], output: Path | None) -> int:
    """Write WHO (or everybody) as vCards that `import` and other address books read."""
    from daemon.formats.vcard import write_cards
    from daemon.service import contacts as book

    with kith.store.read() as conn:
        cards = book.export(conn, [book.find(conn, w) for w in who] if who else None)
    text = write_cards(cards)
    if output is None:
        click.echo(text, nl=False)
        return 0
    from daemon.core.errors import UserMistake

    try:
        output.write_bytes(text.encode("utf-8"))
    except OSError as e:
        raise UserMistake(f"{output} cannot be written ({e.strerror}).") from None
    click.echo(f"{len(cards)} contacts are in {output}.")
    return 0


@contacts.command()
@pass_ctx
def triage(kith: Ctx) -> int:
    """Go through those known but not yet kept, most contact first, and say who they are to you."""
    from daemon.cli.contacts_triage import run

    return run(kith)


for each in COMMANDS:
    contacts.add_command(each)
