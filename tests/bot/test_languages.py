"""Every family hears from Bookbag in its own language, on every channel, and at no more cost than that takes."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli_translations import app
from school import School, demo, notices
from school.invitations import open_for
from tests.world import World
from translations import _, catalogs, phrases
from translations.sms import is_gsm7

AT = datetime(2026, 3, 2, 9, 10, tzinfo=UTC)
TAGS = [folder.replace("_", "-") for folder in catalogs.shipped()]


@pytest.fixture(autouse=True)
def forget_corrections() -> Iterator[None]:
    yield
    phrases.put_right({})


@pytest.mark.parametrize("tag", TAGS)
def test_a_reminder_comes_in_the_readers_language(world: World, tag: str) -> None:
    world.say("Tom", "can i see ms okafor tuesday 15:10")
    world.say("Tom", "yes")
    world.speak("Tom", tag)
    world.at("2026-03-02 16:01")
    world.house.ticker.tick()
    world.settle()
    reminder = world.texts("Tom")[-1]
    assert "Ms Okafor" in reminder
    assert "15:10" in reminder
    assert _("MOVE").render(tag) in reminder
    assert "Reminder" not in reminder


def test_names_stand_apart_in_arabic_on_telegram_alone(world: World) -> None:
    world.speak("Farid", "ar")
    assert "\u2068Cherry Garden School\u2069" in world.say("Farid", "help", "telegram")[-1].text
    world.speak("Tom", "ar")
    said = world.say("Tom", "help")[-1].text
    assert "Cherry Garden School" in said
    assert not {"\u2066", "\u2067", "\u2068", "\u2069"} & set(said)


def test_letters_are_folded_where_that_saves_a_part(make_world: Callable[..., World]) -> None:
    plain, folding = make_world(AT), make_world(AT, fold_letters=["pl"])
    for world in (plain, folding):
        world.speak("Tom", "pl")
    kept, folded = (world.say("Tom", "menu")[-1].text for world in (plain, folding))
    assert not is_gsm7(kept)
    assert is_gsm7(folded)
    assert len(folded) == len(kept)
    assert is_gsm7(folding.say("Tom", "1")[-1].text)  # an answer by number means the same choice


def test_another_language_keeps_its_letters(make_world: Callable[..., World]) -> None:
    world = make_world(AT, fold_letters=["pl"])
    world.speak("Tom", "ro")
    assert not is_gsm7(world.say("Tom", "menu")[-1].text)


def test_words_of_a_menu_are_understood_with_and_without_accents(world: World) -> None:
    world.speak("Tom", "pl")
    world.say("Tom", "menu")
    assert "Ms Okafor" in world.say("Tom", "umow spotkanie z wychowawca")[-1].text


def test_an_invitation_in_another_language_can_be_taken_up_by_its_own_words(world: World) -> None:
    with world.house.store.write() as session:
        school = School(session, world.moment, world.house.school_settings)
        anand = demo.child(school, "Anand")
        invited = open_for(school, anand)[0]
        adult = anand.guardianships[0].adult
        name = adult.name.split()[0]
        notices.tell(school, adult, "meeting_invitation", {"invitation": invited.id}, key="again")
    world.speak(name, "es")
    world.settle()
    assert "EHCP" in world.texts(name)[-1]


# A reader's corrections, from the command line


def run(*words: str, url: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, words, env={"BOOKBAG_DATABASE_URL": url})
    return done.exit_code, done.output


def test_a_sheet_goes_out_and_comes_back(sqlite_url: str, tmp_path: Path) -> None:
    path = tmp_path / "so.csv"
    assert run("sheet", "so", str(path), url=sqlite_url)[0] == 0
    rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))
    assert len(rows) >= len(list(catalogs.sentences(catalogs.read("so"))))
    for row in rows:
        row["better"] = "Waa hagaag." if row["english"] == "All right." else ""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    assert run("correct", "so", str(path), "--reader", "Hodan", url=sqlite_url) == (0, "1 sentences put right by Hodan.\n")
    assert run("sheet", "so", str(path), url=sqlite_url)[0] == 0
    assert "Waa hagaag." in path.read_text("utf-8")


def test_a_sheet_with_a_fault_is_refused_whole(sqlite_url: str, tmp_path: Path) -> None:
    path = tmp_path / "so.csv"
    path.write_text('english,form,better\nAll right.,0,Waa hagaag.\n"Back to: {about}.",0,Ku noqo\n', encoding="utf-8")
    code, said = run("correct", "so", str(path), "--reader", "Hodan", url=sqlite_url)
    assert code == 2
    assert "so.csv:3: has the places none; in English {about}" in said
    assert "Nothing was taken in." in said


def test_a_language_without_a_catalog_names_near_ones(sqlite_url: str, tmp_path: Path) -> None:
    code, said = run("sheet", "som", str(tmp_path / "x.csv"), url=sqlite_url)
    assert code == 2
    assert "Near ones: so" in said


def test_the_check_says_what_letters_cost() -> None:
    done = CliRunner().invoke(app, ["check"])
    assert done.exit_code == 0
    assert "16 catalogs are complete." in done.output
    assert "fewer with fold_letters" in done.output
