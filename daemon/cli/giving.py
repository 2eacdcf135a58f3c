"""`kith share`, `introduce`, `outcome`, `favours`: giving first, and what came of what was given."""

from __future__ import annotations

from collections.abc import Sequence

import click

from daemon.cli.asked import listed, only_watching, say, spoken, taken_back
from daemon.cli.context import Ctx, pass_ctx
from daemon.cli.output import json_option

list_option = click.option("--list", "listing", is_flag=True, help="Show what you asked for.")
TAKEN_BACK = "Taken back; drafts you have not touched go with the next round."
cancel_option = click.option("--cancel", type=int, metavar="ID", help="Take it back, to everybody it was for.")


@click.command()
@click.argument("what", required=False, metavar="URL|FILE")
@click.option("--to", multiple=True, metavar="CIRCLE|NAME", help="To whom. May be repeated.")
@click.option("--note", default="", metavar="WORDS", help="Your own words on it.")
@click.option("--note-in", "notes", nargs=2, multiple=True, metavar="LANG WORDS", help="The same in another language.")
@click.option("--title", default="", metavar="WORDS", help="What it is called.")
@list_option
@cancel_option
@json_option
@pass_ctx
def share(
    kith: Ctx,
    what: str | None,
    to: Sequence[str],
    note: str,
    notes: Sequence[tuple[str, str]],
    title: str,
    listing: bool,
    cancel: int | None,
    as_json: bool,
) -> int:
    """Share a page or a short text: a personal draft to each. Files are not attached."""
    from daemon.service import giving, telling

    if cancel is not None:
        return _cancel(kith, "share", cancel)
    if listing:
        return _list(kith, "share", as_json)
    if not what or not to:
        raise click.UsageError('Say what and to whom: kith share https://example.org/page --to mentor --note "..."')
    words = telling.by_language(note, notes, kith.settings.me.language)
    with kith.store_upgraded.write() as conn:
        say(giving.share(conn, kith.settings, spoken(kith), what, to, words, title, kith.now()))
    only_watching(kith)
    return 0


@click.command()
@click.argument("first", required=False, metavar="A")
@click.argument("second", required=False, metavar="B")
@click.option("--why", default="", metavar="WORDS", help="Why the two should know each other; both read it.")
@click.option("--why-in", "whys", nargs=2, multiple=True, metavar="LANG WORDS", help="The same in another language.")
@click.option("--why-a", default="", metavar="WORDS", help="What A reads in its place.")
@click.option("--why-b", default="", metavar="WORDS", help="What B reads in its place.")
@list_option
@cancel_option
@json_option
@pass_ctx
def introduce(
    kith: Ctx,
    first: str | None,
    second: str | None,
    why: str,
    whys: Sequence[tuple[str, str]],
    why_a: str,
    why_b: str,
    listing: bool,
    cancel: int | None,
    as_json: bool,
) -> int:
    """Offer A and B to be introduced: one draft to each, which asks first and tells no address."""
    from daemon.service import giving, telling

    if cancel is not None:
        return _cancel(kith, "introduce", cancel)
    if listing:
        return _list(kith, "introduce", as_json)
    if not first or not second:
        raise click.UsageError('Say whom to whom: kith introduce "Ann Example" "Oleg Primerov" --why "..."')
    mine = kith.settings.me.language
    words = telling.by_language(why, whys, mine)
    alone = telling.by_language(why_a, (), mine), telling.by_language(why_b, (), mine)
    with kith.store_upgraded.write() as conn:
        say(giving.introduce(conn, kith.settings, spoken(kith), (first, second), words, kith.now(), alone=alone))
    only_watching(kith)
    return 0


@click.command()
@click.argument("name", required=False)
@click.argument("text", required=False)
@click.option("--text", "texts", nargs=2, multiple=True, metavar="LANG WORDS", help="The same in another language.")
@click.option("--of", "of", type=int, metavar="ID", help="Of this one (`kith favours`). Default: the latest.")
@click.option("--undo", type=int, metavar="ID", help="Take back what you said of it.")
@pass_ctx
def outcome(
    kith: Ctx,
    name: str | None,
    text: str | None,
    texts: Sequence[tuple[str, str]],
    of: int | None,
    undo: int | None,
) -> int:
    """Say how NAME's recommendation turned out: TEXT stands in a draft to them, word for word."""
    from daemon.service import marks, telling
    from daemon.service.finding import find

    if undo is not None:
        with kith.store_upgraded.write() as conn:
            marks.take_outcome_back(conn, undo)
        click.echo(TAKEN_BACK)
        return 0
    words = telling.by_language(text or "", texts, kith.settings.me.language)
    if not name or not words:
        raise click.UsageError('Say how it turned out: kith outcome NAME "I start in May."')
    with kith.store_upgraded.write() as conn:
        who = find(conn, name)
        click.echo(marks.outcome(conn, kith.settings, spoken(kith), who, words, kith.now(), favour=of))
    only_watching(kith)
    return 0


@click.command()
@click.argument("name", required=False)
@click.option("--undo", type=int, metavar="ID", help="Take a mark back.")
@json_option
@pass_ctx
def favours(kith: Ctx, name: str | None, undo: int | None, as_json: bool) -> int:
    """What you and others did for one another, as you marked it (`kith log --gave`, `--got`, `kith note`)."""
    from daemon.service.finding import find, name_of
    from daemon.store import favours as store

    if undo is not None:
        missing = f"There is no mark {undo} (`kith favours` shows them)."
        return taken_back(kith, lambda conn: store.remove(conn, undo), missing=missing, said=TAKEN_BACK)
    with kith.store.read() as conn:
        rows = store.rows(conn, find(conn, name) if name else None)
        names = {r.contact_id: name_of(conn, r.contact_id) for r in rows}
    return listed(
        as_json,
        [
            {
                "id": r.id,
                "contact": names[r.contact_id],
                "direction": r.what.direction,
                "kind": r.what.kind,
                "day": r.what.day,
                "title": r.what.title,
                "outcome_at": r.what.outcome_at,
            }
            for r in rows
        ],
        ("id", "contact", "you", "what", "day", "words", "outcome"),
        [
            (
                r.id,
                names[r.contact_id],
                r.what.direction,
                r.what.kind,
                r.what.day,
                r.what.title,
                "told" if r.what.outcome_at else "",
            )
            for r in rows
        ],
        empty="Nothing is marked yet.",
    )


def _list(kith: Ctx, purpose: str, as_json: bool) -> int:
    from daemon.store import favours as store

    with kith.store.read() as conn:
        rows = store.errands(conn, purpose)
    what = [
        (r.other if purpose == "introduce" else r.details.get("title") or r.details.get("link") or "a text")
        for r in rows
    ]
    return listed(
        as_json,
        [
            {"id": r.id, "contact": r.name, "at": r.asked_at}
            | ({"other": r.other} if purpose == "introduce" else {"link": r.details.get("link", "")})
            for r in rows
        ],
        ("id", "day", "to", "what" if purpose == "share" else "and"),
        [(r.id, r.asked_at.astimezone(kith.zone).date(), r.name, w) for r, w in zip(rows, what, strict=True)],
        empty="Nothing was asked for yet.",
    )


def _cancel(kith: Ctx, purpose: str, number: int) -> int:
    from daemon.store import favours as store

    missing = f"There is nothing with the number {number} (`kith {purpose} --list` shows them)."
    return taken_back(kith, lambda conn: store.cancel(conn, purpose, number), missing=missing, said=TAKEN_BACK)
