"""`kith cadence`: how often somebody is to be heard of, proposed from how often you really are in touch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from daemon.cli.context import Ctx, pass_ctx
from daemon.cli.output import emit_json, table

if TYPE_CHECKING:
    from daemon.service.rhythms import Proposal


@click.command()
@click.argument("name", required=False)
@click.option("--suggest", is_flag=True, help="Propose cadences from the real rhythm, and ask about each.")
@click.option("--accept", "accepted", multiple=True, metavar="NAME", help="With --suggest: take this one, ask nothing.")
@click.option("--accept-all", is_flag=True, help="With --suggest: take them all, ask nothing.")
@click.option("--set", "length", metavar="LENGTH", help='Set it for NAME: "6 weeks", "quarterly" ...')
@click.option("--clear", is_flag=True, help="Leave NAME to the configuration again.")
@click.option("--json", "as_json", is_flag=True, help="With --suggest: list them as JSON, ask nothing.")
@pass_ctx
def cadence(
    kith: Ctx,
    name: str | None,
    suggest: bool,
    accepted: tuple[str, ...],
    accept_all: bool,
    length: str | None,
    clear: bool,
    as_json: bool,
) -> int:
    """How long you may go without contact with NAME. What you accept or set here is kept with the person; a policy of
    their own in the configuration goes before it, everything else after.
    """
    if suggest and name is None and not length and not clear:
        return _suggest(kith, accepted, accept_all, as_json)
    if name is None or suggest or accepted or accept_all or (length is not None) == clear:
        raise click.UsageError("Give either --suggest, or a NAME with --set LENGTH or --clear.")
    return _set(kith, name, length)


def _set(kith: Ctx, name: str, length: str | None) -> int:
    from datetime import timedelta

    from daemon.config.values import parse_duration
    from daemon.core.errors import UserMistake
    from daemon.service import contacts as book
    from daemon.service import rhythms

    found = parse_duration(length) if length is not None else None
    if length is not None and (found is None or not timedelta(days=1) <= found <= timedelta(days=3650)):
        raise UserMistake(f"“{length}” is no cadence: write 30d, 6 weeks, monthly, quarterly or yearly.")
    with kith.store.write() as conn:
        who = book.find(conn, name)
        rhythms.accept(conn, who, found)
        title = book.name_of(conn, who)
    click.echo(f"{title}: {f'every {found.days} days' if found else 'as the configuration has it'}.")
    return 0


def _suggest(kith: Ctx, names: tuple[str, ...], everything: bool, as_json: bool) -> int:
    from daemon.service import contacts as book
    from daemon.service import rhythms

    with kith.store.read() as conn:
        found = rhythms.proposals(conn, kith.settings, kith.now())
        wanted = [book.find(conn, name) for name in names]
    if as_json:
        emit_json([_plain(p) for p in found])
        return 0
    _list(found)
    if not found:
        return 0
    refused: list[Proposal] = []
    if names or everything:
        chosen = [p for p in found if everything or p.person.contact_id in wanted]
        for who in set(wanted) - {p.person.contact_id for p in found}:
            with kith.store.read() as conn:
                click.echo(f"Nothing is proposed for {book.name_of(conn, who)}.", err=True)
    else:
        chosen = [p for p in found if click.confirm(f"{p.person.name}: every {p.cadence.days} days?", default=False)]
        refused = [p for p in found if p not in chosen]
    with kith.store.write() as conn:
        for proposal in (*chosen, *refused):
            rhythms.decide(conn, proposal, proposal in chosen, kith.now())
    click.echo(
        f"{len(chosen)} accepted. `kith cadence NAME --clear` takes one back."
        + " The others are not asked again." * bool(refused)
    )
    return 0


def _list(found: list[Proposal]) -> None:
    table(
        ("contact", "now", "because of", "proposed", "from"),
        [
            (
                p.person.name,
                f"{p.person.policy.cadence.days} days",
                p.person.policy.rule,
                f"{p.cadence.days} days",
                p.evidence,
            )
            for p in found
        ],
        empty="Nothing to propose: every cadence fits, or there was too little contact to tell.",
    )


def _plain(p: Proposal) -> dict[str, object]:
    return {
        "contact": p.person.name,
        "cadence_days": p.person.policy.cadence.days,
        "rule": p.person.policy.rule,
        "proposed_days": p.cadence.days,
        "contact_days": p.talks,
    }
