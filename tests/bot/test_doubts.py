"""A number that may be someone else's: what is to be said waits for whoever has it, goes another way if there is one, and in the end staff are told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from data.addresses import Address, AddressState
from data.attention import Attention, Need
from data.outbox import Message, OutboxState
from school import School, addresses, consent, demo, doubts, notices
from tests.served import AMINA, Served
from tests.world import World


def now(world: World, session: object) -> School:
    return School(session, world.moment, world.house.school_settings)  # type: ignore[arg-type]


def doubted(world: World, *more: tuple[str, str, str]) -> None:
    """Amina's number was gone and works again; `more` are other addresses of hers."""
    with world.house.store.write() as session:
        school = now(world, session)
        amina = demo.adult(school, "Amina")
        for rank, (channel, kind, value) in enumerate(more, start=5):
            addresses.reach(school, amina, addresses.at(school, channel, kind, value), rank)
        for link in amina.addresses:
            if link.address.kind == "phone":
                consent.mark_bad(school, link.address, "30005")
                consent.heard_from(school, link.address)


def tell(world: World, key: str) -> None:
    with world.house.store.write() as session:
        school = now(world, session)
        notices.tell(school, demo.adult(school, "Amina"), "rang", {"on": school.today.isoformat()}, key=key)
    world.settle()


def states(world: World) -> dict[str, str]:
    with world.house.store.read() as session:
        return {row.key: row.state for row in session.scalars(select(Message).where(Message.key.startswith("to-say")))}


def test_several_messages_wait_for_one_question_and_after_a_day_staff_are_told(world: World) -> None:
    doubted(world)
    tell(world, "to-say:1")
    tell(world, "to-say:2")
    assert ["parent or carer" in text for text in world.texts("Amina")] == [True]
    assert states(world) == {"to-say:1": OutboxState.QUEUED, "to-say:2": OutboxState.QUEUED}
    world.pass_time(doubts.WAITS + timedelta(minutes=31))
    world.settle()
    assert states(world) == {"to-say:1": OutboxState.FAILED, "to-say:2": OutboxState.FAILED}
    assert len(world.texts("Amina")) == 1
    with world.house.store.read() as session:
        assert Need.NOT_DELIVERED in set(session.scalars(select(Attention.need).where(Attention.done_at.is_(None))))


def test_another_way_is_taken_and_nobody_is_asked(world: World) -> None:
    doubted(world, ("telegram", "telegram_chat", "5551"))
    tell(world, "to-say:1")
    assert world.texts("Amina") == []
    assert len(world.phones["telegram"].sent["5551"]) == 1  # type: ignore[index]


def test_whatever_is_written_before_the_answer_waits_and_a_wrong_answer_is_asked_again(world: World) -> None:
    doubted(world)
    assert "parent or carer" in world.say("Amina", "see my appointments")[0].text
    shown = world.say("Amina", "is Ayaan ok?")
    assert "parent or carer" in shown[0].text
    assert "Ayaan" not in shown[0].text
    assert [each.text for each in world.say("Amina", "yes")] == ["Thank you.", "You have no appointments."]
    with world.house.store.read() as session:
        assert demo.adult(now(world, session), "Amina").addresses[0].address.state == AddressState.USABLE


def test_stop_is_kept_there_and_start_asks_again(world: World) -> None:
    doubted(world)
    assert world.say("Amina", "STOP") == [], "the phone company answers"
    assert world.say("Amina", "see my appointments") == [], "nothing can be sent there: staff have it, and ask for START"
    world.say("Amina", "START")
    assert "parent or carer" in world.say("Amina", "see my appointments")[0].text


def test_a_question_that_finds_nobody_is_the_end_of_the_wait(world: World) -> None:
    doubted(world)
    tell(world, "to-say:1")
    with world.house.store.write() as session:
        school = now(world, session)
        consent.mark_bad(school, demo.adult(school, "Amina").addresses[0].address, "30005")
    world.pass_time(doubts.LOOKED_AGAIN + timedelta(minutes=1))
    world.settle()
    assert states(world) == {"to-say:1": OutboxState.FAILED}


@pytest.mark.anyio
async def test_what_came_before_the_doubt_is_answered_once_the_doubt_is_over(served: Served) -> None:
    """It waited for its turn in the parent's own conversation when the number was reported dead; then they wrote again."""
    await served.text("menu", AMINA)
    with served.house.store.write() as session:
        address = session.scalars(select(Address).where(Address.channel == "sms", Address.value == AMINA)).one()
        consent.mark_bad(School(session, served.house.clock()), address, "30005")
    for said in ("menu", "1"):
        await served.text(said, AMINA)
        await served.settle()
    assert {row.state for row in served.kept()} == {"handled"}
    with served.house.store.read() as session:
        assert session.scalars(select(Attention).where(Attention.need == Need.FAILED)).all() == []
