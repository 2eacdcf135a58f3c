"""`kith contacts triage`: one question a person, answers by keyboard or from a file."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import datetime

import click
from sqlalchemy import Connection, func, select

from daemon.cli.contacts_common import like_circle
from daemon.cli.context import Ctx
from daemon.cli.output import ago
from daemon.core.policy import CIRCLES, TIERS
from daemon.service import contacts as book
from daemon.service.contacts import Change
from daemon.service.judging import Rules
from daemon.store import contacts
from daemon.store.contacts import Contact
from daemon.store.tables import contact_circle, interaction

HELP = f"""
  circles    one or several of {", ".join(CIRCLES)}, or your own
  tiers      {", ".join(TIERS)}; may stand among the circles: mentor, key
  y          as proposed
  Enter      later: asked again next time
  s          skip: known, never kept, not asked again
  q          quit; what was answered is kept
"""

LABEL_WORDS = {
    "recruiter": "recruit рекрут хедхант headhunt",
    "hr": "hr кадр эйчар",
    "mentor": "mentor наставник ментор учител",
    "protege": "protege mentee подопечн учени",
    "colleague": "colleague coworker collegue коллег сотрудник",
    "expert": "expert эксперт speaker спикер",
    "partner": "partner партнер",
    "employer": "employer работодател",
    "candidate": "candidate кандидат соискател",
    "friend": "friend друз друг",
}
"""Beginnings of words in labels that propose a circle."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One person to ask about: how often there was contact, when last (UTC), and what their labels propose."""

    contact: Contact
    exchanges: int
    latest: datetime | None
    labels: tuple[str, ...]
    proposed: tuple[str, ...]


def run(kith: Ctx) -> int:
    """Ask about everybody not yet sorted; each answer is kept at once."""
    store = kith.store_upgraded
    with store.read() as conn:
        queue = waiting(conn, kith.now())
        known = {*CIRCLES, *kith.settings.policies.circles, *conn.execute(select(contact_circle.c.circle)).scalars()}
    if not queue:
        click.echo("Everybody known is sorted.")
        return 0
    click.echo(f"{len(queue)} people are known and not sorted yet. Circles or a tier keep somebody; ? for help.\n")
    kept = skipped = 0
    for number, one in enumerate(queue, 1):
        click.echo(_line(kith, one, number, len(queue)))
        answer = _ask(known, one.proposed)
        if answer == "q":
            break
        with store.write() as conn:
            if isinstance(answer, Change):
                book.edit(conn, Rules(kith.settings.policies, kith.now()), one.contact.id, answer)
                kept += 1
            elif answer == "s":
                contacts.set_skipped(conn, one.contact.uid, skip=True)
                skipped += 1
    left = len(queue) - kept - skipped
    click.echo(f"\n{kept} kept, {skipped} skipped, {left} left for later.")
    return 0


def waiting(conn: Connection, now: datetime) -> list[Asked]:
    """Those known, not kept and not skipped: most exchanges first, then the newest, then by name."""
    counted = {
        r.contact_id: (r.n, r.at)
        for r in conn.execute(
            select(interaction.c.contact_id, func.count().label("n"), func.max(interaction.c.at).label("at"))
            .where(interaction.c.counted.is_(True))
            .group_by(interaction.c.contact_id)
        )
    }
    skipped = contacts.skipped(conn)
    people = [c for c in contacts.load(conn).values() if not c.kept and not c.state_at(now) and c.uid not in skipped]
    labels = book.proposals(conn, [c.id for c in people])
    found = [Asked(c, *counted.get(c.id, (0, None)), labels[c.id], propose(labels[c.id])) for c in people]
    return sorted(
        found, key=lambda a: (-a.exchanges, -(a.latest.timestamp() if a.latest else 0.0), a.contact.name.casefold())
    )


def propose(labels: tuple[str, ...]) -> tuple[str, ...]:
    """The circles that labels of an address book speak of."""
    words = " ".join(labels).casefold().replace("ё", "е").replace("-", " ").split()
    return tuple(
        circle for circle, begins in LABEL_WORDS.items() if any(w.startswith(b) for w in words for b in begins.split())
    )


def _line(kith: Ctx, one: Asked, number: int, total: int) -> str:
    c = one.contact
    about = ", ".join(x for x in (c.fields["title"], c.fields["organisation"], *c.addresses[:2]) if x)
    times = "no contact yet" if not one.exchanges else f"{one.exchanges} exchange{'s' * (one.exchanges != 1)}"
    when = f", last {ago(one.latest, kith.now(), kith.zone)}" if one.latest else ""
    text = f"{number}/{total}  {c.name}" + (f"  ({about})" if about else "") + f"\n     {times}{when}"
    if one.labels:
        text += f"; labelled {', '.join(one.labels)}"
    if one.proposed:
        text += f"; proposed: {', '.join(one.proposed)} (y)"
    return text


def _ask(known: set[str], proposed: tuple[str, ...]) -> Change | str:
    """What the user says: a change, "s", "q", or "" for later. The end of the input is quitting."""
    while True:
        text = _read("     > ")
        if text is None or text.casefold() in ("q", "quit"):
            return "q"
        word = text.casefold()
        if word in ("", "l", "later"):
            return ""
        if word in ("s", "skip"):
            return "s"
        if word == "?":
            click.echo(HELP)
            continue
        if word in ("y", "yes"):
            if proposed:
                return Change(circles=proposed)
            click.echo("     Nothing is proposed for them.")
            continue
        change = _understand(word, known)
        if change is not None:
            return change


def _understand(text: str, known: set[str]) -> Change | None:
    """Circles and a tier; None where the user took it back."""
    parts = [p for p in text.replace("/", ",").replace(";", ",").split(",") if p.strip()]
    words = [w for p in parts for w in ([p.strip()] if p.strip() in known else p.split())]
    tiers = [w for w in words if w in TIERS]
    circles = [w for w in words if w not in TIERS]
    if len(tiers) > 1:
        click.echo("     One tier, please.")
        return None
    for circle in circles:
        if circle not in known:
            near = like_circle(circle, known)
            hint = f" (did you mean {near}?)" if near else ""
            if (_read(f"     “{circle}” is no circle yet{hint}. Make it one? [y/N] ") or "").casefold() not in (
                "y",
                "yes",
            ):
                return None
            known.add(circle)
    return Change(circles=tuple(circles), tier=tiers[0] if tiers else None)


def _read(prompt: str) -> str | None:
    """One line of the user's; None at the end of the input (a script's, or Ctrl-D)."""
    click.echo(prompt, nl=False)
    line: str = sys.stdin.readline()
    if not line:
        click.echo()
        return None
    return line.strip()
