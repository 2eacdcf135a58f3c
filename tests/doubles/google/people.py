"""The People half of the double: one person's address book."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from tests.doubles.google.call import Handler, utc_now

HANDLERS: dict[str, Handler] = {}


@dataclass
class Book:
    """One person's address book."""

    email: str
    clock: Callable[[], datetime] = utc_now
