"""One letter seen several times: which copy is believed does not depend on which came first, nor on the pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import delete, select

from daemon.core.model import FolderRole, Interest
from daemon.formats.headers import parse_mail
from daemon.service.evidence import store_observed
from daemon.service.observing import Observed, observe_mail
from daemon.store.engine import Store
from daemon.store.tables import evidence, participant

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
INTEREST = Interest(frozenset({"anna@example.org", "boris@example.org"}), frozenset({"petra@example.org"}))
HEAD = "Message-ID: <one@example.org>\nFrom: anna@example.org\n"
COPIES = {
    "direct": (HEAD + "To: petra@example.org\nDate: Mon, 02 Nov 2026 12:00:00 +0000\nSubject: Plan\n", "inbox"),
    "list": (
        HEAD + "To: petra@example.org, boris@example.org\nDate: Mon, 02 Nov 2026 11:00:00 +0000\n"
        "Subject: [list] Plan\nList-Id: <all.example.org>\n",
        "other",
    ),
    "draft": (HEAD + "To: petra@example.org\nDate: Sun, 01 Nov 2026 12:00:00 +0000\nSubject: Pl\n", "drafts"),
    "later": (HEAD + "To: petra@example.org\nDate: Tue, 03 Nov 2026 12:00:00 +0000\nSubject: Plan\n", "inbox"),
}


def observed(names: Sequence[str]) -> list[Observed]:
    found = []
    for name in names:
        text, role = COPIES[name]
        mail = parse_mail(name, text.encode() + b"\n", received=NOW)
        found.append(observe_mail(mail, "home", role, FolderRole(role), INTEREST, NOW))
    return [o for o in found if o]


def outcome(store: Store, pages: Sequence[Sequence[str]]) -> tuple[dict[str, Any], set[Any]]:
    with store.write() as conn:
        for page in pages:
            store_observed(conn, observed(page))
        (row,) = conn.execute(select(evidence)).mappings()
        people = {(p.address, p.role) for p in conn.execute(select(participant))}
        found = {name: value for name, value in row.items() if name != "id"}
        conn.execute(delete(participant))
        conn.execute(delete(evidence))
        return found, people


def test_the_order_of_copies_does_not_matter(store: Store) -> None:
    first = outcome(store, [list(COPIES)])
    for order in permutations(COPIES):
        assert outcome(store, [order]) == first, order
        assert outcome(store, [[name] for name in order]) == first, order
        assert outcome(store, [order[:2], order[2:]]) == first, order


@pytest.mark.parametrize(
    ("names", "believed"),
    [
        (["draft", "list"], "list"),  # it was sent after all
        (["list", "direct"], "direct"),  # written to the user as well as to the list
        (["later", "direct"], "direct"),  # the earliest of its equals
    ],
)
def test_which_copy_is_believed(store: Store, names: list[str], believed: str) -> None:
    row, people = outcome(store, [names])
    assert row["item_id"] == believed and row["draft"] is False
    assert row["signals"] == ("list" if believed == "list" else "")
    assert ("anna@example.org", "from") in people
    assert (("boris@example.org", "to") in people) == ("list" in names)


def test_the_same_copy_again_writes_nothing(store: Store) -> None:
    with store.write() as conn:
        assert store_observed(conn, observed(["direct", "list"])).touched
        assert not store_observed(conn, observed(["list"])).touched
        assert not store_observed(conn, observed(["direct"])).touched
