"""Houses on every backend: in memory, on a local folder, on real Dovecot and Radicale, on strict doubles."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from daemon.cli.demo.round import play
from daemon.store.engine import Store
from tests.contract import rig_memory
from tests.contract.rig import Server
from tests.contract.rig_memory import MemoryRig
from tests.contract.rigs import servers
from tests.service.commands import NOW, Kith
from tests.service.house import House

HOUSES: dict[str, tuple[tuple[str, str], ...]] = {
    "memory": (("home", "memory"),),
    "local": (("home", "local"),),
    "exchange": (("home", "exchange"),),
    "servers": (("mail", "imap"), ("dav", "radicale")),
    "google": (("home", "google"),),
    "graph": (("cloud", "graph"),),
}
"""name -> (account, rig) each: the accounts of the house, the first that can taking drafts and reminders."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "house" in metafunc.fixturenames and "memory_only" not in metafunc.definition.keywords:
        only = ["servers"] if "servers_only" in metafunc.definition.keywords else list(HOUSES)
        if "no_doubles" in metafunc.definition.keywords:
            only = ["memory", "local", "servers"]
        metafunc.parametrize("house", only, indirect=True)


@pytest.fixture(scope="session")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Server]]:
    with servers(tmp_path_factory.mktemp) as get:
        yield get


@pytest.fixture
def work(tmp_path: Path) -> Iterator[MemoryRig]:
    """A second account of the user's, in memory; what `house` knows of it the test says."""
    folder = tmp_path / "work"
    folder.mkdir()
    with rig_memory.open_server(tmp_path) as server, server.rig(folder) as rig:
        yield rig


@pytest.fixture
def house(
    request: pytest.FixtureRequest, _server: Callable[[str], Server], store: Store, tmp_path: Path
) -> Iterator[House]:
    with ExitStack() as stack:
        rigs = {}
        for account, rig in HOUSES[getattr(request, "param", "memory")]:
            folder = tmp_path / account
            folder.mkdir()
            rigs[account] = stack.enter_context(_server(rig).rig(folder))
        made = House(store, tmp_path, rigs)
        yield made
        for rig_ in rigs.values():
            rig_.connection().close()


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration, laid out and run once."""
    folder = tmp_path_factory.mktemp("demo") / "demo"
    play(folder, lambda: NOW).store.close()
    return folder


@pytest.fixture
def kith(
    demo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Kith]:
    folder = tmp_path / "demo"
    shutil.copytree(demo, folder)
    config = folder / "config.toml"
    config.write_text(config.read_text().replace(str(demo), str(folder)))
    yield Kith(folder, capsys, monkeypatch)
