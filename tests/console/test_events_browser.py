"""Events in a real browser: made, looked over, opened, answered on the telephone, ticked on a tablet; and groups."""

from __future__ import annotations

import json
from datetime import date, time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from school import School, demo, events, groups, rsvps
from school.events import Guests, Plan
from tests.console.conftest import OnMonday
from tests.world import World

AXE = (Path(__file__).parent / "axe" / "axe-4.14.1.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
LONG = "Makaton signing workshop for families who begin, with the speech-and-language-team"


def is_in_order(page: Page) -> None:
    """Axe finds nothing, and nothing lies beside the screen."""
    found = page.evaluate(f"{AXE}; axe.run(document, {json.dumps({'runOnly': RULES})})")
    assert [f"{fault['id']}: {fault['nodes'][0]['html'][:160]}" for fault in found["violations"]] == []
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [1280, 360])
def test_an_event_is_made_looked_over_opened_and_answered_by_telephone(on_monday: OnMonday, width: int) -> None:
    page = on_monday.as_("Office", width)
    page.goto(f"{on_monday.home}/events")
    is_in_order(page)
    page.get_by_role("button", name="Make an event").click()
    is_in_order(page)
    page.get_by_label("What it is called").fill(LONG)
    page.get_by_label("Day", exact=True).fill("2026-03-20")
    page.get_by_label("From", exact=True).fill("09:15")
    page.get_by_label("To", exact=True).fill("10:15")
    page.get_by_label("Place", exact=True).fill("Hall")
    page.get_by_label("Find a single adult").fill("reed")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_label("What it is called")).to_have_value(LONG)
    page.get_by_label("Tom Reed").check()
    page.get_by_label("Helpers").check()
    page.get_by_label("Places").fill("3")
    is_in_order(page)
    page.get_by_role("button", name="Make a draft").click()
    expect(page.get_by_role("status")).to_contain_text("A draft is made")
    is_in_order(page)
    page.get_by_label("In", exact=True).select_option("en")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text(f"You are invited: {LONG}.")).to_be_visible()
    is_in_order(page)
    page.get_by_role("button", name="Open it").click()
    expect(page.get_by_role("status")).to_have_text("It is open.")
    page.get_by_role("button", name="Someone rang").click()
    page.get_by_label("Who is it?").fill("leo")
    page.get_by_role("button", name="Find").click()
    is_in_order(page)
    page.get_by_role("link", name="Tom Reed").click()
    is_in_order(page)
    page.get_by_label("They come").check()
    page.get_by_label("How many").fill("2")
    page.get_by_role("button", name="Write it down").click()
    expect(page.get_by_role("status")).to_contain_text("Tom Reed: 2 come.")
    expect(page.get_by_text("2 of 3 come")).to_be_visible()
    is_in_order(page)


def today(world: World) -> int:
    """An event at half past nine, to which Tom said that two come."""
    with world.house.store.write() as session:
        school = School(session, world.moment, world.house.school_settings)
        guests = Guests(classes=[demo.child(school, "Leo").school_class])
        [made] = events.make(school, Plan("Class assembly", date(2026, 3, 2), time(9, 30), time(10, 15), most=3, guests=guests), None)
        events.open_up(school, made)
        rsvps.accept(school, made, demo.adult(school, "Tom"), 2)
        return made.id


@pytest.mark.parametrize("script", [True, False])
def test_who_comes_is_ticked_on_a_small_screen(world: World, on_monday: OnMonday, script: bool) -> None:
    event = today(world)
    page = on_monday.as_("Miss Turner", 360) if script else without_script(on_monday)
    page.goto(f"{on_monday.home}/events/{event}")
    page.get_by_role("button", name="Tick who comes in").click()
    if script:
        is_in_order(page)
    button = page.get_by_role("button", name="Tom Reed: 2 came")
    box = button.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 44
    button.click()
    expect(page.locator(".tally")).to_contain_text("2 came of 2 who said so")
    page.get_by_label("Find a guest").fill("amina")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("button", name="Amina Yusuf: 1 came").click()
    expect(page.locator(".tally")).to_contain_text("3 came")
    page.get_by_role("button", name="Undo: Tom Reed").click()
    expect(page.locator(".tally")).to_contain_text("1 came")
    page.reload()
    expect(page.locator(".tally")).to_contain_text("1 came")
    if script:
        is_in_order(page)


def without_script(on_monday: OnMonday) -> Page:
    page = on_monday.open_page(f"{on_monday.home}/log-in", 360, script=False)
    page.get_by_role("button", name="Miss Turner").click()
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_of_an_event_and_of_groups_can_be_read(world: World, on_monday: OnMonday, scheme: str) -> None:
    event = today(world)
    with world.house.store.write() as session:
        school = School(session, world.moment, world.house.school_settings)
        terms = next(each for each in groups.open_to_all(school) if each.staff_agree)
        groups.join(school, demo.adult(school, "Tom"), terms)
        group = terms.group_id
    page = on_monday.as_("Office", 360)
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    of_event = [f"events/{event}{what}" for what in ("", "/edit", "/cancel", "/attendance?q=amina")]
    for address in (*of_event, "events?over=1", "events/groups", "events/groups/new", f"events/groups/{group}", f"events/groups/{group}/remove"):
        page.goto(f"{on_monday.home}/{address}")
        is_in_order(page)


def test_a_wish_to_join_is_agreed_to(world: World, on_monday: OnMonday) -> None:
    on_monday.parent_writes("Tom", "i would like to join the helpers group")
    page = on_monday.as_("Office")
    page.get_by_role("link", name="Events").click()
    page.get_by_role("link", name="Groups").click()
    page.get_by_role("button", name="Agree: Tom Reed joins Helpers", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Agreed. Tom Reed is told.")
