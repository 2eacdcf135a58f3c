"""Flags by which the user asks for a draft on a message (``kith-thanks`` and its kin), as they are read.

On a message of somebody known the request is kept. On a stranger's the person is proposed first: a question names
them, and once they are a contact their mail is read, flag and all. This is the only thing ever kept of a stranger,
because the user pointed at them; the answer takes it away again. Where the address is known but nobody's, because
several share it, the question is whose letter it is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from daemon.core.address import match
from daemon.core.identity import mail_identity, moment
from daemon.core.model import Mail
from daemon.core.wants import CHECK_IN, CONGRATULATIONS, REPLY, THANKS
from daemon.store import addresses, asks, questions

PURPOSES = frozenset({THANKS, REPLY, CONGRATULATIONS, CHECK_IN})
STRANGER = "stranger-flagged"
"""The question's kind; its items are the message's identity, the purpose, the address and the name as written."""
SHARED = "shared-flagged"
"""The same about an address that contacts have and that credits none of them; no yes answers it, but who it is."""


def note_asks(
    conn: Connection,
    mails: Sequence[Mail],
    place: tuple[str, str],
    credited: Mapping[str, int],
    me: Collection[str],
    now: datetime,
) -> None:
    """Keep what these flagged messages ask for. ``place`` is account and stream, ``credited`` address -> contact."""
    for mail in mails:
        at = moment(mail, now)
        wished = sorted(mail.asks & PURPOSES)
        if not wished or at is None:
            continue
        identity = mail_identity(mail)
        who = _whose(mail, credited, me)
        for purpose in wished:
            if who is not None:
                asks.put(conn, (*place, mail.item_id, purpose), identity, who, at, now)
                for kind in (STRANGER, SHARED):
                    questions.settle(conn, kind, identity, now)
            elif len(mail.senders) == 1 and not match(mail.senders[0], frozenset(me)):
                _propose(conn, mail, place[0], identity, purpose, now)


def _whose(mail: Mail, credited: Mapping[str, int], me: Collection[str]) -> int | None:
    """The contact a draft would go to: who wrote the message; of the user's own, the first it went to."""
    if len(mail.senders) != 1:
        return None
    known = frozenset(credited)
    mine = bool(match(mail.senders[0], frozenset(me)))
    found = (match(a, known) for a in (mail.to if mine else mail.senders))
    return next((credited[a] for a in found if a), None)


def _propose(conn: Connection, mail: Mail, account: str, identity: str, purpose: str, now: datetime) -> None:
    if any(questions.about(conn, kind, identity) for kind in (STRANGER, SHARED)):
        return
    name = " ".join(mail.raw_from.partition("<")[0].replace('"', " ").split())[:120]
    address = mail.senders[0]
    items = [identity, purpose, address, name if name and "@" not in name else address]
    kind = SHARED if address in addresses.states(conn, [address]) else STRANGER
    questions.ask(conn, account, kind, items, now)
