"""`kith policy NAME`: what holds for one person, and which rule says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from daemon.cli.context import Ctx, pass_ctx
from daemon.cli.output import ago, day, emit_json, json_option, table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.core.policy import WorkingHours
    from daemon.core.wants import Person

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@click.command()
@click.argument("name")
@json_option
@pass_ctx
def policy(kith: Ctx, name: str, as_json: bool) -> int:
    """What holds for NAME: how often, which drafts, what counts, and which rule of the configuration says so."""
    from daemon.config.shipped import shipped_folder
    from daemon.core.due import due
    from daemon.service import contacts as book
    from daemon.service.people import people, with_languages
    from daemon.service.render import Renderer
    from daemon.store import contacts

    spoken = Renderer(shipped_folder("templates"), kith.settings.templates).languages()
    with kith.store.read() as conn:
        who = book.find(conn, name)
        own = contacts.load(conn, [who])[who].fields
        found = people(conn, kith.settings, kith.now(), only=[who])
        (person,) = with_languages(conn, found, spoken, news=True)
    values, at = _values(person, own, kith.settings.hours), due(person)
    today = kith.today()
    if as_json:
        emit_json(
            {
                "contact": person.name,
                "circles": list(person.circles),
                "tier": person.tier,
                "kept": person.kept,
                "policy": {what: {"value": value, "from": rule} for what, value, rule in values},
                "due": at.astimezone(kith.zone).date() if at else None,
                "form": person.turn.form,
                "unanswered": person.unanswered,
                "doubled": _doubled(person),
            }
        )
        return 0
    ties = ", ".join([*person.circles, *([f"tier {person.tier}"] if person.tier else [])])
    click.echo(f"{person.name}: {ties or 'known, not kept: nothing is wanted for them'}\n")
    table(("what", "value", "from"), [(what.replace("_", " "), _shown(value), rule) for what, value, rule in values])
    if person.state:
        click.echo(f"\n{person.state.capitalize()}: nothing is wanted for them now.")
    elif at is not None:
        soon, date = ago(at, kith.now(), kith.zone), day(at, kith.zone, today)  # far off, both are the date
        more = [*([date] if date != soon else []), *([FORM_WORDS[person.turn.form]] if person.turn.form else [])]
        asides = f" ({', '.join(more)})" if more else ""
        click.echo(f"\nDue {soon}{asides}.")
    if person.kept and not person.speaks:
        click.echo(
            "A letter to them has no language: reminders come instead. `kith contacts edit NAME --language en` says it,"
            " or language in a policy."
        )
    if _doubled(person):
        click.echo(f"{person.unanswered} letters in a row without an answer: the interval is doubled.")
    return 0


FORM_WORDS = {"mail": "a letter", "talk": "a talk", "meeting": "a meeting"}


def _doubled(person: Person) -> bool:
    from daemon.core.cadence import DOUBLED_AFTER

    return person.unanswered >= DOUBLED_AFTER


def _values(person: Person, own: Mapping[str, str], usual: WorkingHours) -> list[tuple[str, Any, str]]:
    """Each thing a policy may say, what it is, and the rule; what nobody says is left out.

    What is known of the person (their ``own`` fields) goes before any policy; a language nobody said is that of
    past mail. Days and hours are the ``usual`` ones where no policy says others.
    """
    p = person.policy
    days, hours = p.days or usual.days, p.hours or (usual.start, usual.end)
    sources = {"days": "[hours]", "hours": "[hours]", **p.sources}
    if person.speaks and person.speaks != p.language:
        sources["language"] = "past mail"
    sources |= {what: OWN for what in ("language", "form") if own[what]}
    said: list[tuple[str, Any]] = [
        ("drafts", sorted(p.drafts)),
        ("resets", sorted(p.resets)),
        ("max_people", p.caps.max_people),
        ("max_recipients", p.caps.max_recipients),
        ("count_cc", p.caps.count_cc),
        ("language", own["language"] or person.speaks or p.language),
        ("form", own["form"] or p.form),
        ("days", [WEEKDAYS[d - 1] for d in sorted(days)]),
        ("hours", "-".join(f"{at:%H:%M}" for at in hours)),
    ]
    rows: list[tuple[str, Any, str]] = [("cadence_days", p.cadence.days, p.rule)]
    if p.forms:
        rows.append(("forms", {form: every.days for form, every in p.forms}, p.rule))
    return rows + [(what, value, sources[what]) for what, value in said if what in sources]


OWN = "known of them"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{form} every {days} days" for form, days in value.items())
    return ", ".join(value) or "none" if isinstance(value, list) else str(value)
