"""A PostgreSQL server for as long as a block lasts, reached by a socket alone. The machine's own server is never touched."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Final

import psycopg

PORT: Final = 5432  # a part of the socket's file name, no more: nothing listens on the network
MISSING: Final = "PostgreSQL is not installed here (on Debian and Ubuntu: apt install postgresql). Give --database the address of an empty database instead."
SHORT: Final = Path("/tmp")  # noqa: S108  # a socket's path is short, and user postgres must get there; what is made in it has a name of its own


def programs() -> Path | None:
    """The folder of initdb and pg_ctl: of PATH, else the newest of Debian's; None where PostgreSQL is not installed."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda initdb: [int(part) for part in re.findall(r"\d+", str(initdb))])
    return found[-1].parent if found else None


def name_in(url: str) -> str:
    """The database's name in an address of `Cluster.url`."""
    return url.partition("@/")[2].partition("?")[0]


class Cluster:
    """A server. Its databases are numbered; `settings` are written as postgresql.conf has them."""

    def __init__(self, binaries: Path, folder: Path, sockets: Path, **settings: str) -> None:
        self.binaries, self.folder, self.sockets, self._settings = binaries, folder, sockets, settings
        self._numbers = count(1)

    def make(self) -> None:
        """Make its files. As root, they belong to user postgres: initdb refuses root."""
        if os.geteuid() == 0:
            for folder in {self.folder, self.sockets}:
                shutil.chown(folder, "postgres")
        self._run("initdb", "-N", "-D", f"{self.folder}/data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = " ".join(f"-c {name}={value}" for name, value in self._settings.items())
        given = f"-p {PORT} -k {self.sockets} -c listen_addresses='' {options}"
        self._run("pg_ctl", "-D", f"{self.folder}/data", "-w", "-l", f"{self.folder}/log", "-o", given, "start")

    def stop(self) -> None:
        """Stop it as a crash would; `start` brings it back with all that was committed."""
        self._run("pg_ctl", "-D", f"{self.folder}/data", "-m", "immediate", "-w", "stop")

    def url(self, database: str) -> str:
        """How SQLAlchemy and psycopg reach one of its databases."""
        return f"postgresql://postgres@/{database}?host={self.sockets}&port={PORT}"

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """The address of a new database, a copy of `template`; dropped afterwards, whoever is still connected."""
        name = f"bookbag_{next(self._numbers)}"
        self._say(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.url(name)
        finally:
            self._say(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    @contextmanager
    def filled(self, fill: Callable[[str], object], template: str = "template0") -> Iterator[str]:
        """The name of a database to make copies of. `fill` is given its address; then whoever is still connected is put out, and nobody is let in."""
        with self.database(template) as url:
            fill(url)
            name = name_in(url)
            self._say(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            self._say(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")  # noqa: S608  # a name of ours
            yield name

    def transactions_a_second(self, clients: int, seconds: int = 3) -> float | None:
        """What PostgreSQL's own benchmark does here, pgbench with its simple updates, with so many clients; None where it is not installed."""
        pgbench = self.binaries / "pgbench"
        if not pgbench.exists():
            return None
        with self.database() as url:
            reached = ("-h", str(self.sockets), "-p", str(PORT), "-U", "postgres", name_in(url))
            subprocess.run([pgbench, "-i", "-q", "-s", "5", *reached], capture_output=True, check=True)
            measured = ("-N", "-c", str(clients), "-j", "2", "-T", str(seconds))
            told = subprocess.run([pgbench, *measured, *reached], capture_output=True, text=True, check=True).stdout
        found = re.search(r"tps = ([\d.]+)", told)
        return round(float(found[1]), 1) if found else None

    def process(self) -> int:
        """The id of the server's first process, whose children are the others."""
        return int((self.folder / "data" / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])

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
def running(binaries: Path, folder: Path, **settings: str) -> Iterator[Cluster]:
    """A server whose files are in a new folder in `folder`, where user postgres must be able to get; they are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="bookbag-pg.", dir=folder) as outer, tempfile.TemporaryDirectory(prefix="bookbag-pg.", dir=SHORT) as sockets:
        Path(outer).chmod(0o755)
        made = Path(outer) / "pg"
        made.mkdir()
        cluster = Cluster(binaries, made, Path(sockets), **settings)
        cluster.make()
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()
