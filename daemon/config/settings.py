"""The configuration as objects. `daemon.config.load` makes them from TOML; nobody else does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from pathlib import Path

from daemon.core.holidays import Holiday
from daemon.core.model import Account
from daemon.core.policy import Me, Policies, Quiet, ReminderRules, WorkingHours


@dataclass(frozen=True, slots=True)
class SecretRef:
    """Where a secret comes from: ``command`` (its first output line), ``file`` ... Never the secret itself."""

    kind: str  # command | file | credential (a file in $CREDENTIALS_DIRECTORY) | keyring
    value: str


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """One account: what its connector needs, and what the daemon may do with it.

    ``reminders`` and ``drafts`` say whether they may be written here at all, ``read_wording`` whether texts of letters
    may be read for wording (None: as `Settings.reads_texts` has it). ``aliases`` are its other addresses, from which
    what was written to them is answered. ``secrets`` maps a secret's name
    (``password``, ``token`` ...) to where it comes from.
    """

    account: Account
    reminders: bool = True
    drafts: bool = True
    read_wording: bool | None = None
    secrets: Mapping[str, SecretRef] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration."""

    path: Path
    state: Path  # folder: store, key secret, tokens
    store_url: str
    me: Me
    accounts: tuple[AccountSettings, ...]
    policies: Policies = field(default_factory=Policies)
    hours: WorkingHours = field(default_factory=WorkingHours)
    quiet: tuple[Quiet, ...] = ()
    reminders: ReminderRules = field(default_factory=ReminderRules)
    every: timedelta = timedelta(minutes=15)
    templates: Path | None = None  # the user's own, before the shipped ones
    updates: Path | None = None  # folder of the quarter's letters (2026-Q4.md)
    holidays: tuple[Holiday, ...] = ()  # professional ones, switched on
    morning_event: time | None = None  # when a private event lists the new drafts; None: never
    updates_a_day: int = 5  # letters with the quarter's news, at most
    updates_a_week: int = 20
    news_reminder: int = 14  # so many days before a quarter ends an event asks for its news; 0: never
    outcome_after: timedelta = timedelta(days=91)  # after a recommendation, until a reminder asks how it turned out
    read_wording: bool = False  # whether the words of a letter may make a suggestion
    reminders_to: str = ""  # the account whose calendar takes reminders; else the first that has one
    log_level: str = "info"
    warnings: tuple[str, ...] = ()  # sentences: nothing wrong, but worth a look

    def reads_texts(self, account: AccountSettings) -> bool:
        """Whether texts of letters in this account may be read in passing: an employer's only if that was said."""
        said = account.read_wording
        return self.read_wording and (not account.account.employer if said is None else said)
