"""The PostgreSQL server that a benchmark starts is its own, is measured, and is gone afterwards."""

from __future__ import annotations

import os
from pathlib import Path

import psycopg
import pytest

from bot.bench import limits, postgresql, server
from tests.postgres import Cluster


def test_pgbench_is_read(cluster: Cluster) -> None:
    told = cluster.transactions_a_second(2, seconds=1)
    assert told is None or told > 1


@pytest.mark.usefixtures("cluster")  # where there is none, neither can a benchmark start one
def test_it_flushes_is_reached_and_is_gone() -> None:
    with limits.folder_beside("postgresql:///elsewhere") as folder, server.database(folder, postgres=True) as made:
        with psycopg.connect(made.url) as connection:
            assert connection.execute("SELECT current_setting('fsync'), current_setting('synchronous_commit')").fetchone() == ("on", "on")
        assert made.kind == "postgresql"
        assert made.cpu() > 0
        assert list(folder.iterdir())
    assert not folder.exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(made.url)


def test_where_there_is_none_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "programs", lambda: None)
    with pytest.raises(limits.CannotMeasure, match="apt install postgresql"), server.database(tmp_path, postgres=True):
        pass


def test_a_file_is_made_where_nothing_else_is_asked_for(tmp_path: Path) -> None:
    with server.database(tmp_path) as made:
        assert (made.url, made.kind, made.cpu()) == (f"sqlite:///{tmp_path}/bookbag.db", "sqlite", 0.0)
    with server.database(tmp_path, "postgresql://elsewhere/db") as given:
        assert (given.url, given.cluster) == ("postgresql://elsewhere/db", None)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands PostgreSQL to another user")
@pytest.mark.usefixtures("cluster")
def test_a_folder_that_its_user_cannot_enter_is_named(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    (closed / "bench").mkdir(parents=True)
    closed.chmod(0o700)
    with pytest.raises(limits.CannotMeasure, match=r"cannot get into .*bench"), server.database(closed / "bench", postgres=True):
        pass
