"""Questionnaires in a real browser: made question by question, read as a parent will, opened and closed; wide, on a phone, and without JavaScript."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from school import School, questionnaires
from school.questionnaire_form import Asked, Form, QuestionKind
from tests.console.conftest import OnMonday
from tests.console.test_events_browser import is_in_order
from tests.world import World

SHOTS = os.environ.get("BOOKBAG_SHOTS")


def shot(page: Page, name: str) -> None:
    """A picture of the page, for whoever asks for some."""
    if SHOTS:
        width = page.viewport_size["width"] if page.viewport_size else 0
        page.screenshot(path=Path(SHOTS) / f"{name}-{width}.png", full_page=True)


def question(page: Page, number: int, words: str, kind: str, choices: str = "") -> None:
    page.get_by_role("button", name="Add a question").click()
    part = page.get_by_role("group", name=f"Question {number}", exact=True)
    part.get_by_label("What is asked").fill(words)
    part.get_by_label("How it is answered").select_option(label=kind)
    expect(part.get_by_label("Answers to choose from")).to_be_visible(visible=bool(choices))
    if choices:
        part.get_by_label("Answers to choose from").fill(choices)


@pytest.mark.parametrize("width", [1280, 390, 360])
def test_a_questionnaire_is_made_read_through_opened_and_closed(world: World, on_monday: OnMonday, width: int) -> None:
    world.speak("Amina", "so")
    page = on_monday.as_("Office", width)
    page.goto(f"{on_monday.home}/questionnaires")
    is_in_order(page)
    page.get_by_role("button", name="New questionnaire").click()
    is_in_order(page)
    shot(page, "new")
    page.get_by_role("button", name="Begin with a blank one").click()
    page.get_by_label("Title").fill("Your term with us")
    first = page.get_by_role("group", name="Question 1", exact=True)
    first.get_by_label("What is asked").fill("How happy is your child at school?")
    first.get_by_label("How it is answered").select_option(label="A scale")
    expect(first.get_by_label("Answers to choose from")).to_be_hidden()
    first.get_by_label("Points").select_option(value="happy")
    question(page, 2, "Which clubs would your child like?", "As many of the choices as fit", "Cooking\nMusic\nSwimming in the hydrotherapy pool")
    question(page, 3, "What would make it better?", "Their own words")
    third = page.get_by_role("group", name="Question 3", exact=True)
    third.get_by_text("Only after some answers").click()
    third.get_by_label("Depends on").select_option(label="1. How happy is your child at school?")
    third.get_by_role("button", name="Choose its answers").click()
    third.get_by_label("Very unhappy").check()
    is_in_order(page)
    shot(page, "edit")
    page.get_by_role("button", name="Save and look it over").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your term with us")
    expect(page.get_by_text("Only after Very unhappy to question 1")).to_be_visible()
    is_in_order(page)
    page.get_by_label("On", exact=True).select_option(label="Telegram")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("1 of 3: How happy is your child at school?")).to_be_visible()
    is_in_order(page)
    shot(page, "preview")
    page.get_by_role("button", name="Open it").click()
    expect(page.get_by_role("status")).to_contain_text("people are asked")
    is_in_order(page)
    shot(page, "open")
    world.settle()
    for said in ("1", "4", "1", "that is all"):
        world.say("Tom", said)
    page.reload()
    expect(page.locator(".numbers")).to_contain_text("1 of")
    page.get_by_text("Close now").click()
    page.get_by_role("button", name="Close it for good").click()
    expect(page.get_by_role("status")).to_have_text("It is closed: no more answers are taken.")
    is_in_order(page)
    page.get_by_role("link", name="Questionnaires").first.click()
    is_in_order(page)
    shot(page, "list")


def draft(world: World, form: Form) -> int:
    with world.house.store.write() as session:
        return questionnaires.make(School(session, world.moment, world.house.school_settings), None, form).id


def test_it_is_written_on_without_javascript(world: World, on_monday: OnMonday) -> None:
    number = draft(world, Form("Trip", [Asked("a", "First?", QuestionKind.YES_NO), Asked("b", "Second?", QuestionKind.TEXT)]))
    page = on_monday.open_page(f"{on_monday.home}/log-in", 390, script=False)
    page.get_by_role("button", name="Office").click()
    page.goto(f"{on_monday.home}/questionnaires/{number}/edit")
    page.get_by_label("What is asked").first.fill("The very first?")
    page.get_by_role("button", name="Move down question 1").click()
    expect(page.get_by_label("What is asked").nth(1)).to_have_value("The very first?")
    page.get_by_role("button", name="Remove question 1").click()
    expect(page.get_by_label("What is asked")).to_have_count(1)
    page.get_by_label("Title").press("Enter")  # sends the form by the button that saves, not by the first that stands there
    expect(page.get_by_role("heading", level=1)).to_have_text("Trip")
    expect(page.get_by_text("The very first?")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_can_be_read_with_its_faults(world: World, on_monday: OnMonday, scheme: str) -> None:
    choice = Asked("a", "", QuestionKind.CHOICE, choices=["One"], only_if={})
    long = Asked("b", "https://example.org/a-long-address-that-does-not-break-anywhere-at-all", QuestionKind.NUMBER, least=5, most=1, only_if={"a": []})
    number = draft(world, Form("", [choice, long]))
    page = on_monday.as_("Office", 360)
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    for address in (f"{number}", f"{number}/edit?check=1", "new"):
        page.goto(f"{on_monday.home}/questionnaires/{address}")
        is_in_order(page)
        shot(page, f"{scheme}-{address.partition('?')[0].replace('/', '-')}")
