"""Where the service's log goes: stderr, which systemd hands to the journal."""

from __future__ import annotations

import logging
import os
import sys
from datetime import UTC, datetime

from daemon.config.settings import Settings

LIBRARIES = (
    "urllib3", "requests", "requests_ntlm", "requests_oauthlib", "oauthlib", "spnego", "msal", "imapclient",
    "exchangelib", "googleapiclient", "google", "sqlalchemy", "alembic", "charset_normalizer", "tzlocal",
)  # fmt: skip
"""Some of these tell addresses, commands and whole answers, urllib3 even in warnings ("unparsed data"). What matters of
it our own errors say."""

_PRIORITY = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}


class _Lines(logging.Formatter):
    """With a time of its own on a terminal; for the journal, with the priority it understands (sd-daemon(3))."""

    def __init__(self, journal: bool) -> None:
        super().__init__()
        self._journal = journal

    def format(self, record: logging.LogRecord) -> str:
        text = " ".join(record.getMessage().splitlines())
        if self._journal:
            return f"<{_PRIORITY.get(record.levelno, 6)}>{text}"
        return f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%d %H:%M:%S}Z {record.levelname.lower()}: {text}"


def set_up(level: str) -> None:
    """Log to stderr from this level on. Tracebacks are never part of it: they may quote letters."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines(journal="JOURNAL_STREAM" in os.environ))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in ("daemon", "connectors"):
        logging.getLogger(name).setLevel(level.upper())
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(logging.CRITICAL)


def warn(settings: Settings) -> None:
    """Tell what in the configuration is worth a look."""
    for sentence in settings.warnings:
        logging.getLogger("daemon").warning("%s", sentence)
