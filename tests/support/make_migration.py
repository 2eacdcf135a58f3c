"""Writes the newest migration anew from the difference to `daemon.store.tables`, while it is not released:

    python -m tests.support.make_migration && ruff format daemon/store/migrations

Once a version is out its migrations are never rewritten: then `UNRELEASED` gets the next number.
"""

from __future__ import annotations

from typing import Any, Literal

from alembic import command
from alembic.autogenerate.api import AutogenContext, RevisionContext
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from daemon.store import migrate
from daemon.store.tables import PlainText, UtcDateTime, metadata

RELEASED, UNRELEASED, MESSAGE = "0002", "0003", "answers"


def render_item(kind: str, item: Any, _: AutogenContext) -> str | Literal[False]:
    """Our own types as what they are in the database: a migration must not change with the code."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime()"
    if kind == "type" and isinstance(item, PlainText):
        return "sa.Text()"
    return False


def main() -> None:
    for old in (migrate.MIGRATIONS / "versions").glob(f"{UNRELEASED}_*.py"):
        old.unlink()
    engine = create_engine("sqlite://")
    with engine.connect() as conn:
        config = migrate.config(conn)
        command.upgrade(config, RELEASED)
        script = ScriptDirectory.from_config(config)

        def write(rev: Any, context: Any) -> list[Any]:
            args: dict[str, Any] = {
                "message": MESSAGE,
                "autogenerate": True,
                "sql": False,
                "head": "head",
                "splice": False,
                "branch_label": None,
                "version_path": None,
                "rev_id": UNRELEASED,
                "depends_on": None,
            }
            made = RevisionContext(config, script, args)
            made.run_autogenerate(rev, context)
            list(made.generate_scripts())
            return []

        with EnvironmentContext(config, script) as env:
            env.configure(
                connection=conn, target_metadata=metadata, render_item=render_item, render_as_batch=True, fn=write
            )
            env.run_migrations()
    engine.dispose()


if __name__ == "__main__":
    main()
