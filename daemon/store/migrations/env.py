"""Run by alembic, never imported: hands it the connection `daemon.store.migrate` was given."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from daemon.store.tables import metadata

connection: Connection = context.config.attributes["connection"]

context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=True,  # SQLite changes a column by rebuilding its table
    transactional_ddl=True,  # SQLite's too: the transaction is begun by us, not by its driver
)
with context.begin_transaction():
    context.run_migrations()
