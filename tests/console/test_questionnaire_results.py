"""The page of a questionnaire's results: what it shows, what it withholds and says so, and what is taken along."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest

from school.questionnaire_form import Privacy
from tests.console.results_to_see import LONG, asked, translate_all
from tests.console.staff import Console
from tests.world import World


def page_of(number: int) -> str:
    return f"/console/questionnaires/{number}/results"


def test_of_a_private_one_there_are_charts_and_no_names(world: World, console: Console) -> None:
    number = asked(world, Privacy.PRIVATE, 12, is_closed=True)
    html = console.as_("Mrs Doyle").get(page_of(number))
    assert "<strong>12</strong> of 43 adults have finished: <strong>28%</strong>" in html
    assert html.count('<svg class="chart"') == 5, "each question but the one in words alone"
    assert len(re.findall(r"<title id=", html)) == len(re.findall(r"<desc id=", html)) == 5
    assert "The longest: Very unhappy, 3 of 12." in html
    assert "<td>Very unhappy</td><td>3</td><td>25%</td>" in html
    assert f"<td>{LONG}</td>" in html
    assert f">{LONG[:43]}…</text>" in html
    assert "<strong>16.5</strong> median" in html
    assert "9 were not asked" in html
    assert "=2+2 &lt;b&gt;bold&lt;/b&gt;" in html
    assert "Who answered what" not in html
    assert "Yusuf" not in html


def test_of_too_few_it_says_why_nothing_is_shown(world: World, console: Console) -> None:
    few = console.as_("Mrs Doyle").get(page_of(asked(world, Privacy.PRIVATE, 4, is_closed=True)))
    assert "Fewer than five have answered. Their answers are not shown" in few
    assert "<svg" not in few
    waiting = console.as_("Mrs Doyle").get(page_of(asked(world, Privacy.ANONYMOUS, 0)))
    assert "Nobody has answered all of it yet." in waiting


def test_of_an_open_one_the_first_five_wait_for_more(world: World, console: Console) -> None:
    html = console.as_("Mrs Doyle").get(page_of(asked(world, Privacy.PRIVATE, 9)))
    assert "opened five or more at a time" in html
    assert "<svg" not in html
    assert "data-fresh" in html


def test_of_a_named_one_it_says_who_answered_what(world: World, console: Console) -> None:
    number = asked(world, Privacy.NAMED, 2)
    office = console.as_("Mrs Doyle")
    html = office.get(page_of(number))
    assert "Who answered what" in html
    assert '<dd><span class="words" lang="en" dir="auto">More swimming, please.</span></dd>' in html
    assert "not begun" in html
    assert "questionnaire" in console.as_("Mrs Hartley").get("/console/audit")


def test_what_was_said_is_found_by_a_word(world: World, console: Console) -> None:
    number = asked(world, Privacy.PRIVATE, 12, is_closed=True)
    office = console.as_("Mrs Doyle")
    html = office.get(f"{page_of(number)}?q=BUS")
    assert html.count("The bus is late every Monday") == 2
    assert "More swimming" not in html
    assert "Nothing that was said here has these words in it." in html, "nobody said Chess of a bus"
    question = re.search(rf"{page_of(number)}/(\d+)", office.get(page_of(number)))
    assert question is None, "all of it stands there"


def test_many_words_have_a_page_of_their_own(world: World, console: Console) -> None:
    number = asked(world, Privacy.PRIVATE, 20, is_closed=True)
    office = console.as_("Mrs Doyle")
    link = re.search(rf'href="({page_of(number)}/\d+)"', office.get(page_of(number)))
    assert link is not None
    html = office.get(link[1])
    assert "16 answers in words, in no order." in html
    assert html.count("More swimming, please.") == 4
    assert "There is nothing" not in office.get(f"{link[1]}?q=bus&from=50")
    office.get(f"{page_of(number)}/999999", 404)


def test_an_answer_in_another_language_has_its_original_beside_it(world: World, console: Console) -> None:
    for name in ("Amina", "Tom", "Agnieszka"):
        world.speak(name, "so")
    number = asked(world, Privacy.NAMED, 43)
    translate_all(world)
    html = console.as_("Mrs Doyle").get(page_of(number))
    assert "translated by a computer from Somali" in html
    private = asked(world, Privacy.PRIVATE, 43, is_closed=True)
    assert "from Somali" not in console.as_("Mrs Doyle").get(page_of(private)), "three are too few to be named by their language"


def test_it_is_taken_along_without_formulas(world: World, console: Console) -> None:
    number = asked(world, Privacy.PRIVATE, 12, is_closed=True)
    office = console.as_("Mrs Doyle")
    rows = list(csv.reader(io.StringIO(office.get(f"{page_of(number)}.csv").removeprefix("\ufeff"))))
    assert ["How happy is your child at school?", "Very unhappy", "3", "0.25", "", ""] in rows
    assert ["What would make school better?", "'=2+2 <b>bold</b>", "", "", "", ""] in rows
    told = json.loads(office.get(f"{page_of(number)}.json"))
    assert (told["counted"], told["questions"][2]["numbers"]["most"]) == (12, 33)
    named = asked(world, Privacy.NAMED, 2)
    assert len(list(csv.reader(io.StringIO(office.get(f"{page_of(named)}.csv"))))) == 44


@pytest.mark.parametrize("name, status", [("Mrs Doyle", 200), ("Ms Okafor", 404), ("Mr Penrose", 404)])
def test_only_who_may_ask_many_sees_it(world: World, console: Console, name: str, status: int) -> None:
    number = asked(world, Privacy.NAMED, 1)
    for path in ("", ".csv", ".json"):
        console.as_(name).get(f"{page_of(number)}{path}", status)
    console.as_(name).get(page_of(999999), 404)


def test_nothing_that_is_shown_has_a_time(world: World, console: Console) -> None:
    number = asked(world, Privacy.PRIVATE, 12, is_closed=True)
    office = console.as_("Mrs Doyle")
    for path in ("", ".csv", ".json"):
        shown = office.get(f"{page_of(number)}{path}")
        assert "<time" not in shown
        assert "09:10" not in shown
        assert "2026-03-02" not in shown
