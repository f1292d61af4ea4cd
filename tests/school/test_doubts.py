"""Numbers that may be someone else's by now: when they are doubted, who writes from there meanwhile, and what ends it; on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from data.addresses import Address, AddressState
from data.doubts import Doubt
from data.outbox import Lane, Message, OutboxState
from data.people import Adult, Child, Staff
from school import School, addresses, closings, consent, doubts, family_records, recognition, unreachable
from school.closings import Reason
from tests.school.small import a_member, an_adult

NUMBER = "+447700900711"


@pytest.fixture
def parent(school: School, child: Child) -> Adult:
    made = an_adult(school, child)
    for rank, channel in enumerate(["sms", "whatsapp"]):
        addresses.reach(school, made, addresses.at(school, channel, "phone", NUMBER), rank)
    return made


@pytest.fixture
def by(school: School) -> Staff:
    return a_member(school, "office", "Mrs Doyle")


def phone(school: School, channel: str = "sms") -> Address:
    return addresses.at(school, channel, "phone", NUMBER)


def sent(school: School, address: Address, at: timedelta, state: str = OutboxState.DELIVERED) -> None:
    key = f"m{address.id}{at}{state}"
    row = Message(uid=key[:32], key=key, trace="t", address_id=address.id, kind="broadcast", text="x", lane=Lane.BROADCAST, state=state)
    row.created_at = school.now - at
    school.session.add(row)
    school.session.flush()


def silent(school: School) -> None:
    for channel in ("sms", "whatsapp"):
        phone(school, channel).first_greeted_at = school.now - timedelta(days=400)
    school.session.flush()


def test_a_number_that_nobody_has_is_doubted_once_it_works_again_on_every_channel(school: School, parent: Adult) -> None:
    consent.mark_bad(school, phone(school), "30005")
    assert (phone(school).state, phone(school, "whatsapp").state) == (AddressState.BAD, AddressState.DOUBTED)
    consent.heard_from(school, phone(school))
    assert phone(school).state == AddressState.DOUBTED
    assert recognition.speaker(school, phone(school)) is None
    assert addresses.usable_for(school, parent) == []
    assert unreachable.reason(school, parent) == unreachable.Why.DOUBTED


@pytest.mark.parametrize("code", ["30006", "63024", None])
def test_a_number_that_fails_for_another_reason_is_not_doubted(school: School, parent: Adult, code: str | None) -> None:
    consent.mark_bad(school, phone(school), code)
    consent.heard_from(school, phone(school))
    assert (phone(school).state, phone(school, "whatsapp").state) == (AddressState.USABLE, AddressState.USABLE)


def test_a_year_without_a_word_either_way_is_a_doubt(school: School, parent: Adult) -> None:
    silent(school)
    doubts.due(school)
    assert [(row.why, list(adults)) for row, adults in doubts.open_doubts(school)] == [("silent", [parent])]
    assert phone(school, "whatsapp").state == AddressState.DOUBTED


def test_who_was_written_to_or_wrote_within_the_year_or_is_new_is_not_doubted(school: School, parent: Adult) -> None:
    doubts.due(school)
    assert doubts.open_doubts(school) == [], "nothing was ever sent there: the first message says which school it is"
    silent(school)
    sent(school, phone(school), timedelta(days=100))
    phone(school, "whatsapp").last_heard_at = school.now - timedelta(days=100)
    school.now += timedelta(days=1)
    doubts.due(school)
    assert doubts.open_doubts(school) == []


def test_what_did_not_arrive_is_no_sign_of_anyone(school: School, parent: Adult) -> None:
    silent(school)
    sent(school, phone(school), timedelta(days=100), OutboxState.UNDELIVERED)
    sent(school, phone(school), timedelta(days=366))
    doubts.due(school)
    assert [row.why for row, _adults in doubts.open_doubts(school)] == ["silent"]


def test_it_is_looked_for_once_a_day(school: School, parent: Adult) -> None:
    doubts.due(school)
    silent(school)
    doubts.due(school)
    assert doubts.open_doubts(school) == []
    school.now += timedelta(days=1)
    doubts.due(school)
    assert len(doubts.open_doubts(school)) == 1


def test_stop_and_start_do_not_end_a_doubt_and_stop_holds(school: School, parent: Adult, by: Staff) -> None:
    consent.mark_bad(school, phone(school), "30005")
    consent.opt_out(school, phone(school), how="text")
    consent.opt_in(school, phone(school), how="text")
    assert phone(school).state == AddressState.DOUBTED
    consent.opt_out(school, phone(school), how="text")
    doubts.said_theirs(school, phone(school), by)
    assert phone(school).state == AddressState.OPTED_OUT
    assert phone(school, "whatsapp").state == AddressState.USABLE


def test_whoever_says_that_it_is_theirs_ends_it_and_what_waited_leaves(school: School, parent: Adult) -> None:
    silent(school)
    doubts.due(school)
    school.session.add(
        Message(
            uid="u", key="k", trace="t", adult_id=parent.id, kind="rang", created_at=school.now, verdict=doubts.KIND, next_at=school.now + timedelta(hours=1)
        )
    )
    school.session.flush()
    doubts.said_theirs(school, phone(school))
    school.session.expire_all()
    waited = school.session.scalars(select(Message).where(Message.key == "k")).one()
    assert (waited.next_at, waited.verdict) == (None, None)
    assert [address.channel for address in addresses.usable_for(school, parent)] == ["sms", "whatsapp"]
    assert [row.ended_at for row in school.session.scalars(select(Doubt))] == [school.now]


def test_they_are_asked_once_and_waited_for_a_day(school: School, parent: Adult) -> None:
    silent(school)
    doubts.due(school)
    first = doubts.to_ask(school, parent)[0]
    assert doubts.must_ask(school, first) is not None
    assert doubts.must_ask(school, first) is None
    assert doubts.to_ask(school, parent)
    school.now += doubts.WAITS
    assert doubts.to_ask(school, parent) == []


def test_a_new_channel_of_a_doubted_number_is_doubted_too(school: School, child: Child) -> None:
    parent = an_adult(school, child)
    addresses.reach(school, parent, phone(school), 0)
    consent.mark_bad(school, phone(school), "30005")
    recognition.join_same_number(school, phone(school, "whatsapp"))
    assert recognition.speaker(school, phone(school, "whatsapp")) is None


def test_a_number_that_someone_rang_about_or_that_was_opened_again_is_not_doubted(school: School, parent: Adult, child: Child, by: Staff) -> None:
    silent(school)
    doubts.due(school)
    another = an_adult(school, child)
    family_records.add_number(school, another, NUMBER, ["sms"], "Rang them", "Mrs Doyle")
    assert not doubts.is_open(school, phone(school))
    assert recognition.sharing(school, phone(school)) == [parent, another]
    consent.mark_bad(school, phone(school), "30005")
    closings.close(school, phone(school), Reason.STRANGER, by)
    assert doubts.open_doubts(school) == []
    closings.reopen(school, closings.of(school, parent)[0], by)
    assert not doubts.is_open(school, phone(school))
