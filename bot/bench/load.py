"""Parents who answer by number: at a fixed rate whatever happens, or each as soon as they are answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.bench.families import phone
from bot.bench.latency import quantile
from bot.bench.wire import Twilio

ANSWERS = ("menu", "1", "{time}", "2", "6")
"""The menu; book; one of the three times offered; change something; do not book. Five turns: two lists, a hold, and nothing left behind."""
PATIENCE = 30.0


@dataclass
class Seen:
    """What was measured: seconds from a webhook to its answer, and from when it was due to the reply's arrival at the provider."""

    acknowledged: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    seconds: float = 0.0
    failed: int = 0

    def told(self) -> dict[str, float]:
        """In milliseconds and a second's numbers."""
        return {
            "turns": len(self.answered),
            "turns_per_second": round(len(self.answered) / self.seconds, 1) if self.seconds else 0.0,
            "reply_p50_ms": round(quantile(self.answered, 0.5) * 1_000, 1),
            "reply_p99_ms": round(quantile(self.answered, 0.99) * 1_000, 1),
            "acknowledged_p50_ms": round(quantile(self.acknowledged, 0.5) * 1_000, 1),
            "acknowledged_p99_ms": round(quantile(self.acknowledged, 0.99) * 1_000, 1),
            "failed": self.failed,
        }


class Parents:
    """The parents who write, by the numbers of their families; each writes only when the last message was answered, as people do."""

    def __init__(self, families: Sequence[int]) -> None:
        self.twilio = Twilio(self.ring)
        self._turns = {phone(number): 0 for number in families}
        self._times = {phone(number): str(number % 3 + 1) for number in families}
        self._ringing: dict[str, asyncio.Event] = {number: asyncio.Event() for number in self._turns}
        self._idle: asyncio.Queue[str] = asyncio.Queue()
        for number in self._turns:
            self._idle.put_nowait(number)
        self.last = ""

    def ring(self, number: str, words: str) -> None:
        """A phone has something to read."""
        self.last = words
        self._ringing[number].set()

    async def at_rate(self, turns: int, per_second: float) -> Seen:
        """Open loop: a message each so often. Time counts from when it was due, also if every parent still waits: no stall hides itself."""
        seen, began, under_way = Seen(), time.perf_counter(), []
        for number in range(turns):
            due = began + number / per_second
            await asyncio.sleep(max(due - time.perf_counter(), 0))
            under_way.append(asyncio.create_task(self._turn(seen, due)))
        await asyncio.gather(*under_way)
        seen.seconds = time.perf_counter() - began
        return seen

    async def as_fast_as_answered(self, turns: int, at_once: int) -> Seen:
        """Closed loop: so many parents, each writing again as soon as the reply is there."""
        seen, left, began = Seen(), iter(range(turns)), time.perf_counter()

        async def one() -> None:
            for _ in left:
                await self._turn(seen, None)

        await asyncio.gather(*(one() for _ in range(at_once)))
        seen.seconds = time.perf_counter() - began
        return seen

    async def _turn(self, seen: Seen, due: float | None) -> None:
        number = await self._idle.get()
        rings, words = self._ringing[number], ANSWERS[self._turns[number] % len(ANSWERS)].format(time=self._times[number])
        rings.clear()
        self._turns[number] += 1
        posted = time.perf_counter()
        try:
            async with asyncio.timeout(PATIENCE):
                status = await self.twilio.text(number, words)
                seen.acknowledged.append(time.perf_counter() - posted)
                if status == 200:
                    await rings.wait()
                    seen.answered.append(time.perf_counter() - (due or posted))
            seen.failed += status != 200
        except TimeoutError:
            seen.failed += 1
        self._idle.put_nowait(number)
