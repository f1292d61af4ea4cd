"""Parents who write all the time: bookings by a few messages, lists, changes of mind, rubbish, on three channels."""

from __future__ import annotations

import json
import random
import re
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from school import LONDON
from tests.crash.judge import day_told, named, question
from tests.standin.client import StandIn

SENDS = ("twilio.send", "telegram.sendMessage")
OPTION = re.compile(r"^(\d+) ", re.MULTILINE)
OPENINGS = ("book an appointment",) * 6 + (
    "menu",
    "appointments",
    "cancel my appointment",
    "move my appointment",
    "back",
    "qwrt zxc 12 ❤️",
    "7",
    "-1",
    "thank you",
)
GREETINGS = ("hi", "hello", "good morning", "hello there", "hi school", "dear school", "hey", "")
THANKS = ("please", "thanks", "thank you", "please thank you", "ok", "pls", "many thanks", "")
"""A real parent never writes the same twice; who does so often is taken for a robot and not answered."""
PATIENCE = 6.0
"""Seconds that a parent waits for an answer before writing again."""


@dataclass(frozen=True)
class Parent:
    """One phone of the demo school's families."""

    channel: str
    sender: str


PARENTS = (
    Parent("sms", "+447700900102"),
    Parent("sms", "+447700900101"),
    Parent("sms", "+447700900110"),
    Parent("sms", "+447700900117"),
    Parent("sms", "+447700900122"),
    Parent("whatsapp", "+447700900103"),
    Parent("whatsapp", "+447700900121"),
    Parent("whatsapp", "+447700900124"),
    Parent("telegram", "447700900104"),
    Parent("telegram", "447700900137"),
    Parent("sms", "+447700900955"),  # nobody the school knows
)


ASKERS = (
    *(Parent("sms", f"+447700900{number}") for number in (102, 105, 106, 136, 139, 140)),
    Parent("whatsapp", "+447700900141"),
    Parent("telegram", "447700900137"),
)
"""Those who read English and have not been asked anything by the school."""


class Crowd:
    """All parents at once, each in a thread of its own, until told to stop."""

    def __init__(self, standin: StandIn, seed: int, parents: Sequence[Parent] = PARENTS) -> None:
        self._standin = standin
        self._stopping = threading.Event()
        self._heard: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.failures: list[BaseException] = []
        works = [(self._live, parent, random.Random(f"{seed} {parent}")) for parent in parents]
        self._threads = [threading.Thread(target=self._guarded, args=work, daemon=True) for work in [*works, (self._listen,)]]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(30)
        assert not self.failures, self.failures

    def _guarded(self, work: Any, *args: Any) -> None:
        try:
            work(*args)
        except Exception as error:  # noqa: BLE001  # told when the crowd stops
            self.failures.append(error)

    def _listen(self) -> None:
        """Every phone rings as soon as the stand-in has something for it."""
        seen = 0
        while not self._stopping.wait(0.05):
            entries = self._standin.log(since=seen)
            seen += len(entries)
            for entry in entries:
                if entry["operation"] in SENDS and entry["accepted"]:
                    self._heard[entry["to"].removeprefix("whatsapp:")].append(entry)

    def _live(self, parent: Parent, chance: random.Random) -> None:
        """Open a conversation, answer what is asked for a while, open another. Sometimes write without waiting, or the same twice, as providers repeat."""
        while not self._stopping.is_set():
            opening = chance.choice(OPENINGS)
            self._write(parent, chance, body=f"{chance.choice(GREETINGS)} {opening} {chance.choice(THANKS)}".strip() if len(opening) > 10 else opening)
            for _ in range(chance.randrange(2, 6)):
                answer = self._answer(parent, chance)
                if answer is None or self._stopping.is_set():
                    break
                self._write(parent, chance, **answer)

    def _write(self, parent: Parent, chance: random.Random, body: str = "", **more: Any) -> None:
        heard = len(self._heard[parent.sender])
        self._standin.inbound(parent.channel, parent.sender, body, repeat=chance.choice((1, 1, 1, 3)), **more)
        if chance.random() < 0.1:
            return
        patience = time.monotonic() + PATIENCE
        while len(self._heard[parent.sender]) == heard and time.monotonic() < patience and not self._stopping.wait(0.05):
            pass
        self._stopping.wait(chance.uniform(0, 0.1))

    def _answer(self, parent: Parent, chance: random.Random) -> dict[str, Any] | None:
        """One of the answers that were offered last, if any; on Telegram as a button. The first ones lead to a booking and are likelier."""
        if not self._heard[parent.sender]:
            return None
        last = self._heard[parent.sender][-1]
        if parent.channel == "telegram":
            rows = json.loads(last["form"].get("reply_markup", "{}")).get("inline_keyboard", [])
            buttons = [button["callback_data"] for row in rows for button in row]
            return {"button": _one_of(buttons, chance)} if buttons else None
        numbers = OPTION.findall(last["body"])
        return {"body": _one_of(numbers, chance)} if numbers else None


class Askers(Crowd):
    """Parents who ask about one day after another, up to three at once, and wait for the answers: each answer names its day (judge.py)."""

    def __init__(self, standin: StandIn, seed: int, parents: Sequence[Parent] = ASKERS) -> None:
        super().__init__(standin, seed, parents)

    def _live(self, parent: Parent, chance: random.Random) -> None:
        days = iter([datetime.now(LONDON).date() + timedelta(days=number) for number in range(3, 340)])
        while not self._stopping.is_set() and (batch := list(islice(days, chance.randrange(1, 4)))):
            written = self._ask(parent, chance, batch)
            # Telegram keeps what follows behind an update that fails: a parent there never writes on before an answer has come.
            patience = time.monotonic() + (10**6 if parent.channel == "telegram" else PATIENCE / 2)
            while not written <= self._told(parent) and time.monotonic() < patience and not self._stopping.wait(0.05):
                pass
            self._stopping.wait(chance.uniform(1, 4))

    def _ask(self, parent: Parent, chance: random.Random, days: Sequence[date]) -> set[str]:
        """Write without waiting for answers, as long as the school takes it; what was written."""
        written = set()
        for day in days:
            told = self._standin.inbound(parent.channel, parent.sender, question(day), repeat=chance.choice((1, 1, 1, 3)))
            written.add(named(day))
            if set(told["statuses"]) != {200}:
                break
        return written

    def _told(self, parent: Parent) -> set[str | None]:
        return {day_told(entry["body"]) for entry in self._heard[parent.sender]}


def _one_of(options: Sequence[str], chance: random.Random) -> str:
    return options[0] if chance.random() < 0.5 else chance.choice(options)
