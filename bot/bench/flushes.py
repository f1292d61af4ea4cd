"""How often the disk was flushed while something was done: the calls that SQLite makes in the program, or those that PostgreSQL counts for its log."""

from __future__ import annotations

import asyncio
import shutil
import signal
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

import psycopg

from bot.bench import limits
from bot.bench.server import Database, Programs

ATTACHED, WRITTEN = 1.0, 0.5
"""Seconds until strace has hold of every thread, and until it has seen the last call."""
TOLD: Final = 1.5
"""Seconds until PostgreSQL's processes have told what they did: once a second, says its manual, 'The Cumulative Statistics System'."""
COUNTS: Final = {
    "pg_stat_wal": "SELECT wal_sync FROM pg_stat_wal",
    "pg_stat_io": "SELECT sum(fsyncs) FROM pg_stat_io WHERE object = 'wal'",
}
"""Where PostgreSQL keeps them: until 17, and since 18."""
SINCE_18: Final = 180_000


async def counted(database: Database, program: Programs, work: Callable[[], Awaitable[object]]) -> int | None:
    """The flushes while `work` is done; None where SQLite's cannot be counted, since strace is missing or may not look."""
    if database.kind == "postgresql":
        before = await _by_postgresql(database.url)
        await work()
        return await _by_postgresql(database.url) - before
    strace = shutil.which("strace")
    if strace is None:
        return None
    with tempfile.NamedTemporaryFile() as table:
        tracer = limits.spawn(strace, "-c", "-f", "-e", "trace=fsync,fdatasync", "-o", table.name, "-p", str(program.children[0].pid))
        await asyncio.sleep(ATTACHED)
        if tracer.poll() is not None:
            return None
        await work()
        await asyncio.sleep(WRITTEN)
        tracer.send_signal(signal.SIGINT)
        await asyncio.to_thread(tracer.wait, 10)
        return in_table(Path(table.name).read_text(encoding="utf-8").splitlines())


def in_table(trace: Sequence[str]) -> int:
    """The calls of fsync and fdatasync in strace's table."""
    return sum(int(line.split()[3]) for line in trace if line.split()[-1:] in (["fsync"], ["fdatasync"]))


async def _by_postgresql(url: str) -> int:
    await asyncio.sleep(TOLD)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        view = "pg_stat_io" if connection.info.server_version >= SINCE_18 else "pg_stat_wal"
        row = await (await connection.execute(COUNTS[view].encode())).fetchone()
    assert row is not None
    return int(row[0] or 0)
