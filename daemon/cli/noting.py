"""`kith note` and `kith company`: what the user tells of others that is a reason to write."""

from __future__ import annotations

from datetime import datetime

import click

from daemon.cli.asked import listed, spoken, taken_back
from daemon.cli.context import Ctx, pass_ctx
from daemon.cli.output import DAY, json_option


@click.command()
@click.argument("name", required=False)
@click.option(
    "--achievement", metavar="WORDS", help="What they achieved, said to them: “your talk” or “you won a prize”."
)
@click.option("--job", metavar="WORDS", help="Their new job; the letter quotes it.")
@click.option("--title", metavar="WORDS", help="Their new title; the letter quotes it.")
@click.option("--recommendation", metavar="WORDS", help="They recommended you: for what, to whom (“” says nothing).")
@click.option("--introduction", metavar="WORDS", help="They introduced you: to whom (“” says nothing).")
@click.option("--date", "day", type=DAY, help="When it was. Default: today.")
@click.option("--list", "listing", is_flag=True, help="Show what was noted (of NAME).")
@click.option("--undo", type=int, metavar="ID", help="Take a note back.")
@json_option
@pass_ctx
def note(
    kith: Ctx,
    name: str | None,
    achievement: str | None,
    job: str | None,
    title: str | None,
    recommendation: str | None,
    introduction: str | None,
    day: datetime | None,
    listing: bool,
    undo: int | None,
    as_json: bool,
) -> int:
    """Note something of NAME that is worth a letter: congratulations, or thanks."""
    from daemon.core import reasons as kinds
    from daemon.service import noting
    from daemon.service.finding import find
    from daemon.service.people import people, with_languages
    from daemon.store import reasons

    if listing:
        return _list_notes(kith, name, as_json)
    if undo is not None:
        return taken_back(
            kith,
            lambda conn: reasons.unnote(conn, undo),
            missing=f"There is no note {undo} (`kith note --list` shows them).",
            said="The note is taken back; its letter goes with the next round, if you have not touched it.",
        )
    given = {
        kinds.ACHIEVEMENT: achievement,
        kinds.JOB: job if job is not None else title,
        kinds.RECOMMENDATION: recommendation,
        kinds.INTRODUCTION: introduction,
    }
    said = {kind: words.strip() for kind, words in given.items() if words is not None}
    if name is None or len(said) != 1 or (job is not None and title is not None):
        raise click.UsageError('Say of whom and one thing: kith note NAME --achievement "your talk at PyCon"')
    (kind, words) = next(iter(said.items()))
    if not words and kind in (kinds.ACHIEVEMENT, kinds.JOB):
        raise click.UsageError("Say it in a few words; the letter quotes them.")
    with kith.store_upgraded.write() as conn:
        who = find(conn, name)
        what = noting.note(conn, who, kind, words, day.date() if day else kith.today(), kith.now())
        found = people(conn, kith.settings, kith.now(), only=[who])
        (person,) = with_languages(conn, found, spoken(kith), news=True)
        click.echo(noting.follows(conn, person, what, kith.today()))
    return 0


def _list_notes(kith: Ctx, name: str | None, as_json: bool) -> int:
    from daemon.service.finding import find, name_of
    from daemon.store import reasons

    with kith.store.read() as conn:
        rows = reasons.notes(conn, find(conn, name) if name else None)
        names = {r.contact_id: name_of(conn, r.contact_id) for r in rows}
    return listed(
        as_json,
        [
            {
                "id": r.id,
                "contact": names[r.contact_id],
                "kind": r.what.kind,
                "day": r.what.day,
                "title": r.what.title,
                "source": r.what.source,
                "noted_at": r.what.noted_at,
            }
            for r in rows
        ],
        ("id", "contact", "kind", "day", "words", "from"),
        [(r.id, names[r.contact_id], r.what.kind, r.what.day, r.what.title, r.what.source) for r in rows],
        empty="Nothing was noted yet.",
    )


@click.command()
@click.argument("name", required=False)
@click.option("--founded", metavar="DATE", help="2001-05-17, or --founded=--05-17 without the year.")
@click.option("--remove", is_flag=True, help="Keep nothing of it any more.")
@json_option
@pass_ctx
def company(kith: Ctx, name: str | None, founded: str | None, remove: bool, as_json: bool) -> int:
    """Keep a company's founding date: its people are congratulated on it. Without a NAME: list them."""
    from daemon.core.errors import UserMistake
    from daemon.formats.cards import partial_date
    from daemon.store import reasons

    if name is not None and not name.strip():
        raise UserMistake("Say the company's name.")
    if name is None:
        with kith.store.read() as conn:
            found = sorted(reasons.companies(conn).values(), key=lambda c: c.name.casefold())
        return listed(
            as_json,
            [{"name": c.name, "founded": c.founded} for c in found],
            ("company", "founded"),
            [(c.name, c.founded) for c in found],
            empty="No company is kept yet.",
        )
    if remove:
        missing = f"Nothing is kept of a company “{name}” (`kith company` lists them)."
        return taken_back(kith, lambda conn: reasons.remove_company(conn, name), missing=missing, said="Removed.")
    if founded is None:
        raise click.UsageError("Say when it was founded: kith company NAME --founded 2001-05-17")
    if partial_date(founded) != founded:
        raise UserMistake(f"“{founded}” is no date: write 2001-05-17, or --05-17 without the year.")
    if founded > kith.today().isoformat():  # without a year it begins with a hyphen, which sorts before any digit
        raise UserMistake(f"{founded} is still to come: write the day it was founded.")
    with kith.store_upgraded.write() as conn:
        reasons.put_company(conn, name.strip(), founded, kith.now())
    click.echo("Kept. Contacts whose organisation bears this name are its people.")
    return 0
