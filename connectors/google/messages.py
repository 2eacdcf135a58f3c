"""Messages as Gmail tells them in its metadata format, as `Mail`. Bodies and snippets are not asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from connectors.google.errors import Rejected
from connectors.google.labels import PROMOTED, SENT, UNREAD, Labels
from connectors.google.session import BATCH, Session
from connectors.google.unshown import Unshown
from connectors.matching import concerns
from daemon.core.address import match, normalise
from daemon.core.errors import BrokenItem
from daemon.core.model import Broken, Interest, Mail, Signal
from daemon.formats.headers import FIELDS, parse_mail

WANTED = "id,threadId,labelIds,internalDate,payload/headers"

AGAIN = " It will be asked for again."

_NAME = re.compile(r"[!-9;-~]+\Z")
_BREAKS = re.compile(r"[\r\n\0]+")


@dataclass
class Taken:
    """What came of asking for some messages. ``scanned`` counts those that are still there; ``late`` are those of the
    broken that Google failed to show and that will be asked for again.
    """

    mails: list[Mail]
    broken: list[Broken]
    scanned: int = 0
    late: list[str] = field(default_factory=list)


class Messages:
    """Gets messages by id and keeps those that may concern somebody known."""

    def __init__(self, session: Session, labels: Labels) -> None:
        self._session = session
        self._labels = labels
        self.unshown = Unshown(session.folder, session.around.now)

    def take(self, ids: Sequence[str], interest: Interest) -> Taken:
        """The messages of these ids, in batches; one that is gone by now is none.

        One that Google fails at while it answers otherwise holds up no other: it is listed, and remembered.

        Raises:
            Paced: the minute's quota is used up.
        """
        taken = Taken([], [])
        for name, found in self._got(ids):
            if isinstance(found, Rejected):
                if found.late:
                    taken.late.append(name)
                if not found.absent:  # this one alone: it is listed as unread and holds up no other
                    taken.broken.append(Broken(name, f"{found}{AGAIN if found.late else ''}"))
                continue
            if not UNREAD.isdisjoint(found.get("labelIds", ())):
                continue
            taken.scanned += 1
            try:
                mail = self._mail(name, found, interest)
            except BrokenItem as error:
                taken.broken.append(Broken(name, str(error)))
                continue
            if concerns(mail, interest):
                taken.mails.append(mail)
        if taken.late:
            self.unshown.failed(taken.late)
        return taken

    def _got(self, ids: Sequence[str]) -> Iterator[tuple[str, Mapping[str, Any] | Rejected]]:
        """Each message or what Google says instead, by its id.

        Raises:
            Rejected: of all alike, which says nothing of any one of them.
        """
        for first in range(0, len(ids), BATCH):
            messages = self._session.gmail.messages()
            some = ids[first : first + BATCH]
            requests = [
                messages.get(userId="me", id=i, format="metadata", metadataHeaders=FIELDS, fields=WANTED) for i in some
            ]
            answers = self._session.batch(requests, bulk=True, spare=self.unshown.room(some))
            refused = [
                answer for answer in answers if isinstance(answer, Rejected) and not (answer.absent or answer.late)
            ]
            if len(refused) == len(some) > 1:
                raise refused[0]
            yield from zip(some, answers, strict=True)

    def _mail(self, name: str, found: Mapping[str, Any], interest: Interest) -> Mail:
        labels = frozenset(map(str, found.get("labelIds", ())))
        mail = parse_mail(
            name,
            header_block(found.get("payload", {}).get("headers", ())),
            received=_moment(found.get("internalDate")),
            asks=self._labels.asks(labels),
        )
        signals = mail.signals | {Signal.PROMOTED} if labels & PROMOTED else mail.signals
        senders = mail.senders
        if SENT in labels and len(senders) == 1 and not match(senders[0], interest.me | interest.known):
            # an alias the configuration does not name: Gmail knows better who wrote it
            senders = (normalise(self._session.settings.address),) if self._session.settings.address else senders
        return mail._replace(thread=str(found.get("threadId", "")), signals=signals, senders=senders)


def header_block(headers: Sequence[Mapping[str, Any]]) -> bytes:
    """The headers as the bytes they were made of, more or less: one line each, nothing that could begin another."""
    lines = [
        f"{header['name']}: {_BREAKS.sub(' ', str(header.get('value', '')))}"
        for header in headers
        if _NAME.match(str(header.get("name", "")))
    ]
    return "".join(line + "\r\n" for line in lines).encode("utf-8", "replace")


def _moment(milliseconds: object) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(str(milliseconds)) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
