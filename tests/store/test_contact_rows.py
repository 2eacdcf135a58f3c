"""Contacts, their sources and addresses as rows, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import insert, select

from daemon.core.model import Card, NamedDate
from daemon.core.people import HAND, SourceCard
from daemon.core.policy import Policies
from daemon.service import forgetting, importing, joining
from daemon.service.judging import Rules
from daemon.store import addresses, backfills, contacts, metas, sources
from daemon.store.engine import Store
from daemon.store.tables import cursor, metadata

NOW = datetime(2026, 11, 21, tzinfo=UTC)
ME = "me@example.com"


def said(source: str, record: str, day: int = 0, **fields: object) -> SourceCard:
    return SourceCard(source, record, Card(record, **fields), NOW + timedelta(days=day))  # type: ignore[arg-type]


def test_a_contact_is_what_its_sources_make_of_it(store: Store) -> None:
    dates = (NamedDate("birthday", "1985-04-15"), NamedDate("other", "--01-02", "name day"))
    with store.write() as conn:
        who = contacts.create(conn, "uid:1", NOW)
        assert contacts.create(conn, "uid:1", NOW) != who
        one = said("vcard", "1", name="Анна", addresses=("b@example.org", "a@example.org"), dates=dates, labels=("HR",))
        assert sources.put(conn, who, one)
        assert not sources.put(conn, who, one)
        hand = SourceCard(HAND, "1", Card("1", title="CEO"), NOW, False, frozenset({"city"}), frozenset({"x"}))
        assert sources.put(conn, who, hand)
        assert sources.recompute(conn, [who], NOW) == {who}
        assert sources.recompute(conn, [who], NOW) == set()
    with store.read() as conn:
        found = contacts.load(conn)[who]
        assert sources.of_contacts(conn, [who])[who] == [one, hand]
        assert sources.hand_card(conn, who) == hand
    assert (found.fields["name"], found.fields["title"], found.origins["title"]) == ("Анна", "CEO", HAND)
    assert found.addresses == ("b@example.org", "a@example.org")
    assert [d for d, _ in found.dates] == list(dates)


def test_interest_and_credits(store: Store) -> None:
    with store.write() as conn:
        conn.execute(insert(cursor).values(account="home", kind="mail", stream="INBOX", cursor="1"))
        conn.execute(insert(cursor).values(account="home", kind="calendar", stream="c", cursor="1"))
        a, b = contacts.create(conn, "a", NOW), contacts.create(conn, "b", NOW)
        sources.put(conn, a, said("vcard", "a", addresses=("both@example.org", "a@example.org", "hr@example.org", ME)))
        sources.put(conn, b, said("vcard", "b", addresses=("both@example.org",)))
        sources.recompute(conn, [a, b], NOW)
        assert contacts.credits(conn) == {"a@example.org": a, ME: a}
        assert contacts.interest(conn, [ME]).known == {"both@example.org", "a@example.org", "hr@example.org"}
        assert contacts.interest(conn, [ME]).revision == metas.contacts_revision(conn) > 0
        assert {r.address for r in backfills.rows(conn)} >= {"both@example.org", "a@example.org"}
        assert conn.execute(select(cursor.c.cursor).where(cursor.c.kind == "calendar")).scalar_one() == ""
        addresses.assign(conn, "both@example.org", b, shared=True)
        assert contacts.credits(conn)["both@example.org"] == b
        addresses.assign(conn, "a@example.org", None, shared=True)
        assert "a@example.org" not in contacts.credits(conn)
        before = contacts.revision(conn)
        sources.put(conn, a, said("vcard", "a", 1, addresses=("both@example.org",)))
        sources.recompute(conn, [a], NOW)
        assert contacts.interest(conn, [ME]).revision == contacts.revision(conn) > before
        assert {r.address for r in backfills.rows(conn)} == {"both@example.org"}


def test_import_merge_split_and_forget(store: Store) -> None:
    cards = [
        Card(f"a-long-record-{n}", f"Person {n}", addresses=(f"p{n}@example.org", "all@example.org")) for n in range(3)
    ]
    with store.write() as conn:
        rules = Rules(Policies(), NOW)
        report = importing.import_batches(conn, rules, [importing.Batch("vcard", cards)], secret=b"s", me=[ME])
        assert report.new == 3 and len(report.shared) == 1
        first, second, third = contacts.load(conn)
        joining.merge(conn, rules, first, [second])
        new = joining.split(conn, rules, first, given=["p1@example.org"])
        joining.assign(conn, rules, "all@example.org", third)
        assert contacts.credits(conn) == {
            "p0@example.org": first,
            "p1@example.org": new,
            "p2@example.org": third,
            "all@example.org": third,
        }
        assert forgetting.forget(conn, third, b"s", NOW, [])
    with store.read() as conn:
        rows = repr([conn.execute(select(t)).all() for t in metadata.sorted_tables])
    assert "p2@example.org" not in rows and "Person 2" not in rows
