"""A school's Rasa data: lookup tables, regular expressions and synonyms give entities."""

from pathlib import Path

import pytest

from nlu import Context
from nlu.embedded.build import Sources
from nlu.embedded.engine import Engine
from nlu.exact import Words
from nlu.gazetteer import Gazetteer
from nlu.rasa_format import TrainingData, read

RASA = """
version: "3.1"
nlu:
- intent: reserve_pack
  examples: |
    - can i have the dinosaur pack
    - keep the [train](pack) one for us
- intent: ask_lunch
  examples: |
    - what is for lunch
    - school dinner
- lookup: pack
  examples: |
    - dinosaur
    - first words
- regex: booking_code
  examples: |
    - \\b[A-Z]{2}\\d{4}\\b
- synonym: Dinosaurs
  examples: |
    - dinosaur
    - dino
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "nlu.yml"
    path.write_text(RASA, encoding="utf-8")
    return path


def test_they_are_found_with_their_values(file: Path) -> None:
    found = Gazetteer(read([file])).find("Is the DINOSAUR pack AB1234 back? and first words")
    assert [(entity.kind, entity.text, entity.value) for entity in found] == [
        ("pack", "DINOSAUR", "Dinosaurs"),
        ("pack", "first words", "first words"),
        ("booking_code", "AB1234", "AB1234"),
    ]


def test_only_whole_words_count(file: Path) -> None:
    assert Gazetteer(read([file])).find("dinosaurs") == []


def test_a_pattern_that_is_none_is_left_out() -> None:
    assert Gazetteer(TrainingData(regexes={"x": ["(", "ok"]})).faulty == ["("]


def test_an_engine_made_of_it_gives_them(file: Path, tmp_path: Path, words: Words, context: Context) -> None:
    understood = Engine.load_or_train(Sources([file]), tmp_path / "model", words, []).parse("can i have dinosaur", context)
    assert understood.intent == "reserve_pack"
    assert [(entity.kind, entity.value) for entity in understood.entities] == [("pack", "Dinosaurs")]
