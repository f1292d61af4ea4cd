"""The door to the database: reading sessions, and writing sessions of which SQLite has one at a time.

SQLite: one connection writes and checkpoints; those that read never do (docs/decisions/0003-sqlite-wal.md says why that matters before SQLite 3.51.3).
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TextIO

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolEmpty
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool, StaticPool
from sqlalchemy.util import LRUCache

BUSY_MILLISECONDS = 1_500
"""How long a connection waits for a lock before the database counts as away: a webhook must answer 503 within 2 s."""
CHECKPOINT_PAGES = 1_000
"""At how many pages (of 4 kB) the WAL is written back into the database."""
ASK_AGAIN = 30.0
"""Seconds after which a process that may not checkpoint asks again: whoever could may have gone."""


POOLED: Final = {True: 4, False: 8}
"""How many connections are kept, on SQLite and on PostgreSQL; there, they write too."""
OVERFLOW: Final = {True: 12, False: 8}
"""How many more may be opened for a moment."""
GIVEN_UP: Final = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000}
"""When a connection over a network counts as broken: after eleven seconds without a sign of life, ten (in milliseconds) without a receipt. By itself the
system waits for hours, and so would whoever asked something of a server that is gone without a word."""
STATEMENTS = 4_000
"""How many statements are kept as SQL: more than Bookbag has."""


class DatabaseAway(Exception):
    """The database cannot be reached or written now (down, locked, full, read-only). Nothing of the transaction was kept; it may be tried again."""


class Turnstile:
    """Lets one thread through at a time, the urgent ones first."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._is_taken, self._urgent = False, 0

    def enter(self, timeout: float, *, urgent: bool) -> bool:
        """Go through; False if that was not possible within `timeout` seconds."""
        with self._changed:
            self._urgent += urgent
            entered = self._changed.wait_for(lambda: not self._is_taken and (urgent or not self._urgent), timeout)
            self._urgent -= urgent
            self._is_taken |= entered
            return entered

    def leave(self) -> None:
        """The next may go through."""
        with self._changed:
            self._is_taken = False
            self._changed.notify_all()


class Store:
    """One school's database.

    `write()` gives a session whose commit is durable; with `durable=False` it may be lost by a power cut (not by a crash), at no flush of the disk.
    `read()` gives a session that cannot write.
    """

    def __init__(self, url: str) -> None:
        """Open the database at `url`. Raises DatabaseAway where not even its folder can be written."""
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._turnstile = Turnstile()
        self._checkpointer: TextIO | None = None
        self._asked_at = -ASK_AGAIN
        self._writer, self._reader = self._sqlite_engines() if self.is_sqlite else _postgresql_engines(self.url)
        self._unflushed = self._writer.execution_options(durable=False)

    @contextmanager
    def write(self, *, durable: bool = True, urgent: bool = False) -> Iterator[Session]:
        """A session in one transaction: committed at the end, rolled back on any exception. Raises DatabaseAway.

        On SQLite, where one writes at a time, what is `urgent` goes before all that waits: a provider or a parent waits for an answer.
        """
        with self._one_writer(urgent=urgent), away_is_told(), Session(self._writer if durable else self._unflushed, expire_on_commit=False) as session:
            try:
                yield session
                session.commit()
            except BaseException:
                session.rollback()
                raise

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one moment of the database and changes nothing. Raises DatabaseAway."""
        with away_is_told(), Session(self._reader, expire_on_commit=False, autoflush=False) as session:
            yield session

    def forget_log(self) -> bool:
        """Cut the WAL to nothing, so that no page is in it any more as it was before something was deleted; False where someone reads just now.

        True on PostgreSQL, whose log is its server's own matter, and in a process that may not checkpoint.
        """
        if not self.is_sqlite or not self._may_checkpoint():
            return True
        with self._one_writer(urgent=False), away_is_told(), self._writer.connect() as connection:
            raw = connection.connection.cursor()
            try:
                raw.execute("PRAGMA busy_timeout=0")  # nobody waits for this: it is tried again
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                answer = raw.fetchone()
                return answer is not None and answer[0] == 0
            finally:
                raw.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
                raw.close()

    def watch(self, slower_than: float, tell: Callable[[str, float], None]) -> None:
        """Have every statement told, in SQL, that takes longer than so many seconds, with the seconds it took. Its values are not told."""

        @event.listens_for(self._reader, "before_cursor_execute")
        def begin(connection: Connection, *_: Any) -> None:
            connection.info["began"] = time.perf_counter()

        @event.listens_for(self._reader, "after_cursor_execute")
        def end(connection: Connection, _: Any, statement: str, *__: Any) -> None:
            took = time.perf_counter() - connection.info["began"]
            if took > slower_than:
                tell(statement, took)

        if self._writer is not self._reader:
            event.listen(self._writer, "before_cursor_execute", begin)
            event.listen(self._writer, "after_cursor_execute", end)

    @property
    def connections(self) -> tuple[int, int]:
        """How many connections of this process are in use, and how many may be: on SQLite of those that read."""
        pool = self._reader.pool
        assert isinstance(pool, QueuePool)
        return pool.checkedout(), POOLED[self.is_sqlite] + OVERFLOW[self.is_sqlite]

    def close(self) -> None:
        """Let go of all connections; the reading ones first, so that the writing one tidies up the WAL."""
        self._reader.dispose()
        self._writer.dispose()
        event.listen(self._reader, "checkin", _close_at_once)  # a thread that comes late leaves nothing open
        if self._checkpointer is not None:
            self._checkpointer.close()

    @contextmanager
    def _one_writer(self, *, urgent: bool) -> Iterator[None]:
        if not self.is_sqlite:
            yield
            return
        if not self._turnstile.enter(BUSY_MILLISECONDS / 1000, urgent=urgent):
            raise DatabaseAway("another write takes too long")
        try:
            yield
        finally:
            self._turnstile.leave()

    def _sqlite_engines(self) -> tuple[Engine, Engine]:
        writer, reader = _sqlite_engine(self.url, writes=True), _sqlite_engine(self.url, writes=False)
        event.listen(writer, "begin", self._begin_writing)
        event.listen(reader, "begin", _begin_reading)
        self._may_checkpoint()
        return writer, reader

    def _begin_writing(self, connection: Connection) -> None:
        """Set what this transaction needs, then begin it. Set before and never after: an error cannot leave the next transaction without its flush."""
        is_durable = connection.get_execution_options().get("durable", True)
        pragmas = {"synchronous": "FULL" if is_durable else "NORMAL", "wal_autocheckpoint": CHECKPOINT_PAGES if self._may_checkpoint() else 0}
        for name, value in pragmas.items():
            if connection.info.get(name) != value:
                connection.exec_driver_sql(f"PRAGMA {name}={value}")
                connection.info[name] = value
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    def _may_checkpoint(self) -> bool:
        """Whether this process is the one that checkpoints: the first on this database, and the next after that has gone."""
        if self._checkpointer is None and time.monotonic() - self._asked_at >= ASK_AGAIN:
            self._asked_at = time.monotonic()
            self._checkpointer = _lock_beside(self.url)
        return self._checkpointer is not None


class Statements(LRUCache[Any, Any]):
    """Statements as SQL, compiled once for whatever speaks a dialect: SQLAlchemy would do so for the engine that reads and again for the one that writes."""

    def get(self, key: Any, default: Any = None) -> Any:
        """The compiled statement, or `default`."""
        return super().get(_of_its_kind(key), default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(_of_its_kind(key), value)


def _of_its_kind(key: Any) -> Any:
    """A key with its dialect replaced by the dialect's class: ours differ in nothing else, since `create_engine` is given nothing that shapes SQL."""
    dialect, *rest = key
    return (type(dialect), *rest)


_STATEMENTS = Statements(STATEMENTS)


@contextmanager
def away_is_told() -> Iterator[None]:
    """Within it, what a driver says of a database that is away is raised as DatabaseAway."""
    try:
        yield
    except DBAPIError as error:
        if _means_away(error):
            raise DatabaseAway(type(error.orig).__name__) from error
        raise
    except PoolEmpty as error:
        raise DatabaseAway("no connection was free") from error


SQLITE_AWAY: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)
"""SQLite's primary result codes for which the file or its disk is at fault, not the statement."""
POSTGRESQL_AWAY: Final = ("08", "25006", "25P03", "40", "53", "55P03", "57", "58")
"""PostgreSQL's: connection, read-only, stood still in a transaction, rolled back for another's sake, out of resources, no lock, told to stop, its system.
Source: its manual, appendix A."""


def _means_away(error: DBAPIError) -> bool:
    """Whether the database, not the statement, is at fault."""
    if isinstance(error.orig, sqlite3.Error):
        return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in SQLITE_AWAY
    code = getattr(error.orig, "sqlstate", None)
    if code:
        return str(code).startswith(POSTGRESQL_AWAY)
    # A connection that cannot be made, or breaks, has no code.
    return error.connection_invalidated or any(kind.__name__ == "OperationalError" for kind in type(error.orig).__mro__)


def _lock_beside(url: URL) -> TextIO | None:
    """The locked file beside the database, if no other process has it: only one process ever checkpoints. Raises DatabaseAway."""
    if url.database in {None, "", ":memory:"}:
        return None
    return locked(Path(f"{url.database}.lock"))


def locked(path: Path) -> TextIO | None:
    """The file at `path`, made if it is not there and locked for this process; None where another has it. Raises DatabaseAway where it cannot be opened."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.fdopen(_for_its_owner(path, os.O_RDWR | os.O_APPEND), "a", encoding="utf-8")
    except OSError as error:
        raise DatabaseAway(type(error).__name__) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return None
    return lock


def _for_its_owner(path: Path, flags: int) -> int:
    """Open a file; where it is not there, make one that nobody else can read."""
    return os.open(path, flags | os.O_CREAT | os.O_CLOEXEC, 0o600)


def keep_private(path: Path) -> None:
    """See to it that only its owner can read the database at `path`, made if it is not there; SQLite gives what it puts beside it the same mode.

    Raises DatabaseAway where that cannot be: another user's file, a folder that is not there.
    """
    try:
        os.close(_for_its_owner(path, os.O_RDWR))
        for file in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
            if file.exists() and file.stat().st_mode & 0o077:
                file.chmod(0o600)
    except OSError as error:
        raise DatabaseAway(type(error).__name__) from error


def _sqlite_engine(url: URL, *, writes: bool) -> Engine:
    options: dict[str, Any] = {"poolclass": StaticPool}
    if not writes:
        options = {"poolclass": QueuePool, "pool_size": POOLED[True], "max_overflow": OVERFLOW[True], "pool_timeout": BUSY_MILLISECONDS / 1000}
    connects = {"timeout": BUSY_MILLISECONDS / 1000, "check_same_thread": False}
    engine = create_engine(url, connect_args=connects, execution_options={"compiled_cache": _STATEMENTS}, **options)
    # What is deleted is overwritten with noughts: docs/decisions/0020-private-and-anonymous.md.
    first = ["journal_mode=WAL", "secure_delete=ON"] if writes else ["query_only=ON"]

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # transactions are begun by us, not guessed by the driver
        cursor = connection.cursor()
        for pragma in (*first, "synchronous=FULL", "foreign_keys=ON", "wal_autocheckpoint=0", "cache_size=-16000", "temp_store=MEMORY"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    if not writes:
        _lets_go_of_what_is_left_behind(engine)
    return engine


def _lets_go_of_what_is_left_behind(engine: Engine) -> None:
    """Have a connection closed that comes back after its pool was disposed of: the store was closed, or the server restarted."""

    @event.listens_for(engine, "connect")
    def remember(_: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        entry.info["pool"] = engine.pool

    @event.listens_for(engine, "checkin")
    def close(_: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
        if entry.info.get("pool") is not engine.pool:
            entry.invalidate()


def _close_at_once(_: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
    entry.invalidate()


def _begin_reading(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _postgresql_engines(url: URL) -> tuple[Engine, Engine]:
    engine = create_engine(
        url,
        execution_options={"compiled_cache": _STATEMENTS},
        pool_size=POOLED[False],
        max_overflow=OVERFLOW[False],
        pool_timeout=BUSY_MILLISECONDS / 1000,
        pool_pre_ping=True,
        connect_args={"connect_timeout": 2, **GIVEN_UP, "options": f"-c lock_timeout={BUSY_MILLISECONDS} -c timezone=UTC"},
    )

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if not connection.get_execution_options().get("durable", True):
            connection.exec_driver_sql("SET LOCAL synchronous_commit = off")

    _lets_go_of_what_is_left_behind(engine)
    return engine, engine
