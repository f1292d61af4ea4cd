"""`bookbag chat`: a phone in the terminal, with the real engine and the real database."""

from __future__ import annotations

import asyncio
import io
import secrets
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from sqlalchemy import select

from bot import logs, running
from bot.channels.base import ChannelName, Inbound, InboundKind
from bot.channels.simulator import Shown, SimulatorChannel
from bot.channels.text import clean
from bot.house import House
from bot.inbox import Arrivals
from bot.transcript import Recorder
from data.addresses import Address
from data.people import Adult, AdultAddress
from school import addresses

if TYPE_CHECKING:
    from bot.settings import Settings

BAD_USAGE = 2
SHARE = "/share"
"""What is written for Telegram's button that shares one's own number."""


def chat(settings: Settings, number: str, channel: str, record: Path | None) -> int:
    """Read lines from standard input as messages of `number` on `channel`, print each reply; the exit code. An empty line is an empty message."""
    try:
        phone_number = addresses.mobile(number)
    except addresses.NotAMobile as error:
        return _refuse(f"--as {number}: {error.what}; Bookbag texts mobile numbers only.")
    except addresses.NotANumber:
        return _refuse(f"--as {number}: not a phone number; write it as 07700 900101 or +447700900101.")
    logs.configure(as_json=settings.log.as_json, level="DEBUG" if settings.log.level == "DEBUG" else "WARNING")
    phone = SimulatorChannel(ChannelName(channel))
    # Only this terminal answers itself: a server on the same database leaves these messages alone, and sends none of them to a real phone.
    house = House(settings, {phone.name: phone}, via=f"terminal:{secrets.token_hex(4)}")
    try:
        address = _address(house, phone_number, phone.name)
        _say_who(house, settings, phone_number)
        _warm(house)
        recorder = Recorder(record, house.clock(), channel, *_who(house, address, phone.name)) if record else None
    except OSError as error:
        house.close()
        return _refuse(f"--record {record}: cannot be written: {error.strerror}.")
    try:
        _converse(Terminal(house, phone, address, phone_number), recorder)
    finally:
        if recorder is not None:
            recorder.close()
        house.close()
    return 0


class Terminal:
    """One phone, and the school that answers it."""

    def __init__(self, house: House, phone: SimulatorChannel, address: str, number: str) -> None:
        self._house, self._phone, self._address, self._number = house, phone, address, number

    def as_message(self, line: str) -> Inbound:
        """What a line is: a button where a bare number stands under buttons, as a thumb would press it; a shared number where the phone offers that."""
        line = clean(line)
        last = next(reversed(self._phone.sent.get(self._address, [])), None)
        if last is not None and last.asks_contact and line.strip() == SHARE:
            return self._phone.says(self._address, kind=InboundKind.CONTACT, payload=self._number)
        if last is not None and line.strip().isdecimal() and 1 <= int(line) <= len(last.buttons):
            return self._phone.presses(self._address, int(line))
        return self._phone.says(self._address, line)

    async def say(self, message: Inbound) -> list[Shown]:
        """Send it, and wait until nothing is left to be done; what the phone shows in answer."""
        before = len(self._phone.sent.get(self._address, []))
        await asyncio.to_thread(self._house.inbox.take_in, [Arrivals([message])])
        while True:
            wait = await asyncio.to_thread(self._house.take_waiting_turns)
            await self._house.dispatcher.run_once()
            if wait is None:
                return self._phone.sent.get(self._address, [])[before:]
            await asyncio.sleep(wait.total_seconds())


def _converse(terminal: Terminal, recorder: Recorder | None) -> None:
    """Line by line until there are no more. Reading happens outside the event loop, so that Ctrl-C ends it at once."""
    with asyncio.Runner() as runner:
        for line in _lines():
            message = terminal.as_message(line)
            if recorder is not None:
                recorder.parent(message)
            for shown in runner.run(terminal.say(message)):
                typer.echo(_as_text(shown))
                if recorder is not None:
                    recorder.school(shown)


def _lines() -> Iterator[str]:
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    while True:
        if sys.stdin.isatty():
            typer.echo("> ", nl=False)
        line = sys.stdin.readline()
        if not line:
            return
        yield line.rstrip("\r\n")


def _refuse(why: str) -> int:
    typer.echo(f"bookbag chat: {why}", err=True)
    return BAD_USAGE


def _warm(house: House) -> None:
    """Wait until there is a model; a better one that is still being built is taken up as it comes. What takes longer than a moment is said."""
    if house.embedded is None:
        return
    is_kept = any(house.settings.nlu.model_dir.glob("*.npz"))
    words = "Getting ready to understand …" if is_kept else "Learning to understand: only this first time, about half a minute …"
    said = threading.Timer(3 if is_kept else 0, typer.echo, [words], {"err": True})
    said.daemon = True
    said.start()
    settled = threading.Event()
    threading.Thread(target=running.warm, args=[house.embedded, settled.set], name="warm", daemon=True).start()
    while not house.embedded.ready and not settled.wait(0.1):
        pass
    said.cancel()


def _say_who(house: House, settings: Settings, number: str) -> None:
    """Tell on standard error where nobody is registered, or not this number: the school answers as it answers any stranger."""
    with house.store.read() as session:
        if session.scalar(select(Adult.id).limit(1)) is None:
            where = settings.database_url if settings.database_url.startswith("sqlite") else "this database"
            typer.echo(
                f"There are no families in {where}, so you are a stranger. `bookbag import families FILE.csv` takes some in; "
                "`make run` makes the demo school in var/demo.db: name it with BOOKBAG_DATABASE_URL=sqlite:///var/demo.db.",
                err=True,
            )
        elif session.scalar(select(Address.id).join(AdultAddress).where(Address.value == number).limit(1)) is None:
            typer.echo("No family has this number, so you are a stranger. `bookbag family list` shows whom you can write as.", err=True)


def _as_text(shown: Shown) -> str:
    # Where labels are too long for buttons, the list stands in the text and each button bears its number.
    buttons = [f"{number} {button.label}" for number, button in enumerate(shown.buttons, start=1) if button.label != str(number)]
    lines = [shown.text, *buttons]
    if shown.attachment is not None:
        lines.append(f"[{shown.attachment.filename}]")
    if shown.asks_contact:
        lines.append(f"[Share my number: write {SHARE}]")
    return "\n".join(lines)


def _address(house: House, phone: str, channel: ChannelName) -> str:
    """Where a number is reached on this channel. On Telegram that is a chat of the same person's, if the school knows one, else a new chat."""
    if channel is not ChannelName.TELEGRAM:
        return phone
    with house.store.read() as session:
        owners = select(AdultAddress.adult_id).join(Address).where(Address.value == phone)
        chat = select(Address.value).join(AdultAddress).where(Address.channel == channel, AdultAddress.adult_id.in_(owners))
        return session.scalars(chat).first() or phone.removeprefix("+")


def _who(house: House, address: str, channel: str) -> tuple[str, str]:
    """The name that a transcript gives them, and their language."""
    with house.store.read() as session:
        found = session.scalars(select(Adult).join(AdultAddress).join(Address).where(Address.channel == channel, Address.value == address)).first()
        return (found.name.split()[0], found.language) if found else (address, "en")
