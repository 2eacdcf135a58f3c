"""Nothing that could send exists: not in a connector's objects, not in its source."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import connectors
from daemon.core import ports

SOURCES = sorted(Path(connectors.__file__).parent.rglob("*.py"))
SENDING_MODULES = {"smtplib", "aiosmtplib", "sendmail"}
SENDING_NAMES = {
    "sendmail",
    "send_message",
    "send_and_save",
    "send_only",
    "sendas",
    "senditem",
    "createandsend",
    "createreplyandsend",
    "reply_all",
    "send_draft",
}
SENDING_PATHS = ("/sendmail", "/send", "messages.send", "drafts.send", "sendandsavecopy", "sendtoall", "submission")
WRITES = {
    "DraftTarget": {"hint", "find", "expected", "create", "look", "similar", "withdraw"},
    "ReminderTarget": {"find", "create", "update", "look", "withdraw"},
}


def offences(source: str) -> list[str]:
    """What in a piece of source could send."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [a.name for a in node.names if a.name.partition(".")[0] in SENDING_MODULES]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in SENDING_MODULES:
            found.append(node.module or "")
        elif isinstance(node, ast.Attribute) and node.attr.lower() in SENDING_NAMES:
            found.append(node.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n" not in node.value:
            text = node.value.lower()
            found += [node.value for path in SENDING_PATHS if text.endswith(path)]
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: "/".join(path.parts[-2:]))
def test_no_connector_can_send(path: Path) -> None:
    assert not offences(path.read_text("utf-8"))


@pytest.mark.parametrize(
    "planted",
    [
        "import smtplib",
        "from smtplib import SMTP",
        "item.send_and_save()",
        "url = base + '/me/sendMail'",
        "x = 'drafts.send'",
    ],
)
def test_the_search_finds_what_is_planted(planted: str) -> None:
    assert offences(planted)


GMAIL_VERBS = {"send", "delete", "batchDelete", "batchModify", "import_", "insert", "untrash", "update"}
"""Methods of Gmail's resources that send, delete for good, or write what is not a draft of ours."""


GMAIL = [path for path in SOURCES if path.parent.name == "google" and ".gmail" in path.read_text("utf-8")]


def test_gmail_is_asked_for_nothing_that_sends_or_deletes() -> None:
    assert {"drafts", "mail", "messages", "labels", "scan"} <= {path.stem for path in GMAIL}
    for path in GMAIL:
        called = {node.attr for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Attribute)}
        assert not called & GMAIL_VERBS, path


@pytest.mark.parametrize("port", WRITES)
def test_the_ports_have_no_verb_for_it(port: str) -> None:
    verbs = {name for name in vars(getattr(ports, port)) if not name.startswith("_")}
    assert verbs == WRITES[port]
