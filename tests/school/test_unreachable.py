"""Whom no message reaches, why, and what they were to be told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest

from data.addresses import Address, AddressState
from data.attention import Need
from data.inbox import Received
from data.outbox import Message, OutboxState
from data.people import Adult, Child, Guardianship
from school import School, access, addresses, attention, openers, unreachable
from school.openers import Opener
from school.unreachable import Why
from tests.school.small import MONDAY, a_child, a_member, an_adult

_numbers = count(1)


def reached_by(school: School, adult: Adult, channel: str = "sms", value: str = "", state: AddressState = AddressState.USABLE) -> Address:
    made = addresses.at(school, channel, "phone", value or f"+447700900{next(_numbers):03}")
    made.state = state
    addresses.reach(school, adult, made, len(adult.addresses))
    return made


def found(school: School, role: str = "office") -> dict[Adult, unreachable.Unreached]:
    return {each.adult: each for each in unreachable.unreached(school, access.viewer(school, a_member(school, role)))}


@pytest.mark.parametrize(
    "why, held",
    [
        (None, [("sms", "", "usable")]),
        (None, [("sms", "", "bad"), ("telegram", "7", "usable")]),
        (Why.ABROAD, [("sms", "+351912345678", "usable")]),
        (Why.NO_ADDRESS, []),
        (Why.ONLY_EMAIL, [("email", "a@example.org", "usable")]),
        (Why.STOPPED, [("sms", "", "opted_out"), ("whatsapp", "", "opted_out")]),
        (Why.DEAD, [("sms", "", "bad"), ("email", "a@example.org", "usable")]),
        (Why.STOPPED_OR_DEAD, [("sms", "", "bad"), ("whatsapp", "", "opted_out")]),
        (Why.LANDLINE, [("sms", "+442079460000", "usable")]),
        (Why.LANDLINE, [("sms", "+447012345678", "usable")]),
        (Why.WINDOW_CLOSED, [("whatsapp", "", "usable"), ("sms", "", "bad")]),
    ],
)
def test_why_nobody_is_reached(school: School, why: Why | None, held: list[tuple[str, str, str]]) -> None:
    adult = an_adult(school, a_child(school))
    for channel, value, state in held:
        reached_by(school, adult, channel, value, AddressState(state))
    assert unreachable.reason(school, adult) == why
    assert [each.why for each in found(school).values()] == ([why] if why else [])


@pytest.mark.parametrize(
    "why, held",
    [
        (None, [("email", "a@example.org", "usable")]),
        (None, [("sms", "", "opted_out"), ("email", "a@example.org", "usable")]),
        (Why.STOPPED, [("email", "a@example.org", "opted_out")]),
        (Why.STOPPED_OR_DEAD, [("sms", "", "opted_out"), ("email", "a@example.org", "bad")]),
        (Why.LANDLINE, [("sms", "+442079460000", "usable"), ("email", "a@example.org", "bad")]),
    ],
)
def test_where_families_are_written_to_by_email_it_reaches(school: School, why: Why | None, held: list[tuple[str, str, str]]) -> None:
    school = School(school.session, school.now, replace(school.settings, writes_email=True))
    adult = an_adult(school, a_child(school))
    for channel, value, state in held:
        reached_by(school, adult, channel, value, AddressState(state))
    assert unreachable.reason(school, adult) == why
    assert [each.why for each in found(school).values()] == ([why] if why else [])


def test_an_open_whatsapp_window_reaches(school: School) -> None:
    adult = an_adult(school, a_child(school))
    reached_by(school, adult, "whatsapp").last_heard_at = MONDAY - timedelta(hours=23)
    assert found(school) == {}


def test_a_closed_whatsapp_reaches_where_they_can_be_asked_to_open_it(school: School) -> None:
    adult = an_adult(school, a_child(school))
    reached_by(school, adult, "whatsapp")
    openers.keep(school, {"es": Opener("HX1", "Hay algo de {{1}} para usted.", "ABRIR")})
    assert [each.why for each in found(school).values()] == [Why.WINDOW_CLOSED]
    adult.language = "es-MX"
    assert found(school) == {}
    reached = addresses.at(school, "whatsapp", "phone", adult.addresses[0].address.value)
    reached.state = AddressState.OPTED_OUT
    assert [each.why for each in found(school).values()] == [Why.STOPPED]


def test_an_opener_that_did_not_arrive_stands_in_no_letter(school: School) -> None:
    adult = an_adult(school, a_child(school))
    made = {"trace": "t", "adult_id": adult.id, "text": "Reply OPEN", "state": OutboxState.FAILED, "created_at": school.now}
    school.session.add(Message(uid="u", key="opener:1:2026-03-02", kind=openers.KIND, **made))
    school.session.flush()
    assert unreachable.untold(school, [adult.id]) == {}


def test_whoever_is_never_written_to_is_not_missed(school: School) -> None:
    adult, _ = an_adult(school, a_child(school)), an_adult(school)
    row = adult.guardianships[0] if adult.guardianships else school.session.get_one(Guardianship, (adult.id, 1))
    row.may_hear = row.may_book = row.may_be_asked = False
    school.session.flush()
    assert found(school) == {}


def test_a_child_whom_nobody_is_reached_for_comes_first(school: School) -> None:
    shared, alone = a_child(school), a_child(school)
    first, other, lone = an_adult(school, shared), an_adult(school, shared), an_adult(school, alone)
    reached_by(school, other)
    told = found(school)
    assert list(told) == [lone, first]
    assert [(each.is_alone, [child.id for child in each.children]) for each in told.values()] == [(True, [alone.id]), (False, [shared.id])]


def test_a_class_team_sees_its_own_families_and_the_technician_none(school: School) -> None:
    child, teacher = a_child(school), a_member(school)
    child.school_class.team.append(teacher)
    mine, _ = an_adult(school, child), an_adult(school, a_child(school))
    assert [each.adult for each in unreachable.unreached(school, access.viewer(school, teacher))] == [mine]
    assert found(school, "admin") == {}


# What a letter says


@pytest.fixture
def family(school: School) -> tuple[Adult, Child]:
    child = a_child(school)
    return an_adult(school, child, language="so"), child


def missed(school: School, adult: Adult, text: str | None = "News", state: OutboxState = OutboxState.FAILED, **more: object) -> Message:
    number = next(_numbers)
    told = {"kind": "news", "created_at": MONDAY, "trace": f"t{number}", "key": f"k{number}", **more}
    made = Message(uid=f"u{number}", adult_id=adult.id, state=state, text=text, **told)
    school.session.add(made)
    school.session.flush()
    return made


def untold(school: School, adult: Adult) -> list[Message]:
    return list(unreachable.untold(school, [adult.id]).get(adult.id, []))


def test_a_letter_holds_what_did_not_arrive_lately(school: School, family: tuple[Adult, Child]) -> None:
    parent, child = family
    failed, late = missed(school, parent, "A"), missed(school, parent, None, OutboxState.EXPIRED, about={"thing": 1})
    booked = missed(school, parent, "Booked", kind="reply", must_arrive=True)
    missed(school, parent, "B", OutboxState.DELIVERED)
    missed(school, parent, "C", OutboxState.UNCONFIRMED)
    missed(school, parent, "D", created_at=MONDAY - timedelta(days=31))
    missed(school, parent, "Which child?", kind="reply")
    missed(school, an_adult(school, child), "another adult's")
    assert untold(school, parent) == [failed, late, booked]
    assert found(school)[parent].undelivered == 3


def test_what_was_said_twice_is_written_once(school: School, family: tuple[Adult, Child]) -> None:
    parent, _ = family
    first, notice = missed(school, parent, "A"), missed(school, parent, "Today", about={"thing": 1})
    missed(school, parent, "A")
    missed(school, parent, "Tomorrow", about={"thing": 1}, key=f"again:{notice.id}:1")
    assert untold(school, parent) == [first, notice]


def test_what_arrived_when_it_was_sent_again_is_left_out(school: School, family: tuple[Adult, Child]) -> None:
    parent, _ = family
    first = missed(school, parent, "A")
    second = missed(school, parent, "A", key=f"again:{first.id}:1")
    missed(school, parent, "A", OutboxState.SENT, key=f"again:{second.id}:1")
    assert untold(school, parent) == []


def test_no_word_of_an_alarm_is_ever_written_home(school: School, family: tuple[Adult, Child]) -> None:
    parent, _ = family
    phone = reached_by(school, parent, state=AddressState.BAD)
    came = Received(trace="alarm", provider_id="p", address_id=phone.id, thread="a1", kind="text", text="…", received_at=MONDAY)
    school.session.add(came)
    school.session.flush()
    attention.call_for_a_person(school, Need.SAFEGUARDING, key=f"safeguarding:inbox:{came.id}", adult=parent)
    missed(school, parent, "Thank you for telling us.", kind="reply", must_arrive=True, trace="alarm")
    missed(school, parent, "Read it now", kind="safeguarding_alert")
    assert untold(school, parent) == []
