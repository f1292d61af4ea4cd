"""`bookbag chat`: a phone in the terminal, with the real engine and the real database."""

from __future__ import annotations

import asyncio
import secrets
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select

from bot.channels.base import ChannelName
from bot.channels.simulator import Shown, SimulatorChannel
from bot.house import Embedded, House
from bot.transcript import Recorder
from data.addresses import Address
from data.people import Adult, AdultAddress
from school import School, addresses

if TYPE_CHECKING:
    from bot.settings import Settings


def chat(settings: Settings, number: str, channel: str, record: Path | None) -> int:
    """Read lines from standard input as messages of `number` on `channel`, print each reply; the exit code."""
    phone = SimulatorChannel(ChannelName(channel))
    # Only this terminal answers itself: a server on the same database leaves these messages alone, and sends none of them to a real phone.
    house = House(settings, {phone.name: phone}, via=f"terminal:{secrets.token_hex(4)}")
    try:
        address = _address(house, number, ChannelName(channel))
    except addresses.NotANumber:
        print(f"bookbag chat: --as {number}: not a phone number; write it as 07700 900001 or +447700900001.", file=sys.stderr)
        house.close()
        return 2
    if isinstance(house.understander, Embedded):
        house.understander.warm()
    recorder = Recorder(record, house.clock(), _who(house, address, phone.name), channel) if record else None
    try:
        asyncio.run(_converse(house, phone, address, recorder))
    finally:
        house.close()
        if recorder is not None:
            recorder.close()
    return 0


async def _converse(house: House, phone: SimulatorChannel, address: str, recorder: Recorder | None) -> None:
    interactive = sys.stdin.isatty()
    while True:
        line = await asyncio.to_thread(_read_line, interactive)
        if line is None:
            return
        pressed = _button(phone, address, line)
        await asyncio.to_thread(house.inbox.take_in, [[pressed or phone.says(address, line)]])
        if recorder is not None:
            recorder.parent(line)
        for shown in await _replies(house, phone, address):
            print(_as_text(shown), flush=True)
            if recorder is not None:
                recorder.school(shown)


async def _replies(house: House, phone: SimulatorChannel, address: str) -> list[Shown]:
    before = len(phone.sent.get(address, []))
    while True:
        wait = await asyncio.to_thread(house.take_waiting_turns)
        await house.dispatcher.run_once()
        if wait is None:
            return phone.sent.get(address, [])[before:]
        await asyncio.to_thread(time.sleep, wait.total_seconds())


def _button(phone: SimulatorChannel, address: str, line: str) -> object:
    """A bare number under buttons presses one, as a thumb would."""
    last = phone.sent.get(address, [])[-1:]
    if line.strip().isdigit() and last and last[0].buttons and 1 <= int(line) <= len(last[0].buttons):
        return phone.presses(address, int(line))
    return None


def _read_line(interactive: bool) -> str | None:  # noqa: FBT001
    if interactive:
        print("> ", end="", flush=True)
    line = sys.stdin.readline()
    return line.rstrip("\n") if line else None


def _as_text(shown: Shown) -> str:
    lines = [shown.text, *(f"{number} {button.label}" for number, button in enumerate(shown.buttons, start=1))]
    if shown.attachment is not None:
        lines.append(f"[{shown.attachment.filename}]")
    return "\n".join(lines)


def _address(house: House, number: str, channel: ChannelName) -> str:
    """Where `number` is reached on this channel. On Telegram that is a chat of the same person's, if the school knows one. Raises NotANumber."""
    phone = addresses.mobile(number)
    if channel is not ChannelName.TELEGRAM:
        return phone
    with house.store.read() as session:
        owners = select(AdultAddress.adult_id).join(Address).where(Address.value == phone)
        chat = select(Address.value).join(AdultAddress).where(Address.channel == channel, AdultAddress.adult_id.in_(owners))
        return session.scalars(chat).first() or phone.removeprefix("+")


def _who(house: House, address: str, channel: str) -> str:
    with house.store.read() as session:
        found = session.scalars(select(Adult).join(AdultAddress).join(Address).where(Address.channel == channel, Address.value == address)).first()
        return found.name.split()[0] if found else address
