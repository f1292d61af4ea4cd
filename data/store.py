"""The door to the database: reading sessions, and writing sessions of which SQLite has one at a time.

SQLite: one connection writes and checkpoints; those that read never do (docs/decisions/0003-sqlite-wal.md says why that matters before SQLite 3.51.3).
"""

from __future__ import annotations

import fcntl
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool, StaticPool

BUSY_MILLISECONDS = 1_500
"""How long a connection waits for a lock before the database counts as away: a webhook must answer 503 within 2 s."""


class DatabaseAway(Exception):
    """The database cannot be reached or written now (down, locked, full, read-only). Nothing of the transaction was kept; it may be tried again."""


class Store:
    """One school's database.

    `write()` gives a session whose commit is durable; with `durable=False` it may be lost by a power cut (not by a crash), at no flush of the disk.
    `read()` gives a session that cannot write.
    """

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._turnstile = threading.Lock()
        self._checkpointer: TextIO | None = None
        if self.is_sqlite:
            self._checkpointer = _become_checkpointer(self.url)
            self._writer = _sqlite_engine(self.url, writes=True, checkpoints=self._checkpointer is not None)
            self._reader = _sqlite_engine(self.url, writes=False, checkpoints=False)
        else:
            self._writer = self._reader = _postgresql_engine(self.url)

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Session]:
        """A session in one transaction: committed at the end, rolled back on any exception. Raises DatabaseAway."""
        with self._one_writer(), _away_is_told(), Session(self._writer, expire_on_commit=False) as session:
            if not durable:
                self._skip_flush(session)
            session.begin()
            if self.is_sqlite is False and not durable:
                session.connection().exec_driver_sql("SET LOCAL synchronous_commit = off")
            try:
                yield session
                session.commit()
            finally:
                session.rollback()
                if self.is_sqlite and not durable:
                    self._flush_again()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one moment of the database and changes nothing. Raises DatabaseAway."""
        with _away_is_told(), Session(self._reader, expire_on_commit=False, autoflush=False) as session:
            yield session

    @contextmanager
    def _one_writer(self) -> Iterator[None]:
        if not self.is_sqlite:
            yield
            return
        if not self._turnstile.acquire(timeout=BUSY_MILLISECONDS / 1000):
            raise DatabaseAway("another write takes too long")
        try:
            yield
        finally:
            self._turnstile.release()

    def _skip_flush(self, session: Session) -> None:
        if self.is_sqlite:
            self._pragma("synchronous=NORMAL")

    def _flush_again(self) -> None:
        self._pragma("synchronous=FULL")

    def _pragma(self, setting: str) -> None:
        # Outside a transaction, on the one writing connection: SQLite refuses to change it inside one.
        connection = self._writer.raw_connection()
        try:
            connection.cursor().execute(f"PRAGMA {setting}")
        finally:
            connection.close()

    def close(self) -> None:
        """Let go of all connections; the reading ones first, so that the writing one tidies up the WAL."""
        self._reader.dispose()
        self._writer.dispose()
        if self._checkpointer is not None:
            self._checkpointer.close()


@contextmanager
def _away_is_told() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        if _means_away(error):
            raise DatabaseAway(type(error.orig).__name__) from error
        raise


def _means_away(error: DBAPIError) -> bool:
    """Whether the database, not the statement, is at fault."""
    if error.connection_invalidated:
        return True
    if isinstance(error.orig, sqlite3.OperationalError):
        return any(sign in str(error.orig) for sign in ("locked", "busy", "full", "readonly", "disk I/O", "unable to open"))
    # psycopg: OperationalError covers refused connections, restarts and full disks; a statement's own faults are other classes.
    return type(error.orig).__name__ in {"OperationalError", "AdminShutdown", "CannotConnectNow", "ConnectionTimeout", "DiskFull", "CrashShutdown"}


def _become_checkpointer(url: URL) -> TextIO | None:
    """The lock file, if this process is the first on this database: only one process ever checkpoints."""
    if url.database in (None, "", ":memory:"):
        return None
    path = Path(f"{url.database}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock


def _sqlite_engine(url: URL, *, writes: bool, checkpoints: bool) -> Engine:
    options: dict[str, Any] = {"poolclass": StaticPool} if writes else {"poolclass": QueuePool, "pool_size": 4, "max_overflow": 12}
    engine = create_engine(url, connect_args={"timeout": BUSY_MILLISECONDS / 1000, "check_same_thread": False}, **options)

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # transactions are begun below, not guessed by the driver
        cursor = connection.cursor()
        if writes:
            cursor.execute("PRAGMA journal_mode=WAL")
        for pragma in ("synchronous=FULL", "foreign_keys=ON", f"wal_autocheckpoint={1000 if checkpoints else 0}", "cache_size=-16000", "temp_store=MEMORY"):
            cursor.execute(f"PRAGMA {pragma}")
        if not writes:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql_engine(url: URL) -> Engine:
    return create_engine(
        url,
        pool_size=8,
        max_overflow=8,
        pool_timeout=BUSY_MILLISECONDS / 1000,
        pool_pre_ping=True,
        connect_args={"connect_timeout": 2, "options": f"-c lock_timeout={BUSY_MILLISECONDS} -c timezone=UTC"},
    )
