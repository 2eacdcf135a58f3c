"""What the demonstration prints: what was logged, who is due, what now exists, and where to look at it."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from email import message_from_bytes, policy
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from sqlalchemy import Connection, select

from daemon.cli.demo.round import Played
from daemon.cli.output import ago, moment, table
from daemon.core.desired import DRAFT, REMINDER, due
from daemon.core.plan import OPEN
from daemon.service.people import people
from daemon.store.tables import contact, interaction, ledger


def show(played: Played, folder: Path, now: datetime) -> None:
    """The whole picture after a first run; after a later one, what that run brought."""
    report = played.report
    for line in (*report.errors, *(e for a in report.accounts.values() for e in a.errors)):
        click.echo(f"! {line}", err=True)
    logged = sum(a.logged for a in report.accounts.values())
    if not played.first:
        _show_news(played, logged)
        return
    with played.store.read() as conn:
        _heading("What was logged")
        _show_logged(conn)
        _heading("Who is due")
        _show_due(conn, played, now)
        _heading("Reminders now in the calendar")
        _show_ledger(conn, played, REMINDER)
        _heading("Drafts now in the Drafts folder")
        _show_ledger(conn, played, DRAFT)
        draft = _thanks(conn, folder)
    if draft is not None:
        _heading("One of them, whole")
        _show_letter(draft)
    _heading("Where it all is")
    _show_places(folder)


def _heading(text: str) -> None:
    click.echo(f"\n{click.style(text, bold=True)}\n")


def _show_news(played: Played, logged: int) -> None:
    report = played.report
    if not (report.done or report.answers or logged):
        click.echo("Nothing new: nothing was written.")
        return
    click.echo(f"Since the last run: {logged} newly logged, {len(report.done)} written or taken back.\n")
    rows = [(verb, kind, purpose, name) for verb, kind, purpose, name in report.done]
    rows += [(state, kind, purpose, name) for state, kind, purpose, name in report.answers]
    table(("what", "kind", "purpose", "who"), rows, empty="No reminder or draft changed.")


def _show_logged(conn: Connection) -> None:
    rows = conn.execute(select(interaction)).all()
    counted = Counter((r.form, r.direction) for r in rows if r.counted)
    refused = Counter(sorted(r.rule for r in rows if not r.counted))
    names = {"in": "from them", "out": "from Irina", "mutual": ""}
    parts = [f"{n} {form} {names[direction]}".strip() for (form, direction), n in sorted(counted.items())]
    click.echo(f"Counted: {', '.join(parts)}.")
    click.echo("Seen and not counted, each by its rule:\n")
    table(("rule", "times"), refused.most_common())


def _show_due(conn: Connection, played: Played, now: datetime) -> None:
    zone = ZoneInfo(played.settings.hours.zone)
    rows = []
    for person in people(conn, played.settings, now, kept_only=True):
        at = due(person)
        last = ago(person.reset_at, now, zone)
        held = "a meeting is arranged" if person.next_meeting else ""
        why = f"{person.policy.cadence.days} days, {person.policy.rule}"
        rows.append(
            (at or now, (person.name, ", ".join(person.circles) or person.tier, last, ago(at, now, zone), why, held))
        )
    table(
        ("who", "is", "last contact", "due", "because of", ""),
        [row for _, row in sorted(rows, key=lambda each: (each[0], each[1]))],
    )


def _show_ledger(conn: Connection, played: Played, kind: str) -> None:
    zone = ZoneInfo(played.settings.hours.zone)
    query = (
        select(ledger, contact.c.name)
        .join(contact, contact.c.id == ledger.c.contact_id)
        .where(ledger.c.kind == kind, ledger.c.state.in_(OPEN))
        .order_by(ledger.c.starts_at, ledger.c.purpose, contact.c.name)
    )
    found = conn.execute(query).all()
    if kind == REMINDER:
        table(
            ("when", "who", "purpose", "why"), [(moment(r.starts_at, zone), r.name, r.purpose, r.reason) for r in found]
        )
    else:
        table(("to", "purpose", "language", "subject"), [(r.name, r.purpose, r.lang, r.title) for r in found])


def _thanks(conn: Connection, folder: Path) -> Path | None:
    wanted = conn.execute(
        select(ledger.c.message_id)
        .where(ledger.c.kind == DRAFT, ledger.c.state.in_(OPEN))
        .order_by(ledger.c.purpose != "thanks", ledger.c.lang != "ru", ledger.c.key)
        .limit(1)
    ).scalar_one_or_none()
    for path in sorted((folder / "mail" / ".Drafts").glob("*/*")):
        if wanted and wanted.encode() in path.read_bytes():
            return path
    return None


def _show_letter(path: Path) -> None:
    letter = message_from_bytes(path.read_bytes(), policy=policy.default)
    for name in ("From", "To", "Subject"):
        click.echo(f"{name}: {letter[name]}")
    body = letter.get_body(("plain",))
    if body is not None:
        click.echo("\n" + str(body.get_content()).rstrip())


def _show_places(folder: Path) -> None:
    here = _short(folder)
    click.echo(
        f"Mail       {here}/mail        mutt -n -e 'set mbox_type=Maildir folder={here}/mail' -f {here}/mail/.Drafts"
    )
    click.echo(f"Calendar   {here}/calendars   one .ics file each; khal and vdirsyncer read them")
    click.echo(f"People     {here}/contacts    one .vcf file each")
    click.echo(f"Config     {here}/config.toml  .venv/bin/kith --config {here}/config.toml status")
    click.echo("\nRun it again: nothing new. Tomorrow: what tomorrow brings. Delete the folder to begin anew.")


def _short(folder: Path) -> str:
    try:
        return str(folder.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(folder)
