"""`bookbag bench turns`: whole turns, from a signed webhook to the reply's arrival at the provider, on this machine, beside what the machine could do at best.

The server is the real program in one process or several. The provider and the parents are one other process, this one, so that one clock measures both ends.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Awaitable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.bench import beside, flushes, limits, server, tables
from bot.bench.families import fill
from bot.bench.load import Parents, Seen
from bot.bench.wire import Lines, serve
from bot.clock import now
from data.migrate import upgrade
from data.store import Store

if TYPE_CHECKING:
    from bot.settings import Settings

RATE: Final = 50.0
"""Messages a second of the open loop."""
AT_ONCE: Final = 20
"""Parents who write at once in the closed loop."""
ALONE: Final = 30
"""Turns taken one after the other, to count the flushes of each."""
AIMS: Final[tables.Aims] = {
    "at_rate.acknowledged_p99_ms": (25.0, "<"),
    "at_rate.reply_p50_ms": (60.0, "<"),
    "flat_out.turns_per_second": (100.0, ">"),
    "flushes.a_turn_alone": (3.0, "<"),
    "flushes.a_turn_at_once": (0.5, "<"),
}

Part = dict[str, object]


def turns(
    settings: Settings,
    *,
    count: int,
    families: int = 100,
    old_messages: int = 0,
    processes: int = 1,
    as_json: bool = False,
    database_url: str | None = None,
    postgres: bool = False,
) -> int:
    """Measure, and print a table or JSON; 0 if every turn was answered, else 1.

    The database is a new one beside the school's own (the disk that counts): an SQLite file, or with `postgres` a PostgreSQL server's; or an empty one at
    `database_url`. The school's own is never touched. Several `processes` need PostgreSQL.
    """
    with limits.folder_beside(settings.database_url) as folder, server.database(folder, database_url, postgres=postgres) as database:
        numbers = asyncio.run(_all(settings, folder, database, count, families, old_messages, processes))
    if as_json:
        sys.stdout.write(limits.as_json(numbers) + "\n")
    else:
        tables.show("Bookbag, whole turns", numbers, AIMS)
    return int(any(part.get("failed") for part in numbers.values()))


async def _all(settings: Settings, folder: Path, database: server.Database, count: int, families: int, old_messages: int, processes: int) -> dict[str, Part]:
    disk = limits.flushes_a_second(folder)
    numbers = await measure(settings, folder, database, count, families=families, old_messages=old_messages, processes=processes)
    numbers["disk_flushes_a_second"] = {"before": disk, "after": limits.flushes_a_second(folder)}
    if database.cluster is not None:
        at_once = {f"at_once_{clients}": await asyncio.to_thread(database.cluster.transactions_a_second, clients) for clients in (1, AT_ONCE)}
        numbers["pgbench_transactions_a_second"] = {**at_once}
    return numbers | {"bare_endpoint": {**await limits.bare_endpoint()}, "plain_telegram_bot": {**await beside.plain_bot(folder, count)}}


async def measure(
    settings: Settings, folder: Path, database: server.Database, count: int, *, families: int = 100, old_messages: int = 0, processes: int = 1
) -> dict[str, Part]:
    """The numbers of the program alone: at a fixed rate, as fast as answered, one after the other; its flushes, processor and memory."""
    upgrade(database.url)
    with closing(Store(database.url)) as store:
        fill(store, families, old_messages, now())
    parents = Parents(range(min(families, 200)))
    provider, provider_port = await serve(parents.twilio.answer)
    program = server.start(settings, folder, database.url, provider_port, processes=processes)
    parents.twilio.base, parents.twilio.lines = program.base, Lines(*program.ports)
    try:
        await program.warm()
        await parents.as_fast_as_answered(50, 5)
        at_rate = await _with_processor(database, program, parents.at_rate(count, RATE))
        flat_out = await _with_processor(database, program, parents.as_fast_as_answered(count, AT_ONCE))
        alone = await _with_processor(database, program, parents.as_fast_as_answered(ALONE, 1))
        flushed = await _flushes(database, program, parents, count)
        memory = program.memory()
    finally:
        program.stop()
        provider.close()
    setup: Part = {"families": families, "old_messages": old_messages, "database": database.kind, "processes": processes, "cores": os.cpu_count() or 0}
    return {
        "setup": setup,
        "at_rate": {"per_second": RATE, **at_rate},
        "flat_out": {"at_once": AT_ONCE, **flat_out},
        "alone": alone,
        "flushes": flushed,
        "memory_mb": {**memory},
    }


async def _with_processor(database: server.Database, program: server.Programs, work: Awaitable[Seen]) -> Part:
    """What was seen, and the processor that each turn took: the program's, the database server's, and ours, who are parents and provider."""
    before = program.cpu(), database.cpu(), time.process_time()
    seen = await work
    after = program.cpu(), database.cpu(), time.process_time()
    each = [round((end - start) * 1_000 / max(len(seen.answered), 1), 2) for start, end in zip(before, after, strict=True)]
    return {**seen.told(), "cpu_ms_a_turn": each[0], "database_cpu_ms_a_turn": each[1], "generator_cpu_ms_a_turn": each[2]}


async def _flushes(database: server.Database, program: server.Programs, parents: Parents, count: int) -> Part:
    """Flushes a turn, one after the other and as fast as answered; each turn waits for strace, so these are turns of their own."""
    alone = await flushes.counted(database, program, lambda: parents.as_fast_as_answered(ALONE, 1))
    at_once = await flushes.counted(database, program, lambda: parents.as_fast_as_answered(count, AT_ONCE))
    return {
        "a_turn_alone": None if alone is None else round(alone / ALONE, 2),
        "a_turn_at_once": None if at_once is None else round(at_once / count, 2),
        "counted_by": "PostgreSQL"
        if database.kind == "postgresql"
        else "nobody: strace is missing, or may not look into another process"
        if alone is None
        else "strace",
    }
