"""Bringing a database to this version: from nothing, or from any earlier one."""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from data.models import ALL
from data.restore import refuse_half_restored
from data.store import DatabaseAway, away_is_told, keep_private

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK_SECONDS = 60
"""How long an upgrade waits for another process to let go of a SQLite file."""
TABLE_LOCK_SECONDS = 5
"""How long an upgrade waits for a table of PostgreSQL's that others use: all who come after it wait behind it."""
TRIES, PAUSE = 5, 1.0
"""How often an upgrade is tried where others at work stand in its way, and the seconds between: they get on meanwhile."""
IN_ITS_WAY = ("DeadlockDetected", "LockNotAvailable")


class NewerDatabase(Exception):
    """The database was written by a newer Bookbag; this one would not understand it and refuses to start."""


def upgrade(url: str, revision: str = "head", *, is_restoring: bool = False) -> None:
    """Create or upgrade the database at `url`, whole or not at all. Raises NewerDatabase, HalfRestored or DatabaseAway, with nothing changed."""
    database = make_url(url)
    if database.get_backend_name() == "sqlite" and database.database not in (None, "", ":memory:"):
        _make_folder(Path(str(database.database)).parent)
        keep_private(Path(str(database.database)))
    engine = _engine(database)
    try:
        for tries_left in reversed(range(TRIES)):
            try:
                _upgrade(engine, revision, is_restoring=is_restoring)
                break
            except DatabaseAway as away:
                if str(away) not in IN_ITS_WAY or not tries_left:
                    raise
                time.sleep(PAUSE)
    finally:
        engine.dispose()
    ALL.registry.configure()  # whatever is opened now knows every table, also those that the tables it asks for only name


def _upgrade(engine: Engine, revision: str, *, is_restoring: bool) -> None:
    with away_is_told(), engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(271828)")  # two processes that start at once upgrade once
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{TABLE_LOCK_SECONDS}s'")
        if not is_restoring:
            refuse_half_restored(connection)
        _refuse_newer(connection)
        if revision != "head" or not is_current(connection):
            command.upgrade(_config(connection), revision)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseAway(type(error).__name__) from error


def _engine(url: URL) -> Engine:
    """An engine whose transactions are whole: SQLite's driver would commit each change of a table by itself, and lock nothing before the first."""
    if url.get_backend_name() != "sqlite":
        return create_engine(url)
    engine = create_engine(url, connect_args={"timeout": LOCK_SECONDS})

    @event.listens_for(engine, "connect")
    def leave_transactions_to_us(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def is_current(connection: Connection) -> bool:
    """Whether this database has exactly this version's tables."""
    return MigrationContext.configure(connection).get_current_revision() == _scripts().get_current_head()


def _refuse_newer(connection: Connection) -> None:
    revision = newer(connection)
    if revision is not None:
        raise NewerDatabase(revision)


def newer(connection: Connection) -> str | None:
    """The revision of a database that was brought to a version after this one; None where it was not."""
    revision = MigrationContext.configure(connection).get_current_revision()
    return revision if revision is not None and not is_known(revision) else None


def is_known(revision: str) -> bool:
    """Whether this version can bring a database of this revision to its own."""
    return revision in {script.revision for script in _scripts().walk_revisions()}


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def _scripts() -> ScriptDirectory:
    return _scripts_in(MIGRATIONS)


@cache
def _scripts_in(folder: Path) -> ScriptDirectory:
    """The migrations of a folder, read once: each is a file that is run to be known."""
    return ScriptDirectory(str(folder))


def draft(message: str) -> None:
    """Write the next migration from the difference between the models and the migrations so far; it is then read and corrected by a person."""
    engine = _engine(make_url("sqlite://"))
    with engine.begin() as connection:
        command.upgrade(_config(connection), "head")
        command.revision(_config(connection), message, autogenerate=True, rev_id=f"{len(list(_scripts().walk_revisions())) + 1:04}")
