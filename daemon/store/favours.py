"""What the user and their contacts did for one another, and the letters the user asked for to give something."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update

from daemon.core.favours import Errand, Favour, Other
from daemon.core.policy import JOB_HUNTING
from daemon.core.states import FAILED, OPEN, SENT, WITHDRAWN
from daemon.core.wants import DRAFT, GIVEN, INTRODUCE, SHARE
from daemon.store import dialect
from daemon.store.contacts import standing
from daemon.store.tables import contact, contact_circle, errand, favour, ledger, noted


def add(
    conn: Connection, contact_id: int, what: Favour, now: datetime, *, identity: str = "", reason: str = ""
) -> bool:
    """Keep a favour; False where it was there already (words it had none of are added)."""
    values = {
        "contact_id": contact_id,
        "direction": what.direction,
        "kind": what.kind,
        "token": what.token,
        "day": what.day.isoformat(),
        "title": what.title,
        "identity": identity,
        "reason": reason,
        "outcome": dict(what.outcome),
        "noted_at": now,
    }
    statement = dialect.insert(conn, favour).values(values).on_conflict_do_nothing()
    if conn.execute(statement.returning(favour.c.id)).one_or_none() is not None:
        return True
    if what.title:
        here = (favour.c.contact_id == contact_id) & (favour.c.token == what.token) & (favour.c.title == "")
        conn.execute(update(favour).where(here).values(title=what.title))
    return False


@dataclass(frozen=True, slots=True)
class Kept:
    """One favour with its number and whose it is."""

    id: int
    contact_id: int
    what: Favour


def rows(conn: Connection, contact_id: int | None = None) -> list[Kept]:
    """All favours, or those of one person, the latest first."""
    query = select(favour).order_by(favour.c.day.desc(), favour.c.id.desc())
    if contact_id is not None:
        query = query.where(favour.c.contact_id == contact_id)
    return [Kept(r.id, r.contact_id, _favour(r)) for r in conn.execute(query)]


def _favour(r: Row[Any]) -> Favour:
    return Favour(r.direction, r.kind, r.token, date.fromisoformat(r.day), r.title, r.outcome, r.outcome_at)


def of_contacts(conn: Connection, within: Any) -> Mapping[int, list[Favour]]:
    """contact -> their favours."""
    found: dict[int, list[Favour]] = defaultdict(list)
    for r in conn.execute(select(favour).where(within(favour.c.contact_id)).order_by(favour.c.id)):
        found[r.contact_id].append(_favour(r))
    return found


def given_by_letter(conn: Connection, within: Any) -> Mapping[int, int]:
    """contact -> how many links and introductions of the user's were sent to them."""
    query = (
        select(ledger.c.contact_id, func.count().label("n"))
        .where(within(ledger.c.contact_id), ledger.c.purpose.in_((SHARE, INTRODUCE)), ledger.c.state == SENT)
        .group_by(ledger.c.contact_id)
    )
    return {r.contact_id: r.n for r in conn.execute(query)}


def remove(conn: Connection, favour_id: int) -> bool:
    """Take a favour back, and the note it came with or made: there is nothing to thank for."""
    row = conn.execute(select(favour).where(favour.c.id == favour_id)).one_or_none()
    if row is None:
        return False
    _remove(conn, [row])
    return True


def _remove(conn: Connection, rows: Sequence[Row[Any]]) -> None:
    for row in rows:
        if row.reason:
            conn.execute(delete(noted).where(noted.c.contact_id == row.contact_id, noted.c.token == row.reason))
        conn.execute(delete(favour).where(favour.c.id == row.id))


def remove_of(conn: Connection, *, identity: str = "", contact_id: int = 0, reason: str = "") -> None:
    """Those that came with an entry of the log, or with a note, that is taken back itself."""
    if identity:
        _remove(conn, conn.execute(select(favour).where(favour.c.identity == identity)).all())
    if reason:
        conn.execute(delete(favour).where(favour.c.contact_id == contact_id, favour.c.reason == reason))


def by_identity(conn: Connection, identities: Collection[str]) -> Mapping[str, list[Favour]]:
    """interaction -> what was marked on it."""
    found: dict[str, list[Favour]] = defaultdict(list)
    for r in conn.execute(select(favour).where(favour.c.identity.in_(identities)).order_by(favour.c.id)):
        found[r.identity].append(_favour(r))
    return found


def letter_made(conn: Connection, contact_id: int, purpose: str, period: str) -> bool:
    """Whether a letter for this very reason was made, and is not taken back."""
    here = (ledger.c.contact_id == contact_id) & (ledger.c.purpose == purpose) & (ledger.c.kind == DRAFT)
    here &= ledger.c.period.startswith(period, autoescape=True) & ledger.c.state.not_in((WITHDRAWN, FAILED))
    return conn.execute(select(ledger.c.key).where(here)).first() is not None


def tell_outcome(conn: Connection, favour_id: int, texts: Mapping[str, str], now: datetime | None) -> None:
    """How it turned out, by language; with None for ``now``, nothing was told."""
    conn.execute(update(favour).where(favour.c.id == favour_id).values(outcome=dict(texts), outcome_at=now))


# -- letters asked for ---------------------------------------------------------------------------------


def ask(
    conn: Connection,
    contact_id: int,
    purpose: str,
    token: str,
    details: Mapping[str, str],
    texts: Mapping[str, str],
    now: datetime,
    *,
    other_id: int | None = None,
) -> bool:
    """Keep what the user asked for; False where the very same was asked before."""
    values = {
        "contact_id": contact_id,
        "purpose": purpose,
        "token": token,
        "other_id": other_id,
        "details": dict(details),
        "texts": dict(texts),
        "asked_at": now,
    }
    statement = dialect.insert(conn, errand).values(values).on_conflict_do_nothing()
    return conn.execute(statement.returning(errand.c.id)).one_or_none() is not None


def make_way(conn: Connection, contact_id: int, purpose: str, about: str) -> bool:
    """Let an errand that begins so be asked for anew; False where a letter was made for it already.

    One that came to nothing so far is dropped: it was asked for before anything might be written, or in other words.
    """
    here = (errand.c.contact_id == contact_id) & errand.c.token.startswith(about, autoescape=True)
    rows = conn.execute(select(errand).where(here)).all()
    if any(letter_made(conn, contact_id, purpose, r.token) for r in rows):
        return False
    conn.execute(delete(errand).where(here))
    return True


def errands(conn: Connection, purpose: str) -> Sequence[Row[Any]]:
    """All that was asked for, with the names of both, the latest first."""
    other = contact.alias("other")
    return conn.execute(
        select(errand, contact.c.name, other.c.name.label("other"))
        .join(contact, contact.c.id == errand.c.contact_id)
        .join(other, other.c.id == errand.c.other_id, isouter=True)
        .where(errand.c.purpose == purpose)
        .order_by(errand.c.asked_at.desc(), errand.c.id)
    ).all()


def cancel(conn: Connection, purpose: str, errand_id: int) -> bool:
    """Take it back, to everybody it was for."""
    token = conn.execute(
        select(errand.c.token).where(errand.c.id == errand_id, errand.c.purpose == purpose)
    ).scalar_one_or_none()
    return token is not None and bool(conn.execute(delete(errand).where(errand.c.token == token)).rowcount)


def asked_of(conn: Connection) -> Sequence[int]:
    """Whom a letter was asked for to, as far as it is still to be written or stands."""
    wished = conn.execute(select(errand.c.contact_id)).scalars()
    standing = conn.execute(
        select(ledger.c.contact_id).where(ledger.c.purpose.in_(sorted(GIVEN)), ledger.c.state.in_(sorted(OPEN)))
    ).scalars()
    return sorted({*wished, *standing})


def errands_of(conn: Connection, within: Any, now: datetime) -> Mapping[int, list[Errand]]:
    """contact -> what was asked for, with how things stand ``now`` with whomever they are introduced to."""
    found: dict[int, list[Errand]] = defaultdict(list)
    wished = conn.execute(select(errand).where(within(errand.c.contact_id)).order_by(errand.c.id)).all()
    others = _others(conn, [r.other_id for r in wished if r.other_id is not None], now)
    for r in wished:
        found[r.contact_id].append(
            Errand(r.purpose, r.token, r.asked_at, r.details, r.texts, others.get(r.other_id) if r.other_id else None)
        )
    return found


def _others(conn: Connection, ids: Sequence[int], now: datetime) -> dict[int, Other]:
    if not ids:
        return {}
    hunting = set(
        conn.execute(
            select(contact_circle.c.contact_id).where(
                contact_circle.c.contact_id.in_(ids), contact_circle.c.circle.in_(sorted(JOB_HUNTING))
            )
        ).scalars()
    )
    return {
        r.id: Other(
            r.name,
            ", ".join(part for part in (r.title, r.organisation) if part),
            bool(standing(r.state, r.paused_until, now)),
            r.id in hunting,
        )
        for r in conn.execute(select(contact).where(contact.c.id.in_(ids)))
    }


def move(conn: Connection, other: int, keep: int) -> None:
    """Of two contacts that become one: the favours and errands of both, each once."""
    for each in (favour, errand):
        have = list(conn.execute(select(each.c.token).where(each.c.contact_id == keep)).scalars())
        conn.execute(update(each).where(each.c.contact_id == other, each.c.token.not_in(have)).values(contact_id=keep))
    conn.execute(update(errand).where(errand.c.other_id == other).values(other_id=keep))
    conn.execute(delete(errand).where(errand.c.other_id == errand.c.contact_id))
