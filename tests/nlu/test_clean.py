import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu.clean import clean, windows


@pytest.mark.parametrize(
    "dirty,tidy",
    [
        ("  hello   there\n\nmiss ", "hello there miss"),
        ("a\x00b\x07c", "abc"),
        ("\u202eabc\u202c", "abc"),
        ("he\u200bllo\ufeff", "hello"),
        ("\ud800x", "\ufffdx"),
        ("\ud83d\ude00", "😀"),
        ("٣ و ۴ और ५", "3 و 4 और 5"),
        ("ﬁne ①", "fine 1"),
        ("pass\u200cword", "password"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩\u200d👧", "👩\u200d👧"),
        ("", ""),
    ],
)
def test_text_comes_out_valid_and_visible(dirty: str, tidy: str) -> None:
    assert clean(dirty) == tidy


@pytest.mark.parametrize(
    "text", ["a" * 36_000, "ﷺ" * 1_000, "👍" * 36_000, "\u0327\u0301" * 18_000, " \x00" * 18_000], ids=["long", "fdfa", "emoji", "marks", "nul"]
)
def test_hostile_text_is_cleaned_quickly(text: str) -> None:
    started = time.perf_counter()
    assert len(clean(text)) <= 400
    windows(clean(text, None))
    assert time.perf_counter() - started < 0.2  # a loaded machine; alone it is under 50 ms


@given(st.text(st.characters()))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    once = clean(text)
    once.encode()
    assert clean(once) == once


@given(st.text(max_size=3_000), st.integers(10, 400))
def test_windows_lose_no_word(text: str, size: int) -> None:
    whole = clean(text, None)
    pieces = windows(whole, size)
    assert all(len(piece) <= size for piece in pieces)
    assert "".join(pieces).replace(" ", "") == whole.replace(" ", "")
