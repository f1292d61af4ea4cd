"""What a text may not decide: it is written down, rung about at a number the school holds, and decided once, on both databases."""

from __future__ import annotations

from contextlib import closing
from datetime import date, timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import func, select

from data.addresses import Address
from data.attention import Attention, Need
from data.collection import CollectionRequest, RequestKind, RequestState
from data.outbox import Message
from data.people import Adult, AdultAddress, Child, Guardianship, Staff
from data.store import Store
from data.texts import Text
from school import School, attention, collection
from school.collection import AlreadyDecided, NoteNeeded, NumberNotHeld
from tests.school.small import MONDAY, a_child, a_member, an_adult, london

TODAY = date(2026, 3, 2)
WORDS = "my sister will pick him up"


@pytest.fixture
def office(school: School) -> Staff:
    return a_member(school, "office", "Mrs Doyle")


@pytest.fixture
def parent(school: School, child: Child) -> Adult:
    made = an_adult(school, child)
    for rank, (channel, kind, value) in enumerate(
        [("whatsapp", "phone", "+447700900701"), ("sms", "phone", "+447700900701"), ("telegram", "telegram_chat", "5")]
    ):
        made.addresses.append(AdultAddress(address=Address(channel=channel, kind=kind, value=value, state="usable"), rank=rank))
    school.session.flush()
    return made


def asked(school: School, adult: Adult, *about: Child, source: str = "inbox:1", day: date | None = None) -> CollectionRequest:
    return collection.ask(school, adult, RequestKind.COLLECTION, WORDS, source=source, language="en", about=about, day=day)


def waiting(school: School) -> list[tuple[str, str]]:
    return [(row.need, row.text) for row in attention.open_needs(school)]


def decisions(school: School) -> list[tuple[str, int | None]]:
    return [(row.kind, row.adult_id) for row in school.session.scalars(select(Message))]


def test_a_wish_waits_before_the_office_and_changes_nothing(school: School, child: Child, parent: Adult) -> None:
    request = asked(school, parent, child)
    assert (request.state, request.children, collection.words(request).words) == (RequestState.OPEN, [child], WORDS)
    assert waiting(school) == [(Need.COLLECTION, WORDS)]
    assert decisions(school) == []


def test_a_message_heard_twice_is_one_request(school: School, child: Child, parent: Adult) -> None:
    assert asked(school, parent, child) is asked(school, parent, child)
    assert waiting(school) == [(Need.COLLECTION, WORDS)]


def test_a_child_whom_this_adult_may_not_collect_is_left_out(school: School, child: Child, parent: Adult) -> None:
    school.session.get_one(Guardianship, (parent.id, child.id)).may_collect = False
    assert asked(school, parent, child, a_child(school)).children == []


def test_only_numbers_that_the_school_holds_are_rung(school: School, child: Child, parent: Adult, office: Staff) -> None:
    request = asked(school, parent, child)
    held = collection.numbers_held(school, request)
    assert [(address.channel, address.value) for address in held] == [("whatsapp", "+447700900701")]
    with pytest.raises(NumberNotHeld):
        collection.agree(school, request, office, Address(channel="sms", kind="phone", value="+447700900702"))
    assert request.state == RequestState.OPEN
    collection.agree(school, request, office, held[0], "  rang Ann ")
    assert (request.state, request.rung, request.note, request.decided_by) == (RequestState.AGREED, "…701", "rang Ann", office)


def test_agreed_it_waits_no_more_and_its_adult_is_told(school: School, child: Child, parent: Adult, office: Staff) -> None:
    an_adult(school, child)
    request = asked(school, parent, child)
    collection.agree(school, request, office, collection.numbers_held(school, request)[0])
    assert waiting(school) == []
    assert decisions(school) == [("collection_decided", parent.id)]
    assert collection.open_requests(school) == []


def test_who_was_not_rung_needs_a_note(school: School, child: Child, parent: Adult, office: Staff) -> None:
    request = asked(school, parent, child)
    with pytest.raises(NoteNeeded):
        collection.agree(school, request, office, note="  ")
    collection.agree(school, request, office, note="came to the office")
    assert request.rung == ""


def test_what_was_decided_is_decided_once(school: School, child: Child, parent: Adult, office: Staff) -> None:
    request = asked(school, parent, child)
    collection.refuse(school, request, office)
    for rule in (collection.agree, collection.refuse):
        with pytest.raises(AlreadyDecided) as refused:
            rule(school, request, office, note="x")
        assert refused.value.state == RequestState.REFUSED
    assert len(decisions(school)) == 1


def test_two_who_decide_at_once_tell_the_parent_one_thing(database_url: str) -> None:
    with closing(Store(database_url)) as store:
        with store.write() as session:
            school = School(session, MONDAY)
            child = a_child(school)
            ids = (asked(school, an_adult(school, child), child).id, a_member(school, "office").id)
        start, outcomes = Barrier(2), []

        def decide(state: RequestState) -> None:
            start.wait()
            with store.write() as session:
                school = School(session, MONDAY)
                rule = collection.agree if state is RequestState.AGREED else collection.refuse
                try:
                    rule(school, session.get_one(CollectionRequest, ids[0]), session.get_one(Staff, ids[1]), note="x")
                except AlreadyDecided:
                    outcomes.append("late")
                else:
                    outcomes.append("decided")

        threads = [Thread(target=decide, args=[state]) for state in (RequestState.AGREED, RequestState.REFUSED)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ["decided", "late"]
        with store.read() as session:
            assert session.scalar(select(func.count()).select_from(Message)) == 1


def test_ticked_off_without_a_decision_it_waits_again(school: School, child: Child, parent: Adult) -> None:
    request = asked(school, parent, child)
    assert request.attention_id is not None
    attention.tick_off(school, request.attention_id)
    collection.due(school)
    assert waiting(school) == [(Need.COLLECTION, WORDS)]


def test_after_its_day_it_stays_and_is_flagged(school: School, child: Child, parent: Adult, office: Staff) -> None:
    nameless = asked(school, parent, child, source="inbox:1")
    tuesday = asked(school, parent, child, source="inbox:2", day=TODAY + timedelta(days=1))
    today = asked(school, parent, child, source="inbox:3", day=TODAY)
    assert collection.open_requests(school) == [today, tuesday, nameless]
    later = School(school.session, london("2026-03-03 09:00"))
    assert [collection.is_past(later, row) for row in collection.open_requests(later)] == [True, False, False]
    collection.agree(later, today, office, note="was all right")
    assert not collection.is_past(later, today)


def test_what_is_held_is_shown_to_its_own_adult_and_erased_with_them(school: School, child: Child, parent: Adult) -> None:
    other = an_adult(school, child)
    asked(school, parent, child)
    held, erase = collection.capability.export, collection.capability.erase
    assert held is not None
    assert erase is not None
    assert held(school, other) == {"collection_requests": []}
    assert held(school, parent)["collection_requests"][0]["words"] == WORDS
    erase(school, parent)
    assert [school.session.scalar(select(func.count()).select_from(model)) for model in (CollectionRequest, Text, Attention)] == [0, 0, 0]


def test_what_is_open_is_kept_however_old(school: School, child: Child, parent: Adult, office: Staff) -> None:
    still_open, decided = asked(school, parent, child), asked(school, parent, child, source="inbox:2")
    collection.refuse(school, decided, office)
    retain = collection.capability.retain
    assert retain is not None
    retain(School(school.session, london("2027-09-01 09:00")))
    assert school.session.scalars(select(CollectionRequest)).all() == [still_open]
