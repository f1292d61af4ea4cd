"""`bookbag bench turns`: whole turns, from a signed webhook to the reply's arrival at the provider, on this machine, beside what the machine could do at best.

The server is the real program in a process of its own. The provider and the parents are one other process, this one, so that one clock measures both ends.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table

from bot.bench import limits
from bot.bench.families import fill
from bot.bench.load import Parents
from bot.bench.wire import ACCOUNT, NUMBER, TOKEN, Lines, serve
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
AIMS: Final = {
    "at_rate.acknowledged_p99_ms": (25.0, "<"),
    "at_rate.reply_p50_ms": (60.0, "<"),
    "flat_out.turns_per_second": (100.0, ">"),
    "alone.flushes_a_turn": (3.0, "<"),
}


def turns(settings: Settings, *, count: int, families: int = 100, old_messages: int = 0, as_json: bool = False, database_url: str | None = None) -> int:
    """Measure, and print a table or JSON; 0 if every turn was answered, else 1.

    The database is a new one beside the school's own (the disk that counts), or an empty one at `database_url`; the school's own is never touched.
    """
    own = Path(settings.database_url.removeprefix("sqlite:///")).parent if settings.database_url.startswith("sqlite:///") else Path("var")
    own.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=own) as folder:
        url = database_url or f"sqlite:///{Path(folder).absolute()}/bookbag.db"
        numbers = asyncio.run(_measure(settings, Path(folder), url, count, families, old_messages))
    if as_json:
        sys.stdout.write(limits.as_json(numbers) + "\n")
    else:
        _print(numbers)
    failed = sum(int(str(part["failed"])) for part in numbers.values() if isinstance(part, dict) and "failed" in part)
    return 1 if failed else 0


async def _measure(settings: Settings, folder: Path, url: str, count: int, families: int, old_messages: int) -> dict[str, object]:
    _prepare(url, families, old_messages)
    disk = limits.flushes_a_second(folder)
    parents = Parents(min(families, 200))
    provider, provider_port = await serve(parents.twilio.answer)
    port = limits.free_port()
    parents.twilio.base, parents.twilio.lines = f"http://127.0.0.1:{port}", Lines(port)
    server = _start(settings, folder, url, port, provider_port)
    try:
        await limits.listening(port)
        await _warm(parents, parents.twilio.base)
        before = _cpu(server.pid)
        at_rate = await parents.at_rate(count, RATE)
        between = _cpu(server.pid)
        flat_out = await parents.as_fast_as_answered(count, AT_ONCE)
        after = _cpu(server.pid)
        alone, flushes = await _alone(parents, server.pid if url.startswith("sqlite") else None)
        memory = limits.memory(server.pid)
    finally:
        limits.stop(server)
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


def _start(settings: Settings, folder: Path, url: str, port: int, provider_port: int) -> subprocess.Popen[bytes]:
    """The real program, with the provider's address changed and nothing that would hold a reply back."""
    ours = {
        "DATABASE_URL": url,
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "TWILIO__ACCOUNT_SID": ACCOUNT,
        "TWILIO__AUTH_TOKEN": TOKEN,
        "TWILIO__SMS_FROM": NUMBER,
        "TWILIO__SMS_PER_SECOND": "100000",
        "TWILIO__BASE_URL": f"http://127.0.0.1:{provider_port}",
        "LIMITS__PER_NUMBER_PER_HOUR": "1000000",
        "NLU__MODEL_DIR": str(settings.nlu.model_dir.absolute()),
    }
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BOOKBAG_")}
    environment |= {f"BOOKBAG_{name}": value for name, value in ours.items()}
    root = Path(__file__).parents[2]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(root), environment.get("PYTHONPATH")]))
    with (folder / "server.log").open("wb") as log:
        command = (sys.executable, "-m", "bot.cli", "run", "--host", "127.0.0.1", "--port", str(port))
        return limits.spawn(*command, folder=folder, environment=environment, output=log)


async def _warm(parents: Parents, base: str, within: float = 60.0) -> None:
    """Until understanding is ready, and parents have written a while."""
    async with asyncio.timeout(within):
        while await asyncio.to_thread(_is_warming, base):  # the server is another process
            await asyncio.sleep(0.2)
        await parents.as_fast_as_answered(50, 5)


def _is_warming(base: str) -> bool:
    with urllib.request.urlopen(f"{base}/readyz", timeout=5) as answer:  # a loopback address of ours
        return b"warming" in answer.read()


async def _alone(parents: Parents, server: int | None) -> tuple[dict[str, float], float | None]:
    """Turns one after the other, and the flushes of the disk that each took in process `server`; None where strace is not there to count them."""
    told = (await parents.as_fast_as_answered(ALONE, 1)).told()
    strace = shutil.which("strace")
    if strace is None or server is None:
        return told, None
    with tempfile.NamedTemporaryFile() as table:
        tracer = limits.spawn(strace, "-c", "-f", "-e", "trace=fsync,fdatasync", "-o", table.name, "-p", str(server))
        await asyncio.sleep(1)
        await parents.as_fast_as_answered(ALONE, 1)
        await asyncio.sleep(0.5)
        tracer.send_signal(signal.SIGINT)
        await asyncio.to_thread(tracer.wait, 10)
        return told, round(limits.count_of_flushes(Path(table.name).read_text(encoding="utf-8").splitlines()) / ALONE, 2)


def _cpu(pid: int) -> float:
    """Seconds of processor that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _print(numbers: Mapping[str, object]) -> None:
    table = Table(title=time.strftime("Bookbag, whole turns, %Y-%m-%d %H:%M"), show_header=False, show_edge=False)
    for part, value in numbers.items():
        for name, number in value.items() if isinstance(value, dict) else [("", value)]:
            table.add_row(part.replace("_", " "), name.replace("_", " "), str(number), _against_aim(f"{part}.{name}", number))
            part = ""  # noqa: PLW2901  # said once
    Console().print(table)


def _against_aim(name: str, number: object) -> str:
    aim = next(((limit, way) for key, (limit, way) in AIMS.items() if key == name), None)
    if aim is None or not isinstance(number, int | float):
        return ""
    limit, way = aim
    met = number <= limit if way == "<" else number >= limit
    return f"{'met' if met else 'MISSED'}: {'at most' if way == '<' else 'at least'} {limit:g}"
