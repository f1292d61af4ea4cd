"""Telegram: the bot, and whether Telegram calls us or waits to be asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

from bot.channels.errors import Rejected
from bot.live.findings import Finding, look, right, seen, wrong
from bot.live.twilio import place
from bot.settings.kinds import TelegramMode
from bot.telegram_setup import WEBHOOK_PATH

if TYPE_CHECKING:
    from bot.channels.telegram import Registration, TelegramChannel
    from bot.settings import Settings

ABOUT = "telegram bot"


async def findings(settings: Settings, channel: TelegramChannel) -> AsyncIterator[Finding]:
    """What Telegram answers about the school's bot, judged."""
    try:
        found = await _registration(channel)
        for each in [found] if isinstance(found, Finding) else _judged(settings, found):
            yield each
    finally:
        await channel.aclose()


async def _registration(channel: TelegramChannel) -> Registration | Finding:
    try:
        return await seen(ABOUT, channel.registration())
    except Rejected:
        return wrong(ABOUT, "Telegram refuses the token: copy telegram.token anew from @BotFather, or ask it for a new one (/token)")


def _judged(settings: Settings, found: Registration) -> Iterator[Finding]:
    yield right(ABOUT, f"@{found.username} answers to the token")
    if found.can_join_groups:
        yield look(ABOUT, "it can be added to groups, where others would read along: @BotFather, /setjoingroups, Disable")
    yield _judged_webhook(settings, found.webhook)
    if found.last_error:
        yield look(ABOUT, f"Telegram last failed to reach us: {found.last_error}")


def _judged_webhook(settings: Settings, webhook: str) -> Finding:
    is_polled = settings.telegram.mode is TelegramMode.POLLING
    ours = "" if is_polled else f"{(settings.public_url or '').rstrip('/')}{WEBHOOK_PATH}"
    if webhook == ours:
        return right(ABOUT, "nobody is told of messages: we poll" if is_polled else "messages are told to us")
    meant = "asks for them itself" if is_polled else "enters its own address"
    return look(ABOUT, f"messages are told to {place(webhook) or 'nobody'}: Bookbag {meant} when it starts. Does another program use this bot's token?")
