"""Single values by name: the address book's revision, the fingerprint of the key secret."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from daemon.store.dialect import insert
from daemon.store.tables import meta

REVISION = "contacts-revision"

TAKERS = "reminders-to"
"""Names of the accounts that take reminders, with spaces between, the one they go to first."""


WORDING = "wording:"
"""With an account's name after it: the last evidence whose text was read for wording, or passed over, by its number."""


def get(conn: Connection, name: str) -> str | None:
    """The value, or None where there is none."""
    return conn.execute(select(meta.c.value).where(meta.c.name == name)).scalar_one_or_none()


def put(conn: Connection, name: str, value: str) -> None:
    """Keep the value, in place of an older one."""
    statement = insert(conn, meta).values(name=name, value=value)
    conn.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": statement.excluded.value}))


def drop(conn: Connection, name: str) -> None:
    """Keep no value of this name any more."""
    conn.execute(delete(meta).where(meta.c.name == name))


def contacts_revision(conn: Connection) -> int:
    """The address book's revision: whoever matched mail under an older one matches again."""
    return int(get(conn, REVISION) or 0)


def bump_contacts_revision(conn: Connection) -> int:
    """Say that addresses or people were added or changed; the new revision."""
    revision = contacts_revision(conn) + 1
    put(conn, REVISION, str(revision))
    return revision
