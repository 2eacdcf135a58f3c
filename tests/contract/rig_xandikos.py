"""The caldav connector again, on a server that words nearly everything otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.contract.rig_caldav import DavRigs
from tests.support.dav import dav_server


@contextmanager
def open_server(folder: Path) -> Iterator[DavRigs]:
    """Xandikos."""
    with dav_server("xandikos", folder) as server:
        yield DavRigs(server)
