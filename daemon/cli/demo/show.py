"""What the demonstration prints: what was logged, who is due, what now exists, and where to look at it."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from sqlalchemy import Connection, select

from daemon.cli.demo.layout import local
from daemon.cli.demo.letters import LETTERS
from daemon.cli.demo.meetings import meetings
from daemon.cli.demo.people import PEOPLE
from daemon.cli.demo.round import Played
from daemon.cli.output import ago, moment, table
from daemon.core.due import due
from daemon.core.model import Direction, Form
from daemon.core.states import OPEN
from daemon.core.wants import DRAFT, REMINDER, THANKS
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
    events, kept = len(meetings(local(now))), sum(bool(p.circle or p.tier) for p in PEOPLE)
    click.echo(
        f"Irina, who does not exist, has {len(LETTERS)} messages, {events} events and {len(PEOPLE)} people in "
        f"{_short(folder)}/.\nShe keeps {kept} of them, logged two talks by hand, and let kith write as of three "
        "weeks ago."
    )
    with played.store.read() as conn:
        _heading("What was logged")
        _show_logged(conn)
        _heading("Who is due, and when")
        _show_due(conn, played, now)
        _heading("Reminders now in the calendar")
        _show_ledger(conn, played, REMINDER)
        _heading("Drafts now in the Drafts folder")
        _show_ledger(conn, played, DRAFT)
        letters = _thanks(conn, folder)
    for letter in letters:
        _heading("A draft, whole")
        _show_letter(letter)
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
    rows = conn.execute(
        select(interaction, contact.c.name).join(contact, contact.c.id == interaction.c.contact_id)
    ).all()
    seen: dict[str, Counter[str]] = {}
    for row in rows:
        seen.setdefault(row.name, Counter())[_column(row)] += 1
    columns = ("mail from them", "mail to them", "meetings", "calls", "not counted")
    table(("who", *columns), [(name, *(seen[name][c] or "" for c in columns)) for name in sorted(seen)])
    click.echo("\nSeen and not counted, each by the name of its rule:\n")
    refused = Counter(sorted(r.rule for r in rows if not r.counted))
    table(("rule", "times"), refused.most_common())


def _column(row: Any) -> str:
    if not row.counted:
        return "not counted"
    if row.form == Form.MAIL:
        return "mail from them" if row.direction == Direction.IN else "mail to them"
    return "meetings" if row.form == Form.MEETING else "calls"


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


def _thanks(conn: Connection, folder: Path) -> list[Path]:
    """The files of the letters of thanks."""
    wanted = conn.execute(
        select(ledger.c.message_id)
        .where(ledger.c.kind == DRAFT, ledger.c.state.in_(OPEN), ledger.c.purpose == THANKS)
        .order_by(ledger.c.lang)
    ).scalars()
    files = {path: path.read_bytes() for path in sorted((folder / "mail" / ".Drafts").glob("*/*"))}
    return [path for each in wanted for path, content in files.items() if each.encode() in content]


def _show_letter(path: Path) -> None:
    letter = message_from_bytes(path.read_bytes(), policy=policy.default)
    for name in ("From", "To", "Subject"):
        click.echo(f"    {name}: {letter[name]}")
    click.echo()
    body = letter.get_body(("plain",))
    for line in str(body.get_content()).splitlines() if body is not None else ():
        click.echo(f"    {line}".rstrip())


def _show_places(folder: Path) -> None:
    here = _short(folder)
    rows = (
        ("drafts", f"mutt -n -R -e 'set folder={here}/mail' -f {here}/mail/.Drafts"),
        ("reminders", f"khal -c {here}/khal.conf list today 14d      (or read {here}/calendars/kith/*.ics)"),
        ("people", f"{here}/contacts/people/*.vcf"),
        ("kith itself", f".venv/bin/kith --config {here}/config.toml status      (why, plan, ledger, log ...)"),
    )
    for what, how in rows:
        click.echo(f"{what:<12}{how}")
    click.echo("\nRun it again: nothing new. Tomorrow: what tomorrow brings. Delete the folder to begin anew.")


def _short(folder: Path) -> str:
    try:
        return str(folder.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(folder)
