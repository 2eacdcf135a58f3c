"""Settings of a memory account."""

from __future__ import annotations

from daemon.core.ports import Option

OPTIONS = (
    Option("server", required=True, help="Name of the MemoryServer in this process"),
    Option("page_size", "int", 100, help="Items a page"),
    Option("reminders_calendar", default="kith", help="Calendar that takes reminders"),
)
