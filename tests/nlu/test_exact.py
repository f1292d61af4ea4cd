import time

import pytest

from nlu.clean import clean
from nlu.exact import Words
from nlu.wordlists import WHOLE_MESSAGES, fold, languages, words_of

OURS = {"en", "es", "pt", "fr", "it", "ro", "sq", "pl", "tr", "ar", "so", "yo", "bn", "ur", "vi", "zh", "ti"}


@pytest.mark.parametrize(
    "text,language,intent",
    [
        ("YES!", "en", "affirm"),
        ("Yes 👍", "en", "affirm"),
        ("👍🏽👍🏽", "so", "affirm"),
        ("no", "en", "deny"),
        ("That’s right.", "en", "affirm"),
        ("sí", "es", "affirm"),
        ("SI", "es", "affirm"),
        ("HAYIR", "tr", "deny"),
        ("haa", "so", "affirm"),
        ("joojiya", "en", "stop"),
        ("Stop", "zh", "stop"),
        ("ayuda", "so", "help"),
        ("STOPALL", "en", "stop"),
        ("ring me pls", "en", "ring_me"),
        ("isoo wac", "so", "ring_me"),
        ("ok", "bn", "affirm"),
        ("谢谢！", "zh", "thanks"),
        ("እወ", "ti", "affirm"),
    ],
)
def test_whole_messages_are_known(words: Words, text: str, language: str, intent: str) -> None:
    assert words.exact(clean(text), language) == intent


@pytest.mark.parametrize("text", ["y", "n", "k", "cancel", "end", "quit", "sí", "yes but not monday", "", "...", "stop the weekly pack"])
def test_doubtful_messages_are_left_to_the_model(words: Words, text: str) -> None:
    assert words.exact(clean(text), "en") is None


def test_carriers_act_on_words_we_do_not_call_stop(words: Words) -> None:
    assert words.is_carrier_stop("Cancel")
    assert words.is_carrier_stop("END")
    assert words.is_carrier_start("yes")
    assert not words.is_carrier_stop("cancel my appointment")


@pytest.mark.parametrize(
    "text,language,number",
    [
        ("2", "en", 2), ("2.", "en", 2), ("(2)", "en", 2), ("2️⃣", "en", 2), ("two", "en", 2), ("the second one", "en", 2), ("option 2", "en", 2),
        ("٢", "ar", 2), ("no 2", "en", 2), ("No. 2", "en", 2), ("-1", "en", -1), ("the last one", "en", -1), ("one", "en", 1), ("option one", "en", 1),
        ("2 please", "en", 2), ("la segunda", "es", 2), ("第二个", "zh", 2), ("al doilea", "ro", 2), ("laba", "so", 2), ("two", "so", 2), ("#3", "en", 3),
        ("no", "en", None), ("one two", "en", None), ("2 or 3", "en", None), ("15.10", "en", None), ("3/3", "en", None), ("3pm", "en", None),
        ("07700900123", "en", None), ("2026", "en", None), ("2 kids", "en", None), ("the", "en", None), ("", "en", None),
    ],
)  # fmt: skip
def test_numbers_are_read_from_whole_messages(words: Words, text: str, language: str, number: int | None) -> None:
    assert words.number(clean(text), language) == number


def test_every_language_has_every_list() -> None:
    assert set(languages()) == OURS
    for tag in OURS:
        lists = words_of(tag)
        assert lists is not None
        assert lists.is_draft == (tag != "en")
        assert all(lists.phrases[key] for key in (*WHOLE_MESSAGES, "today", "tomorrow", "day_after_tomorrow"))
        assert set(lists.numbers) == {*range(1, 13), -1}
        assert set(lists.weekdays) == set(range(1, 8))


def test_no_phrase_means_two_things_in_one_language() -> None:
    for tag in OURS:
        lists = words_of(tag)
        assert lists is not None
        seen: dict[str, str] = {}
        for key in WHOLE_MESSAGES:
            for phrase in lists.phrases[key]:
                assert seen.setdefault(fold(phrase), key) == key, (tag, phrase)


def test_single_latin_letters_mean_nothing() -> None:
    for tag in OURS:
        lists = words_of(tag)
        assert lists is not None
        assert not [phrase for key in WHOLE_MESSAGES for phrase in lists.phrases[key] if len(phrase) == 1 and phrase.isascii()]


def test_lookup_takes_a_tenth_of_a_millisecond(words: Words) -> None:
    started = time.perf_counter()
    for _ in range(500):
        words.exact("yes please", "so")
        words.number("the second one", "so")
    assert (time.perf_counter() - started) / 500 < 0.001
