"""The same news once a mailbox: of several people who read one address, one is told. Pure.

A couple, or an office, may have one address between them (`kith contacts add --shared`). Thanks and congratulations are
each one's own; what is told to everybody alike (`ALIKE`) would lie there twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from daemon.core.again import base_period
from daemon.core.plan import Row
from daemon.core.quarterly import order
from daemon.core.states import TAKEN_BACK
from daemon.core.wants import ASKED, DRAFT, NEWS, SHARE, UPDATE, VISIT, Person, Want

ALIKE = frozenset({UPDATE, NEWS, VISIT, SHARE})
"""Letters that tell everybody the same."""


def nearest_first(people: Iterable[Person]) -> list[Person]:
    """The order in which people are told: the nearer tie, and of equal ones who has waited longest."""
    return sorted(people, key=lambda person: order(person, person.uid))


def readers_of_another(people: Iterable[Person]) -> dict[int, Person]:
    """Contact -> whoever reads the same mailbox and comes before them here."""
    first: dict[str, Person] = {}
    found: dict[int, Person] = {}
    for person in people:
        other = next((first[box] for box in sorted(person.mailboxes) if box in first), None)
        if other is not None:
            found[person.contact_id] = other
        else:
            first |= dict.fromkeys(person.mailboxes, person)
    return found


def told_already(wants: Sequence[Want], rows: Sequence[Row], persons: Mapping[int, Person]) -> dict[str, Person]:
    """Keys of letters not begun whose news reach their mailbox in a letter to another; and to whom.

    Where one was begun it is that one's, else the nearest tie's. What is taken back takes no mailbox.
    """
    sharing = {who for who, person in persons.items() if person.mailboxes}
    if not sharing:
        return {}
    begun = {
        (row.purpose, base_period(row.period), row.contact_id)
        for row in rows
        if row.kind == DRAFT and row.contact_id in sharing and row.state not in TAKEN_BACK
    }
    known = {row.key for row in rows}
    fresh: dict[tuple[str, str], dict[int, Want]] = defaultdict(dict)
    for want in wants:
        alike = want.kind == DRAFT and want.purpose in ALIKE and not want.period.startswith(ASKED)
        if alike and want.contact_id in sharing and want.key not in known:
            fresh[want.purpose, base_period(want.period)][want.contact_id] = want
    found = {}
    for (purpose, period), mine in fresh.items():
        there = [persons[who] for what, when, who in begun if (what, when) == (purpose, period)]
        others = [persons[who] for who in mine if (purpose, period, who) not in begun]
        for who, other in readers_of_another([*nearest_first(there), *nearest_first(others)]).items():
            if who in mine:
                found[mine[who].key] = other
    return found
