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
from daemon.core.wants import DRAFT

if TYPE_CHECKING:
    from daemon.service.deps import Deps


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
    from daemon.service.planning import situation
    from daemon.service.readers import readers
    from daemon.service.updates import quarter_of

    now = kith.now()
    with kith.store.read() as conn:
        found = situation(_deps(kith), conn, now)
        quarter = found.news.quarter if found.news else quarter_of(now.astimezone(kith.zone).date())
        read = readers(conn, found, quarter)
    there = {circle for p in found.people.values() for circle in p.circles}
    lost = sorted(found.news.named - there) if found.news else []
    faults = list(found.faults)
    if lost:  # a slip of the pen, most likely
        faults.append(f"What is for {', '.join(lost)} goes to nobody: nobody is in such a circle.")
    if as_json:
        emit_json(
            {
                "quarter": quarter,
                "written_at": found.news.written_at if found.news else None,
                "closes_at": found.news.closes_at if found.news else None,
                "made": [{"contact": name, "state": state} for name, state in read.made],
                "now": read.now,
                "later": read.later,
                "left_out": read.left,
                "waiting": read.stuck,
                "behind": read.behind,
                "outdated": read.outdated,
                "without": [{"contact": name, "why": why} for name, why in read.without],
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
    if read.made:
        table(("contact", "what became of it"), [(name, fate(DRAFT, state)) for name, state in read.made])
    for title, names in (
        ("With the next round", read.now),
        ("On another day", read.later),
        ("On another day, for another letter to them goes first", read.behind),
        ("An earlier letter with news still lies in Drafts", read.stuck),
        ("Left out: the time and the caps do not suffice for", read.left),
        ("Made before you changed the file, and left as they are: mend them in Drafts", read.outdated),
    ):
        if names:
            click.echo(f"{title} ({counted(len(names), 'person', 'people')}): {', '.join(names)}.")
    say_without(read.without)
    return 0


def _folder(kith: Ctx) -> Path:
    folder = kith.settings.updates
    return folder if folder is not None else kith.settings.path.parent / "updates"


def _deps(kith: Ctx) -> Deps:
    from daemon.config.shipped import shipped_folder
    from daemon.service.deps import Deps
    from daemon.service.render import Renderer

    renderer = Renderer(shipped_folder("templates"), kith.settings.templates)
    return Deps(kith.settings, kith.store, {}, secret(kith), kith.now, renderer)
