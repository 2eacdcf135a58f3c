"""Google as a server on loopback, and an account at it that is signed in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doubles.google import GoogleDouble, running
from tests.google.signed_in import SignedIn


@pytest.fixture
def google() -> Iterator[GoogleDouble]:
    """The server; whatever it complains of fails the test."""
    with running() as double:
        yield double
        assert not double.complaints


@pytest.fixture
def signed_in(google: GoogleDouble, tmp_path: Path) -> Iterator[SignedIn]:
    """Petra's account, with every permission granted."""
    made = SignedIn(google, tmp_path)
    yield made
    made.close()
