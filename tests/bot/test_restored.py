"""A school that was put back from a backup hears everything and sends nothing, until staff say so; what may be a matter of harm is told at once."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from bot import outbox
from bot.channels.base import ChannelName
from bot.loops import CatchUp, set_mark
from data.accounts import StaffSession
from data.addresses import Address, AddressState
from data.attention import Attention, Need
from data.outbox import Lane, Message, OutboxState
from school import School, accounts, demo, restored, safeguarding
from school.restored import Choice, NotEveryKind
from tests.bot.test_outage import MARIA, TOM
from tests.served import AMINA, Served
from tests.world import World

pytestmark = pytest.mark.anyio


def school_of(session: object, served: Served) -> School:
    return School(session, served.house.clock(), served.house.school_settings)  # type: ignore[arg-type]


def put_back(served: Served) -> None:
    with served.house.store.write() as session:
        restored.begin(school_of(session, served), served.house.clock() - timedelta(hours=9))


def release(served: Served, chosen: dict[str, Choice]) -> dict[str, int]:
    with served.house.store.write() as session:
        school = school_of(session, served)
        return dict(restored.release(school, demo.member(school, "Mrs Doyle"), chosen))


def sends(served: Served) -> list[str]:
    return [entry["body"] for entry in served.standin.log() if entry["operation"] in ("twilio.send", "telegram.sendMessage")]


def notice(served: Served, number: int, kind: str, *, at: datetime | None = None, lane: Lane = Lane.NOTICE, state: str = "queued") -> None:
    """A message that waits for Amina's phone."""
    with served.house.store.write() as session:
        address = session.scalars(select(Address).where(Address.value == AMINA, Address.channel == "sms")).one()
        made = at or served.house.clock() - timedelta(days=1)
        session.add(
            Message(uid=f"u{number}", key=f"k{number}", trace="t", kind=kind, text=f"words {number}", address=address, lane=lane, state=state, created_at=made)
        )


def state_of(served: Served, number: int) -> str:
    with served.house.store.read() as session:
        return session.scalars(select(Message.state).where(Message.key == f"k{number}")).one()


async def test_nothing_leaves_and_what_comes_in_goes_to_staff(served: Served) -> None:
    notice(served, 1, "reply", lane=Lane.REPLY)
    put_back(served)
    assert (await served.text("book an appointment")).status_code == 200
    assert (await served.telegram("menu")).status_code == 200
    await served.settle()
    assert sends(served) == []
    assert state_of(served, 1) == OutboxState.QUEUED
    with served.house.store.read() as session:
        assert [row.text for row in session.scalars(select(Attention).where(Attention.need == Need.LATE))] == ["book an appointment", "menu"]


@pytest.mark.parametrize("sender", [TOM, MARIA, AMINA])
@pytest.mark.parametrize("word", ["STOP", "stop"])
async def test_stop_is_carried_out_all_the_same(served: Served, sender: str, word: str) -> None:
    put_back(served)
    await served.text(word, sender)
    await served.settle()
    with served.house.store.read() as session:
        mine = select(Address.state).where(Address.value == sender.removeprefix("whatsapp:"), Address.channel == ("whatsapp" if ":" in sender else "sms"))
        assert session.scalars(mine).one() == AddressState.OPTED_OUT
    assert sends(served) == []


async def test_a_stop_that_nobody_heard_for_hours_is_carried_out(served_on_sqlite: Served) -> None:
    """Texted after the backup, and caught up: Maria, on WhatsApp, where no carrier keeps it for us."""
    served = served_on_sqlite
    served.standin.control(twilio_target="")
    served.standin.inbound("whatsapp", MARIA.removeprefix("whatsapp:"), "stop")
    put_back(served)
    served.later = timedelta(hours=5)
    set_mark(served.house, "first-start", served.house.clock() - timedelta(days=1), durable=True)
    assert await CatchUp(served.house, served.house.channels[ChannelName.WHATSAPP], 1).once() == 1
    await served.settle()
    with served.house.store.read() as session:
        marias = select(Address.state).where(Address.value == MARIA.removeprefix("whatsapp:"), Address.channel == "whatsapp")
        assert session.scalars(marias).one() == AddressState.OPTED_OUT


async def test_the_lead_is_called_about_what_comes_in_now_and_not_about_what_was(served: Served) -> None:
    with served.house.store.write() as session:
        school = school_of(session, served)
        safeguarding.raise_alarm(school, key="before", text="words", adult=None, address=None)
    served.later += timedelta(minutes=1)
    put_back(served)
    await served.text("my husband hits me and the children", TOM)
    await served.settle()
    with served.house.store.read() as session:
        needs = [row.need for row in session.scalars(select(Attention).order_by(Attention.id))]
    assert needs == [Need.SAFEGUARDING, Need.SAFEGUARDING]  # and the office never reads it
    said = sends(served)
    assert len(said) == 1
    assert "needs the safeguarding lead or deputy now" in said[0]


async def test_staff_choose_what_becomes_of_what_waits(served: Served) -> None:
    for number, kind in enumerate(("reply", "reply", "appointment_reminder"), 1):
        notice(served, number, kind)
    notice(served, 4, "reply", state="paused")
    put_back(served)
    await served.text("hello")
    await served.settle()
    with served.house.store.read() as session:
        school = school_of(session, served)
        held = restored.held(school)
        assert held is not None
        found = {each.kind: (each.count, each.since_restore) for each in restored.waiting(school, held)}
        assert found["reply"] == (4, 1)
        assert found["appointment_reminder"][1] == 0
        assert restored.came_in(school, held) == 1
    chosen = dict.fromkeys(found, Choice.DROP) | {"reply": Choice.SEND}
    with pytest.raises(NotEveryKind):
        release(served, {"reply": Choice.SEND})
    await served.settle()
    assert sends(served) == []
    dropped = release(served, chosen)
    assert dropped["appointment_reminder"] >= 1
    assert "reply" not in dropped
    await served.settle()
    said = sends(served)
    assert [words for words in said if words.startswith("words")] == ["words 1", "words 2"]
    assert state_of(served, 3) == OutboxState.CANCELLED
    assert state_of(served, 4) == OutboxState.PAUSED
    assert len(said) == 3  # and that the text came late, in Amina's language
    assert release(served, {}) == {}


async def test_what_was_under_way_and_is_dropped_does_not_come_back(served_on_sqlite: Served) -> None:
    """Its provider does not have it, so it would be sent: but staff said no."""
    served = served_on_sqlite
    notice(served, 1, "broadcast", state="sending")
    put_back(served)
    assert served.house.dispatcher.recover() == 1
    with served.house.store.read() as session:
        school = school_of(session, served)
        held = restored.held(school)
        assert held is not None
        chosen = {each.kind: Choice.DROP for each in restored.waiting(school, held)}
    release(served, chosen)
    for _ in range(8):
        await served.settle()
        served.later += timedelta(minutes=30)
    assert state_of(served, 1) == OutboxState.CANCELLED
    assert [words for words in sends(served) if words.startswith("words")] == []


async def test_whoever_was_logged_in_is_not_any_more(served: Served) -> None:
    """A tablet that was stolen and logged out after the backup would be logged in again."""
    with served.house.store.write() as session:
        school = school_of(session, served)
        accounts.begin(school, demo.member(school, "Mrs Doyle"))
    put_back(served)
    with served.house.store.read() as session:
        assert session.scalars(select(StaffSession).where(StaffSession.ended_at.is_(None))).all() == []


def test_a_terminal_still_answers_itself(world: World) -> None:
    """`bookbag chat` sends nothing to anyone: its phones are its own."""
    with world.house.store.write() as session:
        school = School(session, world.moment, world.house.school_settings)
        restored.begin(school, None)
        channels = outbox.Channels({"sms"}, {"sms"})
        address = session.scalars(select(Address).where(Address.channel == "sms")).first()
        session.add(Message(uid="u", key="k", trace="t", kind="reply", text="x", address=address, via="t1", lane=Lane.REPLY, created_at=world.moment))
        session.flush()
        assert [row.key for row in outbox.due(school, 5, channels, "t1")] == ["k"]
        assert list(outbox.due(school, 5, channels)) == []
