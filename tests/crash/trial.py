"""A school that something happens to while parents write, and the verdict on it, which the judge alone gives (judge.py)."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, ClassVar

from sqlalchemy import create_engine, text

from tests.crash.fleet import Fleet
from tests.crash.judge import Judge, Log, told_between
from tests.crash.life import Life
from tests.crash.parents import Askers
from tests.crash.server import WAITS, Nursery, Server
from tests.standin.client import StandIn

ANSWERED_WITHIN = 120.0
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
        super().__init__(nursery, standin, database_url, folder, seed, **{"CATCH_UP__INTERVAL": "3"} | settings)
        self._log: list[dict[str, Any]] = []
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

    def judge(self) -> Judge:
        """What can be seen from outside so far."""
        return Judge(self._seen())

    def goes_on(self, answers: int = 12, *, but_for: Collection[str] = ()) -> None:
        """So many more questions are answered, of others than those who ask `but_for` nothing."""
        self.until(partial(self._has_answered, self._count(but_for) + answers, but_for), "nobody is answered")

    def _has_answered(self, answers: int, but_for: Collection[str]) -> bool:
        return self._count(but_for) >= answers

    def _count(self, but_for: Collection[str]) -> int:
        return sum(who not in but_for for who, _ in self.judge().waits)

    def providers(self, **rates: Mapping[str, float]) -> None:
        """How often the providers fail from now on, by operation and by kind (tests/standin/faults.py)."""
        self._standin.control(rates={name: {"seconds": 1.5, **each} for name, each in rates.items()})

    def processes(self, command: str) -> list[Server]:
        """Those of one kind."""
        assert isinstance(self.server, Fleet)
        return self.server.of(command)

    def told_between(self, begin: float, end: float) -> Counter[int]:
        """What the webhooks said to calls that began and ended between these moments."""
        return told_between(self._seen(), begin, end)

    def until(self, is_so: Callable[[], bool], otherwise: str, within: float = ANSWERED_WITHIN) -> None:
        """Wait until it is so; `otherwise` says what is wrong where it never is."""
        deadline = time.monotonic() + within
        while not is_so():
            assert time.monotonic() < deadline, f"seed {self._seed}: {otherwise}\n{self.server.tail()}"
            time.sleep(0.2)

    def poison(self, number: str) -> None:
        """What is kept of the conversation with this number cannot be read: whatever they write fails."""
        engine = create_engine(self._database_url)
        theirs = "SELECT thread FROM inbox JOIN addresses ON addresses.id = inbox.address_id WHERE addresses.value = :number"
        with engine.begin() as connection:
            connection.execute(text(f"UPDATE conversations SET state = :state WHERE thread IN ({theirs})"), {"state": '{"frames": 7}', "number": number})
        engine.dispose()

    def asked_of_the_program(self, *arguments: str) -> str:
        """What a `bookbag` command prints."""
        said = self._folder / f"asked-{time.monotonic_ns()}.log"
        return self._nursery.run(arguments, self.server.environment, said)

    def _seen(self) -> Log:
        """All that the stand-in has seen so far; what it told before it is not asked again."""
        self._log += self._standin.log(since=len(self._log))
        return self._log

    def _seen_and_told(self) -> Judge:
        """What can be seen from outside, and what staff are told."""
        needs: list[dict[str, Any]] = json.loads(self.asked_of_the_program("attention", "--json"))
        return Judge(self._seen(), needs)

    def verdict(self, *, but_for: Collection[str] = ()) -> Judge:
        """Nobody writes any more, and all but some have their answers: the judge speaks."""
        self.parents.stop()
        deadline = time.monotonic() + ANSWERED_WITHIN
        while {who for who, _ in self.judge().unanswered()} - set(but_for) and time.monotonic() < deadline:
            time.sleep(0.2)
        while but_for and self._seen_and_told().check()["faults"] and time.monotonic() < deadline:
            time.sleep(1)
        time.sleep(DOUBLES_WITHIN)
        self.server.stop()
        judge = self._seen_and_told()
        numbers = judge.check() | {f"s the {name} answer took": round(of(judge.waits.values()), 2) for name, of in (("median", median), ("slowest", max))}
        sys.stdout.write(f"\nseed {self._seed}: " + ", ".join(f"{count} {name}" for name, count in numbers.items()) + "\n")
        history = self._folder.parent / f"{self._folder.name}.history.json"  # the folder itself may be on a disk that goes with the test
        history.write_text(json.dumps([*judge.log, *judge.attention]), encoding="utf-8")
        assert not judge.faults, f"seed {self._seed}, all that was seen: {history}\n" + "\n".join(judge.faults[:40])
        return judge
