"""The school's question after a missing child, as it leaves: to whom, when, and whether at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select, update

from bot.channels.base import ChannelName
from data.absence import Chase
from data.outbox import Message
from data.people import Guardianship
from school import LONDON, School, absence, demo
from tests.world import World

QUESTION = "We have not seen Ella today. Is it because of illness?"


def ask_after(world: World, name: str) -> None:
    """The office asks, and nothing has left yet."""
    with world.house.store.write() as session:
        school = School(session, world.moment, world.house.school_settings)
        absence.chase(school, [demo.child(school, name)], school.today, demo.member(school, "Mrs Doyle"))


def heard(world: World, name: str) -> list[str]:
    """What someone's phone has shown, without the greeting of a first message."""
    return [text.rpartition("ends messages.\n")[2] for text in world.texts(name)]


def test_whoever_has_not_been_asked_yet_is_not_once_it_is_known(world: World) -> None:
    ask_after(world, "Ella")
    world.say("Dan", "ella is ill today")
    world.settle()
    assert heard(world, "Kate") == []
    assert all(QUESTION not in text for text in heard(world, "Dan"))


def test_whoever_may_not_be_asked_any_more_is_not(world: World) -> None:
    ask_after(world, "Ella")
    with world.house.store.write() as session:
        dan = demo.adult(School(session, world.moment), "Dan")
        session.execute(update(Guardianship).where(Guardianship.adult_id == dan.id).values(may_be_asked=False, may_hear=False))
    world.settle()
    assert [QUESTION in text for text in heard(world, "Kate")] == [True]
    assert heard(world, "Dan") == []


def test_a_child_who_is_missing_does_not_wait_for_the_morning(make_world: Callable[..., World]) -> None:
    world = make_world(datetime(2026, 3, 2, 9, 35, tzinfo=LONDON), quiet_hours={"from": "09:00", "to": "10:00"})
    ask_after(world, "Ella")
    world.settle()
    assert [QUESTION in text for text in heard(world, "Kate")] == [True]


def test_two_who_share_a_phone_get_one_question(world: World) -> None:
    ask_after(world, "Linh")
    world.settle()
    assert len(heard(world, "Minh")) == 1


def test_a_child_whose_family_has_no_phone_is_rung_about_at_once(world: World) -> None:
    ask_after(world, "Arben")
    with world.house.store.read() as session:
        assert session.scalars(select(Message.id).where(Message.kind == "absence_question")).all() == []
        assert session.scalars(select(Chase.id)).all() != []


def test_both_hear_the_same_word_for_word(world: World) -> None:
    ask_after(world, "Ella")
    world.settle()
    assert heard(world, "Kate") == heard(world, "Dan")


def test_whoever_asks_for_a_person_gets_one_and_the_question_stays(world: World) -> None:
    ask_after(world, "Ella")
    world.settle()
    world.say("Kate", "PERSON")
    world.say("Kate", "1")
    assert heard(world, "Kate")[-1].startswith("We will ring you today")
    assert QUESTION in heard(world, "Kate")[-1]


def test_an_old_button_is_no_answer_the_next_day(world: World) -> None:
    world.say("Maria", "hello", "whatsapp")
    ask_after(world, "Tiago")
    world.settle()
    phone = world.phones[ChannelName.WHATSAPP]
    shown = phone.sent[world.address("Maria", "whatsapp")][-1]
    world.at("2026-03-03 08:10")
    world.receive(phone.says(world.address("Maria", "whatsapp"), shown.buttons[0].label, payload=shown.buttons[0].id))
    world.settle()
    assert phone.sent[world.address("Maria", "whatsapp")][-1].text.startswith("That button belongs to an earlier question.")
    with world.house.store.read() as session:
        school = School(session, world.moment)
        assert absence.of_day(school, datetime(2026, 3, 2, tzinfo=LONDON).date(), demo.child(school, "Tiago")) == []
