import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from bot import logs


class Lines(io.StringIO):
    """A stream that can be read back as the events that were logged."""

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]


@pytest.fixture
def lines() -> Iterator[Lines]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    out = Lines()
    logs.configure(stream=out)
    yield out
    root.handlers = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


@pytest.mark.parametrize("key", ["text", "body", "name", "adult_name", "password", "auth_token", "secret", "answer"])
def test_private_keys_are_dropped(lines: Lines, key: str) -> None:
    structlog.get_logger("t").info("turn.done", adult=7, **{key: "Amina is ill"})
    assert "Amina" not in lines.getvalue()
    assert lines.events()[0]["adult"] == 7


@pytest.mark.parametrize("written", ["+447700900123", "07700 900123", "0044 7700 900 123", "whatsapp +44 7700-900123", "447700900123"])
def test_a_number_keeps_its_last_three_digits(lines: Lines, written: str) -> None:
    structlog.get_logger("t").warning("odd", seen=f"from {written} today", phone=written)
    told = lines.events()[0]
    assert told["phone"] == "…123"
    assert told["seen"].endswith("…123 today")
    assert [key for key, value in told.items() if key != "timestamp" and "900" in str(value)] == []


def test_dates_ids_and_counts_stay_whole(lines: Lines) -> None:
    structlog.get_logger("t").info("tick", day="2026-11-24", sid="SM00112233445566778899aabbccddeeff", rows=12345678901, at="2026-11-24T18:29:50+00:00")
    told = lines.events()[0]
    assert (told["day"], told["rows"], told["at"]) == ("2026-11-24", 12345678901, "2026-11-24T18:29:50+00:00")
    assert told["sid"].startswith("SM0011")


def test_private_keys_are_dropped_at_any_depth(lines: Lines) -> None:
    structlog.get_logger("t").info("seen", parts=[{"text": "secret words", "phone": "+447700900123", "n": 1}])
    assert lines.events()[0]["parts"] == [{"phone": "…123", "n": 1}]


def test_tokens_in_addresses_are_masked(lines: Lines) -> None:
    logging.getLogger("other").warning("GET https://api/bot123456:AAabcdefghijklmnopqrstuvwxyz012345/getMe and /m/Zm9vYmFyYmF6")
    assert "AAabc" not in lines.getvalue()
    assert "Zm9v" not in lines.getvalue()


def test_an_exception_tells_its_kind_and_place_but_not_its_words(lines: Lines) -> None:
    try:
        int("my son Yusuf is ill")
    except ValueError:
        structlog.get_logger("t").exception("turn.failed")
    told = lines.events()[0]
    assert told["exception"] == ["ValueError"]
    assert told["frames"][-1].startswith("tests/bot/test_logs.py:")
    assert "Yusuf" not in lines.getvalue()


def test_a_library_s_exception_is_scrubbed_too(lines: Lines) -> None:
    try:
        raise RuntimeError("my son Yusuf is ill") from ValueError("Yusuf")
    except RuntimeError:
        logging.getLogger("sqlalchemy").exception("It broke")
    assert lines.events()[0]["exception"] == ["RuntimeError", "ValueError"]
    assert "Yusuf" not in lines.getvalue()


@pytest.mark.parametrize("library", ["httpx", "httpcore", "twilio", "aiohttp", "telegram"])
def test_clients_do_not_log_addresses(lines: Lines, library: str) -> None:
    logging.getLogger(library).info("HTTP Request: GET https://example.org/bot1:abc")
    assert lines.getvalue() == ""


def test_uvicorn_s_access_log_is_off(lines: Lines) -> None:
    logging.getLogger("uvicorn.access").info("GET /m/TOKEN")
    logging.getLogger("uvicorn.error").info("Started")
    assert [event["event"] for event in lines.events()] == ["Started"]


def test_a_reader_gets_lines_and_not_json(lines: Lines) -> None:
    logs.configure(as_json=False, stream=lines)
    structlog.get_logger("t").info("turn.done", adult=7)
    assert "turn.done" in lines.getvalue()
    assert not lines.getvalue().startswith("{")
