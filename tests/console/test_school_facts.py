"""The page of school facts: written once, told to every family; what was asked and nobody wrote stands on top."""

from __future__ import annotations

import pytest

from tests.console.staff import Browser, Console
from tests.world import World

AT = "/console/facts"


@pytest.fixture
def office(console: Console) -> Browser:
    return console.as_("Mrs Doyle")


def test_what_parents_asked_is_written_and_told(world: World, office: Browser) -> None:
    assert "The school has not told me that yet." in world.say("Tom", "do they have to wear a uniform")[-1].text
    html = office.get(AT)
    assert html.index("What do children wear?") < html.index("Is there a halal lunch?"), "drafts come first"
    assert "asked once, no answer yet" in html
    link = html[: html.index("What do children wear?")].rpartition(f'href="{AT}/')[2].partition('"')[0]
    office.post(
        f"{AT}/{link}",
        {"topic": "ask_uniform", "question": "What do children wear?", "answer": "Soft clothes that can get dirty.", "link": ""},
        of=f"{AT}/{link}",
    )
    assert "Soft clothes that can get dirty." in world.say("Tom", "do they have to wear a uniform")[-1].text


def test_a_fault_stands_at_its_field_and_loses_nothing(office: Browser) -> None:
    html = office.post(f"{AT}/new", {"topic": "", "question": "", "answer": "Fish on Fridays.", "link": "lunch"}, 422, of=f"{AT}/new")
    assert "Say what it is about" in html
    assert "Write the question as a parent would ask it." in html
    assert "A link begins with https://." in html
    assert "Fish on Fridays." in html


def test_a_fact_is_removed(office: Browser) -> None:
    html = office.get(AT)
    assert "Nothing yet about: What children wear, " in html, "what the records answer is not missing"
    link = html[: html.index("Is there a halal lunch?")].rpartition(f'href="{AT}/')[2].partition('"')[0]
    assert "passed on to the office" in office.post(f"{AT}/{link}/remove", {}, of=f"{AT}/{link}")
    assert "Is there a halal lunch?" not in office.get(AT)


def test_a_class_team_has_no_such_page(console: Console) -> None:
    console.as_("Ms Okafor").get(AT, 404)
