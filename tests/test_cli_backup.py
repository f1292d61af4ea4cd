"""`bookbag db backup`: whole, private, and it says what went wrong."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from typer.testing import CliRunner, Result

from bot import cli
from data import backup
from data.inbox import Mark
from data.store import Store
from school import upkeep

pytestmark = pytest.mark.usefixtures("elsewhere")


@pytest.fixture
def store(demo_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """The demo school, with a server's connections to it."""
    monkeypatch.setenv("BOOKBAG_DATABASE_URL", demo_url)
    store = Store(demo_url)
    yield store
    store.close()


def bookbag(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, list(arguments))


def test_a_copy_is_made_while_others_write(store: Store, elsewhere: Path) -> None:
    with store.write() as session:
        session.merge(Mark(name="kept", value="1"))
    with store.write() as session:
        session.merge(Mark(name="not kept", value="1"))
        session.flush()
        if store.is_sqlite:  # which would wait for this writer to note the time: see below
            session.rollback()
        done = bookbag("db", "backup", "school.backup")
        session.rollback()
    assert done.exit_code == 0, done.output
    file = elsewhere / "school.backup"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in elsewhere.iterdir()] == ["school.backup"]
    if store.is_sqlite:
        with closing(sqlite3.connect(file)) as copy:
            assert {name for (name,) in copy.execute("SELECT name FROM marks")} >= {"kept", backup.COPY_OF}
            assert copy.execute("SELECT count(*) FROM adults").fetchone() > (10,)
    else:
        assert "TABLE DATA public adults" in backup.contents(file)
    with store.read() as session:
        assert session.get(Mark, upkeep.BACKED_UP) is not None


def test_sqlite_is_copied_though_someone_is_writing_all_the_time(demo_sqlite_url: str, elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the time cannot be noted then: nobody who writes is waited for, and nobody waits."""
    monkeypatch.setenv("BOOKBAG_DATABASE_URL", demo_sqlite_url)
    store = Store(demo_sqlite_url)
    with store.write() as session:
        session.merge(Mark(name="not kept", value="1"))
        session.flush()
        done = bookbag("db", "backup", "school.backup")
        session.rollback()
    store.close()
    assert done.exit_code == 0, done.output
    assert "could not be noted" in done.output
    with closing(sqlite3.connect(elsewhere / "school.backup")) as copy:
        assert copy.execute("SELECT count(*) FROM marks WHERE name = 'not kept'").fetchone() == (0,)


def test_nothing_is_replaced(store: Store, elsewhere: Path) -> None:
    (elsewhere / "precious").write_text("mine")
    done = bookbag("db", "backup", "precious")
    assert done.exit_code == 2
    assert "there already" in done.output
    assert (elsewhere / "precious").read_text() == "mine"
    with pytest.raises(backup.BackupFailed, match="there already"):
        backup.back_up(store.url.render_as_string(hide_password=False), elsewhere / "precious")


def test_a_folder_that_is_not_there_is_named(store: Store) -> None:
    done = bookbag("db", "backup", "nowhere/school.backup")
    assert done.exit_code == 1
    assert "nowhere cannot be written to" in done.output


def test_a_damaged_database_gives_no_backup(demo_sqlite_url: str, elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is refused when it is read through, and nothing is left behind."""
    monkeypatch.setenv("BOOKBAG_DATABASE_URL", demo_sqlite_url)
    path = Path(str(make_url(demo_sqlite_url).database))
    content = bytearray(path.read_bytes())
    for page in range(40, len(content) // 4096, 7):
        content[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    path.write_bytes(content)
    done = bookbag("db", "backup", "school.backup")
    assert done.exit_code == 1
    assert "damaged" in done.output or "SQLite could not copy it" in done.output or "cannot be read through" in done.output
    assert list(elsewhere.iterdir()) == []


def test_a_missing_or_older_pg_dump_is_named(demo_postgresql_url: str, elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOKBAG_DATABASE_URL", demo_postgresql_url)
    programs = elsewhere.parent / "programs"
    programs.mkdir()
    old = programs / "pg_dump"
    old.write_text(
        "#!/bin/sh\necho 'pg_dump: error: aborting because of server version mismatch' >&2\n"
        "echo 'pg_dump: detail: server version: 15.6; pg_dump version: 13.4' >&2\nexit 1\n"
    )
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/bin:/usr/bin")
    done = bookbag("db", "backup", "school.backup")
    assert done.exit_code == 1
    assert "pg_dump is older than the server (server version: 15.6, pg_dump version: 13.4)" in done.output
    old.chmod(0o600)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setattr(Path, "glob", lambda *_: [])
    done = bookbag("db", "backup", "school.backup")
    assert done.exit_code == 1
    assert "pg_dump is not installed" in done.output
    assert list(elsewhere.iterdir()) == []


def test_the_password_is_in_no_argument(demo_postgresql_url: str, elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others on the computer can list a program's arguments; its environment they cannot."""
    url = make_url(demo_postgresql_url).set(password="s3cret")
    monkeypatch.setenv("BOOKBAG_DATABASE_URL", url.render_as_string(hide_password=False))
    seen: list[list[str]] = []
    run = subprocess.run

    def watched(arguments: list[str], **more: object) -> object:
        seen.append(arguments)
        return run(arguments, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", watched)
    assert bookbag("db", "backup", "school.backup").exit_code == 0
    assert seen
    assert "s3cret" not in str(seen)


def test_only_the_school_s_own_schema_is_copied(postgresql_url: str, elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(postgresql_url)
    with store.write() as session:
        session.execute(text("CREATE SCHEMA another"))
        session.execute(text("CREATE TABLE another.theirs (id INTEGER)"))
    store.close()
    monkeypatch.setenv("BOOKBAG_DATABASE_URL", postgresql_url)
    assert bookbag("db", "backup", "school.backup").exit_code == 0
    assert "theirs" not in backup.contents(elsewhere / "school.backup")
