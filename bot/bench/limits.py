"""What this machine could do at best, measured in the same minutes: the disk's flushes, an endpoint that does nothing, PostgreSQL's own benchmark."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlencode

from bot.bench.latency import quantile
from bot.bench.wire import Lines

BARE = """
import sys
import uvicorn
from fastapi import FastAPI, Request, Response
app = FastAPI(openapi_url=None)
@app.post("/form")
async def form(request: Request) -> Response:
    await request.form()
    return Response("<Response/>", media_type="text/xml")
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False)
"""


class CannotMeasure(Exception):
    """Something stands in the way of measuring: the first argument says what, and what to do."""


def flushes_a_second(folder: Path, seconds: float = 1.0) -> float:
    """How often 4 kB can be written and flushed in a second, one after the other."""
    path, count = folder / "flush", 0
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    try:
        began = time.perf_counter()
        while time.perf_counter() - began < seconds:
            os.pwrite(descriptor, b"x" * 4_096, count % 64 * 4_096)
            os.fdatasync(descriptor)
            count += 1
        return round(count / (time.perf_counter() - began), 1)
    finally:
        os.close(descriptor)
        path.unlink()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def bare_endpoint(requests: int = 2_000, at_once: int = 16) -> dict[str, float]:
    """A FastAPI endpoint that reads the same form and does nothing."""
    port = free_port()
    child = spawn(sys.executable, "-c", BARE, str(port))
    lines, took = Lines(port), list[float]()
    body = urlencode({f"Field{number}": "value" for number in range(16)} | {"Body": "1"}).encode()
    left = iter(range(requests))

    async def one() -> None:
        for _ in left:
            began = time.perf_counter()
            await lines.post("/form", body, {"Content-Type": "application/x-www-form-urlencoded"})
            took.append(time.perf_counter() - began)

    try:
        await listening(port)
        began = time.perf_counter()
        await asyncio.gather(*(one() for _ in range(at_once)))
        return {"requests_per_second": round(requests / (time.perf_counter() - began), 1), "p99_ms": round(quantile(took, 0.99) * 1_000, 1)}
    finally:
        lines.close()
        stop(child)


async def listening(port: int, within: float = 60.0) -> None:
    """Until someone listens there. Raises TimeoutError."""
    async with asyncio.timeout(within):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


def listen_for(port: int, within: float = 60.0) -> None:
    """The same for whoever has no event loop."""
    asyncio.run(listening(port, within))


def spawn(
    *command: str, folder: Path | None = None, environment: Mapping[str, str] | None = None, output: int | BinaryIO = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    """Start a program of the bench's own."""
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=output)  # nothing in it comes from outside


def stop(child: subprocess.Popen[bytes]) -> None:
    """End a process that was started here."""
    child.terminate()
    try:
        child.wait(10)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def as_json(numbers: Mapping[str, object]) -> str:
    """For a script."""
    return json.dumps(numbers, indent=2)


def memory(pid: int) -> dict[str, float]:
    """What a process holds of the memory now, and held at most, in MB."""
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines() if line.startswith("Vm"))
    return {name: round(int(lines[key].split()[0]) / 1_024, 1) for name, key in (("now", "VmRSS"), ("most", "VmHWM"))}


def cpu(pid: int) -> float:
    """Seconds of processor that a process has used, and those of its children that have ended."""
    return sum(map(int, _stat(pid)[11:15])) / os.sysconf("SC_CLK_TCK")


def cpu_with_children(pid: int) -> float:
    """The same of a process and all that it has started: a PostgreSQL server is one process a connection."""
    children = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended since
            if int(_stat(int(entry.name))[1]) == pid:
                children.append(int(entry.name))
    seconds = cpu(pid)
    for child in children:
        with suppress(FileNotFoundError, ProcessLookupError):
            seconds += cpu(child)
    return seconds


def _stat(pid: int) -> list[str]:
    """What the system tells of a process after its name, by proc(5): its state, its parent, and so on."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()


@contextmanager
def folder_beside(database_url: str) -> Iterator[Path]:
    """A folder for the length of a bench, on the school's own disk, which is the one that counts; the school's own database is never touched."""
    own = Path(database_url.removeprefix("sqlite:///")).parent if database_url.startswith("sqlite:///") else Path("var")
    own.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=own.absolute()) as folder:
        yield Path(folder)
