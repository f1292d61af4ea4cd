"""A copy of a school's database, made while it is served, and proved to be whole before it gets its name.

SQLite: SQLite's own backup, in one reading of the database, so that nobody who writes waits for it. PostgreSQL: what pg_dump writes in its custom format.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import create_engine, make_url
from sqlalchemy.engine import URL

from data.store import BUSY_MILLISECONDS, DatabaseAway, away_is_told

SQLITE_BEGINS, POSTGRESQL_BEGINS = b"SQLite format 3\0", b"PGDMP"
COPY_OF = "copy of"
"""A mark: in a copy, from when on what happened is not in it."""


class BackupFailed(Exception):
    """There is no copy, or none that can be used: the first argument says why, in the technician's words. Nothing was left half done."""


def back_up(url: str, path: Path) -> None:
    """Copy the database at `url` into a new file, readable by its owner alone, that appears whole or not at all. Raises BackupFailed or DatabaseAway."""
    if path.exists():
        raise BackupFailed(f"{path} is there already, and a backup replaces nothing: choose another name")
    database = make_url(url)
    with _beside(path) as half:
        if database.get_backend_name() == "sqlite":
            _copy_sqlite(database, half)
            check_sqlite(half)
        else:
            _dump(database, half)
            contents(half)
        _flush(half)
        os.link(half, path)  # and not renamed: that would replace what another put there meanwhile
        flush_folder(path.parent)


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A new file beside `path` for this user alone; gone afterwards."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise BackupFailed(f"{path.parent} cannot be written to: {error.strerror}") from error
    os.close(handle)
    try:
        yield Path(name)
    except OSError as error:
        raise BackupFailed(f"{path} cannot be written: {error.strerror}") from error
    finally:
        Path(name).unlink(missing_ok=True)


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def flush_folder(folder: Path) -> None:
    """Wait until the disk has the names in a folder."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# SQLite


def _copy_sqlite(database: URL, to: Path) -> None:
    if database.database in (None, "", ":memory:") or not Path(str(database.database)).exists():
        raise BackupFailed(f"there is no database at {database.database}")
    try:
        # Read-only: a connection that may write would, closed as the last one, write the WAL back (docs/decisions/0003-sqlite-wal.md).
        source = sqlite3.connect(f"{Path(str(database.database)).absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_MILLISECONDS / 1000)
        with closing(source), closing(sqlite3.connect(to)) as target:
            source.backup(target)  # all pages in one step: one moment of the database
            target.execute("PRAGMA journal_mode=DELETE")  # one file, that anyone may read without writing beside it
    except sqlite3.Error as error:
        raise BackupFailed(f"SQLite could not copy it: {error}") from error


def check_sqlite(path: Path) -> None:
    """Read a copy through. Raises BackupFailed where it is not whole."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as copy:
            found = [row[0] for row in copy.execute("PRAGMA integrity_check")]
            strays = copy.execute("PRAGMA foreign_key_check").fetchone()
    except sqlite3.Error as error:
        raise BackupFailed(f"{path} cannot be read through: {error}") from error
    if found != ["ok"]:
        raise BackupFailed(f"{path} is damaged: {'; '.join(found[:3])}")
    if strays is not None:
        raise BackupFailed(f"{path} is damaged: a row of {strays[0]} points to nothing in {strays[2]}")


# PostgreSQL


def _dump(database: URL, to: Path) -> None:
    run_postgresql("pg_dump", [f"--schema={schema_of(database)}", "--format=custom", "--no-owner", "--no-privileges", f"--file={to}"], database)


def schema_of(database: URL) -> str:
    """The schema that holds the school: others in the same database are none of ours. Raises DatabaseAway."""
    engine = create_engine(database)
    try:
        with away_is_told(), engine.connect() as connection:
            return str(connection.exec_driver_sql("SELECT current_schema()").scalar_one())
    finally:
        engine.dispose()


def contents(path: Path) -> str:
    """What a dump says it holds. Raises BackupFailed where it cannot be read."""
    return run_postgresql("pg_restore", ["--list", str(path)])


def run_postgresql(program: str, arguments: Sequence[str], database: URL | None = None) -> str:
    """Run one of PostgreSQL's own programs; what it says. Its password is never an argument, which others on this computer could read.

    Raises BackupFailed, in plain words where the program is missing or older than the server; DatabaseAway where it cannot connect.
    """
    found = _program(program)
    environment = os.environ | (_as_libpq(database) if database else {})
    try:
        done = subprocess.run([found, *arguments], env=environment, capture_output=True, text=True, check=False)  # noqa: S603  # a program of PostgreSQL's
    except OSError as error:
        raise BackupFailed(f"{program} cannot be run: {error.strerror}") from error
    if done.returncode == 0:
        return done.stdout
    said = done.stderr.strip()
    if "server version mismatch" in said:
        versions = ", ".join(re.findall(r"(?:server|pg_dump) version: [\d.]+", said))
        raise BackupFailed(f"{program} is older than the server ({versions}): install the server's version of PostgreSQL's client programs")
    if "unsupported version" in said:
        raise BackupFailed(f"{program} is older than the one that wrote this file: install that version of PostgreSQL's client programs")
    if "connection to server" in said:
        raise DatabaseAway(program)
    raise BackupFailed(f"{program} failed: {said.splitlines()[0] if said else done.returncode}")


def _program(name: str) -> str:
    """Where a program is: on the path, else the newest of Debian's. Raises BackupFailed."""
    on_path = shutil.which(name)
    if on_path is not None:
        return on_path
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(re.sub(r"\D", "", path.parts[4]) or 0))
    if not found:
        raise BackupFailed(f"{name} is not installed. On Debian and Ubuntu: apt install postgresql-client")
    return str(found[-1])


def _as_libpq(database: URL) -> Mapping[str, str]:
    """A database's address as PostgreSQL's programs take it from the environment."""
    given = {
        "PGHOST": database.host,
        "PGPORT": str(database.port) if database.port else None,
        "PGUSER": database.username,
        "PGPASSWORD": str(database.password) if database.password else None,
        "PGDATABASE": database.database,
    }
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "options": "PGOPTIONS", "service": "PGSERVICE", "passfile": "PGPASSFILE"}
    for name, value in database.normalized_query.items():
        given[names.get(name, f"PG{name.upper()}")] = ",".join(value)
    return {name: value for name, value in given.items() if value}
