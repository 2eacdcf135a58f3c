"""A person of the double's who has signed in, and their account as the connector opens it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import connectors.microsoft
from daemon.core.model import Account
from daemon.core.ports import Connection, Surroundings
from tests.contract.rig import ME
from tests.contract.samples import NOW, PAGE
from tests.doubles.graph import GraphDouble
from tests.doubles.graph.signin import CLIENT, TENANT


class Secrets:
    """What is put can be got."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get(self, account: str, name: str) -> str | None:
        return self.kept.get((account, name))

    def put(self, account: str, name: str, value: str) -> None:
        self.kept[(account, name)] = value


class Person:
    """`core.ports.LoginUI`: ``browser`` is what opening an address comes to, ``typed`` what is typed when asked."""

    def __init__(self, browser: Callable[[str], bool] = lambda url: False, typed: Callable[[], str] = str) -> None:
        self.shown: list[str] = []
        self.opened: list[str] = []
        self._browser = browser
        self._typed = typed

    def show(self, text: str) -> None:
        self.shown.append(text)

    def open(self, url: str) -> bool:
        self.opened.append(url)
        return self._browser(url)

    def ask(self, prompt: str) -> str:
        self.shown.append(prompt)
        return self._typed()


class SignedIn:
    """One account at the double."""

    def __init__(self, double: GraphDouble, folder: Path, *, sign_in: bool = True, **options: object) -> None:
        self.double = double
        self.secrets = Secrets()
        self.account = Account(
            "cloud", "microsoft", ME, options={"client_id": CLIENT, "tenant": TENANT, "timeout": 10, **options}
        )
        self.now: Callable[[], datetime] = lambda: NOW
        self.writes = 0
        self.state = str(folder / "state")
        self._around = Surroundings(self.secrets, self.state, lambda: self.now(), self._before_write)
        self.page = PAGE
        if sign_in:
            self.sign_in()

    def _before_write(self) -> None:
        self.writes += 1

    def sign_in(self, person: Person | None = None, **options: object) -> Person:
        """As `kith login` does it; by a code, unless the options say otherwise."""
        ui = person or Person()
        connection = self.connection(**{"sign_in": "device", **options})
        assert connection.login is not None
        try:
            connection.login(ui)
        finally:
            connection.close()
        return ui

    def connection(self, **options: object) -> Connection:
        """The account opened anew."""
        account = Account("cloud", "microsoft", ME, options={**self.account.options, **options})
        return connectors.microsoft.connect(account, self._around, page=self.page, endpoint=self.double.endpoint)
