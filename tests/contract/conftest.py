"""The fixture ``rig``: each suite module says with ``CAPABILITY`` what it is about; only fitting rigs run it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.contract.rig import Rig, Server
from tests.contract.rigs import fitting, servers


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "rig" in metafunc.fixturenames and hasattr(metafunc.module, "CAPABILITY"):
        metafunc.parametrize("rig", fitting(metafunc.module.CAPABILITY), indirect=True)


@pytest.fixture(scope="session")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Server]]:
    with servers(tmp_path_factory.mktemp) as get:
        yield get


@pytest.fixture
def rig(request: pytest.FixtureRequest, _server: Callable[[str], Server], tmp_path: Path) -> Iterator[Rig]:
    with _server(request.param).rig(tmp_path) as made:
        yield made
        made.connection().close()
