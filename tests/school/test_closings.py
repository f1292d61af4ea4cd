"""Numbers that are lost, stolen or someone else's: closed on every channel, what waits goes another way, and only staff open them again."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import select

from data.addresses import Address, AddressState
from data.attention import Attention, Need
from data.closings import Closing
from data.data_requests import DataRequestKind
from data.outbox import Lane, Message, OutboxState
from data.people import Adult, Child, Staff
from data.store import Store
from school import School, addresses, closings, consent, data_requests, erasure, family_records, leaving, notices, recognition
from school.closings import NotClosed, Reason
from school.errors import NotThere
from school.importing import import_families
from tests.school.small import MONDAY, a_child, a_member, an_adult, at_once

NUMBER, OTHER = "+447700900711", "+447700900712"


@pytest.fixture
def parent(school: School, child: Child) -> Adult:
    made = an_adult(school, child)
    for rank, (channel, kind, value) in enumerate([("sms", "phone", NUMBER), ("whatsapp", "phone", NUMBER), ("telegram", "telegram_chat", "5")]):
        addresses.reach(school, made, addresses.at(school, channel, kind, value), rank)
    return made


@pytest.fixture
def by(school: School) -> Staff:
    return a_member(school, "office", "Mrs Doyle")


def phone(school: School, channel: str = "sms") -> Address:
    return addresses.at(school, channel, "phone", NUMBER)


def reached(adult: Adult) -> list[str]:
    return [link.address.channel for link in adult.addresses]


def needs(school: School) -> list[Attention]:
    return list(school.session.scalars(select(Attention).where(Attention.done_at.is_(None))))


def test_a_wrong_number_is_closed_on_every_channel_and_the_office_is_told_once(school: School, parent: Adult) -> None:
    closings.said_wrong_number(school, phone(school), "wrong number mate", "en")
    assert reached(parent) == ["telegram"]
    assert recognition.speaker(school, phone(school)) is None
    assert [(need.need, need.adult_id, need.text) for need in needs(school)] == [(Need.ADDRESS, parent.id, "wrong number mate")]


def test_what_waits_goes_another_way_and_what_is_an_answer_goes_nowhere(school: School, parent: Adult) -> None:
    notices.tell(school, parent, "slot_offered", {}, key="n", address=phone(school))
    school.session.add(
        Message(uid="u", key="r", trace="t", adult_id=parent.id, address_id=phone(school).id, kind="reply", text="?", lane=Lane.REPLY, created_at=school.now)
    )
    closings.close(school, phone(school), Reason.STOLEN)
    school.session.expire_all()
    rows = {row.key: row for row in school.session.scalars(select(Message))}
    assert (rows["n"].state, rows["n"].address_id) == (OutboxState.QUEUED, None)
    assert rows["r"].state == OutboxState.CANCELLED
    assert [address.channel for address in addresses.usable_for(school, parent)] == ["telegram"]


def test_a_closed_number_is_nobodys_though_another_channel_of_it_is_new(school: School, parent: Adult) -> None:
    closings.close(school, phone(school), Reason.STRANGER)
    new = addresses.at(school, "whatsapp2", "phone", NUMBER)
    recognition.join_same_number(school, new)
    assert recognition.speaker(school, new) is None
    assert closings.is_closed(school, new)


def test_whoever_shares_the_phone_is_parted_from_it_too_and_both_come_back(school: School, parent: Adult, child: Child, by: Staff) -> None:
    other = an_adult(school, child)
    addresses.reach(school, other, phone(school), 0)
    closings.close(school, phone(school), Reason.LOST, by)
    assert (reached(parent), reached(other)) == (["telegram"], [])
    closings.reopen(school, closings.of(school, other)[0], by)
    school.session.expire_all()
    assert (reached(parent), reached(other)) == (["sms", "whatsapp", "telegram"], ["sms"])
    assert {(row.closed_by, row.ended_by) for row in school.session.scalars(select(Closing))} == {(by, by)}


def test_opening_it_settles_what_the_office_was_told_and_can_be_done_once(school: School, parent: Adult, by: Staff) -> None:
    closings.said_wrong_number(school, phone(school), "not me", "en")
    row = closings.of(school, parent)[0]
    closings.reopen(school, row, by)
    assert needs(school) == []
    with pytest.raises(NotClosed):
        closings.reopen(school, row, by)


def test_a_stop_said_by_the_stranger_holds_when_it_is_opened_again(school: School, parent: Adult, by: Staff) -> None:
    closings.close(school, phone(school), Reason.STRANGER, by)
    consent.opt_out(school, phone(school), how="text")
    closings.reopen(school, closings.of(school, parent)[0], by)
    assert phone(school).state == AddressState.OPTED_OUT
    assert "sms" not in [address.channel for address in addresses.usable_for(school, parent)]


def test_who_left_meanwhile_is_not_reached_again(school: School, parent: Adult, child: Child, by: Staff) -> None:
    closings.close(school, phone(school), Reason.LOST, by)
    leaving.leave(school, [child], [parent], by)
    closings.reopen(school, closings.of(school, parent)[0], by)
    assert reached(parent) == []


def test_a_number_that_someone_rang_about_is_closed_no_more(school: School, parent: Adult, child: Child) -> None:
    closings.close(school, phone(school), Reason.STRANGER)
    another = an_adult(school, child)
    family_records.add_number(school, another, NUMBER, ["sms"], "Rang them", "Mrs Doyle")
    assert not closings.is_closed(school, phone(school))
    assert (reached(parent), reached(another)) == (["telegram"], ["sms"])


FILE = f"adult_name,phone,language,child_name,child_class\nAmina Yusuf,{NUMBER},so,Ayaan Yusuf,Maple\n"


def test_an_import_does_not_open_what_is_closed_and_makes_nobody_twice(school: School) -> None:
    import_families(school, FILE.encode())
    closings.close(school, phone(school), Reason.STRANGER)
    assert not import_families(school, FILE.encode())
    assert closings.is_closed(school, phone(school))
    amina = school.session.scalars(select(Adult).where(Adult.name == "Amina Yusuf")).one()
    assert reached(amina) == []


def test_an_import_gives_a_closed_number_to_nobody_else(school: School, parent: Adult) -> None:
    closings.close(school, phone(school), Reason.STRANGER)
    changes = import_families(school, FILE.encode())
    assert [line for line in changes.warnings if "is closed" in line] == [
        "line 2: …711 is closed, so it was left out: ring Amina Yusuf, then add it on their page"
    ]
    assert recognition.speaker(school, phone(school)) is None


def test_an_erasure_takes_a_closed_number_along_but_not_one_that_another_had_too(school: School, parent: Adult, child: Child) -> None:
    closings.close(school, phone(school), Reason.STOLEN)
    assert [address.channel for address in closings.only_theirs(school, parent)] == ["sms", "whatsapp"]
    request = data_requests.ask(school, parent, DataRequestKind.ERASURE, how="text")
    erasure.erase(school, parent, request)
    assert school.session.scalars(select(Address.value).where(Address.value == NUMBER)).all() == []


def test_a_closed_number_that_two_had_is_nobodys_alone(school: School, parent: Adult, child: Child) -> None:
    addresses.reach(school, an_adult(school, child), phone(school), 0)
    closings.close(school, phone(school), Reason.STOLEN)
    assert [address.channel for address in closings.only_theirs(school, parent)] == ["whatsapp"]


def test_only_ones_own_closing_is_found(school: School, parent: Adult, child: Child) -> None:
    row = closings.close(school, phone(school), Reason.LOST)[0]
    assert closings.find(school, parent, row.id) is row
    with pytest.raises(NotThere):
        closings.find(school, an_adult(school, child), row.id)


def test_what_is_held_is_given_out_erased_and_kept_no_longer_than_it_must(school: School, parent: Adult, by: Staff) -> None:
    capability = closings.capability
    assert capability.export
    assert capability.erase
    assert capability.retain
    row = closings.close(school, phone(school), Reason.LOST, by)[0]
    assert [each["value"] for each in capability.export(school, parent)["closed_addresses"]] == [NUMBER, NUMBER]
    closings.end(school, phone(school), by)
    school.now += closings.KEPT + timedelta(minutes=1)
    still = closings.close(school, addresses.at(school, "telegram", "telegram_chat", "5"), Reason.LOST, by)[0]
    capability.retain(school)
    assert [each.id for each in closings.of(school, parent)] == [still.id]
    assert row.id != still.id
    capability.erase(school, parent)
    assert closings.of(school, parent) == []


def test_two_who_close_a_number_at_once_close_it_once(database_url: str) -> None:
    with closing(Store(database_url)) as store:
        with store.write() as session:
            now = School(session, MONDAY)
            addresses.reach(now, an_adult(now, a_child(now)), phone(now), 0)

        def says(school: School) -> int:
            closings.said_wrong_number(school, phone(school), "not me", "en")
            return 0

        _, by_the_office = at_once(store, says, lambda school: len(closings.close(school, phone(school), Reason.STRANGER)))
        with store.read() as session:
            assert len(session.scalars(select(Closing)).all()) == 1
            assert len(session.scalars(select(Attention)).all()) == 1 - by_the_office
