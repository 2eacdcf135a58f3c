"""`kith note`, `company`, `event`, `news`, `trip`: what the user tells that is a reason to write."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from pathlib import Path

import click

from daemon.cli.asked import listed, say, spoken, taken_back
from daemon.cli.contacts_common import rules, secret
from daemon.cli.context import Ctx, pass_ctx
from daemon.cli.output import counted

DAY = click.DateTime(["%Y-%m-%d"])
json_option = click.option("--json", "as_json", is_flag=True, help="As JSON.")


def _today(kith: Ctx) -> date:
    return kith.now().astimezone(kith.zone).date()


@click.command()
@click.argument("name", required=False)
@click.option("--achievement", metavar="WORDS", help="What they achieved, as a phrase; the letter quotes it.")
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
    from daemon.service.people import people
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
        what = noting.note(conn, who, kind, words, day.date() if day else _today(kith), kith.now())
        (person,) = people(conn, kith.settings, kith.now(), only=[who])
        click.echo(noting.follows(conn, person, what, _today(kith)))
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
    with kith.store_upgraded.write() as conn:
        reasons.put_company(conn, name.strip(), founded, kith.now())
    click.echo("Kept. Contacts whose organisation bears this name are its people.")
    return 0


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

    if _today(kith) - ended > THANKS_FOR_EVENT:
        return f"It was over more than {THANKS_FOR_EVENT.days} days ago: no thanks any more, only their cadence."
    with kith.store.read() as conn:
        found = people(conn, kith.settings, kith.now(), only=who)
    mute = sum(not p.speaks and p.reset_at is None for p in found)
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
        planned = telling.travel(conn, [city, *also], days, _today(kith), kith.now())
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
