"""The price of a text: against a slow count, and against facts of the standard."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from translations.sms import BASIC, EXTENDED, costly_characters, fold_typography, is_gsm7, segments

GSM = st.text(st.sampled_from(sorted(BASIC | EXTENDED)), max_size=700)
ANY = st.text(max_size=200)


def cut(text: str) -> list[list[str]]:
    """The same message cut as a phone would, slowly: each part a list of characters, an escape written as its own septet."""
    if all(character in BASIC or character in EXTENDED for character in text):
        units, alone, joined = [["<esc>", c] if c in EXTENDED else [c] for c in text], 160, 153
    else:
        units, alone, joined = [[c[i : i + 2].hex() for i in range(0, len(c), 2)] for c in (ch.encode("utf-16-be", "surrogatepass") for ch in text)], 70, 67
    whole = [piece for unit in units for piece in unit]
    if len(whole) <= alone:
        return [whole]
    parts: list[list[str]] = []
    while units:
        part: list[str] = []
        while units and len(part) + len(units[0]) <= joined:
            part += units.pop(0)
        parts.append(part)
    return parts


@given(st.one_of(GSM, ANY))
@example("€" * 77 + "a")
@example("a" * 152 + "€" + "a" * 10)
def test_segments_equal_a_slow_obvious_count(text: str) -> None:
    assert segments(text) == len(cut(text))


@given(GSM)
@example("a" * 152 + "€" * 20)
def test_an_escape_pair_is_never_split(text: str) -> None:
    parts = cut(text)
    assert segments(text) == len(parts)
    assert all(not part or part[-1] != "<esc>" for part in parts)


@pytest.mark.parametrize(
    "text,parts",
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" * 152 + "€" + "a" * 152, 3),  # 306 septets, but the pair does not fit the end of the first part: 152, 2 + 151, 1
        ("ş" * 70, 1),
        ("ş" * 71, 2),
        ("🙂" * 35, 1),
        ("🙂" * 36, 2),
        ("🙂" * 67, 3),  # 33 pairs in each part, one unit left over
        ("a" * 1600, 11),
        ("ş" * 1600, 24),
    ],
)
def test_known_lengths_cost_known_parts(text: str, parts: int) -> None:
    assert segments(text) == parts


def test_the_alphabet_has_its_127_and_10_characters() -> None:
    assert (len(BASIC), len(EXTENDED)) == (127, 10)
    assert not BASIC & EXTENDED


@pytest.mark.parametrize("inside,outside", [("éñü¿¡", "áíóú«»"), ("ÇÉàèéùæ", "çêëîïôœû"), ("öüÇÖÜ", "ğışĞİŞ"), ("àèìòù", "ẹọṣɛɔ")])
def test_letters_of_the_languages_fall_as_the_standard_says(inside: str, outside: str) -> None:
    assert is_gsm7(inside)
    assert costly_characters(inside + outside + outside) == list(outside)


def test_typography_is_folded_and_letters_are_not() -> None:
    assert fold_typography("‘It’s’ “so” – see… • ok\u00a0✓") == "'It's' \"so\" - see... - ok *"
    assert fold_typography("Şeyma ça Ọlá") == "Şeyma ça Ọlá"


@given(ANY)
def test_folding_twice_is_folding_once_and_never_costs_more_letters(text: str) -> None:
    once = fold_typography(text)
    assert fold_typography(once) == once
    assert set(costly_characters(once)) <= set(costly_characters(text))
