"""How contacts are listed and shown, on a terminal and as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import click

from daemon.cli.context import Ctx
from daemon.cli.output import ago, day, emit_json, table
from daemon.core.anniversaries import PARTIAL_DATE
from daemon.core.due import due
from daemon.core.names import fold
from daemon.core.people import FIELDS
from daemon.core.wants import Person
from daemon.service import contacts as book
from daemon.service.people import people
from daemon.store import addresses, contacts, sources
from daemon.store.contacts import Contact

WORDS = {"time_zone": "time zone", "url": "page"}


@dataclass(frozen=True, slots=True)
class Filter:
    """Which contacts to list; empty text and None let everybody pass."""

    text: str = ""
    circle: str = ""
    tier: str = ""
    kept: bool | None = None
    due_only: bool = False

    def passes(self, c: Contact, due_at: datetime | None, now: datetime) -> bool:
        """Whether this contact is to be listed."""
        said = " ".join((c.fields["name"], c.fields["organisation"], c.fields["title"], *c.addresses)).casefold()
        return (
            c.state != contacts.FORGETTING
            and (not self.text or self.text.casefold() in said or fold(self.text) in fold(c.fields["name"]))
            and (not self.circle or self.circle.casefold() in c.circles)
            and (not self.tier or self.tier == c.tier)
            and (self.kept is None or self.kept == c.kept)
            and (not self.due_only or (due_at is not None and due_at <= now and not c.state_at(now)))
        )


def list_all(kith: Ctx, wanted: Filter, as_json: bool) -> None:
    """Print everybody who passes, by name."""
    now = kith.now()
    with kith.store.read() as conn:
        found = contacts.load(conn)
        persons = {p.contact_id: p for p in people(conn, kith.settings, now)}
    rows = [
        (c, persons[c.id])
        for c in sorted(found.values(), key=lambda c: (c.name.casefold(), c.id))
        if c.id in persons and wanted.passes(c, due(persons[c.id]), now)
    ]
    if as_json:
        emit_json([as_data(kith, c, p) for c, p in rows])
        return
    known = bool(found)
    empty = "Nobody fits." if known else "Nobody is known yet: `kith contacts import FILE` or `kith contacts add NAME`."
    table(
        ("name", "circles", "tier", "last contact", "from them", "due"),
        [
            (
                c.name,
                ", ".join(c.circles),
                c.tier,
                ago(p.reset_at, now, kith.zone),
                ago(p.last.inbound, now, kith.zone),
                _due(kith, c, p, now),
            )
            for c, p in rows
        ],
        empty=empty,
    )
    waiting = sum(not c.kept for c, _ in rows)
    if waiting and rows:
        click.echo(f"\n{len(rows)} listed, {waiting} of them not sorted yet (`kith contacts triage`).")


def as_data(kith: Ctx, c: Contact, p: Person) -> dict[str, Any]:
    """A contact as JSON shows it: days are ISO dates in the user's zone, null where there is none."""
    return {
        "number": c.id,
        "uid": c.uid,
        "name": c.name,
        "addresses": list(c.addresses),
        "organisation": c.fields["organisation"],
        "title": c.fields["title"],
        "circles": list(c.circles),
        "tier": c.tier,
        "state": p.state,
        "last_contact": _local(kith, p.reset_at),
        "last_inbound": _local(kith, p.last.inbound),
        "last_outbound": _local(kith, p.last.outbound),
        "last_meeting": _local(kith, p.last.meeting),
        "due": _local(kith, due(p)) if not p.state else None,
    }


def show_one(kith: Ctx, who: str, as_json: bool) -> None:
    """Print one contact with the source of each field."""
    now = kith.now()
    with kith.store.read() as conn:
        contact_id = book.find(conn, who)
        c = contacts.load(conn, [contact_id])[contact_id]
        (p,) = people(conn, kith.settings, now, only=[contact_id])
        states = addresses.states(conn, c.addresses)
        labels = book.proposals(conn, [contact_id])[contact_id]
        records = [s for s in sources.of_contacts(conn, [contact_id]).get(contact_id, []) if not s.by_hand]
    if as_json:
        emit_json(
            as_data(kith, c, p)
            | {
                "fields": {n: {"value": v, "from": c.origins.get(n, "")} for n, v in c.fields.items() if v},
                "dates": [{"kind": d.kind, "when": d.when, "label": d.label, "from": s} for d, s in c.dates],
                "labels": list(labels),
                "notes": c.notes,
                "cadence_days": p.policy.cadence.days,
                "rule": p.policy.rule,
                "records": [{"source": s.source, "id": s.record_id, "gone": s.gone} for s in records],
            }
        )
        return
    click.echo(f"{c.name}  (#{c.id})")
    lines: list[tuple[str, str, str]] = [
        (WORDS.get(n, n), c.fields[n], c.origins.get(n, "")) for n in FIELDS if n != "name" and c.fields[n]
    ]
    lines += [("address", _address(conn_states, c), "") for conn_states in (states[a] for a in c.addresses)]
    lines += [(d.label or d.kind, _when(d.when), s) for d, s in c.dates]
    lines += [("circles", ", ".join(c.circles), "")] if c.circles else []
    lines += [("tier", c.tier, "")] if c.tier else []
    lines += [("labels", ", ".join(labels), "address book")] if labels else []
    lines += [("state", _state(kith, c), "")] if p.state else []
    lines += [("notes", c.notes, "hand")] if c.notes else []
    lines += [
        ("last inbound", ago(p.last.inbound, now, kith.zone), ""),
        ("last outbound", ago(p.last.outbound, now, kith.zone), ""),
        ("last meeting", ago(p.last.meeting, now, kith.zone), ""),
    ]
    if c.kept:
        lines.append(("due", _due(kith, c, p, now), f"every {p.policy.cadence.days} days: {p.policy.rule}"))
    else:
        lines.append(("due", "never: in no circle or tier yet", ""))
    lines += [("record", f"{s.source} {s.record_id}", "gone there" if s.gone else "") for s in records]
    width = max(len(name) for name, _, _ in lines)
    for name, value, origin in lines:
        first, *more = value.splitlines() or [""]
        click.echo(f"  {name:<{width}}  {first}" + (f"  [{origin}]" if origin else ""))
        for rest in more:
            click.echo(f"  {'':<{width}}  {rest}")


def _address(state: addresses.AddressState, c: Contact) -> str:
    if state.frozen_reason:
        return f"{state.address} (frozen: {state.frozen_reason})"
    if state.owner is None:
        return f"{state.address} (shared: counts for nobody until assigned)"
    return state.address if state.owner == c.id else f"{state.address} (shared: counts for another contact)"


def _state(kith: Ctx, c: Contact) -> str:
    return f"paused until {day(c.paused_until, kith.zone)}" if c.paused_until else c.state


def _when(when: str) -> str:
    match = PARTIAL_DATE.match(when)
    if not match:
        return when
    text = f"{int(match[3])} {date(2000, int(match[2]), 1):%B}"
    return f"{text} {match[1]}" if match[1] else text


def _due(kith: Ctx, c: Contact, p: Person, now: datetime) -> str:
    if p.state:
        return _state(kith, c)
    at = due(p)
    if at is None:
        return ""
    return "now" if at <= now else ago(at, now, kith.zone)


def _local(kith: Ctx, at: datetime | None) -> date | None:
    return at.astimezone(kith.zone).date() if at is not None else None
