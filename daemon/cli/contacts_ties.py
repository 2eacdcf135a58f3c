"""`kith contacts` merge, split, assign, and how things stand with somebody: pause, resume, do-not-contact, deceased."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import click

from daemon.cli.contacts_common import rules
from daemon.cli.context import Ctx, pass_ctx
from daemon.cli.output import DAY, day

if TYPE_CHECKING:
    from sqlalchemy import Connection

TAKEN = "What we left for them is withdrawn with the next round, but for what you edited: that is yours."


@click.command()
@click.argument("keep")
@click.argument("others", nargs=-1, required=True)
@pass_ctx
def merge(kith: Ctx, keep: str, others: Sequence[str]) -> int:
    """Make OTHERS part of KEEP: they are one person."""
    from daemon.core.errors import UserMistake
    from daemon.service import contacts as book
    from daemon.service import joining

    with kith.store_upgraded.write() as conn:
        one = book.find(conn, keep)
        rest = [book.find(conn, other) for other in others]
        if one in rest:
            raise UserMistake(f"“{keep}” is the same contact: name the other by its number or address.")
        names = [book.name_of(conn, r) for r in rest]
        joining.merge(conn, rules(kith), one, rest)
        title = book.name_of(conn, one)
    click.echo(f"{', '.join(names)} and {title} are one contact now: {title} (#{one}).")
    return 0


@click.command()
@click.argument("who")
@click.option("--address", "addresses", multiple=True, help="An address that is the other person's.")
@click.option("--record", "records", multiple=True, nargs=2, metavar="SOURCE ID", help="As `contacts show` names it.")
@click.option("--name", default="", help="The other person's name.")
@pass_ctx
def split(kith: Ctx, who: str, addresses: Sequence[str], records: Sequence[tuple[str, str]], name: str) -> int:
    """Take somebody else out of WHO: some addresses or records become a contact of their own."""
    from daemon.service import contacts as book
    from daemon.service import joining

    with kith.store_upgraded.write() as conn:
        found = book.find(conn, who)
        new = joining.split(conn, rules(kith), found, given=addresses, records=records, name=name)
        old_name, new_name = book.name_of(conn, found), book.name_of(conn, new)
    click.echo(f"{new_name} (#{new}) is a contact of their own now, apart from {old_name} (#{found}).")
    return 0


@click.command()
@click.argument("address")
@click.argument("who", required=False)
@click.option("--nobody", is_flag=True, help="Several share it: it counts for nobody.")
@pass_ctx
def assign(kith: Ctx, address: str, who: str | None, nobody: bool) -> int:
    """Say whose contact through a shared ADDRESS is: WHO's, or nobody's."""
    from daemon.core.errors import UserMistake
    from daemon.service import contacts as book
    from daemon.service import joining

    if bool(who) == nobody:
        raise UserMistake("Say who the address belongs to, or --nobody.")
    with kith.store_upgraded.write() as conn:
        to = book.find(conn, who) if who else None
        joining.assign(conn, rules(kith), address, to)
        title = book.name_of(conn, to) if to is not None else ""
    click.echo(f"Contact through {address} counts for {title or 'nobody'} now.")
    return 0


@click.command()
@click.argument("who")
@click.option("--until", type=DAY, help="The day they are active again.")
@pass_ctx
def pause(kith: Ctx, who: str, until: datetime | None) -> int:
    """No reminders and drafts about WHO for a while."""
    from daemon.core.errors import UserMistake
    from daemon.service import contacts as book

    at = until.replace(tzinfo=kith.zone) if until else None
    if at is not None and at <= kith.now():
        raise UserMistake("A pause has to end in the future.")
    title = _done(kith, who, lambda conn, found: book.pause(conn, found, at))
    when = f"until {day(at, kith.zone)}" if at else "until `kith contacts resume`"
    click.echo(f"{title} is paused {when}. {TAKEN}")
    return 0


@click.command()
@click.argument("who")
@pass_ctx
def resume(kith: Ctx, who: str) -> int:
    """WHO is active again: after a pause, do-not-contact, or being taken for dead."""
    from daemon.service import contacts as book

    title = _done(kith, who, lambda conn, found: book.resume(conn, rules(kith), found))
    click.echo(f"{title} is active again.")
    return 0


@click.command("do-not-contact")
@click.argument("who")
@pass_ctx
def do_not_contact(kith: Ctx, who: str) -> int:
    """Never a reminder or draft about WHO again; their mail is still logged."""
    from daemon.service import contacts as book

    title = _done(kith, who, book.do_not_contact)
    click.echo(f"{title} is not to be contacted. {TAKEN}")
    return 0


@click.command()
@click.argument("who")
@pass_ctx
def deceased(kith: Ctx, who: str) -> int:
    """WHO has died: nothing is wanted for them any more."""
    from daemon.service import contacts as book

    title = _done(kith, who, lambda conn, found: book.deceased(conn, rules(kith), found))
    click.echo(f"{title} is marked as deceased. {TAKEN}")
    return 0


def _done(kith: Ctx, who: str, change: Callable[[Connection, int], object]) -> str:
    """Change one person's standing; their name."""
    from daemon.service import contacts as book

    with kith.store_upgraded.write() as conn:
        found = book.find(conn, who)
        change(conn, found)
        return book.name_of(conn, found)


COMMANDS = (merge, split, assign, pause, resume, do_not_contact, deceased)
