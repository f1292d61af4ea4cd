"""The named persons' own inbox."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from data.outbox import Message
from tests.console.staff import Browser, Console
from tests.world import World

HARM = "my ex said he will come and hurt my son after school"


@pytest.fixture
def lead(world: World, console: Console) -> Browser:
    world.say("Amina", HARM)
    return console.as_("Mrs Hartley")


def matter(browser: Browser) -> str:
    found = re.search(r'href="(/console/safeguarding/\d+)"', browser.get("/console/safeguarding"))
    assert found
    return found[1]


def test_the_lead_reads_it_and_writes_down_what_was_done(lead: Browser) -> None:
    assert "not read yet" in lead.get("/console/safeguarding")
    there = matter(lead)
    assert HARM in lead.get(there)
    assert "not read yet" not in lead.get("/console/safeguarding")
    assert "Write down what you did" in lead.post(f"{there}/note", {"words": ""}, 422, of=there)
    assert "Closed" in lead.post(f"{there}/note", {"words": "Rang her, told the police.", "close": "yes"}, of=there)
    assert "Rang her, told the police." in lead.get(there)


@pytest.mark.parametrize("name", ["Mrs Doyle", "Ms Okafor", "Miss Turner", "Mrs Adebayo-Clarke", "Ms Duarte", "Mr Penrose"])
def test_nobody_else_sees_it_anywhere(console: Console, lead: Browser, name: str) -> None:
    there, other = matter(lead), console.as_(name)
    other.get(there, 404)
    other.get("/console/safeguarding", 404)
    other.get(there.replace("safeguarding", "needs"), 404)
    for page in ("/console", "/console/messages", "/console/messages?show=all", "/console/messages/a1"):
        assert HARM not in other.client.get(page).text
    assert "Safeguarding" not in other.get("/console")


def test_unread_for_half_an_hour_it_goes_to_the_deputy(world: World, lead: Browser) -> None:
    with world.house.store.read() as session:
        before = len(session.scalars(select(Message).where(Message.kind == "safeguarding_alert")).all())
    for _ in range(3):
        world.pass_time(timedelta(minutes=16))
    with world.house.store.read() as session:
        after = session.scalars(select(Message).where(Message.kind == "safeguarding_alert")).all()
    assert len(after) == before + 1


def test_what_the_lead_has_read_goes_to_nobody_else(world: World, lead: Browser) -> None:
    lead.get(matter(lead))
    with world.house.store.read() as session:
        before = len(session.scalars(select(Message).where(Message.kind == "safeguarding_alert")).all())
    world.pass_time(timedelta(hours=1))
    with world.house.store.read() as session:
        assert len(session.scalars(select(Message).where(Message.kind == "safeguarding_alert")).all()) == before


def test_a_translation_is_asked_for_by_a_click(world: World, console: Console) -> None:
    world.speak("Amina", "so")
    world.say("Amina", "ninkaygii wuu i garaacaa aniga iyo wiilkayga")
    lead = console.as_("Mrs Hartley")
    there = matter(lead)
    assert "It has not left the school" in lead.get(there)
    assert "It is being put into English" in lead.post(f"{there}/english", of=there)
