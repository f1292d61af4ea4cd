"""How the stand-in lies: one fault for one call, planned by name or drawn by a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

KINDS = (
    "refuse",  # 4xx before accepting: `status`, `code`
    "429",  # before accepting; `after` seconds in Retry-After, None: no such header
    "500_before",  # `status`
    "500_after",  # accepted, then a 5xx
    "drop_before",  # the connection is closed, nothing was accepted
    "drop_after",  # accepted, then the connection is closed
    "hang_before",  # `seconds`, then the connection is closed
    "hang_after",  # accepted, then silence for `seconds`
    "slow",  # accepted and answered after `seconds`
    "rubbish",  # accepted, and the answer (`body`) makes no sense
    "late_list",  # accepted, and shown in listings only after `seconds`
    "trick",  # accepted by a translator, which then does `trick` to its translation; see `translators.py`
)


@dataclass
class Fault:
    """One lie about one call."""

    kind: str
    status: int = 0
    code: int = 0
    after: float | None = None
    seconds: float = 30.0
    body: str = "<html>Bad gateway</html>"
    description: str = ""
    trick: str = ""
    number: str | None = None  # only for this recipient
    times: int = 1

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(self.kind)

    @property
    def accepts(self) -> bool:
        """Whether the call takes effect all the same."""
        return self.kind in {"500_after", "drop_after", "hang_after", "slow", "rubbish", "late_list", "trick"}


class Plan:
    """What will go wrong: for an operation ('twilio.send', 'twilio.list', 'telegram.sendMessage'), the next faults, or rates drawn by the seed."""

    def __init__(self, seed: int) -> None:
        self.seed(seed)
        self._next: dict[str, list[Fault]] = {}
        self._rates: dict[str, dict[str, float]] = {}
        self._seconds = 30.0

    def seed(self, seed: int) -> None:
        self._random = random.Random(seed)

    def add(self, operation: str, **fault: Any) -> None:
        """The next `times` calls fail so; -1: all from now on."""
        self._next.setdefault(operation, []).append(Fault(**fault))

    def rates(self, operation: str, seconds: float = 30.0, **rates: float) -> None:
        """From now on each call fails so with this probability; hanging lasts `seconds`."""
        self._rates[operation], self._seconds = rates, seconds

    def draw(self, operation: str, number: str | None) -> Fault | None:
        """The fault of this call, if any."""
        planned = self._next.get(operation, [])
        for fault in planned:
            if fault.number in {None, number}:
                fault.times -= 1
                if fault.times == 0:
                    planned.remove(fault)
                return fault
        return self._by_chance(self._rates.get(operation, {}))

    def _by_chance(self, rates: dict[str, float]) -> Fault | None:
        if not rates:
            return None
        drawn = self._random.random()
        for kind, rate in rates.items():
            drawn -= rate
            if drawn < 0:
                return Fault(kind, after=1.0, seconds=self._seconds)
        return None
