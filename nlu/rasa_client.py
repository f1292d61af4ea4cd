"""Asks a Rasa server what a message means, and leaves it in peace for a while where it does not answer."""

from __future__ import annotations

import http.client
import json
import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from nlu.errors import RasaAway

_log = logging.getLogger(__name__)

TIMEOUT = 1.5
"""Seconds for one message. Rasa takes about 20 ms; a turn that needs five guesses must not keep a parent waiting for long."""
FAILURES = 3
"""So many failures in a row open the circuit: from then on nobody waits for Rasa."""
REST = 30.0
"""Seconds for which an open circuit stays open. Then one message tries again, and the others go on without Rasa until it is answered."""
BELIEVED = 10.0
"""Seconds for which an answer shows that Rasa is there."""

_LARGEST = 1_000_000  # bytes of an answer: one of Rasa's own has a few thousand
_PIECE = 65_536  # bytes
_RANKED = 10
_PROBE = "hello"


@dataclass(frozen=True)
class RasaGuess:
    """What Rasa takes a message for. `intent` is None where it saw nothing that it knows; `confidence` is 0 to 1; `ranking` is best first."""

    intent: str | None
    confidence: float
    ranking: tuple[tuple[str, float], ...] = ()


class RasaClient:
    """A Rasa server by its address. Safe to share between threads; a text is sent to that address alone, never through a proxy, and never logged."""

    def __init__(self, url: str, timeout: float = TIMEOUT, clock: Callable[[], float] = time.monotonic) -> None:
        self._url, self._timeout, self._clock = url.rstrip("/"), timeout, clock
        self._lock = threading.Lock()
        self._failures, self._again_at, self._answered_at = 0, -math.inf, -math.inf

    def parse(self, text: str) -> RasaGuess:
        """The intent of `text`. Raises RasaAway where Rasa does not answer within the timeout, answers something else, or rests after failures."""
        self._enter()
        try:
            guess = _guess(self.ask(text))
        except RasaAway as away:
            self._failed(away.reason)
            raise
        self._answered()
        return guess

    def answers(self) -> bool:
        """Whether Rasa understands now. It is asked, unless it has just answered or rests; so it is found to be back though nobody writes."""
        if self._clock() - self._answered_at < BELIEVED:
            return True
        try:
            self.parse(_PROBE)
        except RasaAway:
            return False
        return True

    def ask(self, text: str) -> dict[str, Any]:
        """All that Rasa answers, as it came, whether it rests or not. Raises RasaAway."""
        try:
            told = json.loads(self._post(json.dumps({"text": text}).encode()))
        except (OSError, http.client.HTTPException) as error:
            raise RasaAway(type(error).__name__) from error
        except (ValueError, RecursionError) as error:
            raise RasaAway("not JSON") from error
        if not isinstance(told, dict):
            raise RasaAway("no understanding")
        return told

    def _post(self, body: bytes) -> bytes:
        """The body of Rasa's answer, whole within the timeout however slowly it comes."""
        until = time.monotonic() + self._timeout
        address = urlsplit(self._url)
        kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
        connection = kind(address.netloc, timeout=self._timeout)
        try:
            connection.connect()
            line = connection.sock
            connection.request("POST", f"{address.path}/model/parse", body, {"Content-Type": "application/json", "Connection": "close"})
            with connection.getresponse() as answer:
                if answer.status != http.HTTPStatus.OK:
                    raise RasaAway(f"status {answer.status}")
                told = b""
                while piece := answer.read1(_PIECE):
                    told += piece
                    left = until - time.monotonic()
                    if left <= 0:
                        raise TimeoutError
                    if len(told) > _LARGEST:
                        raise RasaAway("too long")
                    line.settimeout(left)
                return told
        finally:
            connection.close()

    def _enter(self) -> None:
        """Raises RasaAway while the circuit is open; after the rest it lets one caller through."""
        with self._lock:
            now = self._clock()
            if now < self._again_at:
                raise RasaAway("resting")
            if self._failures >= FAILURES:
                self._again_at = now + REST

    def _answered(self) -> None:
        with self._lock:
            was_away = self._failures >= FAILURES
            self._failures, self._again_at, self._answered_at = 0, -math.inf, self._clock()
        if was_away:
            _log.info("rasa is back")

    def _failed(self, reason: str) -> None:
        with self._lock:
            self._failures += 1
            self._answered_at = -math.inf
            if self._failures >= FAILURES:
                self._again_at = self._clock() + REST
            has_opened = self._failures == FAILURES
        if has_opened:
            _log.warning("rasa does not answer: %s", reason)


def _guess(told: dict[str, Any]) -> RasaGuess:
    """What matters of Rasa's answer. Raises RasaAway where it has not the shape that Rasa documents."""
    try:
        intent, confidence = _named(told["intent"])
        ranked = [_named(entry) for entry in told.get("intent_ranking", [])[:_RANKED]]
    except (KeyError, TypeError, ValueError) as error:
        raise RasaAway("no understanding") from error
    return RasaGuess(intent, confidence, tuple((name, share) for name, share in ranked if name is not None))


def _named(entry: Any) -> tuple[str | None, float]:
    name, confidence = entry["name"], float(entry["confidence"])
    if not (name is None or isinstance(name, str)) or not 0 <= confidence <= 1:
        raise ValueError
    return name, confidence
