"""The stand-in itself: a check is worth what its provider is worth."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl
from urllib.request import urlopen

import pytest
from twilio.request_validator import RequestValidator

from bot.channels.base import AddressKind, ChannelName, Outgoing, WebhookRequest
from bot.channels.errors import SendError
from bot.channels.twilio import TwilioAccount, TwilioSms
from tests.standin.client import StandIn
from tests.standin.faults import Plan

PUBLIC = "https://school.example"


class Ears(ThreadingHTTPServer):
    """Something that is called: keeps what it heard, and answers what it is told."""

    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Ear)
        self.heard: list[tuple[str, dict[str, str], bytes]] = []
        self.statuses: list[int] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Ear(BaseHTTPRequestHandler):
    server: Ears

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def ears() -> Iterator[Ears]:
    server = Ears()
    thread = threading.Thread(target=server.serve_forever, args=[0.01], daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def running() -> Iterator[StandIn]:
    with StandIn() as standin:
        yield standin


@pytest.fixture
def standin(running: StandIn, ears: Ears) -> StandIn:
    running.reset()
    running.control(routes={PUBLIC: ears.url}, twilio_target=f"{PUBLIC}/webhooks/twilio/message")
    return running


def account(standin: StandIn) -> TwilioAccount:
    return TwilioAccount(standin.account_sid, standin.auth_token, sms_from=standin.sms_number, base_url=standin.url, public_url=PUBLIC, timeout=2)


def send(standin: StandIn, *texts: str) -> list[str | SendError]:
    """Send with the real client: each receipt's id, or what was raised."""

    async def sending() -> list[str | SendError]:
        sms, ends = TwilioSms(account(standin)), list[str | SendError]()
        for text in texts:
            try:
                ends.append((await sms.send(Outgoing(f"ob-{text}", ChannelName.SMS, "+447700900123", AddressKind.PHONE, text))).provider_id)
            except SendError as error:
                ends.append(error)
        await sms.aclose()
        return ends

    return asyncio.run(sending())


def wait_for(heard: list[Any], count: int) -> None:
    deadline = time.monotonic() + 3
    while len(heard) < count and time.monotonic() < deadline:
        time.sleep(0.005)
    assert len(heard) == count


def test_a_webhook_is_signed_as_twilio_signs_for_the_public_address(standin: StandIn, ears: Ears) -> None:
    told = standin.inbound("sms", "+447700900123", "Hello & ü’s")
    [(path, headers, body)] = ears.heard
    assert (told["statuses"], path) == ([200], "/webhooks/twilio/message")
    form = dict(parse_qsl(body.decode(), keep_blank_values=True))
    assert RequestValidator(standin.auth_token).validate(f"{PUBLIC}{path}", form, headers["x-twilio-signature"])
    [read] = TwilioSms(account(standin)).read(WebhookRequest(f"{PUBLIC}{path}", headers, body))
    assert (read.provider_id, read.text) == (told["sid"], "Hello & ü’s")
    assert len(form) >= 16


def test_a_webhook_is_repeated_at_once_with_the_same_id(standin: StandIn, ears: Ears) -> None:
    first = standin.inbound("sms", "+447700900123", "hi", repeat=20)
    assert first["statuses"] == [200] * 20
    again = standin.inbound("sms", "+447700900123", "hi", sid=first["sid"])
    assert again["sid"] == first["sid"]
    assert len({dict(parse_qsl(body.decode()))["MessageSid"] for _, _, body in ears.heard}) == 1


def test_dropped_webhooks_are_in_the_listing_only(standin: StandIn, ears: Ears) -> None:
    standin.control(drop_webhooks=True)
    sid = standin.inbound("sms", "+447700900123", "hi")["sid"]
    assert ears.heard == []

    async def missed() -> list[str]:
        sms = TwilioSms(account(standin))
        found = [one.provider_id for one in await sms.missed(_long_ago())]
        await sms.aclose()
        return found

    assert asyncio.run(missed()) == [sid]


def _long_ago() -> Any:
    from datetime import UTC, datetime, timedelta

    return datetime.now(UTC) - timedelta(hours=1)


@pytest.mark.parametrize(
    "way,states",
    [
        ("normal", ["sent", "delivered"]),
        ("early", ["sent", "delivered"]),
        ("shuffled", ["delivered", "sent"]),
        ("repeated", ["sent", "delivered", "sent", "delivered"]),
        ("unknown", ["delivered", "sent", "delivered"]),
        ("none", []),
    ],
)
def test_callbacks_come_as_the_setting_says(standin: StandIn, ears: Ears, way: str, states: list[str]) -> None:
    standin.control(callbacks=way)
    [sid] = send(standin, "x")
    wait_for(ears.heard, len(states))
    updates = [TwilioSms(account(standin)).read_status(WebhookRequest(PUBLIC + path, headers, body))[0] for path, headers, body in ears.heard]
    assert [update.state for update in updates] == states
    assert {update.outbox_id for update in updates} <= {"ob-x"}
    assert sum(update.provider_id != sid for update in updates) == (way == "unknown")


def test_a_fate_is_reported_with_its_code(standin: StandIn, ears: Ears) -> None:
    standin.control(fates={"+447700900123": 30003})
    send(standin, "x")
    wait_for(ears.heard, 2)
    assert dict(parse_qsl(ears.heard[1][2].decode()))["ErrorCode"] == "30003"


def test_the_same_seed_tells_the_same_lies(standin: StandIn) -> None:
    def lies() -> list[str]:
        standin.reset()
        standin.control(callbacks="none", seed=7, rates={"twilio.send": {"drop_after": 0.3, "500_before": 0.2, "429": 0.1}})
        return [end if isinstance(end, str) and not end.startswith("SM") else type(end).__name__ for end in send(standin, *map(str, range(30)))]

    assert lies() == lies()
    assert 5 < len([entry for entry in standin.log("twilio.send") if entry["fault"]]) < 28


def test_a_fault_for_one_number_spares_the_others() -> None:
    plan = Plan(1)
    plan.add("twilio.send", kind="429", number="+447700900111", times=2)
    assert [bool(plan.draw("twilio.send", number)) for number in ("+447700900123", "+447700900111", "+447700900111", "+447700900111")] == [
        False,
        True,
        True,
        False,
    ]


def test_a_fault_may_last_for_ever() -> None:
    plan = Plan(1)
    plan.add("twilio.send", kind="drop_before", times=-1)
    assert all(plan.draw("twilio.send", None) for _ in range(50))


def test_telegram_repeats_until_it_is_told_ok(standin: StandIn, ears: Ears) -> None:
    standin.control(telegram_target=f"{PUBLIC}/webhooks/telegram")
    ears.statuses = [503, 503]
    assert standin.inbound("telegram", 7001, "hi")["statuses"] == [503]
    wait_for(ears.heard, 3)
    assert len({json.loads(body)["update_id"] for _, _, body in ears.heard}) == 1
    assert ears.heard[0][1]["x-telegram-bot-api-secret-token"] == standin.telegram_secret


def test_nobody_beyond_loopback_is_ever_called(standin: StandIn) -> None:
    standin.control(routes={})
    with pytest.raises(AssertionError):
        standin.inbound("sms", "+447700900123", "hi")


def test_an_unknown_wish_is_an_error(standin: StandIn) -> None:
    with pytest.raises(AssertionError):
        standin.control(callback="none")


def test_a_wrong_password_is_refused(standin: StandIn) -> None:
    standin.control(auth_token="changed")
    [end] = send(standin, "x")
    assert type(end).__name__ == "Rejected"


def test_media_is_served_to_who_has_the_password(standin: StandIn, ears: Ears) -> None:
    standin.inbound("whatsapp", "+447700900123", "", media=[{"content_type": "image/png", "base64": "aGk="}])
    form = dict(parse_qsl(ears.heard[0][2].decode(), keep_blank_values=True))
    assert (form["NumMedia"], form["MediaContentType0"]) == ("1", "image/png")


def test_a_process_of_its_own_keeps_its_history_in_a_file(tmp_path: Path) -> None:
    log = tmp_path / "history.jsonl"
    with StandIn(process=True, log=log) as standin:
        standin.control(callbacks="none")
        sids = send(standin, "one", "two")
        with urlopen(f"{standin.url}/_log") as answer:
            assert len(json.loads(answer.read())) == 2
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(entry["sid"], entry["body"], entry["outbox_id"], entry["accepted"]) for entry in entries] == [
        (sids[0], "one", "ob-one", True),
        (sids[1], "two", "ob-two", True),
    ]
