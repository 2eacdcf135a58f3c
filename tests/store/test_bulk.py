"""Rows written in bulk are the rows SQLAlchemy would have written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import insert, select

from daemon.store.bulk import AT_ONCE, Among, Bulk
from daemon.store.dialect import new_ids
from daemon.store.engine import Store
from daemon.store.tables import contact, quarantine

NAMES = ("account", "kind", "stream", "item_id", "reason", "at", "retry")
ROUND = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


def _rows() -> list[tuple[str, str, str, str, str, datetime, bool]]:
    reasons = ("plain", "почта", "a NUL \0 in it", "a lone \ud800 surrogate", "")
    moments = (ROUND, ROUND + timedelta(microseconds=5), ROUND.astimezone(timezone(timedelta(hours=5, minutes=30))))
    return [
        ("mail", "mail", "INBOX", f"{reason}{n}", reason, at, n == 1)
        for reason in reasons
        for n, at in enumerate(moments)
    ]


def test_the_same_rows_as_one_by_one(store: Store) -> None:
    rows = _rows()
    plain = [dict(zip(NAMES, row, strict=True)) for row in rows]
    with store.write() as conn:
        conn.execute(insert(quarantine), [{**row, "account": "apart"} for row in plain])
        Bulk(quarantine, *NAMES).insert(conn, rows)
    with store.read() as conn:
        # the driver's own values, so that a difference in the text of a moment is seen
        found = [tuple(r) for r in conn.exec_driver_sql(f"SELECT {', '.join(NAMES)} FROM quarantine ORDER BY id")]  # noqa: S608
        read = [tuple(r) for r in conn.execute(select(*(quarantine.c[n] for n in NAMES)).order_by(quarantine.c.id))]
    half = len(rows)
    assert [r[1:] for r in found[:half]] == [r[1:] for r in found[half:]]
    assert [r[1:] for r in read[:half]] == [r[1:] for r in read[half:]]
    assert read[half][5] == ROUND and {r[6] for r in read} == {True, False}


def test_no_rows_are_no_statement(store: Store) -> None:
    with store.write() as conn:
        Bulk(quarantine, *NAMES).insert(conn, [])
    with store.read() as conn:
        assert conn.execute(select(quarantine)).all() == []


def test_naive_moments_are_refused(store: Store) -> None:
    row = ("mail", "mail", "INBOX", "1", "", ROUND.replace(tzinfo=None), False)
    with pytest.raises(ValueError, match="naive"), store.write() as conn:
        Bulk(quarantine, *NAMES).insert(conn, [row])


def test_columns_are_named_in_the_tables_order() -> None:
    with pytest.raises(ValueError, match="order"):
        Bulk(quarantine, *reversed(NAMES))


def test_ids_handed_out_are_nobody_elses(store: Store) -> None:
    def add(number: int | None) -> int:
        given = {"id": number} if number else {}
        row = {"uid": f"u{number}", "origins": {}, "created_at": ROUND, **given}
        with store.write() as conn:
            found: int = conn.execute(insert(contact).values(row).returning(contact.c.id)).scalar_one()
            return found

    first = add(None)
    with store.write() as conn:
        ids = list(new_ids(conn, contact, 3))
        conn.execute(insert(contact), [{"id": i, "uid": f"n{i}", "origins": {}, "created_at": ROUND} for i in ids])
    assert ids == sorted(set(ids)) and first not in ids
    with store.write() as conn:
        later = conn.execute(
            insert(contact).values(uid="later", origins={}, created_at=ROUND).returning(contact.c.id)
        ).scalar_one()
    assert later not in {first, *ids}


@pytest.mark.parametrize("many", [0, 1, AT_ONCE, AT_ONCE + 1])
def test_what_is_there_is_found_among_any_number(store: Store, many: int) -> None:
    with store.write() as conn:
        Bulk(quarantine, *NAMES).insert(conn, _rows())
    wanted = [f"none{n}" for n in range(many)]
    with store.read() as conn:
        among = Among(quarantine.c.item_id, quarantine.c.account)
        assert among.find(conn, wanted) == []
        assert among.find(conn, [*wanted, "plain1"]) == [("plain1", "mail")]
        assert sorted(among.find(conn, ["plain2", *wanted, "plain0"])) == [("plain0", "mail"), ("plain2", "mail")]
