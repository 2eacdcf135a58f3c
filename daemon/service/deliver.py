"""Remote writes, one door: every intent in the outbox, first in first out per key.

Each looks first by key, writes, reads back, records. What was intended and is not wanted any more is not
written. A process whose lease has been taken over stops before the next write.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, select, update

from daemon.core.address import normalise
from daemon.core.errors import Conflict, KithError, LeaseLost, NeedsUser, OutcomeUnknown, Refused, StoreBusy, TryLater
from daemon.core.fate import ticked
from daemon.core.model import OutgoingDraft, OutgoingEvent, RemoteDraft, RemoteEvent, Whereabouts
from daemon.core.plan import EDITED, FAILED, MOVED, PENDING, SENT, SKIPPED, WITHDRAWN, WRITTEN
from daemon.core.ports import DraftTarget, ReminderTarget
from daemon.core.wants import DRAFT, Person, Want
from daemon.service.compose import as_day, compose, remind
from daemon.service.deps import CycleReport, Deps
from daemon.service.news import told_news
from daemon.service.planning import close, person_of, still_wanted
from daemon.service.replaced import unclaimed
from daemon.store import asks, cursors, enablement, health, lease
from daemon.store.tables import ledger, outbox

log = logging.getLogger(__name__)

BACK_OFF = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=12))
"""Waits between attempts at one write; the last one repeats."""


@dataclass(frozen=True, slots=True)
class _Job:
    """One intent with its ledger row."""

    id: int
    verb: str
    args: dict[str, Any]
    hint: str
    attempts: int
    row: Row[Any]


class Delivery:
    """One cycle's remote writes."""

    def __init__(self, deps: Deps, fence: lease.Lease, report: CycleReport) -> None:
        self.deps = deps
        self.fence = fence
        self.report = report
        self.stopped: set[tuple[str, str]] = set()  # account and part: a mailbox that fails is not its calendar

    def run(self) -> None:
        """Work through what is due, account by account; one that fails stops only itself."""
        with self.deps.permit.given(self._mine):
            self._run()
            if not self.report.stopped:
                self._take_flags_off()

    def _take_flags_off(self) -> None:
        """Flags that asked for a draft, once it stands. The only write there is to the user's mail."""
        with self.deps.store.read() as conn:
            flags = asks.settled(conn)
            streams = {(p.account, p.stream.name): p.stream for p in cursors.rows(conn) if p.kind == "mail"}
        for flag in flags:
            connection = self.deps.connections.get(flag.account)
            source = connection.mail if connection is not None else None
            stream = streams.get((flag.account, flag.stream))
            if self.deps.should_stop() or source is None or stream is None or (flag.account, "drafts") in self.stopped:
                continue
            self._mine()
            try:
                source.clear_ask(stream, flag.item_id, flag.purpose)
            except (StoreBusy, LeaseLost):
                raise
            except Refused as e:  # it stays on, and does no harm: one message asks for one draft
                self.report.errors.append(f"{flag.account}: {e}")
            except KithError as e:
                log.warning("account %s: a flag could not be taken off: %s", flag.account, e)
                continue
            with self.deps.store.write() as conn:
                lease.check(conn, self.fence, self.deps.now())
                asks.remove(conn, flag.id)

    def _run(self) -> None:
        blocked: set[str] = set()
        for job in self._due():
            if self.deps.should_stop():
                self.report.stopped = True
                return
            account, key = job.row.account, job.row.key
            if key in blocked or (account, _part(job.row.kind)) in self.stopped:
                blocked.add(key)
                continue
            if not self._attempt(job):
                blocked.add(key)

    def _due(self) -> list[_Job]:
        now = self.deps.now()
        with self.deps.store.read() as conn:
            jobs = conn.execute(select(outbox).order_by(outbox.c.id)).all()
            rows = {r.key: r for r in conn.execute(select(ledger).where(ledger.c.key.in_([j.key for j in jobs])))}
            enabled = enablement.all_since(conn)
        due, early = [], set()
        for j in jobs:
            if rows[j.key].account not in self.deps.accounts:
                continue  # taken out of the configuration: it waits for the account to come back
            if j.verb != "withdraw" and rows[j.key].account not in enabled:
                early.add(j.key)  # disabled since it was intended: it waits, too
                continue
            if j.key in early or (j.not_before is not None and j.not_before > now):
                early.add(j.key)  # first in, first out: what follows waits too
                continue
            due.append(_Job(j.id, j.verb, j.args, j.hint, j.attempts, rows[j.key]))
        return due

    def _attempt(self, job: _Job) -> bool:
        """Try one intent; True where it is settled (done, given up, or not wanted any more)."""
        part = _part(job.row.kind)
        with self.deps.store.write() as conn:
            self.fence = lease.renew_if_old(conn, self.fence, self.deps.now())
            lease.check(conn, self.fence, self.deps.now())
            row = conn.execute(select(ledger).where(ledger.c.key == job.row.key)).one_or_none()
            conn.execute(update(outbox).where(outbox.c.id == job.id).values(attempts=job.attempts + 1))
        if row is None:
            return True
        job = _Job(job.id, job.verb, job.args, job.hint, job.attempts, row)
        try:
            self._perform(job)
        except (StoreBusy, LeaseLost):
            raise
        except Refused as e:
            self._give_up(job, e)
        except NeedsUser as e:
            self._postpone(job, e)
            self._account_failed(job.row.account, part, e, needs_user=True)
            return False
        except TryLater as e:
            self._postpone(job, e)
            if not isinstance(e, OutcomeUnknown):
                self._account_failed(job.row.account, part, e, needs_user=False)
            return False
        except KithError as e:
            self._postpone(job, e)
            return False
        return True

    def _perform(self, job: _Job) -> None:
        connection = self.deps.connections.get(job.row.account)
        if connection is not None and job.row.kind == DRAFT and connection.drafts is not None:
            self._draft(job, connection.drafts)
        elif connection is not None and job.row.kind != DRAFT and connection.reminders is not None:
            self._reminder(job, connection.reminders)
        else:
            raise TryLater(f"Account {job.row.account} takes no {job.row.kind}s any more; its writes wait.")

    # -- drafts ----------------------------------------------------------------------------------

    def _draft(self, job: _Job, target: DraftTarget) -> None:
        if job.verb == "create":
            self._create_draft(job, target)
        else:
            self._withdraw_draft(job, target)

    def _create_draft(self, job: _Job, target: DraftTarget) -> None:
        row = job.row
        found = target.find(row.key, row.message_id, job.hint)
        if found.where is Whereabouts.UNKNOWN:
            raise TryLater("The server could not say whether the draft exists already.")
        if found.where is Whereabouts.GONE:
            if not self._wanted(row):
                self._record(job, {"state": WITHDRAWN}, person=None)
                return
            letter = self._letter(job)
            copy = self._users_own(job, target, letter)
            if copy is not None:
                self._written_draft(job, copy, EDITED)
                return
            self._mine()
            try:
                made = target.create(letter)
            except Conflict:
                raise TryLater("The draft appeared meanwhile; it is looked at next time.") from None
            self._written_draft(job, made, WRITTEN, letter)
        elif found.where is Whereabouts.PRESENT:  # written before a crash, or by a store now lost
            ours = self._as_ours(job, found)
            self._written_draft(job, found, WRITTEN if ours else EDITED, ours)
        else:
            state = SENT if found.where is Whereabouts.SENT else SKIPPED
            self._record(job, {"state": state}, person=None)

    def _as_ours(self, job: _Job, found: RemoteDraft) -> OutgoingDraft | None:
        """What we would write, if what lies there is that word for word: then nobody has touched it."""
        from daemon.formats import mime

        try:
            letter = self._letter(job)
        except Refused:
            return None
        return letter if mime.digest(mime.build(letter)) == found.digest else None

    def _users_own(self, job: _Job, target: DraftTarget, letter: OutgoingDraft) -> RemoteDraft | None:
        """A letter like this one that lies in Drafts already and is not known to be ours.

        The user has one under way, or edited ours before the store was lost: a second one would be in their way.
        """
        similar = target.similar(letter.recipient[1], letter.subject, letter.in_reply_to)
        with self.deps.store.read() as conn:
            return unclaimed(conn, job.row, similar)

    def _letter(self, job: _Job) -> OutgoingDraft:
        row, now = job.row, self.deps.now()
        news, _ = told_news(self.deps.settings.updates, now, self.deps.settings.hours.zone)
        with self.deps.store.read() as conn:
            person = person_of(self.deps, conn, row.contact_id, now)
            person = replace(person, speaks=row.lang)
            return compose(self.deps, conn, person, self._want(job), row.account, row.message_id, news, row.created_at)

    def _written_draft(self, job: _Job, made: RemoteDraft, state: str, letter: OutgoingDraft | None = None) -> None:
        values = {
            "state": state,
            "remote_id": made.remote_id,
            "digest": made.digest,
            "title": made.subject,
            "message_id": made.message_id or job.row.message_id,
        }
        if letter is not None:
            values |= {"recipient": normalise(letter.recipient[1]), "in_reply_to": letter.in_reply_to}
        self._record(job, values, person=None)

    def _withdraw_draft(self, job: _Job, target: DraftTarget) -> None:
        row = job.row
        if row.state == PENDING and not row.remote_id:  # never known to be written: look before believing so
            found = target.find(row.key, row.message_id, job.hint)
            if found.where is Whereabouts.PRESENT and not self._as_ours(job, found):
                self._written_draft(job, found, EDITED)
                return
            remote_id, digest = found.remote_id, found.digest
            if found.where is not Whereabouts.PRESENT:
                self._record(job, {"state": SENT if found.where is Whereabouts.SENT else WITHDRAWN}, person=None)
                return
        else:
            remote_id, digest = row.remote_id, row.digest
        self._mine()
        try:
            left = target.withdraw(remote_id, row.message_id, digest)
        except Conflict:
            self._record(job, {"state": EDITED}, person=None)
            return
        self._record(job, {"state": SENT if left.where is Whereabouts.SENT else WITHDRAWN}, person=None)

    # -- reminders -------------------------------------------------------------------------------

    def _reminder(self, job: _Job, target: ReminderTarget) -> None:
        if job.verb == "create":
            self._create_reminder(job, target)
        elif job.verb == "update":
            self._move_reminder(job, target)
        else:
            self._withdraw_reminder(job, target)

    def _create_reminder(self, job: _Job, target: ReminderTarget) -> None:
        row = job.row
        found = target.find(row.key, row.uid)
        if found.where is Whereabouts.UNKNOWN:
            raise TryLater("The server could not say whether the reminder exists already.")
        if found.where is Whereabouts.PRESENT:
            ours = self._event(job, row.starts_at, row.ends_at)
            moved = found.start != ours.start
            rewritten = found.summary != ours.summary
            state = EDITED if rewritten else MOVED if moved else WRITTEN
            # Ticked off before we knew it was written: under our own title the next look takes it for news.
            self._written_event(job, found, state, {"title": ours.summary} if ticked(found.summary) else None)
            return
        if found.where is Whereabouts.TRASHED:  # the provider remembers that the user deleted it
            self._record(job, {"state": SKIPPED}, person=self._person(row))
            return
        if not self._wanted(row) or row.starts_at <= self.deps.now():
            self._forget_intent(job)  # its place has passed, or its reason: planned anew, with nothing left behind
            return
        event = self._event(job, row.starts_at, row.ends_at)
        self._mine()
        try:
            made = target.create(event)
        except Conflict:
            raise TryLater("The reminder appeared meanwhile; it is looked at next time.") from None
        self._written_event(job, made, WRITTEN)

    def _move_reminder(self, job: _Job, target: ReminderTarget) -> None:
        row = job.row
        start, end = (datetime.fromisoformat(job.args[name]) for name in ("start", "end"))
        if start <= self.deps.now() or not self._wanted(row):
            self._drop(job)
            return
        event = self._event(job, start, end)
        self._mine()
        try:
            made = target.update(row.remote_id, row.version, event)
        except Conflict:
            found = target.find(row.key, row.uid)
            if found.where is Whereabouts.PRESENT and found.start == start:
                made = found  # our own move, whose answer was lost
            else:
                self._drop(job)  # the user was there first: what they did is read back next time
                return
        values = {"state": WRITTEN, "moves": row.moves + 1 if job.args.get("ours") else row.moves}
        self._written_event(job, made, WRITTEN, values)

    def _withdraw_reminder(self, job: _Job, target: ReminderTarget) -> None:
        row = job.row
        remote_id, version = row.remote_id, row.version
        if row.state == PENDING or not remote_id:
            found = target.find(row.key, row.uid)
            if found.where is not Whereabouts.PRESENT:
                self._record(job, {"state": WITHDRAWN}, person=self._person(row))
                return
            remote_id, version = found.remote_id, found.version
        self._mine()
        try:
            target.withdraw(remote_id, version)
        except Conflict:
            self._drop(job)  # changed meanwhile: read back, then decided again
            return
        self._record(job, {"state": WITHDRAWN}, person=self._person(row))

    def _event(self, job: _Job, start: datetime, end: datetime) -> OutgoingEvent:
        with self.deps.store.read() as conn:
            person = person_of(self.deps, conn, job.row.contact_id, self.deps.now())
            return remind(self.deps, conn, person, self._want(job), job.row.uid, start, end)

    def _written_event(self, job: _Job, made: RemoteEvent, state: str, more: dict[str, Any] | None = None) -> None:
        values = {
            "state": state,
            "remote_id": made.remote_id,
            "version": made.version,
            "digest": made.digest,
            "title": made.summary,
            "starts_at": made.start or job.row.starts_at,
            "ends_at": made.end or job.row.ends_at,
            **(more or {}),
        }
        self._record(job, values, person=None)

    # -- what all share --------------------------------------------------------------------------

    def _want(self, job: _Job) -> Want:
        """The want as it was intended, out of its ledger row."""
        row = job.row
        day: date | None = as_day(job.args.get("occasion_date", ""))
        return Want(
            key=row.key,
            kind=row.kind,
            purpose=row.purpose,
            contact_id=row.contact_id,
            period=row.period,
            due=row.created_at,
            reason=row.reason,
            occasion=row.occasion,
            occasion_date=day,
        )

    def _person(self, row: Row[Any]) -> Person:
        with self.deps.store.read() as conn:
            return person_of(self.deps, conn, row.contact_id, self.deps.now())

    def _wanted(self, row: Row[Any]) -> bool:
        with self.deps.store.read() as conn:
            return still_wanted(self.deps, conn, row.contact_id, row.key, self.deps.now())

    def _mine(self) -> None:
        """The cycle is still ours: asked right before every remote write.

        Raises:
            LeaseLost: another process has taken over.
        """
        with self.deps.store.read() as conn:
            lease.check(conn, self.fence, self.deps.now())

    def _record(self, job: _Job, values: dict[str, Any], *, person: Person | None) -> None:
        now = self.deps.now()
        with self.deps.store.write() as conn:
            lease.check(conn, self.fence, now)
            state = values.get("state", job.row.state)
            conn.execute(update(ledger).where(ledger.c.key == job.row.key).values(**values, changed_at=now))
            if state in (WITHDRAWN, SKIPPED):
                close(conn, job.row.key, state, person, now)
            conn.execute(delete(outbox).where(outbox.c.id == job.id))
            if state in (WITHDRAWN, SKIPPED, SENT):
                conn.execute(delete(outbox).where(outbox.c.key == job.row.key))
            health.ok(conn, job.row.account, _part(job.row.kind), now)
            name = person_of(self.deps, conn, job.row.contact_id, now).name
        log.info("%s %s %s: %s", job.verb, job.row.kind, job.row.key, state)
        self.report.done.append((job.verb, job.row.kind, job.row.purpose, name))

    def _drop(self, job: _Job) -> None:
        with self.deps.store.write() as conn:
            lease.check(conn, self.fence, self.deps.now())
            conn.execute(delete(outbox).where(outbox.c.id == job.id))

    def _forget_intent(self, job: _Job) -> None:
        """A create that never reached the server and must not any more: as if it had not been intended."""
        with self.deps.store.write() as conn:
            lease.check(conn, self.fence, self.deps.now())
            conn.execute(delete(outbox).where(outbox.c.key == job.row.key))
            conn.execute(delete(ledger).where(ledger.c.key == job.row.key, ledger.c.state == PENDING))

    def _give_up(self, job: _Job, error: KithError) -> None:
        now = self.deps.now()
        with self.deps.store.write() as conn:
            lease.check(conn, self.fence, now)
            conn.execute(update(ledger).where(ledger.c.key == job.row.key).values(state=FAILED, changed_at=now))
            conn.execute(delete(outbox).where(outbox.c.key == job.row.key))
        self.report.errors.append(f"{job.row.account}: {job.row.purpose} {job.row.kind}: {error}")

    def _postpone(self, job: _Job, error: KithError) -> None:
        now = self.deps.now()
        wait = BACK_OFF[min(job.attempts, len(BACK_OFF) - 1)]
        if isinstance(error, TryLater) and error.after is not None:
            wait = max(wait, error.after)
        with self.deps.store.write() as conn:
            lease.check(conn, self.fence, now)
            conn.execute(
                update(outbox).where(outbox.c.id == job.id).values(not_before=now + wait, error=str(error)[:500])
            )

    def _account_failed(self, account: str, part: str, error: KithError, *, needs_user: bool) -> None:
        self.stopped.add((account, part))
        self.report.account(account).errors.append(f"{account}: {error}")
        after = error.after if isinstance(error, TryLater) else None
        with self.deps.store.write() as conn:
            lease.check(conn, self.fence, self.deps.now())
            health.failed(conn, account, part, self.deps.now(), str(error), after=after, needs_user=needs_user)


def _part(kind: str) -> str:
    """The part of an account that takes this kind, as health names it."""
    return "drafts" if kind == DRAFT else "reminders"
