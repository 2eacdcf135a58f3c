"""What the service is given to work with. `daemon.wiring` makes it; tests make their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from daemon.config.settings import AccountSettings, Settings
from daemon.core.errors import KithError, LeaseLost, Paced, TryLater
from daemon.core.ports import Connection
from daemon.store.engine import Store

if TYPE_CHECKING:
    from daemon.service.render import Renderer


def no_progress(what: str, done: int, total: int | None) -> None:
    """Progress that nobody watches."""


class Permit:
    """Asked by connectors right before each remote write. Only a cycle's delivery gives it."""

    def __init__(self) -> None:
        self._ask: Callable[[], None] = _nobody

    def __call__(self) -> None:
        """Return if this process may write remotely.

        Raises:
            LeaseLost: another process has taken over the cycle, or there is none.
        """
        self._ask()

    @contextmanager
    def given(self, ask: Callable[[], None]) -> Iterator[None]:
        """For the length of the block ``ask`` decides."""
        self._ask = ask
        try:
            yield
        finally:
            self._ask = _nobody


def _nobody() -> None:
    raise LeaseLost("Nothing is written outside a cycle.")


@dataclass
class Deps:
    """Everything a cycle needs. ``now`` is the clock (UTC); ``should_stop`` is asked between pages and actions."""

    settings: Settings
    store: Store
    connections: Mapping[str, Connection]
    key_secret: bytes
    now: Callable[[], datetime]
    renderer: Renderer
    holder: str = "kith"
    progress: Callable[[str, int, int | None], None] = no_progress
    should_stop: Callable[[], bool] = lambda: False
    permit: Permit = field(default_factory=Permit)
    accounts: Mapping[str, AccountSettings] = field(init=False)

    def __post_init__(self) -> None:
        self.accounts = {a.account.name: a for a in self.settings.accounts}

    @property
    def me(self) -> frozenset[str]:
        """The user's own addresses, normalised."""
        return frozenset(self.settings.me.addresses)


@dataclass
class AccountReport:
    """What one cycle did with one account.

    ``again``: a server, or its quota, asked to be left alone for so long. ``units``: what was spent of such a quota.
    """

    scanned: int = 0
    logged: int = 0
    quarantined: int = 0
    left_out: bool = False  # some part of it waits for a better moment
    errors: list[str] = field(default_factory=list)
    again: timedelta | None = None
    units: int | None = None

    def trouble(self, told: str, error: KithError) -> None:
        """Something did not go as it should; a budget used up is none of that, it only takes until then."""
        if not isinstance(error, Paced):
            self.errors.append(told)
        if isinstance(error, TryLater) and error.after is not None:
            self.again = min(self.again or error.after, error.after)


@dataclass
class CycleReport:
    """What one cycle did. ``done`` lists remote writes as (verb, kind, purpose, contact name)."""

    accounts: dict[str, AccountReport] = field(default_factory=dict)
    done: list[tuple[str, str, str, str]] = field(default_factory=list)
    answers: list[tuple[str, str, str, str]] = field(default_factory=list)  # (state, kind, purpose, contact name)
    errors: list[str] = field(default_factory=list)
    stopped: bool = False

    def account(self, name: str) -> AccountReport:
        """The report of one account, made when first asked for."""
        return self.accounts.setdefault(name, AccountReport())

    @property
    def again(self) -> timedelta | None:
        """After how long something waits to go on that was told a time."""
        return min((a.again for a in self.accounts.values() if a.again is not None), default=None)

    @property
    def troubles(self) -> list[str]:
        """What went wrong, each sentence once: a server that is away fails for mail, calendar and drafts alike."""
        return list(dict.fromkeys([*(e for a in self.accounts.values() for e in a.errors), *self.errors]))

    @property
    def failed(self) -> bool:
        """Whether anything went wrong."""
        return bool(self.errors) or any(a.errors for a in self.accounts.values())


class Stopped(Exception):
    """The service was asked to stop: what is committed stays, the rest is for the next run."""
