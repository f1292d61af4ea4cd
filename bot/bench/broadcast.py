"""`bookbag bench broadcast`: one text to ten thousand adults in twelve languages, from the button 'Send it now' to the last phone.

The server is the real program in a process of its own; the button is pressed over HTTP, as a browser does. The provider, the translator and all phones are
this process. Beside it a bare HTTP client in a third process sends the same messages to the same provider: what could be done at best.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from sqlalchemy import func, insert, select

from bot.bench import limits, server, tables
from bot.bench.families import fill, phone
from bot.bench.load import Parents, Seen
from bot.bench.translation import LANGUAGES as ALL_LANGUAGES
from bot.bench.translation import NEWS, Counting
from bot.bench.wire import ACCOUNT, NUMBER, Answerer, Lines, serve
from bot.clock import now
from console.desk import HOME, csrf_of
from data.migrate import upgrade
from data.outbox import Message, OutboxState
from data.people import Staff
from data.store import Store
from data.texts import TextTranslation, TranslationState
from school import LONDON, School, accounts, broadcast_runs, broadcasts
from school.broadcasts import Content

if TYPE_CHECKING:
    from bot.settings import Settings

LANGUAGES: Final = ALL_LANGUAGES[:12]
WRITERS: Final = 200
"""How many parents write of themselves; all read English."""
RATE: Final = 10.0
"""Messages a second that they write."""
AT_ONCE: Final = 10
"""Requests that are with the provider at once: ours, and the bare client's."""
STALLED: Final = 30.0
"""Seconds without a message after which no more are waited for."""
OFFICE: Final = 100_000
AIMS: Final[tables.Aims] = {
    "planning.seconds": (3.0, "<"),
    "dispatch.share_of_bare_client": (0.6, ">"),
    "memory.end_over_begin": (1.1, "<"),
}
BARE: Final = """
import asyncio, itertools, json, sys, time
import aiohttp
url, count, at_once, forms = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), json.load(sys.stdin)
async def main():
    left = iter(range(count))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=at_once), headers={"Authorization": aiohttp.encode_basic_auth("a", "b")}) as session:
        async def one():
            for number in left:
                async with session.post(url, data=forms[number % len(forms)]) as answer:
                    assert (await answer.json())["sid"]
        began = time.perf_counter()
        await asyncio.gather(*(one() for _ in range(at_once)))
        print(count / (time.perf_counter() - began))
asyncio.run(main())
"""


def broadcast(settings: Settings, *, adults: int, replies: int, provider_ms: int = 0, as_json: bool = False, database_url: str | None = None) -> int:
    """Measure, and print a table or JSON; 1 if someone was not told, or a parent not answered. Aims that are missed are marked and are no failure.

    `provider_ms` is how long the provider takes to answer, ours and the bare client alike.
    The database is a new one beside the school's own, or an empty one at `database_url`; the school's own is never touched.
    """
    with limits.folder_beside(settings.database_url) as folder:
        numbers = asyncio.run(measure(settings, folder, database_url or f"sqlite:///{folder}/bookbag.db", adults, replies, provider_ms))
    if as_json:
        sys.stdout.write(limits.as_json({**numbers}) + "\n")
    else:
        tables.show("Bookbag, one text to many", numbers, AIMS)
    return int(numbers["dispatch"]["told"] != adults or any(numbers["replies"][f"{when}_failed"] for when in ("without", "during")))


class Phones(Parents):
    """Everyone's phones: those of parents who write, and all that are told the news. `told` counts the news by number."""

    def __init__(self, families: int) -> None:
        writers = list(range(0, families, len(LANGUAGES)))[:WRITERS]
        super().__init__(writers)
        self._writers = {phone(number) for number in writers}
        self.told: Counter[str] = Counter()
        self.first_at = self.last_at = 0.0

    def ring(self, number: str, words: str) -> None:
        """A reply, or the news."""
        if number in self._writers and NEWS not in words:
            super().ring(number, words)
            return
        self.last_at = time.perf_counter()
        self.first_at = self.first_at or self.last_at
        self.told[number] += 1

    def forget_news(self) -> None:
        """Count from nothing."""
        self.told.clear()
        self.first_at = self.last_at = 0.0


@dataclass
class Bench:
    """One run: the program under test, its provider, and who sits in the office."""

    store: Store
    phones: Phones
    token: str
    provider_port: int
    program: server.Programs
    memory: list[float] = field(default_factory=list)

    async def draft(self) -> int:
        """The id of a draft to everyone whose words are translated."""
        with self.store.write() as session:
            made = broadcasts.make(School(session, now()), None, Content(NEWS)).id
        async with asyncio.timeout(60):
            while self._awaits_translation():
                await asyncio.sleep(0.2)
        return made

    def _awaits_translation(self) -> bool:
        with self.store.read() as session:
            return bool(session.scalar(select(func.count()).where(TextTranslation.state == TranslationState.WANTED)))

    async def press(self, broadcast_id: int, what: str) -> float:
        """Press a button of the broadcast's page; the seconds until it is answered, and so committed."""
        return await asyncio.to_thread(self._press, broadcast_id, what)

    def _press(self, broadcast_id: int, what: str) -> float:
        with self.store.read() as session:
            seen = session.get_one(broadcasts.Broadcast, broadcast_id).made_at.isoformat()
        line = http.client.HTTPConnection(self.program.base.removeprefix("http://"), timeout=60)
        headers = {"Cookie": f"bookbag={self.token}", "Content-Type": "application/x-www-form-urlencoded"}
        form = urlencode({"csrf": csrf_of(self.token), "seen": seen, "now": "1"})
        began = time.perf_counter()
        line.request("POST", f"{HOME}/broadcasts/{broadcast_id}/{what}", form, headers)
        answer = line.getresponse()
        answer.read()
        took = time.perf_counter() - began
        line.close()
        if answer.status != 303:
            raise RuntimeError(f"'{what}' was answered with {answer.status}")
        return took

    def in_outbox(self) -> int:
        """How many messages of broadcasts there are."""
        with self.store.read() as session:
            return session.scalar(select(func.count()).where(Message.kind == broadcast_runs.KIND)) or 0

    async def until_told(self, adults: int) -> None:
        """Until every phone has the news, or none has rung for long. Memory is looked at meanwhile."""
        waits_since = time.perf_counter()
        while sum(self.phones.told.values()) < adults and time.perf_counter() - max(self.phones.last_at, waits_since) < STALLED:
            self.memory.append(self.program.memory()["now"])
            await asyncio.sleep(0.5)
        self.memory.append(self.program.memory()["now"])

    async def until_nothing_leaves(self) -> None:
        """Until nothing is with the provider: what is held back or taken back leaves no more."""
        async with asyncio.timeout(STALLED):
            while self._leaves():
                await asyncio.sleep(0.2)

    def _leaves(self) -> bool:
        with self.store.read() as session:
            return bool(session.scalar(select(func.count()).where(Message.state.in_((OutboxState.QUEUED, OutboxState.SENDING)))))


async def measure(settings: Settings, folder: Path, url: str, adults: int, replies: int, provider_ms: int) -> dict[str, dict[str, float]]:
    upgrade(url)
    phones, counting = Phones(adults), Counting()
    provider, provider_port = await serve(_taking(provider_ms, phones.twilio.answer))
    translator, translator_port = await serve(counting.answer)
    with closing(Store(url)) as store:
        fill(store, adults, 0, now(), LANGUAGES)
        token = log_in(store)
    # The program first: whoever has an SQLite file open before it would be the one to write its WAL back, and does not.
    program = server.start(settings, folder, url, provider_port, {**never_quiet(now()), **_translated_by(translator_port)})
    phones.twilio.base, phones.twilio.lines = program.base, Lines(*program.ports)
    try:
        await program.warm()
        with closing(Store(url)) as store:
            setup: dict[str, float] = {"adults": adults, "languages": len(LANGUAGES), "provider_ms": provider_ms, "cores": os.cpu_count() or 0}
            return {"setup": setup, **await _all(Bench(store, phones, token, provider_port, program), adults, replies)}
    finally:
        program.stop()
        provider.close()
        translator.close()


async def _all(bench: Bench, adults: int, replies: int) -> dict[str, dict[str, float]]:
    phones = bench.phones
    await phones.as_fast_as_answered(50, 5)
    first, second = await bench.draft(), await bench.draft()
    without = await phones.at_rate(replies, RATE)
    processor = bench.program.cpu()
    planned = await bench.press(first, "send")
    written = bench.in_outbox()
    await bench.until_told(adults)
    processor = bench.program.cpu() - processor
    told, rate = len(phones.told), sum(phones.told.values()) / (phones.last_at - phones.first_at or 1.0)
    doubles = sum(phones.told.values()) - told
    await bench.until_nothing_leaves()
    bare = await bare_client(bench.provider_port, adults)
    phones.forget_news()
    writing = asyncio.create_task(phones.at_rate(replies, RATE))
    await asyncio.sleep(1)
    again = await bench.press(second, "send")
    during = await writing
    meanwhile = sum(phones.told.values())
    await bench.press(second, "cancel")
    await bench.until_nothing_leaves()
    return {
        "planning": {"seconds": round(planned, 2), "seconds_while_parents_write": round(again, 2), "in_outbox": written},
        "dispatch": {
            "told": told,
            "told_twice": doubles,
            "a_second": round(rate, 1),
            "bare_client_a_second": round(bare, 1),
            "share_of_bare_client": round(rate / bare, 3),
            "cpu_ms_a_message": round(processor * 1_000 / adults, 2),
        },
        "replies": _beside(without, during) | {"of_broadcast_meanwhile": meanwhile},
        "memory": {
            "begin_mb": bench.memory[0],
            "end_mb": bench.memory[-1],
            "most_mb": max(bench.memory),
            "end_over_begin": round(bench.memory[-1] / bench.memory[0], 3),
        },
    }


def _beside(without: Seen, during: Seen) -> dict[str, float]:
    """What a parent waits without a broadcast and during one."""
    told = {"without": without.told(), "during": during.told()}
    found = {f"{when}_{name}": told[when][name] for name in ("reply_p50_ms", "reply_p99_ms", "failed") for when in told}
    ratios = {
        f"during_over_without_{part}": round(told["during"][name] / (told["without"][name] or 1), 2)
        for part, name in (("p50", "reply_p50_ms"), ("p99", "reply_p99_ms"))
    }
    return {"a_second": RATE, **found, **ratios}


async def bare_client(port: int, count: int) -> float:
    """Messages a second of a client that does nothing but send them: the same words, so many at once."""
    forms = [{"To": phone(n), "From": NUMBER, "Body": NEWS, "ValidityPeriod": "36000", "SmartEncoded": "false", "RiskCheck": "disable"} for n in range(100)]
    url = f"http://127.0.0.1:{port}/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", BARE, url, str(count), str(AT_ONCE), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    told, _ = await child.communicate(json.dumps(forms).encode())
    return float(told)


def _taking(milliseconds: int, answer: Answerer) -> Answerer:
    async def slowly(method: str, path: str, body: bytes) -> object:
        await asyncio.sleep(milliseconds / 1_000)
        return await answer(method, path, body)

    return slowly if milliseconds else answer


def log_in(store: Store) -> str:
    """The token of someone in the office."""
    with store.write() as session:
        session.execute(insert(Staff), [{"id": OFFICE, "name": "Office", "email": "office@example.org", "role": "office"}])
        school = School(session, now())
        token = accounts.begin(school, session.get_one(Staff, OFFICE))
        found = accounts.session_of(school, token)
        assert found is not None
        found.has_second_factor = True
        return token


def never_quiet(moment: datetime) -> Mapping[str, str]:
    """Quiet hours that are a minute long and half a day away: the bench may run at night."""
    far = moment.astimezone(LONDON) + timedelta(hours=12)
    return {"QUIET_HOURS__FROM": f"{far:%H:%M}", "QUIET_HOURS__TO": f"{far + timedelta(minutes=1):%H:%M}"}


def _translated_by(port: int) -> Mapping[str, str]:
    return {"TRANSLATION__PROVIDERS": "libretranslate", "TRANSLATION__LIBRETRANSLATE__URL": f"http://127.0.0.1:{port}"}
