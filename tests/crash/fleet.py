"""A school in several processes on one database: some of each kind, that are killed, stopped in their tracks and woken up again."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from pathlib import Path

from tests.crash.server import Nursery, Server
from tests.standin.client import StandIn

STANDS_STILL = 4.0
"""Seconds for which a process is stopped: longer than a claim holds in these tests."""


class Fleet(Server):
    """`bookbag web`, `worker` and `scheduler`, so many of each; as a server it is the first `web`, where the providers reach it."""

    def __init__(self, nursery: Nursery, standin: StandIn, database_url: str, folder: Path, counts: Mapping[str, int], settings: Mapping[str, str]) -> None:
        self.processes = [
            Server(nursery, standin, database_url, folder / f"{command}-{number}.log", settings, command)
            for command, count in counts.items()
            for number in range(count)
        ]
        self.environment = self.processes[0].environment
        for process in self.processes:
            process.environment["BOOKBAG_PUBLIC_URL"] = self.url  # the scheduler tells providers where to call

    def of(self, command: str) -> list[Server]:
        """Those of one kind."""
        return [process for process in self.processes if process.command == command]

    @property
    def url(self) -> str:  # type: ignore[override]  # of the one that listens
        return self.of("web")[0].url

    @property
    def alive(self) -> bool:
        return all(process.alive for process in self.processes)

    @property
    def restarts(self) -> int:  # type: ignore[override]  # of all together
        return sum(process.restarts for process in self.processes)

    def start(self, fault: str | None = None, after: int = 0, *, wait: bool = True) -> None:
        """Start those that do not run."""
        for process in self.processes:
            if not process.alive:
                process.start(fault, after, wait=False)
        for process in self.processes if wait else ():
            process.wait_until_ready()

    def wait_until_warm(self) -> None:
        for process in self.processes:
            process.wait_until_warm()

    def tail(self, characters: int = 1_500) -> str:
        return "\n".join(f"{process.command}: {process.tail(characters)}" for process in self.processes)

    def kill(self) -> None:
        """SIGKILL to all."""
        for process in self.processes:
            process.kill()

    def strike(self, chance: random.Random) -> str:
        """Something happens to one of them; what, in a word."""
        victim = chance.choice(self.processes)
        what = chance.choice(("killed", "restarted", "stopped"))
        if what == "stopped" and victim.command != "web":
            victim.pause()
            time.sleep(STANDS_STILL)
            victim.resume()
            return f"{victim.command} stopped"
        if what == "killed":
            victim.kill()
        else:
            victim.stop()
        victim.start(wait=chance.random() < 0.8)
        return f"{victim.command} {what}"

    def stop(self) -> float:
        """SIGTERM to all, one after the other; the longest that one took, in seconds."""
        return max(process.stop() for process in self.processes)
