"""Bookbag's own sentences, put right on a page: the sheet goes out, comes back, and families read the better words."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pytest

from tests.console.staff import Browser, Console
from tests.world import World
from translations import corrections, phrases

AT = "/console/school/sentences"


@pytest.fixture
def office(console: Console) -> Browser:
    return console.as_("Mrs Doyle")


@pytest.fixture(autouse=True)
def _forgets(world: World) -> Iterator[None]:
    """What was put right holds for the process: the next test begins with the shipped sentences."""
    yield
    phrases.put_right({})


def filled(sheet: str, english: str, better: str) -> bytes:
    """The sheet with one better sentence in it, as a spreadsheet saves it."""
    rows = list(csv.DictReader(io.StringIO(sheet.removeprefix("\ufeff"))))
    for row in rows:
        row["better"] = better if row["english"] == english else ""
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def brings(office: Browser, content: bytes, status: int = 303, **fields: str) -> str:
    return office.post(AT, {"language": "so", "reader": "Hodan A.", **fields}, status, of=AT, files={"file": ("so.csv", content, "text/csv")})


def test_a_better_sentence_is_read_by_families(world: World, office: Browser) -> None:
    sheet = office.get(f"{AT}/so.csv")
    html = brings(office, filled(sheet, "You are welcome.", "Adaa mudan, walaal."))
    assert "1 put right" in html
    with world.house.store.read() as session:
        corrections.take_up(session)
    world.speak("Amina", "so")
    assert world.say("Amina", "mahadsanid")[-1].text.endswith("Adaa mudan, walaal.")
    assert "Adaa mudan, walaal." in office.get(f"{AT}/so.csv"), "the next reader sees how it is said now"


def test_a_sentence_that_lost_its_place_is_refused_with_its_line_and_nothing_is_taken(office: Browser) -> None:
    sheet = office.get(f"{AT}/so.csv")
    html = brings(office, filled(sheet, "Agreed: {what}.", "Waa la oggolaaday."), 422)
    assert "Nothing was taken in." in html
    assert "{what}" in html
    assert "none yet" in office.get(AT)


@pytest.mark.parametrize(
    "content, fields, said",
    [
        (b"english,better\n", {}, "there is nothing to take in"),
        (b"english,better\n", {"language": "xx"}, "Choose the language"),
        (b"english,better\n", {"reader": " "}, "Say who has read it"),
        (b"one,two\n", {}, "has no column"),
        (b"english,better\n" + b'"' + b"x" * 200_000 + b'",b\n', {}, "cannot be read as CSV"),
        (b"PK\x03\x04", {}, "is a workbook"),
        (b"english,form,better\nYou are welcome.," + b"9" * 5_000 + b",x\n", {}, "its form is none"),
    ],
)
def test_what_cannot_be_taken_says_why(office: Browser, content: bytes, fields: dict[str, str], said: str) -> None:
    assert said in brings(office, content, 422, **fields).replace("&#39;", "'")


def test_a_language_without_a_catalog_has_no_sheet(office: Browser) -> None:
    for language in ("xx", "..", "so.po"):
        assert office.client.get(f"{AT}/{language}.csv").status_code == 404


def test_a_teacher_does_not_change_what_all_families_read(console: Console) -> None:
    console.as_("Ms Okafor").get(AT, 404)
