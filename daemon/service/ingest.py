"""Reading one account in one cycle: each part on its own, so that trouble with one stops nothing else."""

from __future__ import annotations

import logging
from collections.abc import Callable

from daemon.core.errors import KithError, LeaseLost, Paced, StoreBusy
from daemon.core.ports import Connection, MailSource
from daemon.service import ailing
from daemon.service.calendar_in import CalendarIn
from daemon.service.contacts_in import ContactsIn
from daemon.service.deps import AccountReport, Deps, Stopped
from daemon.service.mail_in import MailIn
from daemon.service.passes import Passes
from daemon.service.texts import Texts
from daemon.store import health, lease

log = logging.getLogger(__name__)


class Ingest:
    """One cycle's reading of one account."""

    def __init__(
        self, deps: Deps, name: str, connection: Connection, fence: lease.Lease, report: AccountReport
    ) -> None:
        self.deps = deps
        self.name = name
        self.connection = connection
        self.report = report
        self.passes = Passes(deps, name, fence, report)

    @property
    def fence(self) -> lease.Lease:
        """The lease as it was last renewed."""
        return self.passes.fence

    def run(self) -> None:
        """Read everything the account has: address books first, so that their people's mail is logged at once."""
        if self.connection.contacts is not None:
            self._part("contacts", ContactsIn(self.passes, self.connection.contacts).read)
        if self.connection.mail is not None:
            mail = self.connection.mail
            self._part("mail", lambda: self._mail(mail))
        if self.connection.calendar is not None:
            self._part("calendar", CalendarIn(self.passes, self.connection.calendar).read)

    def _mail(self, source: MailSource) -> None:
        MailIn(self.passes, source, self.connection.searchable).read()
        Texts(self.passes, self.connection.texts).read()

    def _part(self, part: str, read: Callable[[], None]) -> None:
        """One part of the account; its failure is noted where the user looks and stops only itself."""
        now = self.deps.now()
        with self.deps.store.read() as conn:
            if not health.due(conn, self.name, part, now):
                self.report.left_out = True
                return
        try:
            read()
        except (Stopped, StoreBusy):
            raise
        except KithError as e:
            self.note_failure(part, e)
        else:
            with self.deps.store.write() as conn:
                self.passes.renew(conn)
                health.ok(conn, self.name, part, self.deps.now())

    def note_failure(self, part: str, error: KithError) -> None:
        """Write down what went wrong, and when it makes sense to try again."""
        if isinstance(error, LeaseLost):
            raise error
        log.log(
            logging.INFO if isinstance(error, Paced) else logging.WARNING, "account %s, %s: %s", self.name, part, error
        )
        self.report.trouble(f"{self.name}: {error}", error)
        with self.deps.store.write() as conn:
            self.passes.renew(conn)
            ailing.note(conn, self.deps, self.name, part, error)
