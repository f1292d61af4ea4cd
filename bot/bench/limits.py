"""What this machine could do at best, measured in the same minutes: the disk's flushes, an endpoint that does nothing, and a usual Telegram bot."""

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
from urllib.parse import parse_qsl, urlencode

from bot.bench.latency import quantile
from bot.bench.wire import Lines, serve

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
USUAL_BOT = """
import sys
from telegram import Update
from telegram.ext import ApplicationBuilder, CommandHandler, ContextTypes, ConversationHandler, MessageHandler, PicklePersistence, filters
async def start(update: Update, context: ContextTypes.DEFAULT_TYPE) -> int:
    context.user_data["asked"] = 1
    await update.message.reply_text("What would you like to do?\\n1 Book a time\\n2 See my appointments")
    return 1
async def choose(update: Update, context: ContextTypes.DEFAULT_TYPE) -> int:
    context.user_data["asked"] += 1
    await update.message.reply_text("When would you like to see Ms Okafor?\\n1 Tue 15:10\\n2 Tue 15:30\\n3 Wed 15:10")
    return 1
conversation = ConversationHandler(
    entry_points=[CommandHandler("start", start)], states={1: [MessageHandler(filters.TEXT & ~filters.COMMAND, choose)]},
    fallbacks=[CommandHandler("start", start)], name="usual", persistent=True)
app = ApplicationBuilder().token("1:x").base_url(sys.argv[1]).persistence(PicklePersistence(sys.argv[2])).build()
app.add_handler(conversation)
app.run_polling(allowed_updates=["message"], stop_signals=None)
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


async def usual_bot(folder: Path, turns: int = 500, at_once: int = 20) -> dict[str, float]:
    """python-telegram-bot with ConversationHandler and PicklePersistence, as its examples are written: it keeps nothing of the last minute in a crash."""
    telegram = _Telegram(turns, at_once)
    server, port = await serve(telegram.answer)
    child = spawn(sys.executable, "-c", USUAL_BOT, f"http://127.0.0.1:{port}/bot", str(folder / "usual.pickle"))
    try:
        async with asyncio.timeout(60):
            await telegram.done.wait()
        seconds = time.perf_counter() - telegram.began
        return {
            "turns_per_second": round(turns / seconds, 1),
            "reply_p50_ms": round(quantile(telegram.took, 0.5) * 1_000, 1),
            "reply_p99_ms": round(quantile(telegram.took, 0.99) * 1_000, 1),
        }
    finally:
        stop(child)
        server.close()


class _Telegram:
    """As many chats as write at once, each again as soon as it is answered."""

    def __init__(self, turns: int, at_once: int) -> None:
        self._left, self._chats, self._updates = turns - at_once, at_once, 0
        self._waiting: list[dict[str, object]] = []
        self._more, self.done = asyncio.Event(), asyncio.Event()
        self._asked_at: dict[str, float] = {}
        self.took: list[float] = []
        self.began, self._turns = 0.0, turns

    async def answer(self, method: str, path: str, body: bytes) -> dict[str, object]:
        what = path.rpartition("/")[2].partition("?")[0]
        if what == "getMe":
            return {"ok": True, "result": {"id": 1, "is_bot": True, "first_name": "Usual", "username": "usual_bot"}}
        if what == "getUpdates":
            return {"ok": True, "result": await self._poll(dict(parse_qsl(body.decode())))}
        if what == "sendMessage":
            return {"ok": True, "result": self._answered(dict(parse_qsl(body.decode())))}
        return {"ok": True, "result": True}

    async def _poll(self, form: dict[str, str]) -> list[dict[str, object]]:
        if not self.began:
            if "offset" not in form and form.get("timeout", "0") == "0":
                return []
            self.began = time.perf_counter()
            for chat in range(self._chats):
                self._write(str(chat + 1), "/start")
        if not self._waiting:
            self._more.clear()
            try:
                await asyncio.wait_for(self._more.wait(), 5)
            except TimeoutError:
                return []
        given, self._waiting = self._waiting, []
        return given

    def _write(self, chat: str, words: str) -> None:
        self._updates += 1
        person = {"id": int(chat), "first_name": "P", "is_bot": False}
        message: dict[str, object] = {
            "message_id": self._updates,
            "date": int(time.time()),
            "text": words,
            "from": person,
            "chat": {"id": int(chat), "type": "private"},
        }
        if words.startswith("/"):
            message["entities"] = [{"type": "bot_command", "offset": 0, "length": len(words)}]
        self._waiting.append({"update_id": self._updates, "message": message})
        self._asked_at[chat] = time.perf_counter()
        self._more.set()

    def _answered(self, form: dict[str, str]) -> dict[str, object]:
        chat = form["chat_id"]
        self.took.append(time.perf_counter() - self._asked_at[chat])
        if self._left > 0:
            self._left -= 1
            self._write(chat, "1")
        if len(self.took) >= self._turns:
            self.done.set()
        return {"message_id": 1_000_000 + len(self.took), "date": int(time.time()), "chat": {"id": int(chat), "type": "private"}, "text": form["text"]}


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
