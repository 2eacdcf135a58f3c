"""Remote writes, one door: every intent in the outbox, first in first out per key, and flags that are taken off.

What an attempt does stands in `deliver_drafts` and `deliver_reminders`, what it leaves in the store in `outgoing`. A
process whose lease has been taken over stops before the next write.
"""

from __future__ import annotations

import logging

from daemon.core.errors import (
    KithError,
    LeaseLost,
    NeedsUser,
    OutcomeUnknown,
    Refused,
    StoreBusy,
    TryLater,
    UserMistake,
)
from daemon.core.wants import DRAFT
from daemon.service.deliver_drafts import DraftWrites
from daemon.service.deliver_reminders import ReminderWrites
from daemon.service.deps import CycleReport, Deps
from daemon.service.outgoing import Job, Outgoing
from daemon.store import asks, cursors, lease

log = logging.getLogger(__name__)


class Delivery:
    """One cycle's remote writes."""

    def __init__(self, deps: Deps, fence: lease.Lease, report: CycleReport) -> None:
        self.deps = deps
        self.out = Outgoing(deps, fence, report)
        self.report = report
        self.stopped: set[tuple[str, str]] = set()  # account and part: a mailbox that fails is not its calendar

    def run(self) -> bool:
        """Work through what is due, account by account; one that fails stops only itself.

        Returns whether something waited so long that it has to be planned anew.
        """
        with self.deps.permit.given(self.out.mine):
            self._work_through()
            if not self.report.stopped:
                self._take_flags_off()
        return self.out.anew

    def _work_through(self) -> None:
        blocked: set[str] = set()
        for job in self.out.due():
            if self.deps.should_stop():
                self.report.stopped = True
                return
            key = job.row.key
            if key in blocked or self._held(job.row.account, job.part):
                blocked.add(key)
                continue
            if not self._attempt(job):
                blocked.add(key)

    def _held(self, account: str, part: str) -> bool:
        """Whether this part of the account is left alone, in this round or till the user has acted."""
        if (account, part) not in self.stopped and self.out.waits_for_user(account, part):
            self.stopped.add((account, part))
        return (account, part) in self.stopped

    def _attempt(self, job: Job) -> bool:
        """Try one intent; True where it is settled (done, given up, or not wanted any more)."""
        now = self.out.attempted(job)
        if now is None:
            return True
        try:
            self._perform(now)
        except (StoreBusy, LeaseLost):
            raise
        except Refused as e:
            self.out.give_up(now, e)
        except NeedsUser as e:
            self.out.postpone(now, e)
            self._stop(now, e)
            return False
        except TryLater as e:
            self.out.postpone(now, e)
            if not isinstance(e, OutcomeUnknown):
                self._stop(now, e)
            return False
        except UserMistake as e:  # a template of theirs: nothing is wrong with the account
            self.out.postpone(now, e)
            self.out.told(now, e)
            return False
        except KithError as e:
            self.out.postpone(now, e)
            return False
        return True

    def _stop(self, job: Job, error: KithError) -> None:
        self.stopped.add((job.row.account, job.part))
        self.out.account_failed(job, error)

    def _perform(self, job: Job) -> None:
        connection = self.deps.connections.get(job.row.account)
        if connection is not None and job.row.kind == DRAFT and connection.drafts is not None:
            DraftWrites(self.out, connection.drafts).perform(job)
        elif connection is not None and job.row.kind != DRAFT and connection.reminders is not None:
            ReminderWrites(self.out, connection.reminders).perform(job)
        else:
            raise TryLater(f"Account {job.row.account} takes no {job.row.kind}s any more; its writes wait.")

    def _take_flags_off(self) -> None:
        """Flags that asked for a draft, once it stands. The only write there is to the user's mail."""
        with self.deps.store.read() as conn:
            flags = asks.settled(conn)
            streams = {(p.account, p.stream.name): p.stream for p in cursors.rows(conn) if p.kind == "mail"}
        for flag in flags:
            connection = self.deps.connections.get(flag.account)
            source = connection.mail if connection is not None else None
            stream = streams.get((flag.account, flag.stream))
            if self.deps.should_stop() or source is None or stream is None:
                continue
            if self._held(flag.account, "drafts") or self._held(flag.account, "mail"):
                continue
            self.out.mine()
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
                lease.check(conn, self.out.fence, self.deps.now())
                asks.remove(conn, flag.id)
