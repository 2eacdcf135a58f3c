"""What makes two observations the same message or the same meeting, and when it took place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256

from daemon.core.model import Mail, Meeting

ABSURDLY_EARLY = datetime(1990, 1, 1, tzinfo=UTC)
LEEWAY = timedelta(days=2)
"""How far a sender's clock may run ahead of the server's before its date is not believed."""


def mail_identity(mail: Mail) -> str:
    """The message, whichever folder and account it lies in.

    Message-ID and sender together: the same Message-ID with another From is another message. Without a
    Message-ID (``<>`` is none) the normalised Date, From, To and Subject; the server's date only where Date is
    missing; never the size, which differs from server to server.
    """
    sender = " ".join(sorted(mail.senders)) if len(mail.senders) != 1 else mail.senders[0]
    if mail.message_id.strip("<> \t"):
        return _digest("m", mail.message_id.strip(), sender)
    when = mail.date or mail.received
    stamp = when.astimezone(UTC).isoformat() if when else ""
    return _digest("h", stamp, sender, " ".join(sorted(set(mail.to))), " ".join(mail.subject.split()).casefold())


def meeting_identity(meeting: Meeting) -> str:
    """The instance: iCalendar UID and original start in UTC (RFC 5545 3.8.4.4)."""
    return _digest("e", meeting.uid, meeting.original.astimezone(UTC).isoformat())


def hand_identity(token: str) -> str:
    """The identity of contact logged by hand; ``token`` is unique, or the key of a ticked reminder."""
    return _digest("l", token)


def moment(mail: Mail, now: datetime) -> datetime | None:
    """When the message was written, UTC: its Date header unless that is absurd or in the future.

    Then the server's own date; None where neither is usable.
    """
    if mail.date is not None:
        latest = min(now, mail.received + LEEWAY if mail.received else now) + timedelta(minutes=5)
        if ABSURDLY_EARLY <= mail.date <= latest:
            return mail.date
    if mail.received is not None and mail.received >= ABSURDLY_EARLY:
        return min(mail.received, now)
    return None


def _digest(kind: str, *parts: str) -> str:
    return kind + sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
