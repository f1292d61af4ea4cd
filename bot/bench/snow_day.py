"""`bookbag bench load`: a morning with snow. The school has told everyone that it is closed; parents answer, ask, book, send pictures and rubbish, all at once.

Who writes what and when is planned before the first message, from a seed: the load does not slow down when the server does (an open loop), and every wait
counts from the planned instant, so that no stall hides itself. The server is the real program in processes of its own, or one that runs already; provider and
phones are this process.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import re
import sys
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from rich.console import Console
from sqlalchemy import select

from bot.bench import latency, limits, server, tables
from bot.bench.broadcast import Bench, Phones, log_in, never_quiet
from bot.bench.families import fill, phone
from bot.bench.load import ANSWERS
from bot.bench.wire import Lines, serve
from bot.clock import now
from bot.mail import LOOPBACK
from data.addresses import Address, AddressState
from data.migrate import upgrade
from data.people import AdultAddress
from data.store import Store

if TYPE_CHECKING:
    from bot.settings import Settings


class Kind(StrEnum):
    """What a message is."""

    REPLY = "reply"
    QUESTION = "question"
    BOOKING = "booking"
    PICTURE = "picture"
    RUBBISH = "rubbish"


MIX: Final = {Kind.REPLY: 60, Kind.QUESTION: 20, Kind.BOOKING: 10, Kind.PICTURE: 5, Kind.RUBBISH: 5}
"""Of a hundred messages."""
OPENINGS: Final = ("", "Hello. ", "Hi, ", "Good morning. ", "Sorry, ", "Dear school, ", "Hi Ms, ", "Oh no! ")
WORDS: Final = {
    Kind.REPLY: (
        "ok",
        "thank you",
        "thanks for telling us",
        "ok we will stay at home",
        "thank you, stay safe",
        "fine, see you tomorrow then",
        "got it thanks",
        "👍",
    ),
    Kind.QUESTION: (
        "when does school open again?",
        "what time does school start tomorrow?",
        "is there lunch on Friday?",
        "is the school bus running tomorrow?",
        "when does term end?",
        "what is on at school this week?",
        "who is my child's teacher?",
        "how can I reach the office?",
    ),
    Kind.PICTURE: ("", "our snowman", "look", "from the garden this morning"),
    Kind.RUBBISH: ("asdkj qwe", "???", "hkjhkjh", "Driving. I will answer later.", "0", "😀😀😀", "dfg 33 x", "call 4 u"),
}
"""What is written. Each text stands after one of the openings: whoever repeats the same words within an hour is taken for a phone that answers by itself."""
BOOKS: Final = 10
"""One family in so many books: its messages are the steps of one conversation after the other."""
PATIENCE: Final = 30.0
"""Seconds after which a reply is not waited for any more."""
ACKNOWLEDGED_MS, REPLIED_MS = 1_000.0, 2_000.0
"""A rate holds when every message is answered and no more than one in a hundred waits longer than this: its webhook for its 200, its writer for the reply."""
STEP: Final = 1.15
"""The search ends when the lowest rate that did not hold is at most so many times the highest that did."""
TRIES: Final = 7
CHILDREN: Final = 400


@dataclass(frozen=True)
class Arrival:
    """One message: when it is due, in seconds from the beginning; which family writes; what."""

    due: float
    family: int
    kind: Kind
    words: str


def planned(seed: int, per_second: float, seconds: float, families: int) -> list[Arrival]:
    """What arrives within so many seconds, by chance and independently, as calls do (a Poisson process). The same seed plans the same.

    One family in ten books, and writes nothing else; the others take turns. There must be ten families at least.
    """
    chance, due = random.Random(seed), 0.0  # noqa: S311  # a plan that can be repeated, no secret
    writers = {is_booking: _in_turn(chance, families, is_booking=is_booking) for is_booking in (True, False)}
    steps: defaultdict[int, Iterator[str]] = defaultdict(lambda: itertools.cycle(ANSWERS))
    arrivals = []
    while (due := due + chance.expovariate(per_second)) < seconds:
        (kind,) = chance.choices(list(MIX), list(MIX.values()))
        family = next(writers[kind is Kind.BOOKING])
        words = next(steps[family]).format(time=family % 3 + 1) if kind is Kind.BOOKING else _words(chance, kind)
        arrivals.append(Arrival(due, family, kind, words))
    return arrivals


def _in_turn(chance: random.Random, families: int, *, is_booking: bool) -> Iterator[int]:
    theirs = [number for number in range(families) if (number % BOOKS == 0) is is_booking]
    chance.shuffle(theirs)
    return itertools.cycle(theirs)


def _words(chance: random.Random, kind: Kind) -> str:
    return chance.choice(OPENINGS) + chance.choice(WORDS[kind])


@dataclass
class Morning:
    """What was seen of one plan. All in seconds from the planned instant: to the webhook's 200, and to the reply's arrival at the provider, by kind."""

    seconds: float
    acknowledged: list[float] = field(default_factory=list)
    answered: defaultdict[Kind, list[float]] = field(default_factory=lambda: defaultdict(list))
    refused: int = 0
    unanswered: int = 0
    behind: float = 0.0
    """The longest that this process itself was late to write: of what is measured, so much may be its own doing."""

    @property
    def replies(self) -> list[float]:
        """Of every kind."""
        return [each for kind in self.answered.values() for each in kind]

    @property
    def holds(self) -> bool:
        """Whether the server kept up."""
        slow = latency.quantile(self.acknowledged, 0.99) * 1_000 > ACKNOWLEDGED_MS or latency.quantile(self.replies, 0.99) * 1_000 > REPLIED_MS
        return not (self.refused or self.unanswered or slow)

    def told(self) -> dict[str, object]:
        """In numbers and milliseconds."""
        messages = len(self.acknowledged) + self.refused
        return {
            "messages": messages,
            "a_second": round(messages / self.seconds, 1),
            **{f"acknowledged_{name}": value for name, value in latency.percentiles(self.acknowledged).items()},
            **{f"reply_{name}": value for name, value in latency.percentiles(self.replies).items()},
            "refused": self.refused,
            "unanswered": self.unanswered,
            "generator_late_at_most_ms": round(self.behind * 1_000, 1),
        }


class Town(Phones):
    """Everyone's phones. A phone that rings has the answer to the oldest message that it waits with; what rings besides is the news, or a second part."""

    def __init__(self, numbers: Sequence[str]) -> None:
        super().__init__(0)
        self.numbers = numbers
        self._waits: defaultdict[str, deque[asyncio.Future[float]]] = defaultdict(deque)

    def ring(self, number: str, words: str) -> None:
        """A phone has something to read."""
        waits = self._waits[number]
        while waits:
            first = waits.popleft()
            if not first.done():
                first.set_result(time.perf_counter())
                return
        super().ring(number, words)

    async def live_through(self, plan: Sequence[Arrival], seconds: float) -> Morning:
        """Write what is planned, when it is planned, and wait for what comes back."""
        morning, began, under_way = Morning(seconds), time.perf_counter(), []
        for arrival in plan:
            due = began + arrival.due
            await asyncio.sleep(max(due - time.perf_counter(), 0))
            under_way.append(asyncio.create_task(self._write(morning, arrival, due)))
        await asyncio.gather(*under_way)
        return morning

    async def _write(self, morning: Morning, arrival: Arrival, due: float) -> None:
        number = self.numbers[arrival.family]
        morning.behind = max(morning.behind, time.perf_counter() - due)
        rings: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waits[number].append(rings)
        try:
            async with asyncio.timeout(PATIENCE):
                status = await self.twilio.text(number, arrival.words, pictures=int(arrival.kind is Kind.PICTURE))
                if status != 200:
                    morning.refused += 1
                    rings.cancel()
                    return
                morning.acknowledged.append(time.perf_counter() - due)
                morning.answered[arrival.kind].append(await rings - due)
        except TimeoutError:
            morning.unanswered += 1


async def highest(measure: Callable[[float], Awaitable[Morning]], start: float) -> tuple[float, dict[str, object]]:
    """The highest rate that holds, from `start` on: doubled while it holds, halved while it does not, then between the two. 0 where none was found.

    Also what was seen at each rate, in the order of trying.
    """
    holds, fails, rate = 0.0, 0.0, start
    tried: dict[str, object] = {}
    for _ in range(TRIES):
        morning = await measure(rate)
        tried[f"{rate:.3g} a second"] = f"{'holds' if morning.holds else 'does not hold'}: reply p99 {latency.quantile(morning.replies, 0.99) * 1_000:,.0f} ms"
        holds, fails = (rate, fails) if morning.holds else (holds, rate)
        if holds and fails and fails / holds <= STEP:
            break
        rate = (holds * fails) ** 0.5 if holds and fails else rate * 2 if holds else rate / 2
    return holds, tried


def load(
    settings: Settings,
    *,
    rate: float,
    seconds: float,
    seed: int,
    families: int,
    search: bool,
    processes: int = 1,
    address: str | None = None,
    as_json: bool = False,
    database_url: str | None = None,
    postgres: bool = False,
) -> int:
    """Measure, and print a table or JSON; 1 if a message was refused or not answered at `rate`. With `search` also the highest rate that holds.

    `address` is a server that runs already, of which `settings` are the settings: its provider must be one on this machine, whose place is taken here.
    Without it the program is started on an empty database: see `server.database`.
    """
    if address is not None:
        numbers = asyncio.run(_at(settings, address, rate, seconds, seed, search=search))
    else:
        with limits.folder_beside(settings.database_url) as folder, server.database(folder, database_url, postgres=postgres) as database:
            numbers = asyncio.run(measure(settings, folder, database, rate, seconds, seed, families=families, processes=processes, search=search))
    if as_json:
        sys.stdout.write(limits.as_json(numbers) + "\n")
    else:
        tables.show("Bookbag, a morning with snow", {name: part for name, part in numbers.items() if name != "histogram"}, {})
        _draw(numbers["histogram"])
    return int(bool(numbers["at_rate"]["refused"] or numbers["at_rate"]["unanswered"]))


Parts = dict[str, dict[str, object]]


async def measure(
    settings: Settings,
    folder: Path,
    database: server.Database,
    rate: float,
    seconds: float,
    seed: int,
    *,
    families: int,
    processes: int = 1,
    search: bool = False,
) -> Parts:
    """Start the program, tell everyone the news, and live through the morning; processor and memory beside it."""
    upgrade(database.url)
    town = Town([phone(number) for number in range(families)])
    provider, provider_port = await serve(town.twilio.answer)
    with closing(Store(database.url)) as store:
        fill(store, families, 0, now())
        token = log_in(store)
    program = server.start(settings, folder, database.url, provider_port, never_quiet(now()), processes=processes)
    town.twilio.base, town.twilio.lines = program.base, Lines(*program.ports)
    try:
        await program.warm()
        with closing(Store(database.url)) as store:
            await _tell_the_news(Bench(store, town, token, provider_port, program), families)
        await _settle_in(town, rate, seed)
        used = program.cpu(), database.cpu(), time.process_time()
        numbers = await _lived_through(town, rate, seconds, seed)
        each = [later - before for later, before in zip((program.cpu(), database.cpu(), time.process_time()), used, strict=True)]
        if search:
            numbers["search"] = await _searched(town, rate, seconds, seed)
        memory = program.memory()
    finally:
        program.stop()
        provider.close()
    count = int(str(numbers["at_rate"]["messages"])) or 1
    processor = zip(("program", "database", "generator"), each, strict=True)
    return {
        "setup": {"families": families, "seed": seed, "seconds": seconds, "database": database.kind, "processes": processes, "cores": os.cpu_count() or 0},
        **numbers,
        "cpu_ms_a_message": {name: round(used * 1_000 / count, 2) for name, used in processor},
        "memory_mb": {**memory},
    }


async def _tell_the_news(bench: Bench, families: int) -> None:
    """The school tells everyone; parents' first answers come when all have read it."""
    await bench.press(await bench.draft(), "send")
    await bench.until_told(families)


async def _settle_in(town: Town, rate: float, seed: int) -> None:
    """A few messages that do not count: what is loaded at first use is loaded now."""
    await town.live_through(planned(seed + 1, min(rate, 5), 4, len(town.numbers)), 4)


async def _lived_through(town: Town, rate: float, seconds: float, seed: int) -> Parts:
    morning = await town.live_through(planned(seed, rate, seconds, len(town.numbers)), seconds)
    kinds: dict[str, object] = {f"{kind}_p50_ms": round(latency.quantile(each, 0.5) * 1_000, 1) for kind, each in sorted(morning.answered.items())}
    return {"at_rate": morning.told(), "by_kind": kinds, "histogram": {**latency.histogram(morning.replies)}}


async def _searched(town: Town, rate: float, seconds: float, seed: int) -> dict[str, object]:
    """The highest rate that holds, each rate tried with a plan of its own."""
    seeds = itertools.count(seed + 2)

    async def one(tried: float) -> Morning:
        return await town.live_through(planned(next(seeds), tried, seconds, len(town.numbers)), seconds)

    found, told = await highest(one, rate)
    return {"highest_that_holds": round(found, 1), **told}


# A server that runs already


async def _at(settings: Settings, address: str, rate: float, seconds: float, seed: int, *, search: bool) -> Parts:
    """The same against a server that runs already, with its own families; no news is sent. Raises limits.CannotMeasure."""
    numbers = _their_numbers(settings)
    provider_port = _place_of_provider(settings, address)
    town = Town(numbers)
    town.twilio.account, town.twilio.number = settings.twilio.account_sid or "", settings.twilio.sms_from or ""
    town.twilio.token = settings.twilio.auth_token.get_secret_value() if settings.twilio.auth_token else ""
    provider, _ = await serve(town.twilio.answer, provider_port)
    town.twilio.base, town.twilio.lines = (settings.public_url or address).rstrip("/"), Lines(urlsplit(address).port or 80)
    try:
        await _settle_in(town, rate, seed)
        parts = await _lived_through(town, rate, seconds, seed)
        if search:
            parts["search"] = await _searched(town, rate, seconds, seed)
    finally:
        provider.close()
    return {"setup": {"families": len(numbers), "seed": seed, "seconds": seconds, "address": address}, **parts}


def _place_of_provider(settings: Settings, address: str) -> int:
    """The loopback port at which this server looks for its provider. Raises limits.CannotMeasure where that is not on this machine, or the server is not."""
    theirs = urlsplit(settings.twilio.base_url or "")
    if urlsplit(address).hostname not in LOOPBACK or theirs.hostname not in LOOPBACK or theirs.port is None:
        raise limits.CannotMeasure(
            "it is for a server on this machine whose provider is on this machine too: start it with BOOKBAG_TWILIO__BASE_URL=http://127.0.0.1:PORT, "
            "a port that is free, and give this command the same settings."
        )
    return theirs.port


def _their_numbers(settings: Settings) -> list[str]:
    """The mobile numbers that the school knows. Raises limits.CannotMeasure where they are too few for the mix."""
    with closing(Store(settings.database_url)) as store, store.read() as session:
        known = (
            select(Address.value)
            .join(AdultAddress, AdultAddress.address_id == Address.id)
            .where(Address.channel == "sms", Address.state == AddressState.USABLE)
        )
        numbers = sorted(set(session.scalars(known)))
    if len(numbers) < BOOKS:
        raise limits.CannotMeasure(
            f"the school at {re.sub('//.*@', '//…@', settings.database_url)} has fewer than {BOOKS} parents who can be texted: import some first."
        )
    return numbers


def _draw(bars: dict[str, object]) -> None:
    """The histogram, a bar a line, the longest 50 characters wide."""
    console, most = Console(), max((int(str(count)) for count in bars.values()), default=0) or 1
    console.print("\n Replies, by milliseconds at most")
    for name, count in bars.items():
        console.print(f" {name:>6} {'█' * round(50 * int(str(count)) / most)} {count}")
