"""How Alembic reaches the database: the connection is always handed in by data.migrate."""

from __future__ import annotations

from alembic import context

from data.models import ALL

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=ALL.metadata,
    render_as_batch=True,  # SQLite cannot alter most things in place
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
