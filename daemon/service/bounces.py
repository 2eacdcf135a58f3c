"""Mail that came back: the address it was for is frozen."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from daemon.core.address import match
from daemon.core.model import Direction, Interest, Mail, Signal
from daemon.store import addresses
from daemon.store.tables import evidence, participant


def freeze_bounced(conn: Connection, mail: Mail, interest: Interest, now: datetime) -> None:
    """Freeze what this message says cannot be reached; not what the user has said to work since."""
    at = mail.date or mail.received or now
    for address in _bounced(conn, mail, interest):
        addresses.freeze(conn, address, "mail to it came back", at)


def _bounced(conn: Connection, mail: Mail, interest: Interest) -> set[str]:
    """The known addresses one bounce is about: named by it, or the only person of the letter it refers to."""
    if Signal.BOUNCE not in mail.signals:
        return set()
    named = {known for a in mail.bounced if (known := match(a, interest.known))}
    if named:
        return named
    refs = [r for r in (mail.in_reply_to, *mail.references) if r]
    if not refs:
        return set()
    people = set(
        conn.execute(
            select(participant.c.address)
            .join(evidence, evidence.c.id == participant.c.evidence_id)
            .where(evidence.c.message_id.in_(refs[-20:]), evidence.c.direction == Direction.OUT.value)
        ).scalars()
    )
    return people if len(people) == 1 else set()
