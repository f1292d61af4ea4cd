"""Groups in the browser: who is in each, who may come in and how, and the wishes that staff must agree to."""

from __future__ import annotations

import re
from datetime import date, time
from typing import Any

import pytest

from school import School, demo, events, groups
from school.events import Guests, Plan
from school.groups import Group
from tests.console.staff import Browser, Console, hidden
from tests.world import World

AT = "/console/events/groups"


@pytest.fixture
def office(console: Console) -> Browser:
    return console.as_("Mrs Doyle")


def rule(world: World, work: Any) -> Any:
    """Do something by the rules, in a transaction of its own."""
    with world.house.store.write() as session:
        return work(School(session, world.moment, world.house.school_settings))


def group(school: School, name: str) -> Group:
    return next(each for each in groups.everyone(school) if each.name == name)


def id_of(world: World, name: str) -> int:
    return int(rule(world, lambda school: group(school, name).id))


def wishes(world: World, name: str) -> None:
    """Someone of the cast asks to join Helpers, which staff must agree to."""

    def ask(school: School) -> None:
        terms = groups.terms_of(school, group(school, "Helpers"))
        assert terms is not None
        groups.join(school, demo.adult(school, name), terms)

    rule(world, ask)


def text(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html[html.index("<main") :]).split())


def test_each_group_says_how_many_are_in_it_and_how_one_comes_in(world: World, office: Browser) -> None:
    html = text(office.get(AT))
    assert "Helpers 4 members staff agree first" in html
    assert "Parent Partnership 5 members open to those who ask" in html
    assert "Tom Reed" in office.get(f"{AT}/{id_of(world, 'Parent Partnership')}")


def test_a_wish_is_counted_in_the_menu_and_decided(world: World, office: Browser) -> None:
    assert "1 wait" not in text(office.get(AT))
    wishes(world, "Tom")
    assert "Events  1  wait" in re.sub(r"<[^>]+>", " ", office.get("/console"))
    html = office.get(AT)
    assert "Tom Reed Helpers asked Mon 2 March, 09:10" in text(html)
    path = re.search(rf"{AT}/wishes/\d+", html)
    assert path is not None
    assert "Agreed. Tom Reed is told." in office.post(path[0], {"decision": "agree"})
    world.settle()
    assert "Helpers" in world.texts("Tom")[-1]
    assert "That was decided already." in office.post(path[0], {"decision": "refuse"})
    assert "Tom Reed" in office.get(f"{AT}/{id_of(world, 'Helpers')}")


def test_a_wish_that_is_not_agreed_to_changes_nothing(world: World, office: Browser) -> None:
    wishes(world, "Tom")
    path = re.search(rf"{AT}/wishes/\d+", office.get(AT))
    assert path is not None
    assert "Not agreed. Tom Reed is told." in office.post(path[0], {"decision": "refuse"})
    assert "Tom Reed" not in office.get(f"{AT}/{id_of(world, 'Helpers')}")


def test_a_group_is_made_and_can_be_joined_by_text(world: World, office: Browser) -> None:
    office.get(f"{AT}/new")
    html = office.post(f"{AT}/new", {"name": "Dads' breakfast", "about": "<b>Fathers</b>", "how": "open"})
    assert "Dads&#39; breakfast is made." in html
    assert "&lt;b&gt;Fathers&lt;/b&gt;" in html
    assert "<b>Fathers" not in office.get(AT)
    terms = rule(world, lambda school: [each.name.words for each in groups.open_to_all(school)])
    assert "Dads' breakfast" in terms


def test_a_form_sent_twice_makes_one(world: World, office: Browser) -> None:
    html = office.get(f"{AT}/new")
    typed = {"name": "Dads", "how": "own", "csrf": hidden(html, "csrf"), "form": hidden(html, "form")}
    first, second = (office.client.post(f"{AT}/new", data=typed).headers["location"] for _ in range(2))
    assert first == second == f"{AT}/{id_of(world, 'Dads')}"


@pytest.mark.parametrize(
    "name, said", [("", "Say what the group is called."), ("x" * 101, "At most 100 letters."), ("helpers ", "Another group has that name.")]
)
def test_a_name_that_cannot_be_is_told_at_its_field(world: World, office: Browser, name: str, said: str) -> None:
    office.get(f"{AT}/new")
    html = office.post(f"{AT}/new", {"name": name, "about": "We meet on Fridays.", "how": "ask"}, 422)
    assert said in html
    assert "We meet on Fridays." in html
    assert 'value="ask" checked' in html
    own = id_of(world, "Parent Partnership")
    office.get(f"{AT}/{own}")
    assert said in office.post(f"{AT}/{own}", {"name": name, "how": "ask"}, 422)


def test_a_group_is_renamed_and_closed(world: World, office: Browser) -> None:
    own = id_of(world, "Helpers")
    office.get(f"{AT}/{own}")
    assert "Saved." in office.post(f"{AT}/{own}", {"name": "Friends", "how": "own"})
    assert "Friends 4 members the school&#39;s own" in text(office.get(AT)).replace("'", "&#39;")


def test_removing_names_what_invites_it(world: World, office: Browser) -> None:
    def make(school: School) -> None:
        day = date(2026, 3, 20)
        events.make(school, Plan("Tea for helpers", day, time(9, 15), time(10, 15), guests=Guests(groups=[group(school, "Helpers")])), None)

    rule(world, make)
    own = id_of(world, "Helpers")
    html = text(office.get(f"{AT}/{own}/remove"))
    assert "4 adults are in it." in html
    assert "Tea for helpers Fri 20 March, 09:15–10:15 draft" in html
    assert "Look again." in office.post(f"{AT}/{own}/remove", {"members": "3"}, 422)
    assert "Helpers is removed." in office.post(f"{AT}/{own}/remove", {"members": "4"})
    office.get(f"{AT}/{own}", 404)
    assert "For nobody" in text(office.get("/console/events"))


@pytest.mark.parametrize("name", ["Ms Okafor", "Miss Turner", "Mr Penrose"])
def test_groups_are_for_those_who_see_every_family(world: World, console: Console, name: str) -> None:
    wishes(world, "Tom")
    browser = console.as_(name)
    browser.get(AT, 404)
    browser.get(f"{AT}/{id_of(world, 'Helpers')}", 404)
    html = browser.get("/console")
    assert "Groups" not in html
    assert "1  wait" not in re.sub(r"<[^>]+>", " ", html)
