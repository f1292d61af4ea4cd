"""Messages between home and school, in the browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.channels.base import ChannelName
from bot.simulator.pages import KINDS, SENT_FILES, Way
from data.inbox import Received
from nlu.learned import Learned
from school import LONDON
from tests.console.staff import Browser, Console, tokens
from tests.world import World


@pytest.fixture
def office(console: Console) -> Browser:
    return console.as_("Mrs Doyle")


def thread_of(browser: Browser) -> str:
    """The address of the first thread on the page of messages."""
    found = re.search(r'href="(/console/messages/[ax]\d+)"', browser.get("/console/messages"))
    assert found, "no thread"
    return found[1]


def test_a_message_to_the_office_waits_for_an_answer(world: World, office: Browser) -> None:
    assert "Every message is answered" in office.get("/console/messages")
    world.say("Amina", "message to the office: the blue jumper is lost")
    assert "the blue jumper is lost" in office.get("/console/messages")
    assert "the blue jumper is lost" in office.get("/console")


def test_an_answer_arrives_with_the_name_of_who_wrote(world: World, office: Browser) -> None:
    world.say("Amina", "message to the office: the blue jumper is lost")
    there = thread_of(office)
    office.post(f"{there}/answer", {"words": "We found it.", "seen": "0"}, of=there)
    world.settle()
    assert world.texts("Amina")[-1] == "Mrs Doyle: We found it."
    assert "Every message is answered" in office.get("/console/messages")
    assert "We found it." in office.get(there)


def test_a_form_sent_twice_answers_once(world: World, office: Browser) -> None:
    world.say("Amina", "message to the office: the blue jumper is lost")
    there = thread_of(office)
    drawn = office.get(there)
    fields = tokens(drawn)
    for _ in range(2):
        assert office.client.post(f"{there}/answer", data={**fields, "words": "We found it.", "seen": "0"}).status_code == 303
    world.settle()
    assert world.texts("Amina").count("Mrs Doyle: We found it.") == 1


def test_the_second_of_two_who_answer_is_told(world: World, console: Console, office: Browser) -> None:
    world.say("Amina", "message to the office: the blue jumper is lost")
    there = thread_of(office)
    other = console.as_("Mrs Adebayo-Clarke")
    other.get(there)
    office.post(f"{there}/answer", {"words": "We found it.", "seen": "0"}, of=there)
    shown = other.post(f"{there}/answer", {"words": "It is in the hall.", "seen": "0"}, 422)
    assert "Mrs Doyle answered at" in shown
    assert "It is in the hall." in shown, "what was typed is kept"
    world.settle()
    assert "Mrs Adebayo-Clarke: It is in the hall." not in world.texts("Amina")
    seen = re.search(r'name="seen" value="(\d+)"', shown)
    other.post(f"{there}/answer", {"words": "It is in the hall.", "seen": seen[1] if seen else ""})
    world.settle()
    assert world.texts("Amina")[-1] == "Mrs Adebayo-Clarke: It is in the hall."


def test_bookbag_stays_out_of_a_talk_and_comes_back(world: World, office: Browser) -> None:
    world.say("Amina", "message to the office: the blue jumper is lost")
    there = thread_of(office)
    office.post(f"{there}/answer", {"words": "Which class?", "seen": "0"}, of=there)
    world.settle()
    assert world.say("Amina", "hello maple class") == []
    assert "hello maple class" in office.get("/console/messages")
    assert "Mrs Doyle is talking here" in office.get(there)
    office.post(f"{there}/hand-back")
    assert world.say("Amina", "hello")


def test_stop_and_help_are_heard_in_a_talk(world: World, office: Browser) -> None:
    world.say("Maria", "message to the office: the blue jumper is lost", "whatsapp")
    there = thread_of(office)
    office.post(f"{there}/answer", {"words": "Which class?", "seen": "0"}, of=there)
    world.settle()
    assert world.say("Maria", "STOP", "whatsapp")


def test_a_class_team_sees_no_family_of_another_class(world: World, console: Console, office: Browser) -> None:
    world.say("Amina", "message to the office: the blue jumper is lost")
    there = thread_of(office)
    teachers = {
        name: console.as_(name).client.get(there).status_code
        for name in ("Ms Okafor", "Mr Whitfield", "Ms Castellano", "Mrs Rahman", "Miss Gallagher", "Mr Mensah")
    }
    assert sorted(teachers.values()) == [200, 404, 404, 404, 404, 404] or sorted(teachers.values()) == [200, 200, 404, 404, 404, 404]
    its_own = next(name for name, status in teachers.items() if status == 200)
    assert "the blue jumper is lost" not in console.as_(its_own).get(there), "what was written to the office is the office's"
    assert console.as_("Mr Penrose").client.get(there).status_code == 404, "the technician reads nobody's letters"


def test_a_relabelled_message_is_learnt(make_world: Callable[..., World], tmp_path: Path) -> None:
    world = make_world(datetime(2026, 3, 2, 9, 10, tzinfo=LONDON), nlu={"model_dir": tmp_path})
    office = Console(world).as_("Mrs Doyle")
    world.say("Amina", "message to the office: the blue jumper is lost")
    there = thread_of(office)
    with world.house.store.read() as session:
        row = session.scalars(select(Received)).one()
    office.post(f"{there}/{row.id}/meant", {"intent": "ask_uniform"}, of=there)
    assert "understood as ask uniform (corrected)" in office.get(there)
    assert "the blue jumper is lost" in Learned(tmp_path).path.read_text("utf-8")


def test_to_safeguarding_hides_it_from_all_but_the_named_persons(world: World, console: Console, office: Browser) -> None:
    world.say("Amina", "message to the office: he was very quiet at his uncles on sunday")
    there = thread_of(office)
    with world.house.store.read() as session:
        row = session.scalars(select(Received)).one()
    office.post(f"{there}/{row.id}/safeguarding", of=there)
    assert "quiet at his uncles" not in office.get(there)
    assert "quiet at his uncles" not in office.get("/console")
    assert "quiet at his uncles" in console.as_("Mrs Hartley").get("/console")


def test_notes_snooze_assign_and_reopen(world: World, console: Console, office: Browser) -> None:
    world.say("Amina", "message to the office: the blue jumper is lost")
    there = thread_of(office)
    office.post(f"{there}/note", {"note": "I asked Maple."}, of=there)
    assert "I asked Maple." in office.get(there)
    office.post(f"{there}/snooze", {"for": "hour"})
    assert "Every message is answered" in office.get("/console/messages")
    assert "the blue jumper" in office.get("/console/messages?show=snoozed")
    office.post(f"{there}/assign", {"to": ""}, of=there)
    office.post(f"{there}/done", of=there)
    office.post(f"{there}/reopen", of=there)
    assert "the blue jumper" in office.get("/console/messages")


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", "{{7*7}} %s {0.__class__}", "\u202etxet\u202c", "=HYPERLINK(1)", "x" * 5_000])
def test_what_anyone_writes_is_shown_as_text(world: World, office: Browser, hostile: str) -> None:
    world.say("Amina", "message to the office")
    world.say("Amina", hostile)
    shown = office.get(thread_of(office))
    assert "<script>alert" not in shown
    assert hostile.strip("\u202e\u202c")[:20].replace("<", "&lt;").replace(">", "&gt;") in shown
    assert "\u202e" not in shown, "nothing turns the page round"


def test_an_empty_answer_loses_nothing(world: World, office: Browser) -> None:
    world.say("Amina", "message to the office: the blue jumper is lost")
    there = thread_of(office)
    assert "Write your answer first" in office.post(f"{there}/answer", {"words": "  ", "seen": "0"}, 422, of=there)


def test_a_photo_and_a_voice_note_are_shown_to_the_office(world: World, console: Console, office: Browser) -> None:
    phone = world.phones[ChannelName.SMS]
    for way in (Way.PHOTO, Way.VOICE):
        world.receive(phone.says(world.address("Amina", "sms"), kind=KINDS[way], media=SENT_FILES[way]))
        world.settle()
        world.run(world.house.fetcher.run_once())
    shown = office.get(thread_of(office))
    assert re.search(r'<img class="small" src="/console/files/\d+/small"', shown)
    assert re.search(r'<audio controls preload="none" src="/console/files/\d+"', shown)
