"""Who is told of a message that suggests harm, and who never sees it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from sqlalchemy import select

from data.addresses import Address
from data.attention import FOR_THE_DEPUTY, Attention, Need
from data.outbox import Lane, Message
from data.people import Adult, Staff
from data.store import Store
from school import School, addresses, safeguarding, staff
from tests.school.small import a_child, a_member, an_adult, london

LEAD, DEPUTY, HEAD = "+447700900401", "+447700900402", "+447700900403"


@pytest.fixture
def school(database_url: str) -> Iterator[School]:
    with closing(Store(database_url)) as store, store.write() as session:
        yield School(session, london("2026-03-02 09:10"))


@pytest.fixture
def people(school: School) -> dict[str, Staff]:
    made = {
        role: a_member(school, role, name) for role, name in (("lead", "Mrs Hartley"), ("deputy", "Mr Nasser"), ("senior", "Mrs Clarke"), ("teacher", "Ms Lee"))
    }
    for role, number in (("lead", LEAD), ("deputy", DEPUTY), ("senior", HEAD)):
        staff.reach_by_text(school, made[role], number)
    return made


@pytest.fixture
def parent(school: School) -> Adult:
    return an_adult(school, a_child(school))


def alarm(school: School, parent: Adult, *about: Staff, key: str = "m1") -> None:
    address = addresses.at(school, "sms", "phone", "+447700900301")
    safeguarding.raise_alarm(school, key=key, text="secret words", adult=parent, address=address, about_staff=[person.id for person in about])


def told(school: School) -> list[str]:
    return [address.value for address in school.session.scalars(select(Address).join(Message, Message.address_id == Address.id).order_by(Message.id))]


def test_the_lead_is_told_at_once_and_without_a_word_of_it(school: School, parent: Adult, people: dict[str, Staff]) -> None:
    alarm(school, parent)
    [message] = school.session.scalars(select(Message)).all()
    assert (told(school), message.lane, message.not_before) == ([LEAD], Lane.ALERT, None)
    assert "secret" not in (message.text or "")
    assert parent.name not in (message.text or "")
    assert [(row.need, row.text) for row in school.session.scalars(select(Attention))] == [(Need.SAFEGUARDING, "secret words")]


def test_the_same_message_alarms_once(school: School, parent: Adult, people: dict[str, Staff]) -> None:
    alarm(school, parent)
    alarm(school, parent)
    assert told(school) == [LEAD]
    alarm(school, parent, key="m2")
    assert told(school) == [LEAD, LEAD]


@pytest.mark.parametrize("role", ["lead", "senior"])
def test_what_concerns_those_above_goes_to_the_deputy_alone(school: School, parent: Adult, people: dict[str, Staff], role: str) -> None:
    alarm(school, parent, people[role])
    assert told(school) == [DEPUTY]
    assert [row.detail for row in school.session.scalars(select(Attention))] == [FOR_THE_DEPUTY]


def test_what_concerns_a_teacher_goes_to_the_lead(school: School, parent: Adult, people: dict[str, Staff]) -> None:
    alarm(school, parent, people["teacher"])
    assert told(school) == [LEAD]


def test_without_the_lead_s_phone_the_deputy_is_told(school: School, parent: Adult, people: dict[str, Staff]) -> None:
    staff.leave(school, people["lead"])
    alarm(school, parent)
    assert told(school) == [DEPUTY]


def test_where_nobody_can_be_told_that_is_shown(school: School, parent: Adult) -> None:
    alarm(school, parent)
    assert told(school) == []
    assert [row.need for row in school.session.scalars(select(Attention).order_by(Attention.id))] == [Need.SAFEGUARDING, Need.NOT_DELIVERED]


def test_what_is_only_to_be_looked_at_calls_nobody(school: School, parent: Adult, people: dict[str, Staff]) -> None:
    address = addresses.at(school, "sms", "phone", "+447700900301")
    safeguarding.put_before_the_lead(school, key="m1", text="a hint", adult=parent, address=address)
    assert told(school) == []
    assert [row.need for row in school.session.scalars(select(Attention))] == [Need.SAFEGUARDING]
