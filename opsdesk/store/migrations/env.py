"""What Alembic runs: one transaction around all migrations, on the connection that it was given.

Without `transactional_ddl` a migration that fails on SQLite at its third step leaves the first two behind and can
never be run again; with it, and BEGIN IMMEDIATE from the store's own engine, the store is old or new.
"""

from __future__ import annotations

from alembic import context
from sqlmodel import SQLModel

from opsdesk.store import tables as _tables  # noqa: F401  the import fills the metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    transactional_ddl=True,
    transaction_per_migration=False,
    render_as_batch=False,
)
with context.begin_transaction():
    context.run_migrations()
