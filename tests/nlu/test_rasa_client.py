"""What the client makes of a Rasa server that answers, hangs, fails, talks rubbish or is gone."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from nlu.errors import RasaAway
from nlu.rasa_client import BELIEVED, FAILURES, REST, RasaClient, RasaGuess
from tests.rasa_server import PATIENCE, SURE, TEXT, Behaviour, Server, answers, drips, hangs, hangs_up, says, serving, stops_half_way


class Clock:
    """Time that passes when a test says so, in seconds."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as made:
        yield made


@pytest.fixture
def client(server: Server, clock: Clock) -> RasaClient:
    return RasaClient(server.url, PATIENCE, clock)


def fails(client: RasaClient) -> str:
    with pytest.raises(RasaAway) as away:
        client.parse(TEXT)
    return away.value.reason


def test_a_guess_is_rasas(server: Server, client: RasaClient) -> None:
    assert client.parse(TEXT) == RasaGuess("book_appointment", 0.93, (("book_appointment", 0.93), ("ask_lunch", 0.04)))
    assert server.asked == [{"text": TEXT}]
    assert client.ask(TEXT) == SURE


def test_a_text_in_any_script_arrives_as_it_was_written(server: Server, client: RasaClient) -> None:
    client.parse("老师 🎒 “ñ”")
    assert server.asked == [{"text": "老师 🎒 “ñ”"}]


def test_an_address_may_end_in_a_slash_or_lie_below_a_path(server: Server) -> None:
    assert RasaClient(f"{server.url}/", PATIENCE).parse(TEXT).intent == "book_appointment"
    assert fails(RasaClient("http://127.0.0.1:port", PATIENCE)) == "InvalidURL"


def test_no_intent_is_an_answer(server: Server, client: RasaClient) -> None:
    server.behaviour = answers({"intent": {"name": None, "confidence": 0.0}, "intent_ranking": []})
    for _ in range(FAILURES + 1):
        assert client.parse("…") == RasaGuess(None, 0.0)


@pytest.mark.parametrize(
    "behaviour, reason",
    [
        (hangs, "TimeoutError"),
        (drips, "TimeoutError"),
        (hangs_up, "RemoteDisconnected"),
        (stops_half_way, "not JSON"),
        (says(b"{}", 500), "status 500"),
        (says(b"", 302), "status 302"),
        (says(b"<html>"), "not JSON"),
        (says(b"\xff\xfe"), "not JSON"),
        (says(b"[" * 100_000), "not JSON"),
        (says(b" " * 1_000_001), "too long"),
        (answers([SURE]), "no understanding"),
        (answers({}), "no understanding"),
        (answers({"intent": "book_appointment"}), "no understanding"),
        (answers({"intent": {"name": 7, "confidence": 0.9}}), "no understanding"),
        (answers({"intent": {"name": "x", "confidence": "high"}}), "no understanding"),
        (answers({"intent": {"name": "x", "confidence": 7}}), "no understanding"),
        (answers({"intent": {"name": "x", "confidence": float("nan")}}), "no understanding"),
        (answers({"intent": {"name": "x", "confidence": 0.9}, "intent_ranking": {"x": 1}}), "no understanding"),
        (answers({"intent": {"name": "x", "confidence": 0.9}, "intent_ranking": ["x"]}), "no understanding"),
    ],
)
def test_what_is_no_answer_is_away_within_the_timeout(server: Server, client: RasaClient, behaviour: Behaviour, reason: str) -> None:
    server.behaviour = behaviour
    began = time.monotonic()
    assert fails(client) == reason
    assert time.monotonic() - began < PATIENCE + 1


def test_no_server_is_away_at_once(unused_port: int) -> None:
    assert fails(RasaClient(f"http://127.0.0.1:{unused_port}")) == "ConnectionRefusedError"


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_after_some_failures_nobody_waits(server: Server, client: RasaClient, clock: Clock) -> None:
    server.behaviour = says(b"", 500)
    assert [fails(client) for _ in range(FAILURES + 2)] == ["status 500"] * FAILURES + ["resting"] * 2
    assert len(server.asked) == FAILURES
    clock.seconds += REST - 1
    assert fails(client) == "resting"


def test_a_success_between_failures_keeps_the_circuit_closed(server: Server, client: RasaClient) -> None:
    for _ in range(FAILURES):
        server.behaviour = says(b"", 500)
        assert [fails(client) for _ in range(FAILURES - 1)] == ["status 500"] * (FAILURES - 1)
        server.behaviour = answers(SURE)
        client.parse(TEXT)


def test_after_the_rest_one_try_decides(server: Server, client: RasaClient, clock: Clock) -> None:
    server.behaviour = says(b"", 500)
    for _ in range(FAILURES):
        fails(client)
    clock.seconds += REST
    assert [fails(client), fails(client)] == ["status 500", "resting"]
    clock.seconds += REST
    server.behaviour = answers(SURE)
    assert [client.parse(TEXT).intent for _ in range(2)] == ["book_appointment"] * 2


def test_while_one_tries_again_the_others_go_on_without(server: Server, clock: Clock) -> None:
    client = RasaClient(server.url, 10, clock)
    server.behaviour = says(b"", 500)
    for _ in range(FAILURES):
        fails(client)
    clock.seconds += REST
    is_asked, may_answer = threading.Event(), threading.Event()

    def answers_when_told(handler: BaseHTTPRequestHandler) -> None:
        is_asked.set()
        assert may_answer.wait(10)
        answers(SURE)(handler)

    server.behaviour = answers_when_told
    found: list[RasaGuess] = []
    first = threading.Thread(target=lambda: found.append(client.parse(TEXT)))
    first.start()
    assert is_asked.wait(10)
    assert fails(client) == "resting"
    may_answer.set()
    first.join()
    assert [guess.intent for guess in found] == ["book_appointment"]
    assert client.parse(TEXT).intent == "book_appointment"


def test_it_knows_whether_rasa_is_there(server: Server, client: RasaClient, clock: Clock) -> None:
    assert client.answers()
    assert client.answers()
    assert len(server.asked) == 1
    server.behaviour = says(b"", 500)
    clock.seconds += BELIEVED
    assert [client.answers() for _ in range(FAILURES + 1)] == [False] * (FAILURES + 1)
    assert len(server.asked) == 1 + FAILURES
    clock.seconds += REST
    server.behaviour = answers(SURE)
    assert client.answers()


def test_a_failure_is_known_though_there_was_just_an_answer(server: Server, client: RasaClient) -> None:
    assert client.answers()
    server.behaviour = says(b"", 500)
    fails(client)
    assert not client.answers()


def test_a_proxy_never_sees_a_text(server: Server, client: RasaClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    assert client.parse(TEXT).intent == "book_appointment"


def test_the_log_tells_of_it_once_and_nothing_of_the_text(server: Server, client: RasaClient, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client.parse(TEXT)
    server.behaviour = says(TEXT.encode())
    errors = []
    for _ in range(FAILURES + 2):
        with pytest.raises(RasaAway) as away:
            client.parse(TEXT)
        errors.append(f"{away.value!r} {away.value.__cause__!r}")
    clock.seconds += REST
    server.behaviour = answers(SURE)
    client.parse(TEXT)
    assert [record.message for record in caplog.records] == ["rasa does not answer: not JSON", "rasa is back"]
    assert not [word for word in TEXT.split() if len(word) > 3 and word in " ".join(errors)]
