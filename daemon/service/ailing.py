"""Writing down that a part of an account does not work: a refused password is the trouble of all of them."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection as Db

from daemon.core.errors import KithError, SignInRefused
from daemon.core.ports import Connection
from daemon.service.deps import Deps
from daemon.store import health

PARTS = ("contacts", "mail", "calendar", "drafts", "reminders")


def note(conn: Db, deps: Deps, account: str, part: str, error: KithError) -> None:
    """This part of the account failed. Where it was refused the sign-in, each other part would be one attempt more."""
    everywhere = isinstance(error, SignInRefused)
    for each in {part, *(_parts(deps.connections, account) if everywhere else ())}:
        health.note(conn, account, each, deps.now(), error)


def _parts(connections: Mapping[str, Connection], account: str) -> list[str]:
    connection = connections.get(account)
    return [part for part in PARTS if connection is not None and getattr(connection, part) is not None]
