"""Bringing a database to this version: from nothing, or from any earlier one."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, make_url

MIGRATIONS = Path(__file__).parent / "migrations"


class NewerDatabase(Exception):
    """The database was written by a newer Bookbag; this one would not understand it and refuses to start."""


def upgrade(url: str) -> None:
    """Create or upgrade the database at `url`. Raises NewerDatabase, with nothing changed."""
    database = make_url(url)
    if database.get_backend_name() == "sqlite" and database.database not in (None, "", ":memory:"):
        Path(str(database.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(database)
    try:
        with engine.begin() as connection:
            if database.get_backend_name() == "postgresql":
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(271828)")  # two processes that start at once upgrade once
            _refuse_newer(connection)
            command.upgrade(_config(connection), "head")
    finally:
        engine.dispose()


def is_current(connection: Connection) -> bool:
    """Whether this database has exactly this version's tables."""
    return MigrationContext.configure(connection).get_current_revision() == _scripts().get_current_head()


def _refuse_newer(connection: Connection) -> None:
    revision = MigrationContext.configure(connection).get_current_revision()
    if revision is not None and revision not in {script.revision for script in _scripts().walk_revisions()}:
        raise NewerDatabase(revision)


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def draft(message: str) -> None:
    """Write the next migration from the difference between the models and the migrations so far; it is then read and corrected by a person."""
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        command.upgrade(_config(connection), "head")
        command.revision(_config(connection), message, autogenerate=True, rev_id=f"{len(list(_scripts().walk_revisions())) + 1:04}")
