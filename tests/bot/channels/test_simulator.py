"""Phones in memory."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import aclosing

import pytest

from bot.channels.base import PHONES, ChannelName, Choice, Forged, InboundKind, WebhookRequest
from bot.channels.errors import TryLater
from bot.channels.simulator import SimulatorChannel
from tests.bot.channels.conftest import outgoing

pytestmark = pytest.mark.anyio
TWO = (Choice("q17:1", "Tue 3 March, 15:10"), Choice("q17:2", "Tue 3 March, 15:30"))


@pytest.mark.parametrize("name", PHONES)
async def test_choices_are_shown_as_the_channel_shows_them(name: ChannelName) -> None:
    channel = SimulatorChannel(name)
    message = outgoing(name, "It’s when?", choices=TWO)
    receipt = await channel.send(message)
    [shown] = channel.sent[message.address]
    assert (shown.provider_id, shown.outbox_id) == (receipt.provider_id, "ob-17")
    if name is ChannelName.SMS:
        assert (shown.text, shown.buttons) == ("It's when?\n1 Tue 3 March, 15:10\n2 Tue 3 March, 15:30", ())
    else:
        assert (shown.text, shown.buttons) == ("It’s when?", TWO)


async def test_a_listener_sees_what_comes_and_nothing_is_lost() -> None:
    channel = SimulatorChannel(ChannelName.SMS)
    await channel.send(outgoing(ChannelName.SMS, "before"))
    seen: list[str] = []

    async def listen(after: int | None) -> None:
        async with aclosing(channel.subscribe("+447700900123", after=after)) as messages:  # type: ignore[type-var]
            async for shown in messages:
                seen.append(shown.text)
                if shown.text == "third":
                    return

    listeners = [asyncio.create_task(listen(None)), asyncio.create_task(listen(0))]
    await asyncio.sleep(0)
    for text in ("first", "second", "third"):
        await channel.send(outgoing(ChannelName.SMS, text))
    await channel.send(outgoing(ChannelName.SMS, "elsewhere", address="+447700900124"))
    await asyncio.wait_for(asyncio.gather(*listeners), 1)
    assert sorted(seen) == sorted(["first", "second", "third"] * 2 + ["before"])
    assert channel._listeners == {}


async def test_a_press_answers_the_last_message_with_buttons() -> None:
    channel = SimulatorChannel(ChannelName.WHATSAPP, ids=map(str, itertools.count(1)).__next__)
    await channel.send(outgoing(ChannelName.WHATSAPP, "When?", choices=TWO))
    await channel.send(outgoing(ChannelName.WHATSAPP, "By the way."))
    pressed = channel.presses("+447700900123", 2)
    assert (pressed.kind, pressed.payload, pressed.text, pressed.replied_to) == (InboundKind.BUTTON, "q17:2", "Tue 3 March, 15:30", "sim:1")
    with pytest.raises(LookupError):
        channel.presses("+447700900123", 3)


async def test_what_someone_says_has_its_own_id() -> None:
    channel = SimulatorChannel(ChannelName.TELEGRAM)
    first, second = channel.says("7001", "hi"), channel.says("7001", "hi")
    assert first.provider_id != second.provider_id
    assert (first.kind, first.address_kind) == (InboundKind.TEXT, "telegram_chat")


async def test_a_planned_failure_comes_once() -> None:
    channel = SimulatorChannel(ChannelName.SMS)
    channel.failures.append(TryLater(after=1))
    with pytest.raises(TryLater):
        await channel.send(outgoing(ChannelName.SMS, "x"))
    assert (await channel.send(outgoing(ChannelName.SMS, "x"))).provider_id


async def test_nobody_outside_speaks_for_a_simulated_phone() -> None:
    with pytest.raises(Forged):
        SimulatorChannel(ChannelName.SMS).read(WebhookRequest("https://school.example/x", {}, b""))
