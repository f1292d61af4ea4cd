"""What staff correct is learnt."""

import stat
from pathlib import Path

import pytest

from nlu.embedded.training import train
from nlu.learned import Learned
from nlu.rasa_format import read
from tests.nlu.test_engine import SMALL


def test_a_correction_is_an_example_of_the_next_training(tmp_path: Path) -> None:
    learned = Learned(tmp_path)
    before = train(SMALL, [], tmp_path)
    assert before.guess("glorp the zibble", {}).intent != "ask_lunch"
    for text in ("glorp the zibble", "zibble glorp please", "is there zibble"):
        assert learned.add(text, "ask_lunch")
    after = train([*SMALL, *read([learned.path]).examples], [], tmp_path)
    assert after.guess("glorp zibble", {}).intent == "ask_lunch"


def test_the_newer_correction_of_a_text_wins(tmp_path: Path) -> None:
    learned = Learned(tmp_path)
    learned.add("  hello   THERE ", "greet")
    assert not learned.add("hello THERE", "greet")
    assert learned.add("hello THERE", "goodbye")
    assert [(example.text, example.intent) for example in read([learned.path]).examples] == [("hello THERE", "goodbye")]


def test_parents_words_are_for_the_school_alone(tmp_path: Path) -> None:
    learned = Learned(tmp_path)
    learned.add("hello", "greet")
    assert stat.S_IMODE(learned.path.stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "12", "\x00", "- "])
def test_what_has_no_words_teaches_nothing(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError):  # its words are those that were given
        Learned(tmp_path).add(text, "greet")


@pytest.mark.parametrize("text", ["- a list", "[name](staff) here", "a: b", "'quoted' # not a comment", "| pipe", "tab\there"])
def test_any_text_can_be_learnt(tmp_path: Path, text: str) -> None:
    learned = Learned(tmp_path)
    learned.add(text, "greet")
    learned.add("another", "greet")
    assert len(read([learned.path]).examples) == 2


def test_what_is_forgotten_is_in_no_file_any_more(tmp_path: Path) -> None:
    learned = Learned(tmp_path)
    learned.add("The bus is late again", "report_late")
    learned.add("He has a cold", "report_absence")
    assert learned.forget(["The bus is late again", "never learnt"]) == 1
    assert "bus" not in learned.path.read_text(encoding="utf-8")
    assert learned.forget(["He has a cold"]) == 1
    assert list(tmp_path.iterdir()) == []
