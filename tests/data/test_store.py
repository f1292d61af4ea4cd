"""What the database must do for a promise to hold: flush, wait not too long, tell when it is away, and come back."""

import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from data import store as door
from data.inbox import Mark
from data.store import DatabaseAway, Store
from tests.crash.proxy import Proxy
from tests.postgres import Cluster

INSERT = text("INSERT INTO marks (name, value) VALUES (:name, 'x')")


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    made = Store(database_url)
    yield made
    made.close()


@pytest.fixture
def on_sqlite(sqlite_url: str) -> Iterator[Store]:
    made = Store(sqlite_url)
    yield made
    made.close()


def pragma(store: Store, name: str, *, durable: bool = True) -> object:
    with store.write(durable=durable) as session:
        return session.execute(text(f"PRAGMA {name}")).scalar()


def set_pragma(store: Store, name: str, value: int) -> None:
    with closing(store._writer.raw_connection()) as connection:
        connection.cursor().execute(f"PRAGMA {name}={value}")


def fail(session: Session, name: str) -> None:
    session.execute(INSERT, {"name": name})
    raise KeyError


def names(store: Store) -> set[str]:
    with store.read() as session:
        return set(session.scalars(text("SELECT name FROM marks")))


def test_what_is_committed_is_there_and_what_fails_is_not(store: Store) -> None:
    with store.write() as session:
        session.execute(INSERT, {"name": "kept"})
    with pytest.raises(KeyError), store.write() as session:
        fail(session, "lost")
    assert names(store) == {"kept"}


def test_a_fault_of_the_statement_is_no_fault_of_the_database(store: Store) -> None:
    with pytest.raises(IntegrityError), store.write() as session:
        session.execute(INSERT, [{"name": "twice"}, {"name": "twice"}])
    with pytest.raises(DBAPIError), store.read() as session:
        session.execute(text("SELECT nonsense FROM marks"))


def test_the_facts_of_the_writing_connection(on_sqlite: Store) -> None:
    facts = {name: pragma(on_sqlite, name) for name in ("journal_mode", "synchronous", "foreign_keys", "wal_autocheckpoint", "busy_timeout", "query_only")}
    assert facts == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "wal_autocheckpoint": 1_000, "busy_timeout": 1_500, "query_only": 0}


def test_the_facts_of_the_reading_connections(on_sqlite: Store) -> None:
    with on_sqlite.read() as session:
        facts = {name: session.execute(text(f"PRAGMA {name}")).scalar() for name in ("query_only", "foreign_keys", "wal_autocheckpoint", "busy_timeout")}
    assert facts == {"query_only": 1, "foreign_keys": 1, "wal_autocheckpoint": 0, "busy_timeout": 1_500}


def test_reading_changes_nothing(on_sqlite: Store) -> None:
    with pytest.raises(DatabaseAway), on_sqlite.read() as session:
        session.execute(INSERT, {"name": "sneaked in"})


def test_one_flush_more_or_less_is_set_before_each_transaction(on_sqlite: Store) -> None:
    """An error in a transaction without a flush must not leave the next one without."""
    assert pragma(on_sqlite, "synchronous", durable=False) == 1
    assert pragma(on_sqlite, "synchronous") == 2
    with pytest.raises(KeyError), on_sqlite.write(durable=False) as session:
        fail(session, "lost")
    assert pragma(on_sqlite, "synchronous") == 2
    with pytest.raises(IntegrityError), on_sqlite.write(durable=False) as session:
        session.execute(INSERT, [{"name": "twice"}, {"name": "twice"}])
    assert pragma(on_sqlite, "synchronous") == 2


def test_postgresql_flushes_too_unless_told_otherwise(postgresql_url: str) -> None:
    with closing(Store(postgresql_url)) as store:
        for durable, said in ((False, "off"), (True, "on"), (False, "off")):
            with store.write(durable=durable) as session:
                assert session.execute(text("SHOW synchronous_commit")).scalar() == said


def test_only_one_process_checkpoints(sqlite_url: str) -> None:
    """The lock is a process's, so the other is a process; after it has gone, its work is taken over."""
    program = f"import sys; from data.store import Store; store = Store({sqlite_url!r}); print('open', flush=True); sys.stdin.read(); store.close()"
    other = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert other.stdout
    assert other.stdout.readline() == "open\n"
    with closing(Store(sqlite_url)) as store:
        assert pragma(store, "wal_autocheckpoint") == 0
        other.communicate()
        store._asked_at = -door.ASK_AGAIN
        assert pragma(store, "wal_autocheckpoint") == 1_000


def test_writers_take_turns(store: Store) -> None:
    def add(number: int) -> None:
        with store.write() as session:
            session.add(Mark(name=str(number), value="x"))

    threads = [threading.Thread(target=add, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names(store)) == 20


def test_who_still_reads_while_the_store_closes_leaves_no_connection_open(database_url: str) -> None:
    store = Store(database_url)
    with store.read() as session:
        held = session.connection().connection.dbapi_connection
        assert held is not None
        store.close()
        assert session.execute(text("SELECT 1")).scalar() == 1
    with store.read() as session:
        late = session.connection().connection.dbapi_connection
        assert late is not None
    for connection in (held, late):
        with pytest.raises((psycopg.OperationalError, sqlite3.ProgrammingError)):
            connection.cursor().execute("SELECT 1")


def test_a_lock_held_by_another_ends_within_two_seconds_and_passes(on_sqlite: Store) -> None:
    assert names(on_sqlite) == set()
    pragma(on_sqlite, "journal_mode")
    with closing(sqlite3.connect(str(on_sqlite.url.database), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        with pytest.raises(DatabaseAway), on_sqlite.write() as session:
            session.execute(INSERT, {"name": "later"})
        assert 1.0 < time.monotonic() - began < 2.0
        other.execute("ROLLBACK")
    with on_sqlite.write() as session:
        session.execute(INSERT, {"name": "later"})
    assert names(on_sqlite) == {"later"}


def test_a_full_disk_is_told_and_recovers(on_sqlite: Store) -> None:
    pages = int(str(pragma(on_sqlite, "page_count")))
    set_pragma(on_sqlite, "max_page_count", pages)
    with pytest.raises(DatabaseAway), on_sqlite.write() as session:
        session.execute(text("INSERT INTO marks (name, value) VALUES ('big', :big)"), {"big": "x" * 2_000_000})
    set_pragma(on_sqlite, "max_page_count", 1_000_000)
    with on_sqlite.write() as session:
        session.execute(INSERT, {"name": "small"})
    assert names(on_sqlite) == {"small"}


def test_a_file_that_may_not_be_written_is_told(on_sqlite: Store) -> None:
    set_pragma(on_sqlite, "query_only", 1)  # root may write every file; SQLite says the same of a read-only one: SQLITE_READONLY
    with pytest.raises(DatabaseAway), on_sqlite.write() as session:
        session.execute(INSERT, {"name": "no"})
    set_pragma(on_sqlite, "query_only", 0)
    with on_sqlite.write() as session:
        session.execute(INSERT, {"name": "yes"})


def test_a_folder_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseAway):
        Store(f"sqlite:///{tmp_path}/file/bookbag.db")


def test_a_server_that_stops_is_told_and_needs_no_restart_of_ours(cluster: Cluster) -> None:
    with cluster.database() as url, closing(Store(url)) as store:
        with store.write() as session:
            session.execute(text("CREATE TABLE marks (name TEXT, value TEXT)"))
        cluster.stop()
        for _ in range(2):
            began = time.monotonic()
            with pytest.raises(DatabaseAway), store.write() as session:
                session.execute(INSERT, {"name": "no"})
            assert time.monotonic() - began < 2
        with pytest.raises(DatabaseAway):
            names(store)
        cluster.start()
        with store.write() as session:
            session.execute(INSERT, {"name": "yes"})
        assert names(store) == {"yes"}


def test_a_server_that_is_gone_without_a_word_is_given_up(postgresql_url: str) -> None:
    with Proxy(postgresql_url) as network, closing(Store(network.url)) as store, store.read() as session:
        connection = session.connection().connection.driver_connection
        assert connection is not None
        with socket.socket(fileno=os.dup(connection.fileno())) as line:
            assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            idle, interval, times = (line.getsockopt(socket.IPPROTO_TCP, name) for name in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT))
            assert idle + interval * times <= 11
            assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 10_000


def test_a_server_that_hands_out_a_row_to_another_is_away_for_a_while(postgresql_url: str) -> None:
    with closing(Store(postgresql_url)) as store, closing(Store(postgresql_url)) as other:
        with store.write() as session:
            session.add(Mark(name="mine", value="x"))
        with other.write() as holder:
            holder.get_one(Mark, "mine", with_for_update=True)
            began = time.monotonic()
            with pytest.raises(DatabaseAway), store.write() as session:
                session.get_one(Mark, "mine", with_for_update=True)
            assert time.monotonic() - began < 2


def test_a_read_only_server_is_away(postgresql_url: str) -> None:
    with closing(Store(postgresql_url)) as store:
        with store.write() as session:
            session.execute(text("ALTER ROLE CURRENT_USER IN DATABASE " + str(store.url.database) + " SET default_transaction_read_only = on"))
        store.close()
        with pytest.raises(DatabaseAway), store.write() as session:
            session.execute(INSERT, {"name": "no"})
