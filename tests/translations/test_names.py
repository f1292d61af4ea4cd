"""No registered name reaches a translator: in whatever letters, joined to whatever, beside whatever it stands."""

from __future__ import annotations

import tomllib
import unicodedata
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from translations.masking import Form, Kind, Masked, Names, mask
from translations.masking.folding import fold, words
from translations.masking.register import everyday, may_differ

TODAY = date(2026, 3, 2)
FAMILY = ("Amina Yusuf", "Hope Adeyemi", "Jo Li", "Ms Okafor")
OTHERS = ("Will Turner", "Joy Mensah", "June Bello", "Theo Marsh", "Siobhán O'Brien", "Mark King", "Tom Marek", "Anne-Marie Dupont", "أمينة خان", "王小明")
PLACES = ("Cherry Garden School", "Oak", "Class 2B", "Jasmine")
NAMES = Names(FAMILY, OTHERS, PLACES)


def masked(text: str, language: str = "en") -> Masked:
    return mask(text, NAMES, language=language, today=TODAY)


def taken(text: str, language: str = "en") -> list[str]:
    return [kept.source for kept in masked(text, language).kept if kept.kind is Kind.NAME]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("请问Amina今天来吗", ["Amina"]),
        ("وAmina مريضة", ["Amina"]),
        ("我说王小明病了", ["王小明"]),
        ("هل أمينة هنا", ["أمينة"]),
        ("Ami\u200bna, Ami\u00adna", ["Ami\u200bna", "Ami\u00adna"]),
        ("Siobha\u0301n", ["Siobha\u0301n"]),
        ("Ａｍｉｎａ", ["Ａｍｉｎａ"]),
        ("AminaYusuf", ["AminaYusuf"]),
        ("tell AminaMum", ["AminaMum"]),
        ("@amina_y #Amina2", ["amina", "Amina"]),
        ("annemarie, Anne Marie", ["annemarie", "Anne Marie"]),
        ("obrien and O`Brien", ["obrien", "O`Brien"]),
        ("Amina\nis ill", ["Amina"]),
    ],
)
def test_a_name_is_found_in_any_letters(text: str, expected: list[str]) -> None:
    assert taken(text) == expected


@pytest.mark.parametrize(
    "text, rest",
    [
        ("on 2 June Amina is ill", "on ⟦1⟧ ⟦2⟧ is ill"),
        ("in Jasmine Amina was ill", "in ⟦1⟧ ⟦2⟧ was ill"),
        ("Ami\u200ena", "⟦1⟧⟦2⟧⟦3⟧"),
        ("x https://example.org/{amina}/y", "x ⟦1⟧⟦2⟧⟦3⟧"),
    ],
)
def test_what_half_a_name_stands_in_does_not_save_the_rest(text: str, rest: str) -> None:
    assert masked(text).key == rest


@pytest.mark.parametrize("text, rest", [("Amina's bag", "⟦1⟧'s bag"), ("le sac d'Amina", "le sac d'⟦1⟧"), ("Amina'nın çantası", "⟦1⟧'nın çantası")])
def test_the_ending_of_a_name_is_translated(text: str, rest: str) -> None:
    assert masked(text).key == rest


@pytest.mark.parametrize(
    "text, expected",
    [
        ("hope is ill", ["hope"]),
        ("thank you hope feels better", ["hope"]),
        ("I hope so and we hope too", []),
        ("jo was late", ["jo"]),
        ("hopes coat", ["hopes"]),
    ],
)
def test_a_familys_own_name_needs_no_capital(text: str, expected: list[str]) -> None:
    """Its own Hope is masked wherever she may be meant; only straight after 'I' or 'we' stands no name."""
    assert taken(text) == expected


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Will it rain", []),
        ("will it rain, with joy", ["joy"]),
        ("what a joy", []),
        ("joy's coat", ["joy"]),
        ("joy is ill", ["joy"]),
        ("my son mark is ill", ["mark"]),
        ("mr king knows", ["mr king"]),
        ("the king may mark it", []),
        ("this June we mark it", ["June"]),
    ],
)
def test_anothers_name_that_is_a_word_is_told_by_its_capital_or_place(text: str, expected: list[str]) -> None:
    assert taken(text) == expected


@pytest.mark.parametrize("text", ["the many things and they", "then to me", "a tummy ache", "maths", "some songs"])
def test_an_everyday_word_is_no_misspelling(text: str) -> None:
    assert mask(text, Names(["Theo", "Mary", "Andy", "Tommy", "Matha", "Sona"]), today=TODAY).kept == ()


@pytest.mark.parametrize(
    "text, language, expected",
    [
        ("Toms bag", "en", ["Toms"]),
        ("Widzę Toma i Marka", "pl", ["Toma", "Marka"]),
        ("miss okaforr and mrs oka", "en", ["miss okaforr", "mrs oka"]),
        ("miss the bus", "en", []),
    ],
)
def test_a_name_is_known_with_its_ending_or_title(text: str, language: str, expected: list[str]) -> None:
    assert taken(text, language) == expected


def test_a_word_of_another_language_is_no_word_of_this_one() -> None:
    """'ben' is I in Turkish: a Ben is masked in English in small letters, in Turkish with his capital."""
    names = Names((), ["Ben Turner"])
    assert [kept.source for kept in mask("ben is ill", names, today=TODAY).kept] == ["ben"]
    assert mask("ben hastayım", names, language="tr", today=TODAY).kept == ()
    assert [kept.source for kept in mask("Ben hasta", names, language="tr", today=TODAY).kept] == ["Ben"]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Cherry Gardens School", ["Cherry Gardens School"]),
        ("chery garden is shut", ["chery garden"]),
        ("Class 2b, class 2B", ["Class 2b", "class 2B"]),
        ("Class 3B, an oak", []),
        ("Oak are out", ["Oak"]),
    ],
)
def test_places_are_taken_out_whole(text: str, expected: list[str]) -> None:
    assert taken(text) == expected


SAFE = "we will see the child at school today and then go home with a coat please bring it in".split()
GLUE = st.sampled_from([" ", ", ", "\n", " - ", "/", "_", ". ", "(", "“", " 请", " 🎒", "2", "\u202e", "<b>", " on 3 "])


@st.composite
def near_spellings(draw: st.DrawFn) -> str:
    """A part of a registered name in Latin letters with as many slips as may be, in any case, with or without accents."""
    parts = sorted({word.folded for name in (*FAMILY, *OTHERS) for word in words(name) if len(word.folded) > 1} - {"ms"})
    name = draw(st.sampled_from(parts))
    written = name
    for _ in range(draw(st.integers(0, may_differ(name)))):
        place = draw(st.integers(0, len(written) - 2))
        letter = draw(st.sampled_from("aeioukstz"))
        kinds = [written[:place] + written[place + 1 :], written[:place] + letter + written[place:], written[:place] + letter + written[place + 1 :]]
        written = draw(st.sampled_from([*kinds, written[:place] + written[place + 1] + written[place] + written[place + 2 :]]))
    written = draw(st.sampled_from([written, written.upper(), written.title(), "".join(char + "\u0301" for char in written)]))
    return unicodedata.normalize(draw(st.sampled_from(["NFC", "NFD"])), written)


@given(st.lists(st.tuples(GLUE, st.one_of(st.sampled_from(SAFE), near_spellings().map(lambda name: (name,)))), min_size=1, max_size=6))
@example([(" on 3 ", ("June",)), (" ", ("amnia",))])
def test_no_near_spelling_is_left_in_any_form(pieces: list[tuple[str, str | tuple[str]]]) -> None:
    text = "".join(glue + (piece if isinstance(piece, str) else piece[0]) for glue, piece in pieces)
    names = {fold(piece[0]) for _glue, piece in pieces if isinstance(piece, tuple)}
    names -= everyday("en")  # 'joy' may be left, and 'hole' is no slip of Hope
    assume(names)
    out = masked(text)
    for form in Form:
        sent = {word.folded for word in words(out.written(form))}
        assert not sent & names, out.written(form)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_words_are_whole_and_in_order(text: str) -> None:
    found = words(text)
    assert all(one.end <= other.start for one, other in pairwise(found))
    assert all(fold(text[word.start : word.end]) == word.folded for word in found)
    seen = {place for word in found for place in range(word.start, word.end)}
    assert not [char for place, char in enumerate(text) if char.isalnum() and fold(char).isalnum() and place not in seen]


def test_the_lists_of_everyday_words_are_shipped() -> None:
    """Without them every word that is like a name would be masked, and no sentence translated."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    assert "*.txt" in project["tool"]["setuptools"]["package-data"]["*"]
    assert {"the", "and", "i", "a", "you"} <= everyday("en")


@pytest.mark.parametrize("text", ["Will you come on Friday?", "Please tell us. May we ring you?", "Will the school be open?"])
def test_a_question_is_no_name(text: str) -> None:
    names = Names(others=["Will Turner", "May Chen"])
    assert not [kept for kept in mask(text, names, today=date(2026, 3, 2)).kept if kept.source in ("Will", "May")]


@pytest.mark.parametrize("text", ["Will Turner came", "Will is ill", "Is Will there?", "We saw May today"])
def test_a_name_at_the_beginning_stays_one(text: str) -> None:
    names = Names(others=["Will Turner", "May Chen"])
    assert [kept.source for kept in mask(text, names, today=date(2026, 3, 2)).kept if kept.kind is Kind.NAME]


def test_a_familys_own_name_is_masked_even_in_a_question() -> None:
    assert [kept.source for kept in mask("Will you come?", Names(nearest=["Will Turner"]), today=date(2026, 3, 2)).kept] == ["Will"]
