"""How tests hold a stand-in: `with StandIn() as standin: …`."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import threading
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import uvicorn

from tests.standin import app as standin
from tests.standin.translators import CLOUD_KEY
from tests.standin.wire import listen

ROOT = Path(__file__).parents[2]


class StandIn:
    """A stand-in on a free loopback port: in a thread of this process, or, with `process=True`, in one of its own that outlives a crash of ours.

    `url` is the base URL of Twilio's and of the translators', `telegram_url` Telegram's. Everything is synchronous and takes about a millisecond.
    """

    account_sid, auth_token, bot_token = standin.ACCOUNT_SID, standin.AUTH_TOKEN, standin.BOT_TOKEN
    sms_number, whatsapp_number = standin.SMS_NUMBER, standin.WHATSAPP_NUMBER
    telegram_secret = "stand-in-secret"
    google_cloud_key = CLOUD_KEY

    def __init__(self, *, seed: int = 1, log: Path | None = None, process: bool = False) -> None:
        self._seed, self._log, self._is_process = seed, log, process
        self._thread: threading.Thread | None = None
        self._server: uvicorn.Server | None = None
        self._child: subprocess.Popen[str] | None = None
        self.url = ""

    @property
    def telegram_url(self) -> str:
        return f"{self.url}/bot"

    def __enter__(self) -> Self:
        self._start_process() if self._is_process else self._start_thread()
        return self

    def __exit__(self, *_: object) -> None:
        if self._child:
            self._child.terminate()
            self._child.wait(timeout=5)
            if self._child.stdout:
                self._child.stdout.close()
        if self._server and self._thread:
            self._server.should_exit = self._server.force_exit = True
            self._thread.join(timeout=5)

    def _start_thread(self) -> None:
        listening = listen()
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        app = standin.StandInApp(self._seed, self._log)
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", access_log=False, timeout_graceful_shutdown=0))
        self._thread = threading.Thread(target=asyncio.run, args=[_serve(self._server, app, listening)], daemon=True)
        self._thread.start()

    def _start_process(self) -> None:
        command = [sys.executable, "-m", "tests.standin", "--seed", str(self._seed), *(["--log", str(self._log)] if self._log else [])]
        self._child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._child.stdout
        self.url = self._child.stdout.readline().strip()

    def control(self, **wish: Any) -> None:
        """Settings, faults, rates; see `app.StandInApp.control`."""
        self._ask("POST", "/_control", wish)

    def fault(self, operation: str, kind: str, **details: Any) -> None:
        """The next call of this operation goes wrong so: `fault('twilio.send', 'drop_after', times=2)`. Kinds and details: `faults.py`."""
        self.control(faults=[{"operation": operation, "kind": kind, **details}])

    def inbound(self, channel: str, sender: str | int, body: str = "", **details: Any) -> dict[str, Any]:
        """Someone writes: their message's id, and the status that each webhook call was answered with."""
        answer: dict[str, Any] = self._ask("POST", "/_inbound", {"channel": channel, "from": sender, "body": body, **details})
        return answer

    def log(self, operation: str | None = None, since: int = 0) -> list[dict[str, Any]]:
        """What was asked of the stand-in and what it did, oldest first."""
        entries: list[dict[str, Any]] = self._ask("GET", f"/_log?since={since}")
        return [entry for entry in entries if operation in {None, entry["operation"]}]

    def accepted(self, operation: str = "twilio.send") -> list[dict[str, Any]]:
        """What really went out, whatever the sender was told."""
        return [entry for entry in self.log(operation) if entry["accepted"]]

    def reset(self) -> None:
        """As if just started."""
        self._ask("POST", "/_reset")

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=40)
        try:
            connection.request(method, path, json.dumps(body).encode() if body is not None else None)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 200:
                raise AssertionError(f"{path}: {answer.status} {text[:300]!r}")
            return json.loads(text)
        finally:
            connection.close()


async def _serve(server: uvicorn.Server, app: standin.StandInApp, listening: socket.socket) -> None:
    await server.serve(sockets=[listening])
    await app.aclose()
