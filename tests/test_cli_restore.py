"""`bookbag db restore`: the backup takes the place of the database, the old one stays aside, and nothing of it is sent."""

from __future__ import annotations

import shutil
import sqlite3
import stat
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, make_url, select, text
from typer.testing import CliRunner, Result

from bot import cli
from bot.clock import now
from data import migrate, restore
from data.backup import BackupFailed, back_up, run_postgresql
from data.data_requests import DataRequestKind
from data.inbox import InboxState, Mark, Received
from data.people import Adult
from data.restoration import Restoration
from data.store import Store
from nlu.learned import Learned
from school import School, SchoolSettings, data_requests, erased_log

pytestmark = pytest.mark.usefixtures("elsewhere")


@pytest.fixture
def url(demo_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The demo school's database, as the command is told of it."""
    monkeypatch.setenv("BOOKBAG_DATABASE_URL", demo_url)
    return demo_url


@pytest.fixture
def backup(url: str, elsewhere: Path) -> Path:
    """A backup of it; what is marked 'after' came later."""
    mark(url, "before")
    assert bookbag("db", "backup", "school.backup").exit_code == 0
    mark(url, "after")
    return elsewhere / "school.backup"


def received_from(school: School, adult: Adult, words: str) -> Received:
    """A message of theirs that staff had Bookbag learn from."""
    return Received(
        trace="t",
        provider_id="SM1",
        address_id=adult.addresses[0].address_id,
        thread=f"a{adult.id}",
        kind="text",
        text=words,
        received_at=school.now,
        state=InboxState.HANDLED,
        corrected="ask_uniform",
    )


def bookbag(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, list(arguments))


def mark(url: str, name: str) -> None:
    store = Store(url)
    with store.write() as session:
        session.merge(Mark(name=name, value="1"))
    store.close()


def has_mark(url: str, name: str) -> bool:
    store = Store(url)
    with store.read() as session:
        found = session.get(Mark, name) is not None
    store.close()
    return found


def restorations(url: str) -> list[Restoration]:
    store = Store(url)
    with store.read() as session:
        found = list(session.scalars(select(Restoration)))
    store.close()
    return found


def old_ones(url: str) -> list[str]:
    """What was kept aside."""
    database = make_url(url)
    if database.get_backend_name() == "sqlite":
        path = Path(str(database.database))
        return [str(each) for each in path.parent.glob(f"{path.name}.before-*")]
    engine = create_engine(database)
    names = [name for name in inspect(engine).get_schema_names() if name.startswith("before_")]
    engine.dispose()
    return names


def test_the_backup_takes_its_place_and_the_old_one_stays_aside(url: str, backup: Path) -> None:
    done = bookbag("db", "restore", str(backup))
    assert done.exit_code == 2
    assert "--force" in done.output
    assert has_mark(url, "after")
    done = bookbag("db", "restore", str(backup), "--force")
    assert done.exit_code == 0, done.output
    assert "Nothing is sent to any family until staff say so" in done.output
    assert "There is no list of erased adults" in done.output
    assert has_mark(url, "before")
    assert not has_mark(url, "after")
    (row,) = restorations(url)
    assert row.released_at is None
    assert row.copy_of is not None
    assert timedelta() < row.restored_at - row.copy_of < timedelta(minutes=5)
    (aside,) = old_ones(url)
    assert aside.rpartition("/")[2] in done.output
    if url.startswith("sqlite"):
        path = Path(str(make_url(url).database))
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert not list(path.parent.glob("*.restoring*"))
        assert has_mark(f"sqlite:///{aside}", "after")
    else:
        engine = create_engine(url)
        with engine.connect() as connection:
            assert connection.execute(text(f"SELECT count(*) FROM {aside}.marks WHERE name = 'after'")).scalar_one() == 1
            assert not inspect(connection).has_table(restore.HALF)
        engine.dispose()


def test_it_can_be_done_again_and_what_was_restored_can_be_backed_up(url: str, backup: Path) -> None:
    assert bookbag("db", "restore", str(backup), "--force").exit_code == 0
    assert bookbag("db", "backup", "second.backup").exit_code == 0
    done = bookbag("db", "restore", "second.backup", "--force")
    assert done.exit_code == 0, done.output
    assert len(restorations(url)) == 2
    assert len(old_ones(url)) == 2


def test_it_restores_where_there_is_nothing(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, elsewhere: Path) -> None:
    """Another computer: the file, and no more."""
    monkeypatch.setenv("BOOKBAG_DATABASE_URL", sqlite_url)
    mark(sqlite_url, "before")
    assert bookbag("db", "backup", "school.backup").exit_code == 0
    fresh = f"sqlite:///{tmp_path}/fresh/var/bookbag.db"
    monkeypatch.setenv("BOOKBAG_DATABASE_URL", fresh)
    done = bookbag("db", "restore", "school.backup")
    assert done.exit_code == 0, done.output
    assert has_mark(fresh, "before")


def test_a_database_that_is_open_is_left_alone(url: str, backup: Path) -> None:
    store = Store(url)
    with store.read() as session:
        session.execute(select(Mark)).all()
        done = bookbag("db", "restore", str(backup), "--force")
    store.close()
    assert done.exit_code == 1
    assert "Stop it first" in done.output
    assert has_mark(url, "after")
    assert restorations(url) == []


@pytest.mark.parametrize("how", ["cut", "spoilt", "another", "none"])
def test_a_file_that_is_no_backup_is_refused_and_nothing_is_changed(url: str, backup: Path, how: str) -> None:
    content = backup.read_bytes()
    if how == "none":
        backup.unlink()
    elif how == "another":
        backup.write_text("dear diary")
    elif how == "cut":
        backup.write_bytes(content[: len(content) // 2])
    else:
        middle = len(content) // 2 // 4096 * 4096
        backup.write_bytes(content[:middle] + b"\xff" * 8192 + content[middle + 8192 :])
    done = bookbag("db", "restore", str(backup), "--force")
    assert done.exit_code == 1, done.output
    assert done.output.startswith("bookbag db restore: ")
    assert has_mark(url, "after")
    assert old_ones(url) == []
    assert restorations(url) == []


def test_a_backup_of_the_other_engine_is_named(demo_sqlite_url: str, postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOKBAG_DATABASE_URL", demo_sqlite_url)
    assert bookbag("db", "backup", "school.backup").exit_code == 0
    monkeypatch.setenv("BOOKBAG_DATABASE_URL", postgresql_url)
    done = bookbag("db", "restore", "school.backup", "--force")
    assert done.exit_code == 1
    assert "is a backup of a SQLite database, and database_url names another kind" in done.output


def test_a_newer_backup_is_refused(url: str, elsewhere: Path) -> None:
    """Rolling back is the old version's to do, with its own backup."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    back_up(url, elsewhere / "newer.backup")
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :head"), {"head": migrate._scripts().get_current_head()})
    engine.dispose()
    done = bookbag("db", "restore", "newer.backup", "--force")
    assert done.exit_code == 1
    assert "newer Bookbag (9999)" in done.output
    assert restorations(url) == []


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_an_older_backup_is_brought_to_this_version(engine: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From before there was anything to say that a school was restored."""
    made = next(script for script in migrate._scripts().walk_revisions() if script.path.endswith("_restorations.py"))
    if engine == "sqlite":
        older, url = f"sqlite:///{tmp_path}/older.db", f"sqlite:///{tmp_path}/new.db"
        migrate.upgrade(older, str(made.down_revision))
        back_up(older, tmp_path / "older.backup")
    else:
        cluster, url = request.getfixturevalue("cluster"), request.getfixturevalue("postgresql_url")
        with cluster.database() as older:
            migrate.upgrade(older, str(made.down_revision))
            back_up(older, tmp_path / "older.backup")
    monkeypatch.setenv("BOOKBAG_DATABASE_URL", url)
    done = bookbag("db", "restore", str(tmp_path / "older.backup"), "--force")
    assert done.exit_code == 0, done.output
    assert len(restorations(url)) == 1


def test_whoever_was_erased_since_is_erased_again(url: str, elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOKBAG_NLU__MODEL_DIR", str(elsewhere / "nlu"))
    log, store, learned = erased_log.of_database(url), Store(url), Learned(elsewhere / "nlu")
    with store.write() as session:
        school = School(session, now(), SchoolSettings())
        adult = school.session.scalars(select(Adult).order_by(Adult.id).limit(1)).one()
        session.add(received_from(school, adult, "the wibbled bus was late"))
    for words in ("the wibbled bus was late", "where is the frimble"):
        learned.add(words, "ask_uniform")
    assert bookbag("db", "backup", "school.backup").exit_code == 0
    with store.write() as session:
        first, second = session.scalars(select(Adult.id).order_by(Adult.id).limit(2))
        erased_log.erased(School(session, now() - timedelta(days=1), SchoolSettings()), second)  # before the backup, in which that number is someone else's
    with store.write() as session:
        school = School(session, now(), SchoolSettings())
        request = data_requests.ask(school, session.get_one(Adult, first), DataRequestKind.ERASURE, how="staff")
        data_requests.release_erasure(school, request, None, "")
    store.close()
    done = bookbag("db", "restore", "school.backup", "--force")
    assert done.exit_code == 0, done.output
    assert f"Adult {first}, who was erased on" in done.output
    assert f"Adult {second}," not in done.output
    assert "wibbled" not in learned.path.read_text(encoding="utf-8")
    assert "frimble" in learned.path.read_text(encoding="utf-8")
    store = Store(url)
    with store.read() as session:
        assert session.get(Adult, first) is None
        assert session.get(Adult, second) is not None
    store.close()
    listed = bookbag("db", "erased")
    assert [line.split(",")[0] for line in listed.output.splitlines()] == [f"adult {first}", f"adult {second}"]
    assert bookbag("db", "erased", str(log)).output == listed.output
    assert bookbag("db", "erased", "nowhere").exit_code == 2


def test_a_restore_that_was_broken_off_lets_nobody_start(postgresql_url: str, elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tables are there, and nothing says yet that they are not to send."""
    monkeypatch.setenv("BOOKBAG_DATABASE_URL", postgresql_url)
    assert bookbag("db", "backup", "school.backup").exit_code == 0

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(migrate, "upgrade", dies)
        assert bookbag("db", "restore", "school.backup", "--force").exit_code != 0
    with pytest.raises(restore.HalfRestored):
        migrate.upgrade(postgresql_url)
    done = bookbag("db", "restore", "school.backup", "--force")
    assert done.exit_code == 0, done.output
    migrate.upgrade(postgresql_url)
    assert len(restorations(postgresql_url)) == 1


def test_a_failed_pg_restore_leaves_everything_as_it_was(demo_postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOKBAG_DATABASE_URL", demo_postgresql_url)
    assert bookbag("db", "backup", "school.backup").exit_code == 0
    mark(demo_postgresql_url, "after")

    def fails(program: str, arguments: list[str], *more: object) -> str:
        if "--single-transaction" in arguments:
            raise BackupFailed("no room")
        return run_postgresql(program, arguments, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(restore, "run_postgresql", fails)
    done = bookbag("db", "restore", "school.backup", "--force")
    assert done.exit_code == 1
    assert "no room" in done.output
    assert has_mark(demo_postgresql_url, "after")
    assert old_ones(demo_postgresql_url) == []
    migrate.upgrade(demo_postgresql_url)


def test_a_file_that_was_copied_by_hand_can_be_put_back_with_its_log(demo_sqlite_url: str, elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`cp bookbag.db* backups/` with the server stopped by a power cut: what was written last is in the log."""
    monkeypatch.setenv("BOOKBAG_DATABASE_URL", demo_sqlite_url)
    path = Path(str(make_url(demo_sqlite_url).database))
    store = Store(demo_sqlite_url)
    with store.write() as session:
        session.merge(Mark(name="last", value="1"))
    for ending in ("", "-wal"):
        shutil.copyfile(f"{path}{ending}", elsewhere / f"school.db{ending}")
    store.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM marks")
        connection.commit()
    done = bookbag("db", "restore", "school.db", "--force")
    assert done.exit_code == 0, done.output
    assert has_mark(demo_sqlite_url, "last")
