"""100,000 hostile texts (`make fuzz`): each gets an answer, nothing is raised inside, memory does not grow, and the slowest is told."""

from __future__ import annotations

import logging
import os
import random
import resource
import time
from collections.abc import Iterator

import pytest

from nlu import Context
from nlu.embedded.engine import Engine
from nlu.rasa_format import read
from tests.nlu.conftest import DATA

COUNT = int(os.environ.get("BOOKBAG_FUZZ", "500"))
PIECES = [
    "ﷺ",
    "\u202e",
    "\u200d",
    "\x00",
    "\ud800",
    "👍🏽",
    "ꙮ",
    "3/3 ",
    "-1",
    "ا",
    "আ",
    "ሀ",
    "我",
    "é",
    "e\u0301" * 5,
    "%s",
    "{0}",
    "<b>",
    "'; --",
    "=1+1",
    "\n",
    "   ",
    "99999999999",
]


def texts(chance: random.Random, count: int) -> Iterator[str]:
    """Hostile pieces, real messages torn and glued, and any characters at all, up to 36,000 of them."""
    real = [example.text for example in read([DATA]).examples]
    for _ in range(count):
        kind = chance.random()
        if kind < 0.4:
            words = " ".join(chance.choice(real) for _ in range(chance.randint(1, 3)))
            cut = chance.randrange(len(words) + 1)
            yield words[cut:] + chance.choice(PIECES) + words[:cut]
        elif kind < 0.8:
            yield "".join(chance.choice(PIECES) for _ in range(chance.randint(0, 40)))
        elif kind < 0.999:
            yield "".join(chr(chance.randrange(0x110000)) for _ in range(chance.randint(0, 200)))
        else:
            yield chance.choice(PIECES) * chance.randint(1, 36_000)


@pytest.mark.slow
def test_any_text_gets_an_answer(engine: Engine, context: Context, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> None:
    seed = random.SystemRandom().randrange(2**32)
    chance, slowest, memory = random.Random(seed), 0.0, 0
    with caplog.at_level(logging.ERROR):
        for number, text in enumerate(texts(chance, COUNT)):
            began = time.perf_counter()
            understood = engine.parse(text, context)
            engine.watch(text)
            slowest = max(slowest, time.perf_counter() - began)
            assert 0 <= understood.confidence <= 1
            assert all(understood.text[entity.start : entity.end] == entity.text for entity in understood.entities), (seed, number)
            if number == COUNT // 2:
                memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert [record.message for record in caplog.records] == [], seed
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1_024
    with capsys.disabled():
        pass
    assert grown < 50
