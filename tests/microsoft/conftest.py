"""A double whose complaints fail the test, and somebody who has signed in to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.rig_graph import GraphRig
from tests.doubles.graph import GraphDouble, running


@pytest.fixture
def double() -> Iterator[GraphDouble]:
    with running() as made:
        yield made
        assert not made.complaints, made.complaints


@pytest.fixture
def rig(double: GraphDouble, tmp_path: Path) -> Iterator[GraphRig]:
    made = GraphRig(double, tmp_path)
    yield made
    made.connection().close()
