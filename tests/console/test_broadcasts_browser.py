"""Broadcasts in a real browser: written, looked over, sent and watched on a phone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.sync_api import expect

from tests.console.conftest import OnMonday
from tests.console.test_events_browser import is_in_order
from tests.world import World

LONG = "The hydrotherapy pool is closed on Friday: swimming bags can stay at home, and Oak goes to the park instead. https://example.org/a-long-address-that-does-not-break"


@pytest.mark.parametrize("width", [1280, 360])
def test_a_broadcast_is_made_looked_over_sent_and_watched(world: World, on_monday: OnMonday, width: int) -> None:
    world.speak("Amina", "so")
    page = on_monday.as_("Office", width)
    page.goto(f"{on_monday.home}/broadcasts")
    is_in_order(page)
    page.get_by_role("button", name="Write to many").click()
    is_in_order(page)
    page.get_by_label("What families read").fill(LONG)
    page.get_by_label("To whom").select_option(label="Maple class")
    page.get_by_text("Dates and a document").click()
    page.get_by_role("group", name="Date 1").get_by_label("What is on").fill("Fair")
    page.get_by_role("group", name="Date 1").get_by_label("Day").fill("2026-03-12")
    is_in_order(page)
    page.get_by_role("button", name="Save and look it over").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Look it over")
    expect(page.get_by_role("heading", name="How it reads")).to_be_visible()
    is_in_order(page)
    page.get_by_role("button", name="Send now").click()
    expect(page.get_by_role("status")).to_have_text("It is on its way.")
    waiting = page.locator(".numbers li").filter(has_text="waiting")
    expect(waiting).to_have_text("7 waiting")
    is_in_order(page)
    world.settle()
    expect(waiting).to_have_text("1 waiting")  # by itself; hers waits for its translation
    is_in_order(page)
    page.get_by_role("link", name="Broadcasts").first.click()
    is_in_order(page)
    page.get_by_role("link", name="What the month cost").click()
    is_in_order(page)


@pytest.fixture
def second_person(world: World) -> None:
    """The school wants someone else's yes."""
    world.house.school_settings = replace(world.house.school_settings, second_person=True)


def test_a_second_person_agrees(second_person: None, world: World, on_monday: OnMonday) -> None:
    page = on_monday.as_("Office")
    page.goto(f"{on_monday.home}/broadcasts/new")
    page.get_by_label("What families read").fill("The pool is closed on Friday.")
    page.get_by_role("button", name="Look it over").first.click()
    page.get_by_role("button", name="Send now").click()
    expect(page.get_by_role("status")).to_have_text("It waits for a second person to agree.")
    expect(page.get_by_role("button", name="Agree")).to_have_count(0)
    is_in_order(page)
    world.settle()
    assert world.texts("Tom") == []
    senior = on_monday.as_("Senior", 360)
    senior.get_by_role("region", name="Broadcasts").get_by_role("link").click()
    senior.get_by_role("link", name="See the broadcast").click()
    is_in_order(senior)
    senior.get_by_role("button", name="Agree").click()
    expect(senior.get_by_role("status")).to_have_text("It is on its way.")
    world.settle()
    assert "pool" in world.texts("Tom")[-1]


@pytest.mark.parametrize("script", [True, False])
def test_the_school_is_closed_in_three_taps(world: World, on_monday: OnMonday, script: bool) -> None:
    if script:
        page = on_monday.as_("Senior", 360)
    else:
        page = on_monday.open_page(f"{on_monday.home}/log-in", 360, script=False)
        page.get_by_role("button", name="Senior").click()
    page.goto(f"{on_monday.home}/broadcasts")
    page.get_by_role("button", name="The school is closed").click()
    page.get_by_role("button", name="Look it over", exact=True).click()
    page.get_by_role("button", name="Send now").click()
    expect(page.get_by_role("status")).to_have_text("It is on its way.")
    world.settle()
    assert "is closed today." in world.texts("Tom")[-1]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_can_be_read(world: World, on_monday: OnMonday, scheme: str) -> None:
    page = on_monday.as_("Office", 360)
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(f"{on_monday.home}/broadcasts/new?closure=1")
    is_in_order(page)
    page.get_by_role("button", name="Look it over", exact=True).click()
    is_in_order(page)
    page.get_by_role("button", name="Send now").click()
    world.settle()
    page.reload()
    is_in_order(page)
