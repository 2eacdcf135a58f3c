"""What a remote write needs of the store: its intent, if it is wanted still, whose turn it is, and how it ended."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row, delete, select, update

from daemon.core.errors import KithError, TryLater
from daemon.core.states import FAILED, PENDING, SENT, SKIPPED, SUPERSEDED, WITHDRAWN
from daemon.core.wants import DRAFT, Person, Want, tells_of_hunting, whom
from daemon.service import ailing
from daemon.service.closing import close
from daemon.service.compose import as_day
from daemon.service.deps import CycleReport, Deps
from daemon.service.people import person_of
from daemon.service.routing import may_hold
from daemon.service.wanted import still_wanted
from daemon.store import enablement, health, lease
from daemon.store.tables import contact, ledger, outbox

log = logging.getLogger(__name__)

BACK_OFF = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=12))
"""Waits between attempts at one write; the last one repeats."""


@dataclass(frozen=True, slots=True)
class Job:
    """One intent with its ledger row. ``hint`` is what the target said before the intent was stored."""

    id: int
    verb: str
    args: dict[str, Any]
    hint: str
    attempts: int
    row: Row[Any]

    @property
    def deed(self) -> str:
        """What it does, as it is told: an update that keeps its place is a refresh."""
        return "refresh" if self.verb == "update" and "start" not in self.args else self.verb

    @property
    def part(self) -> str:
        """The part of the account that takes this, as health names it."""
        return "drafts" if self.row.kind == DRAFT else "reminders"

    @property
    def want(self) -> Want:
        """The want as it was intended, out of its ledger row."""
        row = self.row
        day: date | None = as_day(self.args.get("occasion_date", ""))
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
            source=row.source,
            details=tuple(self.args.get("details", {}).items()),
        )


class Outgoing:
    """The outbox and the ledger under one cycle's lease.

    Whatever is changed here is one transaction that checks the lease first, and raises `LeaseLost` where another
    process has taken over.
    """

    def __init__(self, deps: Deps, fence: lease.Lease, report: CycleReport) -> None:
        self.deps = deps
        self.fence = fence
        self.report = report
        self.anew = False  # something was taken back before it was done, and wants another place: plan once more

    # -- before a write --------------------------------------------------------------------------

    def due(self) -> list[Job]:
        """The intents whose time has come, in the order they were stored; of one key none before an earlier one."""
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
            due.append(Job(j.id, j.verb, j.args, j.hint, j.attempts, rows[j.key]))
        return due

    def attempted(self, job: Job) -> Job | None:
        """Count one more attempt. The same job with its ledger row as it is now, None where that is gone."""
        with self.deps.store.write() as conn:
            self.fence = lease.renew_if_old(conn, self.fence, self.deps.now())
            lease.check(conn, self.fence, self.deps.now())
            row = conn.execute(select(ledger).where(ledger.c.key == job.row.key)).one_or_none()
            conn.execute(update(outbox).where(outbox.c.id == job.id).values(attempts=job.attempts + 1))
        return None if row is None else Job(job.id, job.verb, job.args, job.hint, job.attempts, row)

    def mine(self) -> None:
        """The cycle is still ours: asked right before every remote write.

        Raises:
            LeaseLost: another process has taken over.
        """
        with self.deps.store.read() as conn:
            lease.check(conn, self.fence, self.deps.now())

    def mine_to_leave(self, job: Job, **said: Any) -> None:
        """As `mine`; and what is about to be left there is kept with the intent, for the attempt that finds it there
        after the answer was lost: by then it might say something else.
        """
        with self.deps.store.write() as conn:
            lease.check(conn, self.fence, self.deps.now())
            conn.execute(update(outbox).where(outbox.c.id == job.id).values(args=job.args | said))

    def wanted(self, job: Job) -> bool:
        """Whether it should still exist, asked anew."""
        with self.deps.store.read() as conn:
            return still_wanted(self.deps, conn, job.row.contact_id, job.row.key, self.deps.now())

    def person(self, job: Job) -> Person:
        """Whom it is for, as they stand now."""
        with self.deps.store.read() as conn:
            return person_of(self.deps, conn, job.row.contact_id, self.deps.now())

    def waiting(self, job: Job) -> Person | None:
        """Who waits for their next turn, now that this one is taken back: not if it only stood in the wrong account."""
        person = self.person(job)
        settings = self.deps.accounts.get(job.row.account)
        hunting = person.job_hunting or tells_of_hunting(job.row.purpose, job.row.occasion)
        here = settings is None or may_hold(settings, job.row.kind, hunting)
        return person if here else None

    # -- how it ended ----------------------------------------------------------------------------

    def record(self, job: Job, values: dict[str, Any], *, person: Person | None = None) -> None:
        """What stands there now, in the ledger; the intent is settled. A reminder that is closed names its person."""
        now = self.deps.now()
        with self.deps.store.write() as conn:
            lease.check(conn, self.fence, now)
            state = values.get("state", job.row.state)
            since = now if state != job.row.state or job.deed != "refresh" else job.row.changed_at
            conn.execute(update(ledger).where(ledger.c.key == job.row.key).values(**values, changed_at=since))
            if state in (WITHDRAWN, SKIPPED):
                close(conn, job.row.key, state, person, now)
            conn.execute(delete(outbox).where(outbox.c.id == job.id))
            if state in (WITHDRAWN, SUPERSEDED, SKIPPED, SENT):
                conn.execute(delete(outbox).where(outbox.c.key == job.row.key))
            health.ok(conn, job.row.account, job.part, now)
            name = conn.execute(select(contact.c.name).where(contact.c.id == job.row.contact_id)).scalar_one()
        log.info("%s %s %s: %s", job.deed, job.row.kind, job.row.key, state)
        self.report.done.append((job.deed, job.row.kind, job.row.purpose, whom(job.row.purpose, name)))

    def drop(self, job: Job, **known: Any) -> None:
        """The intent is settled, with nothing to say of what stands there but what is ``known`` (ledger columns)."""
        with self.deps.store.write() as conn:
            lease.check(conn, self.fence, self.deps.now())
            if known:
                conn.execute(update(ledger).where(ledger.c.key == job.row.key).values(**known))
            conn.execute(delete(outbox).where(outbox.c.id == job.id))

    def never_intended(self, job: Job) -> None:
        """A create that never reached the server and must not any more: no row is left of it."""
        self.anew = True
        with self.deps.store.write() as conn:
            lease.check(conn, self.fence, self.deps.now())
            conn.execute(delete(outbox).where(outbox.c.key == job.row.key))
            conn.execute(delete(ledger).where(ledger.c.key == job.row.key, ledger.c.state == PENDING))

    def give_up(self, job: Job, error: KithError) -> None:
        """It can never be done as intended: failed, and told to the user."""
        now = self.deps.now()
        with self.deps.store.write() as conn:
            lease.check(conn, self.fence, now)
            conn.execute(update(ledger).where(ledger.c.key == job.row.key).values(state=FAILED, changed_at=now))
            conn.execute(delete(outbox).where(outbox.c.key == job.row.key))
        self.told(job, error)

    def told(self, job: Job, error: KithError) -> None:
        """What became of this one is told of the round."""
        self.report.errors.append(f"{job.row.account}: {job.row.purpose} {job.row.kind}: {error}")

    def postpone(self, job: Job, error: KithError) -> None:
        """Tried again after a while, which grows; later still where the server asked for it."""
        now = self.deps.now()
        wait = BACK_OFF[min(job.attempts, len(BACK_OFF) - 1)]
        if isinstance(error, TryLater) and error.after is not None:
            wait = max(wait, error.after)
        with self.deps.store.write() as conn:
            lease.check(conn, self.fence, now)
            conn.execute(
                update(outbox).where(outbox.c.id == job.id).values(not_before=now + wait, error=str(error)[:500])
            )

    def account_failed(self, job: Job, error: KithError) -> None:
        """The part of the account this goes to is in trouble, as `status` shows it."""
        account = job.row.account
        self.report.account(account).trouble(f"{account}: {error}", error)
        with self.deps.store.write() as conn:
            lease.check(conn, self.fence, self.deps.now())
            ailing.note(conn, self.deps, account, job.part, error)

    def waits_for_user(self, account: str, part: str) -> bool:
        """Whether nothing is tried there till the user has acted: a write would be one more wrong password."""
        with self.deps.store.read() as conn:
            return health.waits_for_user(conn, account, part, self.deps.now())
