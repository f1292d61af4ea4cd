"""Who was erased is known outside the database, and only once it is so."""

from __future__ import annotations

import stat
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from data.store import Store
from school import School, SchoolSettings, erased_log
from school.erased_log import Erased

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def erase(database_url: str, path: Path, adult_id: int, at: datetime = AT, *, fails: bool = False, in_savepoint: bool = False) -> None:
    store = Store(database_url)
    try:
        with store.write() as session:
            school = School(session, at, SchoolSettings(erased_log=path))
            if in_savepoint:
                with session.begin_nested():
                    erased_log.erased(school, adult_id)
            else:
                erased_log.erased(school, adult_id)
            if fails:
                raise ZeroDivisionError
    finally:
        store.close()


def test_an_erasure_is_noted_once_it_is_committed(database_url: str, tmp_path: Path) -> None:
    path = tmp_path / "log" / "erased"
    erase(database_url, path, 57)
    erase(database_url, path, 3, AT + timedelta(hours=1), in_savepoint=True)
    erase(database_url, path, 57, AT + timedelta(hours=2))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert erased_log.since(path, None) == [Erased(3, AT + timedelta(hours=1), True), Erased(57, AT + timedelta(hours=2), True)]
    assert erased_log.since(path, AT + timedelta(hours=1)) == [Erased(57, AT + timedelta(hours=2), True)]


def test_what_is_undone_beside_it_says_nothing_of_it(database_url: str, tmp_path: Path) -> None:
    path = tmp_path / "erased"
    with closing(Store(database_url)) as store, store.write() as session:
        erased_log.erased(School(session, AT, SchoolSettings(erased_log=path)), 57)
        session.begin_nested().rollback()
    assert erased_log.since(path, None) == [Erased(57, AT, True)]


def test_an_erasure_that_was_only_tried_leaves_no_trace(database_url: str, tmp_path: Path) -> None:
    path = tmp_path / "erased"
    with pytest.raises(ZeroDivisionError):
        erase(database_url, path, 57, fails=True)
    assert not path.exists()


def test_an_erasure_whose_commit_failed_is_left_to_a_person(database_url: str, tmp_path: Path) -> None:
    """The database was lost in that very moment: whether it is done only a person can find out."""
    path, store = tmp_path / "erased", Store(database_url)

    def fails(_: object) -> None:
        raise ZeroDivisionError

    def erases() -> None:
        with store.write() as session:
            erased_log.erased(School(session, AT, SchoolSettings(erased_log=path)), 57)
            event.listen(session, "before_commit", fails)

    with pytest.raises(ZeroDivisionError):
        erases()
    store.close()
    assert erased_log.since(path, None) == [Erased(57, AT, False)]


def test_half_a_line_hides_nobody(sqlite_url: str, tmp_path: Path) -> None:
    path = tmp_path / "erased"
    erase(sqlite_url, path, 57)
    with path.open("a") as file:
        file.write("2026-03-02T10:0")
    erase(sqlite_url, path, 58)
    assert [found.adult_id for found in erased_log.since(path, None)] == [57, 58]


def test_another_file_is_told_from_an_empty_list(tmp_path: Path) -> None:
    path = tmp_path / "erased"
    assert erased_log.since(path, None) == []
    path.write_text("dear diary\n")
    with pytest.raises(ValueError, match="no list of erased adults"):
        erased_log.since(path, None)


def test_it_lies_beside_the_database(tmp_path: Path) -> None:
    assert erased_log.of_database("sqlite:////srv/bookbag/var/bookbag.db") == Path("/srv/bookbag/var/bookbag.db.erased")
    assert erased_log.of_database("postgresql://user:secret@host/school") == erased_log.FOLDER / "school.erased"
    assert erased_log.of_database("sqlite:///x.db", tmp_path / "elsewhere") == tmp_path / "elsewhere"
