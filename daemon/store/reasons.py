"""What the user noted as a reason to write: of people, conferences, companies, trips and their own news."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update

from daemon.core.organisations import fold_organisation
from daemon.core.reasons import Noted, OwnNews, Trip
from daemon.store import dialect, favours
from daemon.store.tables import company, gathering, noted, own_news, trip

# -- noted of people -----------------------------------------------------------------------------------


def note(conn: Connection, contact_id: int, what: Noted, *, gathering_id: int | None = None) -> bool:
    """Keep a reason to write to them; False where the very same was noted before."""
    values = asdict(what) | {"day": what.day.isoformat(), "contact_id": contact_id, "gathering_id": gathering_id}
    statement = dialect.insert(conn, noted).values(values).on_conflict_do_nothing()
    return conn.execute(statement.returning(noted.c.id)).one_or_none() is not None


def of_contacts(conn: Connection, within: Any) -> Mapping[int, list[Noted]]:
    """contact -> what was noted of them. ``within`` limits a contact column, as in `daemon.service.people`."""
    found: dict[int, list[Noted]] = defaultdict(list)
    for r in conn.execute(select(noted).where(within(noted.c.contact_id)).order_by(noted.c.id)):
        found[r.contact_id].append(
            Noted(r.kind, r.token, date.fromisoformat(r.day), r.noted_at, r.title, r.source),
        )
    return found


@dataclass(frozen=True, slots=True)
class NotedRow:
    """One note, with its number and whom it is about."""

    id: int
    contact_id: int
    what: Noted


def notes(conn: Connection, contact_id: int | None = None) -> list[NotedRow]:
    """All notes, or those of one person, the latest first."""
    query = select(noted).order_by(noted.c.day.desc(), noted.c.id.desc())
    if contact_id is not None:
        query = query.where(noted.c.contact_id == contact_id)
    return [
        NotedRow(
            r.id,
            r.contact_id,
            Noted(r.kind, r.token, date.fromisoformat(r.day), r.noted_at, r.title, r.source),
        )
        for r in conn.execute(query)
    ]


def unnote(conn: Connection, note_id: int) -> bool:
    """Take a note back."""
    row = conn.execute(select(noted).where(noted.c.id == note_id)).one_or_none()
    if row is None:
        return False
    favours.remove_of(conn, contact_id=row.contact_id, reason=row.token)
    return bool(conn.execute(delete(noted).where(noted.c.id == note_id)).rowcount)


def move_notes(conn: Connection, other: int, keep: int) -> None:
    """Of two contacts that become one: the notes of both, each once."""
    have = set(conn.execute(select(noted.c.token).where(noted.c.contact_id == keep)).scalars())
    conn.execute(
        update(noted).where(noted.c.contact_id == other, noted.c.token.not_in(sorted(have))).values(contact_id=keep)
    )


# -- conferences ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Gathering:
    """A conference; ``people`` counts those met there."""

    id: int
    token: str
    name: str
    begins: date
    ends: date
    people: int = 0


def put_gathering(conn: Connection, token: str, name: str, begins: date, ends: date, now: datetime) -> int:
    """Keep a conference, once; its number."""
    values = {"token": token, "name": name, "begins": begins.isoformat(), "ends": ends.isoformat(), "noted_at": now}
    conn.execute(dialect.insert(conn, gathering).values(values).on_conflict_do_nothing())
    return int(conn.execute(select(gathering.c.id).where(gathering.c.token == token)).scalar_one())


def gatherings(conn: Connection) -> list[Gathering]:
    """All conferences, the latest first."""
    people: dict[int, int] = defaultdict(int)
    for who in conn.execute(select(noted.c.gathering_id).where(noted.c.gathering_id.is_not(None))).scalars():
        people[who] += 1
    return [
        Gathering(r.id, r.token, r.name, date.fromisoformat(r.begins), date.fromisoformat(r.ends), people[r.id])
        for r in conn.execute(select(gathering).order_by(gathering.c.begins.desc(), gathering.c.id.desc()))
    ]


def remove_gathering(conn: Connection, gathering_id: int) -> bool:
    """Take a conference back, with the letters it asks for; the people stay."""
    conn.execute(delete(noted).where(noted.c.gathering_id == gathering_id))
    return bool(conn.execute(delete(gathering).where(gathering.c.id == gathering_id)).rowcount)


# -- companies -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Company:
    """A company; ``founded`` is YYYY-MM-DD, --MM-DD or ""."""

    id: int
    name: str
    folded: str
    founded: str


def put_company(conn: Connection, name: str, founded: str, now: datetime) -> None:
    """Keep a company, or change what is kept of it."""
    folded = fold_organisation(name)
    values = {"name": name, "folded": folded, "founded": founded, "noted_at": now}
    statement = dialect.insert(conn, company).values(values)
    conn.execute(
        statement.on_conflict_do_update(index_elements=["folded"], set_={"name": name, "founded": founded}),
    )


def companies(conn: Connection) -> dict[str, Company]:
    """All companies, by the folded name."""
    return {
        r.folded: Company(r.id, r.name, r.folded, r.founded)
        for r in conn.execute(select(company).order_by(company.c.name))
    }


def remove_company(conn: Connection, name: str) -> bool:
    """Keep nothing of a company any more."""
    return bool(conn.execute(delete(company).where(company.c.folded == fold_organisation(name))).rowcount)


# -- the user's own ------------------------------------------------------------------------------------


def put_trip(conn: Connection, what: Trip) -> bool:
    """Keep a trip; False where it was there already."""
    values = asdict(what) | {
        "cities": list(what.cities),
        "begins": what.begins.isoformat(),
        "ends": what.ends.isoformat(),
    }
    statement = dialect.insert(conn, trip).values(values).on_conflict_do_nothing()
    return conn.execute(statement.returning(trip.c.id)).one_or_none() is not None


def trips(conn: Connection) -> list[tuple[int, Trip]]:
    """All trips with their numbers, the earliest first."""
    return [
        (
            r.id,
            Trip(r.token, tuple(r.cities), date.fromisoformat(r.begins), date.fromisoformat(r.ends), r.noted_at),
        )
        for r in conn.execute(select(trip).order_by(trip.c.begins, trip.c.id))
    ]


def remove_trip(conn: Connection, trip_id: int) -> bool:
    """The trip does not take place."""
    return bool(conn.execute(delete(trip).where(trip.c.id == trip_id)).rowcount)


def put_own_news(conn: Connection, what: OwnNews) -> bool:
    """Keep the user's own news; False where they were there already."""
    values = {
        "token": what.token,
        "texts": dict(what.texts),
        "reach": dict(what.reach),
        "circles": sorted(what.circles),
        "old": sorted(what.old),
        "new": sorted(what.new),
        "noted_at": what.noted_at,
    }
    statement = dialect.insert(conn, own_news).values(values).on_conflict_do_nothing()
    return conn.execute(statement.returning(own_news.c.id)).one_or_none() is not None


def all_own_news(conn: Connection, since: datetime | None = None) -> list[tuple[int, OwnNews]]:
    """The user's own news with their numbers, the earliest first."""
    query = select(own_news).order_by(own_news.c.noted_at, own_news.c.id)
    if since is not None:
        query = query.where(own_news.c.noted_at > since)
    return [
        (
            r.id,
            OwnNews(r.token, r.texts, r.noted_at, frozenset(r.circles), frozenset(r.old), frozenset(r.new), r.reach),
        )
        for r in conn.execute(query)
    ]


def remove_own_news(conn: Connection, news_id: int) -> bool:
    """Tell these news no more."""
    return bool(conn.execute(delete(own_news).where(own_news.c.id == news_id)).rowcount)
