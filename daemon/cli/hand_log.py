"""`kith log`: calls, chats and meetings logged by hand, listed, changed, taken back. Short transactions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

import click

from daemon.cli.contacts_common import rules
from daemon.cli.context import Ctx, pass_ctx
from daemon.cli.output import DAY, emit_json, moment, table
from daemon.core.favours import GAVE, GOT, KINDS

if TYPE_CHECKING:
    pass


@click.command()
@click.argument("name", required=False)
@click.option("--kind", type=click.Choice(["call", "chat", "linkedin", "meeting"]), default="call", show_default=True)
@click.option("--at", help="When: 2026-11-21, “2026-11-21 14:30”, 14:30, yesterday. Default: now.")
@click.option(
    "--topic",
    "topics",
    multiple=True,
    help="What it was about, in a few words; letters may quote it. May be repeated.",
)
@click.option("--note", default=None, help="Anything for yourself; never leaves the store.")
@click.option("--next", "next_step", default=None, help="The next step; with --by it gets a reminder of its own.")
@click.option("--by", type=DAY, default=None, help="The day the next step is due.")
@click.option("--confidential", is_flag=True, default=None, help="Nothing of it may appear in an event or a letter.")
@click.option("--interview", is_flag=True, default=None, help="A meeting that was an interview: thanks are due.")
@click.option("--gave", multiple=True, type=click.Choice(KINDS), help="What you gave them in it. May be repeated.")
@click.option("--got", multiple=True, type=click.Choice(KINDS), help="What you got from them. May be repeated.")
@click.option("--on", "on", type=int, metavar="ID", help="Mark an exchange there is (`kith interactions`), log none.")
@click.option("--list", "listing", is_flag=True, help="Show what was logged by hand.")
@click.option("--undo", type=int, metavar="ID", help="Take an entry back.")
@click.option("--edit", type=int, metavar="ID", help="Change an entry: what is given is set anew.")
@click.option("--done", type=int, metavar="ID", help="The next step of this entry is done.")
@click.option("--json", "as_json", is_flag=True, help="With --list: as JSON.")
@pass_ctx
def log(
    kith: Ctx,
    name: str | None,
    kind: str,
    at: str | None,
    topics: Sequence[str],
    note: str | None,
    next_step: str | None,
    by: datetime | None,
    confidential: bool | None,
    interview: bool | None,
    gave: Sequence[str],
    got: Sequence[str],
    on: int | None,
    listing: bool,
    undo: int | None,
    edit: int | None,
    done: int | None,
    as_json: bool,
) -> int:
    """Log a call, a chat, a LinkedIn message or a meeting with NAME."""
    from daemon.core.model import Form
    from daemon.service import contacts as book
    from daemon.service import hand, marks

    if listing:
        return _list_log(kith, name, as_json)
    if on is not None:
        if not gave and not got:
            raise click.UsageError("Say what was given or got in it: --gave KIND, --got KIND")
        with kith.store_upgraded.write() as conn:
            click.echo(marks.mark(conn, kith.settings, on, gave, got, kith.now()))
        return 0
    topic = "\n".join(topics) if topics else None  # one a line, as it is kept
    given = {
        "topic": topic,
        "note": note,
        "next_step": next_step,
        "confidential": confidential,
        "interview": interview,
    }
    changes: dict[str, object] = {key: value for key, value in given.items() if value is not None}
    source = click.get_current_context().get_parameter_source("kind")
    if undo is not None:
        with kith.store.write() as conn:
            hand.undo_log(conn, rules(kith), undo)
        click.echo(f"Entry {undo} is taken back.")
        return 0
    if done is not None:
        with kith.store.write() as conn:
            hand.edit_log(conn, rules(kith), done, {"next_done_at": kith.now()})
        click.echo("Noted as done.")
        return 0
    if edit is not None:
        if at:
            changes["at"] = _moment(kith, at)
        if by:
            changes["next_by"] = by.date().isoformat()
        if source is not None and source.name == "COMMANDLINE":
            changes["form"] = kind
        with kith.store_upgraded.write() as conn:
            hand.edit_log(conn, rules(kith), edit, changes)
            if gave or got:
                marks.mark_entry(conn, kith.settings, edit, gave, got, kith.now())
        click.echo(f"Entry {edit} is changed." if changes or gave or got else "Nothing to change was given.")
        return 0
    if by and not next_step:
        raise click.UsageError("Say what is due by then: --next TEXT --by DAY")
    if name is None:
        raise click.UsageError("Say with whom: kith log NAME --kind call")
    moment_said = _moment(kith, at)  # before the rules look at the clock: "now" must not lie ahead of their now
    with kith.store.write() as conn:
        who = book.find(conn, name)
        entry = hand.log_contact(
            conn,
            rules(kith),
            who,
            Form.MEETING if interview else Form(kind),
            moment_said,
            topic=topic or "",
            note=note or "",
            next_step=next_step or "",
            by=by.date() if by else None,
            confidential=bool(confidential),
            interview=bool(interview),
        )
        if gave or got:
            marks.mark_entry(conn, kith.settings, entry, gave, got, kith.now())
    click.echo(f"Logged as entry {entry} (`kith log --undo {entry}` takes it back).")
    return 0


def _list_log(kith: Ctx, name: str | None, as_json: bool) -> int:
    from sqlalchemy import select

    from daemon.service import contacts as book
    from daemon.store import favours
    from daemon.store.tables import contact, hand_log

    query = select(hand_log, contact.c.name).join(contact, contact.c.id == hand_log.c.contact_id)
    with kith.store.read() as conn:
        if name:
            query = query.where(hand_log.c.contact_id == book.find(conn, name))
        rows = list(conn.execute(query.where(hand_log.c.undone_at.is_(None)).order_by(hand_log.c.at.desc())))
        marked = favours.by_identity(conn, [r.identity for r in rows])

    def kinds(identity: str, direction: str) -> list[str]:
        return [f.kind for f in marked.get(identity, ()) if f.direction == direction]

    if as_json:
        fields = ("id", "at", "topic", "note", "next_step", "next_by", "confidential")
        emit_json(
            [
                {"contact": r.name, "kind": r.form}
                | {f: getattr(r, f) for f in fields}
                | {"topic": _in_a_row(r.topic)}
                | {
                    "next_done": r.next_done_at is not None,
                    "gave": kinds(r.identity, GAVE),
                    "got": kinds(r.identity, GOT),
                }
                for r in rows
            ]
        )
        return 0
    table(
        ("id", "when", "contact", "kind", "topic", "next", "by", "gave", "got"),
        [
            (
                r.id,
                moment(r.at, kith.zone),
                r.name,
                r.form,
                _in_a_row(r.topic),
                r.next_step + (" (done)" if r.next_done_at else ""),
                r.next_by,
                ", ".join(kinds(r.identity, GAVE)),
                ", ".join(kinds(r.identity, GOT)),
            )
            for r in rows
        ],
        empty="Nothing was logged by hand yet.",
    )
    return 0


def _in_a_row(topics: str) -> str:
    return ", ".join(topics.splitlines())


def _moment(kith: Ctx, text: str | None) -> datetime:
    """A moment the user typed, in their zone: a date, a date and time, ``today``, ``yesterday``, ``14:30``."""
    from daemon.core.errors import UserMistake

    now = kith.now().astimezone(kith.zone)
    if not text:
        return now
    words = {"now": now, "today": now, "yesterday": now - timedelta(days=1)}
    if text in words:
        return words[text]
    for form in ("%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d", "%H:%M"):
        try:
            found = datetime.strptime(text, form)  # noqa: DTZ007 - the zone is the user's, set below
        except ValueError:
            continue
        if form == "%H:%M":
            found = datetime.combine(now.date(), found.time())
        elif form == "%Y-%m-%d":
            # A day without an hour: noon, or this moment if it is today's.
            found = datetime.combine(found.date(), time(12))
            if found.date() == now.date():
                return min(found.replace(tzinfo=kith.zone), now)
        return found.replace(tzinfo=kith.zone)
    raise UserMistake(f"“{text}” is no moment: write 2026-11-21, 2026-11-21 14:30, 14:30, today or yesterday.")
