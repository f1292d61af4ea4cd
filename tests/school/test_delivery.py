"""Every message out: who sees which, the way it took, and sending one again."""

from __future__ import annotations

from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import select

from bot.channels.errors import Verdict
from data.addresses import Address, AddressState
from data.attention import FOR_THE_DEPUTY, Attention, Need
from data.inbox import Received
from data.outbox import Callback, Lane, Message, OutboxState
from data.people import Adult, Staff, StaffAddress
from data.texts import Text, text_messages
from school import School, access, addresses, attention, delivery
from school.delivery import MayComeTwice, NothingToRepeat, NoWayThere, SentAgainAlready, Wanted, What
from school.errors import NotThere
from tests.school.small import MONDAY, a_child, a_member, an_adult

_numbers = count(1)


def an_address(school: School, adult: Adult | None = None, channel: str = "sms", state: AddressState = AddressState.USABLE) -> Address:
    made = addresses.at(school, channel, "phone", f"+447700900{next(_numbers):03}")
    made.state = state
    if adult is not None:
        addresses.reach(school, adult, made, len(adult.addresses))
    return made


def a_message(school: School, adult: Adult | None, state: OutboxState = OutboxState.FAILED, **more: object) -> Message:
    number = next(_numbers)
    told = {
        "address": adult.addresses[0].address if adult and adult.addresses else None,
        "kind": "reply",
        "text": "Hello",
        "created_at": MONDAY,
        "trace": f"t{number}",
        **more,
    }
    made = Message(uid=f"u{number}", key=f"k{number}", adult_id=adult.id if adult else None, state=state, **told)
    school.session.add(made)
    school.session.flush()
    return made


@pytest.fixture
def parent(school: School) -> Adult:
    made = an_adult(school, a_child(school), language="so")
    an_address(school, made)
    return made


def seen(school: School, who: Staff, **wanted: object) -> list[Message]:
    return list(delivery.listing(school, access.viewer(school, who), Wanted(**wanted)).messages)  # type: ignore[arg-type]


# What is said about it


def test_every_verdict_is_said_in_english() -> None:
    assert {*map(str, Verdict), "no_address", "not_worded", "abroad", "switched_off", "still_theirs"} == set(delivery.VERDICTS)


# Who sees which


def test_the_newest_message_comes_first_and_pages_meet_without_a_gap(school: School, parent: Adult) -> None:
    made = [a_message(school, parent).id for _ in range(delivery.PAGE * 2 + 1)]
    who, found, before = access.viewer(school, a_member(school, "office")), list[int](), None
    for _ in range(3):
        page = delivery.listing(school, who, Wanted(), before)
        found += [message.id for message in page.messages]
        before = page.older
    assert (found, before) == (made[::-1], None)


def test_each_filter_narrows(school: School, parent: Adult) -> None:
    office = a_member(school, "office")
    other = an_adult(school, a_child(school))
    an_address(school, other, "whatsapp")
    waits = a_message(school, parent, OutboxState.QUEUED)
    late = a_message(school, parent, OutboxState.EXPIRED, kind="appointment_reminder", created_at=MONDAY - timedelta(days=8))
    read = a_message(school, other, OutboxState.READ)
    doubtful = a_message(school, other, OutboxState.UNCONFIRMED)
    assert seen(school, office, group="waiting") == [waits]
    assert seen(school, office, group="failed") == [late]
    assert seen(school, office, group="arrived") == [read]
    assert seen(school, office, group="unconfirmed") == [doubtful]
    assert seen(school, office, group="on its way") == []
    assert seen(school, office, channel="whatsapp") == [doubtful, read]
    assert seen(school, office, kind="appointment_reminder") == [late]
    assert seen(school, office, days=7) == [doubtful, read, waits]
    assert seen(school, office, adult_id=parent.id) == [late, waits]
    assert seen(school, office, name=other.name[1:].upper()) == [doubtful, read]
    assert seen(school, office, name="%") == []
    assert delivery.used_kinds(school) == ["appointment_reminder", "reply"]


def test_a_class_team_sees_the_messages_of_its_own_families_alone(school: School, parent: Adult) -> None:
    teacher, child = a_member(school), a_child(school)
    child.school_class.team.append(teacher)
    mine = a_message(school, an_adult(school, child))
    theirs, unknown = a_message(school, parent), a_message(school, None)
    assert seen(school, teacher) == [mine]
    for other in (theirs, unknown):
        with pytest.raises(NotThere):
            access.message(school, access.viewer(school, teacher), other.id)


def test_the_technician_sees_states_and_nobody_s_name(school: School, parent: Adult) -> None:
    technician = a_member(school, "admin")
    message = a_message(school, parent)
    page = delivery.listing(school, access.viewer(school, technician), Wanted(name="nobody", adult_id=0))
    assert (page.messages, page.adults) == ([message], {})
    assert not access.reads_words(access.viewer(school, technician))


def an_alarm(school: School, parent: Adult, detail: str = "") -> Message:
    """A parent's message that raised an alarm, and what answered it."""
    address = parent.addresses[0].address
    came = Received(trace="alarm", provider_id="p", address_id=address.id, thread=f"a{parent.id}", kind="text", text="…", received_at=MONDAY)
    school.session.add(came)
    school.session.flush()
    attention.call_for_a_person(school, Need.SAFEGUARDING, key=f"safeguarding:inbox:{came.id}", adult=parent, detail=detail)
    attention.call_for_a_person(school, Need.NOT_DELIVERED, key=f"safeguarding:inbox:{came.id}:untold", detail="safeguarding: nobody")
    answer = a_message(school, parent, trace="alarm")
    answer.key = f"reply:{came.id}"
    return answer


def an_alert(school: School, named: Staff) -> Message:
    phone = an_address(school)
    school.session.add(StaffAddress(staff_id=named.id, address_id=phone.id))
    return a_message(school, None, kind="safeguarding_alert", address=phone, lane=Lane.ALERT)


def test_what_answers_an_alarm_is_seen_by_the_named_persons_alone(school: School, parent: Adult) -> None:
    lead, deputy = a_member(school, "lead"), a_member(school, "deputy")
    answer = an_alarm(school, parent)
    to_lead, to_deputy = an_alert(school, lead), an_alert(school, deputy)
    for role in ("office", "senior", "advisor", "admin"):
        assert seen(school, a_member(school, role)) == []
    assert seen(school, lead) == [to_lead, answer]
    assert seen(school, deputy) == [to_deputy, to_lead, answer]


def test_the_lead_sees_nothing_of_what_is_for_the_deputy(school: School, parent: Adult) -> None:
    answer = an_alarm(school, parent, FOR_THE_DEPUTY)
    assert seen(school, a_member(school, "lead")) == []
    assert seen(school, a_member(school, "deputy")) == [answer]


# The way it took


def test_the_way_of_a_message_is_told_in_order(school: School, parent: Adult) -> None:
    at = [MONDAY + timedelta(minutes=number) for number in range(6)]
    message = a_message(school, parent, OutboxState.DELIVERED, claimed_at=at[1], sent_at=at[2], provider_id="SM2")
    for provider_id, state, when in (("SM2", "delivered", at[4]), ("SM1", "undelivered", at[0]), ("SM2", "sent", at[3])):
        uid = message.uid if provider_id == "SM1" else None
        school.session.add(Callback(provider_id=provider_id, state=state, uid=uid, at=when, code="30003" if uid else None))
    school.session.add(Callback(provider_id="SM9", state="sent", uid="another", at=at[5]))
    steps = delivery.way_of(school, message)
    assert [(step.what, step.state) for step in steps] == [
        (What.MADE, ""),
        (What.REPORTED, "undelivered"),
        (What.CLAIMED, ""),
        (What.TAKEN, ""),
        (What.REPORTED, "sent"),
        (What.REPORTED, "delivered"),
    ]
    assert steps[1].code == "30003"


def test_what_waits_says_until_when(school: School, parent: Adult) -> None:
    waits = a_message(school, parent, OutboxState.QUEUED, not_before=MONDAY + timedelta(hours=2), next_at=MONDAY + timedelta(hours=1))
    assert [(step.what, step.at) for step in delivery.way_of(school, waits)][1:] == [(What.NEXT, MONDAY + timedelta(hours=2))]


# Sending again


def test_a_failed_answer_is_sent_again_with_the_same_words(school: School, parent: Adult) -> None:
    message = a_message(school, parent, choices=[["1", "Yes"]], useless_after=MONDAY, must_arrive=True, english="Hi", lane=Lane.REPLY)
    carried = Text(words="Hi", language="en", created_at=MONDAY)
    school.session.add(carried)
    school.session.flush()
    school.session.execute(text_messages.insert().values(text_id=carried.id, message_id=message.id))
    again = delivery.send_again(school, message, None)
    assert (again.key, again.state, again.address_id) == (f"again:{message.id}:1", OutboxState.QUEUED, message.address_id)
    assert (again.text, again.english, again.choices, again.must_arrive, again.trace) == ("Hello", "Hi", [["1", "Yes"]], True, message.trace)
    assert (again.useless_after, again.lane, message.state) == (None, Lane.NOTICE, OutboxState.FAILED)
    assert school.session.scalars(select(text_messages.c.text_id).where(text_messages.c.message_id == again.id)).all() == [carried.id]


def test_a_notice_sent_again_is_worded_anew(school: School, parent: Adult) -> None:
    message = a_message(school, parent, OutboxState.EXPIRED, kind="appointment_reminder", about={"appointment": 1}, text="Reminder: tomorrow")
    again = delivery.send_again(school, message, None)
    assert (again.kind, again.about, again.text) == ("appointment_reminder", {"appointment": 1}, None)


def test_what_may_have_arrived_is_sent_again_only_knowingly_and_unchanged(school: School, parent: Adult) -> None:
    message = a_message(school, parent, OutboxState.UNCONFIRMED, kind="appointment_reminder")
    with pytest.raises(MayComeTwice):
        delivery.send_again(school, message, None)
    assert delivery.send_again(school, message, None, may_come_twice=True).text == "Hello"


@pytest.mark.parametrize("state", sorted(set(OutboxState) - set(delivery.REPEATABLE)))
def test_nothing_else_is_sent_again(school: School, parent: Adult, state: OutboxState) -> None:
    with pytest.raises(NothingToRepeat):
        delivery.send_again(school, a_message(school, parent, state), None, may_come_twice=True)


def test_it_is_not_sent_again_while_the_one_before_is_under_way(school: School, parent: Adult) -> None:
    message = a_message(school, parent)
    first = delivery.send_again(school, message, None)
    with pytest.raises(SentAgainAlready) as refused:
        delivery.send_again(school, message, None)
    assert refused.value.message_id == first.id
    first.state = OutboxState.FAILED
    assert delivery.send_again(school, message, None).key == f"again:{message.id}:2"
    assert len(delivery.repeats_of(school, message)) == 2


def test_what_bookbag_repeats_itself_is_not_repeated_by_staff(school: School, parent: Adult) -> None:
    message = a_message(school, parent, OutboxState.UNCONFIRMED)
    itself = a_message(school, parent, OutboxState.QUEUED)
    itself.key = f"{message.key}:again"
    with pytest.raises(SentAgainAlready):
        delivery.send_again(school, message, None, may_come_twice=True)


@pytest.mark.parametrize("state", [AddressState.OPTED_OUT, AddressState.BAD])
def test_nothing_is_sent_again_where_nobody_wants_it_or_is_there(school: School, parent: Adult, state: AddressState) -> None:
    message = a_message(school, parent)
    parent.addresses[0].address.state = state
    school.session.flush()
    with pytest.raises(NoWayThere):
        delivery.send_again(school, message, None)


def test_it_goes_by_another_of_their_own_addresses(school: School, parent: Adult) -> None:
    message = a_message(school, parent)
    chat, closed, stopped = an_address(school, parent, "telegram"), an_address(school, parent, "whatsapp"), an_address(school, parent, state=AddressState.BAD)
    mail, someone_s = an_address(school, parent, "email"), an_address(school, an_adult(school))
    assert delivery.other_ways(school, message) == [chat]
    for other in (closed, stopped, mail, someone_s):
        with pytest.raises(NoWayThere):
            delivery.send_again(school, message, None, to=other)
    closed.last_heard_at = MONDAY - timedelta(hours=1)
    school.session.flush()
    assert delivery.other_ways(school, message) == [chat, closed]
    assert delivery.send_again(school, message, None, to=chat).address_id == chat.id


def test_whether_there_is_a_way_is_told_before_it_is_tried(school: School, parent: Adult) -> None:
    message, homeless = a_message(school, parent), a_message(school, an_adult(school, a_child(school)))
    assert (delivery.has_way(school, message), delivery.has_way(school, homeless)) == (True, False)
    parent.addresses[0].address.state = AddressState.OPTED_OUT
    school.session.flush()
    assert not delivery.has_way(school, message)


def test_what_had_no_address_goes_to_the_first_there_is_now(school: School) -> None:
    nobody = an_adult(school, a_child(school))
    message = a_message(school, nobody, kind="appointment_reminder", verdict="no_address")
    with pytest.raises(NoWayThere):
        delivery.send_again(school, message, None)
    an_address(school, nobody)
    assert delivery.send_again(school, message, None).address_id is None


def test_sending_again_takes_it_off_the_list_of_whoever_waits(school: School, parent: Adult) -> None:
    message, office = a_message(school, parent), a_member(school, "office")
    attention.call_for_a_person(school, Need.NOT_DELIVERED, key=f"outbox:{message.id}", adult=parent)
    delivery.send_again(school, message, office)
    row = school.session.scalars(select(Attention).execution_options(populate_existing=True)).one()
    assert (row.done_at, row.done_by_id) == (MONDAY, office.id)
