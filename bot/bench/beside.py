"""`bookbag bench peers`: the same booking, held with us and with other bots in the same run: a plain Telegram bot, and Rasa.

With the plain bot the provider is Telegram; with Rasa it is HTTP on both sides: its REST channel answers in the request, ours by a call to the provider. All
ask one menu, three times, a confirmation, and leave without booking: five turns. So many parents write at once, each again as soon as the answer is there.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.bench import limits, server, tables
from bot.bench.chats import WARMING, Chats
from bot.bench.families import fill
from bot.bench.load import ANSWERS, Parents, Seen
from bot.bench.peers import rasa_server
from bot.bench.wire import Lines, serve
from bot.clock import now
from data.migrate import upgrade
from data.store import Store

if TYPE_CHECKING:
    from bot.settings import Settings

AT_ONCE: Final = 20
AIMS: Final[tables.Aims] = {
    "beside.turns_over_plain_bot": (1.0, ">"),
    "beside.turns_over_rasa": (5.0, ">"),
    "beside.memory_over_rasa": (0.5, "<"),
}

Part = dict[str, float]
Parts = dict[str, Part | str]
"""What each did; or in a sentence why it was not measured."""


def peers(settings: Settings, *, count: int, with_rasa: bool = True, as_json: bool = False, database_url: str | None = None, postgres: bool = False) -> int:
    """Measure, and print a table or JSON; 1 if a turn was not answered. Rasa is measured where it is set up, and said to be missing where not.

    The database is a new one beside the school's own, or an empty one at `database_url`; the school's own is never touched.
    """
    with limits.folder_beside(settings.database_url) as folder, server.database(folder, database_url, postgres=postgres) as database:
        numbers = asyncio.run(measure(settings, folder, database, count, with_rasa=with_rasa))
    if as_json:
        sys.stdout.write(limits.as_json(numbers) + "\n")
    else:
        tables.show("Bookbag, beside other bots", numbers, AIMS)
    return int(any(part.get("failed") for part in numbers.values() if isinstance(part, dict)))


async def measure(settings: Settings, folder: Path, database: server.Database, count: int, *, with_rasa: bool = True) -> Parts:
    """What each of them did, and what we are beside them."""
    upgrade(database.url)
    with closing(Store(database.url)) as store:
        fill(store, AT_ONCE, 0, now(), chats=AT_ONCE)
    plain, on_telegram = await plain_bot(folder, count), await _ours_on_telegram(settings, folder, database, count)
    by_text = await _ours_by_text(settings, folder, database, count)
    beside = {"turns_over_plain_bot": _over(on_telegram, plain, "turns_per_second")}
    fault = rasa_server.why_not() if with_rasa else "it was not asked for"
    if fault is None:
        theirs = await _rasa(count)
        beside |= {"turns_over_rasa": _over(by_text, theirs, "turns_per_second"), "memory_over_rasa": _over(by_text, theirs, "memory_mb")}
    return {
        "plain_bot": plain,
        "bookbag_on_telegram": on_telegram,
        "bookbag_by_text": by_text,
        "rasa": f"not measured: {fault}" if fault else theirs,
        "beside": beside,
    }


def _over(ours: Part, theirs: Part, name: str) -> float:
    return round(ours[name] / (theirs[name] or 1), 3)


def _told(seen: Seen, seconds: float, memory: float) -> Part:
    cpu = round(seconds * 1_000 / (len(seen.answered) or 1), 2)
    return {**{name: value for name, value in seen.told().items() if not name.startswith("acknowledged")}, "cpu_ms_a_turn": cpu, "memory_mb": memory}


# On Telegram


async def plain_bot(folder: Path, count: int) -> Part:
    """python-telegram-bot with ConversationHandler and PicklePersistence: it keeps nothing of the last minute in a crash."""
    chats = Chats(AT_ONCE)
    telegram, port = await serve(chats.answer)
    child = start_plain_bot(folder, port)
    try:
        seen, seconds = await chats.converse(count, lambda: limits.cpu(child.pid))
        return _told(seen, seconds, limits.memory(child.pid)["now"])
    finally:
        limits.stop(child)
        telegram.close()


def start_plain_bot(folder: Path, port: int) -> subprocess.Popen[bytes]:
    """Start it, with Telegram at this loopback port; what it keeps is in `folder`."""
    root = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))}
    program = (sys.executable, "-m", "bot.bench.peers.plain_bot", f"http://127.0.0.1:{port}/bot", str(folder / "plain.pickle"))
    return limits.spawn(*program, environment=environment)


async def _ours_on_telegram(settings: Settings, folder: Path, database: server.Database, count: int) -> Part:
    chats = Chats(AT_ONCE)
    telegram, port = await serve(chats.answer)
    on_telegram = {"TELEGRAM__TOKEN": "1:x", "TELEGRAM__BASE_URL": f"http://127.0.0.1:{port}", "TELEGRAM__PER_SECOND": "100000"}
    program = server.start(settings, folder, database.url, limits.free_port(), {**on_telegram, "TWILIO__ACCOUNT_SID": "", "TWILIO__AUTH_TOKEN": ""})
    try:
        await program.warm()
        seen, seconds = await chats.converse(count, program.cpu)
        return _told(seen, seconds, program.memory()["now"])
    finally:
        program.stop()
        telegram.close()


# Over HTTP


async def _ours_by_text(settings: Settings, folder: Path, database: server.Database, count: int) -> Part:
    parents = Parents(range(AT_ONCE))
    provider, port = await serve(parents.twilio.answer)
    program = server.start(settings, folder, database.url, port)
    parents.twilio.base, parents.twilio.lines = program.base, Lines(*program.ports)
    try:
        await program.warm()
        await parents.as_fast_as_answered(WARMING * len(ANSWERS) * AT_ONCE, AT_ONCE)
        before = program.cpu()
        seen = await parents.as_fast_as_answered(count, AT_ONCE)
        return _told(seen, program.cpu() - before, program.memory()["now"])
    finally:
        program.stop()
        provider.close()


async def _rasa(count: int) -> Part:
    with rasa_server.bot() as bot:
        await _ask_rasa(bot.port, WARMING * len(ANSWERS) * AT_ONCE)
        before = limits.cpu(bot.process)
        seen = await _ask_rasa(bot.port, count)
        return _told(seen, limits.cpu(bot.process) - before, limits.memory(bot.process)["now"])


async def _ask_rasa(port: int, turns: int) -> Seen:
    """The same parents, by its REST channel; an answer with nothing in it is none."""
    seen, left, lines, began = Seen(), iter(range(turns)), Lines(port), time.perf_counter()

    async def one(sender: int) -> None:
        words = itertools.cycle(ANSWERS)
        for _ in left:
            body = json.dumps({"sender": str(sender), "message": next(words).format(time=sender % 3 + 1)}).encode()
            asked = time.perf_counter()
            status, told = await lines.ask(rasa_server.WEBHOOK, body, {"Content-Type": "application/json"})
            if status == 200 and json.loads(told):
                seen.answered.append(time.perf_counter() - asked)
            else:
                seen.failed += 1

    await asyncio.gather(*map(one, range(AT_ONCE)))
    seen.seconds = time.perf_counter() - began
    lines.close()
    return seen
