"""Every page as every role: each says who may open it, and a thing of a family that is not theirs is the same as none."""

from __future__ import annotations

import re
from datetime import time, timedelta

import pytest
from sqlalchemy import select

from console.desk import HOME
from console.pages import Page, Route, pages
from data.accounts import Account
from data.people import Adult, Child, Guardianship, SchoolClass
from school import School, demo, events
from school.access import POWERS
from school.events import Guests, Plan
from tests.console.packs_to_lend import Packs
from tests.console.staff import Browser, Console
from tests.world import World

ROLES = {name.partition(": ")[2]: email for name, email in demo.log_ins().items()}
EVERY = [pytest.param(page, route, id=f"{route.method} {route.path}") for page in pages() for route in page.routes]
OPEN_TO_ALL = {"", "account", "needs"}
"""Pages of one's own, which show nothing but what the viewer may see."""
NOWHERE = "999999"


def test_every_role_has_someone_in_the_demo() -> None:
    assert len(ROLES) == len(POWERS)


@pytest.mark.parametrize("page, route", EVERY)
def test_every_route_names_who_may_use_it(page: Page, route: Route) -> None:
    assert route.powers or page.name in OPEN_TO_ALL


@pytest.mark.parametrize("page, route", EVERY)
def test_every_route_says_what_it_is_for(page: Page, route: Route) -> None:
    assert (route.work.__doc__ or "").strip()


@pytest.mark.parametrize("page, route", EVERY)
def test_nobody_gets_anything_without_logging_in(console: Console, page: Page, route: Route) -> None:
    client = console.browser().client
    answer = client.request(route.method, HOME + filled(route.path, NOWHERE))
    assert (answer.status_code, "Log in" in answer.text or answer.headers.get("location", "").startswith(f"{HOME}/log-in")) in {(303, True), (401, True)}


@pytest.mark.parametrize("name", ROLES)
def test_what_is_not_there_is_404_on_every_route(console: Console, name: str) -> None:
    browser = console.as_(name)
    token = csrf(browser)
    for page in pages():
        for route in page.routes:
            if "{" in route.path:
                answer = browser.client.request(route.method, HOME + filled(route.path, NOWHERE), data={"csrf": token} if route.method == "POST" else None)
                assert answer.status_code in {404, 422}, (route.method, route.path, answer.status_code)


@pytest.mark.parametrize("name", ["Mr Whitfield", "Mr Penrose"])
def test_another_classs_family_is_the_same_as_none(world: World, console: Console, name: str) -> None:
    """The teacher of Oak and the technician ask for a family of Maple, on every route that takes a number."""
    world.say("Amina", "message to the office: the blue jumper is lost")
    browser, ids = console.as_(name), foreign(world)
    token = csrf(browser)
    for page in pages():
        for route in page.routes:
            if "{" not in route.path or not takes_family(route):
                continue
            for number in ids.values():
                path = HOME + filled(route.path, str(number))
                answer = browser.client.request(route.method, path, data={"csrf": token} if route.method == "POST" else None)
                assert "Amina" not in answer.text, path
                assert "Ayaan" not in answer.text, path
                if route.method == "GET" and not (route.path.startswith("/delivery") and name == "Mr Penrose"):  # he sees ways, without words or names
                    assert answer.status_code == 404, (path, answer.status_code)


def test_an_event_of_another_class_is_the_same_as_none(world: World, console: Console) -> None:
    """The teacher of Maple asks for an event that is for Oak alone, on every route that takes an event."""
    with world.house.store.write() as session:
        school = School(session, world.moment, world.house.school_settings)
        day = school.today + timedelta(days=7)
        [made] = events.make(school, Plan("Oak picnic", day, time(9), time(10), guests=Guests(classes=[demo.child(school, "Nour").school_class])), None)
        events.open_up(school, made)
        number = made.id
    browser = console.as_("Ms Okafor")
    token = csrf(browser)
    routes = [route for page in pages() for route in page.routes if "{event_id" in route.path]
    assert len(routes) > 10
    for route in routes:
        answer = browser.client.request(route.method, HOME + filled(route.path, str(number)), data={"csrf": token} if route.method == "POST" else None)
        assert answer.status_code == 404, (route.method, route.path, answer.status_code)


def test_packs_of_another_class_are_the_same_as_none(world: World, console: Console) -> None:
    """The team of Maple asks for a loan, a wish, a place, a problem and a copy of a child of Oak, on every route that takes one."""
    packs = Packs(world)
    loan, hold, place = packs.lends("Story sack", "Nour"), packs.asks("Feelings and faces", "Nour"), packs.joins("Nour")
    ids = {"loan_id": loan, "hold_id": hold, "place_id": place, "problem_id": packs.tells(loan), "copy_id": packs.copy("Story sack")}
    browser = console.as_("Miss Turner")
    token = csrf(browser)
    routes = [(route, name) for page in pages() for route in page.routes if route.path.startswith("/packs") for name in ids if f"{{{name}:" in route.path]
    assert len(routes) > 10
    for route, name in routes:
        answer = browser.client.request(route.method, HOME + filled(route.path, str(ids[name])), data={"csrf": token} if route.method == "POST" else None)
        assert "Nour" not in answer.text, route.path
        assert answer.status_code == (404 if route.method == "POST" else 200), (route.method, route.path, answer.status_code)


def test_no_page_changes_anything_by_being_looked_at(world: World, console: Console) -> None:
    with world.house.store.read() as session:
        before = session.scalars(select(Account.staff_id)).all()
    for page in pages():
        for route in page.routes:
            if route.method == "GET" and "{" not in route.path:
                console.as_("Mrs Hartley").client.get(HOME + route.path)
    with world.house.store.read() as session:
        assert session.scalars(select(Account.staff_id)).all() == before


def csrf(browser: Browser) -> str:
    found = re.search(r'name="csrf" value="([^"]*)"', browser.get("/console/account"))
    assert found
    return found[1]


def filled(path: str, number: str) -> str:
    """A route's address with this id in every place; threads are named 'a12'."""
    return re.sub(r"\{key\}", f"a{number}", re.sub(r"\{(?!key\})[^}]*\}", number, path))


def takes_family(route: Route) -> bool:
    """Whether the first thing that its address names is a family's."""
    return bool(re.search(r"\{(key|adult_id|child_id|need_id|matter_id|thread|message_id|entry_id|report_id|request_id)[:}]", route.path))


def foreign(world: World) -> dict[str, int]:
    """Ids of one family of Maple."""
    with world.house.store.read() as session:
        child = session.scalars(select(Child).join(SchoolClass).where(SchoolClass.name == "Maple", Child.name.startswith("Ayaan"))).one()
        adult = session.scalars(select(Adult).join(Guardianship).where(Guardianship.child_id == child.id, Adult.name.startswith("Amina"))).one()
        return {"adult": adult.id, "child": child.id}
