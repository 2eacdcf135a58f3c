"""The rig of the google connector: the strict double of Google's APIs, whatever it complains of fails the test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path

from connectors.google.own import DESCRIPTION
from daemon.core.ports import Connection
from tests.contract.rig_google_dates import Dates
from tests.contract.rig_google_mail import Letters
from tests.contract.samples import NOW, PAGE
from tests.doubles.google import Account, Fault, GoogleDouble, running
from tests.google.signed_in import SignedIn


class GoogleRig(Letters, Dates):
    """One person's account."""

    whole: frozenset[str] = frozenset()
    cannot: frozenset[str] = frozenset({"cancellations", "folders", "copies", "tags", "strangers"})
    """Everything is one stream; a message has labels, not copies; the server's search finds no ``+tags``; strangers'
    mail is never listed."""

    def __init__(self, double: GoogleDouble, folder: Path) -> None:
        self.double = double
        self.signed_in = SignedIn(double, folder, page=PAGE)
        self.person = self.signed_in.person
        self.person.calendar.add_calendar("kith", by_app=True).description = DESCRIPTION
        self._connection: Connection | None = None
        self._kept: dict[Path, Account] = {}

    def save(self, folder: Path) -> None:
        """See `Kept`. The server is in this process, and so is what is kept of it."""
        self._kept[folder] = deepcopy(self.person)

    def restore(self, folder: Path) -> None:
        """See `Kept`."""
        self.person = self.signed_in.person = deepcopy(self._kept[folder])
        self.double.accounts[self.person.email] = self.person

    def connection(self) -> Connection:
        return self._connection or self.fresh_connection()

    def fresh_connection(self) -> Connection:
        if self._connection is not None:
            self._connection.close()
        self._connection = self.signed_in.connection()
        return self._connection

    def lose_next_response(self) -> None:
        self.double.faults.append(Fault("drop-after", writes=True))

    def lose_next_request(self) -> None:
        self.double.faults.append(Fault("drop-before", writes=True))


class GoogleRigs:
    @contextmanager
    def rig(self, folder: Path) -> Iterator[GoogleRig]:
        with running(lambda: NOW) as double:
            double.limit = None
            made = GoogleRig(double, folder)
            yield made
            made.connection().close()
            assert not double.complaints, double.complaints


@contextmanager
def open_server(folder: Path) -> Iterator[GoogleRigs]:
    yield GoogleRigs()
