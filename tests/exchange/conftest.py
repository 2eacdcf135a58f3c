"""A strict Exchange server on loopback, and an account on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.rig import ME
from tests.contract.rig_exchange import ExchangeRig
from tests.doubles.ews.server import Ews, open_ews


@pytest.fixture
def ews() -> Iterator[Ews]:
    """The server; whatever it complains of fails the test."""
    with open_ews() as server:
        yield server


@pytest.fixture
def rig(ews: Ews, tmp_path: Path) -> Iterator[ExchangeRig]:
    """Petra's account, signed in to with her password."""
    made = ExchangeRig(ews, ME, tmp_path)
    yield made
    made.connection().close()
