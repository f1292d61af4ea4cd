"""Every sentence in every shipped language: there, with the places and fixed words of the English, and put right by whoever reads better."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from bot.conversation import registry
from data.store import Store
from nlu.exact import Words
from translations import Phrase, _, catalogs, check, corrections, has_catalog, keywords, ngettext, phrases, spoken
from translations.sms import is_gsm7

SHIPPED = catalogs.shipped()
SIXTEEN = {"ar", "bn", "es", "fr", "it", "pl", "pt", "ro", "so", "sq", "ti", "tr", "ur", "vi", "yo", "zh_Hans"}
NOW = datetime(2026, 3, 2, 9, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def template() -> Catalog:
    return catalogs.source()


@pytest.fixture(autouse=True)
def forget_corrections() -> Iterator[None]:
    yield
    phrases.put_right({})


def test_sixteen_languages_are_shipped() -> None:
    assert set(SHIPPED) == SIXTEEN


@pytest.mark.parametrize("folder", SHIPPED)
def test_a_catalog_has_no_fault(folder: str) -> None:
    assert list(map(str, check.faults((folder,)))) == []


@pytest.mark.parametrize("folder", SHIPPED)
def test_a_draft_says_that_it_is_one(folder: str) -> None:
    catalog = catalogs.read(folder)
    assert catalog.fuzzy
    assert "draft: no native speaker has read it yet" in catalog.header_comment


def test_every_sentence_with_a_place_has_a_note(template: Catalog) -> None:
    explained = {"{school}", "{staff}", "{phone}", "{menu}", "{person}", "{count}", "{child}", "{day}"}
    without = [
        check.first(message.id)
        for message in catalogs.sentences(template)
        if not message.auto_comments and not {f"{{{place}}}" for place in check.places(check.first(message.id))} <= explained
    ]
    assert without == []


WORDS = Words.load()
ASKED_FOR = {
    "menu": keywords.MENU,
    "speak_to_person": keywords.PERSON,
    "change_language": keywords.LANGUAGE,
    "show_original": keywords.ORIGINAL,
    "move_appointment": keywords.MOVE,
    "cancel_appointment": keywords.CALL_OFF,
}


@pytest.mark.parametrize("folder", ["en", *SHIPPED])
@pytest.mark.parametrize("intent", ASKED_FOR)
def test_what_people_are_asked_to_text_is_understood(folder: str, intent: str) -> None:
    """By the exact lists, which go first, or by the keyword; typed without accents too."""
    tag = folder.replace("_", "-")
    word = ASKED_FOR[intent].render(tag)
    for typed in (word, word.casefold(), word.capitalize()):
        assert (WORDS.exact(typed, tag) or registry.by_keyword(typed, tag)) == intent


def test_stop_and_start_stay_as_carriers_know_them(template: Catalog) -> None:
    with_stop = [message.id for message in catalogs.sentences(template) if "STOP" in check.first(message.id)]
    assert len(with_stop) >= 3
    for folder in SHIPPED:
        assert all("STOP" in Phrase(str(msgid)).render(folder.replace("_", "-")) or "{" in str(msgid) for msgid in with_stop if "{" not in str(msgid))


FAULTY = [
    ("Hello {staff}", "Hola", "has the places none; in English {staff}"),
    ("Hello {staff}", "Hola {staf}", "has the places {staf}; in English {staff}"),
    ("Hello {staff}", "Hola {staff", "has a brace that opens or closes nothing"),
    ("Text STOP", "Escriba ALTO", "must keep STOP as in English"),
    ("Hello", " ", "is not translated"),
]


@pytest.mark.parametrize("english, said, fault", FAULTY)
def test_a_fault_is_named(english: str, said: str, fault: str) -> None:
    catalog = Catalog()
    assert list(check.of_sentence(catalog.add(english), (said,), 2, "es")) == [fault]


def test_a_label_over_its_limit_is_named() -> None:
    source = Catalog().add("Yes", auto_comments=["a button. At most 5 characters."])
    assert list(check.of_sentence(source, ("Claro",), 2, "es")) == []
    assert list(check.of_sentence(source, ("Claro!",), 2, "es")) == ["has 6 characters of at most 5"]


def test_a_letter_that_triples_the_price_is_named_where_none_is_needed() -> None:
    assert list(check.of_sentence(Catalog().add("Yes"), ("Haa…",), 2, "so")) == ["has …, which no text message carries without tripling its price"]


@pytest.mark.parametrize("tag, folder", [("so", "so"), ("pt-BR", "pt"), ("zh", "zh_Hans"), ("zh-Hans", "zh_Hans"), ("zh-Hant", "zh_Hans")])
def test_a_tag_finds_its_catalog(tag: str, folder: str) -> None:
    assert has_catalog(tag)
    assert _("All right.").render(tag) == catalogs.read(folder).get("All right.").string  # type: ignore[union-attr]


@pytest.mark.parametrize("tag", ["hu", "sw", "xx", "en-GB", "en"])
def test_without_a_catalog_english_is_spoken(tag: str) -> None:
    assert _("All right.").render(tag) == "All right."
    assert spoken(tag).startswith("en")


@pytest.mark.parametrize("folder", SHIPPED)
def test_plural_forms_are_the_languages_own(folder: str) -> None:
    for count in (1, 2, 3, 11, 21):
        said = ngettext(
            "{staff} has no free times in the next week. What would you like?",
            "{staff} has no free times in the next {count} weeks. What would you like?",
            count,
        )
        assert "Ms Okafor" in said.format(staff="Ms Okafor").render(folder.replace("_", "-"))


def test_somali_and_italian_fit_a_cheap_text() -> None:
    for folder in ("so", "it"):
        assert check.cost(folder).in_gsm == check.cost(folder).sentences


def test_folded_letters_are_cheap(template: Catalog) -> None:
    for folder in ("pl", "es"):
        cost = check.cost(folder)
        assert cost.dearer_by > 0
        assert all(not is_gsm7(letter) for letter, _count in cost.letters)


# A reader's corrections


def sheet_of(folder: str, better: dict[str, str]) -> str:
    rows = list(csv.DictReader(io.StringIO(corrections.sheet(None, folder).removeprefix("\ufeff"))))
    out = io.StringIO()
    writer = csv.DictWriter(out, corrections.COLUMNS)
    writer.writeheader()
    writer.writerows([{**row, "better": better.get(row["english"], "")} for row in rows])
    return "\ufeff" + out.getvalue()


def test_a_sheet_that_comes_back_empty_changes_nothing() -> None:
    assert corrections.read_sheet("so", sheet_of("so", {})) == ([], [])


def test_a_readers_sentence_is_spoken_from_then_on(database_url: str) -> None:
    better, faults = corrections.read_sheet("so", sheet_of("so", {"All right.": "Waa hagaag."}))
    assert faults == []
    store = Store(database_url)
    try:
        for words in ("Waa yahay.", better[0].words):
            with store.write() as session:
                corrections.keep(session, "so", [corrections.Better("All right.", 0, words)], "Hodan", NOW)
        with store.read() as session:
            corrections.take_up(session)
            assert "Waa hagaag." in corrections.sheet(session, "so")
    finally:
        store.close()
    assert _("All right.").render("so") == "Waa hagaag."
    assert _("All right.").render("es") != "Waa hagaag."


@pytest.mark.parametrize(
    "english, words, fault",
    [
        ("Booked: {slot} with {staff}, {way}.", "Waa la qabtay: {slot}", "has the places"),
        ("No such sentence", "Maya", "is no sentence of Bookbag's"),
    ],
)
def test_a_row_that_would_break_a_sentence_is_refused_by_line(english: str, words: str, fault: str) -> None:
    content = f'english,form,note,now,better\n"{english}",0,,,"{words}"\n'
    better, faults = corrections.read_sheet("so", content)
    assert better == []
    assert [(one.line, fault in one.what) for one in faults] == [(2, True)]


def test_a_sheet_without_its_columns_is_refused() -> None:
    assert [one.what for one in corrections.read_sheet("so", "a,b\n1,2\n")[1]] == ["has no column 'english'", "has no column 'better'"]


def test_a_correction_can_go_into_the_catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogs, "LOCALE", tmp_path)
    catalogs.write("so", catalogs.update("so"))
    corrections.into_catalog("so", [corrections.Better("All right.", 0, "Waa hagaag.")])
    assert catalogs.read("so").get("All right.").string == "Waa hagaag."  # type: ignore[union-attr]
    assert b"Waa hagaag." in catalogs.po_file("so").with_suffix(".mo").read_bytes()
