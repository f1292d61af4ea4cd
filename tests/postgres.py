"""A PostgreSQL cluster of the tests' own: made in memory, reached by a socket there, thrown away at the end. The machine's own server is never touched."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg

from tests import in_memory

PORT = 5432  # a part of the socket's file name, no more: nothing listens on the network


def programs() -> Path | None:
    """The folder of initdb and pg_ctl: of PATH, else the newest of Debian's; None where PostgreSQL is not installed."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda initdb: [int(part) for part in re.findall(r"\d+", str(initdb))])
    return found[-1].parent if found else None


class Cluster:
    """A running server. Its databases are numbered copies of one that was migrated once."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self.binaries, self.folder = binaries, folder
        self._numbers = count(1)

    def make(self) -> None:
        """Make its files. As root, they belong to user postgres: initdb refuses root."""
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
        self._run("initdb", "-N", "-D", f"{self.folder}/data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")

    def start(self) -> None:
        """Start it and wait until it answers. No flushes: a test kills us, never the power."""
        options = f"-p {PORT} -k {self.folder} -c listen_addresses='' -c fsync=off -c full_page_writes=off -c max_wal_size=256MB -c max_connections=200"
        self._run("pg_ctl", "-D", f"{self.folder}/data", "-w", "-l", f"{self.folder}/log", "-o", options, "start")

    def stop(self) -> None:
        """Stop it as a crash would; `start` brings it back with all that was committed."""
        self._run("pg_ctl", "-D", f"{self.folder}/data", "-m", "immediate", "-w", "stop")

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """It is down."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    def url(self, database: str) -> str:
        """How SQLAlchemy and psycopg reach one of its databases."""
        return f"postgresql://postgres@/{database}?host={self.folder}&port={PORT}"

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """The address of a new database, a copy of `template`; dropped afterwards, whoever is still connected."""
        name = f"bookbag_{next(self._numbers)}"
        self._say(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.url(name)
        finally:
            self._say(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def close_to_all(self, database: str) -> None:
        """Put out who is still connected and let nobody in: only then can it be copied."""
        self._say(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
        self._say(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'")

    def _say(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def _run(self, program: str, *arguments: str) -> None:
        as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        # Its output goes to a file: the server inherits it, and a pipe would never be closed.
        with (self.folder.parent / f"{self.folder.name}.out").open("w+") as output:
            done = subprocess.run([*as_postgres, self.binaries / program, *arguments], stdout=output, stderr=output, cwd="/", check=False)
            if done.returncode:
                output.seek(0)
                raise RuntimeError(f"{program} failed: {output.read()}")


@contextmanager
def cluster(binaries: Path) -> Iterator[Cluster]:
    """A running cluster in a folder of its own, where user postgres can get."""
    with tempfile.TemporaryDirectory(prefix="bookbag-pg.", dir=in_memory.folder()) as outer:
        Path(outer).chmod(0o755)
        folder = Path(outer) / "pg"
        folder.mkdir()
        running = Cluster(binaries, folder)
        running.make()
        running.start()
        try:
            yield running
        finally:
            running.stop()
