"""What is arranged with Telegram at every start: that it calls us, where the school wants that, and what our bot is called."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from bot.channels.errors import SendError
from bot.house import House
from data.store import DatabaseAway
from school import School
from school.telegram_links import learn_bot_name

if TYPE_CHECKING:
    from bot.channels.telegram import TelegramChannel

log = structlog.get_logger()

WEBHOOK_PATH = "/webhooks/telegram"
FIRST_WAIT, LONGEST_WAIT = 5.0, 600.0
"""Seconds before it is tried again; they double each time."""


async def set_up(house: House, channel: TelegramChannel) -> None:
    """Arrange it, however often that must be tried."""
    wait = FIRST_WAIT
    while True:
        try:
            await arrange(house, channel)
        except (SendError, DatabaseAway) as error:
            log.warning("not set up", channel="telegram", error=type(error).__name__)
        except Exception as error:
            log.exception("not set up", channel="telegram", error=type(error).__name__)
        else:
            return
        await asyncio.sleep(wait)
        wait = min(wait * 2, LONGEST_WAIT)


async def arrange(house: House, channel: TelegramChannel) -> None:
    """Arrange it once. Raises SendError or DatabaseAway."""
    settings = house.settings
    if settings.telegram.mode == "webhook" and settings.public_url:
        await channel.use_webhook(f"{settings.public_url.rstrip('/')}{WEBHOOK_PATH}")
    name = await channel.username()
    await asyncio.to_thread(_keep, house, name)


def _keep(house: House, name: str) -> None:
    with house.store.write() as session:
        learn_bot_name(School(session, house.clock(), house.school_settings), name)
    house.wake_dispatcher()
