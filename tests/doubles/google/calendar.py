"""The Calendar half of the double: one person's calendars."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from tests.doubles.google.call import Handler, utc_now

HANDLERS: dict[str, Handler] = {}


@dataclass
class Calendars:
    """One person's calendars."""

    email: str
    clock: Callable[[], datetime] = utc_now
