"""`bookbag bench turns`: whole turns, from a signed webhook to the reply's arrival at the provider, on this machine, beside what the machine could do at best.

The server is the real program in a process of its own. The provider and the parents are one other process, this one, so that one clock measures both ends.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.bench import limits, server, tables
from bot.bench.families import fill
from bot.bench.load import Parents
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
    "alone.flushes_a_turn": (3.0, "<"),
}


def turns(settings: Settings, *, count: int, families: int = 100, old_messages: int = 0, as_json: bool = False, database_url: str | None = None) -> int:
    """Measure, and print a table or JSON; 0 if every turn was answered, else 1.

    The database is a new one beside the school's own (the disk that counts), or an empty one at `database_url`; the school's own is never touched.
    """
    with limits.folder_beside(settings.database_url) as folder:
        url = database_url or f"sqlite:///{folder}/bookbag.db"
        numbers = asyncio.run(_measure(settings, folder, url, count, families, old_messages))
    if as_json:
        sys.stdout.write(limits.as_json(numbers) + "\n")
    else:
        tables.show("Bookbag, whole turns", numbers, AIMS)
    failed = sum(int(str(part["failed"])) for part in numbers.values() if isinstance(part, dict) and "failed" in part)
    return 1 if failed else 0


async def _measure(settings: Settings, folder: Path, url: str, count: int, families: int, old_messages: int) -> dict[str, object]:
    _prepare(url, families, old_messages)
    disk = limits.flushes_a_second(folder)
    parents = Parents(range(min(families, 200)))
    provider, provider_port = await serve(parents.twilio.answer)
    port = limits.free_port()
    parents.twilio.base, parents.twilio.lines = f"http://127.0.0.1:{port}", Lines(port)
    program = server.start(settings, folder, url, port, provider_port)
    try:
        await server.warm(program, parents.twilio.base, folder)
        await parents.as_fast_as_answered(50, 5)
        before = limits.cpu(program.pid)
        at_rate = await parents.at_rate(count, RATE)
        between = limits.cpu(program.pid)
        flat_out = await parents.as_fast_as_answered(count, AT_ONCE)
        after = limits.cpu(program.pid)
        alone, flushes = await _alone(parents, program.pid if url.startswith("sqlite") else None)
        memory = limits.memory(program.pid)
    finally:
        limits.stop(program)
        provider.close()
    return {
        "setup": {"families": families, "old_messages": old_messages, "database": url.partition(":")[0], "cores": os.cpu_count() or 0},
        "at_rate": {"per_second": RATE, **at_rate.told(), "cpu_ms_a_turn": round((between - before) * 1_000 / count, 2)},
        "flat_out": {"at_once": AT_ONCE, **flat_out.told(), "cpu_ms_a_turn": round((after - between) * 1_000 / count, 2)},
        "alone": {
            **alone,
            "flushes_a_turn": flushes,
            "counted_by": "strace" if flushes is not None else "nobody: strace is missing, or another server flushes",
        },
        "memory_mb": memory,
        "disk_flushes_a_second": {"before": disk, "after": limits.flushes_a_second(folder)},
        "bare_endpoint": await limits.bare_endpoint(),
        "usual_telegram_bot": await limits.usual_bot(folder),
    }


def _prepare(url: str, families: int, old_messages: int) -> None:
    upgrade(url)
    with closing(Store(url)) as store:
        fill(store, families, old_messages, now())


async def _alone(parents: Parents, program: int | None) -> tuple[dict[str, float], float | None]:
    """Turns one after the other, and the flushes of the disk that each took in process `program`; None where strace is not there to count them."""
    told = (await parents.as_fast_as_answered(ALONE, 1)).told()
    strace = shutil.which("strace")
    if strace is None or program is None:
        return told, None
    with tempfile.NamedTemporaryFile() as table:
        tracer = limits.spawn(strace, "-c", "-f", "-e", "trace=fsync,fdatasync", "-o", table.name, "-p", str(program))
        await asyncio.sleep(1)
        await parents.as_fast_as_answered(ALONE, 1)
        await asyncio.sleep(0.5)
        tracer.send_signal(signal.SIGINT)
        await asyncio.to_thread(tracer.wait, 10)
        return told, round(limits.count_of_flushes(Path(table.name).read_text(encoding="utf-8").splitlines()) / ALONE, 2)
