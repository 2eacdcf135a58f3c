"""Messages as Graph tells them, as `Mail`: from their internet headers where there are any, else from properties.

The headers of a message are told only where they are asked for by name, and of many sent items there are none: those
were never on the internet when the copy was kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC
from email.utils import format_datetime
from typing import Any

from connectors.microsoft import properties
from connectors.microsoft.moments import moment
from daemon.core.address import match, normalise
from daemon.core.model import Interest, Mail, Signal
from daemon.formats.headers import FIELDS, parse_mail

TYPED = "from sender replyTo toRecipients ccRecipients bccRecipients subject sentDateTime receivedDateTime "
TYPED += "internetMessageId conversationId isDraft categories"
SELECT = "id," + ",".join(TYPED.split())
"""What is asked of every message; of those that concern somebody known, the headers too."""

WITH_HEADERS = SELECT + ",internetMessageHeaders"
EXPAND = f"singleValueExtendedProperties($filter=id eq '{properties.IN_REPLY_TO}' or id eq '{properties.REFERENCES}')"
"""What a message answers is also told where it has no headers."""

ASKS = {f"kith-{purpose}": purpose for purpose in ("thanks", "reply", "congratulations", "check-in")}
"""Categories by which the user asks for a draft; Outlook shows and compares them without case."""

NEEDED = ("from", "toRecipients", "ccRecipients", "isDraft", "categories")
"""What has to be told of a message before it can be passed over; a delta may tell less."""

_WANTED = {name.lower() for name in FIELDS}
_POSTMASTERS = ("postmaster@", "mailer-daemon@", "microsoftexchange329e71ec88ae4615bbc36ab6ce41109e@")
"""Who bounces are from at Exchange (the long one is its system mailbox, the same in every organisation)."""


def partial(item: Mapping[str, Any]) -> bool:
    """Whether a delta told only of what changed: the message is to be read anew, and nothing of it overwritten."""
    return any(name not in item for name in NEEDED)


def asks_of(item: Mapping[str, Any]) -> frozenset[str]:
    """The drafts the user asked for by a category."""
    return frozenset(ASKS[c.casefold()] for c in _texts(item.get("categories")) if c.casefold() in ASKS)


def concerns(item: Mapping[str, Any], interest: Interest) -> bool:
    """Whether the message may be about somebody known, told from Graph's own properties."""
    if asks_of(item):
        return True
    addresses = list(addresses_of(item))
    return any(match(a, interest.known) for a in addresses) or any(a.startswith(_POSTMASTERS) for a in addresses)


def addresses_of(item: Mapping[str, Any]) -> Iterator[str]:
    """Everybody named in the message, normalised."""
    for name in ("from", "sender", "toRecipients", "ccRecipients", "bccRecipients"):
        for _, address in _people(item.get(name)):
            if found := normalise(address):
                yield found


def read(item: Mapping[str, Any]) -> Mail:
    """The facts of a message read with its headers.

    Raises:
        BrokenItem: what Graph tells of it cannot be read.
    """
    mail = parse_mail(
        str(item.get("id", "")),
        b"\r\n".join(_header(item)) + b"\r\n\r\n",
        received=moment(item.get("receivedDateTime")),
        draft=item.get("isDraft") is True,
        asks=asks_of(item),
    )
    signals = mail.signals
    if "eventMessage" in str(item.get("@odata.type") or ""):  # an invitation or an answer to one: no header need say so
        signals |= {Signal.INVITATION}
    return mail._replace(thread=str(item.get("conversationId") or ""), signals=signals)


def _header(item: Mapping[str, Any]) -> Iterator[bytes]:
    told = item.get("internetMessageHeaders")
    fields = [(str(h.get("name", "")), str(h.get("value", ""))) for h in told if isinstance(h, dict)] if told else []
    # copies kept at sending may have a few of the program's own and nobody's name: then they say nothing of people
    sufficient = any(name.lower() == "from" for name, _ in fields)
    for name, value in fields:
        if name.lower() in _WANTED and (sufficient or name.lower() not in _TYPED):
            yield _field(name, value)
    if not sufficient:
        yield from _typed(item)


_TYPED = frozenset(
    {"from", "sender", "reply-to", "to", "cc", "bcc", "subject", "date", "message-id", "in-reply-to", "references"}
)


_PEOPLE = {
    "From": "from",
    "Reply-To": "replyTo",
    "To": "toRecipients",
    "Cc": "ccRecipients",
    "Bcc": "bccRecipients",
}


def _typed(item: Mapping[str, Any]) -> Iterator[bytes]:
    for name, source in _PEOPLE.items():
        people = [_mailbox(*one) for one in _people(item.get(source))]
        if people:
            yield _field(name, ", ".join(people))
    yield _field("Subject", str(item.get("subject") or ""))
    if (sent := moment(item.get("sentDateTime"))) is not None:
        yield _field("Date", format_datetime(sent.astimezone(UTC)))
    if item.get("internetMessageId"):
        yield _field("Message-ID", str(item["internetMessageId"]))
    for name, source in (("In-Reply-To", properties.IN_REPLY_TO), ("References", properties.REFERENCES)):
        if value := properties.of(item, source):
            yield _field(name, value)


def _field(name: str, value: str) -> bytes:
    # a line break in a value could begin another field
    return f"{name}: {' '.join(value.split())}".encode("utf-8", "replace")


def _mailbox(name: str, address: str) -> str:
    quoted = name.replace("\\", "").replace('"', "")
    return f'"{quoted}" <{address}>' if quoted else address


def _people(value: object) -> Iterator[tuple[str, str]]:
    """(name, address) of one recipient or of several."""
    several: Iterable[object] = value if isinstance(value, list) else (value,)
    for one in several:
        who = one.get("emailAddress") if isinstance(one, dict) else None
        if isinstance(who, dict) and isinstance(who.get("address"), str):
            yield str(who.get("name") or ""), who["address"]


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
