"""The stand-in as one ASGI application: Twilio's API, Telegram's Bot API, three translators, and a back door for tests. Loopback only.

Back door: `POST /_control` (faults, rates, seed, next_update_id and every setting of `reset`), `POST /_inbound` (someone writes),
`GET /_log?since=N` (all that was asked and accepted, the history for checkers), `POST /_reset`.
"""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import urlsplit

import aiohttp

from tests.standin.faults import Fault, Plan
from tests.standin.telegram import TelegramSide
from tests.standin.translators import CLOUD_KEY, LANGUAGES, TranslatorsSide
from tests.standin.twilio import TwilioSide
from tests.standin.wire import Answer, Asked, HangUp, Receive, Scope, Send, hang_up, read, write

ACCOUNT_SID = "AC00000000000000000000000000000001"
AUTH_TOKEN = "stand-in-auth-token"
BOT_TOKEN = "7700900000:STAND-IN-bot-token"
SMS_NUMBER = "+447700900900"
WHATSAPP_NUMBER = "+447700900901"


class StandInApp:
    """All state of one stand-in. `log` keeps every entry as a JSON line too."""

    def __init__(self, seed: int = 1, log: Path | None = None) -> None:
        self._seed = seed
        self._file: TextIO | None = log.open("a", encoding="utf-8") if log else None
        self._session: aiohttp.ClientSession | None = None
        self.tasks: set[asyncio.Task[Any]] = set()
        self.reset()

    def reset(self) -> None:
        """As at the start: nothing sent, no faults, nobody to call."""
        for task in self.tasks:
            task.cancel()
        self.entries: list[dict[str, Any]] = []
        self.plan = Plan(self._seed)
        self.settings: dict[str, Any] = {
            "account_sid": ACCOUNT_SID,
            "auth_token": AUTH_TOKEN,
            "bot_token": BOT_TOKEN,
            "telegram_secret": "stand-in-secret",
            "twilio_target": None,
            "telegram_target": None,
            "routes": {},  # a public address and the loopback one that stands for it: {'https://school.example': 'http://127.0.0.1:8000'}
            "drop_webhooks": False,
            "callbacks": "normal",
            "listing_delay": 0.0,
            "numbers": {},  # recipient: the code its sends are refused with
            "fates": {},  # recipient: the code its messages are reported undelivered with
            "approvals": {},  # WhatsApp's code of a language: what WhatsApp says of a template in it; 'approved' where none stands there
            "console": {},  # what stands in Twilio's console otherwise than in `tests/standin/console.py`: {'number': {'sms_url': '…'}}; None: not there
            "bot": {},  # fields of Telegram's getMe and getWebhookInfo that are not as usual
            "google_cloud_key": CLOUD_KEY,
            "libretranslate_key": None,  # what it asks for, if it does
            "libretranslate_languages": list(LANGUAGES),
            "tricks": {},  # part of a text: what a translator does to its translation
        }
        self.twilio = TwilioSide(self)
        self.telegram = TelegramSide(self)
        self.translators = TranslatorsSide(self)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            answer = await self._route(await read(scope, receive))
        except HangUp:
            hang_up(send)
            return
        await write(answer, send)

    async def _route(self, asked: Asked) -> Answer:
        if asked.path.startswith("/_"):
            return await self._back_door(asked)
        if asked.path.startswith(("/2010-04-01/", "/v1/", "/v2/")):
            return await self.twilio.answer(asked)
        if asked.path.startswith("/bot"):
            return await self.telegram.answer(asked)
        if self.translators.knows(asked.path):
            return await self.translators.answer(asked)
        if asked.path.startswith("/file/bot"):
            return self.telegram.download(asked)
        return Answer(404, {"message": "no such page"})

    async def _back_door(self, asked: Asked) -> Answer:
        if asked.path == "/_log":
            return Answer(body=self.entries[int(asked.query.get("since", "0")) :])
        if asked.path == "/_inbound":
            wish = asked.json()
            return Answer(body=await (self.telegram if wish.get("channel") == "telegram" else self.twilio).inbound(wish))
        if asked.path == "/_reset":
            self.reset()
        elif asked.path == "/_control":
            self.control(asked.json())
        else:
            return Answer(404)
        return Answer(body={"ok": True})

    def control(self, wish: dict[str, Any]) -> None:
        """Change how this stand-in behaves from now on. An unknown key is an error of the test."""
        for fault in wish.pop("faults", ()):
            self.plan.add(**fault)
        for operation, rates in wish.pop("rates", {}).items():
            self.plan.rates(operation, **rates)
        if "seed" in wish:
            self.plan.seed(wish.pop("seed"))
        if "next_update_id" in wish:
            self.telegram.next_update_id = wish.pop("next_update_id")
        if wish.keys() - self.settings.keys():
            raise ValueError(wish.keys() - self.settings.keys())
        self.settings |= wish

    def note(self, operation: str, *, accepted: bool, fault: Fault | None = None, **facts: Any) -> None:
        """One line of history. `accepted` is what the provider did, whatever it then answered."""
        entry = {"n": len(self.entries), "at": time.time(), "operation": operation, "accepted": accepted, "fault": fault.kind if fault else None, **facts}
        self.entries.append(entry)
        if self._file:
            self._file.write(json.dumps(entry, ensure_ascii=False) + "\n")
            self._file.flush()

    async def misbehave(self, fault: Fault | None) -> Answer | None:
        """The lie told instead of the honest answer, if any. What was accepted was so before this is called."""
        if fault is None or fault.kind in {"late_list", "trick"}:
            return None
        if fault.kind in {"hang_before", "hang_after", "slow"}:
            await asyncio.sleep(fault.seconds)
        if fault.kind in {"hang_before", "hang_after", "drop_before", "drop_after"}:
            raise HangUp
        if fault.kind in {"500_before", "500_after"}:
            return Answer(fault.status or 503, "<html>Service unavailable</html>", {"content-type": "text/html"})
        return Answer(201 if fault.status == 0 else fault.status, fault.body, {"content-type": "text/html"}) if fault.kind == "rubbish" else None

    def later(self, work: Any) -> asyncio.Task[Any]:
        """Run beside, and forget."""
        task: asyncio.Task[Any] = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    async def post(self, url: str, *, operation: str, facts: dict[str, Any], **request: Any) -> int:
        """Call a webhook on loopback and note what it said: its HTTP status, 0 where nobody answered within a provider's 15 s."""
        for public, loopback in self.settings["routes"].items():
            if url.startswith(public):
                url = loopback + url.removeprefix(public)
        if urlsplit(url).hostname not in {"127.0.0.1", "localhost", "::1"}:
            raise ValueError(url)
        if self._session is None:
            # An idle line is left before the server closes it, after five seconds: else a call now and then goes out on one that is just being closed.
            lines = aiohttp.TCPConnector(limit=0, keepalive_timeout=3)
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15, connect=5), connector=lines)
        try:
            async with self._session.post(url.partition("#")[0], allow_redirects=False, **request) as response:
                await response.read()
                status, error = response.status, None
        except (aiohttp.ClientError, TimeoutError) as silence:
            status, error = 0, type(silence).__name__
        self.note(operation, accepted=200 <= status < 300, status=status, error=error, **facts)
        return status

    async def aclose(self) -> None:
        for task in self.tasks:
            task.cancel()
        if self._session:
            await self._session.close()
        if self._file:
            self._file.close()
