"""Cadences proposed from the real rhythm of past contact; what the user accepts is kept with the contact."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from daemon.config.settings import Settings
from daemon.core.cadence import DOUBLED_AFTER
from daemon.core.guesses import RHYTHM, Guess
from daemon.core.rhythm import proposed
from daemon.core.wants import Person
from daemon.core.wording import calendar_date
from daemon.service.people import people
from daemon.store import contacts, suggestions
from daemon.store.tables import interaction

LOOKS_BACK = timedelta(days=3 * 365)
"""Rhythms change: contact longer ago says nothing of today's."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Another cadence for somebody. ``talks`` is on how many days there was contact ``since`` the first of them."""

    person: Person
    cadence: timedelta
    talks: int
    since: date

    @property
    def mark(self) -> str:
        """The name of the question: another rhythm later is another question."""
        return f"{RHYTHM}:{self.person.uid}:{self.cadence.days}"

    @property
    def evidence(self) -> str:
        """What it was seen in, in a few words."""
        return f"{self.talks} days of contact since {calendar_date(self.since, 'en', year=True)}"

    @property
    def guess(self) -> Guess:
        """The question to the user."""
        name, days, present = self.person.name, self.cadence.days, self.person.policy.cadence.days
        return Guess(
            mark=self.mark,
            kind=RHYTHM,
            contact_id=self.person.contact_id,
            question=f"{name}: every {days} days instead of {present}?",
            source=self.evidence,
            about={"days": str(days)},
        )


def proposals(conn: Connection, settings: Settings, now: datetime) -> list[Proposal]:
    """For the kept whose real rhythm differs from their cadence, by name.

    Nothing is proposed over a policy of their own in the configuration, which would win, or over forms in turn; and
    nothing shorter where nobody answers: that is the user's rhythm alone.
    """
    kept = [
        p for p in people(conn, settings, now, kept_only=True) if p.active and not p.policy.own and not p.policy.forms
    ]
    days = _days(conn, kept, settings, now)
    real = ((p, proposed(days[p.contact_id], p.policy.cadence)) for p in kept)
    found = ((p, c) for p, c in real if c is None or c > p.policy.cadence or p.unanswered < DOUBLED_AFTER)
    asked = declined(conn)
    made = [
        Proposal(p, cadence, len(set(days[p.contact_id])), min(days[p.contact_id]))
        for p, cadence in found
        if cadence is not None
    ]
    return [p for p in made if p.mark not in asked]


def _days(conn: Connection, kept: Sequence[Person], settings: Settings, now: datetime) -> dict[int, list[date]]:
    zone, wanted = ZoneInfo(settings.hours.zone), {p.contact_id for p in kept}
    found: dict[int, list[date]] = defaultdict(list)
    i = interaction.c
    for row in conn.execute(
        select(i.contact_id, i.at).where(i.counted.is_(True), i.at > now - LOOKS_BACK, i.at <= now)
    ):
        if row.contact_id in wanted:
            found[row.contact_id].append(row.at.astimezone(zone).date())
    return found


def declined(conn: Connection) -> set[str]:
    """The marks of proposals the user said no to: they are not made again."""
    return {s.guess.mark for s in suggestions.rows(conn, only_open=False) if s.state == suggestions.DECLINED}


def decide(conn: Connection, proposal: Proposal, yes: bool, now: datetime) -> None:
    """The user's word on a proposal, wherever it was asked for."""
    suggestions.put(conn, [proposal.guess], now)
    number = next((s.id for s in suggestions.rows(conn) if s.guess.mark == proposal.mark), None)
    if number is not None:
        suggestions.decide(conn, number, suggestions.ACCEPTED if yes else suggestions.DECLINED, now)
    if yes:
        accept(conn, proposal.person.contact_id, proposal.cadence)


def accept(conn: Connection, contact_id: int, cadence: timedelta | None) -> None:
    """The cadence the user wants for this person from now on; None: as the configuration has it again."""
    contacts.change(conn, contact_id, cadence_days=cadence.days if cadence else None)
