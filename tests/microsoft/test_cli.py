"""`kith login` and `kith check` with an account of this kind, from the configuration to the token on disk."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

import connectors.microsoft
from daemon.cli.context import Ctx
from daemon.cli.main import run
from tests.contract.samples import NOW
from tests.doubles.graph import GraphDouble
from tests.doubles.graph.signin import CLIENT


def kith(folder: Path, *arguments: str) -> int:
    return run(["--config", str(folder / "config.toml"), *arguments], Ctx(clock=lambda: NOW))


def test_from_the_configuration_to_a_mailbox_that_can_be_read(
    double: GraphDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = connectors.microsoft.connect
    monkeypatch.setattr(connectors.microsoft, "connect", partial(real, endpoint=double.endpoint))
    (tmp_path / "config.toml").write_text(
        '[me]\nname = "Petra Iljina"\naddresses = ["petra@example.org"]\n'
        f'[store]\nstate = "{tmp_path / "state"}"\n'
        f'[account.microsoft]\nkind = "microsoft"\naddress = "petra@example.org"\nclient_id = "{CLIENT}"\n'
        'sign_in = "device"\n'
    )
    assert kith(tmp_path, "check") == 1
    assert "kith login microsoft" in capsys.readouterr().out
    assert kith(tmp_path, "login", "microsoft", "--no-browser") == 0
    said = capsys.readouterr().out
    assert "ABCD-1234" in said and "Signed in to microsoft" in said and "refresh-" not in said
    assert kith(tmp_path, "check") == 0
    assert "Mail folders: Inbox, Sent Items, Archive." in capsys.readouterr().out
    for kept in (tmp_path / "state" / "secrets").iterdir():
        assert kept.stat().st_mode & 0o777 == 0o600
