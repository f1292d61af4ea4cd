"""Two texts to many families in twelve languages, the server killed on the way and its provider lying: nobody is told twice, nobody is missed, all in order.

The first text is too long for one message, so that a person has three to get in order. `make crash-test` tells 2,000 families and kills ten times;
among the other tests 36 are told, with two kills.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from bot.bench.families import fill, phone
from bot.clock import now
from bot.settings import Settings
from bot.translating import translators
from data.store import Store
from school import LONDON, School, broadcasts
from school.broadcasts import Content, When
from tests.crash.checker import History, Rows
from tests.crash.life import CRASHES, SEED, Life
from tests.crash.server import Nursery
from tests.standin.client import StandIn

pytestmark = [pytest.mark.crash, pytest.mark.slow]

IS_LONG_RUN = CRASHES >= 200
FAMILIES, KILLS = (2_000, 10) if IS_LONG_RUN else (36, 2)
LANGUAGES = ("en", "so", "bn", "ar", "pt", "pl", "ti", "tr", "ur", "fr", "es", "it")
LONG = " ".join(f"On day {day} the bus leaves at nine and children bring a coat and a packed lunch." for day in range(1, 16))
SHORT = "The bus is late. Please wait at the gate."
MESSAGES = 3
"""Of both texts to one family: the long one is cut in two."""


class Telling(Life):
    """A school that has something to tell everyone."""

    def __init__(self, nursery: Nursery, standin: StandIn, database_url: str, folder: Path) -> None:
        translator = {"TRANSLATION__PROVIDERS": "libretranslate", "TRANSLATION__LIBRETRANSLATE__URL": standin.url}
        super().__init__(nursery, standin, database_url, folder, SEED, **translator)
        self._seen = self._left = 0
        with closing(Store(database_url)) as store:
            fill(store, FAMILIES, 0, now(), LANGUAGES)
            _plan(store, LONG, SHORT)
            if not IS_LONG_RUN:  # what is not translated waits for some seconds
                asyncio.run(_translate(self.server.settings(), store))

    def left(self) -> int:
        """How many messages the provider has taken."""
        entries = self._standin.log(since=self._seen)
        self._seen += len(entries)
        self._left += sum(entry["operation"] == "twilio.send" and entry["accepted"] for entry in entries)
        return self._left

    def wait_for(self, messages: int, patience: float = 30.0) -> None:
        """Until the provider has taken so many; it fails where none was taken for long."""
        before, since = self.left(), time.monotonic()
        while before < messages:
            assert time.monotonic() - since < patience, f"{before} of {messages} have left, and no more\n{self.server.tail()}"
            time.sleep(0.05)
            if self.left() > before:
                before, since = self.left(), time.monotonic()


def _plan(store: Store, *texts: str) -> None:
    """Have these texts sent to everyone by whoever starts next: their time comes while nothing runs."""
    with store.write() as session:
        earlier = School(session, now() - timedelta(minutes=2))
        at = (earlier.now + timedelta(minutes=1)).astimezone(LONDON)
        for words in texts:
            made = broadcasts.make(earlier, None, Content(words))
            broadcasts.send(earlier, None, made, When(at.date(), at.time()))


async def _translate(settings: Settings, store: Store) -> None:
    everyone = translators(settings, store, settings.for_school(), now)
    while await everyone.run_once():
        pass
    await everyone.close()


def test_everyone_is_told_once_and_in_order_whatever_dies(nursery: Nursery, standin: StandIn, sqlite_url: str, tmp_path: Path) -> None:
    school = Telling(nursery, standin, sqlite_url, tmp_path)
    school.server.start(wait=False)
    for place in _kill_at(school):
        school.wait_for(place)
        time.sleep(school.chance.uniform(0, 0.3))
        school.die()
    school.wait_for(FAMILIES * MESSAGES)
    numbers = school.judged(also=_judge)
    assert numbers["restarts"] == KILLS + 1
    assert numbers["accepted by providers"] == FAMILIES * MESSAGES


def _kill_at(school: Telling) -> Sequence[int]:
    """After how many messages it is killed: the first time while it starts and plans, the last while much is still to leave."""
    return [0, *sorted(school.chance.sample(range(FAMILIES * MESSAGES * 9 // 10), KILLS - 1))]


def _judge(history: History) -> None:
    """Each family got each of its messages once, in the order in which they were written, and all who read a language the same words."""
    heard: dict[str, list[dict[str, str]]] = defaultdict(list)
    for entry in history.accepted("twilio.send"):
        heard[entry["to"]].append(entry)
    places = history.places()
    written: dict[str, list[str]] = defaultdict(list)
    for row in sorted(history.outbox, key=lambda row: places[row["uid"]]):
        written[row["value"]].append(row["uid"])
    spoken: dict[str, Counter[tuple[str, ...]]] = defaultdict(Counter)
    for family in range(FAMILIES):
        number, language = phone(family), LANGUAGES[family % len(LANGUAGES)]
        got = heard[number]
        if len(got) != MESSAGES or [entry["outbox_id"] for entry in got] != written[number]:
            history.fault(f"{number} ({language}) got {len(got)} messages, and not the {MESSAGES} as they were written")
        spoken[language][tuple(entry["body"] for entry in got)] += 1
    for language, said in spoken.items():
        if len(said) != 1:
            history.fault(f"those who read {language} were told {len(said)} different things")
    for words in (LONG, SHORT):
        if words not in " ".join(" ".join(next(iter(spoken["en"]))).split()):
            history.fault("who reads English was told something else")


def test_the_judge_sees_who_was_told_twice_missed_or_out_of_order() -> None:
    """A judge that never complains would prove nothing."""
    bodies = (LONG, LONG[-100:], SHORT)
    outbox: Rows = [
        {"id": MESSAGES * family + place, "uid": f"{family}/{place}", "key": f"broadcast:1:{family}{'+' * place}", "value": phone(family)}
        for family in range(FAMILIES)
        for place in range(MESSAGES)
    ]
    log: Rows = [
        {"operation": "twilio.send", "accepted": True, "to": each["value"], "outbox_id": each["uid"], "body": bodies[each["id"] % MESSAGES]} for each in outbox
    ]
    assert _faults(outbox, log) == []
    assert len(_faults(outbox, [*log, log[0]])) == 2  # told twice, and by that something else than others of the language
    assert len(_faults(outbox, log[:-1])) == 2
    assert len(_faults(outbox, [log[1], log[0], *log[2:]])) == 2


def _faults(outbox: Rows, log: Rows) -> list[str]:
    history = History(inbox=[], outbox=outbox, appointments=[], cells=[], people=[], attention=[], log=log)
    _judge(history)
    return history.faults
