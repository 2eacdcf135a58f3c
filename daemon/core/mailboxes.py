"""The same news once a mailbox: of several people who read one address, one is told. Pure.

A couple, or an office, may have one address between them (`kith contacts add --shared`). Thanks and congratulations are
each one's own; what is told to everybody alike (`ALIKE`) would lie there twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from daemon.core.again import base_period
from daemon.core.pieces import told_of
from daemon.core.plan import Row
from daemon.core.quarterly import order
from daemon.core.states import OPEN, TAKEN_BACK
from daemon.core.wants import ASKED, DRAFT, NEWS, SHARE, UPDATE, VISIT, Person, Want

ALIKE = frozenset({UPDATE, NEWS, VISIT, SHARE})
"""Letters that tell everybody the same; of the quarter's news, what is for their circles."""

NOTHING: Mapping[int, frozenset[str]] = {}


def nearest_first(people: Iterable[Person]) -> list[Person]:
    """The order in which people are told: the nearer tie, and of equal ones who has waited longest."""
    return sorted(people, key=lambda person: order(person, person.uid))


def readers_of_another(people: Iterable[Person], tells: Mapping[int, frozenset[str]] = NOTHING) -> dict[int, Person]:
    """Contact -> whoever reads the same mailbox and comes before them here, if that one is told all they would be.

    ``tells``: contact -> the marks of what they are told, where not all are told the same.
    """
    first: dict[str, list[Person]] = defaultdict(list)
    found: dict[int, Person] = {}
    for person in people:
        there = (other for box in sorted(person.mailboxes) for other in first[box])
        mine = tells.get(person.contact_id, frozenset())
        other = next((p for p in there if mine <= tells.get(p.contact_id, frozenset())), None)
        if other is not None:
            found[person.contact_id] = other
            continue
        for box in person.mailboxes:
            first[box].append(person)
    return found


def told_already(wants: Sequence[Want], rows: Sequence[Row], persons: Mapping[int, Person]) -> dict[str, Person]:
    """Keys of letters not begun whose news reach their mailbox in a letter to another; and to whom.

    Where one was begun it is that one's, else the nearest tie's who has no other letter of the kind lying there. What
    is taken back takes no mailbox.
    """
    sharing = {who for who, person in persons.items() if person.mailboxes}
    if not sharing:
        return {}
    begun = {
        (row.purpose, base_period(row.period), row.contact_id): row.occasion
        for row in rows
        if row.kind == DRAFT and row.contact_id in sharing and row.state not in TAKEN_BACK
    }
    known = {row.key for row in rows}
    occupied = {(row.purpose, row.contact_id) for row in rows if row.kind == DRAFT and row.state in OPEN}
    says = begun | {(w.purpose, base_period(w.period), w.contact_id): w.occasion for w in wants if w.kind == DRAFT}
    fresh: dict[tuple[str, str], dict[int, Want]] = defaultdict(dict)
    for want in wants:
        alike = want.kind == DRAFT and want.purpose in ALIKE and not want.period.startswith(ASKED)
        if alike and want.contact_id in sharing and want.key not in known:
            fresh[want.purpose, base_period(want.period)][want.contact_id] = want
    found = {}
    for (purpose, period), mine in fresh.items():
        there = [persons[who] for what, when, who in begun if (what, when) == (purpose, period)]
        others = [
            persons[who] for who in mine if (purpose, period, who) not in begun and (purpose, who) not in occupied
        ]
        tells = {p.contact_id: told_of(says[purpose, period, p.contact_id])[1] for p in (*there, *others)}
        for who, other in readers_of_another([*nearest_first(there), *nearest_first(others)], tells).items():
            if who in mine:
                found[mine[who].key] = other
    return found
