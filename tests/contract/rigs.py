"""Every connector stands here, one line each. The capabilities decide which suites it has to pass."""

from __future__ import annotations

from tests.contract.rig import CALENDAR, CONTACTS, DRAFTS, MAIL, REMINDERS, RigKind

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


def fitting(capability: str) -> list[str]:
    """The rigs whose connector has this capability."""
    return [name for name, kind in RIGS.items() if capability in kind.capabilities]
