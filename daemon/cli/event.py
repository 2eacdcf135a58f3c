"""`kith event`: a conference, and whom the user met there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from pathlib import Path

import click

from daemon.cli.asked import listed, taken_back
from daemon.cli.contacts_common import rules, secret
from daemon.cli.context import Ctx, pass_ctx
from daemon.cli.output import DAY, counted, json_option


@click.group()
def event() -> None:
    """Conferences and the like, and the people you met there."""


@event.command("add")
@click.argument("name")
@click.option("--date", "begins", type=DAY, required=True, help="The day, or the first one.")
@click.option("--until", type=DAY, help="The last day.")
@click.option(
    "--with",
    "files",
    multiple=True,
    required=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Whom you met: vCard, CSV, or plain lines like “Anna Example <anna@example.org>”. May be repeated.",
)
@click.option("--circle", default="conference", show_default=True, help="For those who are in no circle and no tier.")
@pass_ctx
def event_add(
    kith: Ctx, name: str, begins: datetime, until: datetime | None, files: Sequence[Path], circle: str
) -> int:
    """Keep the conference NAME and whom you met there: a letter of thanks each, then their cadence."""
    from daemon.service import noting
    from daemon.service.people_files import read_paths

    batches = read_paths(files)
    days = (begins.date(), (until or begins).date())
    with kith.store_upgraded.write() as conn:
        met = noting.gathered(
            conn,
            rules(kith),
            name,
            days,
            batches,
            circle=circle.strip().casefold(),
            secret=secret(kith),
            me=kith.settings.me.addresses,
        )
    click.echo(f"{counted(met.new, 'new contact')}, {met.known} known before.")
    for line in met.broken:
        click.echo(f"kith: {line}", err=True)
    click.echo(_who_is_thanked(kith, met.people, days[1]))
    return 0


def _who_is_thanked(kith: Ctx, who: Collection[int], ended: date) -> str:
    from daemon.core.occasions import THANKS_FOR_EVENT
    from daemon.service.people import people

    if kith.today() - ended > THANKS_FOR_EVENT:
        return f"It was over more than {THANKS_FOR_EVENT.days} days ago: no thanks any more, only their cadence."
    with kith.store.read() as conn:
        found = people(conn, kith.settings, kith.now(), only=who)
    mute = sum(not (p.speaks or p.policy.language or p.reset_at) for p in found)
    said = "Their letters of thanks follow when it is over, within 3 days."
    if mute:
        said += (
            f"\nThe language of {mute} of them is not known: a reminder instead, unless you say it for all of a circle "
            "(language in [policy.circle.conference]) or for one (`kith contacts edit WHO --language en`)."
        )
    return said


@event.command("list")
@json_option
@pass_ctx
def event_list(kith: Ctx, as_json: bool) -> int:
    """The conferences you told of."""
    from daemon.store import reasons

    with kith.store.read() as conn:
        found = reasons.gatherings(conn)
    return listed(
        as_json,
        [{"id": g.id, "name": g.name, "begins": g.begins, "ends": g.ends, "people": g.people} for g in found],
        ("id", "event", "from", "to", "people"),
        [(g.id, g.name, g.begins, g.ends, g.people) for g in found],
        empty="No event is kept yet.",
    )


@event.command("remove")
@click.argument("number", type=int)
@pass_ctx
def event_remove(kith: Ctx, number: int) -> int:
    """Take event NUMBER back. Its people stay; letters you have not touched go."""
    from daemon.store import reasons

    missing = f"There is no event {number} (`kith event list` shows them)."
    return taken_back(kith, lambda conn: reasons.remove_gathering(conn, number), missing=missing, said="Taken back.")
