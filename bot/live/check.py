"""`bookbag config check --live`: everything asked, and told."""

from __future__ import annotations

import asyncio
import textwrap
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import TYPE_CHECKING

import typer

from bot.house import telegram_channel, twilio_account
from bot.live import by_hand, mail, telegram, twilio
from bot.live.findings import Finding, Mark
from bot.mail import Mailer

if TYPE_CHECKING:
    from bot.settings import Settings

FAILURE = 1
WIDTH = 140


def run(settings: Settings) -> int:
    """Ask each provider that is switched on, and print what was seen and what is left to look at; the exit code: 1 where something is wrong."""
    found = asyncio.run(_asked(settings))
    typer.echo("\nAsked now:" if found else "\nNo provider is switched on, so none was asked.")
    for line in _told(found):
        typer.echo(line)
    typer.echo("\nFor a person to look at, and tick:")
    for words in by_hand.to_tick(settings):
        typer.echo(textwrap.fill(words, WIDTH, initial_indent="  [ ] ", subsequent_indent="      ", break_long_words=False, break_on_hyphens=False))
    return FAILURE if any(each.mark is Mark.WRONG for each in found) else 0


async def _asked(settings: Settings) -> Sequence[Finding]:
    return [finding for provider in _providers(settings) async for finding in provider]


def _providers(settings: Settings) -> Iterator[AsyncIterator[Finding]]:
    account = twilio_account(settings, {})
    if account is not None:
        yield twilio.findings(settings, account)
    if settings.telegram.token:
        yield telegram.findings(settings, telegram_channel(settings))
    mailer = Mailer.of(settings.email)
    if mailer is not None:
        yield mail.findings(mailer)


def _told(found: Sequence[Finding]) -> Iterator[str]:
    widest = max((len(each.about) for each in found), default=0)
    for each in found:
        yield f"  {each.mark:<5}  {each.about:<{widest}}  {each.words}"
