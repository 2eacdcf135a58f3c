"""Every connector stands here, one line each. The capabilities decide which suites it has to pass."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.contract.rig import CALENDAR, CONTACTS, DRAFTS, MAIL, REMINDERS, RigKind, Server

EVERYTHING = frozenset({MAIL, CALENDAR, CONTACTS, DRAFTS, REMINDERS})

RIGS: dict[str, RigKind] = {
    "memory": RigKind("tests.contract.rig_memory", EVERYTHING),
    "local": RigKind("tests.contract.rig_local", EVERYTHING),
    "imap": RigKind("tests.contract.rig_imap", frozenset({MAIL, DRAFTS})),
    "radicale": RigKind("tests.contract.rig_caldav", frozenset({CALENDAR, CONTACTS, REMINDERS})),
    "google": RigKind("tests.contract.rig_google", EVERYTHING),
    "exchange": RigKind("tests.contract.rig_exchange", EVERYTHING),
    "graph": RigKind("tests.contract.rig_graph", EVERYTHING),
    "xandikos": RigKind("tests.contract.rig_xandikos", frozenset({CALENDAR, CONTACTS, REMINDERS})),
}


@contextmanager
def servers(folder: Callable[[str], Path]) -> Iterator[Callable[[str], Server]]:
    """Starts each backend once, when its first test wants it, in a new folder; ends them with the block."""
    with ExitStack() as stack:
        running: dict[str, Server] = {}

        def get(name: str) -> Server:
            if name not in running:
                module = importlib.import_module(RIGS[name].module)
                running[name] = stack.enter_context(module.open_server(folder(name)))
            return running[name]

        yield get


def fitting(capability: str) -> list[str]:
    """The rigs whose connector has this capability."""
    return [name for name, kind in RIGS.items() if capability in kind.capabilities]
