"""`bookbag whatsapp setup`: WhatsApp's buttons and lists, made once with Twilio and remembered in the database."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

import typer

from bot.channels.base import ChannelName
from bot.channels.errors import SendError
from data.migrate import upgrade
from data.school_year import Edited
from data.store import Store

if TYPE_CHECKING:
    from bot.channels.twilio import TwilioChannel
    from bot.settings import Settings

TEMPLATES = "whatsapp.templates"
"""The edited setting that holds them: 'quick 3' and 'list 7' to Twilio's ContentSid."""
FAILURE, BAD_INPUT = 1, 2


def setup(settings: Settings) -> int:
    """Make the templates that are missing, and keep what they are called; the exit code."""
    from bot.channels.twilio import TwilioChannel
    from bot.house import twilio_account

    account = twilio_account(settings, {})
    if account is None or not account.whatsapp_from:
        typer.echo("WhatsApp is off: " + "; ".join(line for line in settings.channels_off() if line.startswith("whatsapp")), err=True)
        return BAD_INPUT
    upgrade(settings.database_url)
    try:
        made = asyncio.run(_made(TwilioChannel(account, ChannelName.WHATSAPP)))
    except SendError as error:
        code = getattr(error, "code", None)
        told = f" ({code})" if code else ""
        typer.echo(f"Twilio refused, or did not answer{told}. Are the account's id and token right? This may be run again at any time.", err=True)
        return FAILURE
    _keep(settings.database_url, made)
    typer.echo(f"{len(made)} templates are there. A server that runs shows buttons after its next start.")
    return 0


async def _made(channel: TwilioChannel) -> Mapping[tuple[str, int], str]:
    try:
        return await channel.make_templates()
    finally:
        await channel.aclose()


def _keep(url: str, made: Mapping[tuple[str, int], str]) -> None:
    store = Store(url)
    try:
        with store.write() as session:
            session.merge(Edited(name=TEMPLATES, value={f"{kind} {count}": sid for (kind, count), sid in made.items()}))
    finally:
        store.close()


def kept_templates(url: str) -> dict[tuple[str, int], str]:
    """The templates that were made, by kind and number of choices; none before `bookbag whatsapp setup`. The database must be there."""
    store = Store(url)
    try:
        with store.read() as session:
            kept = session.get(Edited, TEMPLATES)
            return {(name.partition(" ")[0], int(name.partition(" ")[2])): sid for name, sid in kept.value.items()} if kept else {}
    finally:
        store.close()
