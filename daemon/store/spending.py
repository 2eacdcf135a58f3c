"""What the last round spent of each provider's quota, for `kith status`."""

from __future__ import annotations

from sqlalchemy import Connection

from daemon.store import metas

_PREFIX = "quota-units:"


def put(conn: Connection, account: str, units: int) -> None:
    """The account's last round cost so many units."""
    metas.put(conn, _PREFIX + account, str(units))


def get(conn: Connection, account: str) -> int | None:
    """What the account's last round cost; None where its provider counts nothing, or nothing was read yet."""
    found = metas.get(conn, _PREFIX + account)
    return int(found) if found else None
