"""Days, times, numbers and lists as the reader's language writes them, and values set apart where it runs the other way."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translations import LanguageName, Phrase, catalogs, written
from translations.direction import FIRST_STRONG_ISOLATE, POP_ISOLATE, is_right_to_left, isolated
from translations.sms import fold_letters, fold_typography, is_gsm7

TUESDAY = datetime(2026, 3, 3, 15, 10, tzinfo=UTC)
TAGS = ["en", *(folder.replace("_", "-") for folder in catalogs.shipped()), "sw", "fa", "ckb", "uk", "bg", "lt", "hi", "ta"]


@pytest.mark.parametrize(
    "tag, moment",
    [
        ("en", "Tue 3 March, 15:10"),
        ("es", "martes, 3 de marzo, 15:10"),
        ("pl", "wtorek, 3 marca, 15:10"),
        ("so", "Talaado, Maarso 3, 15:10"),
        ("ar", "الثلاثاء، 3 مارس، 15:10"),
        ("zh-Hans", "3月3日星期二 15:10"),
        ("vi", "15:10 Thứ Ba, 3 tháng 3"),
        ("bg", "вторник, 3 март 2026\u202fг., 15:10 ч."),
    ],
)
def test_a_moment_reads_as_in_its_language(tag: str, moment: str) -> None:
    assert written(TUESDAY, tag) == moment


@pytest.mark.parametrize("tag", TAGS)
def test_digits_are_western_in_every_language(tag: str) -> None:
    said = f"{written(TUESDAY, tag)} {written(date(2026, 3, 3), tag)} {written(time(9, 5), tag)} {written(1234, tag)}"
    assert any(char.isdecimal() for char in said)
    assert all(char.isascii() for char in said if char.isdecimal())


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("count", range(5))
def test_a_list_holds_each_thing_once(tag: str, count: int) -> None:
    things = [f"x{number}" for number in range(count)]
    for value in (things, tuple(things)):
        said = written(value, tag)
        assert all(said.count(thing) == 1 for thing in things)
        assert "{" not in said


def test_lists_end_as_the_language_does() -> None:
    assert written(["a", "b", "c"], "es") == "a, b y c"
    assert written(("a", "b", "c"), "so") == "a, b, c"
    assert written(["a", "b"], "yo") == "a àti b"


@pytest.mark.parametrize("tag, own", [("pl", "Polski"), ("ar", "العربية"), ("zh-Hans", "中文"), ("so", "Soomaali"), ("xx", "Xx")])
def test_a_language_in_its_own_name(tag: str, own: str) -> None:
    assert written(LanguageName.own(tag), "en") == own


def test_an_english_name_stands_apart_in_arabic() -> None:
    assert isolated("Ms Okafor", "ar") == f"{FIRST_STRONG_ISOLATE}Ms Okafor{POP_ISOLATE}"
    assert isolated("Ms Okafor", "pl") == "Ms Okafor"
    assert isolated("أيان", "ar") == "أيان"
    assert isolated("أيان", "en") == f"{FIRST_STRONG_ISOLATE}أيان{POP_ISOLATE}"


def test_a_telephone_number_is_held_together_without_isolates() -> None:
    said = Phrase("{phone}").format(phone="020 7946 0000").render("ar")
    assert fold_typography(said) == "02079460000"
    assert Phrase("{phone}").format(phone="020 7946 0000").render("es") == "020 7946 0000"


def test_directions() -> None:
    assert [tag for tag in TAGS if is_right_to_left(tag)] == ["ar", "ur", "fa", "ckb"]


@given(st.text(max_size=30), st.sampled_from(["ar", "en", "ur", "so"]))
def test_isolates_change_no_letter(value: str, tag: str) -> None:
    bare = isolated(value, tag).replace(FIRST_STRONG_ISOLATE, "").replace(POP_ISOLATE, "")
    assert [char for char in bare if char not in " -"] == [
        char for char in value.replace(FIRST_STRONG_ISOLATE, "").replace(POP_ISOLATE, "") if char not in " -"
    ]


@pytest.mark.parametrize(
    "tag, text, folded",
    [
        ("es", "mañana a las 3, ¿sí?", "mañana a las 3, ¿si?"),
        ("pl", "środa, Łukasz", "sroda, Lukasz"),
        ("tr", "İptal, salı günü şu", "Iptal, sali günü su"),
        ("ro", "marți, și", "marti, si"),
        ("vi", "thứ ba", "thứ ba"),
        ("yo", "Ọjọ́", "Ọjọ́"),
    ],
)
def test_letters_are_folded_where_the_language_can_be_read_so(tag: str, text: str, folded: str) -> None:
    assert fold_letters(text, tag) == folded


@given(st.text(alphabet=st.characters(max_codepoint=0x24F), max_size=40), st.sampled_from(["es", "pl", "tr", "ro"]))
def test_what_is_cheap_stays_as_it_is(text: str, tag: str) -> None:
    composed = unicodedata.normalize("NFC", text)
    if is_gsm7(composed):
        assert fold_letters(composed, tag) == composed
