"""From evidence to interactions: the one place where verdicts become rows.

Interactions are always computed from the evidence stored, by identity, over all accounts; only differences
are written. So the order of arrival does not matter, a second run writes nothing, and a changed rule, a merged
contact or an assigned address is replayed without asking a server.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, update

from daemon.core.verdict import COUNTED, OPEN_RULES
from daemon.service.judging import EV_COLUMNS, Ev, Interactions, Person, Rules, judge
from daemon.store.bulk import Bulk, chunks
from daemon.store.tables import address, evidence, hand_log, interaction, overrule, participant


def derive(
    conn: Connection,
    identities: Collection[str],
    rules: Rules,
    fresh: Mapping[str, tuple[Ev, Sequence[Person]]] | None = None,
) -> int:
    """Bring the interactions of these identities in step with the evidence; returns rows written.

    ``fresh`` is what was seen for the first time in this very transaction (`evidence.Stored`).
    """
    fresh = fresh or {}
    overruled = {(r.contact_id, r.identity): r.counted for r in conn.execute(select(overrule))}
    wanted = judge(conn, [e for e, _ in fresh.values()], {e.id: people for e, people in fresh.values()}, rules)
    _overrule(wanted, overruled)
    _insert(conn, wanted)
    written = len(wanted)
    for chunk in chunks(sorted(set(identities) - fresh.keys())):
        evs = [Ev._make(row) for row in conn.execute(select(*EV_COLUMNS).where(evidence.c.identity.in_(chunk)))]
        people: dict[int, list[Person]] = {}
        for ids in chunks([e.id for e in evs]):
            for row in conn.execute(select(participant).where(participant.c.evidence_id.in_(ids))):
                people.setdefault(row.evidence_id, []).append((row.address, row.role, row.answer))
        wanted = judge(conn, evs, people, rules)
        _add_logged(conn, chunk, wanted)
        _overrule(wanted, overruled)
        written += _write_differences(conn, chunk, wanted)
    return written


def _add_logged(conn: Connection, identities: Collection[str], wanted: Interactions) -> None:
    handmade = [i for i in identities if i.startswith("l")]
    if not handmade:
        return
    for row in conn.execute(select(hand_log).where(hand_log.c.identity.in_(handmade), hand_log.c.undone_at.is_(None))):
        wanted[row.contact_id, row.identity] = {
            "contact_id": row.contact_id,
            "identity": row.identity,
            "form": row.form,
            "direction": row.direction,
            "at": row.at,
            "counted": True,
            "rule": COUNTED,
            "subject": "" if row.confidential else ", ".join(row.topic.splitlines()),
            "account": "",
        }


def _overrule(wanted: Interactions, overruled: Mapping[tuple[int, str], bool]) -> None:
    for key in wanted.keys() & overruled.keys():
        here = wanted[key]
        if here["counted"] != overruled[key]:
            here["counted"], here["rule"] = overruled[key], "overruled"


_INTERACTIONS = Bulk(
    *(interaction, "contact_id", "identity", "form", "direction", "at", "counted", "rule", "subject", "account")
)
_values = itemgetter(*_INTERACTIONS.names)


def _insert(conn: Connection, wanted: Interactions) -> None:
    _INTERACTIONS.insert(conn, map(_values, wanted.values()))


def _write_differences(conn: Connection, identities: Collection[str], wanted: Interactions) -> int:
    changed, stale = [], []
    for row in conn.execute(select(interaction).where(interaction.c.identity.in_(list(identities)))).mappings():
        want = wanted.pop((row["contact_id"], row["identity"]), None)
        if want is None:
            stale.append(row["id"])
        elif any(row[name] != value for name, value in want.items()):
            changed.append({"row_id": row["id"], **{f"new_{name}": value for name, value in want.items()}})
    _insert(conn, wanted)
    if changed:
        values: dict[str, Any] = {name[4:]: bindparam(name) for name in changed[0] if name != "row_id"}
        conn.execute(update(interaction).where(interaction.c.id == bindparam("row_id")).values(values), changed)
    if stale:
        conn.execute(delete(interaction).where(interaction.c.id.in_(stale)))
    return len(wanted) + len(changed) + len(stale)


def rederive(conn: Connection, contact_ids: Collection[int], rules: Rules) -> int:
    """Judge everything anew that concerns these contacts: after merge, split, assign or a new circle."""
    identities: set[str] = set()
    for chunk in chunks(sorted(set(contact_ids))):
        identities.update(
            conn.execute(
                select(evidence.c.identity)
                .join(participant, participant.c.evidence_id == evidence.c.id)
                .join(address, address.c.address == participant.c.address)
                .where(address.c.contact_id.in_(chunk))
            ).scalars()
        )
        for table in (interaction, hand_log):
            identities.update(conn.execute(select(table.c.identity).where(table.c.contact_id.in_(chunk))).scalars())
    return derive(conn, identities, rules)


def rederive_open(conn: Connection, rules: Rules) -> int:
    """Judge anew what only waited for time to pass: meetings that have ended and were read since."""
    waiting = conn.execute(
        select(interaction.c.identity).where(interaction.c.rule.in_(OPEN_RULES), interaction.c.counted.is_(False))
    ).scalars()
    return derive(conn, set(waiting), rules)


def rederive_all(conn: Connection, rules: Rules) -> int:
    """Judge everything anew: the rules or the user's caps have changed."""
    identities = set(conn.execute(select(evidence.c.identity).distinct()).scalars())
    identities.update(conn.execute(select(interaction.c.identity).distinct()).scalars())
    return derive(conn, identities, rules)
