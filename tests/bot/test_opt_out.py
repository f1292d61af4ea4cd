"""The carrier's own opt-out kept in step: after it nothing is sent there, staff see that only a START ends it, and another way with consent is used."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from data.addresses import Address, Consent
from data.attention import Attention, Need
from school import School, addresses, attention, demo, notices
from tests.served import AMINA, Served

pytestmark = pytest.mark.anyio

STOP, START, HELP = ({"OptOutType": word} for word in ("STOP", "START", "HELP"))


def address(served: Served, value: str = AMINA) -> Address:
    with served.house.store.read() as session:
        return session.scalars(select(Address).where(Address.channel == "sms", Address.value == value)).one()


def kept(served: Served) -> list[tuple[bool, str]]:
    with served.house.store.read() as session:
        rows = session.scalars(select(Consent).where(Consent.address_id == address(served).id).order_by(Consent.id))
        return [(row.is_given, row.how) for row in rows]


def needs(served: Served) -> list[Attention]:
    with served.house.store.read() as session:
        return list(attention.open_needs(School(session, served.house.clock())))


def remind(served: Served, key: str) -> None:
    """Something that must arrive is to be told to Amina."""
    with served.house.store.write() as session:
        school = School(session, served.house.clock(), served.house.school_settings)
        notices.tell(school, demo.adult(school, "Amina"), "rang", {"on": school.today.isoformat()}, key=key)


def with_whatsapp(served: Served) -> None:
    """She is on WhatsApp too, and has just written there."""
    with served.house.store.write() as session:
        school = School(session, served.house.clock())
        whatsapp = addresses.at(school, "whatsapp", "phone", AMINA)
        addresses.reach(school, demo.adult(school, "Amina"), whatsapp, 1)
        whatsapp.last_heard_at = school.now


def sent_to(served: Served) -> list[str]:
    return [str(call["form"]["To"]) for call in served.standin.accepted()]


async def test_what_the_carrier_answered_is_kept_and_not_answered_again(served: Served) -> None:
    for said in (STOP, HELP, START):
        await served.text("anything", **said)
        await served.settle()
    assert served.said(AMINA) == []
    assert kept(served) == [(False, "carrier"), (True, "carrier")]
    assert address(served).carrier_stopped_at is None


async def test_after_the_carriers_stop_nothing_is_sent_there_and_staff_get_what_they_write(served: Served) -> None:
    await served.text("STOP", **STOP)
    await served.settle()
    remind(served, "one")
    await served.text("is school open tomorrow?")
    await served.settle()
    assert served.standin.accepted() == []
    asked = [need for need in needs(served) if need.need == Need.ADDRESS]
    assert [(need.text, need.detail) for need in asked] == [("is school open tomorrow?", "no answer can be sent there: ask them to text START")]


async def test_only_another_way_with_consent_is_used(served: Served) -> None:
    with_whatsapp(served)
    await served.text("STOP", **STOP)
    await served.settle()
    remind(served, "one")
    await served.settle()
    assert sent_to(served) == [f"whatsapp:{AMINA}"]


async def test_one_word_brings_them_back(served: Served) -> None:
    await served.text("STOP", **STOP)
    await served.settle()
    await served.text("START", **START)
    await served.settle()
    remind(served, "one")
    await served.settle()
    assert sent_to(served) == [AMINA]


async def test_a_stop_that_we_never_saw_is_learnt_when_sending(served: Served) -> None:
    with_whatsapp(served)
    served.standin.fault("twilio.send", "refuse", status=400, code=21610, number=AMINA)
    remind(served, "one")
    await served.settle()
    assert sent_to(served) == [f"whatsapp:{AMINA}"]
    assert address(served).carrier_stopped_at is not None
    assert [(need.need, need.detail) for need in needs(served)] == [(Need.ADDRESS, "they sent STOP to the phone company: ask them to text START")]


async def test_a_word_for_start_that_the_carrier_does_not_know_lifts_nothing(served: Served) -> None:
    await served.text("STOP")
    await served.settle()
    await served.text("text me again")
    await served.settle()
    assert address(served).carrier_stopped_at is not None
    assert [need.text for need in needs(served)] == ["text me again"]
    await served.text("Start.")
    await served.settle()
    assert address(served).carrier_stopped_at is None
    assert [message.state for message in served.said(AMINA)] == ["sent"]


async def test_who_may_be_at_risk_is_heard_though_nothing_can_be_answered(served: Served) -> None:
    await served.text("STOP", **STOP)
    await served.settle()
    await served.text("he hits my child every night please help us")
    await served.settle()
    assert Need.SAFEGUARDING in [need.need for need in needs(served)]


async def test_our_own_stop_is_answered_and_told_apart(served: Served) -> None:
    await served.text("no more messages")
    await served.settle()
    assert (address(served).state, address(served).carrier_stopped_at) == ("opted_out", None)
    await served.text("is school open tomorrow?")
    await served.settle()
    assert ["START" in (message.text or "") and message.state == "sent" for message in served.said(AMINA)] == [True, True]
