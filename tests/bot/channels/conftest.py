"""The stand-in, real channels in front of it, and messages to send."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from bot.channels.base import AddressKind, Channel, ChannelName, Outgoing
from bot.channels.telegram import TelegramAccount, TelegramChannel
from bot.channels.twilio import TwilioAccount, TwilioSms, TwilioWhatsApp
from tests.standin.client import StandIn

PUBLIC_URL = "https://school.example"
TIMEOUT = 0.8  # seconds: the stand-in answers in two milliseconds, on a busy machine in some hundred


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def running() -> Iterator[StandIn]:
    with StandIn() as standin:
        yield standin


@pytest.fixture
def standin(running: StandIn) -> StandIn:
    running.reset()
    running.control(callbacks="none")
    return running


@pytest.fixture
def account(standin: StandIn) -> TwilioAccount:
    return twilio_account(standin)


def twilio_account(standin: StandIn, **changed: Any) -> TwilioAccount:
    usual = {
        "account_sid": standin.account_sid,
        "auth_token": standin.auth_token,
        "sms_from": standin.sms_number,
        "whatsapp_from": standin.whatsapp_number,
        "base_url": standin.url,
        "public_url": PUBLIC_URL,
        "timeout": TIMEOUT,
    }
    return TwilioAccount(**{**usual, **changed})


def telegram_account(standin: StandIn, **changed: Any) -> TelegramAccount:
    usual = {"token": standin.bot_token, "secret_token": standin.telegram_secret, "base_url": standin.telegram_url, "timeout": TIMEOUT}
    return TelegramAccount(**{**usual, **changed})


@pytest.fixture
async def sms(account: TwilioAccount) -> AsyncIterator[TwilioSms]:
    channel = TwilioSms(account)
    yield channel
    await channel.aclose()


@pytest.fixture
async def whatsapp(account: TwilioAccount) -> AsyncIterator[TwilioWhatsApp]:
    channel = TwilioWhatsApp(account)
    yield channel
    await channel.aclose()


@pytest.fixture
async def telegram(standin: StandIn) -> AsyncIterator[TelegramChannel]:
    channel = TelegramChannel(telegram_account(standin))
    yield channel
    await channel.aclose()


@dataclass
class Subject:
    """One channel under the contract: what it calls the operation of a send, and whom it writes to."""

    channel: Channel
    operation: str
    address: str

    def message(self, text: str = "Ms Okafor will see you at 15:10.", **changed: Any) -> Outgoing:
        return outgoing(self.channel.name, text, address=self.address, **changed)


@pytest.fixture(params=["sms", "whatsapp", "telegram"])
async def subject(request: pytest.FixtureRequest, standin: StandIn) -> AsyncIterator[Subject]:
    channel: TwilioSms | TwilioWhatsApp | TelegramChannel
    if request.param == "telegram":
        channel, operation, address = TelegramChannel(telegram_account(standin)), "telegram.sendMessage", "7001"
    else:
        kind = TwilioSms if request.param == "sms" else TwilioWhatsApp
        channel, operation, address = kind(twilio_account(standin)), "twilio.send", "+447700900123"
    yield Subject(channel, operation, address)
    await channel.aclose()


def outgoing(name: ChannelName, text: str, **changed: Any) -> Outgoing:
    is_telegram = name is ChannelName.TELEGRAM
    usual = {
        "id": "ob-17",
        "channel": name,
        "address": "7001" if is_telegram else "+447700900123",
        "address_kind": AddressKind.TELEGRAM_CHAT if is_telegram else AddressKind.PHONE,
        "text": text,
    }
    return Outgoing(**{**usual, **changed})
