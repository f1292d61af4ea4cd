"""What leaves for a translator holds no registered name, no number and no link; what comes back has each of them in its place."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date
from functools import cache

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from translations.glossary import Term, terms
from translations.masking import Form, Kept, Kind, MarksBroken, Masked, Names, mask
from translations.masking.register import everyday, may_differ

TODAY = date(2026, 3, 2)
FAMILY = ("Amina Yusuf", "Ayaan Yusuf", "Hope Adeyemi", "Ms Okafor")
OTHERS = ("Oluwaseun Bello", "Siobhán O'Brien", "Will Turner", "Joy Mensah", "Nguyễn Văn Minh", "Łukasz Wójcik", "Mr Whitfield", "Ali Khan", "Zoë Clarke")
NAMES = Names(FAMILY, OTHERS, ("Cherry Garden School", "Sunflower"))


def masked(text: str, *, language: str = "en", names: Names = NAMES) -> Masked:
    return mask(text, names, terms(), language=language, today=TODAY)


def taken(text: str, *, language: str = "en") -> list[str]:
    return [kept.source for kept in masked(text, language=language).kept]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Amina is ill today", ["Amina"]),
        ("please tell ms okafor", ["ms okafor"]),
        ("miss oakafor knows", ["miss oakafor"]),
        ("amnia's bag", ["amnia"]),
        ("AYAAN YUSUF was sick", ["AYAAN YUSUF"]),
        ("Siobhan OBrien and Zoe", ["Siobhan OBrien", "Zoe"]),
        ("I saw O’Brien", ["O’Brien"]),
        ("Lukasz Wojcik", ["Lukasz Wojcik"]),
        ("Nguyen Van Minh", ["Nguyen Van Minh"]),
        ("Hope is ill", ["Hope"]),
        ("Will Hope be there?", ["Will Hope"]),
        ("I was home, I hope that will do", []),
        ("Joy was happy", ["Joy"]),
        ("what a joy", []),
        ("ali was late", ["ali"]),
        ("a trip from Cherry Garden School with Sunflower", ["Cherry Garden School", "Sunflower"]),
    ],
)
def test_names_are_taken_out(text: str, expected: list[str]) -> None:
    assert taken(text) == expected


@pytest.mark.parametrize(
    "text, language, expected",
    [("Powiedz Aminie, że Łukaszowi", "pl", ["Aminie", "Łukaszowi"]), ("Ayaan'a söyleyin", "tr", ["Ayaan"]), ("Aminas Tasche", "de", ["Aminas"])],
)
def test_names_with_an_ending_are_taken_out(text: str, language: str, expected: list[str]) -> None:
    assert taken(text, language=language) == expected


@pytest.mark.parametrize(
    "text, expected",
    [
        ("on Tue 3 March at 3pm", ["Tue 3 March", "3pm"]),
        ("the 3rd of March", ["3rd of March"]),
        ("Monday 2 March 2026", ["Monday 2 March 2026"]),
        ("by 3/3/2026 or 2026-03-04", ["3/3/2026", "2026-03-04"]),
        ("on 5/3", ["5/3"]),
        ("from 3-4pm, or 15:10", ["3-4pm", "15:10"]),
        ("9.30am on monday", ["9.30am", "monday"]),
        ("bring £4.50 or 20% of 5kg", ["£4.50", "20%", "5kg"]),
        ("ring 020 7946 0000 or +44 7700 900123", ["020 7946 0000", "+44 7700 900123"]),
        ("see cherrygarden.example.org/x, or example.co.uk.", ["cherrygarden.example.org/x", "example.co.uk"]),
        ("the school.It is shut", []),
        ("see https://example.org/a?b=1. Or office@example.org", ["https://example.org/a?b=1", "office@example.org"]),
        ("room B12, code X9Z", ["B12", "X9Z"]),
        ("the home learning packs and the EHCP", ["home learning packs", "EHCP"]),
        ("please send the SEND form at half term", ["SEND", "half term"]),
    ],
)
def test_what_is_no_word_is_taken_out(text: str, expected: list[str]) -> None:
    assert sorted(taken(text)) == sorted(expected)


@pytest.mark.parametrize("text", ["3/4 of the class may march", "Sun cream and a wed couple", "you may 5 times", "Fridays are quiet"])
def test_ordinary_words_are_no_dates(text: str) -> None:
    assert not [kept for kept in masked(text).kept if kept.kind is Kind.DATE]


@pytest.mark.parametrize(
    "text, language, expected",
    [
        ("on Tue 3 March at 3pm", "es", "on martes, 3 de marzo at 15:00"),
        ("on Tue 3 March at 3pm", "ar", "on الثلاثاء، 3 مارس at 15:00"),
        ("by 3/3/2026", "fr", "by 3 mars 2026"),
        ("on Friday", "so", "on Jimco"),
        ("3-4pm", "fr", "15:00-16:00"),
        ("3rd to 5th March", "zh-Hans", "3月3–5日"),
        ("3-5 March 2026", "es", "3–5 de marzo de 2026"),
        ("Monday 9th", "es", "lunes, 9 de marzo"),
        ("Friday 30th, 31/2/2026", "es", "viernes 30th, 31/2/2026"),
        ("Ms Okafor, £4.50", "zh-Hans", "Ms Okafor, £4.50"),
    ],
)
def test_days_and_times_are_put_back_in_the_readers_form(text: str, language: str, expected: str) -> None:
    out = masked(text)
    assert out.filled(out.key, language) == expected


def test_a_term_is_glossed_once() -> None:
    term = Term("coffee morning", {"es": "café de la mañana"}, {"es": "charla con otras familias"})
    out = mask("A coffee morning! Come to the coffee morning", NAMES, [term], today=TODAY)
    assert out.filled(out.key, "es") == "A café de la mañana (charla con otras familias)! Come to the café de la mañana"
    many = mask("EHCP or EHCPs", NAMES, [Term("EHCP", {}, {"es": "plan"})], today=TODAY)
    assert many.filled(many.key, "es") == "EHCP (plan) or EHCPs"
    assert out.filled(out.key, "so") == "A coffee morning! Come to the coffee morning"


@pytest.mark.parametrize(
    "answer",
    ["Hola ⟦1⟧, a las ⟦2⟧", "Hola ⟦ 1 ⟧, a las ⟦2 ⟧", "Hola [[1]], a las 【2】", "Hola ⟦١⟧, a las ⟦২⟧", "⟦2⟧: hola [1]", "Hola [⟦1⟧], a las ⟦2⟧"],
)
def test_a_mark_is_read_however_it_comes_back(answer: str) -> None:
    out = masked("Hello Amina, at 3pm")
    restored = out.restored(answer, Form.BRACKETS, "es")
    assert restored.count("Amina") == 1
    assert restored.count("15:00") == 1
    assert not re.search(r"[\[\]⟦⟧【】]", restored)


@pytest.mark.parametrize(
    "answer, reason",
    [
        ("Hola, a las ⟦2⟧", "lost"),
        ("Hola ⟦1⟧ ⟦1⟧, a las ⟦2⟧", "doubled"),
        ("Hola ⟦1⟧, a las ⟦3⟧", "unknown"),
        ("Hola ⟦1⟧, a las ⟦2⟧ ⟦", "stray"),
        ("Hola ⟦1⟧, a las ⟦2⟧, sala 7", "digits"),
        ("Hola 1, a las ⟦2⟧", "lost"),
    ],
)
def test_a_broken_mark_is_noticed(answer: str, reason: str) -> None:
    with pytest.raises(MarksBroken) as broken:
        masked("Hello Amina, at 3pm").canonical(answer, Form.BRACKETS)
    assert broken.value.reason == reason


@given(st.data())
def test_a_lost_doubled_or_foreign_mark_is_noticed(data: st.DataObject) -> None:
    out, form = masked("Amina, at 3pm, on Friday, with Amina"), data.draw(st.sampled_from(list(Form)))
    marks = [form.mark(number) for number in (1, 2, 3, 1)]
    place, how = data.draw(st.integers(0, 3)), data.draw(st.sampled_from(["lost", "doubled", "unknown"]))
    marks[place : place + 1] = {"lost": [], "doubled": [marks[place]] * 2, "unknown": [form.mark(9)]}[how]
    with pytest.raises(MarksBroken) as broken:
        out.canonical(" y ".join(marks), form)
    assert broken.value.reason == how


@pytest.mark.parametrize("text", ["[Amina] is ill", "[[Amina]] [x Amina x]", "(Amina) #Amina# [", "［Amina］ x] [x"])
def test_brackets_beside_a_mark_are_kept(text: str) -> None:
    out = masked(text)
    assert [out.restored(out.written(form), form, "en") for form in out.forms()] == [text] * len(Form)


def test_white_space_at_the_ends_comes_back() -> None:
    """Engines trim what they are given: sentence by sentence, the words would run together."""
    out = masked("Hello Amina!\n\nCome at 3pm. Bye\n")
    answers = [sentence.restored(sentence.key.strip(), Form.BRACKETS, "es") for sentence in out.sentences()]
    assert "".join(answers) == "Hello Amina!\n\nCome at 15:00. Bye\n"


STRANGE = ["⟦1⟧ and [X2X] #3#", "<b>hi</b> & &amp; {name} %s %(n)s", "\u202eabc\u202c\x00", "}{ ⟧⟦ 【】", "٣ ٤ ۵", "100%"]


@pytest.mark.parametrize("text", STRANGE)
def test_what_looks_like_markup_comes_through_unchanged(text: str) -> None:
    out = masked(text)
    assert len(out.forms()) == len(Form)
    for form in Form:
        assert out.restored(out.written(form), form, "en") == text


words = st.sampled_from("we will see the child at school today and then go home with a coat please bring it in".split())
anything = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12)


@cache
def parts_of(names: Sequence[str]) -> tuple[str, ...]:
    found = {part for name in names for part in re.findall(r"[^\W\d_]{3,}", name)}
    return tuple(sorted(found - {"Ms", "Mr"}))


@st.composite
def spellings(draw: st.DrawFn) -> tuple[str, str]:
    """A part of a registered name, and a way in which someone may write it."""
    name = draw(st.sampled_from(parts_of((*FAMILY, *OTHERS))))
    written = name
    if may_differ(name) and draw(st.booleans()):
        place = draw(st.integers(1, len(written) - 2))
        how = draw(st.sampled_from(["drop", "double", "swap", "other"]))
        middle = {
            "drop": "",
            "double": written[place] * 2,
            "swap": written[place + 1] + written[place],
            "other": draw(st.sampled_from("aeiouxq")),
        }[how]
        written = written[:place] + middle + written[place + (2 if how == "swap" else 1) :]
    if draw(st.booleans()):
        written = "".join(char for char in unicodedata.normalize("NFD", written) if not unicodedata.combining(char))
    written = draw(st.sampled_from([written, written.upper(), written.lower(), written.title()]))
    return name, written + draw(st.sampled_from(["", "'s", "’s", ",", "!", " Yusuf"]))


def is_everyday(written: str) -> bool:
    """Words that no rule can tell from a name: 'will', 'joy'; a misspelling that is a word of its own."""
    bare = re.sub(r"['’]s$", "", written.split(maxsplit=1)[0]).strip(",!").casefold()
    return bare in everyday("en") or "".join(char for char in unicodedata.normalize("NFD", bare) if not unicodedata.combining(char)) in everyday("en")


@given(st.lists(st.one_of(words, spellings()), min_size=1, max_size=8))
@example([("Ayaan", "ayaann"), "is", "ill"])
def test_no_registered_name_reaches_a_translator(pieces: list[str | tuple[str, str]]) -> None:
    out = masked(" ".join(piece if isinstance(piece, str) else piece[1] for piece in pieces))
    names = [piece[1] for piece in pieces if isinstance(piece, tuple) and not is_everyday(piece[1])]
    for form in Form:
        sent = set(re.findall(r"[^\W\d_]+", out.written(form)))
        for name in names:
            assert re.sub(r"['’]s$", "", name.split()[0]).strip(",!") not in sent, (name, out.written(form))


@given(st.lists(st.one_of(words, anything, spellings().map(lambda pair: pair[1])), max_size=8).map(" ".join))
@example("[Amina] #Ayaan# [[3]] x]")
def test_masked_and_filled_again_the_text_is_the_same(text: str) -> None:
    out = mask(text, NAMES, today=TODAY)
    if all(kept.meaning is None for kept in out.kept):
        for form in out.forms():
            assert out.restored(out.written(form), form, "en") == text
    assert "".join(piece if isinstance(piece, str) else piece.source for piece in out.pieces) == text


@given(st.lists(st.one_of(words, st.sampled_from(["3pm", "12", "£4.50", "07700 900123", "2 March", "www.example.org", "a@example.org"])), max_size=8))
def test_no_number_and_no_link_reaches_a_translator(pieces: list[str]) -> None:
    out = masked(" ".join(pieces))
    rest = re.sub(r"⟦\d+⟧", "", out.written(Form.BRACKETS))
    assert not re.search(r"\d|www|@", rest)


@given(st.permutations([1, 2, 3]), st.sampled_from(list(Form)))
def test_marks_may_change_places(order: list[int], form: Form) -> None:
    out = masked("Amina, at 3pm, on Friday")
    answer = " y ".join(form.mark(number) for number in order)
    assert out.canonical(answer, form) == " y ".join(f"⟦{number}⟧" for number in order)


def test_sentences_joined_are_the_text() -> None:
    out = masked("Hello Amina! Please come at 3pm. Bring £2.\nThank you")
    assert "".join(sentence.key for sentence in out.sentences()) == out.key
    assert len(out.sentences()) == 4


def test_the_same_value_has_the_same_number() -> None:
    assert [piece.number for piece in masked("Amina and Ayaan and Amina").pieces if isinstance(piece, Kept)] == [1, 2, 1]
