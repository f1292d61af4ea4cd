"""Putting a backup in the place of a database: looked through first, made ready beside it, and the old one kept aside.

`finish` is called with the address of the database that was put back, before anyone else can use it: whoever restores says there what that means. On SQLite
that is a file beside the old one, which takes its place afterwards. On PostgreSQL the tables are there at once, and until `is_whole` was called in the same
transaction as what `finish` writes, no Bookbag starts on them (`refuse_half_restored`).
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, create_engine, inspect, make_url
from sqlalchemy.engine import URL
from sqlalchemy.orm import Session

from data.backup import POSTGRESQL_BEGINS, SQLITE_BEGINS, BackupFailed, check_sqlite, contents, flush_folder, run_postgresql, schema_of
from data.store import DatabaseAway, away_is_told, locked

T = TypeVar("T")
HALF = "half_restored"
"""A table that stands in a PostgreSQL schema while it is being restored, and goes on standing there where that was broken off."""
BESIDE = ("", "-wal", "-shm", "-journal")
"""What SQLite may keep beside a database, by how its name ends."""


class InUse(Exception):
    """A server, or another Bookbag, has this database open: stop it first."""


class HalfRestored(Exception):
    """A restore of this database was broken off, or is under way: nothing may be done with it until `bookbag db restore` has been through."""


def has_database(url: str) -> bool:
    """Whether there is a database at `url` that a restore would put aside. Raises DatabaseAway."""
    database = make_url(url)
    if database.get_backend_name() == "sqlite":
        return Path(str(database.database)).exists()
    engine = create_engine(database)
    try:
        with away_is_told(), engine.connect() as connection:
            return bool(inspect(connection).get_table_names())
    finally:
        engine.dispose()


def put_back(url: str, file: Path, at: datetime, known: Callable[[str], bool], finish: Callable[[str], T]) -> tuple[T, str | None]:
    """Put the backup in `file` in the place of the database at `url`; what `finish` gave, and where the old one is now: it is named after the moment `at`.

    `known(revision)` says whether this version can read a database of that revision. Raises InUse, BackupFailed or DatabaseAway, with the old one in its place.
    """
    database = make_url(url)
    with _first_bytes(file) as begins:
        is_sqlite = begins.startswith(SQLITE_BEGINS)
        if not is_sqlite and not begins.startswith(POSTGRESQL_BEGINS):
            raise BackupFailed(f"{file} is no backup: neither a SQLite file nor what pg_dump writes in its custom format")
    if is_sqlite != (database.get_backend_name() == "sqlite"):
        raise BackupFailed(f"{file} is a backup of a {'SQLite' if is_sqlite else 'PostgreSQL'} database, and database_url names another kind")
    if is_sqlite:
        return _put_back_sqlite(database, file, at, known, finish)
    return _put_back_postgresql(database, file, at, known, finish)


@contextmanager
def _first_bytes(file: Path) -> Iterator[bytes]:
    try:
        with file.open("rb") as opened:
            yield opened.read(16)
    except OSError as error:
        raise BackupFailed(f"{file} cannot be read: {error.strerror}") from error


def _check_revision(file: Path, revision: str | None, known: Callable[[str], bool]) -> None:
    if revision is None:
        raise BackupFailed(f"{file} is no backup of Bookbag's")
    if not known(revision):
        raise BackupFailed(f"{file} was written by a newer Bookbag ({revision}): restore it with that version")


# SQLite


def _put_back_sqlite(database: URL, file: Path, at: datetime, known: Callable[[str], bool], finish: Callable[[str], T]) -> tuple[T, str | None]:
    path = Path(str(database.database)).absolute()
    half = path.with_name(f"{path.name}.restoring")
    with _alone(path):
        try:
            _forget(half)
            _copy(file, half)
            check_sqlite(half)
            _check_revision(file, _sqlite_revision(half), known)
            finished = finish(f"sqlite:///{half}")
            with closing(sqlite3.connect(half)) as made:
                made.execute("PRAGMA journal_mode=DELETE")  # the file alone is the database now
            aside = _put_aside(path, at)
            half.replace(path)
            flush_folder(path.parent)
        except OSError as error:
            raise BackupFailed(f"{path} cannot be put back: {error.strerror}") from error
        except sqlite3.Error as error:
            raise BackupFailed(f"{file} cannot be put back: {error}") from error
        finally:
            _forget(half)
    return finished, str(aside) if aside else None


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Nobody else has this database open, and no server starts on it meanwhile. Raises InUse."""
    with ExitStack() as stack:
        for ending in (".serving", ".lock"):
            lock = locked(Path(f"{path}{ending}"))
            if lock is None:
                raise InUse
            stack.enter_context(lock)
        yield


def _copy(file: Path, half: Path) -> None:
    half.touch(mode=0o600, exist_ok=False)
    # A file that was copied by hand may have a log beside it, which holds what was written last. Without one nothing is written beside the backup.
    how = "mode=ro" if Path(f"{file}-wal").exists() else "immutable=1"
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?{how}", uri=True)) as source, closing(sqlite3.connect(half)) as target:
        source.backup(target)


def _sqlite_revision(path: Path) -> str | None:
    with closing(sqlite3.connect(path)) as copy:
        if copy.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone() is None:
            return None
        row = copy.execute("SELECT version_num FROM alembic_version").fetchone()
        return str(row[0]) if row else None


def _put_aside(path: Path, at: datetime) -> Path | None:
    """Rename the old database with what SQLite keeps beside it: it can still be opened, and no old log is taken for the new one's."""
    if not any(Path(f"{path}{ending}").exists() for ending in BESIDE):
        return None
    aside = _free(path, at)
    for ending in BESIDE:
        if Path(f"{path}{ending}").exists():
            Path(f"{path}{ending}").rename(f"{aside}{ending}")
    return aside


def _free(path: Path, at: datetime) -> Path:
    aside, number = path.with_name(f"{path.name}.before-{_stamp(at)}"), 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.before-{_stamp(at)}-{number}")
    return aside


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _forget(half: Path) -> None:
    for ending in (*BESIDE, ".lock"):
        Path(f"{half}{ending}").unlink(missing_ok=True)


# PostgreSQL


def _put_back_postgresql(database: URL, file: Path, at: datetime, known: Callable[[str], bool], finish: Callable[[str], T]) -> tuple[T, str | None]:
    schema = schema_of(database)
    if f" {schema} alembic_version" not in contents(file):
        raise BackupFailed(f"{file} is no backup of Bookbag's, or of another schema than {schema}")
    _check_revision(file, _dumped_revision(file), known)
    engine = create_engine(database)
    try:
        with away_is_told(), engine.begin() as connection:
            _refuse_others(connection)
            aside = _move_aside(connection, schema, at)
        try:
            run_postgresql(
                "pg_restore",
                ["--single-transaction", "--no-owner", "--no-privileges", "--exit-on-error", f"--schema={schema}", "--dbname=", str(file)],
                database,
            )
        except (BackupFailed, DatabaseAway):
            with away_is_told(), engine.begin() as connection:
                _move_back(connection, schema, aside)
            raise
        finished = finish(database.render_as_string(hide_password=False))
    finally:
        engine.dispose()
    return finished, f"schema {aside}" if aside else None


def _dumped_revision(file: Path) -> str | None:
    said = run_postgresql("pg_restore", ["--data-only", "--table=alembic_version", "--file=-", str(file)])
    found = re.search(r"^COPY [^\n]*alembic_version[^\n]*FROM stdin;\n([^\n\\]+)$", said, re.MULTILINE)
    return found[1].strip() if found else None


def _refuse_others(connection: Connection) -> None:
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    if connection.exec_driver_sql(others).scalar_one():
        raise InUse


def _move_aside(connection: Connection, schema: str, at: datetime) -> str | None:
    """Move what is in the school's schema into one of its own; its name. From now on nobody starts here but whoever restores."""
    connection.exec_driver_sql(f'DROP TABLE IF EXISTS "{HALF}"')
    aside = _free_schema(connection, at) if _things(connection, schema) else None
    if aside is not None:
        connection.exec_driver_sql(f'CREATE SCHEMA "{aside}"')
        _move(connection, schema, aside)
    connection.exec_driver_sql(f'CREATE TABLE "{HALF}" (since timestamptz DEFAULT now())')
    return aside


def _free_schema(connection: Connection, at: datetime) -> str:
    taken, name, number = set(inspect(connection).get_schema_names()), f"before_{_stamp(at).lower()}", 1
    while name in taken:
        number += 1
        name = f"before_{_stamp(at).lower()}_{number}"
    return name


def _move_back(connection: Connection, schema: str, aside: str | None) -> None:
    connection.exec_driver_sql(f'DROP TABLE IF EXISTS "{HALF}"')
    if aside is not None:
        _move(connection, aside, schema)
        connection.exec_driver_sql(f'DROP SCHEMA "{aside}"')


def _move(connection: Connection, source: str, target: str) -> None:
    for what in _things(connection, source):
        connection.exec_driver_sql(f'ALTER {what} SET SCHEMA "{target}"')


def _things(connection: Connection, schema: str) -> list[str]:
    """Every table and function in a schema, as ALTER names it; a table's indexes, sequences and triggers go with it."""
    tables = "SELECT format('TABLE %%I.%%I', schemaname, tablename) FROM pg_tables WHERE schemaname = %(schema)s"
    functions = "SELECT format('FUNCTION %%s', p.oid::regprocedure) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = %(schema)s"
    # Functions of an extension belong to it.
    functions += " AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')"
    found = [connection.exec_driver_sql(statement, {"schema": schema}).scalars().all() for statement in (tables, functions)]
    return [str(name) for names in found for name in names]


def is_whole(session: Session) -> None:
    """The restore is complete with this transaction."""
    session.connection().exec_driver_sql(f'DROP TABLE IF EXISTS "{HALF}"')


def refuse_half_restored(connection: Connection) -> None:
    """Raises HalfRestored where a restore was broken off. SQLite's file takes its place whole or not at all."""
    if connection.dialect.name == "postgresql" and inspect(connection).has_table(HALF):
        raise HalfRestored
