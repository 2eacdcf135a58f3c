"""`kith why`: what was seen of one person, and what each rule made of it. Reads the store and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click
from sqlalchemy import Connection, select

from daemon.cli.context import Ctx, pass_ctx
from daemon.cli.output import ago, counted, emit_json, json_option, moment, table
from daemon.core.model import Form

if TYPE_CHECKING:
    from daemon.core.wants import Person


COMING_SHOWN = 3
"""So many coming meetings are shown by `kith why`, the next ones."""


@click.command()
@click.argument("name")
@json_option
@pass_ctx
def why(kith: Ctx, name: str, as_json: bool) -> int:
    """What was seen of NAME, and which rule counted it or not."""
    from daemon.service import contacts as book
    from daemon.service.people import people
    from daemon.store import cursors
    from daemon.store.tables import contact, interaction

    with kith.store.read() as conn:
        who = book.find(conn, name)
        person = people(conn, kith.settings, kith.now(), only=[who])[0]
        title = conn.execute(select(contact.c.name).where(contact.c.id == who)).scalar_one()
        rows = list(
            conn.execute(select(interaction).where(interaction.c.contact_id == who).order_by(interaction.c.at.desc()))
        )
        seen = _evidence(conn, [r.identity for r in rows])
        labels = cursors.labels(conn)
    if as_json:
        emit_json(
            {
                "contact": title,
                "last_contact": person.reset_at,
                "cadence_days": person.policy.cadence.days,
                "rule": person.policy.rule,
                "observations": [_observation(r, seen.get(r.identity, [])) for r in rows],
            }
        )
        return 0
    from daemon.core.due import due

    zone, now = kith.zone, kith.now()
    at = due(person) if person.active else None
    click.echo(f"{title}: cadence {cadence(person)}." + (f" Due {ago(at, now, zone)}." if at else ""))
    click.echo(
        f"Last contact {moment(person.reset_at, zone) or 'never'}; inbound {moment(person.last.inbound, zone) or '–'}, "
        f"outbound {moment(person.last.outbound, zone) or '–'}, meeting {moment(person.last.meeting, zone) or '–'}."
    )
    click.echo()
    coming = [r for r in rows if r.at > now]
    hidden = len(coming) - COMING_SHOWN
    if hidden > 0:  # a daily series would bury what has been
        rows = [*coming[hidden:], *rows[len(coming) :]]
    table(
        ("id", "when", "form", "", "verdict", "seen in", "subject"),
        [
            (
                r.id,
                moment(r.at, zone),
                r.form,
                {"in": "←", "out": "→"}.get(r.direction, "↔"),
                "counted" if r.counted and r.rule == "counted" else f"{'counted' if r.counted else 'not'}: {r.rule}",
                ", ".join(sorted({_place(labels, e) for e in seen.get(r.identity, [])})) or "by hand",
                r.subject,
            )
            for r in rows
        ],
        empty="Nothing was seen of them yet.",
    )
    if hidden > 0:
        click.echo(f"\n{counted(hidden, 'later meeting')} not shown (`--json` has all).")
    return 0


def _place(labels: Mapping[tuple[str, str, str], str], seen: Any) -> str:
    """Where something was seen, as people call the folder or calendar."""
    kind = "calendar" if seen.form == Form.MEETING else "mail"
    return f"{seen.account}/{labels.get((seen.account, kind, seen.stream)) or seen.stream}"


def _evidence(conn: Connection, identities: Sequence[str]) -> dict[str, list[Any]]:
    from daemon.store.bulk import chunks
    from daemon.store.tables import evidence

    found: dict[str, list[Any]] = {}
    for chunk in chunks(identities):
        for row in conn.execute(select(evidence).where(evidence.c.identity.in_(chunk))):
            found.setdefault(row.identity, []).append(row)
    return found


def _observation(row: Any, seen: Sequence[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "at": row.at,
        "kind": row.form,
        "direction": row.direction,
        "counted": row.counted,
        "rule": row.rule,
        "subject": row.subject,
        "evidence": [
            {
                "account": e.account,
                "stream": e.stream,
                "item": e.item_id,
                "from": e.raw_from,
                "recipients": e.recipients,
                "signals": e.signals.split(),
                "message_id": e.message_id,
                "uid": e.uid,
            }
            for e in seen
        ],
    }


def cadence(p: Person) -> str:
    """The cadence in force, the rule that gave it, and whether it is doubled just now."""
    from daemon.core.cadence import interval

    doubled = interval(p.policy.cadence, p.unanswered) != p.policy.cadence
    return f"{p.policy.cadence.days} days, {p.policy.rule}" + (" (doubled: no answer to your letters)" * doubled)
