"""What the web entry answers: to bad input, to monitoring, and that nothing private is logged."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from sqlalchemy import select

from data.attention import Attention, Need
from tests.conftest import Lines
from tests.served import AMINA, ELSEWHERE, FARIDS_CHAT, STATUS, TELEGRAM, TWILIO, Served, signed, twilio_form, update
from tests.standin.client import StandIn

pytestmark = pytest.mark.anyio


# Forged


def no_signature(standin: StandIn, form: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    return form, {"Content-Type": "application/x-www-form-urlencoded"}


def another_token(standin: StandIn, form: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    return form, signed(standin, TWILIO, form, token="guessed")


def another_body(standin: StandIn, form: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    return form | {"Body": "another"}, signed(standin, TWILIO, form)


def another_sender(standin: StandIn, form: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    return form | {"From": "+447700900102"}, signed(standin, TWILIO, form)


def one_field_more(standin: StandIn, form: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    return form | {"Extra": "1"}, signed(standin, TWILIO, form)


def another_address(standin: StandIn, form: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    return form, signed(standin, STATUS, form)


def another_account(standin: StandIn, form: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    form = form | {"AccountSid": "AC" + "9" * 32}
    return form, signed(standin, TWILIO, form)


def blank_signature(standin: StandIn, form: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    return form, signed(standin, TWILIO, form) | {"X-Twilio-Signature": ""}


def shared_key(standin: StandIn, form: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    return form, signed(standin, TWILIO, form) | {"X-Twilio-Webhooks-Signature-Settings": "key=1,algorithm=HMAC_SHA256"}


FORGERIES = [
    no_signature,
    another_token,
    another_body,
    another_sender,
    one_field_more,
    another_address,
    another_account,
    blank_signature,
    shared_key,
]


@pytest.mark.parametrize("forge", FORGERIES)
async def test_a_forged_text_is_403_and_nothing_is_kept(served_on_sqlite: Served, logged: Lines, forge: Callable[..., Any]) -> None:
    form, headers = forge(served_on_sqlite.standin, twilio_form(served_on_sqlite.standin, "hello"))
    async with served_on_sqlite.caller(ELSEWHERE) as caller:
        answer = await caller.post(TWILIO, content=urlencode(form), headers=headers)
    assert answer.status_code == 403
    assert served_on_sqlite.kept() == []
    assert len(logged.named("refused")) == 1


@pytest.mark.parametrize("secret", [None, "", "wrong", "stand-in-secre", "ü"])
async def test_a_forged_telegram_update_is_403_and_nothing_is_kept(served_on_sqlite: Served, secret: str | None) -> None:
    headers = {} if secret is None else {b"X-Telegram-Bot-Api-Secret-Token": secret.encode("latin-1")}
    async with served_on_sqlite.caller(ELSEWHERE) as caller:
        answer = await caller.post(TELEGRAM, content=json.dumps(update("hello")), headers=headers)
    assert answer.status_code == 403
    assert served_on_sqlite.kept() == []


async def test_a_channel_that_is_off_takes_no_webhook(make_served: Callable[..., Served], demo_sqlite_url: str) -> None:
    served = make_served(demo_sqlite_url, telegram={}, twilio={})
    assert (await served.telegram("hello")).status_code == 403
    assert (await served.text("hello")).status_code == 403
    await served.close()


async def test_a_host_that_the_caller_names_is_not_believed(served_on_sqlite: Served) -> None:
    form = twilio_form(served_on_sqlite.standin, "hello")
    headers = signed(served_on_sqlite.standin, TWILIO, form) | {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http"}
    async with served_on_sqlite.caller() as caller:
        assert (await caller.post(TWILIO, content=urlencode(form), headers=headers)).status_code == 200


# Too large, or broken


async def in_pieces(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 1024):
        yield b"a" * 1024


@pytest.mark.parametrize("path", [TWILIO, STATUS, TELEGRAM])
async def test_a_body_over_64_kb_is_413_whatever_it_says_of_its_length(served_on_sqlite: Served, path: str) -> None:
    async with served_on_sqlite.caller() as caller:
        for claims in (None, "10", "0", "-1", "9" * 5000, "٣"):
            headers = {} if claims is None else {b"Content-Length": claims.encode()}
            assert (await caller.post(path, content=in_pieces(70 * 1024), headers=headers)).status_code == 413, claims
    assert served_on_sqlite.kept() == []


async def test_a_body_that_announces_too_much_is_not_read(served_on_sqlite: Served) -> None:
    read: list[bytes] = []

    async def endless() -> AsyncIterator[bytes]:
        for piece in (b"a", b"b"):
            read.append(piece)
            yield piece

    async with served_on_sqlite.caller() as caller:
        answer = await caller.post(TWILIO, content=endless(), headers={"Content-Length": "70000"})
    assert answer.status_code == 413
    assert read == []


BROKEN: dict[str, bytes] = {
    "no UTF-8": b"\xff\xfe\x00",
    "no JSON": b"{'update_id': 1}",
    "half": b'{"update_id": 1, "message": {',
    "a number": b"17",
    "a list": b"[]",
    "nothing": b"",
    "deep": b"[" * 60_000,
    "a huge number": b'{"update_id": ' + b"9" * 5_000 + b"}",
    "no id": b'{"message": {"text": "hello"}}',
    "an id that is none": b'{"update_id": "1"}',
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN.keys())
async def test_a_broken_update_is_400_and_one_log_line(served_on_sqlite: Served, logged: Lines, body: bytes) -> None:
    async with served_on_sqlite.caller() as caller:
        answer = await caller.post(TELEGRAM, content=body, headers={"X-Telegram-Bot-Api-Secret-Token": served_on_sqlite.standin.telegram_secret})
    assert answer.status_code == 400
    assert [line["why"] for line in logged.events()] == ["cannot be read"]
    assert served_on_sqlite.kept() == []


async def test_a_form_that_is_no_utf8_is_400_and_one_log_line(served_on_sqlite: Served, logged: Lines) -> None:
    form = twilio_form(served_on_sqlite.standin, "\udcff")  # surrogateescape: the byte FF
    headers = _signed_raw(served_on_sqlite, form)
    async with served_on_sqlite.caller() as caller:
        answer = await caller.post(TWILIO, content=urlencode(form, errors="surrogateescape"), headers=headers)
    assert answer.status_code == 400
    assert [line["why"] for line in logged.events()] == ["cannot be read"]
    assert served_on_sqlite.kept() == []


@pytest.mark.parametrize("missing", ["MessageSid", "From"])
async def test_a_form_without_its_essentials_is_400(served_on_sqlite: Served, missing: str) -> None:
    form = {name: value for name, value in twilio_form(served_on_sqlite.standin, "hello").items() if name != missing}
    assert (await served_on_sqlite.post(TWILIO, form)).status_code == 400


def _signed_raw(served: Served, form: dict[str, str]) -> dict[str, str]:
    from bot.channels.twilio_inbound import signature

    value = signature(served.standin.auth_token, f"https://school.example{TWILIO}", list(form.items()))
    return {"X-Twilio-Signature": value, "Content-Type": "application/x-www-form-urlencoded"}


# Strange, and answered

STRANGE = {
    "2,000 characters": "a book " * 286,
    "one word of 2,000": "x" * 2_000,
    "only emoji": "🙏🏽👩‍👩‍👧‍👦🇸🇴",
    "U+FDFA a thousand times": "\ufdfa" * 1_000,
    "NUL": "can i\x00 see the teacher\x00",
    "only NUL": "\x00",
    "a wall of digits": "0123456789" * 150,
    "a huge number": "9" * 60,
    "digits of other scripts": "١٢٣٤٥٦٧٨٩٠" * 100,
    "controls": "\x01\x02\x07\x1b[31mred\x7f\x85",
    "bidi and zero-width": "\u202eolleh\u202c \u200b\u200d\ufeff" * 50,
    "combining marks": "e" + "\u0301" * 1_000,
    "spaces of every kind": "\u00a0\u2003\u3000\u2028\u2029\t\n",
    "format strings": "{0.__class__} %s %(x)s {{7*7}} ${x} \\N{DASH}",
    "sql": "'; DROP TABLE inbox; --",
    "outside the basic plane": "𝓱𝓮𝓵𝓵𝓸 𠜎𠜱",
    "noncharacters": "\uffff\ufdd0 hello \U0010ffff",
}


LONE = {"a lone surrogate": "\ud800", "lone surrogates in words": "hello \ud83d and \udc00", "six hundred of them": "\udc00\ud800" * 300}


@pytest.mark.parametrize("channel", ["sms", "whatsapp", "telegram"])
async def test_whatever_is_written_is_answered(served: Served, channel: str) -> None:
    sender = {"sms": AMINA, "whatsapp": "whatsapp:+447700900103", "telegram": FARIDS_CHAT}[channel]
    outcomes = {}
    for what, body in (STRANGE | (LONE if channel == "telegram" else {})).items():
        before = len(served.said(sender.removeprefix("whatsapp:")))
        answer = await (served.telegram(body) if channel == "telegram" else served.text(body, sender))
        await served.settle()
        row, said = served.kept()[-1], served.said(sender.removeprefix("whatsapp:"))[before:]
        outcomes[what] = (answer.status_code, row.state, row.attempts, {message.state for message in said})
    assert {what: outcome for what, outcome in outcomes.items() if outcome != (200, "handled", 0, {"sent"})} == {}


@pytest.mark.parametrize("number", [2**52, 2**63 - 1, 2**63, 10**300], ids=["52 bits", "64 bits", "more", "300 digits"])
async def test_ids_of_any_size_are_taken(served: Served, number: int) -> None:
    whose = {"id": number, "is_bot": False, "first_name": "A"}
    message = {"message_id": 1, "from": whose, "chat": {"id": number, "type": "private", "first_name": "A"}, "date": 1, "text": "hello"}
    async with served.caller() as caller:
        headers = {"X-Telegram-Bot-Api-Secret-Token": served.standin.telegram_secret}
        answer = await caller.post(TELEGRAM, content=json.dumps({"update_id": number, "message": message}), headers=headers)
    assert answer.status_code in {200, 400}


async def test_long_ids_of_buttons_and_carriers_are_taken(served: Served) -> None:
    assert (await served.text("Book it", ButtonPayload="p" * 2_000)).status_code == 200
    assert (await served.text("Hello", OptOutType="SOMETHING_NEW_AND_LONG")).status_code == 200
    assert (await served.text("Hello", sender="whatsapp:GB." + "1" * 500)).status_code == 200
    await served.settle()
    assert len(served.kept()) == 3


@pytest.mark.parametrize("body", ["", "   ", "\n"])
async def test_an_empty_message_gets_a_kind_question(served_on_sqlite: Served, body: str) -> None:
    await served_on_sqlite.text(body)
    await served_on_sqlite.settle()
    assert "?" in str(served_on_sqlite.said(AMINA)[0].text)


async def test_a_repeat_changes_nothing(served: Served) -> None:
    form = twilio_form(served.standin, "hello")
    for _ in range(3):
        assert (await served.post(TWILIO, form)).status_code == 200
    await served.settle()
    assert (await served.post(TWILIO, form)).status_code == 200
    assert len(served.kept()) == 1


async def test_a_status_of_a_message_we_do_not_know_is_taken(served: Served) -> None:
    form = {"MessageSid": "SM1", "MessageStatus": "delivered", "AccountSid": served.standin.account_sid, "To": AMINA}
    for _ in range(2):
        assert (await served.post(STATUS, form)).status_code == 204
    for odd in ("", "dancing", "x" * 500):
        assert (await served.post(STATUS, form | {"MessageStatus": odd, "ErrorCode": "9" * 400})).status_code == 204


async def test_an_error_of_ours_is_asked_for_again(served_on_sqlite: Served, monkeypatch: pytest.MonkeyPatch, logged: Lines) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(served_on_sqlite.running, "catch_up_soon", lambda: asked.append(True))

    def broken(batches: object) -> list[int]:
        raise LookupError("Ayaan Yusuf")

    monkeypatch.setattr(served_on_sqlite.house.inbox._together, "_work", broken)
    form = twilio_form(served_on_sqlite.standin, "hello")
    transport = httpx.ASGITransport(served_on_sqlite.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as caller:
        answer = await caller.post(TWILIO, content=urlencode(form), headers=signed(served_on_sqlite.standin, TWILIO, form))
    assert answer.status_code == 500
    assert asked == [True]
    assert "Ayaan" not in logged.getvalue() + answer.text


# Health


async def test_alive_and_ready(served_on_sqlite: Served) -> None:
    async with served_on_sqlite.caller() as caller:
        assert (await caller.get("/healthz")).json() == {"status": "alive"}
        ready = await caller.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["ready"] is True
    assert ready.json()["reasons"] == []
    assert ready.json()["off"] == ["email is off: email.smtp_url and email.from are not set"]


async def test_a_channel_that_is_off_says_so(make_served: Callable[..., Served], demo_sqlite_url: str) -> None:
    served = make_served(demo_sqlite_url, telegram={})
    async with served.caller() as caller:
        assert "telegram is off: telegram.token is not set" in (await caller.get("/readyz")).json()["off"]
    await served.close()


async def test_reasons_and_metrics_are_told_to_loopback_or_with_the_token_alone(make_served: Callable[..., Served], demo_sqlite_url: str) -> None:
    served = make_served(demo_sqlite_url, metrics_token="a-token-of-the-monitoring")
    shows = {"Authorization": "Bearer a-token-of-the-monitoring"}
    wrong = {"Authorization": "Bearer a-token"}
    proxied = {"X-Forwarded-For": "203.0.113.9"}
    for client, headers, sees in [
        (("127.0.0.1", 1), {}, True),
        (("::1", 1), {}, True),
        (("127.0.0.1", 1), proxied, False),
        (("127.0.0.1", 1), {"Forwarded": "for=203.0.113.9"}, False),
        (ELSEWHERE, {}, False),
        (ELSEWHERE, wrong, False),
        (ELSEWHERE, shows, True),
        (("127.0.0.1", 1), proxied | shows, True),
    ]:
        async with served.caller(client) as caller:
            assert (await caller.get("/metrics", headers=headers)).status_code == (200 if sees else 403)
            ready = await caller.get("/readyz", headers=headers)
            assert ready.status_code == 200
            assert ("reasons" in ready.json()) is sees
    await served.close()


async def test_a_channel_whose_account_is_refused_makes_it_not_ready(served_on_sqlite: Served) -> None:
    served_on_sqlite.standin.fault("twilio.send", "refuse", status=401, code=20003)
    await served_on_sqlite.text("hello")
    await served_on_sqlite.settle()
    async with served_on_sqlite.caller() as caller:
        ready = await caller.get("/readyz")
        metrics = (await caller.get("/metrics")).text
    assert ready.status_code == 503
    assert ready.json()["reasons"] == ["sms is paused: the provider refuses our account (20003)"]
    assert 'bookbag_channel_paused{channel="sms"} 1.0' in metrics


# Nothing private, and yet each message can be followed

PRIVATE = ("7700900101", "7700 900101", "Amina", "Yusuf", "Ayaan", "Okafor", "wednesday", "fadlan")


async def test_a_booking_leaves_no_name_number_or_words_in_logs_and_metrics(served: Served, logged: Lines) -> None:
    for said in ("Fadlan, can Amina see Ms Okafor on wednesday about Ayaan", "1", "1", "haa", "1"):
        assert (await served.text(said)).status_code == 200
        await served.settle()
    async with served.caller() as caller:
        metrics = (await caller.get("/metrics")).text
    assert len(served.said(AMINA)) >= 5
    assert 'bookbag_received_total{channel="sms"} 5.0' in metrics
    assert "bookbag_database_up 1.0" in metrics
    for private in PRIVATE:
        assert private.lower() not in logged.getvalue().lower()
        assert private.lower() not in metrics.lower()


async def test_a_message_can_be_followed_by_its_trace(served: Served, logged: Lines) -> None:
    served.standin.control(callbacks="none")
    await served.text("hello")
    await served.settle()
    sent = served.said(AMINA)[0]
    await served.post(f"{STATUS}?id={sent.uid}", {"MessageSid": str(sent.provider_id), "MessageStatus": "delivered", "AccountSid": served.standin.account_sid})
    trace = served.kept()[0].trace
    assert [line["event"] for line in logged.events() if line.get("trace") == trace] == ["received", "turn", "claimed", "sent", "status"]


async def test_a_turn_that_fails_keeps_its_trace_beside_where_it_failed(served_on_sqlite: Served, logged: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise LookupError("Ayaan")

    monkeypatch.setattr(served_on_sqlite.house.turns, "_converse", broken)
    await served_on_sqlite.text("hello")
    await served_on_sqlite.settle()
    failed = logged.named("turn failed")
    assert [line["trace"] for line in failed] == [served_on_sqlite.kept()[0].trace] * 3
    assert failed[0]["frames"]
    assert "Ayaan" not in logged.getvalue()
    with served_on_sqlite.house.store.read() as session:
        assert [row.need for row in session.scalars(select(Attention))] == [Need.FAILED]
