"""Text cut to a channel's length, and choices laid out as it shows them."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.channels.base import Choice, Limits
from bot.channels.text import Layout, clean, laid_out, numbered, split

CHOICES = (Choice("a", "Tue 3 March, 15:10"), Choice("b", "Tue 3 March, 15:30"))


@given(st.text(max_size=300), st.integers(1, 60))
@example("👨‍👩‍👧" * 5, 3)
@example("e\u0301" * 9, 1)
def test_nothing_but_white_space_is_lost(text: str, limit: int) -> None:
    pieces = split(text, limit)
    assert "".join("".join(pieces).split()) == "".join(text.split())
    assert all(0 < len(piece) <= limit for piece in pieces)


@pytest.mark.parametrize(
    "text,limit,pieces",
    [
        ("", 10, []),
        ("One.", 10, ["One."]),
        ("One is here. Two is there.", 16, ["One is here.", "Two is there."]),
        ("Is it? He said 'no.' Then", 21, ["Is it? He said 'no.'", "Then"]),
        ("A. bcdefghij klmno", 12, ["A. bcdefghij", "klmno"]),  # a sentence that ends in the first half is no place to cut
        ("line one\nline two", 12, ["line one", "line two"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("የትምህርት ቤት ስብሰባ። ነገ ነው።", 17, ["የትምህርት ቤት ስብሰባ።", "ነገ ነው።"]),
        ("at 15.10 today ok", 12, ["at 15.10", "today ok"]),
    ],
)
def test_cuts_are_at_sentences_then_words_then_characters(text: str, limit: int, pieces: list[str]) -> None:
    assert split(text, limit) == pieces


def test_a_letter_keeps_its_marks() -> None:
    assert split("ab" + "o\u0323\u0301" * 3, 6) == ["abo\u0323\u0301", "o\u0323\u0301o\u0323\u0301"]


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(ValueError):
        split("a", 0)


def test_choices_are_numbered_one_a_line() -> None:
    assert numbered("When?", CHOICES) == "When?\n1 Tue 3 March, 15:10\n2 Tue 3 March, 15:30"
    assert numbered("When?", ()) == "When?"


@pytest.mark.parametrize(
    "most,label,layout",
    [
        (0, 0, Layout(numbered("When?", CHOICES))),
        (1, 99, Layout(numbered("When?", CHOICES))),
        (2, 99, Layout("When?", CHOICES)),
        (2, 5, Layout(numbered("When?", CHOICES), (Choice("a", "1"), Choice("b", "2")))),
    ],
)
def test_choices_are_laid_out_by_what_a_channel_shows(most: int, label: int, layout: Layout) -> None:
    assert laid_out("When?", CHOICES, Limits(100, most, label, 1.0)) == layout


def test_what_no_database_stores_is_replaced() -> None:
    assert clean("a\x00\ud800b🙂") == "a\ufffd\ufffdb🙂"
