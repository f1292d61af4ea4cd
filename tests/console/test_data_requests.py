"""What families ask about their own data: opened by a message, decided by a leading person who knows that it is them, and seen by nobody else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from data.data_requests import DataRequest, DataRequestState
from data.inbox import Received
from data.people import Adult
from nlu.learned import Learned
from school import LONDON, School, demo
from school.access import POWERS, Power
from tests.console.conftest import OnMonday
from tests.console.staff import Browser, Console
from tests.world import World

AT = "/console/data"
SENIOR = "Mrs Adebayo-Clarke"


@pytest.fixture
def leading(console: Console) -> Browser:
    return console.as_(SENIOR)


def request_of(world: World) -> DataRequest:
    with world.house.store.read() as session:
        return session.scalars(select(DataRequest)).one()


def test_a_message_opens_a_request_that_stands_on_today(world: World, leading: Browser) -> None:
    world.say("Tom", "what do you hold about me")
    today = leading.get("/console")
    assert "About their own data" in today
    assert "copy, due on 2026-04-02" in today
    html = leading.get(AT)
    assert "Tom Reed" in html
    assert "due on Thu 2 April" in html


def test_only_those_who_lead_see_it(world: World, console: Console) -> None:
    world.say("Tom", "delete my data")
    assert {role for role, powers in POWERS.items() if Power.DATA_REQUESTS in powers} == {"senior", "lead", "deputy"}
    for name in ("Mrs Doyle", "Ms Okafor"):
        browser = console.as_(name)
        browser.get(AT, 404)
        assert "About their own data" not in browser.get("/console")


def test_a_copy_is_shown_and_handed_over_to_whom_it_is_about(world: World, leading: Browser) -> None:
    world.say("Tom", "please tell the office that the blue gate is stuck")
    world.say("Tom", "what do you hold about me")
    at = f"{AT}/{request_of(world).id}"
    assert "What the safeguarding lead may hold is in no copy" in leading.get(at)
    shown = leading.get(f"{at}/copy?as=page")
    assert "the blue gate is stuck" in shown
    assert json.loads(leading.client.get(f"{at}/copy?as=file").text)["about_you"]["name"] == "Tom Reed"
    assert "Say how you know that it is them." in leading.post(f"{at}/release", {}, 422, of=at)
    assert request_of(world).state == DataRequestState.OPEN
    assert "they came, and staff know them" in leading.post(f"{at}/release", {"checked": "met"}, of=at)
    world.settle()
    assert world.texts("Tom")[-1].startswith("We gave you the copy of what we keep about you. If you did not get it, ring")


def test_what_is_set_aside_goes_along_only_when_ticked(world: World, leading: Browser) -> None:
    world.say("Marta", "please tell the office that Piotr moved to Leeds", "whatsapp")
    world.say("Marta", "what do you hold about me", "whatsapp")
    at = f"{AT}/{request_of(world).id}"
    html = leading.get(at)
    keys = re.findall(r'name="with" value="([^"]+)"', html)
    assert keys
    assert "moved to Leeds" in html
    assert "moved to Leeds" not in leading.get(f"{at}/copy?as=page")
    assert "moved to Leeds" in leading.get(f"{at}/copy?as=page&" + "&".join(f"with={key}" for key in keys))


def test_what_the_lead_holds_shows_on_no_page_of_it(world: World, leading: Browser) -> None:
    world.say("Tom", "my ex hits leo when he is there and i am scared to send him")
    world.say("Tom", "what do you hold about me")
    at = f"{AT}/{request_of(world).id}"
    assert "scared" not in leading.get(at)
    assert "scared" not in leading.client.get(f"{at}/copy?as=file").text


def test_nothing_is_written_to_a_phone_that_two_share(world: World, leading: Browser) -> None:
    world.say("Minh", "what do you hold about me")
    world.say("Minh", "1")
    before, at = len(world.texts("Minh")), f"{AT}/{request_of(world).id}"
    assert "Somebody else reads one of their phones" in leading.get(at)
    leading.post(f"{at}/release", {"checked": "id"}, of=at)
    world.settle()
    assert len(world.texts("Minh")) == before


def test_an_erasure_wants_the_whole_name_and_reports(make_world: Callable[..., World], tmp_path: Path) -> None:
    world = make_world(datetime(2026, 3, 2, 9, 10, tzinfo=LONDON), nlu={"model_dir": str(tmp_path)})
    console = Console(world)
    leading = console.as_(SENIOR)
    world.say("Tom", "the wibbled bus was late")
    learned = Learned(world.house.settings.nlu.model_dir)
    with world.house.store.write() as session:
        row = session.scalars(select(Received).where(Received.text.contains("wibbled"))).one()
        row.corrected = "report_late"
    console.hooks.correct("the wibbled bus was late", "report_late")
    assert "wibbled" in learned.path.read_text(encoding="utf-8")
    world.say("Tom", "delete my data")
    at = f"{AT}/{request_of(world).id}"
    assert "It cannot be taken back." in leading.get(at)
    assert "Type the whole name as it stands here: Tom Reed" in leading.post(f"{at}/erase", {"name": "Tom", "checked": "rang"}, 422, of=at)
    report = leading.post(f"{at}/erase", {"name": " tom  reed ", "checked": "rang"}, of=at)
    assert "erased: the name is kept nowhere" in report
    assert "Keeping children safe in education" in report
    with world.house.store.read() as session:
        assert session.scalars(select(Adult).where(Adult.name == "Tom Reed")).first() is None
    assert not learned.path.exists()


def test_a_refusal_says_why_here_and_where_to_complain_there(world: World, leading: Browser) -> None:
    world.say("Tom", "delete my data")
    at = f"{AT}/{request_of(world).id}"
    assert "They have a right to be told." in leading.post(f"{at}/refuse", {"reason": ""}, 422, of=at)
    assert "Leo is still at the school" in leading.post(f"{at}/refuse", {"reason": "Leo is still at the school"}, of=at)
    world.settle()
    assert "You can complain at ico.org.uk." in world.texts("Tom")[-1]


def test_what_was_asked_in_person_is_written_down(world: World, leading: Browser) -> None:
    with world.house.store.read() as session:
        tom = demo.adult(School(session, world.moment), "Tom").id
    assert "Asks for erasure" in leading.get(f"{AT}?q=reed")
    html = leading.post(f"{AT}/ask", {"adult": tom, "kind": "copy"}, of=f"{AT}?q=reed")
    assert "The last day for an answer is 2 April 2026." in html
    leading.post(f"{AT}/{request_of(world).id}/withdraw", {}, of=f"{AT}/{request_of(world).id}")
    assert request_of(world).state == DataRequestState.WITHDRAWN


@pytest.mark.parametrize("width", [360, 1280])
def test_it_fits_a_phone(on_monday: OnMonday, width: int) -> None:
    on_monday.parent_writes("Marta", "what do you hold about me")
    page = on_monday.as_(SENIOR, width)
    page.goto(f"{on_monday.home}/data")
    page.get_by_role("link", name="Marta Kowalska").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Marta Kowalska asks for a copy")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
