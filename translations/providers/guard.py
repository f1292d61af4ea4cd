"""What stands before each provider: its pace, a time limit, a circuit, and counters."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from translations.providers.base import Server
from translations.providers.circuit import Circuit, State
from translations.providers.errors import ProviderError, TimedOut


@dataclass(frozen=True)
class Limits:
    """How much one provider is asked. Pace and rests are for one process: of several, each has its own."""

    at_once: int  # requests
    apart: timedelta  # between the beginnings of two requests, at least
    first_rest: timedelta
    longest_rest: timedelta
    failures: int = 3  # in a row, that open the circuit


LIMITS: Final[Mapping[str, Limits]] = {
    # 6,000,000 characters a minute by default (cloud.google.com/translate/quotas): 20 requests a second of 5,000 characters each.
    "google_cloud": Limits(8, timedelta(seconds=0.05), timedelta(minutes=1), timedelta(minutes=30)),
    # Each request keeps a processor of the school's own server busy; its operator may set a limit, which it tells with 429.
    "libretranslate": Limits(2, timedelta(), timedelta(minutes=1), timedelta(minutes=30)),
    # Google publishes nothing. Others report blocks for hours after 40 to 50 requests in a burst; half an hour is Weblate's pause too.
    "google": Limits(1, timedelta(seconds=1), timedelta(minutes=30), timedelta(hours=24)),
}
"""The limits of each provider, by its name."""


class Guard:
    """A provider that may be asked at any time by anyone: it is never asked faster than `limits` allow, nor while it rests.

    `timeout` is seconds for one text in total, waiting for one's turn left out; `clock` gives the current instant, aware. White space around and
    between the pieces of a text stays as it is, whatever the provider does with it.
    """

    def __init__(
        self, server: Server, limits: Limits, timeout: float, clock: Callable[[], datetime], sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    ) -> None:
        self._server, self._limits, self._timeout, self._clock, self._sleep = server, limits, timeout, clock, sleep
        self._circuit = Circuit(server.name, limits.first_rest, limits.longest_rest, limits.failures, clock)
        self._turns = asyncio.Semaphore(limits.at_once)
        self._next: datetime | None = None
        self._counts: Counter[tuple[str, str]] = Counter()

    @property
    def name(self) -> str:
        """The provider's name in the settings."""
        return self._server.name

    @property
    def state(self) -> State:
        """Whether it rests, until when and why."""
        return self._circuit.state

    @property
    def counts(self) -> Mapping[tuple[str, str], int]:
        """How texts ended since the start, by target language and outcome: 'answered', or the `outcome` of an error of the tree."""
        return MappingProxyType(self._counts)

    async def translate(self, text: str, source: str, target: str) -> str:
        """`text` in the language `target`. Raises a ProviderError; Resting at once where it may not be asked."""
        try:
            translation = await self._translated(text, source, target)
        except ProviderError as error:
            self._counts[target, error.outcome] += 1
            raise
        self._counts[target, "answered"] += 1
        return translation

    async def close(self) -> None:
        """Let go of connections."""
        await self._server.close()

    async def _translated(self, text: str, source: str, target: str) -> str:
        left, made = self._timeout, []
        for piece in self._server.pieces(text):
            core = piece.strip()
            if any(map(str.isalpha, core)):
                before, _, after = piece.partition(core)
                answer, took = await self._ask(core, source, target, left)
                left -= took
                made.append(f"{before}{answer.strip()}{after}")
            else:
                made.append(piece)
        return "".join(made)

    async def _ask(self, text: str, source: str, target: str, seconds: float) -> tuple[str, float]:
        """One request, in its turn; its answer and how many seconds that took."""
        async with self._turns:
            self._circuit.look()
            await self._wait()
            with self._circuit.asked():
                now = asyncio.get_running_loop().time
                began = now()
                try:
                    async with asyncio.timeout(seconds):
                        return await self._server.translate(text, source, target), now() - began
                except TimeoutError:
                    raise TimedOut from None

    async def _wait(self) -> None:
        """Until the next request may begin. The clock may be set back meanwhile: nobody waits for longer than the pace asks."""
        now, apart = self._clock(), self._limits.apart
        begins = now if self._next is None else min(max(now, self._next), now + apart * self._limits.at_once)
        self._next = begins + apart
        if begins > now:
            await self._sleep((begins - now).total_seconds())
