"""The engine that the tests share. `python -m tests.model` trains it beside what else is to be done before them: it takes a minute."""

from __future__ import annotations

import fcntl
from pathlib import Path

from bot.house import Embedded
from nlu.embedded.encoders import Usem3

MODEL = Path(".pytest_cache") / "nlu"
"""Where it keeps its model, and the vectors of the examples that it was trained on."""


def trained() -> Embedded:
    """The engine, trained by whoever comes first of the processes that run tests side by side."""
    engine = Embedded(MODEL, [Usem3()])
    MODEL.mkdir(parents=True, exist_ok=True)
    with (MODEL.parent / "nlu.lock").open("w") as one_at_a_time:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        engine.warm()
    return engine


if __name__ == "__main__":
    trained()
