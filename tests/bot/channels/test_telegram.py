"""Telegram: recorded updates, polling that confirms only what is stored, and what its refusals mean."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import error as told

from bot.channels.base import AddressKind, Attachment, ChannelName, Choice, Forged, InboundKind, Malformed, Outgoing, WebhookRequest
from bot.channels.errors import FateUnknown, Rejected, SendError, TryLater, Verdict
from bot.channels.telegram import _OUTCOMES, NOT_SENT, TelegramAccount, TelegramChannel, translated
from bot.channels.telegram_inbound import inbound
from tests.bot.channels.conftest import outgoing, telegram_account
from tests.bot.channels.test_twilio_read import as_json
from tests.standin.client import StandIn

pytestmark = pytest.mark.anyio
RECORDED = [json.loads(path.read_text()) for path in sorted(Path(__file__).with_name("telegram").glob("*.json"))]
URL = "https://school.example/webhooks/telegram"
SECRET = "x-telegram-bot-api-secret-token"
BOT = "7700900000"


def message(text: str = "Hello", **changed: Any) -> Outgoing:
    return outgoing(ChannelName.TELEGRAM, text, **changed)


def webhook(body: bytes, secret: str = "stand-in-secret") -> WebhookRequest:
    return WebhookRequest(URL, {SECRET: secret}, body)


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda recorded: recorded["label"])
async def test_a_recorded_update_reads_as_recorded(recorded: dict[str, Any], telegram: TelegramChannel) -> None:
    assert [as_json(one) for one in telegram.read(webhook(json.dumps(recorded["update"]).encode()))] == recorded["expect"]


@pytest.mark.parametrize("given", ["", "stand-in-secre", "stand-in-secret ", "STAND-IN-SECRET", "é"])
async def test_a_wrong_secret_is_forged(telegram: TelegramChannel, given: str) -> None:
    with pytest.raises(Forged):
        telegram.read(webhook(b'{"update_id": 1}', given))


async def test_without_a_secret_of_ours_every_webhook_is_forged(standin: StandIn) -> None:
    for secret in (None, ""):
        with pytest.raises(Forged):
            TelegramChannel(telegram_account(standin, secret_token=secret)).read(webhook(b'{"update_id": 1}', ""))


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[1]", b"5", b"null", b'{"update_id": "1"}', b"[" * 100_000])
async def test_what_is_no_update_is_malformed(telegram: TelegramChannel, body: bytes) -> None:
    with pytest.raises(Malformed):
        telegram.read(webhook(body))


KEYS = st.sampled_from(["id", "type", "chat", "from", "date", "text", "message", "data", "photo", "contact"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("private"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)


@given(JSON, st.sampled_from(["message", "edited_message", "callback_query", "my_chat_member", "poll"]))
def test_no_update_whatever_breaks_the_reader(part: object, name: str) -> None:
    assert len(inbound({"update_id": 1, name: part}, BOT)) <= 1


async def test_nul_and_lone_surrogates_are_made_storable(telegram: TelegramChannel) -> None:
    text = rb'{"update_id":1,"message":{"message_id":1,"date":1,"chat":{"id":7001,"type":"private"},"text":"a\u0000b\ud800c"}}'
    assert telegram.read(webhook(text))[0].text == "a\ufffdb\ufffdc"


async def test_a_poll_is_confirmed_only_by_the_next_one(telegram: TelegramChannel, standin: StandIn) -> None:
    standin.inbound("telegram", 7001, "one")
    standin.inbound("telegram", 7001, "two")
    first, offset = await telegram.poll(None, wait=0)
    again, _ = await telegram.poll(None, wait=0)
    assert [one.text for one in first] == [one.text for one in again] == ["one", "two"]
    assert await telegram.poll(offset, wait=0) == ([], offset)
    assert (await telegram.poll(None, wait=0))[0] == []


async def test_a_poll_waits_for_a_message(telegram: TelegramChannel, standin: StandIn) -> None:
    polling = asyncio.create_task(telegram.poll(None, wait=5))
    await asyncio.sleep(0.05)
    await asyncio.to_thread(standin.inbound, "telegram", 7001, "late")
    [one], _ = await polling
    assert one.text == "late"


async def test_one_unreadable_update_does_not_hold_up_a_poll(telegram: TelegramChannel, standin: StandIn) -> None:
    standin.inbound("telegram", 7001, update={"update_id": 7, "message": {"message_id": 1, "date": "soon", "chat": {"id": 7001, "type": "private"}}})
    standin.inbound("telegram", 7001, "fine")
    found, offset = await telegram.poll(None, wait=0)
    assert [one.kind for one in found] == [InboundKind.OTHER, InboundKind.TEXT]
    assert offset == 9


async def test_ids_may_start_again_anywhere(telegram: TelegramChannel, standin: StandIn) -> None:
    standin.control(next_update_id=3)
    standin.inbound("telegram", 7001, "after a week of silence")
    [one], offset = await telegram.poll(None, wait=0)
    assert (one.provider_id, offset) == ("tg:3", 4)


async def test_a_press_is_answered_once(telegram: TelegramChannel, standin: StandIn) -> None:
    standin.inbound("telegram", 7001, button="q17:2")
    [pressed], _ = await telegram.poll(None, wait=0)
    assert (pressed.kind, pressed.payload) == (InboundKind.BUTTON, "q17:2")
    await asyncio.wait(telegram._answers)
    assert len(standin.accepted("telegram.answerCallbackQuery")) == 1


async def test_an_old_press_is_stored_all_the_same(telegram: TelegramChannel, standin: StandIn) -> None:
    standin.fault("telegram.answerCallbackQuery", "refuse", description="Bad Request: query is too old and response timeout expired or query ID is invalid")
    standin.inbound("telegram", 7001, button="q17:2")
    assert (await telegram.poll(None, wait=0))[0]
    await asyncio.wait(telegram._answers)


@pytest.mark.parametrize(
    "kind,details,raised",
    [
        ("refuse", {"status": 409, "description": "Conflict: terminated by other getUpdates request"}, Rejected(Verdict.OUR_ACCOUNT, "409")),
        ("refuse", {"status": 401}, Rejected(Verdict.OUR_ACCOUNT, "401")),
        ("429", {"after": 3}, TryLater(3, "429")),
        ("500_before", {}, TryLater()),
        ("drop_before", {}, TryLater()),
        ("hang_before", {"seconds": 1}, TryLater()),
        ("rubbish", {"status": 200}, TryLater()),
    ],
)
async def test_a_poll_in_vain_is_told(telegram: TelegramChannel, standin: StandIn, kind: str, details: dict[str, Any], raised: SendError) -> None:
    standin.fault("telegram.getUpdates", kind, **details)
    with pytest.raises(type(raised)) as caught:
        await telegram.poll(None, wait=0)
    assert caught.value == raised


async def test_a_webhook_is_set_with_our_secret_and_given_up(telegram: TelegramChannel, standin: StandIn) -> None:
    await telegram.use_webhook(URL)
    form = standin.accepted("telegram.setWebhook")[0]["form"]
    assert (form["url"], form["secret_token"]) == (URL, standin.telegram_secret)
    assert json.loads(form["allowed_updates"]) == ["message", "edited_message", "callback_query", "my_chat_member"]
    with pytest.raises(Rejected):
        await telegram.poll(None, wait=0)
    await telegram.use_webhook(None)
    assert await telegram.poll(None, wait=0) == ([], None)


async def test_the_name_of_the_bot_is_known(telegram: TelegramChannel) -> None:
    assert await telegram.username() == "cherry_garden_bot"


async def test_choices_are_buttons_that_carry_ids(telegram: TelegramChannel, standin: StandIn) -> None:
    await telegram.send(message("When?", choices=(Choice("q17:1", "Tue 3 March, 15:10"), Choice("q17:2", "Tue 3 March, 15:30"))))
    form = standin.accepted("telegram.sendMessage")[0]["form"]
    assert form["text"] == "When?"
    assert json.loads(form["link_preview_options"]) == {"is_disabled": True}
    assert json.loads(form["reply_markup"]) == {
        "inline_keyboard": [[{"text": "Tue 3 March, 15:10", "callback_data": "q17:1"}], [{"text": "Tue 3 March, 15:30", "callback_data": "q17:2"}]],
    }


async def test_long_labels_are_numbered_with_the_numbers_in_a_row(telegram: TelegramChannel, standin: StandIn) -> None:
    await telegram.send(message("Which?", choices=[Choice(f"q1:{n}", "a long label " * 6) for n in range(1, 7)]))
    form = standin.accepted("telegram.sendMessage")[0]["form"]
    assert "\n6 a long label" in form["text"]
    assert [[button["text"] for button in row] for row in json.loads(form["reply_markup"])["inline_keyboard"]] == [["1", "2", "3", "4", "5"], ["6"]]


async def test_the_contact_button_bears_the_first_label(telegram: TelegramChannel, standin: StandIn) -> None:
    await telegram.send(message("Please share your number.", asks_contact=True, choices=[Choice("share", "Share my number")]))
    form = standin.accepted("telegram.sendMessage")[0]["form"]
    assert json.loads(form["reply_markup"])["keyboard"] == [[{"text": "Share my number", "request_contact": True}]]
    assert form["text"] == "Please share your number."


ICS = Attachment("meeting.ics", "text/calendar", b"BEGIN:VCALENDAR")


async def test_a_file_goes_with_its_text_as_one_message(telegram: TelegramChannel, standin: StandIn) -> None:
    await telegram.send(message("Booked.", attachment=ICS))
    [entry] = standin.accepted("telegram.sendDocument")
    assert (entry["form"]["caption"], entry["form"]["document"]) == ("Booked.", "meeting.ics")
    assert standin.accepted("telegram.sendMessage") == []


async def test_a_file_beside_a_long_text_follows_and_may_fail(telegram: TelegramChannel, standin: StandIn) -> None:
    standin.fault("telegram.sendDocument", "refuse")
    for _ in range(2):
        assert (await telegram.send(message("a" * 1025, attachment=ICS))).provider_id
    assert len(standin.accepted("telegram.sendMessage")) == 2
    assert len(standin.accepted("telegram.sendDocument")) == 1


@pytest.mark.parametrize(
    "status,description,raised",
    [
        (403, "Forbidden: bot was blocked by the user", Rejected(Verdict.BAD_ADDRESS, "403")),
        (403, "Forbidden: user is deactivated", Rejected(Verdict.BAD_ADDRESS, "403")),
        (400, "Bad Request: chat not found", Rejected(Verdict.BAD_ADDRESS, "400")),
        (400, "Bad Request: message text is empty", Rejected(Verdict.OUR_CONTENT, "400")),
        (401, "Unauthorized", Rejected(Verdict.OUR_ACCOUNT, "401")),
        (404, "Not Found", Rejected(Verdict.OUR_ACCOUNT, "401")),
        (409, "Conflict", Rejected(Verdict.OUR_ACCOUNT, "409")),
        (429, "Too Many Requests", TryLater(code="429")),
        (418, "I'm a teapot", FateUnknown()),
        (500, "Internal Server Error", FateUnknown()),
    ],
)
async def test_a_refusal_has_its_outcome(telegram: TelegramChannel, standin: StandIn, status: int, description: str, raised: SendError) -> None:
    standin.fault("telegram.sendMessage", "refuse", status=status, description=description)
    with pytest.raises(type(raised)) as caught:
        await telegram.send(message())
    assert caught.value == raised


@pytest.mark.parametrize("text,data", [("a" * 4097, "x"), ("Hello", "x" * 65)])
async def test_what_cannot_be_sent_is_our_fault(telegram: TelegramChannel, text: str, data: str) -> None:
    with pytest.raises(Rejected) as caught:
        await telegram.send(message(text, choices=[Choice(data, "one")]))
    assert caught.value.verdict is Verdict.OUR_CONTENT


def subclasses(of: type[BaseException]) -> set[type[BaseException]]:
    return {of} | {deeper for kind in of.__subclasses__() for deeper in subclasses(kind)}


async def test_no_exception_of_the_library_is_unmapped() -> None:
    assert {kind for kind, _ in _OUTCOMES} == {kind for kind in subclasses(told.TelegramError) if kind.__module__ == "telegram.error"}


async def test_special_exceptions_are_asked_for_before_general_ones() -> None:
    kinds = [kind for kind, _ in _OUTCOMES]
    assert not [(early, late) for n, early in enumerate(kinds) for late in kinds[n + 1 :] if issubclass(late, early)]


CAUSES: list[tuple[Exception, type[SendError]]] = [
    (httpx.ConnectError("x"), TryLater),
    (httpx.ConnectTimeout("x"), TryLater),
    (httpx.PoolTimeout("x"), TryLater),
    (httpx.ReadTimeout("x"), FateUnknown),
    (httpx.WriteTimeout("x"), FateUnknown),
    (httpx.RemoteProtocolError("x"), FateUnknown),
    (httpx.ReadError("x"), FateUnknown),
    (httpx.WriteError("x"), FateUnknown),
]


@pytest.mark.parametrize("cause,raised", CAUSES, ids=lambda case: getattr(case, "__name__", type(case).__name__))
async def test_the_cause_says_whether_it_left(cause: Exception, raised: type[SendError]) -> None:
    for error in (told.TimedOut(), told.NetworkError("x")):
        error.__cause__ = cause
        assert type(translated(error)) is raised


async def test_every_transport_error_is_one_or_the_other() -> None:
    unsent = {kind for kind in subclasses(httpx.TransportError) if issubclass(kind, NOT_SENT)}
    assert unsent == {httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol}


@pytest.mark.parametrize("ending", ["", "/", "/bot", "/bot/"])
async def test_the_base_url_may_end_as_it_likes(standin: StandIn, ending: str) -> None:
    channel = TelegramChannel(telegram_account(standin, base_url=standin.url + ending))
    assert (await channel.send(message())).provider_id.startswith("tg:7001:")
    await channel.aclose()


async def test_the_token_is_in_no_log_and_no_repr(standin: StandIn, caplog: pytest.LogCaptureFixture) -> None:
    account: TelegramAccount = telegram_account(standin)
    channel = TelegramChannel(replace(account))
    with caplog.at_level(logging.INFO):
        await channel.send(message("private words"))
        for kind in ("drop_after", "500_after", "rubbish"):
            standin.fault("telegram.sendMessage", kind, status=200 if kind == "rubbish" else 0, body="private words")
            with pytest.raises(FateUnknown):
                await channel.send(message("private words"))
        await channel.poll(None, wait=0)
    await channel.aclose()
    assert "STAND-IN" not in caplog.text + repr(account)
    assert "private words" not in caplog.text


async def test_sends_beside_each_other_all_arrive(telegram: TelegramChannel, standin: StandIn) -> None:
    receipts = await asyncio.gather(*(telegram.send(message(f"{n}")) for n in range(30)))
    assert len({receipt.provider_id for receipt in receipts}) == 30 == len(standin.accepted("telegram.sendMessage"))


async def test_a_file_is_fetched_up_to_a_size(telegram: TelegramChannel) -> None:
    file = await telegram.fetch("AgACAgQ")
    assert (file.filename, file.media_type, file.content) == ("knee.jpg", "image/jpeg", b"hi")
    with pytest.raises(Rejected):
        await telegram.fetch("AgACAgQ", most=1)


async def test_a_message_of_ours_is_deleted_in_their_chat(telegram: TelegramChannel, standin: StandIn) -> None:
    sent = await telegram.send(Outgoing("1", ChannelName.TELEGRAM, "42", AddressKind.TELEGRAM_CHAT, "hello"))
    standin.fault("telegram.deleteMessage", "500_before")
    with pytest.raises(TryLater):
        await telegram.forget(sent.provider_id)
    await telegram.forget(sent.provider_id)
    await telegram.forget(sent.provider_id)  # it is gone, and that is well
    assert len(standin.accepted("telegram.deleteMessage")) == 1


async def test_what_is_too_old_or_theirs_cannot_be_deleted(telegram: TelegramChannel, standin: StandIn) -> None:
    sent = await telegram.send(Outgoing("1", ChannelName.TELEGRAM, "42", AddressKind.TELEGRAM_CHAT, "hello"))
    standin.fault("telegram.deleteMessage", "refuse", description="Bad Request: message can't be deleted for everyone")
    with pytest.raises(Rejected) as too_old:
        await telegram.forget(sent.provider_id)
    with pytest.raises(Rejected) as theirs:
        await telegram.forget("tg:500001")
    assert (too_old.value.code, theirs.value.code) == ("older than 48 hours", "their own message, in their own chat")
