"""The school as the world reaches it: the real web entry, the real channels, and the stand-in as their providers. Time is set, not waited for."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
from sqlalchemy import select
from twilio.request_validator import RequestValidator

from bot.house import House, real_channels
from bot.metrics import Metrics
from bot.running import Running
from bot.settings import Settings
from bot.understanding import Understander
from bot.web import application
from data.inbox import Received
from data.outbox import Message
from tests.standin.client import StandIn

PUBLIC = "https://school.example"
TWILIO, STATUS, TELEGRAM = "/webhooks/twilio/message", "/webhooks/twilio/status", "/webhooks/telegram"
AMINA, FARIDS_CHAT = "+447700900101", "447700900104"
LOOPBACK, ELSEWHERE = ("127.0.0.1", 5000), ("203.0.113.9", 5000)


def settings_for(standin: StandIn, database_url: str, **changed: Any) -> Settings:
    """A school with every channel on, whose providers are the stand-in."""
    twilio = {
        "account_sid": standin.account_sid,
        "auth_token": standin.auth_token,
        "sms_from": standin.sms_number,
        "whatsapp_from": standin.whatsapp_number,
        "base_url": standin.url,
        "sms_per_second": 10_000,
        "timeout": 2,
    }
    telegram = {
        "token": standin.bot_token,
        "mode": "webhook",
        "secret_token": standin.telegram_secret,
        "base_url": standin.telegram_url,
        "timeout": 2,
    }
    usual = {"database_url": database_url, "public_url": PUBLIC, "twilio": twilio, "telegram": telegram, "catch_up": {"interval": 0.2}}
    return Settings.model_validate(usual | changed)


class Served:
    """One school and its web entry. `later` is how far its clock is ahead of the stand-in's, which is the real one."""

    def __init__(self, standin: StandIn, understander: Understander, database_url: str, **settings: Any) -> None:
        self.standin, self.later = standin, timedelta()
        self.settings = settings_for(standin, database_url, **settings)
        self.house = House(self.settings, real_channels(self.settings), clock=lambda: datetime.now(UTC) + self.later, understander=understander, strict=True)
        self.running = Running(self.house)
        self.app = application(self.house, self.running, Metrics())

    def caller(self, client: tuple[str, int] = LOOPBACK) -> httpx.AsyncClient:
        """Someone who calls; whatever the entry does not answer for is raised, so that no test takes a 500 for an answer."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app, client=client), base_url="http://testserver")

    async def text(self, body: str, sender: str = AMINA, **changed: str) -> httpx.Response:
        """A text, or with 'whatsapp:' before the sender a WhatsApp message, as Twilio's webhook brings it."""
        return await self.post(TWILIO, twilio_form(self.standin, body, sender) | changed)

    async def post(self, path: str, form: Mapping[str, str]) -> httpx.Response:
        """A form of Twilio's, signed."""
        async with self.caller() as caller:
            return await caller.post(path, content=urlencode(form), headers=signed(self.standin, path, form))

    async def telegram(self, body: str, chat: str = FARIDS_CHAT, **extra: Any) -> httpx.Response:
        """A Telegram message, as its webhook brings it."""
        async with self.caller() as caller:
            headers = {"X-Telegram-Bot-Api-Secret-Token": self.standin.telegram_secret, "Content-Type": "application/json"}
            return await caller.post(TELEGRAM, content=json.dumps(update(body, chat, **{"date": int(self.house.clock().timestamp())} | extra)), headers=headers)

    async def settle(self) -> None:
        """Everything that can be done now is done: turns taken, messages sent."""
        while True:
            wait = self.house.take_waiting_turns()
            await self.house.dispatcher.run_once()
            if wait is None:
                return
            self.later += wait

    def kept(self) -> list[Received]:
        """What is in the inbox, oldest first."""
        with self.house.store.read() as session:
            return list(session.scalars(select(Received).order_by(Received.id)))

    def said(self, value: str) -> list[Message]:
        """What is in the outbox for one address, oldest first."""
        with self.house.store.read() as session:
            return [row for row in session.scalars(select(Message).order_by(Message.id)) if row.address is not None and row.address.value == value]

    async def close(self) -> None:
        """Let go of everything."""
        for channel in self.house.channels.values():
            await channel.aclose()
        self.house.close()

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """With all its loops running, as in the program."""
        await self.running.start()
        try:
            yield
        finally:
            await self.running.stop()


_count = iter(range(1, 1_000_000))


def twilio_form(standin: StandIn, body: str, sender: str = AMINA) -> dict[str, str]:
    """The fields of a webhook that matter, under a new id."""
    to = f"whatsapp:{standin.whatsapp_number}" if sender.startswith("whatsapp:") else standin.sms_number
    return {"MessageSid": f"SM{next(_count):032x}", "AccountSid": standin.account_sid, "From": sender, "To": to, "Body": body, "NumMedia": "0"}


def signed(standin: StandIn, path: str, form: Mapping[str, str], token: str = "") -> dict[str, str]:
    """The headers under which Twilio posts this form to the school's public address."""
    signature = RequestValidator(token or standin.auth_token).compute_signature(f"{PUBLIC}{path}", form)
    return {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"}


def update(body: str, chat: str = FARIDS_CHAT, **extra: Any) -> dict[str, Any]:
    """A Telegram update with one text, under a new id."""
    number = next(_count)
    person = {"id": int(chat), "is_bot": False, "first_name": "A parent"}
    message = {"message_id": number, "from": person, "chat": {"id": int(chat), "first_name": "A parent", "type": "private"}, "date": int(time.time())}
    return {"update_id": number, "message": message | ({"text": body} if body else {}) | extra}
