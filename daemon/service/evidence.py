"""Observations become evidence: what is new is stored, copies are merged. Runs inside a write transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from daemon.core.model import Direction, FolderRole, Form
from daemon.service.judging import OF_MAIL, Ev, Person
from daemon.service.observing import Observed, Row
from daemon.store.bulk import Among, Bulk, chunks
from daemon.store.dialect import new_ids
from daemon.store.tables import evidence, participant

MAIL, MEETING = Form.MAIL.value, Form.MEETING.value
UNREAL = frozenset({FolderRole.DRAFTS.value, FolderRole.JUNK.value, FolderRole.TRASH.value})


@dataclass(slots=True)
class Stored:
    """What storing a page did: identities that need a verdict, and those mails of them nobody had seen before.

    Of the latter the evidence is here and need not be read back: nothing can have been derived from it yet.
    """

    touched: set[str] = field(default_factory=set)
    fresh: dict[str, tuple[Ev, Sequence[Person]]] = field(default_factory=dict)


def store_observed(conn: Connection, observed: Sequence[Observed]) -> Stored:
    """Insert what is new, merge what was seen before."""
    stored = Stored()
    new = {o.row["identity"]: o for o in _first_of_each(observed)}
    seen = _COPIES.find(conn, list(new))
    here = [identity for identity, account in seen if account == new[identity].row["account"]]
    again = [new.pop(identity) for identity in here]
    _insert(conn, list(new.values()), {identity for identity, _ in seen}, stored)
    for chunk in chunks(again):
        copies = select(evidence).where(
            evidence.c.identity.in_([o.row["identity"] for o in chunk]),
            evidence.c.account == chunk[0].row["account"],
        )
        known = {row["identity"]: row for row in conn.execute(copies).mappings()}
        people = _people(conn, [row["id"] for row in known.values()])
        for o in chunk:
            old = known[o.row["identity"]]
            if _merge(conn, dict(old), people.get(old["id"], {}), o):
                stored.touched.add(o.row["identity"])
    stored.touched |= _asked_again(conn, observed)
    return stored


def _people(conn: Connection, ids: Sequence[int]) -> dict[int, dict[tuple[str, str], str]]:
    """Who takes part in this evidence: by id, (address, role) -> answer."""
    found: dict[int, dict[tuple[str, str], str]] = {}
    for p in conn.execute(select(participant).where(participant.c.evidence_id.in_(ids))):
        found.setdefault(p.evidence_id, {})[p.address, p.role] = p.answer
    return found


def _insert(conn: Connection, new: Sequence[Observed], elsewhere: Collection[str], stored: Stored) -> None:
    for form, (bulk, values) in _COLUMNS.items():
        some = [o for o in new if o.row["form"] == form]
        if not some:
            continue
        numbers = new_ids(conn, evidence, len(some))
        numbered = list(zip(numbers, some, strict=True))
        bulk.insert(conn, [(number, *values(row)) for number, (row, _) in numbered])
        _PEOPLE.insert(conn, [(number, *person) for number, (_, people) in numbered for person in people])
        stored.touched.update([row["identity"] for row, _ in some])
        if form == MAIL:
            for number, (row, people) in numbered:
                identity = row["identity"]
                if identity not in elsewhere:
                    stored.fresh[identity] = (Ev(number, *_judged(row)), people)


def _columns(*names: str) -> tuple[Bulk, Callable[[Row], tuple[Any, ...]]]:
    return Bulk(evidence, "id", *names), itemgetter(*names)


# What an observation of either form says; the other columns keep the table's defaults.
_COLUMNS = {
    MAIL: _columns(
        *("account", "identity", "form", "stream", "item_id", "role", "at", "direction", "subject", "raw_from"),
        *("message_id", "in_reply_to", "refs", "thread", "language", "signals", "recipients", "senders", "draft"),
        *("facts", "reply_to", "own_address"),
    ),
    MEETING: _columns(
        *("account", "identity", "form", "stream", "item_id", "at", "ends_at", "direction", "subject", "recipients"),
        *("cancelled", "gone", "all_day", "recurring", "answer", "special", "uid", "original", "facts"),
    ),
}
_COPIES = Among(evidence.c.identity, evidence.c.account)
_PEOPLE = Bulk(participant, "evidence_id", "address", "role", "answer")
_judged = itemgetter(*OF_MAIL[1:])


def _first_of_each(observed: Iterable[Observed]) -> Iterable[Observed]:
    """One observation an identity: copies inside one page are merged before they reach the database."""
    best: dict[str, Observed] = {}
    for o in observed:
        identity = o.row["identity"]
        old = best.get(identity)
        best[identity] = o if old is None else _merged(old, o)
    return best.values()


def _merged(a: Observed, b: Observed) -> Observed:
    if a.row["form"] == Form.MEETING:
        return b  # the newest look is the truth
    best = b if _rank(b.row) < _rank(a.row) else a
    return Observed(best.row, tuple(dict.fromkeys(a.people + b.people)))


def _unreal(row: Any) -> bool:
    return bool(row["draft"]) or row["role"] in UNREAL


def _rank(row: Any) -> tuple[Any, ...]:
    """Which of two copies of one message is believed: the lowest, whatever came first.

    What is real before what is not; the letter itself before the copy a mailing list passed on; the earliest, as
    copies without a Date header differ by their servers' dates. Of like ones the one that tells more.
    """
    signals, told = row["signals"], (row["reply_to"], row["own_address"])
    alike = (row["at"], signals, -row["recipients"], row["subject"])
    return (_unreal(row), len(signals.split()), *alike, *((not text, text) for text in told))


_MAIL_FACTS = (
    *("stream", "item_id", "role", "at", "subject", "raw_from", "in_reply_to", "refs", "thread", "language"),
    *("signals", "recipients", "draft", "reply_to", "own_address"),
)
_MEETING_FACTS = (
    *("stream", "item_id", "at", "ends_at", "subject", "recipients", "cancelled", "gone", "all_day"),
    *("recurring", "answer", "special"),
)


def _merge(conn: Connection, old: dict[str, Any], here: dict[tuple[str, str], str], o: Observed) -> bool:
    """Fold a second observation into the row there is; ``here`` are its people. True where that changed anything.

    Mail: the copy to be believed wins (`_rank`: what is real over what is not, a draft that was sent, a letter fished
    out of Junk), people are added, never removed. A meeting: the newest look is the truth, people included.
    """
    row = o.row
    is_meeting = row["form"] == Form.MEETING
    changes: dict[str, Any] = {}
    if is_meeting or _rank(row) < _rank(old):
        changes = {n: row[n] for n in (_MEETING_FACTS if is_meeting else _MAIL_FACTS) if old[n] != row[n]}
    if changes:
        conn.execute(update(evidence).where(evidence.c.id == old["id"]).values(changes))
    seen = {(a, r): s for a, r, s in o.people}
    gone = [key for key in here if key not in seen] if is_meeting else []
    differing = {key: s for key, s in seen.items() if here.get(key) != s}
    for a, r in [*gone, *(key for key in differing if key in here)]:
        conn.execute(
            delete(participant).where(
                participant.c.evidence_id == old["id"], participant.c.address == a, participant.c.role == r
            )
        )
    if differing:
        conn.execute(
            insert(participant),
            [{"evidence_id": old["id"], "address": a, "role": r, "answer": s} for (a, r), s in differing.items()],
        )
    return bool(changes or gone or differing)


def _asked_again(conn: Connection, observed: Sequence[Observed]) -> set[str]:
    """Identities of mail that only counts once answered, which one of these messages answers."""
    answers = {o.row["in_reply_to"] for o in observed if o.row["direction"] == Direction.OUT and o.row["in_reply_to"]}
    found: set[str] = set()
    for chunk in chunks(sorted(answers)):
        found.update(
            conn.execute(
                select(evidence.c.identity).where(evidence.c.message_id.in_(chunk), evidence.c.signals != "")
            ).scalars()
        )
    return found
