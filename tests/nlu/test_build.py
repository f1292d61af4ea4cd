"""Models are built beside the server: what is there is used meanwhile, and a build never outlives who waits for it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nlu.embedded import build
from nlu.embedded.build import Files, Lessons, Sources, build_beside, is_built
from nlu.embedded.encoders import Usem3, VectorCache
from nlu.embedded.engine import Engine
from nlu.embedded.features import Floats
from nlu.errors import BadTrainingData, BuildFailed
from nlu.exact import Words
from nlu.rasa_format import to_training

ROOT = Path(__file__).parent.parent.parent
WISHES = [
    *((f"{who} is {how}", "report_absence") for who in ("he", "my son", "zara") for how in ("ill", "sick today", "not well")),
    *((f"what is for {meal}", "ask_lunch") for meal in ("lunch", "dinner", "pudding today", "lunch on friday")),
]
HINTS = [
    *((f"{who} hits {whom}", "safeguarding/harm") for who in ("her dad", "my husband") for whom in ("the boy", "my girl", "us")),
    *((f"he bit {whom}", "everyday/biting") for whom in ("me", "his brother", "the sofa", "his sleeve")),
]


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    made = Sources([tmp_path / "en.yml"], [tmp_path / "alarms" / "en.yml"])
    made.alarms[0].parent.mkdir()
    made.intents[0].write_text(to_training(WISHES), encoding="utf-8")
    made.alarms[0].write_text(to_training(HINTS), encoding="utf-8")
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "models"


def guessed(engine: Engine, text: str) -> str:
    return engine.classify(text)[0].intent


@pytest.mark.slow
def test_a_build_beside_gives_models_that_are_taken_up(sources: Sources, folder: Path, words: Words) -> None:
    engine = Engine(words, [Usem3()])
    engine.warm(sources, folder)
    assert guessed(engine, "my daughter is ill") == "report_absence"
    assert engine.watch("my husband hits the girl") is not None
    assert engine.watch("what is for lunch on friday") is None
    assert is_built(sources, Files.in_folder(folder), [Usem3()])


def test_without_encoders_letters_are_enough(sources: Sources, folder: Path, words: Words) -> None:
    engine = Engine.load_or_train(sources, folder, words, [])
    assert guessed(engine, "my son is not well") == "report_absence"
    assert engine.watch("her dad hits my girl") is not None


class Slow(Usem3):
    """usem3, counting what it is asked."""

    asked = 0

    def encode(self, text: str) -> Floats:
        type(self).asked += 1
        return super().encode(text)


def test_the_quick_come_first(sources: Sources, folder: Path, words: Words, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "_FEW", 3)
    engine = Engine(words, [Usem3()])
    heads = []
    for files in build.build(sources, folder, [Usem3()], is_quick=True):
        engine._take_up(files, None, None)
        assert engine.model is not None
        heads.append(sorted(engine.model.heads))
    assert heads == [[], ["usem3"]]


def test_one_more_example_encodes_one_more_text(sources: Sources, folder: Path, words: Words) -> None:
    Engine.load_or_train(sources, folder, words, [Slow()])
    Slow.asked = 0
    sources.intents[0].write_text(to_training([*WISHES, ("when is dinner", "ask_lunch")]), encoding="utf-8")
    Engine.load_or_train(sources, folder, words, [Slow()])
    assert Slow.asked <= 3  # the new one, and the 'hello' that warms each model that is taken up


def test_what_is_no_example_any_more_is_forgotten(sources: Sources, folder: Path, words: Words) -> None:
    Engine.load_or_train(sources, folder, words, [Usem3()])
    sources.intents[0].write_text(to_training(WISHES[:-1]), encoding="utf-8")
    Engine.load_or_train(sources, folder, words, [Usem3()])
    assert VectorCache(folder, Usem3()).lacks([WISHES[-1][0]]) == 1


def test_a_broken_file_leaves_the_old_model(sources: Sources, folder: Path, words: Words) -> None:
    engine = Engine.load_or_train(sources, folder, words, [])
    before = engine.model
    sources.intents[0].write_text("nlu:\n- intent: x\n  examples: |\n    no dash\n", encoding="utf-8")
    with pytest.raises(BadTrainingData, match=r"en\.yml:4"):
        engine.warm(sources, folder)
    assert engine.model is before
    assert Files.in_folder(folder).model.exists()


def test_what_has_not_changed_is_not_read_again(sources: Sources, folder: Path, words: Words, monkeypatch: pytest.MonkeyPatch) -> None:
    engine, read, times = Engine.load_or_train(sources, folder, words, []), Sources.read, list[Sources]()

    def counted(of: Sources) -> Lessons:
        times.append(of)
        return read(of)

    monkeypatch.setattr(Sources, "read", counted)
    engine.warm(sources, folder)
    assert not times
    sources.intents[0].write_text(to_training([*WISHES, ("is there cake", "ask_lunch")]), encoding="utf-8")
    engine.warm(sources, folder, is_beside=False)
    assert times
    assert guessed(engine, "is there cake") == "ask_lunch"


def test_an_alarm_that_was_built_with_more_encoders_than_the_model_uses_them(sources: Sources, folder: Path, words: Words) -> None:
    """A build that was cut off between its two files leaves them so."""
    Engine.load_or_train(sources, folder, words, [Usem3()])
    whole = Files.in_folder(folder).alarm.read_bytes()
    Engine.load_or_train(sources, folder, words, [])
    Files.in_folder(folder).alarm.write_bytes(whole)
    encoder = Slow()
    engine = Engine(words, [encoder])
    engine._take_up(Files.in_folder(folder), None, None)
    Slow.asked = 0
    engine.watch("what is for lunch on friday")
    assert Slow.asked == 1


def test_an_older_model_answers_while_a_new_one_is_built(sources: Sources, folder: Path, words: Words, monkeypatch: pytest.MonkeyPatch) -> None:
    Engine.load_or_train(sources, folder, words, [])
    sources.intents[0].write_text(to_training(WISHES[:-1]), encoding="utf-8")
    engine, seen = Engine(words, []), list[bool]()

    def build_nothing(*_args: object, **_options: object) -> Iterator[Files]:
        seen.append(engine.ready)
        return iter(())

    monkeypatch.setattr(engine, "_builds", build_nothing)
    engine.warm(sources, folder)
    assert seen == [True]


@pytest.mark.slow
def test_a_build_that_fails_says_so(sources: Sources, folder: Path) -> None:
    folder.write_text("no folder", encoding="utf-8")
    with pytest.raises(BuildFailed):
        list(build_beside(sources, folder, [], is_quick=False))


@pytest.mark.slow
def test_a_build_ends_with_whoever_waits_for_it(sources: Sources, folder: Path) -> None:
    command = [sys.executable, "-m", "nlu.embedded.build", str(folder), "final", "", str(sources.intents[0])]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert process.stdin is not None
    process.stdin.close()  # as the end of its maker does
    began = time.monotonic()
    process.wait(60)
    assert time.monotonic() - began < 60
