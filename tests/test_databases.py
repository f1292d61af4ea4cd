"""The fixtures keep their word: each test has its own empty, migrated database."""

import pytest
from sqlalchemy import create_engine, inspect, text

from tests.postgres import Cluster


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_has_a_fresh_migrated_database(database_url: str, turn: int) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        tables = inspect(connection).get_table_names()
        assert "alembic_version" in tables
        assert "left_behind" not in tables
        connection.execute(text("CREATE TABLE left_behind (id INTEGER)"))
    engine.dispose()


def test_postgresql_comes_back_after_a_crash(cluster: Cluster) -> None:
    with cluster.database() as url:
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE kept (id INTEGER)"))
        engine.dispose()
        cluster.stop()
        cluster.start()
        assert inspect(engine).has_table("kept")
        engine.dispose()
