"""A school that something happens to while parents write, and the verdict on it, which the judge alone gives (judge.py)."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from tests.crash.fleet import Fleet
from tests.crash.judge import Judge
from tests.crash.life import Life
from tests.crash.parents import Askers
from tests.crash.server import WAITS, Nursery, Server
from tests.standin.client import StandIn

ANSWERED_WITHIN = 60.0
"""Seconds that everybody's answer may take once all is well again, on a busy machine."""
DOUBLES_WITHIN = 3.5
"""Seconds for which it goes on after that: whatever would be said a second time is said then."""
PROCESSES = {"web": 1, "worker": 2, "scheduler": 1}


class Trial(Life):
    """The demo school in many processes, or in one with `processes` empty; its providers are honest, its parents ask about days."""

    lies: ClassVar[Mapping[str, Mapping[str, float]]] = {}

    def __init__(
        self, nursery: Nursery, standin: StandIn, database_url: str, folder: Path, seed: int, *, processes: Mapping[str, int] = PROCESSES, **settings: str
    ) -> None:
        self._nursery, self._folder, self._processes = nursery, folder, processes
        super().__init__(nursery, standin, database_url, folder, seed, **settings)
        self.server.seed()
        self.parents = Askers(standin, seed)

    def _born(self, nursery: Nursery, folder: Path, settings: Mapping[str, str]) -> Server:
        if not self._processes:
            return super()._born(nursery, folder, settings)
        return Fleet(nursery, self._standin, self._database_url, folder, self._processes, {**WAITS, **settings})

    def live(self) -> None:
        """The parents write, and are answered."""
        self.server.start()
        self.server.wait_until_warm()
        self.parents.start()
        self.goes_on()

    def judge(self, *, may_pass: bool = False) -> Judge:
        """What can be seen from outside so far."""
        return Judge(self._standin.log(), may_pass=may_pass)

    def goes_on(self, answers: int = 30) -> None:
        """So many more questions are answered."""
        before = len(self.judge().answered)
        self.until(lambda: len(self.judge().answered) >= before + answers, "nobody is answered")

    def until(self, is_so: Callable[[], bool], otherwise: str, within: float = ANSWERED_WITHIN) -> None:
        """Wait until it is so; `otherwise` says what is wrong where it never is."""
        deadline = time.monotonic() + within
        while not is_so():
            assert time.monotonic() < deadline, f"seed {self._seed}: {otherwise}\n{self.server.tail()}"
            time.sleep(0.1)

    def asked_of_the_program(self, *arguments: str) -> str:
        """What a `bookbag` command prints."""
        return self._nursery.run(arguments, self.server.environment, self._folder / "asked.log")

    def verdict(self, *, unanswered: int = 0, may_pass: bool = False) -> Judge:
        """Nobody writes any more, and all but so many have their answers: the judge speaks. No process was started anew but by the test."""
        self.parents.stop()
        deadline = time.monotonic() + ANSWERED_WITHIN
        while len(self.judge().unanswered()) > unanswered and time.monotonic() < deadline:
            time.sleep(0.2)
        time.sleep(DOUBLES_WITHIN)
        self.server.stop()
        needs: list[dict[str, Any]] = json.loads(self.asked_of_the_program("attention", "--json"))
        judge = Judge(self._standin.log(), needs, may_pass=may_pass)
        numbers = judge.check()
        sys.stdout.write(f"\nseed {self._seed}: " + ", ".join(f"{count} {name}" for name, count in numbers.items()) + "\n")
        history = self._folder / "history.json"
        history.write_text(json.dumps([*judge.log, *needs]), encoding="utf-8")
        assert not judge.faults, f"seed {self._seed}, all that was seen: {history}\n" + "\n".join(judge.faults[:40])
        return judge
