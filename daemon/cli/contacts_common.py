"""What the commands of `kith contacts` share: options that say what is true of somebody, the rules, the secret."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from daemon.cli.context import Ctx
from daemon.core.policy import CIRCLES, TIERS

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from daemon.service.contacts import Change
    from daemon.service.judging import Rules

F = TypeVar("F", bound=Callable[..., Any])

DATES = ("birthday", "work", "company", "wedding")
FIELD_OPTIONS = {
    "given": "Given name, where the name alone does not say.",
    "family": "Family name.",
    "patronymic": "Patronymic, as in «Анна Сергеевна».",
    "organisation": "Company or other organisation.",
    "title": "What they are there.",
    "profession": "Profession, for its holidays.",
    "city": "City.",
    "country": "Country.",
    "time_zone": "Time zone, as Europe/Moscow.",
    "language": "Language of letters, as ru or en.",
    "form": "Form of address: formal or familiar.",
    "url": "A page of theirs.",
}


def what_to_set(command: F) -> F:
    """The options that say what is true of somebody."""
    options = [
        click.option(
            "--address", "addresses", multiple=True, metavar="ADDRESS", help="A mail address; may be repeated."
        ),
        *(click.option(f"--{n.replace('_', '-')}", n, default=None, help=h) for n, h in FIELD_OPTIONS.items()),
        *(click.option(f"--{d}", d, default=None, metavar="DATE", help=_date_help(d)) for d in DATES),
        click.option("--circle", "circles", multiple=True, help=f"{', '.join(CIRCLES)}, or your own; may be repeated."),
        click.option("--tier", type=click.Choice(TIERS), default=None, help="How much the tie matters."),
        click.option("--notes", default=None, help="For yourself; never leaves the store."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _date_help(kind: str) -> str:
    what = {"birthday": "Birthday", "work": "Start at their work", "company": "Their company's founding"}
    return f"{what.get(kind, 'Wedding')}: 1985-04-15, or --{kind}=--04-15 without the year."


def rules(kith: Ctx) -> Rules:
    """What verdicts depend on, as of now."""
    from daemon.service.judging import Rules

    return Rules(kith.settings.policies, kith.now())


def secret(kith: Ctx) -> bytes:
    """The key secret: it makes the marks of the forgotten."""
    from daemon.service.secrets import key_secret

    return key_secret(kith.settings.state)


def change(said: dict[str, Any]) -> Change:
    """What the options say."""
    from daemon.service.contacts import Change

    return Change(
        fields={name: said[name] for name in FIELD_OPTIONS if said.get(name) is not None},
        addresses=tuple(said["addresses"]),
        without=tuple(said.get("without", ())),
        dates={kind: said[kind] for kind in DATES if said.get(kind) is not None},
        notes=said["notes"],
        tier=said["tier"],
        circles=tuple(said["circles"]),
        not_circles=tuple(said.get("not_circles", ())),
    )


def note_new_circles(kith: Ctx, circles: Sequence[str]) -> None:
    """Tell the user where a circle is not a known one: it may be a slip of the hand."""
    known = {*CIRCLES, *kith.settings.policies.circles}
    for circle in circles:
        if circle.strip().casefold() not in known:
            near = like_circle(circle, known)
            hint = f" Did you mean {near}? `--remove-circle {circle}` takes it back." if near else ""
            click.echo(f"Note: “{circle}” is a circle of your own; its cadence is the default one.{hint}", err=True)


def like_circle(word: str, known: Collection[str]) -> str:
    """The circle a word that names none may have meant: the same in Russian, or spelt much like it; else ""."""
    from difflib import get_close_matches

    from daemon.cli.contacts_triage import propose

    near = [*propose((word,)), *get_close_matches(word.casefold(), sorted(known), n=1)]
    return near[0] if near else ""


def refuse_own(kith: Ctx, given: Sequence[str]) -> None:
    """The user is nobody's contact: mail between addresses of one's own says nothing."""
    from daemon.core.address import match, normalise
    from daemon.core.errors import UserMistake

    me = frozenset(normalise(a) for a in kith.settings.me.addresses)
    for address in given:
        if match(normalise(address), me):
            raise UserMistake(f"{address} is an address of your own (addresses under [me] in the configuration).")


def note_shared(conn: Connection, given: Sequence[str]) -> None:
    """Tell the user which of these addresses count for nobody."""
    from daemon.core.address import normalise
    from daemon.store import addresses

    for state in addresses.states(conn, [normalise(a) for a in given]).values():
        if state.owner is None:
            click.echo(
                f"Note: {state.address} is used by several or belongs to a desk: contact through it counts for nobody "
                f"until `kith contacts assign {state.address} WHO`.",
                err=True,
            )
