"""Telegram's side, and the parents who write there: so many chats at once, each writing again as soon as it is answered."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import parse_qsl

from bot.bench.load import ANSWERS, PATIENCE, Seen

POLL = 5.0
"""Seconds that a poll is held open."""
WARMING = 2
"""How many conversations each chat has before any counts."""


class Chats:
    """A Bot API that takes messages and gives updates to whoever polls. `answer` is its server's; `converse` lets the chats write."""

    def __init__(self, at_once: int) -> None:
        self._chats = [str(number + 1) for number in range(at_once)]
        self._ids = itertools.count(1)
        self._waiting: list[dict[str, object]] = []
        self._more = asyncio.Event()
        self._answered: dict[str, asyncio.Future[None]] = {}

    async def answer(self, _method: str, path: str, body: bytes) -> dict[str, object]:
        """One call of the Bot API."""
        form = dict(parse_qsl(body.decode()))
        what = path.rpartition("/")[2].partition("?")[0]
        if what == "getMe":
            return {"ok": True, "result": {"id": 1, "is_bot": True, "first_name": "Bench", "username": "bench_bot"}}
        if what == "getUpdates":
            return {"ok": True, "result": await self._poll(is_waiting=form.get("timeout", "0") != "0")}
        if what == "sendMessage":
            return {"ok": True, "result": self._hear(form)}
        return {"ok": True, "result": True}

    async def _poll(self, *, is_waiting: bool) -> list[dict[str, object]]:
        """The updates that wait. Whoever does not wait for one wants to forget old ones, and there are none."""
        if not is_waiting:
            return []
        if not self._waiting:
            self._more.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._more.wait(), POLL)
        given, self._waiting = self._waiting, []
        return given

    def _hear(self, form: dict[str, str]) -> dict[str, object]:
        chat = form["chat_id"]
        awaited = self._answered.pop(chat, None)
        if awaited is not None and not awaited.done():
            awaited.set_result(None)
        return {"message_id": 1_000_000 + next(self._ids), "date": int(time.time()), "chat": {"id": int(chat), "type": "private"}, "text": form["text"]}

    async def converse(self, turns: int, used: Callable[[], float]) -> tuple[Seen, float]:
        """So many turns, all chats at once, after some that do not count; and the processor that `used` says they took, in seconds."""
        await self._take(Seen(), WARMING * len(ANSWERS) * len(self._chats))
        before = used()
        seen = Seen()
        await self._take(seen, turns)
        return seen, used() - before

    async def _take(self, seen: Seen, turns: int) -> None:
        left, began = iter(range(turns)), time.perf_counter()

        async def one(chat: str) -> None:
            words = itertools.cycle(ANSWERS)
            for _ in left:
                await self._say(seen, chat, next(words).format(time=int(chat) % 3 + 1))

        await asyncio.gather(*map(one, self._chats))
        seen.seconds = time.perf_counter() - began

    async def _say(self, seen: Seen, chat: str, words: str) -> None:
        number = next(self._ids)
        self._answered[chat] = answered = asyncio.get_running_loop().create_future()
        person = {"id": int(chat), "first_name": "P", "is_bot": False}
        message = {"message_id": number, "date": int(time.time()), "text": words, "from": person, "chat": {"id": int(chat), "type": "private"}}
        self._waiting.append({"update_id": number, "message": message})
        began = time.perf_counter()
        self._more.set()
        try:
            async with asyncio.timeout(PATIENCE):
                await answered
            seen.answered.append(time.perf_counter() - began)
        except TimeoutError:
            seen.failed += 1
