"""What every channel promises, against a provider that lies, with the real clients."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import Any

import pytest

from bot.channels import telegram, twilio_wire
from bot.channels.base import AddressKind, Channel, ChannelName, Forged, Outgoing, WebhookRequest
from bot.channels.errors import FateUnknown, Rejected, SendError, TryLater, Verdict
from bot.channels.simulator import SimulatorChannel
from tests.bot.channels.conftest import Subject
from tests.standin.client import StandIn

pytestmark = pytest.mark.anyio


async def test_what_is_sent_is_accepted_once_and_has_an_id(subject: Subject, standin: StandIn) -> None:
    receipts = [await subject.channel.send(subject.message(f"Number {number}")) for number in range(3)]
    assert len({receipt.provider_id for receipt in receipts}) == 3
    assert [entry["body"] for entry in standin.accepted(subject.operation)] == ["Number 0", "Number 1", "Number 2"]


FAULTS: list[tuple[str, dict[str, Any], type[SendError], int]] = [
    ("429", {"after": 7}, TryLater, 0),
    ("429", {"after": None}, TryLater, 0),
    ("500_before", {}, FateUnknown, 0),
    ("500_after", {}, FateUnknown, 1),
    ("500_after", {"status": 500}, FateUnknown, 1),
    ("500_after", {"status": 502}, FateUnknown, 1),
    ("drop_before", {}, FateUnknown, 0),
    ("drop_after", {}, FateUnknown, 1),
    ("hang_after", {"seconds": 1.5}, FateUnknown, 1),
    ("rubbish", {"status": 201}, FateUnknown, 1),
    ("rubbish", {"status": 200, "body": "[]"}, FateUnknown, 1),
    ("rubbish", {"status": 200, "body": "{}"}, FateUnknown, 1),
    ("rubbish", {"status": 200, "body": '{"ok": true, "result": 5, "sid": 5}'}, FateUnknown, 1),
    ("rubbish", {"status": 200, "body": ""}, FateUnknown, 1),
    ("refuse", {"status": 401}, Rejected, 0),
]


@pytest.mark.parametrize("kind,details,raised,accepted", FAULTS)
async def test_every_lie_has_one_of_three_outcomes(
    subject: Subject, standin: StandIn, kind: str, details: dict[str, Any], raised: type[SendError], accepted: int
) -> None:
    standin.fault(subject.operation, kind, **details)
    with pytest.raises(raised) as caught:
        await subject.channel.send(subject.message())
    assert type(caught.value) is raised
    assert len(standin.log(subject.operation)) == 1, "a channel asks once"
    assert len(standin.accepted(subject.operation)) == accepted


async def test_a_429_says_how_long_to_wait(subject: Subject, standin: StandIn) -> None:
    standin.fault(subject.operation, "429", after=7)
    with pytest.raises(TryLater) as caught:
        await subject.channel.send(subject.message())
    assert caught.value.after == 7


async def test_a_provider_that_is_not_there_is_try_later(subject: Subject) -> None:
    http = getattr(subject.channel, "_http", None)
    if http:
        http._base_url = "http://127.0.0.1:9"
    else:
        subject.channel._bot._base_url = "http://127.0.0.1:9/bot1:x"  # type: ignore[attr-defined]
    with pytest.raises(TryLater):
        await subject.channel.send(subject.message())


async def test_after_a_lie_the_next_send_works(subject: Subject, standin: StandIn) -> None:
    standin.fault(subject.operation, "drop_after")
    with pytest.raises(FateUnknown):
        await subject.channel.send(subject.message("first"))
    assert (await subject.channel.send(subject.message("second"))).provider_id
    assert len(standin.accepted(subject.operation)) == 2


async def test_a_kept_connection_that_breaks_is_not_asked_again(subject: Subject, standin: StandIn) -> None:
    await subject.channel.send(subject.message("first"))
    standin.fault(subject.operation, "drop_after")
    with pytest.raises(FateUnknown):
        await subject.channel.send(subject.message("second"))
    assert [entry["body"] for entry in standin.accepted(subject.operation)] == ["first", "second"]


async def test_words_that_cannot_be_written_are_our_fault(subject: Subject, standin: StandIn) -> None:
    with pytest.raises(Rejected) as caught:
        await subject.channel.send(subject.message("a\ud800b"))
    assert caught.value.verdict is Verdict.OUR_CONTENT
    assert standin.log() == []


async def test_an_unsigned_webhook_is_forged(subject: Subject) -> None:
    with pytest.raises(Forged):
        subject.channel.read(WebhookRequest("https://school.example/webhooks/x", {}, b"{}"))


async def test_an_address_of_another_kind_is_rejected_unasked(subject: Subject, standin: StandIn) -> None:
    with pytest.raises(Rejected) as caught:
        await subject.channel.send(subject.message(address_kind="email"))
    assert caught.value.verdict is Verdict.BAD_ADDRESS
    assert standin.log() == []


async def test_each_channel_has_the_face(subject: Subject) -> None:
    faces: list[Channel] = [subject.channel, SimulatorChannel(subject.channel.name)]
    assert {face.name for face in faces} == {subject.channel.name}
    assert all(face.limits.text_characters > 0 for face in faces)


def accepting(subject: Subject, padding: int) -> str:
    """An answer by which a message was accepted, with so many bytes that nobody asked for."""
    if subject.operation.startswith("telegram"):
        chat = {"id": 447700900104, "type": "private"}
        told: dict[str, Any] = {"ok": True, "result": {"message_id": 7, "date": 1_772_442_600, "chat": chat, "text": "x"}}
    else:
        told = {"sid": f"SM{'0' * 32}", "status": "queued", "num_segments": "1"}
    return json.dumps(told | {"padding": "x" * padding})


async def test_an_answer_is_read_so_far_and_no_further(subject: Subject, standin: StandIn) -> None:
    standin.fault(subject.operation, "rubbish", status=200, body=accepting(subject, 100_000))
    assert (await subject.channel.send(subject.message())).provider_id
    standin.fault(subject.operation, "rubbish", status=200, body=accepting(subject, max(twilio_wire.LARGEST_ANSWER, telegram.LARGEST_ANSWER)))
    with pytest.raises(FateUnknown):
        await subject.channel.send(subject.message())


async def test_a_packed_answer_that_nobody_asked_for_is_not_opened() -> None:
    packed = gzip.compress(json.dumps({"ok": True, "result": {"id": 1, "is_bot": True, "first_name": "x" * 50_000_000}}).encode())

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(packed) + packed)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        channel = telegram.TelegramChannel(telegram.TelegramAccount("1:x", base_url=f"http://127.0.0.1:{port}"))
        with pytest.raises(FateUnknown):
            await channel.send(Outgoing("u1", ChannelName.TELEGRAM, "447700900104", AddressKind.TELEGRAM_CHAT, "x"))
        await channel.aclose()
