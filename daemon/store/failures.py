"""The databases' own errors, as sentences with what to do about them. No URL, statement or value is repeated."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from daemon.core.errors import KithError, NeedsUser, StoreBusy

_LOST_NOTHING = "Nothing was lost"

_BY_WORDS: tuple[tuple[str, str], ...] = (
    ("readonly", "readonly"),
    ("is full", "full"),
    ("no space left", "full"),
    ("disk i/o error", "failing"),
    ("unable to open", "unopened"),
    ("not a database", "damaged"),
    ("malformed", "damaged"),
    ("is locked", "busy"),
    # PostgreSQL gives no SQLSTATE where the connection itself fails
    ("authentication failed", "login"),
    ("no password supplied", "login"),
    ("no pg_hba.conf entry", "login"),
    ("does not exist", "missing"),
)

_BY_STATE = {
    "25006": "readonly",
    "53100": "full",
    "58030": "failing",
    "XX001": "damaged",
    "XX002": "damaged",
    "28000": "login",
    "28P01": "login",
    "42501": "rights",
    "3D000": "missing",
    "55P03": "busy",
    "57014": "busy",
    "40001": "busy",
    "40P01": "busy",
    "25P03": "busy",  # we were idle in a transaction: stopped, or the machine slept
}


@contextmanager
def named(url: URL) -> Iterator[None]:
    """Turn what a database raises inside the block into errors of ours.

    What is a bug of ours (a wrong statement, a broken constraint) passes unchanged.

    Raises:
        StoreBusy: locked, full, read-only or unreachable; nothing of the transaction was kept.
        NeedsUser: wrong password, no such database, no rights, a damaged file.
    """
    try:
        yield
    except PoolTimeout:
        raise StoreBusy(f"All connections to the database are in use. {_LOST_NOTHING}; try again.") from None
    except DBAPIError as e:
        found = translate(e.orig, url)
        if found is None:
            raise
        raise found from None
    except sqlite3.Error as e:  # a connection being prepared raises it bare
        found = translate(e, url)
        if found is None:
            raise
        raise found from None


def translate(error: BaseException | None, url: URL) -> KithError | None:
    """Our error for a driver's, or None where it is a bug rather than a circumstance."""
    if error is None or not _is_circumstance(error):
        return None
    lines = str(error).strip().splitlines()
    what = without_password(lines[0], url) if lines else type(error).__name__
    match _kind(error, str(error).lower()):
        case None:
            return None
        case "readonly":
            return StoreBusy(
                f"The database cannot be written ({what}). {_LOST_NOTHING}; give kith the right to write it."
            )
        case "full":
            return StoreBusy(f"The disk is full ({what}). {_LOST_NOTHING}; make room and try again.")
        case "failing":
            return StoreBusy(f"The disk is full or failing ({what}). {_LOST_NOTHING}; make room, or look at the disk.")
        case "unopened":
            return NeedsUser("The database cannot be opened.", f"Check the folder and its rights ({what}).")
        case "damaged":
            return NeedsUser("The database is damaged.", f"Put back a backup of it ({what}).")
        case "login":
            return NeedsUser("The database refused the login.", "Check user and password in the store's URL.")
        case "rights":
            return NeedsUser("The database denied a right.", f"Make its user the owner ({what}).")
        case "missing":
            return NeedsUser("The database does not exist.", f"Make it, or correct the store's URL ({what}).")
        case "busy":
            return StoreBusy(f"The database is busy ({what}). {_LOST_NOTHING}; try again.")
    return StoreBusy(f"The database cannot be reached ({what}). {_LOST_NOTHING}; try again.")


def _is_circumstance(error: BaseException) -> bool:
    """SQLite calls a misspelt statement "operational" too, PostgreSQL a read-only transaction "internal"."""
    if isinstance(error, sqlite3.OperationalError):
        return "no such" not in str(error) and "syntax" not in str(error) and "too many" not in str(error)
    if isinstance(error, sqlite3.Error):
        return type(error) is sqlite3.DatabaseError
    return type(error).__name__ not in {"IntegrityError", "DataError"}


def _kind(error: BaseException, text: str) -> str | None:
    state = getattr(error, "sqlstate", None)
    if state:
        unreachable = state[:2] in {"08", "53", "57", "58"}  # connection, resources, operator, system
        return _BY_STATE.get(state, "unreachable" if unreachable else None)
    for words, kind in _BY_WORDS:
        if words in text:
            return kind
    return "unreachable" if type(error).__name__ == "OperationalError" else None


def without_password(text: str, url: URL) -> str:
    """The text without the store's password, should a driver have repeated it."""
    password = url.password
    return text.replace(str(password), "***") if password else text
