"""An account of the double's, signed in, with what a connector needs around it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import connectors.google
from daemon.core.model import Account, Position
from daemon.core.ports import Connection, MailSource, Surroundings
from tests.contract.reading import Seen, read
from tests.contract.rig import ME
from tests.contract.samples import KNOWN, NOW
from tests.doubles.google import GoogleDouble
from tests.doubles.google.server import Account as Person

SCOPES = frozenset(
    f"https://www.googleapis.com/auth/{name}"
    for name in ("gmail.modify", "calendar.readonly", "calendar.app.created", "contacts.readonly")
)


class Secrets:
    """A secret store in memory."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get(self, account: str, name: str) -> str | None:
        return self.kept.get((account, name))

    def put(self, account: str, name: str, value: str) -> None:
        self.kept[account, name] = value


class SignedIn:
    """One account; ``connection`` opens it anew each time. ``clock`` is the connector's; it stands still."""

    def __init__(
        self,
        google: GoogleDouble,
        folder: Path,
        *,
        email: str = ME,
        scopes: frozenset[str] = SCOPES,
        page: int | None = None,
        **options: Any,
    ) -> None:
        self.google = google
        self.person: Person = google.account(email)
        self.secrets = Secrets()
        self.clock = NOW
        self.page = page
        self.before_write: Callable[[], None] = lambda: None
        self._folder = folder
        self._opened: list[Connection] = []
        self.token = google.sign.granted(email, scopes)
        self.secrets.put("google", "token", json.dumps({"refresh_token": self.token, "scopes": sorted(scopes)}))
        client = folder / "client.json"
        client.write_text(json.dumps(google.client_file()))
        self.options = {"client_file": str(client), "endpoint": google.endpoint, "quota_per_minute": 10**9, **options}
        self.email = email

    def now(self) -> datetime:
        return self.clock

    def connection(self) -> Connection:
        """The account, opened."""
        around = Surroundings(
            self.secrets, str(self._folder / "state"), lambda: self.now(), lambda: self.before_write()
        )
        made = connectors.google.connect(
            Account("google", "google", self.email, options=self.options), around, page=self.page
        )
        self._opened.append(made)
        return made

    def close(self) -> None:
        while self._opened:
            self._opened.pop().close()


def source(account: SignedIn) -> MailSource:
    """The mailbox of an account that reads it."""
    found = account.connection().mail
    assert found is not None
    return found


def go(account: SignedIn, since: Position = Position(), stop_after: int | None = None) -> Seen:  # noqa: B008
    """Read the mailbox, to its end or for so many pages."""
    mailbox = source(account)
    return read(mailbox.pages(mailbox.streams()[0], since, KNOWN), since, stop_after)
