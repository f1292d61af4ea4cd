"""While a school with several processes is upgraded, processes of the version before go on working on the new database.

They are not at hand as programs: what they need of a database is what their migrations made. So each migration may only add what nobody misses who does not
know of it; and this version, as the one before the next, is tried for itself: it is upgraded under while messages are in flight.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, inspect

from data import migrate
from data.store import DatabaseAway, Store
from tests.bot.test_outage import until
from tests.postgres import Cluster
from tests.served import FARIDS_CHAT, Served

SIDE_BY_SIDE = "0023"
"""The first revision with which a school could run in several processes."""
NEXT = """
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "9998", "{head}", None, None


def upgrade():
    op.create_table("of_the_future", sa.Column("id", sa.Integer(), primary_key=True))
    for table in ("inbox", "outbox", "callbacks", "addresses", "conversations"):
        op.add_column(table, sa.Column("of_the_future", sa.String(20), nullable=True))
    op.create_index("ix_outbox_of_the_future", "outbox", ["of_the_future"])
"""

Shape = dict[str, dict[str, Any]]


def shape(connection: Connection) -> Shape:
    """What a program relies on, by table: its columns, and what a row must comply with."""
    found = inspect(connection)
    return {
        table: {
            "columns": {column["name"]: column for column in found.get_columns(table)},
            "rules": {
                *(f"unique {sorted(rule['column_names'])}" for rule in found.get_unique_constraints(table)),
                *(f"unique {sorted(map(str, index['column_names']))} {index['name']}" for index in found.get_indexes(table) if index["unique"]),
                *(f"check {rule['name']} {rule['sqltext']}" for rule in found.get_check_constraints(table)),
                *(f"refers {key['constrained_columns']} {key['referred_table']} {key['options']}" for key in found.get_foreign_keys(table)),
                f"key {found.get_pk_constraint(table)['constrained_columns']}",
            },
        }
        for table in found.get_table_names()
        if table != "alembic_version"
    }


def missed(before: Shape, after: Shape) -> list[str]:
    """What a program that knows the tables of before would stumble over afterwards."""
    lost = [f"{table} is gone" for table in before.keys() - after.keys()]
    for table in before.keys() & after.keys():
        old, new = before[table]["columns"], after[table]["columns"]
        lost += [f"{table}.{name} is gone" for name in old.keys() - new.keys()]
        for name in old.keys() & new.keys():
            lost += [f"{table}.{name} is of another type"] if str(old[name]["type"]) != str(new[name]["type"]) else []
            lost += [f"{table}.{name} must be given now"] if old[name]["nullable"] and not new[name]["nullable"] else []
        lost += [f"{table}.{name} must be given" for name in new.keys() - old.keys() if not new[name]["nullable"] and new[name]["default"] is None]
        lost += [f"{table}: {rule} is new" for rule in after[table]["rules"] - before[table]["rules"] if not _is_of_new(rule, new.keys() - old.keys())]
    return lost


def _is_of_new(rule: str, columns: set[str]) -> bool:
    """Whether a rule asks something of columns alone that a program of before leaves empty."""
    return rule.startswith("refers ") and any(f"['{column}']" in rule for column in columns)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/bookbag.db"
        return
    cluster: Cluster = request.getfixturevalue("cluster")
    with cluster.database() as url:
        yield url


def shape_of(url: str) -> Shape:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = shape(connection)
    engine.dispose()
    return found


def test_each_migration_leaves_what_the_version_before_needs(empty_url: str) -> None:
    revisions = sorted(script.revision for script in migrate._scripts().walk_revisions() if script.revision >= SIDE_BY_SIDE)
    migrate.upgrade(empty_url, revisions[0])
    before = shape_of(empty_url)
    for revision in revisions[1:]:
        migrate.upgrade(empty_url, revision)
        after = shape_of(empty_url)
        assert missed(before, after) == [], f"a process of before {revision} would fail beside it: part it into two versions, the first of which only adds"
        before = after


@pytest.mark.parametrize(
    "statement, found",
    [
        ("DROP TABLE marks", ["marks is gone"]),
        ("ALTER TABLE marks DROP COLUMN value", ["marks.value is gone"]),
        ("ALTER TABLE marks ADD COLUMN more VARCHAR(5) NOT NULL", ["marks.more must be given"]),
        ("ALTER TABLE marks ADD COLUMN more VARCHAR(5) NOT NULL DEFAULT ''", []),
        ("ALTER TABLE marks ADD COLUMN more VARCHAR(5)", []),
        ("CREATE UNIQUE INDEX one_value ON marks (value)", ["marks: unique ['value'] one_value is new"]),
        ("ALTER TABLE marks ALTER COLUMN value TYPE TEXT", ["marks.value is of another type"]),
        ("ALTER TABLE outbox ALTER COLUMN parts SET NOT NULL", ["outbox.parts must be given now"]),
        ("ALTER TABLE marks ADD CONSTRAINT short CHECK (length(value) < 9)", ["marks: check short length(value::text) < 9 is new"]),
    ],
)
def test_what_a_program_would_miss_is_seen(postgresql_url: str, statement: str, found: list[str]) -> None:
    before = shape_of(postgresql_url)
    engine = create_engine(postgresql_url)
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()
    assert missed(before, shape_of(postgresql_url)) == found


@pytest.fixture
def next_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Upgrades a database as the next version would; this one goes on knowing only its own migrations."""
    folder = tmp_path / "migrations"
    shutil.copytree(migrate.MIGRATIONS, folder)
    (folder / "versions" / "9998_next.py").write_text(NEXT.format(head=migrate._scripts().get_current_head()))

    def upgrade(url: str) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(migrate, "MIGRATIONS", folder)
            migrate.upgrade(url)

    return upgrade


@pytest.fixture
async def at_work(make_served: Callable[..., Served], demo_postgresql_url: str) -> AsyncIterator[Served]:
    served = make_served(demo_postgresql_url, limits={"unknown_per_day": 100})
    async with served.at_work():
        yield served


@pytest.mark.anyio
async def test_a_school_is_upgraded_under_its_messages(at_work: Served, next_version: Callable[[str], None], demo_postgresql_url: str) -> None:
    """All that was taken is answered once, some before, some meanwhile, some afterwards; what was refused meanwhile would be fetched."""
    statuses = []
    upgrading: asyncio.Task[None] | None = None
    for number in range(30):
        statuses.append((await at_work.text("hello", f"+4477009005{number:02}")).status_code)
        if number == 10:
            upgrading = asyncio.create_task(asyncio.to_thread(next_version, demo_postgresql_url))
    assert upgrading is not None
    await upgrading
    assert (await at_work.telegram("menu")).status_code == 200
    await until(lambda: {row.state for row in at_work.kept()} == {"handled"}, 60)
    await until(lambda: all(message.state == "sent" for row in at_work.kept() for message in at_work.said(row.address.value)), 60)
    assert set(statuses) <= {200, 503}
    assert len(at_work.kept()) == statuses.count(200) + 1
    said = [call["to"] for call in at_work.standin.accepted() if call["to"].startswith("+4477009005")]
    assert len(said) == len(set(said)) == statuses.count(200)
    assert len(at_work.said(FARIDS_CHAT)) == 1
    async with at_work.caller() as caller:
        notes = (await caller.get("/readyz")).json()["notes"]
    assert "the database was upgraded (to 9998) and this process was not: restart it with the new version" in notes
    with pytest.raises(migrate.NewerDatabase):
        migrate.upgrade(demo_postgresql_url)


def test_a_table_that_stays_in_use_is_not_waited_for(postgresql_url: str, next_version: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """All who come after an upgrade that waits would wait behind it."""
    for name, value in {"TABLE_LOCK_SECONDS": 1, "TRIES": 2, "PAUSE": 0.1}.items():
        monkeypatch.setattr(migrate, name, value)
    store = Store(postgresql_url)
    before = shape_of(postgresql_url)
    with store.read() as session:
        session.connection().exec_driver_sql("SELECT count(*) FROM outbox")
        with pytest.raises(DatabaseAway):
            next_version(postgresql_url)
    store.close()
    assert shape_of(postgresql_url).keys() == before.keys()


def test_an_upgrade_that_others_stand_in_the_way_of_is_tried_again(
    postgresql_url: str, next_version: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where both wait for each other's tables: PostgreSQL ends one of the two."""
    monkeypatch.setattr(migrate, "TABLE_LOCK_SECONDS", 1)
    store = Store(postgresql_url)
    reading = store.read()
    reading.__enter__().connection().exec_driver_sql("SELECT count(*) FROM outbox")
    monkeypatch.setattr("data.migrate.time.sleep", lambda _: reading.__exit__(None, None, None))
    next_version(postgresql_url)
    store.close()
    assert "of_the_future" in shape_of(postgresql_url)["outbox"]["columns"]
