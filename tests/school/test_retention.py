"""What is past its time goes, what is not yet stays, what the law keeps stays longer; and it is written down how much went."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from data.addresses import Address, Consent
from data.attention import Attention, Need
from data.base import Base
from data.book import Entry
from data.conversation import Conversation
from data.data_requests import DataRequest, RetentionRun
from data.inbox import InboxState, Received
from data.kept_files import KeptFile
from data.messages import StaffMessage, ThreadNote
from data.outbox import Message, OutboxState
from data.people import Adult, AdultAddress, Child, Staff
from data.safeguarding import SafeguardingNote
from data.texts import Text
from data.translation_memory import Translation
from school import School, attention, book, leaving, retention, texts
from school.access import Viewer
from school.data_map import time_of
from tests.school.small import MONDAY, a_member

NUMBER = "+447700900701"
DAY = timedelta(days=1)


def count(school: School, model: type[Base]) -> int:
    return school.session.scalar(select(func.count()).select_from(model)) or 0


@pytest.fixture
def family(school: School, parent: Adult) -> Adult:
    """A parent with a phone, who wrote, was answered, and of whose words something waited and was settled."""
    address = Address(channel="sms", kind="phone", value=NUMBER, state="usable", last_heard_at=school.now)
    parent.addresses.append(AdultAddress(address=address, rank=0))
    school.session.flush()
    for number, state in ((1, InboxState.HANDLED), (2, InboxState.NEW)):
        school.session.add(received(school, address, parent, number, state))
    for number, sent in ((1, OutboxState.DELIVERED), (2, OutboxState.PAUSED)):
        school.session.add(
            Message(
                uid=f"u{number}",
                key=f"k{number}",
                trace="t",
                adult_id=parent.id,
                address_id=address.id,
                kind="reply",
                text="we wrote",
                state=sent,
                created_at=school.now,
            )
        )
    attention.call_for_a_person(school, Need.FOR_OFFICE, key="for_office:inbox:1", adult=parent, address=address, text="we lost a coat")
    attention.settle(school, "for_office:inbox:1")
    attention.call_for_a_person(school, Need.RING_ME, key="ring_me:inbox:2", adult=parent, address=address, text="please ring")
    school.session.flush()
    return parent


def received(school: School, address: Address, adult: Adult, number: int, state: InboxState) -> Received:
    return Received(
        id=number,
        trace="t",
        provider_id=f"SM{number}",
        address_id=address.id,
        thread=f"a{adult.id}",
        kind="text",
        text="we lost a coat",
        received_at=school.now,
        state=state,
    )


def later(school: School, kept: str, days: int) -> School:
    """The school so many days after the time of something is over."""
    return School(school.session, MONDAY + time_of(kept) + days * DAY)


def test_messages_go_when_their_time_is_over_and_not_before(school: School, family: Adult) -> None:
    retention.retain(later(school, "messages", -1))
    assert (count(school, Received), count(school, Message)) == (2, 2)
    retention.retain(later(school, "messages", 1))
    assert [row.state for row in school.session.scalars(select(Received))] == [InboxState.NEW]  # it still waits for its turn
    assert [row.state for row in school.session.scalars(select(Message))] == [OutboxState.PAUSED]


def test_what_was_settled_goes_and_what_waits_stays(school: School, family: Adult) -> None:
    retention.retain(later(school, "attention", 1))
    assert [row.need for row in school.session.scalars(select(Attention))] == [Need.RING_ME]
    assert [row.words for row in school.session.scalars(select(Text))] == ["please ring"]


def test_what_staff_wrote_and_noted_goes(school: School, family: Adult, teacher: Staff) -> None:
    text_id = texts.write(school, "Thank you", "en", adult=family).id
    school.session.add(StaffMessage(thread=f"a{family.id}", staff_id=teacher.id, text_id=text_id, at=school.now))
    school.session.add(ThreadNote(thread=f"a{family.id}", staff_id=teacher.id, words="rang", at=school.now))
    school.session.add(Conversation(thread=f"a{family.id}", state={"said": "I think"}, updated_at=school.now))
    retention.retain(later(school, "conversations", 1))
    assert (count(school, Conversation), count(school, StaffMessage), count(school, ThreadNote)) == (0, 1, 1)
    retention.retain(later(school, "messages", 1))
    assert (count(school, StaffMessage), count(school, ThreadNote)) == (0, 0)
    assert school.session.get(Text, text_id) is None


def test_the_safeguarding_record_stays_with_its_files_until_its_own_time(school: School, family: Adult) -> None:
    attention.call_for_a_person(school, Need.SAFEGUARDING, key="safeguarding:inbox:1", adult=family, text="he hits her")
    attention.settle(school, "safeguarding:inbox:1")
    for number in (1, 2):
        school.session.add(KeptFile(media_type="image/jpeg", name="a.jpg", size=1, content=b"x", adult_id=family.id, received_id=number, made_at=school.now))
    school.session.flush()
    row = school.session.scalars(select(Attention).where(Attention.need == Need.SAFEGUARDING)).one()
    school.session.add(SafeguardingNote(attention_id=row.id, staff_id=a_member(school, "lead", "Mrs Hartley").id, words="rang", at=school.now + 100 * DAY))
    school.session.flush()
    retention.retain(later(school, "safeguarding", 99))
    assert [file.received_id for file in school.session.scalars(select(KeptFile))] == [1]
    assert school.session.get(Received, 1) is not None
    assert "he hits her" in [text.words for text in school.session.scalars(select(Text))]
    retention.retain(later(school, "safeguarding", 101))
    assert (count(school, KeptFile), count(school, SafeguardingNote)) == (0, 0)
    assert "he hits her" not in [text.words for text in school.session.scalars(select(Text))]


def test_a_family_that_left_is_erased_with_its_numbers_and_its_child(school: School, family: Adult, child: Child, office: Viewer) -> None:
    book.write(school, office, child, line="Painted a boat.")
    school.session.add(Consent(address_id=family.addresses[0].address_id, kind="all", is_given=True, at=school.now, how="text"))
    leaving.leave(school, [child], [family], None)
    retention.retain(later(school, "families", -1))
    assert count(school, Adult) == 1
    ended = later(school, "families", 2)
    retention.retain(ended)
    assert (count(school, Adult), count(school, Child), count(school, Entry), count(school, Consent)) == (0, 0, 0, 0)
    assert NUMBER not in school.session.scalars(select(Address.value)).all()
    assert school.session.scalars(select(Text)).all() == []
    assert [(row.how, row.adult_id) for row in school.session.scalars(select(DataRequest))] == [(retention.HOW, None)]


def test_a_number_that_is_nobodys_goes_when_nothing_came_for_long(school: School) -> None:
    school.session.add(Address(channel="sms", kind="phone", value=NUMBER, state="usable", last_heard_at=school.now))
    school.session.flush()
    retention.retain(later(school, "addresses", -1))
    assert count(school, Address) == 1
    retention.retain(later(school, "addresses", 1))
    assert count(school, Address) == 0


def test_a_machines_translation_goes_and_a_persons_stays(school: School) -> None:
    for origin in ("person", "demo", "libretranslate"):
        school.session.add(Translation(source_language="en", target_language="es", source_hash=origin, source="a", text="b", origin=origin, at=school.now))
    school.session.flush()
    retention.retain(later(school, "translations", 1))
    assert {row.origin for row in school.session.scalars(select(Translation))} == {"person", "demo"}


def test_a_first_night_with_too_much_is_done_in_several(school: School, family: Adult, monkeypatch: pytest.MonkeyPatch) -> None:
    address = family.addresses[0].address
    school.session.add_all(received(school, address, family, number, InboxState.HANDLED) for number in range(3, 10))
    school.session.flush()
    monkeypatch.setattr(retention, "AT_ONCE", 5)
    night = later(school, "messages", 1)
    for left in (4, 1, 1):
        retention.retain(night)
        assert count(school, Received) == left


def test_what_was_removed_is_written_down_by_its_kind(school: School, family: Adult) -> None:
    night = later(school, "messages", 1)
    before = retention.counts(night)
    retention.retain(night)
    retention.note(night, before)
    run = retention.last(school)
    assert run is not None
    assert (run.on, run.removed["Messages"] >= 3, "Staff" in run.removed) == (night.today, True, False)
    retention.note(School(school.session, night.now + 400 * DAY), {})
    assert count(school, RetentionRun) == 1
