"""The ten commonest things that staff do, each done without a mouse: by Tab, Enter, Space, the arrows and letters."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.console.conftest import OnMonday

NAMED = """() => {
    const it = document.activeElement;
    const labels = [...(it.labels ?? [])].map(label => label.textContent.trim().replace(/\\s+/g, " "));
    return [it.getAttribute("aria-label"), ...labels, it.textContent.trim(), it.value].filter(Boolean);
}"""
FAR = 200
"""Presses of Tab after which a thing counts as out of reach."""


class Keys:
    """Someone who has a keyboard alone."""

    def __init__(self, on_monday: OnMonday, who: str) -> None:
        self.page: Page = on_monday.open_page(f"{on_monday.home}/log-in")
        self.go(who)

    def to(self, name: str) -> None:
        """Tab to what is called so, or whose name begins so. What has the focus shows it."""
        for _ in range(FAR):
            self.page.keyboard.press("Tab")
            if any(re.match(rf"{re.escape(name)}\b", each) for each in self.page.evaluate(NAMED)):
                assert self.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid", f"{name} does not show that it has the focus"
                return
        raise AssertionError(f"{name} is not reached by Tab")

    def go(self, name: str) -> None:
        """Follow a link, or send a form by its button."""
        self.to(name)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def press(self, name: str, key: str = "Enter") -> None:
        """Open a part of the page, or tick a box (`Space`)."""
        self.to(name)
        self.page.keyboard.press(key)

    def fill(self, name: str, text: str) -> None:
        """Type into a field; in a list of choices, the first letters of one."""
        self.to(name)
        self.page.keyboard.type(text)

    def sees(self, text: str) -> None:
        expect(self.page.get_by_text(text).first).to_be_visible()


def test_answer_a_parent(on_monday: OnMonday) -> None:
    on_monday.parent_writes("Kate", "message to the office", "the red jumper is lost")
    keys = Keys(on_monday, "Office")
    keys.go("Messages")
    keys.go("Kate Hill")
    keys.fill("Your answer, in English", "We will look for it.")
    keys.go("Send")
    keys.sees("Your answer is on its way.")


def test_hand_a_message_to_a_colleague_and_put_it_away(on_monday: OnMonday) -> None:
    on_monday.parent_writes("Kate", "message to the office", "the red jumper is lost")
    keys = Keys(on_monday, "Office")
    keys.go("Messages")
    keys.go("Kate Hill")
    keys.fill("Who deals with it", "Miss Gallagher")
    keys.go("Assign")
    expect(keys.page.get_by_role("complementary").locator("li")).to_contain_text("Miss Gallagher")
    keys.go("Done")
    keys.sees("Done. It can be reopened from its thread.")


def test_say_what_a_message_meant(on_monday: OnMonday) -> None:
    on_monday.parent_writes("Amina", "asdf qwer zxcv")
    keys = Keys(on_monday, "Office")
    keys.go("Messages")
    keys.go("Amina Yusuf")
    keys.press("understood as")
    keys.fill("It meant", "ask uniform")
    keys.go("Teach it")
    keys.sees("understood as ask uniform (corrected)")


def test_write_the_book(on_monday: OnMonday) -> None:
    keys = Keys(on_monday, "Class team")
    keys.go("Book")
    card = keys.page.locator(".child", has=keys.page.locator("details")).first
    keys.press(f"{card.get_by_role('heading').text_content()}: Write")
    keys.press("Had a happy day", "Space")
    keys.fill("A line in your own words", "We went to the park.")
    keys.press("Save")
    expect(card.locator("[data-picked]")).to_have_text("Had a happy day. We went to the park.")


def test_chase_an_absence_and_take_it_back(on_monday: OnMonday) -> None:
    keys = Keys(on_monday, "Office")
    keys.go("Absences")
    keys.fill("Children without a reason", "Hill, Ella")
    keys.go("Look at the list")
    keys.go("Ask the families")
    keys.sees("Asked after 1.")
    keys.go("Ella Hill is in class")
    keys.sees("Ella is in class.")


def test_write_down_an_absence_told_on_the_telephone(on_monday: OnMonday) -> None:
    keys = Keys(on_monday, "Office")
    keys.go("Absences")
    keys.press("Write down what you were told")
    keys.fill("Child", "Ella Hill")
    keys.fill("Why", "ill")
    keys.go("Write it down")
    keys.sees("on the telephone")


def test_agree_to_a_collection(on_monday: OnMonday) -> None:
    on_monday.parent_writes("Tom", "my sister will pick leo up today")
    keys = Keys(on_monday, "Office")
    keys.go("Tom Reed")
    keys.press("nobody yet", "ArrowUp")
    keys.go("Agreed")
    keys.sees("is told.")


def test_book_a_time_on_the_telephone_and_call_it_off(on_monday: OnMonday) -> None:
    keys = Keys(on_monday, "Office")
    keys.go("Appointments")
    keys.go("Book for a family")
    keys.fill("Name or number", "Tom")
    keys.go("Find")
    keys.go("Tom Reed about Leo Reed")
    keys.press("Mon", "Space")
    keys.go("Book it")
    keys.go("Call off")
    keys.press("The school has to", "ArrowDown")
    keys.go("Call off")
    keys.sees("called off")


def test_say_when_one_can_be_seen(on_monday: OnMonday) -> None:
    keys = Keys(on_monday, "Teacher")
    keys.go("Appointments")
    keys.go("When staff are free")
    keys.press("Add times of the week")
    keys.press("Fri", "Space")
    keys.fill("From", "0810AM")
    keys.fill("To", "0850AM")
    keys.go("Add")
    keys.sees("Families can book these times from now on.")


def test_find_a_family(on_monday: OnMonday) -> None:
    keys = Keys(on_monday, "Office")
    keys.go("Families")
    keys.fill("Name or number", "Kate")
    keys.go("Find")
    keys.go("Kate Hill")
    expect(keys.page.get_by_role("heading", level=1)).to_have_text("Kate Hill")
