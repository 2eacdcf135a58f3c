"""`kith update`: the quarter's news, from an empty file to who was told."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import click

from daemon.cli.asked import say_without
from daemon.cli.contacts_common import secret
from daemon.cli.context import Ctx, pass_ctx
from daemon.cli.output import counted, emit_json, json_option, table
from daemon.cli.words import fate

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from typing import Any

    from daemon.core.wants import Person, UpdateNews
    from daemon.service.deps import Deps
    from daemon.service.planning import Situation


@click.group()
def update() -> None:
    """The quarter's news, written once by you: a personal draft to everybody who should hear them."""


@update.command()
@click.option("--quarter", metavar="2026-Q4", default="", help="Default: this one.")
@click.option("--language", metavar="TAG", default="", help="A translation beside it: ru, en.")
@click.option("--print", "only_print", is_flag=True, help="Make the file and print where it is; open nothing.")
@pass_ctx
def new(kith: Ctx, quarter: str, language: str, only_print: bool) -> int:
    """Make the quarter's file, with a section for each of your circles, and open it in $VISUAL or $EDITOR."""
    from daemon.core.errors import UserMistake
    from daemon.core.language import tag
    from daemon.core.wants import UPDATE
    from daemon.service.people import people
    from daemon.service.updates import Blank, file_name, quarter_of, read_update, skeleton

    quarter = quarter or quarter_of(kith.today())
    path = _folder(kith) / file_name(quarter, tag(language))
    if not path.exists():
        with kith.store.read() as conn:
            kept = people(conn, kith.settings, kith.now(), kept_only=True)
        circles = sorted({c for p in kept if p.active and UPDATE in p.policy.drafts for c in p.circles})
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(skeleton(circles, language or kith.settings.me.language), encoding="utf-8")
        except OSError as e:
            raise UserMistake(f"{path} cannot be written ({e.strerror}).") from None
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if only_print or not editor:
        click.echo(path)
        return 0
    try:
        done = subprocess.run([*shlex.split(editor), str(path)], check=False)  # noqa: S603 - their own editor
    except OSError as e:
        raise UserMistake(f"The editor “{editor}” cannot be started ({e.strerror}); the file is {path}.") from None
    if done.returncode:
        return 1
    try:
        read_update(path)
    except Blank:
        click.echo(f"Nothing is written in {path} yet; nobody is told anything.")
        return 0
    click.echo("Written. The drafts follow with the next rounds; `kith update status` shows to whom.")
    return 0


@update.command()
@json_option
@pass_ctx
def status(kith: Ctx, as_json: bool) -> int:
    """Who is told this quarter's news now, who later, who was, and for whom the time will not do."""
    from sqlalchemy import select

    from daemon.core.wants import DRAFT, UPDATE
    from daemon.service.planning import situation
    from daemon.service.updates import quarter_of
    from daemon.store.tables import contact, ledger

    now = kith.now()
    with kith.store.read() as conn:
        found = situation(_deps(kith), conn, now)
        quarter = found.news.quarter if found.news else quarter_of(now.astimezone(kith.zone).date())
        made = conn.execute(
            select(contact.c.name, ledger.c.state, ledger.c.contact_id, ledger.c.occasion)
            .join(contact, contact.c.id == ledger.c.contact_id)
            .where(ledger.c.purpose == UPDATE, ledger.c.kind == DRAFT, ledger.c.period.startswith(quarter))
            .order_by(contact.c.name, ledger.c.created_at)
        ).all()
    there = {circle for p in found.people.values() for circle in p.circles}
    lost = sorted(found.news.named - there) if found.news else []
    faults = list(found.faults)
    without = _without(found, {r.contact_id for r in made})
    if lost:  # a slip of the pen, most likely
        faults.append(f"What is for {', '.join(lost)} goes to nobody: nobody is in such a circle.")
    stuck = _names(found, (w.contact_id for w in found.shares.stuck))
    lists = {
        "now": _names(found, (w.contact_id for w in found.shares.now)),
        "later": _names(found, (w.contact_id for w in found.shares.later)),
        "left_out": _names(found, (w.contact_id for w in found.shares.left)),
        "waiting": stuck,
        "outdated": _outdated(found, made),
    }
    if as_json:
        emit_json(
            {
                "quarter": quarter,
                "written_at": found.news.written_at if found.news else None,
                "closes_at": found.news.closes_at if found.news else None,
                "made": [{"contact": r.name, "state": r.state} for r in made],
                **lists,
                "without": [{"contact": name, "why": why} for name, why in without],
                "problems": faults,
            }
        )
        return 0
    for fault in faults:
        click.echo(f"kith: {fault}", err=True)
    if found.news is None and not found.faults:
        click.echo(f"No news of {quarter} are written: `kith update new` opens the file ({_folder(kith)}).")
    if found.news is not None:
        until = found.news.closes_at.astimezone(kith.zone).date()
        click.echo(f"News of {quarter}, told until {until}.")
        if found.news.written_at > now:
            day = found.news.written_at.astimezone(kith.zone).date()
            click.echo(f"It is dated {day}: nobody is told before that day.")
        if found.world.enabled_since is None:
            click.echo("Nothing is drafted before `kith enable`.")
    if made:
        table(("contact", "what became of it"), [(r.name, fate(DRAFT, r.state)) for r in made])
    for title, names in (
        ("With the next round", lists["now"]),
        ("On another day", lists["later"]),
        ("An earlier letter with news still lies in Drafts", lists["waiting"]),
        ("Left out: the time and the caps do not suffice for", lists["left_out"]),
        ("Made before you changed the file, and left as they are: mend them in Drafts", lists["outdated"]),
    ):
        if names:
            click.echo(f"{title} ({counted(len(names), 'person', 'people')}): {', '.join(names)}.")
    say_without(without)
    return 0


def _outdated(found: Situation, made: Sequence[Any]) -> list[str]:
    """Whose letter lies in Drafts untouched with other news than the file would tell them now."""
    from daemon.core.states import WRITTEN
    from daemon.service.people import told_of

    names = []
    for r in made:
        person = found.people.get(r.contact_id)
        news = found.world.news_for(person.speaks) if person else None
        if person and news and r.state == WRITTEN and told_of(r.occasion)[1] != news.to_tell(person):
            names.append(r.name)
    return names


def _without(found: Situation, told: Collection[int]) -> list[tuple[str, str]]:
    """Who would be told and cannot be, and why."""
    from daemon.core.wants import UPDATE
    from daemon.service.telling import hindrance

    if found.news is None:
        return []
    audience = [edition.audience for edition in found.news.editions.values()]
    reached = frozenset().union(*audience) if all(audience) else frozenset()
    why = {}
    for who, person in found.people.items():
        meant = person.active and UPDATE in person.policy.drafts and who not in told
        if meant and (not reached or reached & set(person.circles)):
            words = {} if found.news.edition(person.speaks) else dict.fromkeys(found.news.editions, "")
            why[who] = hindrance(person, words) or _heard(person, found.world.news_for(person.speaks))
    return sorted((found.people[who].name, reason) for who, reason in why.items() if reason)


def _heard(person: Person, news: UpdateNews | None) -> str:
    talked = max((at for at in (person.last.meeting, person.last.logged) if at), default=None)
    return "you met or talked since it was written" if talked and news and talked >= news.written_at else ""


def _names(found: Situation, ids: Iterable[int]) -> list[str]:
    return [found.people[who].name for who in ids]


def _folder(kith: Ctx) -> Path:
    folder = kith.settings.updates
    return folder if folder is not None else kith.settings.path.parent / "updates"


def _deps(kith: Ctx) -> Deps:
    from daemon.config.shipped import shipped_folder
    from daemon.service.deps import Deps
    from daemon.service.render import Renderer

    renderer = Renderer(shipped_folder("templates"), kith.settings.templates)
    return Deps(kith.settings, kith.store, {}, secret(kith), kith.now, renderer)
