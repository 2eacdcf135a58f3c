"""`kith trip` and `kith news`: what the user tells of themselves, a draft to each it concerns."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import click

from daemon.cli.asked import listed, say, spoken, taken_back
from daemon.cli.context import Ctx, pass_ctx
from daemon.cli.output import DAY, json_option


@click.command()
@click.argument("city", required=False)
@click.option("--from", "begins", type=DAY, help="The first day there.")
@click.option("--to", "ends", type=DAY, help="The last day. Default: the first.")
@click.option("--also", multiple=True, metavar="NAME", help="Another name of the city: Kazan, Казань. May be repeated.")
@click.option("--list", "listing", is_flag=True, help="Show the trips.")
@click.option("--cancel", type=int, metavar="ID", help="The trip does not take place.")
@json_option
@pass_ctx
def trip(
    kith: Ctx,
    city: str | None,
    begins: datetime | None,
    ends: datetime | None,
    also: Sequence[str],
    listing: bool,
    cancel: int | None,
    as_json: bool,
) -> int:
    """Tell of a visit to CITY: whoever of the kept lives there gets a draft, two weeks before at the earliest."""
    from daemon.core.own_news import home_in
    from daemon.service import telling
    from daemon.service.people import people
    from daemon.store import reasons

    if cancel is not None:
        return taken_back(
            kith,
            lambda conn: reasons.remove_trip(conn, cancel),
            missing=f"There is no trip {cancel} (`kith trip --list` shows them).",
            said="Cancelled; drafts you have not touched go with the next round.",
        )
    if listing:
        with kith.store.read() as conn:
            trips = reasons.trips(conn)
        return listed(
            as_json,
            [{"id": n, "cities": list(t.cities), "from": t.begins, "to": t.ends} for n, t in trips],
            ("id", "city", "from", "to"),
            [(n, ", ".join(t.cities), t.begins, t.ends) for n, t in trips],
            empty="No trip is planned.",
        )
    if city is None or begins is None:
        raise click.UsageError("Say where and when: kith trip CITY --from 2026-06-01 --to 2026-06-05")
    days = (begins.date(), (ends or begins).date())
    with kith.store_upgraded.write() as conn:
        planned = telling.travel(conn, [city, *also], days, kith.today(), kith.now())
    with kith.store.read() as conn:
        there = [
            p.name
            for p in people(conn, kith.settings, kith.now(), kept_only=True)
            if p.active and home_in(p.city, planned.cities)
        ]
    if there:
        live = "person of yours lives" if len(there) == 1 else "people of yours live"
        click.echo(f"{len(there)} {live} there: {', '.join(there)}.")
    else:
        click.echo("Nobody you keep is known to live there (`kith contacts edit WHO --city ...` says who does).")
    return 0


def _to(circles: Collection[str]) -> str:
    return ", ".join(sorted(circles)) or "all"


@click.command()
@click.argument("text", required=False)
@click.option("--circles", metavar="A,B", default="", help="Only to these circles. Default: to everybody kept.")
@click.option("--old", multiple=True, metavar="COMPANY", help="Where you were: its name or mail domain.")
@click.option("--new", multiple=True, metavar="COMPANY", help="Where you are now: its name or mail domain.")
@click.option("--reach", default="", metavar="WORDS", help="What changes in how to reach you.")
@click.option("--text", "texts", nargs=2, multiple=True, metavar="LANG WORDS", help="The same in another language.")
@click.option(
    "--reach-in", "reaches", nargs=2, multiple=True, metavar="LANG WORDS", help="--reach in another language."
)
@click.option("--list", "listing", is_flag=True, help="Show what you told.")
@click.option("--cancel", type=int, metavar="ID", help="Tell it no more.")
@json_option
@pass_ctx
def news(
    kith: Ctx,
    text: str | None,
    circles: str,
    old: Sequence[str],
    new: Sequence[str],
    reach: str,
    texts: Sequence[tuple[str, str]],
    reaches: Sequence[tuple[str, str]],
    listing: bool,
    cancel: int | None,
    as_json: bool,
) -> int:
    """Tell of a change of your own, a new role or company: TEXT stands in a draft to each, word for word."""
    from daemon.service import telling
    from daemon.store import reasons

    if cancel is not None:
        return taken_back(
            kith,
            lambda conn: reasons.remove_own_news(conn, cancel),
            missing=f"There are no news {cancel} (`kith news --list` shows them).",
            said="Told no more; drafts you have not touched go with the next round.",
        )
    if listing:
        with kith.store.read() as conn:
            found = reasons.all_own_news(conn)
        return listed(
            as_json,
            [
                {
                    "id": n,
                    "at": w.noted_at,
                    "texts": dict(w.texts),
                    "reach": dict(w.reach),
                    "circles": sorted(w.circles),
                    "old": sorted(w.old),
                    "new": sorted(w.new),
                }
                for n, w in found
            ],
            ("id", "day", "news", "to"),
            [
                (n, w.noted_at.astimezone(kith.zone).date(), next(iter(w.texts.values())), _to(w.circles))
                for n, w in found
            ],
            empty="You told of nothing yet.",
        )
    mine = kith.settings.me.language
    words = telling.by_language(text or "", texts, mine)
    if not words:
        raise click.UsageError('Say what is new: kith news "I have moved to Example." --circles mentor,partner')
    whose = list(dict.fromkeys(c.strip().casefold() for c in circles.split(",") if c.strip()))
    with kith.store_upgraded.write() as conn:
        asked = telling.told(conn, kith.settings, spoken(kith), whose, words, kith.now())
        telling.tell(
            conn,
            words,
            telling.by_language(reach, reaches, next(iter(words))),
            kith.now(),
            circles=whose,
            old=old,
            new=new,
        )
    click.echo(f"Noted, in {' and '.join(sorted(words))}, for {' and '.join(whose) or 'everybody kept'}.")
    say(asked)
    return 0
