"""A database comes to this version from nothing or from any earlier one, whole or not at all, whoever starts at the same moment."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine, inspect, select, text

from data import migrate
from data.appointments import Appointment, Occupied
from data.models import ALL
from data.people import Adult
from data.store import Store
from tests.postgres import Cluster
from tests.school.small import london

FIRST = Path(__file__).parent / "first_version.sql"
BROKEN = """
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "9998", "{head}", None, None


def upgrade():
    op.create_table("half_way", sa.Column("id", sa.Integer(), primary_key=True))
    op.execute("DELETE FROM adults")
    raise ZeroDivisionError
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database with nothing in it; the SQLite file is not there yet."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/deep/bookbag.db"
        return
    cluster: Cluster = request.getfixturevalue("cluster")
    with cluster.database() as url:
        yield url


@pytest.fixture
def first_version_url(empty_url: str) -> str:
    """The address of a database as the first version left it."""
    migrate.upgrade(empty_url, "0001")
    engine = create_engine(empty_url)
    with engine.begin() as connection:
        for statement in FIRST.read_text("utf-8").split(";\n"):
            if statement.strip():
                connection.execute(text("SET LOCAL timezone = 'UTC'") if engine.dialect.name == "postgresql" else text("SELECT 1"))
                connection.execute(text(statement))
    engine.dispose()
    return empty_url


def shape(connection: Connection) -> dict[str, object]:
    """All that a database says of its tables."""
    found = inspect(connection)
    return {
        table: (
            sorted((column["name"], str(column["type"]), column["nullable"]) for column in found.get_columns(table)),
            found.get_pk_constraint(table)["constrained_columns"],
            sorted(str(sorted(constraint.items(), key=str)) for constraint in found.get_unique_constraints(table)),
            sorted((str(constraint["name"]), constraint["sqltext"]) for constraint in found.get_check_constraints(table)),
            sorted((str(key["name"]), key["referred_table"], str(key["options"])) for key in found.get_foreign_keys(table)),
            sorted((str(index["name"]), str(index["column_names"])) for index in found.get_indexes(table)),
        )
        for table in found.get_table_names()
        if table != "alembic_version"
    }


def shape_of(url: str) -> dict[str, object]:
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return shape(connection)
    finally:
        engine.dispose()


def test_models_and_migrations_agree(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), ALL.metadata) == []
        assert migrate.is_current(connection)
    engine.dispose()


def test_migrations_make_what_the_models_would(database_url: str) -> None:
    """Checks and foreign keys too, which Alembic does not compare."""
    migrated = shape_of(database_url)
    engine = create_engine(database_url)
    with engine.begin() as connection:
        ALL.metadata.drop_all(connection)
        ALL.metadata.create_all(connection)
    engine.dispose()
    assert shape_of(database_url) == migrated


def test_the_first_version_is_upgraded_with_what_is_in_it(first_version_url: str) -> None:
    migrate.upgrade(first_version_url)
    with closing(Store(first_version_url)) as store, store.write() as session:
        appointment = session.scalars(select(Appointment)).one()
        assert (appointment.starts_at, appointment.child.first_name, appointment.adult.language) == (london("2026-03-05 15:10"), "Ayaan", "so")
        assert [person.name for person in appointment.staff] == ["Ms Okafor"]
        assert session.scalars(select(Occupied.appointment_id)).all() == [appointment.id]
        assert appointment.adult.guardianships[0].may_collect is False
        later = Adult(name="Tom Reed", language="en")
        session.add(later)
        session.flush()
        assert later.id == 2
        if store.is_sqlite:
            assert session.execute(text("PRAGMA foreign_key_check")).all() == []
        assert compare_metadata(MigrationContext.configure(session.connection()), ALL.metadata) == []


def test_a_removed_persons_number_is_not_given_again(database_url: str) -> None:
    numbers = []
    with closing(Store(database_url)) as store:
        for _ in range(3):
            with store.write() as session:
                made = Adult(name="Tom Reed", language="en")
                session.add(made)
                session.flush()
                numbers.append(made.id)
            with store.write() as session:
                session.delete(session.get_one(Adult, made.id))
    assert numbers == [1, 2, 3]


def test_upgrading_again_changes_nothing(database_url: str) -> None:
    before = shape_of(database_url)
    migrate.upgrade(database_url)
    assert shape_of(database_url) == before


def test_a_newer_database_is_refused_and_left_alone(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.execute(text("CREATE TABLE of_the_future (id INTEGER)"))
        before = shape(connection)
    with pytest.raises(migrate.NewerDatabase):
        migrate.upgrade(database_url)
    with engine.connect() as connection:
        assert not migrate.is_current(connection)
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "9999"
    engine.dispose()
    assert shape_of(database_url) == before


def test_an_upgrade_that_fails_is_undone_whole(first_version_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    migrate.upgrade(first_version_url)
    before = shape_of(first_version_url)
    folder = tmp_path / "migrations"
    shutil.copytree(migrate.MIGRATIONS, folder)
    (folder / "versions" / "9998_broken.py").write_text(BROKEN.format(head=migrate._scripts().get_current_head()))
    monkeypatch.setattr(migrate, "MIGRATIONS", folder)
    with pytest.raises(ZeroDivisionError):
        migrate.upgrade(first_version_url)
    assert shape_of(first_version_url) == before
    with closing(Store(first_version_url)) as store, store.read() as session:
        assert session.scalars(select(Adult.name)).all() == ["Amina Yusuf"]


def test_processes_that_start_at_once_upgrade_once(empty_url: str) -> None:
    code = "import sys; from data.migrate import upgrade; upgrade(sys.argv[1])"
    started = [subprocess.Popen([sys.executable, "-c", code, empty_url], stderr=subprocess.PIPE) for _ in range(3)]
    ended = [process.communicate()[1].decode() for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], ended
    engine = create_engine(empty_url)
    with engine.connect() as connection:
        assert migrate.is_current(connection)
    engine.dispose()


def test_alembic_draws_nothing_new(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        command.check(migrate._config(connection))
    engine.dispose()


def test_whatever_is_opened_after_an_upgrade_knows_every_table(sqlite_url: str) -> None:
    """A command that touches one table must not fail because that table names another that nobody has imported, also where there was nothing to upgrade."""
    looks = "from data import migrate; migrate.upgrade(%r); import scheduler.ticker; from sqlalchemy.orm import configure_mappers; configure_mappers()"
    done = subprocess.run([sys.executable, "-c", looks % sqlite_url], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
