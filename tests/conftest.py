"""What every test may ask for: a fresh database on either engine."""

from __future__ import annotations

import io
import json
import logging
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import structlog

from bot import dispatcher, inbox, logs
from bot.house import Embedded
from data.store import Store
from school import LONDON, School, demo, erased_log
from tests import in_memory, postgres
from tests.model import trained
from tests.served import Served
from tests.standin.client import StandIn
from tests.world import World

pytest_plugins = ["tests.browser"]


@pytest.fixture
def anyio_backend() -> str:
    """Async tests (`@pytest.mark.anyio`) run on asyncio, as the program does."""
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def _erased_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Whom a test erases in a database that is no file stands nowhere in the checkout."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(erased_log, "FOLDER", tmp_path_factory.mktemp("erased"))
        yield


@pytest.fixture(scope="session")
def cluster() -> Iterator[postgres.Cluster]:
    """A PostgreSQL server of the tests' own. Where none is installed its tests skip; CI forbids that."""
    binaries = postgres.programs()
    if binaries is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI must have PostgreSQL: apt install postgresql")
        pytest.skip("PostgreSQL is not installed: apt install postgresql")
    with postgres.cluster(binaries) as running:
        yield running


@pytest.fixture(scope="session")
def migrated_postgres(cluster: postgres.Cluster) -> Iterator[str]:
    """The name of a migrated, empty PostgreSQL database, to be copied."""
    from data import migrate

    with cluster.filled(migrate.upgrade) as name:
        yield name


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file, to be copied."""
    from data import migrate

    path = tmp_path_factory.mktemp("migrated") / "bookbag.db"
    migrate.upgrade(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """The address of a fresh SQLite database."""
    path = tmp_path / "bookbag.db"
    shutil.copyfile(migrated_sqlite, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgresql_url(cluster: postgres.Cluster, migrated_postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a fresh PostgreSQL database; what is kept beside it stays out of the project's folder."""
    monkeypatch.setattr(erased_log, "FOLDER", tmp_path)
    with cluster.database(template=migrated_postgres) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of a fresh database: the test runs once on each engine."""
    return str(request.getfixturevalue(f"{request.param}_url"))


def pytest_configure() -> None:
    """What the tests write is kept in memory; what a caller has set stays."""
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(in_memory.folder()))


LONGEST = (
    "tests/transcripts/test_transcripts.py",
    "tests/crash/test_crash.py",
    "tests/crash/test_faults.py",
    "tests/crash/test_broadcast.py",
    "tests/crash/test_questionnaire.py",
    "tests/crash/test_flood.py",
    "tests/nlu/test_engine.py",
    "tests/bot/test_message_machine.py",
    "tests/console/test_broadcasts_browser.py",
    "tests/console/test_browser.py",
    "tests/school/test_pack_machine.py",
    "tests/bot/test_run.py",
)
"""The files that take longest, by descending time: begun last, one of them would leave the other cores idle at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first; the rest keep their order."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.location[0], len(places)))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let transcripts be written anew instead of compared."""
    parser.addoption("--update-transcripts", action="store_true", help="write what the school answers into tests/transcripts; read the difference afterwards")


@pytest.fixture(scope="session")
def understander() -> Embedded:
    """The real engine, trained once on the school's own examples; its model is kept between runs beside pytest's cache."""
    return trained()


@pytest.fixture(scope="session")
def demo_school(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory, understander: Embedded) -> Callable[[datetime], Path]:
    """Gives an SQLite file with the demo school as it stands at a moment, to be copied: seeding it takes longer than most tests."""
    seeded: dict[datetime, Path] = {}

    def at(clock: datetime) -> Path:
        if clock not in seeded:
            path = tmp_path_factory.mktemp("demo") / "bookbag.db"
            shutil.copyfile(migrated_sqlite, path)
            world = World(f"sqlite:///{path}", clock, understander)
            world.seed()
            world.close()
            seeded[clock] = path
        return seeded[clock]

    return at


@pytest.fixture(scope="session")
def providers() -> Iterator[StandIn]:
    """One stand-in for all providers, for the whole run."""
    with StandIn() as standin:
        yield standin


@pytest.fixture(scope="session")
def seeded_sqlite(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the demo school of today, to be copied."""
    path = tmp_path_factory.mktemp("seeded") / "bookbag.db"
    shutil.copyfile(migrated_sqlite, path)
    _seed(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def seeded_postgres(cluster: postgres.Cluster, migrated_postgres: str) -> Iterator[str]:
    """The name of a PostgreSQL database with the demo school of today, to be copied."""
    with cluster.filled(_seed, migrated_postgres) as name:
        yield name


def _seed(url: str) -> None:
    store = Store(url)
    with store.write() as session:
        demo.seed(School(session, datetime.now(UTC)))
    store.close()


@pytest.fixture
def demo_sqlite_url(seeded_sqlite: Path, tmp_path: Path) -> str:
    """The address of a fresh SQLite database with the demo school of today."""
    path = tmp_path / "demo.db"
    shutil.copyfile(seeded_sqlite, path)
    return f"sqlite:///{path}"


@pytest.fixture
def demo_postgresql_url(cluster: postgres.Cluster, seeded_postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The same with the demo school of today."""
    monkeypatch.setattr(erased_log, "FOLDER", tmp_path)
    with cluster.database(template=seeded_postgres) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def demo_url(request: pytest.FixtureRequest) -> str:
    """The address of a fresh database with the demo school of today: the test runs once on each engine."""
    return str(request.getfixturevalue(f"demo_{request.param}_url"))


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment without settings of ours, in a folder with nothing else in it."""
    for name in [name for name in os.environ if name.startswith("BOOKBAG_")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "backups"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def patience() -> float:
    """Seconds until a webhook is refused that could not be stored: enough for a machine that is busy with other tests."""
    return 60.0


@pytest.fixture
def make_served(providers: StandIn, understander: Embedded, patience: float, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Served]:
    """Makes a school with real channels whose providers are the stand-in, as if that had just started."""
    for module in (inbox, dispatcher):
        monkeypatch.setattr(module, "PATIENCE", patience)
    providers.reset()
    providers.control(callbacks="none")
    return partial(Served, providers, understander)


@pytest.fixture
async def served(make_served: Callable[..., Served], demo_url: str) -> AsyncIterator[Served]:
    """The demo school with real channels, on either database."""
    made = make_served(demo_url)
    yield made
    await made.close()


@pytest.fixture
async def served_on_sqlite(make_served: Callable[..., Served], demo_sqlite_url: str) -> AsyncIterator[Served]:
    """The same on SQLite alone, where storage is not what is tried."""
    made = make_served(demo_sqlite_url)
    yield made
    await made.close()


class Lines(io.StringIO):
    """A stream that can be read back as the events that were logged."""

    def events(self) -> list[dict[str, Any]]:
        """Every line, as what it says."""
        return [json.loads(line) for line in self.getvalue().splitlines()]

    def named(self, event: str) -> list[dict[str, Any]]:
        """The lines of this event."""
        return [line for line in self.events() if line["event"] == event]


@pytest.fixture
def logged() -> Iterator[Lines]:
    """What is logged, as JSON, as in production."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    out = Lines()
    logs.configure(as_json=True, stream=out)
    yield out
    root.handlers = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


@pytest.fixture
def make_world(demo_school: Callable[[datetime], Path], tmp_path: Path, understander: Embedded) -> Iterator[Callable[..., World]]:
    """Makes the demo school at a moment, on SQLite."""
    made: list[World] = []

    def make(clock: datetime, **settings: object) -> World:
        path = tmp_path / f"world-{len(made)}.db"
        shutil.copyfile(demo_school(clock), path)
        made.append(World(f"sqlite:///{path}", clock, understander, settings=settings))
        return made[-1]

    yield make
    for world in made:
        world.close()


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """The demo school on Monday 2 March 2026, 09:10."""
    return make_world(datetime(2026, 3, 2, 9, 10, tzinfo=LONDON))
