"""Results of a questionnaire in a real browser: in order on a wide screen, a phone and paper."""

from __future__ import annotations

import os

import pytest
from playwright.sync_api import expect

from school.questionnaire_form import Privacy
from tests.console.conftest import OnMonday
from tests.console.results_to_see import asked
from tests.console.test_events_browser import is_in_order
from tests.world import World


@pytest.mark.parametrize("width", [1280, 360])
def test_results_are_in_order_and_searched(world: World, on_monday: OnMonday, width: int) -> None:
    number = asked(world, Privacy.PRIVATE, 20, is_closed=True)
    page = on_monday.as_("Office", width)
    page.goto(f"{on_monday.home}/questionnaires/{number}/results")
    expect(page.get_by_role("img", name="How happy is your child at school?")).to_be_visible()
    is_in_order(page)
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=f"{folder}/private-{width}.png", full_page=True)
        page.emulate_media(media="print")
        page.screenshot(path=f"{folder}/private-{width}-paper.png", full_page=True)
        page.emulate_media(media="screen", color_scheme="dark")
        page.screenshot(path=f"{folder}/private-{width}-dark.png", full_page=True)
        page.emulate_media(color_scheme="light")
    page.get_by_label("Find in what was said in words").fill("bus")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_text("The bus is late every Monday").first).to_be_visible()
    page.get_by_role("link", name="Show all").click()
    page.get_by_role("link", name="All 16 of them").click()
    is_in_order(page)


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("privacy, answers", [(Privacy.NAMED, 2), (Privacy.PRIVATE, 3)])
def test_names_and_what_is_withheld_are_in_order(world: World, on_monday: OnMonday, width: int, privacy: Privacy, answers: int) -> None:
    number = asked(world, privacy, answers)
    page = on_monday.as_("Office", width)
    page.goto(f"{on_monday.home}/questionnaires/{number}/results")
    is_in_order(page)
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=f"{folder}/{privacy}-{answers}-{width}.png", full_page=True)


def test_how_many_have_finished_changes_by_itself(world: World, on_monday: OnMonday) -> None:
    number = asked(world, Privacy.PRIVATE, 0)
    page = on_monday.as_("Office")
    page.goto(f"{on_monday.home}/questionnaires/{number}/results")
    expect(page.get_by_text("0 of 43 adults have finished")).to_be_visible()
    world.settle()
    for words in ("1", "4", "1 3", "2", "3 September 2025", "More swimming"):
        world.say("Tom", words)
    expect(page.get_by_text("1 of 43 adults have finished")).to_be_visible()
