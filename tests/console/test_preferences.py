"""What each adult is told and where first, as staff see it and change it on the adult's word."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from playwright.sync_api import expect

from school import School, consent, demo, preferences
from school.preferences import KINDS, STAFF
from tests.console.conftest import OnMonday
from tests.console.staff import Browser, Console
from tests.console.test_browser import axe
from tests.console.test_families import OFFICE, TEAM, at, done, school

ON_ALL = {"was_on": list(KINDS), "kind": list(KINDS)}


def form_of(page: str) -> str:
    return page.replace("families", "families/preferences")


def but(*off: str) -> dict[str, object]:
    """The form as it is sent where these kinds were unticked and all had been on."""
    return {**ON_ALL, "kind": [kind for kind in KINDS if kind not in off]}


def ways(html: str) -> list[str]:
    return re.findall(r'name="first" value="(\d+)"', html)


def kept(console: Console, name: str) -> list[tuple[str, bool, str, str]]:
    with school(console) as now:
        return [(row.kind, row.is_wanted, row.how, row.note) for row in preferences.changes(now, demo.adult(now, name))]


def says(browser: Browser, page: str, fields: Mapping[str, object], status: int = 303) -> str:
    return browser.post(form_of(page), {"how": "phone", **fields}, status, of=page)


def test_a_kind_is_switched_off_on_the_adults_word_and_back_by_undo(console: Console) -> None:
    browser, page = console.as_(OFFICE), at(console, "Maria")
    html = says(browser, page, {**but("news", "packs"), "words": "too much"})
    assert "Kept, with how they told you." in html
    assert html.count("off since Mon 2 March, 09:10, Mrs Doyle: on the phone: too much") == 2
    assert kept(console, "Maria") == [("packs", False, STAFF, "on the phone: too much"), ("news", False, STAFF, "on the phone: too much")]
    undo = re.findall(rf"{form_of(page)}/undo/\d+", html)
    assert len(undo) == 2
    html = browser.post(undo[0], of=page)
    assert "Taken back: News is as it was." in html
    assert "on since Mon 2 March, 09:10, taken back by Mrs Doyle" in html
    assert "That cannot be taken back" in browser.post(undo[0], of=page)
    assert [what for _, what in done(console)] == ["changed preferences", "took back preference"]


@pytest.mark.parametrize(
    "typed, fault",
    [({"how": ""}, "Say how they told you."), ({"how": "telepathy"}, "Say how they told you."), ({"how": "other"}, "Say in which way they told you.")],
)
def test_without_how_it_was_said_nothing_is_changed(console: Console, typed: dict[str, object], fault: str) -> None:
    browser, page = console.as_(OFFICE), at(console, "Maria")
    html = says(browser, page, {**but("news"), **typed}, 422)
    assert fault in html
    assert 'name="kind" value="news">' in html
    assert 'name="kind" value="packs" checked>' in html
    assert (kept(console, "Maria"), done(console)) == ([], [])


def test_a_way_is_put_first_and_back(console: Console) -> None:
    browser, page = console.as_(OFFICE), at(console, "Maria")
    was, other = ways(browser.get(page))
    html = says(browser, page, {**ON_ALL, "was_first": was, "first": other, "how": "person"})
    assert ways(html) == [other, was]
    assert "since Mon 2 March, 09:10, Mrs Doyle: in person" in html
    assert kept(console, "Maria") == [("first", True, STAFF, "in person")]
    [undo] = re.findall(rf"{form_of(page)}/undo/\d+", html)
    html = browser.post(undo, of=page)
    assert "Taken back: where first is as it was." in html
    assert ways(html) == [was, other]


def carrier_stops(console: Console, name: str) -> None:
    """Their second address is one that the phone company lets nothing through to."""
    with console.world.house.store.write() as session:
        now = School(session, console.world.moment, console.world.house.school_settings)
        consent.opt_out(now, preferences.may_be_first(now, demo.adult(now, name))[1], how=consent.CARRIER)


def test_what_the_phone_company_stopped_says_start_and_is_not_put_first(console: Console) -> None:
    browser, page = console.as_(OFFICE), at(console, "Maria")
    was, other = ways(browser.get(page))
    carrier_stops(console, "Maria")
    html = browser.get(page)
    assert "ask them to text START" in html
    assert ways(html) == [], "one way leaves nothing to choose"
    assert "Nothing may be sent there now" in says(browser, page, {**ON_ALL, "was_first": was, "first": other}, 422)
    elsewhere = ways(browser.get(at(console, "Farid"))) or ["999999"]
    says(browser, page, {**ON_ALL, "was_first": was, "first": elsewhere[0]}, 404)
    assert kept(console, "Maria") == []


def test_what_the_parent_said_meanwhile_stands(console: Console) -> None:
    browser, page = console.as_(OFFICE), at(console, "Amina")
    for text in ("turn off reminders", "1"):
        console.world.say("Amina", text)
    html = says(browser, page, but("news"))
    assert re.search(r"off since Mon 2 March, 09:\d\d, (in a text message|on WhatsApp)", html), "the form had been drawn before and ticks reminders"
    assert [(kind, is_wanted) for kind, is_wanted, _, _ in kept(console, "Amina")] == [("news", False), ("reminders", False)]
    assert "Nothing was changed." in says(browser, page, ON_ALL)
    assert "It was so already." in says(browser, page, but("news"))


def test_a_class_team_sees_what_is_off_and_neither_changes_nor_reads_the_note(console: Console) -> None:
    page = at(console, "Amina")
    says(console.as_(OFFICE), page, {**but("news"), "words": "her mother reads along"})
    team = console.as_(TEAM)
    html = team.get(page)
    assert "off since Mon 2 March, 09:10, told to Mrs Doyle" in html
    assert "reads along" not in html
    assert form_of(page) not in html
    team.post(form_of(page), {**but("packs"), "how": "phone"}, 404, of="/console/account")
    team.post(f"{form_of(page)}/undo/1", {}, 404, of="/console/account")
    assert len(kept(console, "Amina")) == 1


@pytest.mark.parametrize("width", [360, 1280])
def test_it_is_changed_on_a_phone_and_read_by_everybody(on_monday: OnMonday, console: Console, width: int) -> None:
    carrier_stops(console, "Maria")
    page = on_monday.as_("Office", width)
    page.goto(f"{on_monday.home}/families?q=Maria")
    page.get_by_role("link", name="Maria Ferreira").click()
    expect(page.get_by_text("ask them to text START")).to_be_visible()
    page.get_by_text("They told us that they want it otherwise").click()
    assert axe(page) == []
    page.get_by_label("News", exact=True).uncheck()
    page.get_by_label("How they told you").select_option("in person")
    page.get_by_role("button", name="Save what they said").click()
    expect(page.get_by_role("status")).to_contain_text("Kept, with how they told you.")
    page.get_by_text("Every change").click()
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("button", name="Undo: News").click()
    expect(page.get_by_role("status")).to_contain_text("Taken back: News is as it was.")
