"""A long text in pieces."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translations.providers.pieces import pieces


def test_a_short_text_is_one_piece() -> None:
    assert pieces("Hello. How are you?", 100) == ["Hello. How are you?"]
    assert pieces("", 100) == []


@pytest.mark.parametrize(
    "text, most, expected",
    [
        ("One two. Three four. Five", 20, ["One two. Three four.", " Five"]),
        ("One two three four", 9, ["One two ", "three ", "four"]),
        ("一二三。四五六。七八九", 8, ["一二三。四五六。", "七八九"]),
        ("abcdefgh", 3, ["abc", "def", "gh"]),
        ("ab⟦12⟧cd", 5, ["ab", "⟦12⟧c", "d"]),
        ("۱؟ سلام دنیا", 8, ["۱؟ سلام ", "دنیا"]),
    ],
)
def test_it_is_cut_where_it_hurts_least(text: str, most: int, expected: list[str]) -> None:
    assert pieces(text, most) == expected


@given(st.text(alphabet="ab1.!。\n ⟦⟧[]X♯ش", max_size=200), st.integers(6, 40))
def test_pieces_fit_and_together_are_the_text(text: str, most: int) -> None:
    made = pieces(text, most)
    assert "".join(made) == text
    assert all(piece and len(piece) <= max(most, 10) for piece in made)


@given(st.lists(st.sampled_from(["⟦1⟧", "⟦12⟧", "[X3X]", "#4#", "word", " ", ". ", "\n"]), max_size=80), st.integers(40, 120))
def test_no_mark_is_cut(parts: list[str], most: int) -> None:
    text = "".join(parts)
    marks = re.compile(r"⟦\d+⟧|\[X\d+X\]|#\d+#")
    made = pieces(text, most, lambda piece: len(quote(piece, safe="")))
    assert sum(len(marks.findall(piece)) for piece in made) == len(marks.findall(text))
