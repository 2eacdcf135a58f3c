"""Flags on messages by which the user asks for a draft, until they are taken off again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select

from daemon.core.states import FAILED, OPEN, PENDING
from daemon.core.wants import ASKED, Asked
from daemon.store.dialect import insert
from daemon.store.tables import ask as table
from daemon.store.tables import evidence, ledger

WITHOUT = frozenset({PENDING, FAILED})
"""States of what was asked for in which the flag stays: nothing stands yet."""


@dataclass(frozen=True, slots=True)
class Flag:
    """One keyword on one message, as `MailSource.clear_ask` needs it."""

    id: int
    account: str
    stream: str
    item_id: str
    purpose: str


def put(
    conn: Connection,
    flag: tuple[str, str, str, str],
    identity: str,
    contact_id: int,
    written_at: datetime,
    now: datetime,
) -> None:
    """Keep a flag seen, once. ``flag`` is (account, stream, item id, purpose)."""
    account, stream, item_id, purpose = flag
    conn.execute(
        insert(conn, table)
        .values(
            account=account,
            stream=stream,
            item_id=item_id,
            purpose=purpose,
            identity=identity,
            contact_id=contact_id,
            written_at=written_at,
            asked_at=now,
        )
        .on_conflict_do_nothing()
    )


def contact_ids(conn: Connection) -> Sequence[int]:
    """Whom the user asked for a draft to, as far as the flag is still there or the draft still stands."""
    flagged = conn.execute(select(table.c.contact_id)).scalars()
    standing = conn.execute(
        select(ledger.c.contact_id).where(ledger.c.period.startswith(ASKED), ledger.c.state.in_(OPEN))
    ).scalars()
    return sorted({*flagged, *standing})


def of_contacts(conn: Connection) -> Mapping[int, Sequence[Asked]]:
    """contact -> what was asked for on which message. A message flagged in two folders asks once."""
    made = {
        (r.contact_id, r.purpose, r.period.removeprefix(ASKED)): r
        for r in conn.execute(select(ledger).where(ledger.c.period.startswith(ASKED)).order_by(ledger.c.created_at))
    }
    found: dict[tuple[int, str, str], Asked] = {}
    for r in conn.execute(select(table).order_by(table.c.id)):
        which = (r.contact_id, r.purpose, r.identity)
        found.setdefault(which, Asked(r.purpose, r.identity, r.written_at, made[which].key if which in made else ""))
    standing = {which: r for which, r in made.items() if which not in found and r.state in OPEN}
    written = _moments(conn, sorted({identity for _, _, identity in standing}))
    for which, r in standing.items():
        found[which] = Asked(r.purpose, which[2], written.get(which[2], r.created_at), r.key)
    wished: dict[int, list[Asked]] = defaultdict(list)
    for (contact_id, _, _), one in found.items():
        wished[contact_id].append(one)
    return wished


def _moments(conn: Connection, identities: Sequence[str]) -> dict[str, datetime]:
    if not identities:
        return {}
    rows = conn.execute(select(evidence.c.identity, evidence.c.at).where(evidence.c.identity.in_(identities)))
    return {r.identity: r.at for r in rows}


def settled(conn: Connection) -> Sequence[Flag]:
    """Flags whose draft stands, or stood: they are to be taken off."""
    rows = conn.execute(
        select(table)
        .join(
            ledger,
            (ledger.c.contact_id == table.c.contact_id)
            & (ledger.c.purpose == table.c.purpose)
            & (ledger.c.period == ASKED + table.c.identity),
        )
        .where(ledger.c.state.not_in(WITHOUT))
        .order_by(table.c.id)
    )
    return [Flag(r.id, r.account, r.stream, r.item_id, r.purpose) for r in rows]


def remove(conn: Connection, flag_id: int) -> None:
    """The flag is off, or nobody will ever take it off."""
    conn.execute(delete(table).where(table.c.id == flag_id))
