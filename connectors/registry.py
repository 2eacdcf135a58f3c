"""Which connectors there are. The project's only dynamic import: a connector is loaded when an account asks."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping, Sequence
from types import ModuleType

from daemon.core.errors import NeedsUser, UserMistake
from daemon.core.model import Account
from daemon.core.ports import Connection, Option, Surroundings

KINDS: Mapping[str, str] = {
    "local": "connectors.local",
    "imap": "connectors.imap",
    "caldav": "connectors.caldav",
    "exchange": "connectors.exchange",
    "google": "connectors.google",
    "microsoft": "connectors.microsoft",
    "memory": "connectors.memory",
}
"""Kind of account -> its package: ``connect`` there, ``OPTIONS`` in its ``options`` (see `daemon.core.ports.Kind`)."""

HIDDEN = frozenset({"memory"})
"""Kinds that exist for tests and are not named to a user."""


def options(kind: str) -> Sequence[Option]:
    """The settings an account of this kind takes. Imports no provider's library.

    Raises:
        UserMistake: there is no such kind.
    """
    found: Sequence[Option] = _load(kind, ".options").OPTIONS
    return found


def connect(account: Account, around: Surroundings) -> Connection:
    """The account as an object; nothing is sent before it is used.

    Raises:
        UserMistake: there is no such kind.
        NeedsUser: a library the kind needs is not installed.
    """
    connection: Connection = _load(account.kind, "").connect(account, around)
    return connection


def _load(kind: str, part: str) -> ModuleType:
    package = KINDS.get(kind)
    if package is None:
        raise UserMistake(_unknown(kind))
    try:
        return importlib.import_module(package + part)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in ("connectors", "daemon"):
            raise  # a defect of ours, not something the user can install
        raise NeedsUser(
            f"Accounts of kind {kind} need the Python package {missing}, which is not installed.",
            f"Install it into the environment kith runs from: pip install {missing}",
        ) from error


def _unknown(kind: str) -> str:
    names = sorted(set(KINDS) - HIDDEN)
    near = difflib.get_close_matches(kind.lower(), names, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"There is no kind of account called {kind!r}; the kinds are {', '.join(names)}.{hint}"
