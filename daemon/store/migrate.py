"""Building and changing the schema. Imported only where that is needed: alembic is slow to load.

There is no alembic.ini: the scripts are found beside this module, in a checkout as in a wheel.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection

from daemon.core.errors import UserMistake

MIGRATIONS = Path(__file__).parent / "migrations"


def config(conn: Connection | None = None) -> Config:
    """Alembic's configuration, working on ``conn`` inside the transaction it is in."""
    made = Config()
    made.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    made.attributes["connection"] = conn
    return made


def head() -> str | None:
    """The newest revision there is a script for."""
    return ScriptDirectory.from_config(config()).get_current_head()


def upgrade(conn: Connection) -> None:
    """Run what is missing up to the newest revision, all of it in the transaction ``conn`` is in.

    Raises:
        UserMistake: the store was made by a newer version.
    """
    try:
        command.upgrade(config(conn), "head")
    except CommandError as e:
        if "locate revision" in str(e):
            raise UserMistake("The store was made by a newer version of kithd: install that one.") from None
        raise
