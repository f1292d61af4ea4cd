"""Becoming known, as the office sees it: who was never written to, who has not answered, who has."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from school import School, consent, demo
from tests.console.conftest import OnMonday
from tests.console.staff import Console
from tests.console.test_browser import axe

OFFICE, TEAM = "Mrs Doyle", "Miss Turner"
PAGE = "/console/families/known"


def counted(html: str, title: str) -> int:
    found = re.search(rf'{title}(?: <span class="count">([1-9]\d*)</span>)?</h2>', html)
    assert found is not None
    return int(found[1] or 0)


def test_all_who_were_never_written_to_are_welcomed_and_who_answers_is_seen(console: Console) -> None:
    browser, world = console.as_(OFFICE), console.world
    html = browser.get(PAGE)
    many = counted(html, "Never written to")
    assert many > 5
    assert f"{many} welcomes are on the way" in browser.post(f"{PAGE}/all", of=PAGE)
    world.settle()
    assert "Here you can say that a child is ill" in world.texts("Amina")[0]
    html = browser.get(PAGE)
    assert (counted(html, "Never written to"), counted(html, "Have not answered")) == (0, many)
    assert "Send it once more" not in html
    assert "0 welcomes are on the way" in browser.post(f"{PAGE}/all", of="/console/account")
    world.say("Amina", "1")
    html = browser.get(PAGE)
    assert counted(html, "Have not answered") == many - 1
    assert "known since" in html


def test_one_is_welcomed_from_their_page_and_once_more_after_three_days(console: Console) -> None:
    browser, world = console.as_(OFFICE), console.world
    page = next(iter(re.findall(r'href="(/console/families/\d+)">Amina', browser.get("/console/families?q=Amina"))))
    send = page.replace("families", "families/known") + "/welcome"
    assert "has never written" in browser.get(page)
    assert "The welcome is on its way." in browser.post(send, of=page)
    world.settle()
    html = browser.get(page)
    assert "no answer yet" in html
    assert send not in html
    world.pass_time(timedelta(days=3, minutes=1))
    browser = console.as_(OFFICE)
    assert "Send it once more" in browser.get(PAGE)
    browser.post(send, of=page)
    world.settle()
    assert len([text for text in world.texts("Amina") if "Here you can say" in text]) == 2
    world.say("Amina", "hello")
    assert "known since" in browser.get(page)
    console.as_(TEAM).get(PAGE, 404)


def test_a_doubted_number_is_seen_and_staff_who_rang_end_it(console: Console) -> None:
    browser, world = console.as_(OFFICE), console.world
    assert "May be someone else" not in browser.get(PAGE)
    with world.house.store.write() as session:
        now = School(session, world.moment, world.house.school_settings)
        for link in demo.adult(now, "Amina").addresses:
            consent.mark_bad(now, link.address, "30005")
            consent.heard_from(now, link.address)
    html = browser.get(PAGE)
    assert "the phone company said that nobody has this number" in html
    assert "Their number may be someone else" in browser.get("/console/unreachable").replace("&#39;", "'")
    theirs = re.findall(rf"{PAGE}/doubts/\d+/theirs", html)[0]
    assert "It is theirs." in browser.post(theirs, of=PAGE)
    assert "May be someone else" not in browser.get(PAGE)
    assert "You have no appointments." in world.say("Amina", "see my appointments")[0].text


@pytest.mark.parametrize("width", [360, 1280])
def test_it_is_read_and_used_by_everybody_on_any_screen(on_monday: OnMonday, console: Console, width: int) -> None:
    with console.world.house.store.write() as session:
        now = School(session, console.world.moment, console.world.house.school_settings)
        for link in demo.adult(now, "Amina").addresses:
            consent.mark_bad(now, link.address, "30005")
            consent.heard_from(now, link.address)
    page = on_monday.as_("Office", width)
    page.goto(f"{on_monday.home}/families/known")
    page.get_by_text("Welcome all").click()
    assert axe(page) == []
    page.get_by_role("button", name="Send the welcome").click()
    expect(page.get_by_role("status")).to_contain_text("welcomes are on the way")
    expect(page.get_by_role("heading", name="Have not answered")).to_be_visible()
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("button", name="I rang: it is theirs").first.click()
    expect(page.get_by_role("status")).to_contain_text("It is theirs.")
