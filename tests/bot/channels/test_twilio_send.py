"""What we ask of Twilio, what its refusals mean, and how an unknown fate and a lost webhook are looked up."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from twilio.base import exceptions as told

from bot.channels.base import AddressKind, ChannelName, Choice, DeliveryState, InboundKind, Outgoing
from bot.channels.errors import FateUnknown, Rejected, SendError, TryLater, Verdict
from bot.channels.twilio import TwilioAccount, TwilioSms, TwilioWhatsApp, channels
from bot.channels.twilio_codes import REPEATABLE, VERDICTS, outcome
from bot.channels.twilio_wire import NOT_SENT, UNKNOWN, HttpClient, translated
from tests.bot.channels.conftest import outgoing, twilio_account
from tests.standin.client import StandIn

pytestmark = pytest.mark.anyio
TWO = (Choice("q17:1", "Tue 3 March, 15:10"), Choice("q17:2", "Tue 3 March, 15:30"))
LONG_AGO = timedelta(minutes=5)


def sms_message(text: str = "Hello", **changed: Any) -> Outgoing:
    return outgoing(ChannelName.SMS, text, **changed)


def whatsapp_message(text: str = "When?", **changed: Any) -> Outgoing:
    return outgoing(ChannelName.WHATSAPP, text, **changed)


def now() -> datetime:
    return datetime.now(UTC)


async def test_a_text_message_is_asked_for_with_every_parameter(sms: TwilioSms, standin: StandIn) -> None:
    await sms.send(sms_message("It’s at 15:10 – see you", valid_for=7200))
    [entry] = standin.accepted()
    assert entry["form"] == {
        "To": "+447700900123",
        "From": standin.sms_number,
        "Body": "It's at 15:10 - see you",
        "StatusCallback": "https://school.example/webhooks/twilio/status?id=ob-17",
        "ValidityPeriod": "7200",
        "SmartEncoded": "false",
        "RiskCheck": "disable",
    }
    assert entry["outbox_id"] == "ob-17"


async def test_a_whatsapp_message_has_prefixes_and_its_own_typography(whatsapp: TwilioWhatsApp, standin: StandIn) -> None:
    await whatsapp.send(whatsapp_message("It’s at 15:10"))
    form = standin.accepted()[0]["form"]
    assert (form["To"], form["From"], form["Body"]) == ("whatsapp:+447700900123", f"whatsapp:{standin.whatsapp_number}", "It’s at 15:10")
    assert "SmartEncoded" not in form


async def test_a_parent_without_a_number_is_written_to_by_id(whatsapp: TwilioWhatsApp, standin: StandIn) -> None:
    await whatsapp.send(whatsapp_message(address="GB.1A2B3C4D5E", address_kind=AddressKind.WHATSAPP_ID))
    assert standin.accepted()[0]["form"]["To"] == "whatsapp:GB.1A2B3C4D5E"


@pytest.mark.parametrize("seconds,asked", [(0, "1"), (-5, "1"), (99_999, "36000")])
async def test_validity_keeps_to_twilios_bounds(sms: TwilioSms, standin: StandIn, seconds: int, asked: str) -> None:
    await sms.send(sms_message(valid_for=seconds))
    assert standin.accepted()[0]["form"]["ValidityPeriod"] == asked


async def test_a_messaging_service_goes_along_with_the_number(account: TwilioAccount, standin: StandIn) -> None:
    sms = TwilioSms(replace(account, messaging_service_sid="MG1", public_url=None))
    assert (await sms.send(sms_message())).provider_id
    form = standin.accepted()[0]["form"]
    assert (form["MessagingServiceSid"], form["From"]) == ("MG1", standin.sms_number)
    assert "StatusCallback" not in form
    await sms.aclose()


async def test_choices_on_sms_are_a_numbered_list(sms: TwilioSms, standin: StandIn) -> None:
    await sms.send(sms_message("When?", choices=TWO))
    assert standin.accepted()[0]["body"] == "When?\n1 Tue 3 March, 15:10\n2 Tue 3 March, 15:30"


async def test_choices_on_whatsapp_without_templates_are_numbered(whatsapp: TwilioWhatsApp, standin: StandIn) -> None:
    await whatsapp.send(whatsapp_message(choices=TWO))
    assert standin.accepted()[0]["body"].endswith("\n2 Tue 3 March, 15:30")


@pytest.fixture
async def with_templates(account: TwilioAccount) -> Any:
    making = TwilioWhatsApp(account)
    sids = await making.make_templates()
    assert await making.make_templates() == sids, "made once"
    await making.aclose()
    channel = TwilioWhatsApp(replace(account, content_sids=sids))
    yield channel
    await channel.aclose()


def choices(count: int, label: str = "Tue 3 March") -> tuple[Choice, ...]:
    return tuple(Choice(f"q17:{number}", f"{label} {number}") for number in range(1, count + 1))


@pytest.mark.parametrize(
    "count,label,kind",
    [(2, "Tue 3 March", "quick"), (3, "Tue 3 March", "quick"), (3, "Tue 3 March, at 15:1", "list"), (4, "Tue", "list"), (10, "Tue", "list")],
)
async def test_choices_on_whatsapp_are_buttons_or_a_list(with_templates: TwilioWhatsApp, standin: StandIn, count: int, label: str, kind: str) -> None:
    assert len(standin.log("twilio.content")) == 11
    await with_templates.send(whatsapp_message("When?", choices=choices(count, label)))
    [entry] = standin.accepted()
    assert "Body" not in entry["form"]
    name = next(made["name"] for made in standin.log("twilio.content") if made["sid"] == entry["form"]["ContentSid"])
    assert name == f"bookbag_{kind}_{count}"
    variables = json.loads(entry["form"]["ContentVariables"])
    assert list(variables.values()) == ["When?", *(text for choice in choices(count, label) for text in (choice.label, choice.id))]


async def test_long_labels_are_listed_and_the_button_is_the_number(with_templates: TwilioWhatsApp, standin: StandIn) -> None:
    await with_templates.send(whatsapp_message("When?", choices=choices(2, "Tuesday the third of March at ten past three")))
    variables = json.loads(standin.accepted()[0]["form"]["ContentVariables"])
    assert variables["1"].startswith("When?\n1 Tuesday the third")
    assert [variables[place] for place in "2345"] == ["1", "q17:1", "2", "q17:2"]


@pytest.mark.parametrize("count,text", [(1, "Well?"), (11, "Well?"), (2, "Well? " * 200)])
async def test_what_no_template_holds_is_numbered(with_templates: TwilioWhatsApp, standin: StandIn, count: int, text: str) -> None:
    await with_templates.send(whatsapp_message(text.strip(), choices=choices(count)))
    assert f"\n{count} Tue 3 March {count}" in standin.accepted()[0]["form"]["Body"]


@pytest.mark.parametrize("code", sorted(VERDICTS))
async def test_every_code_of_the_table_refuses_as_it_says(sms: TwilioSms, standin: StandIn, code: int) -> None:
    standin.control(numbers={"+447700900123": code})
    with pytest.raises(SendError) as caught:
        await sms.send(sms_message())
    expected: SendError = Rejected(VERDICTS[code], str(code))
    if code in REPEATABLE:
        expected = TryLater(code=str(code))
    elif VERDICTS[code] is Verdict.UNCERTAIN:
        expected = FateUnknown(code=str(code))
    assert caught.value == expected
    assert standin.accepted() == []


async def test_an_unknown_code_is_rejected_as_unknown(sms: TwilioSms, standin: StandIn) -> None:
    standin.fault("twilio.send", "refuse", code=29999)
    with pytest.raises(Rejected) as caught:
        await sms.send(sms_message())
    assert caught.value == Rejected(Verdict.UNKNOWN, "29999")


async def test_a_text_too_long_is_our_fault(sms: TwilioSms) -> None:
    with pytest.raises(Rejected) as caught:
        await sms.send(sms_message("a" * 1601))
    assert caught.value == Rejected(Verdict.OUR_CONTENT, "21617")


@pytest.mark.parametrize(
    "status,code,expected",
    [
        (401, None, Rejected(Verdict.OUR_ACCOUNT, "401")),
        (403, 403, Rejected(Verdict.OUR_ACCOUNT, "403")),
        (404, None, Rejected(Verdict.BAD_PAIR, "404")),
        (400, None, Rejected(Verdict.UNKNOWN, "400")),
        (302, None, Rejected(Verdict.OUR_ACCOUNT, "302")),
        (408, None, FateUnknown("408")),
        (500, 20500, FateUnknown("20500")),
        (503, 503, FateUnknown("503")),
        (429, 20429, TryLater(3.0, "20429")),
    ],
)
async def test_a_status_without_a_known_code_has_an_outcome(status: int, code: int | None, expected: SendError) -> None:
    assert outcome(status, code, 3.0) == expected


async def test_a_service_exception_is_read_like_the_older_one() -> None:
    assert translated(told.TwilioServiceException("t", "T", 400, 21610)) == Rejected(Verdict.OPTED_OUT, "21610")
    assert translated(told.TwilioRestException(400, "u", "m", 21610)) == Rejected(Verdict.OPTED_OUT, "21610")


def subclasses(of: type[BaseException]) -> set[type[BaseException]]:
    return {of} | {deeper for kind in of.__subclasses__() for deeper in subclasses(kind)}


async def test_no_exception_of_the_libraries_is_unmapped() -> None:
    bases = {aiohttp.ClientError, aiohttp.ClientConnectionError, aiohttp.ServerConnectionError}  # never raised themselves
    unmapped = [kind for kind in subclasses(aiohttp.ClientError) - bases if not issubclass(kind, NOT_SENT + UNKNOWN)]
    assert unmapped == []
    assert subclasses(told.TwilioException) == {told.TwilioException, told.TwilioRestException, told.TwilioServiceException}


async def test_what_may_have_left_is_never_called_not_sent() -> None:
    assert not [kind for kind in (aiohttp.ServerDisconnectedError, aiohttp.SocketTimeoutError, aiohttp.ClientPayloadError) if issubclass(kind, NOT_SENT)]


async def test_the_timeout_is_real(account: TwilioAccount, standin: StandIn) -> None:
    sms = TwilioSms(replace(account, timeout=0.5))
    await sms.send(sms_message())
    standin.fault("twilio.send", "hang_before", seconds=5)
    async with asyncio.timeout(3):
        with pytest.raises(FateUnknown):
            await sms.send(sms_message())
    await sms.aclose()


async def test_connections_are_kept(sms: TwilioSms) -> None:
    await sms.send(sms_message())
    connector = sms._http._open().connector
    assert isinstance(connector, aiohttp.TCPConnector)
    assert sum(len(kept) for kept in connector._conns.values()) == 1
    await sms.send(sms_message())
    assert sum(len(kept) for kept in connector._conns.values()) == 1


async def test_an_unknown_fate_is_found_by_its_words(sms: TwilioSms, standin: StandIn) -> None:
    started = now()
    message = sms_message("It’s booked.\n", choices=TWO)
    for text in ("Something else", "And more"):
        await sms.send(sms_message(text))
    standin.fault("twilio.send", "drop_after")
    with pytest.raises(FateUnknown):
        await sms.send(message)
    [found] = await sms.find(message, started)
    assert found.provider_id == standin.accepted()[-1]["sid"]
    assert found.state is DeliveryState.DELIVERED
    assert abs(found.created_at - started) < timedelta(seconds=6)
    assert "DateSent" not in "".join(standin.log("twilio.list")[0]["query"])


async def test_what_was_never_taken_is_not_found(sms: TwilioSms, standin: StandIn) -> None:
    standin.fault("twilio.send", "drop_before")
    with pytest.raises(FateUnknown):
        await sms.send(sms_message())
    assert await sms.find(sms_message(), now() - LONG_AGO) == []


async def test_two_equal_texts_are_both_found_newest_first(sms: TwilioSms) -> None:
    sent = [await sms.send(sms_message("Same")) for _ in range(2)]
    found = await sms.find(sms_message("Same"), now() - LONG_AGO)
    assert [one.provider_id for one in found] == [one.provider_id for one in reversed(sent)]


async def test_a_message_older_than_the_attempt_is_not_ours(sms: TwilioSms) -> None:
    await sms.send(sms_message("Same"))
    assert await sms.find(sms_message("Same"), now() + timedelta(seconds=30)) == []


async def test_a_template_is_found_by_its_words(with_templates: TwilioWhatsApp, standin: StandIn) -> None:
    message = whatsapp_message("When?", choices=TWO)
    receipt = await with_templates.send(message)
    assert [(one.provider_id, one.text) for one in await with_templates.find(message, now() - LONG_AGO)] == [(receipt.provider_id, "When?")]


async def test_a_list_that_is_late_shows_it_the_second_time(sms: TwilioSms, standin: StandIn) -> None:
    standin.fault("twilio.send", "late_list", seconds=1)
    await sms.send(sms_message())
    assert await sms.find(sms_message(), now() - LONG_AGO) == []
    await asyncio.sleep(1)
    assert await sms.find(sms_message(), now() - LONG_AGO)


@pytest.mark.parametrize(
    "kind,details",
    [
        ("429", {}),
        ("500_before", {}),
        ("drop_before", {"times": 2}),
        ("hang_before", {"seconds": 1}),
        ("rubbish", {"status": 200}),
        ("refuse", {"status": 401}),
    ],
)
# twice: aiohttp asks again by itself when a kept connection was closed, which is right for a GET and which it does not do for a POST
async def test_asking_in_vain_is_try_later(sms: TwilioSms, standin: StandIn, kind: str, details: dict[str, Any]) -> None:
    for ask in (lambda: sms.find(sms_message(), now()), lambda: sms.missed(now())):
        standin.fault("twilio.list", kind, **details)
        with pytest.raises(TryLater):
            await ask()


async def test_missed_messages_come_oldest_first_over_pages(sms: TwilioSms, standin: StandIn) -> None:
    started = now()
    sids = [standin.inbound("sms", "+447700900123", f"text {number}")["sid"] for number in range(120)]
    standin.inbound("whatsapp", "+447700900123", "not this channel")
    await sms.send(sms_message("ours"))
    missed = await sms.missed(started)
    assert [one.provider_id for one in missed] == sids
    assert (missed[0].text, missed[0].kind, missed[0].address, missed[0].to) == ("text 0", InboundKind.TEXT, "+447700900123", standin.sms_number)
    assert missed[0].sent_at
    assert len(standin.log("twilio.list")) == 3


async def test_a_missed_photo_is_found_with_its_file(whatsapp: TwilioWhatsApp, standin: StandIn) -> None:
    standin.inbound("whatsapp", "+447700900123", "his knee", media=[{"content_type": "image/jpeg"}])
    [missed] = await whatsapp.missed(now() - LONG_AGO)
    assert (missed.kind, missed.text, missed.address) == (InboundKind.PHOTO, "his knee", "+447700900123")
    assert missed.media[0].startswith("https://api.twilio.com/2010-04-01/Accounts/")


async def test_nothing_is_missed_from_before(sms: TwilioSms, standin: StandIn) -> None:
    standin.inbound("sms", "+447700900123", "old")
    assert await sms.missed(now() + timedelta(minutes=1)) == []


async def test_only_channels_with_a_sender_are_on(standin: StandIn) -> None:
    assert [channel.name for channel in channels(twilio_account(standin))] == ["sms", "whatsapp"]
    assert [channel.name for channel in channels(twilio_account(standin, sms_from=None))] == ["whatsapp"]
    assert channels(twilio_account(standin, sms_from=None, whatsapp_from=None)) == []


async def test_every_host_of_twilios_is_rewritten_and_no_other() -> None:
    http = HttpClient(TwilioAccount("AC1", "t", base_url="http://127.0.0.1:9/"))
    assert http.rewritten("https://content.twilio.com/v1/Content?a=1") == "http://127.0.0.1:9/v1/Content?a=1"
    assert http.rewritten("https://api.twilio.com.evil.example/x") == "https://api.twilio.com.evil.example/x"
    assert HttpClient(TwilioAccount("AC1", "t")).rewritten("https://api.twilio.com/x") == "https://api.twilio.com/x"


async def test_the_environment_moves_no_host(monkeypatch: pytest.MonkeyPatch, standin: StandIn) -> None:
    monkeypatch.setitem(os.environ, "TWILIO_EDGE", "sydney")
    monkeypatch.setitem(os.environ, "TWILIO_REGION", "au1")
    sms = TwilioSms(twilio_account(standin))
    assert sms._client.get_hostname("https://api.twilio.com/x") == "https://api.twilio.com/x"
    await sms.aclose()


async def test_no_log_holds_a_number_or_the_token(sms: TwilioSms, standin: StandIn, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        await sms.send(sms_message())
        await sms.find(sms_message(), now())
    assert standin.auth_token not in repr(sms._account)
    assert not [word for word in ("+447700900", "447700900123", standin.auth_token) if word in caplog.text]


async def test_a_file_is_fetched_with_our_password(whatsapp: TwilioWhatsApp, standin: StandIn) -> None:
    standin.inbound("whatsapp", "+447700900123", media=[{"content_type": "image/png", "base64": "aGk="}])
    [missed] = await whatsapp.missed(now() - LONG_AGO)
    file = await whatsapp.fetch(missed.media[0])
    assert (file.media_type, file.content) == ("image/png", b"hi")
    with pytest.raises(Rejected):
        await whatsapp.fetch(missed.media[0], most=1)
    with pytest.raises(Rejected):
        await whatsapp.fetch(missed.media[0] + "0")
    standin.fault("twilio.one", "refuse", status=302)
    with pytest.raises(Rejected) as caught:
        await whatsapp.fetch(missed.media[0])
    assert caught.value.code == "redirect"


@pytest.mark.parametrize(
    "address",
    ["http://api.twilio.com/x", "https://169.254.169.254/x", "https://twilio.com.evil.example/x", "https://evil.example/.twilio.com/x", "file:///etc/passwd"],
)
async def test_a_file_is_fetched_from_twilio_alone(whatsapp: TwilioWhatsApp, address: str) -> None:
    with pytest.raises(Rejected) as caught:
        await whatsapp.fetch(address)
    assert caught.value.code == "host"


async def test_a_message_is_asked_after_and_forgotten(sms: TwilioSms, standin: StandIn) -> None:
    standin.control(fates={"+447700900123": 30003}, callbacks="none")
    sid = (await sms.send(sms_message())).provider_id
    update = await sms.status_of(sid)
    assert update
    assert (update.state, update.verdict, update.code) == (DeliveryState.UNDELIVERED, Verdict.UNREACHABLE, "30003")
    standin.fault("twilio.one", "500_before")
    with pytest.raises(TryLater):
        await sms.forget(sid)
    await sms.forget(sid)
    await sms.forget(sid)
    assert await sms.status_of(sid) is None
