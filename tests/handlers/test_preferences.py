"""What was switched off does not leave, also where it was switched off after it was written; what must come comes."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from data.outbox import Lane, Message
from school import School, broadcasts, demo, notices
from school.broadcasts import BroadcastKind, Content
from tests.world import World


def send(world: World, content: Content) -> None:
    with world.house.store.write() as session:
        school = School(session, world.moment, world.house.school_settings)
        broadcasts.send(school, None, broadcasts.make(school, None, content))


def shown(world: World, name: str, words: str) -> bool:
    return any(words in text for text in world.texts(name))


def state(world: World, key: str) -> tuple[str, str | None]:
    with world.house.store.read() as session:
        row = session.scalars(select(Message).where(Message.key == key)).one()
        return row.state, row.verdict


def test_news_stops_and_a_closure_does_not(world: World) -> None:
    world.say("Tom", "no more news please")
    assert world.say("Tom", "1")[-1].text.startswith("News: off")
    send(world, Content("The pool is open."))
    send(world, Content("School is closed today.", BroadcastKind.CLOSURE))
    send(world, Content("Gate B is shut.", is_urgent=True))
    world.settle()
    assert [shown(world, "Tom", words) for words in ("The pool", "School is closed", "Gate B")] == [False, True, True]
    assert shown(world, "Amina", "The pool"), "whoever switched nothing off gets it"


def test_what_waited_for_the_morning_is_dropped_if_it_is_not_wanted_any_more(world: World) -> None:
    world.at("2026-03-02 22:00")
    send(world, Content("The pool is open."))
    world.settle()
    world.say("Tom", "messages")
    world.say("Tom", "1")
    world.pass_time(timedelta(hours=11))
    world.settle()
    assert not shown(world, "Tom", "The pool")
    assert shown(world, "Amina", "The pool")


def test_a_reminder_that_is_switched_off_is_dropped_and_staff_can_see_why(world: World) -> None:
    world.say("Tom", "turn off reminders")
    world.say("Tom", "1")
    with world.house.store.write() as session:
        school = School(session, world.moment, world.house.school_settings)
        tom = demo.adult(school, "Tom")
        notices.tell(school, tom, "pack_due", {"on": school.today.isoformat()}, key="mine")
        notices.tell(school, tom, "pack_due", {"on": school.today.isoformat()}, key="urgent", lane=Lane.URGENT)
    world.settle()
    assert state(world, "mine") == ("cancelled", "switched_off")
    assert state(world, "urgent")[1] != "switched_off"


def test_what_cannot_be_switched_goes_to_the_office_in_their_words(world: World) -> None:
    world.say("Tom", "dont text me after 8pm")
    assert world.say("Tom", "6")[-1].text == "I have passed your message to the office."


def test_a_new_way_is_never_added_by_a_text(world: World) -> None:
    assert "must ring you first" in world.say("Tom", "can you email me instead")[-1].text
    world.say("Tom", "1")
    with world.house.store.read() as session:
        assert [link.address.channel for link in demo.adult(School(session, world.moment), "Tom").addresses] == ["sms"]
