"""Evidence before the rules: what the verdicts of `core.verdict` read, and what they make of it. Nothing is written."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from daemon.core.model import Answer, Direction, FolderRole, Form, Role, Signal
from daemon.core.policy import Policies
from daemon.core.resolve import Resolver
from daemon.core.verdict import Caps, MailFacts, MeetingFacts, Verdict, judge_mail, judge_meeting, reduce
from daemon.store import addresses
from daemon.store.bulk import chunks
from daemon.store.tables import address, contact, contact_circle, cursor, evidence


class Ev(NamedTuple):
    """One evidence row, as far as verdicts read it."""

    id: int
    account: str
    stream: str
    identity: str
    form: str
    at: datetime
    direction: str
    subject: str
    recipients: int
    # of mail
    role: str
    message_id: str
    signals: str
    senders: int
    draft: bool
    # of meetings
    ends_at: datetime | None = None
    cancelled: bool = False
    gone: bool = False
    all_day: bool = False
    answer: str = ""
    special: str = ""


OF_MAIL = Ev._fields[: Ev._fields.index("ends_at")]
EV_COLUMNS = [evidence.c[name] for name in Ev._fields]


@dataclass
class Rules:
    """What verdicts depend on besides the evidence."""

    policies: Policies
    now: datetime
    caps: dict[int, Caps] = field(default_factory=dict)
    _credited: Mapping[str, int] | None = None

    def credited(self, conn: Connection) -> Mapping[str, int]:
        """Address -> the contact it credits, asked once: valid as long as the address book's revision stands."""
        if self._credited is None:
            self._credited = addresses.credits(conn)
        return self._credited

    def load(self, conn: Connection, contact_ids: Collection[int]) -> None:
        """Fetch the caps of these contacts, where not yet known."""
        missing = [i for i in contact_ids if i not in self.caps]
        policies = Resolver(self.policies, self.now.date())
        for chunk in chunks(missing):
            circles: dict[int, list[str]] = {}
            for row in conn.execute(select(contact_circle).where(contact_circle.c.contact_id.in_(chunk))):
                circles.setdefault(row.contact_id, []).append(row.circle)
            names: dict[int, set[str]] = {}
            if self.policies.contacts:
                for row in conn.execute(
                    select(address.c.contact_id, address.c.address).where(address.c.contact_id.in_(chunk))
                ):
                    names.setdefault(row.contact_id, set()).add(row.address)
            for row in conn.execute(
                select(contact.c.id, contact.c.name, contact.c.tier).where(contact.c.id.in_(chunk))
            ):
                known_as = names.get(row.id, set()) | {row.name.casefold()}
                self.caps[row.id] = policies.of(known_as, circles.get(row.id, ()), row.tier).caps


Person = tuple[str, str, str]
"""Address, role and answer of one known participant."""


Interactions = dict[tuple[int, str], dict[str, Any]]
"""Rows of `interaction` that should be, by contact and identity."""

Copy = tuple[Verdict, Ev, str]
_RANK = {Role.FROM.value: 0, Role.TO.value: 1, Role.CC.value: 2, Role.ORGANISER.value: 0, Role.ATTENDEE.value: 1}
MEETING, FROM = Form.MEETING.value, Role.FROM.value
IN, OUT, MUTUAL = Direction.IN.value, Direction.OUT.value, Direction.MUTUAL.value


def judge(
    conn: Connection,
    evs: Collection[Ev],
    people: Mapping[int, Sequence[Person]],
    rules: Rules,
) -> Interactions:
    """The interactions this evidence comes to; ``people`` are its known participants, by the evidence's id."""
    credited = rules.credited(conn)
    involved: list[tuple[Ev, int, str, str]] = []
    for e in evs:
        best: dict[int, tuple[str, str]] = {}
        for addr, role, answer in people.get(e.id, ()):
            who = credited.get(addr)
            if who is not None and (who not in best or _RANK[role] < _RANK[best[who][0]]):
                best[who] = (role, answer)
        involved.extend([(e, who, *part) for who, part in best.items()])
    rules.load(conn, {who for _, who, _, _ in involved})
    answered = _answered(conn, evs)
    read_at = _read_at(conn, evs)

    found: dict[tuple[int, str], list[Copy]] = {}
    for e, who, role, answer in involved:
        caps = rules.caps[who]
        if e.form == MEETING:
            direction = MUTUAL
            verdict = _judge_meeting(e, Answer(answer), read_at, caps, rules.now)
        else:
            real = OUT if e.direction == OUT else IN if role == FROM else ""
            direction = real or IN
            answer_seen = e.message_id in answered
            verdict = _judge_mail(real, role, e.role, e.draft, e.senders, e.recipients, e.signals, answer_seen, caps)
        found.setdefault((who, e.identity), []).append((verdict, e, direction))

    wanted: Interactions = {}
    for (who, identity), copies in found.items():
        verdict, e, direction = copies[0] if len(copies) == 1 else _deciding(copies)
        wanted[who, identity] = {
            "contact_id": who,
            "identity": identity,
            "form": e.form,
            "direction": direction,
            "at": e.at if e.form == MEETING or len(copies) == 1 else min(copy.at for _, copy, _ in copies),
            "counted": verdict.counted,
            "rule": verdict.rule,
            "subject": e.subject,
            "account": e.account,
        }
    return wanted


def _deciding(copies: Sequence[Copy]) -> Copy:
    """Of several copies the one that decided speaks; between equals the account's name does."""
    verdict = reduce(v for v, _, _ in copies)
    return min((c for c in copies if c[0] == verdict), key=lambda c: (c[1].account, c[1].at, c[1].id))


@lru_cache(maxsize=4096)  # mailboxes repeat themselves
def _judge_mail(
    direction: str,
    role: str,
    folder: str,
    draft: bool,
    senders: int,
    recipients: int,
    signals: str,
    answered: bool,
    caps: Caps,
) -> Verdict:
    return judge_mail(
        MailFacts(
            direction=Direction(direction) if direction else None,
            role=Role(role),
            folder=FolderRole(folder) if folder else FolderRole.OTHER,
            draft=draft,
            senders=senders,
            recipients=recipients,
            signals=frozenset(map(Signal, signals.split())),
            answered=answered,
        ),
        caps,
    )


def _judge_meeting(
    e: Ev, answer: Answer, read_at: Mapping[tuple[str, str], datetime | None], caps: Caps, now: datetime
) -> Verdict:
    if e.gone:
        return Verdict(False, "removed")
    return judge_meeting(
        MeetingFacts(
            ends_at=e.ends_at or e.at,
            read_at=read_at.get((e.account, e.stream)),
            cancelled=e.cancelled,
            all_day=e.all_day,
            people=e.recipients,
            my_answer=Answer(e.answer),
            their_answer=answer,
            special=e.special,
        ),
        caps,
        now,
    )


def _answered(conn: Connection, evs: Collection[Ev]) -> frozenset[str]:
    """Message-IDs, of those whose verdict asks for it, that the user replied to."""
    asked = {e.message_id for e in evs if e.signals and e.message_id and e.direction != OUT}
    found: set[str] = set()
    for chunk in chunks(sorted(asked)):
        found.update(
            conn.execute(
                select(evidence.c.in_reply_to).where(
                    evidence.c.in_reply_to.in_(chunk),
                    evidence.c.direction == Direction.OUT.value,
                    evidence.c.draft.is_(False),
                )
            ).scalars()
        )
    return frozenset(found)


def _read_at(conn: Connection, evs: Collection[Ev]) -> dict[tuple[str, str], datetime | None]:
    if not any(e.form == MEETING for e in evs):
        return {}
    rows = conn.execute(select(cursor.c.account, cursor.c.stream, cursor.c.read_at).where(cursor.c.kind == "calendar"))
    return {(r.account, r.stream): r.read_at for r in rows}
