"""Observations become evidence: strangers dropped, facts kept, copies merged. Runs inside a write transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, insert, select, update

from daemon.core.address import match
from daemon.core.identity import mail_identity, meeting_identity, moment
from daemon.core.model import Direction, EventItem, FolderRole, Form, Interest, Mail, Meeting, Role, Signal, Window
from daemon.service.facts import OF_MAIL, Ev, Person, chunks
from daemon.store.bulk import Among, Bulk
from daemon.store.dialect import new_ids
from daemon.store.tables import evidence, participant

FACTS = 1
"""Version of what is kept of an observation, stored with it: what was kept by an older one can be told apart."""

Row = dict[str, Any]
"""An observation's values by column."""

MAIL, MEETING = Form.MAIL.value, Form.MEETING.value
IN, OUT = Direction.IN.value, Direction.OUT.value
FROM, TO, CC = Role.FROM.value, Role.TO.value, Role.CC.value
_ROLES = {role: role.value for role in FolderRole}  # asked for many times
UNREAL = frozenset({FolderRole.DRAFTS.value, FolderRole.JUNK.value, FolderRole.TRASH.value})


class Observed(NamedTuple):
    """One observation about to be stored: the row and its known participants."""

    row: Row
    people: tuple[Person, ...]


@dataclass(slots=True)
class Stored:
    """What storing a page did: identities that need a verdict, and those mails of them nobody had seen before.

    Of the latter the evidence is here and need not be read back: nothing can have been derived from it yet.
    """

    touched: set[str] = field(default_factory=set)
    fresh: dict[str, tuple[Ev, Sequence[Person]]] = field(default_factory=dict)


def observe_mail(
    mail: Mail, account: str, stream: str, role: FolderRole, interest: Interest, now: datetime
) -> Observed | None:
    """The evidence in one message, or None where it concerns nobody known."""
    people: dict[Person, None] = {}
    for addresses, part in ((mail.senders, FROM), (mail.to, TO), (mail.cc, CC)):
        for address in addresses:
            known = match(address, interest.known)
            if known:
                people[known, part, ""] = None
    if not people:
        return None
    at = moment(mail, now)
    if at is None:
        raise ValueError("no usable date: neither the Date header nor the server says when")
    mine = len(mail.senders) == 1 and bool(match(mail.senders[0], interest.me))
    direction = OUT if mine else IN if any(part == FROM for _, part, _ in people) else ""
    row = {
        "account": account,
        "identity": mail_identity(mail),
        "form": MAIL,
        "stream": stream,
        "item_id": mail.item_id,
        "role": _ROLES[role],
        "at": at,
        "direction": direction,
        "subject": mail.subject,
        "raw_from": mail.raw_from if direction else "",  # a stranger's name stays out of the store
        "message_id": mail.message_id,
        "in_reply_to": mail.in_reply_to or (mail.references[-1] if mail.references else ""),
        "refs": " ".join(mail.references[-20:]) if mail.references else "",
        "thread": mail.thread,
        "language": mail.language,
        "signals": " ".join(sorted(mail.signals)) if mail.signals else "",
        "recipients": mail.recipients,
        "senders": len(mail.senders),
        "draft": mail.draft,
        "facts": FACTS,
    }
    return Observed(row, tuple(people))


def observe_meeting(meeting: Meeting, account: str, stream: str, item_id: str, interest: Interest) -> Observed | None:
    """The evidence in one meeting, or None where it concerns nobody known."""
    people: dict[tuple[str, str], str] = {}
    for attendee in meeting.attendees:
        known = match(attendee.address, interest.known)
        if known:
            people[known, Role.ATTENDEE.value] = attendee.answer.value
    organiser = match(meeting.organiser, interest.known) if meeting.organiser else ""
    if organiser and (organiser, Role.ATTENDEE.value) not in people:
        people[organiser, Role.ORGANISER.value] = ""
    if not people:
        return None
    row = {
        "account": account,
        "identity": meeting_identity(meeting),
        "form": MEETING,
        "stream": stream,
        "item_id": item_id,
        "at": meeting.start,
        "ends_at": meeting.end,
        "direction": Direction.MUTUAL.value,
        "subject": meeting.subject,
        "recipients": meeting.people,
        "cancelled": meeting.cancelled,
        "gone": False,
        "all_day": meeting.all_day,
        "recurring": meeting.recurring,
        "answer": meeting.answer.value,
        "special": meeting.special,
        "uid": meeting.uid,
        "original": meeting.original,
        "facts": FACTS,
    }
    return Observed(row, tuple((a, r, answer) for (a, r), answer in people.items()))


def store(conn: Connection, observed: Sequence[Observed]) -> Stored:
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
        "facts",
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
    copies without a Date header differ by their servers' dates.
    """
    signals = row["signals"]
    return (_unreal(row), len(signals.split()), row["at"], signals, -row["recipients"], row["subject"])


_MAIL_FACTS = (
    *("stream", "item_id", "role", "at", "subject", "raw_from", "in_reply_to", "refs", "thread", "language"),
    *("signals", "recipients", "draft"),
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
    answers = {o.row["in_reply_to"] for o in observed if o.row["direction"] == OUT and o.row["in_reply_to"]}
    found: set[str] = set()
    for chunk in chunks(sorted(answers)):
        found.update(
            conn.execute(
                select(evidence.c.identity).where(evidence.c.message_id.in_(chunk), evidence.c.signals != "")
            ).scalars()
        )
    return found


def sync_instances(
    conn: Connection, account: str, stream: str, items: Sequence[EventItem], window: Window, interest: Interest
) -> set[str]:
    """Make the instances stored of these calendar objects inside the window exactly those observed.

    What is no longer among them was moved or cancelled: taken back. Returns identities to judge anew.
    """
    seen = [
        o for item in items for m in item.meetings if (o := observe_meeting(m, account, stream, item.item_id, interest))
    ]
    touched = store(conn, seen).touched
    present = {(o.row["item_id"], o.row["identity"]) for o in seen}
    stale: list[tuple[int, str]] = []
    for chunk in chunks(item.item_id for item in items):
        stale += [
            (row.id, row.identity)
            for row in conn.execute(
                select(evidence.c.id, evidence.c.identity, evidence.c.item_id, evidence.c.at, evidence.c.ends_at).where(
                    evidence.c.account == account,
                    evidence.c.stream == stream,
                    evidence.c.item_id.in_(chunk),
                    evidence.c.form == Form.MEETING.value,
                    evidence.c.gone.is_(False),
                )
            )
            if (row.item_id, row.identity) not in present and window.overlaps(row.at, row.ends_at)
        ]
    return touched | _set_gone(conn, stale)


def drop_items(
    conn: Connection, account: str, stream: str, item_ids: Sequence[str], read_at: datetime | None
) -> set[str]:
    """Calendar objects positively gone: what had not been held by the last reading is taken back.

    A meeting read after its end and deleted later was held all the same: cleaning up a calendar undoes nothing.
    """
    touched: set[str] = set()
    for chunk in chunks(item_ids):
        rows = conn.execute(
            select(evidence.c.id, evidence.c.identity, evidence.c.ends_at).where(
                evidence.c.account == account,
                evidence.c.stream == stream,
                evidence.c.item_id.in_(chunk),
                evidence.c.form == Form.MEETING.value,
                evidence.c.gone.is_(False),
            )
        ).all()
        touched |= _set_gone(conn, [(r.id, r.identity) for r in rows if read_at is None or r.ends_at > read_at])
    return touched


def _set_gone(conn: Connection, rows: Sequence[tuple[int, str]]) -> set[str]:
    for chunk in chunks([i for i, _ in rows]):
        conn.execute(update(evidence).where(evidence.c.id.in_(chunk)).values(gone=True))
    return {identity for _, identity in rows}


def bounced_addresses(conn: Connection, mail: Mail, interest: Interest) -> set[str]:
    """The known addresses one bounce is about: named by it, or the only person of the letter it refers to."""
    if Signal.BOUNCE not in mail.signals:
        return set()
    named = {known for a in mail.bounced if (known := match(a, interest.known))}
    if named:
        return named
    refs = [r for r in (mail.in_reply_to, *mail.references) if r]
    if not refs:
        return set()
    people = set(
        conn.execute(
            select(participant.c.address)
            .join(evidence, evidence.c.id == participant.c.evidence_id)
            .where(evidence.c.message_id.in_(refs[-20:]), evidence.c.direction == Direction.OUT.value)
        ).scalars()
    )
    return people if len(people) == 1 else set()
