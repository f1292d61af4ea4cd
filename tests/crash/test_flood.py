"""Far more is written than can be worked off: the real program keeps little in memory, refuses the rest in time, fetches it later, and answers each once."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from itertools import product
from pathlib import Path

import pytest

from tests.crash.checker import History
from tests.crash.fleet import Fleet
from tests.crash.life import LIES, SEED, Life
from tests.crash.parents import PARENTS, Parent
from tests.crash.server import WAITS, Nursery, Server
from tests.standin.client import StandIn

pytestmark = pytest.mark.slow

MOST, EACH = 20, 20
"""How many may wait, and how many each parent writes."""
KNOWN = [parent for parent in PARENTS if parent.sender != "+447700900955"]
GROWS = 48
"""Megabytes by which a process may grow under a flood: what Python and its libraries take when first used."""


class Flood(Life):
    """The demo school, whose parents all write at once; nobody lies to it."""

    def __init__(self, nursery: Nursery, standin: StandIn, database_url: str, folder: Path) -> None:
        super().__init__(nursery, standin, database_url, folder, SEED, LIMITS__WAITING_MESSAGES=str(MOST))
        standin.control(rates={name: {} for name in LIES}, callbacks="normal")
        self.server.seed()
        self.invented = {row["id"] for row in History.of(database_url, []).appointments}
        self.server.start()

    @property
    def webs(self) -> list[Server]:
        """What the providers may reach."""
        return [self.server]

    def rains(self) -> Counter[int]:
        """Everybody writes; how often the providers were answered what, at first."""
        answers: Counter[int] = Counter()
        for number, web in enumerate(self.webs):
            self._standin.control(routes={self.server.url: web.url})
            rounds = range(number * EACH // len(self.webs), (number + 1) * EACH // len(self.webs))
            with ThreadPoolExecutor(48) as pool:
                answers.update(pool.map(self._write, product(rounds, KNOWN)))
        return answers

    def _write(self, what: tuple[int, Parent]) -> int:
        number, parent = what
        words = "menu" if number % 2 else f"hello {number}"
        return int(self._standin.inbound(parent.channel, parent.sender, words)["statuses"][0])

    def check(self) -> dict[str, int]:
        """Of everything that was written, once it was worked off."""
        numbers = self.judged(invented=self.invented)
        assert numbers["received"] == EACH * len(KNOWN)
        return numbers


class ManyWebs(Flood):
    """The same in several processes."""

    def _born(self, nursery: Nursery, folder: Path, settings: Mapping[str, str]) -> Fleet:
        counts = {"web": 2, "worker": 1, "scheduler": 1}
        self.fleet = Fleet(nursery, self._standin, self._database_url, folder, counts, {**WAITS, **settings})
        return self.fleet

    @property
    def webs(self) -> list[Server]:
        return self.fleet.of("web")


def memory(server: Server, line: str) -> float:
    """Megabytes of a process, as the kernel counts them."""
    status = Path(f"/proc/{server.pid}/status").read_text("utf-8")
    found = re.search(rf"^{line}:\s+(\d+) kB", status, re.MULTILINE)
    assert found
    return int(found[1]) / 1024


def told(server: Server, route: str) -> str:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request("GET", route)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize("engine, kind", [("sqlite", Flood), ("postgresql", ManyWebs)])
def test_a_flood_is_refused_in_part_and_answered_whole(
    request: pytest.FixtureRequest, nursery: Nursery, standin: StandIn, tmp_path: Path, engine: str, kind: type[Flood]
) -> None:
    flood = kind(nursery, standin, request.getfixturevalue(f"{engine}_url"), tmp_path)
    deadline = time.monotonic() + 60
    while kind is Flood and "warming" in told(flood.server, "/readyz"):
        assert time.monotonic() < deadline, "understanding is not ready"
        time.sleep(0.1)
    before = [memory(web, "VmRSS") for web in flood.webs]
    answers = flood.rains()
    grown = [memory(web, "VmHWM") - was for web, was in zip(flood.webs, before, strict=True)]
    assert set(answers) == {200, 503}
    assert max(grown) < GROWS, grown
    refused = [told(web, "/metrics") for web in flood.webs]
    assert all('bookbag_refused_total{why="too many wait"}' in metrics for metrics in refused)
    flood.check()
