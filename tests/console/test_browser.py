"""The console in a real browser: what staff do in a day, on a desk and on a phone, with the keyboard alone, and for people who see or hear it differently."""

from __future__ import annotations

import json
import re
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from console.desk import HOME
from school import demo
from tests.browser import OpenPage
from tests.console.conftest import OnMonday

AXE = (Path(__file__).parent / "axe" / "axe-4.14.1.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
NAMES = list(demo.log_ins())
OFFICE = next(name for name in NAMES if name.startswith("Office"))
LEAD = next(name for name in NAMES if name.startswith("Safeguarding lead"))
FARID, AMINA = "telegram:447700900104", "sms:447700900101"


@pytest.fixture
def log_in(demo_server: str, open_page: OpenPage) -> OpenPage:
    """A page on which one of the demo's people is logged in."""

    def logged_in(name: str, width: int = 1280, *, script: bool = True) -> Page:
        page = open_page(f"{demo_server}{HOME}/log-in", width, script=script)
        page.get_by_role("button", name=name).click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Today")
        return page

    return logged_in


def parent_writes(demo_server: str, phone: str, text: str) -> None:
    form = urllib.parse.urlencode({"to": phone, "text": text}).encode()
    request = urllib.request.Request(f"{demo_server}/simulator/messages", form, {"Simulator": "live"})
    assert urllib.request.urlopen(request, timeout=10).status == 204


def in_the_menu(page: Page) -> list[str]:
    """Every page that whoever is logged in finds, and their own account."""
    return [*(str(link.get_attribute("href")) for link in page.locator("#menu nav a").all()), f"{HOME}/account"]


def axe(page: Page) -> list[str]:
    """What axe-core finds, by rule and place."""
    found = page.evaluate(f"{AXE}; axe.run(document, {json.dumps({'runOnly': RULES})})")
    return [f"{fault['id']}: {fault['nodes'][0]['html'][:160]}" for fault in found["violations"]]


def test_a_message_comes_by_itself_and_is_answered_in_arabic(demo_server: str, log_in: OpenPage) -> None:
    page = log_in(OFFICE)
    page.get_by_role("link", name="Messages").click()
    page.evaluate("window.untouched = true")
    parent_writes(demo_server, FARID, "message to the office")
    parent_writes(demo_server, FARID, "أين معطف ابني الأزرق؟")
    link = page.get_by_role("link", name="Farid Haddad")
    expect(link).to_be_visible()
    expect(page.get_by_text("أين معطف ابني الأزرق؟")).to_be_visible()
    assert page.evaluate("window.untouched"), "the page was not loaded again"
    link.click()
    page.get_by_label("Your answer, in English").fill("We found it in the hall.")
    page.get_by_role("button", name="Preview in Arabic").click()
    expect(page.get_by_role("heading", name="How it will read in Arabic")).to_be_visible()
    expect(page.get_by_label("Your answer, in English")).to_have_value("We found it in the hall.")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("Your answer")
    expect(page.locator(".talk li.ours").last).to_contain_text("We found it in the hall.")
    assert axe(page) == []


def test_a_message_is_relabelled(demo_server: str, log_in: OpenPage) -> None:
    parent_writes(demo_server, AMINA, "asdf qwer zxcv")
    page = log_in(OFFICE)
    page.get_by_role("link", name="Amina Yusuf").first.click()
    about = page.locator("li.theirs", has_text="asdf qwer zxcv").first.locator(".about")
    about.locator("summary").click()
    about.locator("select").select_option("ask_uniform")
    about.get_by_role("button", name="Teach it").click()
    expect(page.get_by_text("understood as ask uniform (corrected)").first).to_be_visible()


def test_the_lead_writes_down_what_was_done(demo_server: str, log_in: OpenPage) -> None:
    parent_writes(demo_server, "sms:447700900102", "my ex said he will come and hurt my son after school")
    page = log_in(LEAD)
    page.get_by_role("link", name="Safeguarding").first.click()
    page.get_by_role("link", name="Tom Reed").first.click()
    expect(page.get_by_text("my ex said he will come")).to_be_visible()
    page.get_by_label("What you did or decided").fill("Rang him. Told the police.")
    page.get_by_role("button", name="Keep it and close the matter").click()
    expect(page.get_by_role("status")).to_contain_text("Closed")


def test_a_class_writes_its_book_by_taps_on_a_phone(on_monday: OnMonday) -> None:
    page = on_monday.as_("Miss Turner", 360)
    page.locator(".menu summary").click()
    page.get_by_role("link", name="Book", exact=True).click()
    page.locator("details summary", has_text="Write").first.click()
    card = page.locator(".child", has=page.locator("details[open]")).first
    for phrase in ("happy_day", "lunch_all"):
        card.locator(f"input[value={phrase}]").check()
    expect(card.locator("[data-told]")).to_have_text("Saved")
    expect(card.locator("[data-picked]")).to_have_text("Had a happy day. Ate all of lunch.")
    assert axe(page) == []
    page.reload()
    expect(page.locator("[data-picked]", has_text="Had a happy day. Ate all of lunch.").first).to_be_visible()


SEEN: set[str] = set()
"""What axe has looked at: two roles that get the same elements get the same verdict."""
PARTICULAR = re.compile(r'(?<=>)[^<]+|\d+| (?:aria-current|value|href|action|src)="[^"]*"')
"""Words, numbers and addresses: what differs where the elements do not."""


def is_new(page: Page) -> bool:
    """Whether this page has elements that no page before it had: its main part, or what stands around it."""
    parts = page.evaluate("[document.querySelector('main').outerHTML, document.body.outerHTML.replace(document.querySelector('main').outerHTML, '')]")
    found = {PARTICULAR.sub("", part) for part in parts}
    news = found - SEEN
    SEEN.update(news)
    return bool(news)


@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_nothing_and_nothing_is_lost_on_a_phone(demo_server: str, log_in: OpenPage, name: str) -> None:
    page = log_in(name, width=360)
    for address in in_the_menu(page):
        page.goto(demo_server + address)
        assert not is_new(page) or axe(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, f"{address} scrolls sideways"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_main_pages_can_be_read_in_the_dark(demo_server: str, log_in: OpenPage, scheme: str) -> None:
    page = log_in(OFFICE)
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    for address in in_the_menu(page):
        page.goto(demo_server + address)
        assert axe(page) == [], address


def test_the_log_in_page_is_for_everybody(demo_server: str, open_page: OpenPage) -> None:
    page = open_page(f"{demo_server}{HOME}", 360)
    assert axe(page) == []
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()


def test_twice_as_large_nothing_is_lost(demo_server: str, log_in: OpenPage) -> None:
    page = log_in(OFFICE, width=640)  # 200 % of 1280 CSS pixels
    for address in in_the_menu(page):
        page.goto(demo_server + address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 640, address


def test_the_console_works_without_script(demo_server: str, log_in: OpenPage) -> None:
    parent_writes(demo_server, "whatsapp:447700900103", "message to the office")
    parent_writes(demo_server, "whatsapp:447700900103", "onde está o casaco?")
    page = log_in(OFFICE, script=False)
    while not page.get_by_role("link", name="Maria Ferreira").first.is_visible():
        page.reload()
    page.get_by_role("link", name="Maria Ferreira").first.click()
    page.get_by_label("Your answer, in English").fill("In the hall.")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator(".talk li.ours").last).to_contain_text("In the hall.")


def test_a_missing_child_is_asked_after_and_a_collection_confirmed(demo_server: str, log_in: OpenPage) -> None:
    parent_writes(demo_server, "sms:447700900143", "my brother will collect isaac today")
    page = log_in(OFFICE, width=360)
    page.goto(f"{demo_server}{HOME}/absences")
    page.get_by_label("Children without a reason").fill("Hill, Ella\nMickey Mouse")
    page.get_by_role("button", name="Look at the list").click()
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_label("It means").select_option("nobody")
    page.get_by_role("button", name="Ask the families").click()
    expect(page.get_by_text("Asked after 1.")).to_be_visible()
    expect(page.get_by_text("no answer yet", exact=True)).to_be_visible()
    page.get_by_role("button", name="Ella Hill is in class").click()
    expect(page.get_by_text("Ella is in class.")).to_be_visible()
    page.goto(f"{demo_server}{HOME}/collection")
    card = page.get_by_role("region").filter(has_text="my brother will collect isaac today")
    card.get_by_role("radio").first.check()
    card.get_by_role("button", name="Agreed", exact=True).click()
    expect(page.get_by_text("is told.")).to_be_visible()


def test_a_time_is_booked_on_the_telephone(on_monday: OnMonday) -> None:
    page = on_monday.as_("Office")
    page.goto(f"{on_monday.home}/appointments/book")
    page.get_by_label("Name or number").fill("Tom")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name="Tom Reed about Leo Reed").click()
    assert axe(page) == []
    page.get_by_role("radio").first.check()
    page.get_by_role("button", name="Book it").click()
    expect(page.get_by_role("button", name="Call off")).to_be_visible()
    assert axe(page) == []


def test_a_teacher_says_when_they_can_be_seen(on_monday: OnMonday) -> None:
    page = on_monday.as_("Teacher", 360)
    page.goto(f"{on_monday.home}/appointments/availability")
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_text("Add times of the week").click()
    week = page.locator("form[action$=windows]")
    week.get_by_label("Fri").check()
    week.get_by_label("From").fill("08:10")
    week.get_by_label("To", exact=True).fill("08:50")
    week.get_by_role("button", name="Add").click()
    expect(page.get_by_text("Families can book these times from now on.")).to_be_visible()


def test_a_parents_evening_is_set_up(on_monday: OnMonday) -> None:
    page = on_monday.as_("Office")
    page.goto(f"{on_monday.home}/appointments/evenings/new")
    assert axe(page) == []
    page.get_by_label("Day").fill("2026-03-24")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(re.compile(r"/evenings/\d+"))
    assert axe(page) == []
