"""What the user did to our reminders and drafts since the last look.

Absence is a question: targets answer for each item by id and by UID before it counts as gone, and many gone at
once are held and asked about.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Row, or_, select, update
from sqlalchemy import Connection as Db

from daemon.core.errors import KithError, LeaseLost, StoreBusy
from daemon.core.fate import Fate, draft_fate, reminder_fate
from daemon.core.identity import hand_identity
from daemon.core.model import Direction, Form, RemoteDraft, RemoteEvent, Role, Whereabouts
from daemon.core.ports import DraftTarget, ReminderTarget
from daemon.core.safety import many_gone
from daemon.core.states import DONE, EDITED, LAPSED, MOVED, SKIPPED, UNKNOWN, WRITTEN
from daemon.core.subject import same_subject
from daemon.core.wants import DRAFT, LISTS, REMINDER, whom
from daemon.service import ailing
from daemon.service.closing import close
from daemon.service.deps import CycleReport, Deps
from daemon.service.facts import derive
from daemon.service.judging import Rules
from daemon.service.people import person_of
from daemon.service.replaced import unclaimed
from daemon.store import health, lease, questions
from daemon.store.tables import address, contact, evidence, hand_log, ledger, outbox, participant

log = logging.getLogger(__name__)

Look = Callable[[Sequence[Row[Any]]], Sequence[RemoteDraft | RemoteEvent]]

LIVE = (WRITTEN, EDITED, MOVED)
ASK_FOR = timedelta(days=30)
"""So long the fate of a vanished draft is asked about, and a reminder that lapsed may still be ticked off."""
SENT_WITHIN = timedelta(days=1)
"""How long after a draft vanished a letter, or another draft, may still be the one it became."""


@dataclass(frozen=True, slots=True)
class _Found:
    row: Row[Any]
    fate: Fate | None
    remote: RemoteDraft | RemoteEvent


class ReadBack:
    """One cycle's look at everything of ours that stands remotely."""

    def __init__(self, deps: Deps, fence: lease.Lease, report: CycleReport) -> None:
        self.deps = deps
        self.fence = fence
        self.report = report

    def run(self) -> None:
        """Look account by account; one out of reach is asked next time."""
        for name, connection in self.deps.connections.items():
            looks: list[tuple[str, str, Look]] = []
            if connection.drafts is not None:
                looks.append((DRAFT, "drafts", partial(_look_at_drafts, connection.drafts)))
            if connection.reminders is not None:
                looks.append((REMINDER, "reminders", partial(_look_at_reminders, connection.reminders)))
            for kind, part, look in looks:
                if self.deps.should_stop():
                    return
                with self.deps.store.read() as conn:
                    rows = self._rows(conn, name, kind)
                    due = health.due(conn, name, part, self.deps.now())
                    last_look = health.ok_at(conn, name, part)
                if not due:
                    continue
                if not rows:
                    self._well(name, kind, part)
                    continue
                try:
                    seen = look(rows)
                    if connection.drafts is not None and kind == DRAFT:
                        seen = self._followed(connection.drafts, rows, seen)
                except (StoreBusy, LeaseLost):
                    raise
                except KithError as e:
                    self._failed(name, part, e)
                    continue
                self._apply(name, kind, rows, seen, last_look)
                self._well(name, kind, part)
                if kind == DRAFT:
                    with self.deps.store.write(durable=False) as conn:
                        health.looked(conn, name, part, self.deps.now())

    def _rows(self, conn: Db, account: str, kind: str) -> list[Row[Any]]:
        """What to ask about; not what we ourselves are about to change: a withdrawal whose answer was lost is ours."""
        asked: ColumnElement[bool] = ledger.c.state.in_(LIVE)
        if kind == DRAFT:
            now = self.deps.now()
            asked = or_(
                asked,
                (ledger.c.state == UNKNOWN) & (ledger.c.changed_at > now - ASK_FOR),
                (ledger.c.state == SKIPPED) & (ledger.c.remote_id != "") & (ledger.c.changed_at > now - SENT_WITHIN),
            )
        else:
            asked = or_(asked, (ledger.c.state == LAPSED) & (ledger.c.changed_at > self.deps.now() - ASK_FOR))
        return list(
            conn.execute(
                select(ledger)
                .where(ledger.c.account == account, ledger.c.kind == kind, asked)
                .where(ledger.c.key.not_in(select(outbox.c.key)))
                .order_by(ledger.c.key)
            )
        )

    def _followed(
        self, target: DraftTarget, rows: Sequence[Row[Any]], seen: Sequence[RemoteDraft | RemoteEvent]
    ) -> Sequence[RemoteDraft | RemoteEvent]:
        """The same answers, where a draft that vanished of late and one like it turned up is that one."""
        found: list[RemoteDraft | RemoteEvent] = []
        taken: set[str] = set()
        for row, remote in zip(rows, seen, strict=True):
            late = row.state not in LIVE and row.changed_at <= self.deps.now() - SENT_WITHIN
            if remote.where in (Whereabouts.GONE, Whereabouts.TRASHED) and row.recipient and not late:
                similar = target.similar(row.recipient, row.title, row.in_reply_to)
                with self.deps.store.read() as conn:
                    copy = unclaimed(conn, row, similar, taken)
                if copy is not None:
                    taken.add(copy.remote_id)
                    remote = copy
            found.append(remote)
        return found

    def _well(self, name: str, kind: str, part: str) -> None:
        """What was wrong here is over, unless a write still waits that failed: that one will tell by itself."""
        with self.deps.store.read() as conn:
            trouble = any(h.error for h in health.rows(conn) if (h.account, h.part) == (name, part))
            waiting = select(outbox.c.id).join(ledger, ledger.c.key == outbox.c.key)
            if (
                not trouble
                or conn.execute(
                    waiting.where(ledger.c.account == name, ledger.c.kind == kind, outbox.c.error != "")
                ).first()
            ):
                return
        with self.deps.store.write() as conn:
            self.fence = lease.renew_if_old(conn, self.fence, self.deps.now())
            health.ok(conn, name, part, self.deps.now())

    def _failed(self, name: str, part: str, error: KithError) -> None:
        self.report.account(name).trouble(f"{name}: {error}", error)
        with self.deps.store.write() as conn:
            self.fence = lease.renew_if_old(conn, self.fence, self.deps.now())
            ailing.note(conn, self.deps, name, part, error)

    def _apply(
        self,
        account: str,
        kind: str,
        rows: Sequence[Row[Any]],
        seen: Sequence[RemoteDraft | RemoteEvent],
        last_look: datetime | None,
    ) -> None:
        with self.deps.store.read() as conn:
            pairs = zip(rows, seen, strict=True)
            found = [_Found(row, self._fate(conn, row, remote, last_look), remote) for row, remote in pairs]
        gone = [f for f in found if f.fate is not None and f.fate.state in (SKIPPED, UNKNOWN) and f.row.state in LIVE]
        if many_gone(len(gone), sum(r.state in LIVE for r in rows)):
            keys = sorted(f.row.key for f in gone)
            with self.deps.store.write() as conn:
                lease.check(conn, self.fence, self.deps.now())
                confirmed = questions.confirmed(conn, account, f"{kind}s-gone", keys)
                if not confirmed:
                    questions.ask(conn, account, f"{kind}s-gone", keys, self.deps.now())
            if not confirmed:
                found = [f for f in found if f not in gone]
        changed = [f for f in found if f.fate is not None or self._drifted(f)]
        if not changed:
            return
        with self.deps.store.write() as conn:
            lease.check(conn, self.fence, self.deps.now())
            for f in changed:
                self._write(conn, f)

    def _fate(
        self, conn: Db, row: Row[Any], remote: RemoteDraft | RemoteEvent, last_look: datetime | None
    ) -> Fate | None:
        if isinstance(remote, RemoteEvent):
            return reminder_fate(row.state, row.starts_at, row.digest, row.title, remote)
        elsewhere = remote.remote_id != row.remote_id and remote.message_id != row.message_id
        replaced = remote.where is Whereabouts.PRESENT and elsewhere
        sent = self._was_sent(conn, row, last_look)
        return draft_fate(row.state, row.digest, remote, written_since=sent, replaced=replaced)

    def _was_sent(self, conn: Db, row: Row[Any], last_look: datetime | None) -> bool:
        """Whether a letter that may well be this draft was seen among the sent.

        Its Message-ID, or written to the same person in the same thread or about the same subject within a day of the
        draft's vanishing: that was between the last look, when it was still there, and the one that missed it.
        """
        e = evidence.c
        if row.state in LIVE:
            since, until = last_look or row.created_at, self.deps.now()
        else:
            since, until = row.changed_at, row.changed_at + SENT_WITHIN
        for sent in conn.execute(
            select(e.message_id, e.subject, e.in_reply_to, e.at)
            .join(participant, participant.c.evidence_id == e.id)
            .join(address, address.c.address == participant.c.address)
            .where(
                address.c.contact_id == row.contact_id,
                e.direction == Direction.OUT.value,
                e.draft.is_(False),
                participant.c.role == Role.TO.value,
                e.at >= row.created_at - timedelta(minutes=5),
                e.at <= until,
            )
        ):
            if sent.message_id == row.message_id:
                return True
            answers = bool(row.in_reply_to) and sent.in_reply_to == row.in_reply_to
            if sent.at >= since - SENT_WITHIN and (answers or same_subject(sent.subject, row.title)):
                return True
        return False

    @staticmethod
    def _drifted(f: _Found) -> bool:
        """Nothing of the user's changed, but what names the item did (a new version, another id)."""
        remote, row = f.remote, f.row
        if not remote.remote_id:
            return False
        if isinstance(remote, RemoteEvent):
            return (remote.remote_id, remote.version) != (row.remote_id, row.version)
        names = (remote.remote_id, remote.message_id or row.message_id, remote.subject)
        return remote.where is Whereabouts.PRESENT and names != (row.remote_id, row.message_id, row.title)

    def _write(self, conn: Db, f: _Found) -> None:
        now, row, fate, remote = self.deps.now(), f.row, f.fate, f.remote
        values: dict[str, Any] = {}
        if isinstance(remote, RemoteEvent) and remote.remote_id:
            values.update(
                remote_id=remote.remote_id,
                version=remote.version,
                digest=remote.digest,
                title=remote.summary,
                starts_at=remote.start or row.starts_at,
                ends_at=remote.end or row.ends_at,
            )
        if isinstance(remote, RemoteDraft) and remote.where is Whereabouts.PRESENT:
            values.update(
                remote_id=remote.remote_id, message_id=remote.message_id or row.message_id, title=remote.subject
            )
        if fate is not None:
            values.update(state=fate.state, changed_at=now)
        conn.execute(update(ledger).where(ledger.c.key == row.key).values(values))
        if fate is None:
            return
        name = conn.execute(select(contact.c.name).where(contact.c.id == row.contact_id)).scalar_one()
        self.report.answers.append((fate.state, row.kind, row.purpose, whom(row.purpose, name)))
        log.info("%s %s is %s", row.kind, row.key, fate.state)
        if fate.state == DONE and row.purpose not in LISTS:  # a list read is no contact made
            self._log_contact(conn, row, fate, remote)
        if fate.state in (SKIPPED, DONE):
            close(conn, row.key, fate.state, person_of(self.deps, conn, row.contact_id, now), now)

    def _log_contact(self, conn: Db, row: Row[Any], fate: Fate, remote: RemoteDraft | RemoteEvent) -> None:
        """The user ticked the reminder off: they were in touch, on its day or by now."""
        now = self.deps.now()
        start = remote.start if isinstance(remote, RemoteEvent) else None
        identity = hand_identity(row.key)
        conn.execute(
            self.deps.store.insert(hand_log)
            .values(
                contact_id=row.contact_id,
                identity=identity,
                form=(fate.form or Form.CALL).value,
                direction=Direction.MUTUAL.value,
                at=min(start or now, now),
                logged_at=now,
                ticked=True,
            )
            .on_conflict_do_nothing(index_elements=["identity"])
        )
        derive(conn, {identity}, Rules(self.deps.settings.policies, now))


def _look_at_drafts(target: DraftTarget, rows: Sequence[Row[Any]]) -> Sequence[RemoteDraft | RemoteEvent]:
    return target.look([(r.remote_id, r.message_id) for r in rows])


def _look_at_reminders(target: ReminderTarget, rows: Sequence[Row[Any]]) -> Sequence[RemoteDraft | RemoteEvent]:
    return target.look([(r.remote_id, r.uid) for r in rows])
