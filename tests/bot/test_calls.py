"""A call is never answered: it becomes one 'please ring me', and one text an hour to a phone that may be texted."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select

from data.addresses import Address
from data.attention import Attention, Need
from data.outbox import Message
from data.people import Adult
from data.store import DatabaseAway
from school import School, addresses, consent, demo
from school.calls import STRANGERS_AN_HOUR
from tests.conftest import Lines
from tests.served import AMINA, Served

pytestmark = pytest.mark.anyio

VOICE = "/webhooks/twilio/voice"
REJECT = '<?xml version="1.0" encoding="UTF-8"?><Response><Reject reason="busy"/></Response>'
STRANGER, LANDLINE = "+447700900288", "+442079460018"


_count = iter(range(1, 100_000))


async def call(served: Served, sender: str = AMINA, **changed: str) -> httpx.Response:
    """A call, as Twilio's webhook brings it."""
    form = {"CallSid": f"CA{next(_count):032x}", "AccountSid": served.standin.account_sid, "From": sender, "To": served.standin.sms_number}
    answer = await served.post(VOICE, form | {"CallStatus": "ringing", "Direction": "inbound", "ApiVersion": "2010-04-01"} | changed)
    await served.settle()
    return answer


def needs(served: Served) -> list[Attention]:
    with served.house.store.read() as session:
        rows = session.scalars(select(Attention).order_by(Attention.id)).all()
        for row in rows:
            _ = row.adult, row.address  # loaded, so that they can be looked at
        return list(rows)


def words(served: Served, value: str = AMINA) -> list[str]:
    return [str(message.text) for message in served.said(value)]


def share_a_phone(served: Served) -> None:
    with served.house.store.write() as session:
        school = School(session, served.house.clock())
        other = demo.adult(school, "Tom")
        addresses.reach(school, other, addresses.at(school, "sms", "phone", AMINA), 1)


async def test_a_call_is_refused_and_becomes_please_ring_me(served: Served) -> None:
    answer = await call(served)
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0], answer.text) == (200, "text/xml", REJECT)
    [need] = needs(served)
    assert need.adult is not None
    assert (need.need, need.adult.name.split()[0], need.detail) == (Need.RING_ME, "Amina", "rang")
    [text] = words(served)
    assert "020 7946 0000" in text
    assert served.kept() == []


async def test_the_text_is_in_the_callers_language(served_on_sqlite: Served) -> None:
    with served_on_sqlite.house.store.write() as session:
        demo.adult(School(session, served_on_sqlite.house.clock()), "Amina").language = "en"
    await call(served_on_sqlite)
    [text] = words(served_on_sqlite)
    assert "You rang us. Nobody answers this number; the office is on 020 7946 0000." in text
    assert "We will ring you" in text


async def test_the_same_call_told_twice_changes_nothing(served: Served) -> None:
    for _ in range(3):
        assert (await call(served, CallSid="CA" + "1" * 32)).text == REJECT
    assert (len(needs(served)), len(words(served))) == (1, 1)


async def test_who_rings_again_is_noted_once_and_texted_once_an_hour(served: Served) -> None:
    for _ in range(3):
        await call(served)
    [need] = needs(served)
    assert need.detail.startswith("rang again, ")
    assert len(words(served)) == 1
    served.later += timedelta(minutes=61)
    await call(served)
    assert (len(needs(served)), len(words(served))) == (1, 2)


async def test_after_staff_have_rung_back_the_next_call_is_a_new_need(served: Served) -> None:
    await call(served)
    with served.house.store.write() as session:
        session.scalars(select(Attention)).one().done_at = served.house.clock()
    await call(served)
    assert [need.done_at is None for need in needs(served)] == [False, True]


async def test_who_asked_to_be_rung_and_rings_waits_once(served_on_sqlite: Served) -> None:
    await served_on_sqlite.text("please ring me")
    await served_on_sqlite.settle()
    await served_on_sqlite.text("1")
    await served_on_sqlite.settle()
    assert [need.need for need in needs(served_on_sqlite)] == [Need.RING_ME]
    await call(served_on_sqlite)
    [need] = needs(served_on_sqlite)
    assert need.detail.startswith("rang again, ")


async def test_on_a_shared_phone_it_is_both_or_who_is_writing(served: Served) -> None:
    share_a_phone(served)
    await call(served)
    [need] = needs(served)
    assert need.address is not None
    assert (need.adult, need.address.value, need.detail) == (None, AMINA, "rang")
    assert len(words(served)) == 1


async def test_a_family_on_whatsapp_is_known_by_its_number(served: Served) -> None:
    await served.text("hello", "whatsapp:+447700900103")
    await served.settle()
    await call(served, "+447700900103")
    [need] = [need for need in needs(served) if need.need == Need.RING_ME]
    assert need.adult is not None
    assert need.adult.name.startswith("Maria")
    assert len(words(served, "+447700900103")) == 2


async def test_where_whatsapp_is_closed_nobody_is_texted(served_on_sqlite: Served) -> None:
    with served_on_sqlite.house.store.write() as session:
        maria = demo.adult(School(session, served_on_sqlite.house.clock()), "Maria")
        maria.addresses = [link for link in maria.addresses if link.address.channel == "whatsapp"]
    await call(served_on_sqlite, "+447700900103")
    assert [need.need for need in needs(served_on_sqlite)] == [Need.RING_ME]
    assert words(served_on_sqlite, "+447700900103") == []


async def test_who_said_stop_is_rung_and_not_texted(served: Served) -> None:
    with served.house.store.write() as session:
        school = School(session, served.house.clock())
        consent.opt_out(school, addresses.at(school, "sms", "phone", AMINA), how="text")
    await call(served)
    assert ([need.need for need in needs(served)], words(served)) == ([Need.RING_ME], [])


async def test_at_night_the_text_leaves_at_once(served_on_sqlite: Served) -> None:
    clock = served_on_sqlite.house.clock()
    served_on_sqlite.later += timedelta(days=1) + (clock.replace(hour=23, minute=0) - clock)
    await call(served_on_sqlite)
    assert [message.state for message in served_on_sqlite.said(AMINA)] == ["sent"]


# Those whom the school does not know


async def test_an_unknown_caller_learns_what_an_unknown_texter_learns(served: Served) -> None:
    await served.text("hello", "+447700900289")
    await call(served, STRANGER)
    assert words(served, STRANGER) == words(served, "+447700900289")
    [need] = needs(served)
    assert need.address is not None
    assert (need.need, need.adult, need.address.value, need.detail) == (Need.RING_ME, None, STRANGER, "rang, unknown number")
    await served.text("I am Sam's aunt, please ring", STRANGER)
    await served.settle()
    assert [need.need for need in needs(served)] == [Need.RING_ME, Need.FOR_OFFICE]


async def test_an_unknown_caller_is_texted_three_times_a_day_at_most(served_on_sqlite: Served) -> None:
    for _ in range(6):
        await call(served_on_sqlite, STRANGER)
    assert len(words(served_on_sqlite, STRANGER)) == 3
    assert len(needs(served_on_sqlite)) == 1


async def test_many_unknown_callers_are_not_all_texted(served_on_sqlite: Served) -> None:
    for number in range(STRANGERS_AN_HOUR + 5):
        await call(served_on_sqlite, f"+4477009003{number:02d}")
    with served_on_sqlite.house.store.read() as session:
        assert len(session.scalars(select(Message)).all()) == STRANGERS_AN_HOUR
    assert len(needs(served_on_sqlite)) == STRANGERS_AN_HOUR + 5


@pytest.mark.parametrize("sender", ["", "anonymous", "Anonymous", "+266696687", "+7378742833", "+2562533", "+86282452253", "sip:evil@example.com", "unknown"])
async def test_a_withheld_number_gets_nothing_but_the_refusal(served_on_sqlite: Served, sender: str) -> None:
    answer = await call(served_on_sqlite, sender)
    assert (answer.status_code, answer.text) == (200, REJECT)
    assert (needs(served_on_sqlite), served_on_sqlite.kept()) == ([], [])


@pytest.mark.parametrize("number", [LANDLINE, "+448081570000", "+443000000000", "+447000000000"])
async def test_a_landline_is_never_texted(served: Served, number: str) -> None:
    answer = await call(served, number)
    await served.settle()
    assert answer.text == REJECT
    [need] = needs(served)
    assert need.address is not None
    assert (need.need, need.address.channel, need.address.value) == (Need.RING_ME, "voice", number)
    with served.house.store.read() as session:
        assert session.scalars(select(Message)).all() == []
        assert [row.channel for row in session.scalars(select(Address).where(Address.value == number))] == ["voice"]


async def test_a_call_gives_no_number_to_a_family(served_on_sqlite: Served) -> None:
    with served_on_sqlite.house.store.read() as session:
        before = {adult.name: len(adult.addresses) for adult in session.scalars(select(Adult))}
    for sender in (AMINA, STRANGER, LANDLINE, "+447700900103"):
        await call(served_on_sqlite, sender)
    with served_on_sqlite.house.store.read() as session:
        assert {adult.name: len(adult.addresses) for adult in session.scalars(select(Adult))} == before


# As the other webhooks


async def test_a_forged_call_is_403_and_nothing_is_kept(served_on_sqlite: Served) -> None:
    form = {"CallSid": "CA1", "AccountSid": served_on_sqlite.standin.account_sid, "From": AMINA}
    async with served_on_sqlite.caller() as caller:
        assert (await caller.post(VOICE, data=form)).status_code == 403
        assert (await caller.post(VOICE, data=form, headers={"X-Twilio-Signature": "AAAA"})).status_code == 403
    assert needs(served_on_sqlite) == []


@pytest.mark.parametrize("sid", ["", "C" * 65])
async def test_a_call_without_an_id_is_400(served_on_sqlite: Served, sid: str) -> None:
    assert (await call(served_on_sqlite, CallSid=sid)).status_code == 400


async def test_what_cannot_be_stored_is_503(served_on_sqlite: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_: object) -> list[int]:
        raise DatabaseAway

    monkeypatch.setattr(served_on_sqlite.house.inbox._together, "_work", away)
    assert (await call(served_on_sqlite)).status_code == 503
    monkeypatch.undo()
    assert (await call(served_on_sqlite)).status_code == 200
    assert len(needs(served_on_sqlite)) == 1


async def test_calls_are_counted_and_no_number_is_logged(served_on_sqlite: Served, logged: Lines) -> None:
    await call(served_on_sqlite)
    await call(served_on_sqlite, STRANGER)
    async with served_on_sqlite.caller() as caller:
        metrics = (await caller.get("/metrics")).text
    assert 'bookbag_received_total{channel="voice"} 2.0' in metrics
    for private in ("7700900101", "7700900288", "Amina"):
        assert private not in logged.getvalue() + metrics
