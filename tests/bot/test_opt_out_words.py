"""What is pasted into Twilio's Advanced Opt-Out: in every language, and no word that a parent writes about something else."""

from __future__ import annotations

import pytest

from bot.opt_out import LISTS, SURE, Pasted, pasted
from nlu.exact import Words
from nlu.wordlists import fold
from translations.sms import segments

PASTED = pasted("Cherry Garden School", "020 7946 0000")


@pytest.mark.parametrize("each", PASTED, ids=lambda each: each.language)
def test_every_language_has_words_and_answers(each: Pasted) -> None:
    assert [kind for kind in LISTS if not each.words[kind]] == (["start"] if each.language == "vi" else []), "Vietnamese writes each of these as two words"
    assert "START" in each.texts["stop"]
    assert "STOP" in each.texts["start"]
    assert "STOP" in each.texts["help"]
    assert all("Cherry Garden School" in text and "{" not in text and segments(text) <= 5 for text in each.texts.values())


def test_all_seventeen_are_there_english_first() -> None:
    assert (len(PASTED), PASTED[0].language) == (17, "en")
    assert [PASTED[0].words[kind][0] for kind in LISTS] == [SURE[kind] for kind in LISTS]


def test_no_word_is_a_trap_or_stands_there_twice() -> None:
    words = [fold(word) for each in PASTED for kind in LISTS for word in each.words[kind]]
    assert {"cancel", "end", "quit", "yes"}.isdisjoint(words)
    assert len(words) == len(set(words))


def test_bookbag_takes_each_for_the_same_whoever_writes_it() -> None:
    exact = Words.load()
    for each in PASTED:
        for kind in LISTS:
            for word in each.words[kind]:
                assert {exact.exact(word, tag) for tag in exact.languages} == {kind}, word
