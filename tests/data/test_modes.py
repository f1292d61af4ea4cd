"""Nobody else on the computer reads the database: neither a new one nor one that was open to others."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from data.migrate import upgrade
from data.store import Store


@pytest.fixture(autouse=True)
def usual_mask() -> Iterator[None]:
    """The mask of most computers, by which new files are for everyone to read."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_a_new_database_and_what_lies_beside_it_is_its_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    url = f"sqlite:///{folder / 'school.db'}"
    upgrade(url)
    with closing(Store(url)) as store, store.write() as session:
        session.connection().exec_driver_sql("UPDATE marks SET value = ''")
        assert {path.name for path in folder.iterdir()} >= {"school.db", "school.db-wal", "school.db-shm", "school.db.lock"}
        assert {path.name: stat.filemode(path.stat().st_mode) for path in folder.iterdir()} == {path.name: "-rw-------" for path in folder.iterdir()}
    assert stat.filemode(folder.stat().st_mode) == "drwx------"


def test_a_database_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "school.db"
    upgrade(f"sqlite:///{path}")
    path.chmod(0o644)
    upgrade(f"sqlite:///{path}")
    assert stat.filemode(path.stat().st_mode) == "-rw-------"
