"""An account's options: what it says, else the default; and the defaults are the same wherever they are written."""

from __future__ import annotations

import importlib
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from connectors.chosen import chosen
from daemon.core.model import Account
from daemon.core.ports import Option

OPTIONS = (
    Option("host"),
    Option("tls", default="tls"),
    Option("ca_file", "path"),
    Option("port", "int"),
    Option("batch", "int", 50),
    Option("mail", "bool", default=True),
    Option("watch", "bool", default=False),
    Option("folders", "list"),
)


def test_nothing_said_is_the_default() -> None:
    assert chosen(Account("a", "imap"), OPTIONS) == {
        "host": "", "tls": "tls", "ca_file": "", "port": 0, "batch": 50, "mail": True, "watch": False, "folders": (),
    }  # fmt: skip


def test_what_is_said_goes_before_it() -> None:
    said = {"host": "imap.example.org", "tls": "", "ca_file": Path("ca.pem"), "port": 143, "batch": 1}
    account = Account("a", "imap", options={**said, "mail": False, "watch": True, "folders": ["INBOX"], "other": 1})
    assert chosen(account, OPTIONS) == {
        "host": "imap.example.org", "tls": "tls", "ca_file": "ca.pem", "port": 143, "batch": 1, "mail": False,
        "watch": True, "folders": ("INBOX",),
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["caldav", "exchange", "google", "imap", "microsoft"])
def test_the_settings_have_the_defaults_that_are_documented(kind: str, tmp_path: Path) -> None:
    (tmp_path / "client.json").touch()
    given = {"google": {"client_file": str(tmp_path / "client.json")}}.get(kind, {})
    settings = importlib.import_module(f"connectors.{kind}.options").Settings
    made = settings.of(Account("a", kind, "anna@example.org", options=given))
    default = {f.name: f.default for f in fields(settings) if f.default is not MISSING and f.name not in given}
    default.pop("address", None)
    assert {name: getattr(made, name) for name in default} == default
